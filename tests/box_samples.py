"""Events about one file and one folder, as the dialects' tests render them."""

from __future__ import annotations

from typing import Any

from wakeful.core.events import Ancestor, Event, ItemEvent, Person, Snapshot, Source, describe
from wakeful.core.items import Kind

ANN = Person(1001, "Ann", "ann@example.com")
BOB = Person(1002, "Bob", "bob@example.com")
NOON = 1_795_262_400_000  # 2026-11-21T12:00:00Z
HOME = Ancestor(1003, "All Files", 0)
ALL_FILES = {"type": "folder", "id": "0", "sequence_id": None, "etag": None, "name": "All Files"}


def snapshot(**fields: Any) -> Snapshot:
    given: dict[str, Any] = {
        "id": 1010,
        "kind": Kind.FILE,
        "namespace": 1004,
        "in_home": True,
        "name": "report.pdf",
        "revision": 3,
        "version": 1011,
        "size": 1234,
        "sha1": "ab" * 20,
        "content_hash": "cd" * 32,
        "created_at": NOON,
        "modified_at": NOON + 1000,
        "content_created_at": NOON - 1000,
        "content_modified_at": NOON - 500,
        "trashed_at": None,
        "created_by": ANN,
        "modified_by": BOB,
        "owned_by": ANN,
        "path": (HOME, Ancestor(1005, "Contracts", 2)),
    }
    return Snapshot(**(given | fields))


def folder(**fields: Any) -> Snapshot:
    return snapshot(
        **({"kind": Kind.FOLDER, "name": "Contracts", "version": 0, "size": 0, "sha1": ""} | fields)
    )


def event(
    type: str = ItemEvent.UPLOAD, source: Source | dict[str, Any] = None, **fields: Any
) -> Event:
    given: dict[str, Any] = {
        "id": "0a" * 20,
        "type": type,
        "created_at": NOON + 999,
        "recorded_at": NOON + 2000,
        "enterprise": 1000,
        "actor": BOB,
        "source": describe(source) if isinstance(source, dict) else source,
    }
    if fields.get("details") is not None:
        fields["details"] = describe(fields["details"])
    return Event(**(given | fields))
