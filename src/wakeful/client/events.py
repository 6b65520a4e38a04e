"""Events as a consumer sees them.

The fields are those that most consumers use; `raw` holds everything the server sent. A field
that is missing or of an unexpected form is None, never an error: one strange event must not
stop a consumer from seeing the next (it would ask for the same page for ever).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

ROOT_FOLDER = "0"
"""The id of the root of a home (box: "All Files")."""


class Actor(msgspec.Struct, frozen=True):
    """Who did it."""

    id: str
    name: str
    login: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """The file or folder that an event is about, as it was just after the event. An event of the
    enterprise tells its kind, id, name and parent only.

    `etag` and `sequence_id` rise with every change of the item. `path` is absolute in the
    user's tree ("/Documents/a.txt"); None where the event tells no place, as for an item in
    the trash. `size` is in bytes; `sha1` is lower-case hex, None while it is not yet known.
    """

    kind: str
    """`file` or `folder`."""

    id: str
    name: str
    path: str | None
    parent_id: str | None
    etag: str | None
    sequence_id: str | None
    size: int | None
    sha1: str | None
    version_id: str | None
    """The id of the file's content; None for a folder."""

    is_trashed: bool
    created_at: datetime | None
    modified_at: datetime | None
    content_created_at: datetime | None
    content_modified_at: datetime | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened.

    `type` is the name on the wire (`ITEM_UPLOAD`). `created_at` is when it happened,
    `recorded_at` when the server kept it. `source` is the item that it is about, None for an
    event about anything else, which is in `raw["source"]` then.
    """

    id: str
    type: str
    created_at: datetime | None
    recorded_at: datetime | None
    actor: Actor | None
    source: Item | None
    raw: Mapping[str, Any]


def event_from(raw: Mapping[str, Any]) -> Event:
    """The event in one entry of a page (box.md 2.4 and 2.5 name the fields)."""
    actor = _mapping(raw.get("created_by"))
    return Event(
        id=_text(raw.get("event_id")) or "",
        type=_text(raw.get("event_type")) or "",
        created_at=_moment(raw.get("created_at")),
        recorded_at=_moment(raw.get("recorded_at")),
        actor=None if actor is None else _actor(actor),
        source=_item(raw.get("source")),
        raw=raw,
    )


def _actor(raw: Mapping[str, Any]) -> Actor:
    return Actor(
        _text(raw.get("id")) or "", _text(raw.get("name")) or "", _text(raw.get("login")) or ""
    )


def _item(source: object) -> Item | None:
    raw = _mapping(source)
    if raw is not None and isinstance(raw.get("item_name"), str):
        # The short form of the enterprise's stream (box.md 2.5).
        short = {"type": "item_type", "id": "item_id", "name": "item_name"}
        raw = {**raw, **{name: raw.get(key) for name, key in short.items()}}
    if raw is None or raw.get("type") not in ("file", "folder"):
        return None
    name = _text(raw.get("name")) or ""
    parent = _mapping(raw.get("parent")) or {}
    version = _mapping(raw.get("file_version")) or {}
    size = raw.get("size")
    return Item(
        kind=str(raw["type"]),
        id=_text(raw.get("id")) or "",
        name=name,
        path=_path(raw, name),
        parent_id=_text(parent.get("id")),
        etag=_text(raw.get("etag")),
        sequence_id=_text(raw.get("sequence_id")),
        size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        sha1=_text(raw.get("sha1")) or None,
        version_id=_text(version.get("id")),
        is_trashed=raw.get("item_status") in ("trashed", "deleted"),
        created_at=_moment(raw.get("created_at")),
        modified_at=_moment(raw.get("modified_at")),
        content_created_at=_moment(raw.get("content_created_at")),
        content_modified_at=_moment(raw.get("content_modified_at")),
    )


def _path(raw: Mapping[str, Any], name: str) -> str | None:
    """The folders above, without the root, and the name; None where no folder is told."""
    entries = (_mapping(raw.get("path_collection")) or {}).get("entries")
    if not isinstance(entries, list) or not entries:
        return None
    folders = [_mapping(entry) or {} for entry in entries]
    names = [_text(each.get("name")) or "" for each in folders if each.get("id") != ROOT_FOLDER]
    return "/" + "/".join([*names, name])


def _mapping(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
