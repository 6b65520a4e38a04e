"""What Box's clients demand of an answer: the official schemas, and the TypeScript SDK's rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_OPENAPI = Path(__file__).parent / "data" / "box_events_openapi.json"

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
"""As recorded: an offset, no fraction."""


def check(schema: str, value: object) -> None:
    """Raise jsonschema_rs.ValidationError unless *value* is what Box's OpenAPI calls *schema*."""
    _validator(schema).validate(value)


@cache
def _validator(schema: str) -> jsonschema_rs.Draft7Validator:
    document = {**_document(), "$ref": f"#/components/schemas/{schema}"}
    return jsonschema_rs.Draft7Validator(document, validate_formats=False)


@cache
def event_types() -> frozenset[str]:
    """The event types that Box's OpenAPI document lists."""
    event = json.loads(_OPENAPI.read_text())["components"]["schemas"]["Event"]
    (listed,) = (each for each in event["properties"]["event_type"]["allOf"] if "enum" in each)
    return frozenset(listed["enum"])


_SENT_AS_NULL = ("additional_details", "session_id", "source")
"""Box's schema does not allow null here, and Box sends it."""


def check_page(page: dict[str, Any]) -> None:
    """Raise unless *page* is a page of events that every client reads."""
    check("Events", page | {"entries": []})
    assert page["chunk_size"] == len(page["entries"])
    position = page["next_stream_position"]
    assert isinstance(position, int)
    assert 0 < position < 2**53
    for event in page["entries"]:
        check_event(event)


_LISTED_ELSEWHERE = {"SHIELD_PREVIEW_BLOCKED"}
"""Event types that Box lists among those to filter by, and not in the schema of an event."""

_SCHEMAS: dict[Any, str] = {
    "file": "File",
    "folder": "Folder",
    "user": "User",
    "app_item": "AppItemEventSource",
}
_ITEM_SCHEMAS: dict[Any, str] = {"file": "EventSource", "folder": "EventSource"}


def check_event(event: dict[str, Any], *, own_types: bool = False) -> None:
    """Raise unless *event* is one that every client reads.

    With *own_types* it may have a type that Box does not know: every client reads any text.
    """
    known = {k: v for k, v in event.items() if v is not None or k not in _SENT_AS_NULL}
    is_own = own_types and event["event_type"] not in event_types()
    if is_own or event["event_type"] in _LISTED_ELSEWHERE:
        del known["event_type"]
    check("Event", known)
    source = event.get("source")
    if isinstance(source, dict):
        check(
            _SCHEMAS.get(source.get("type"))
            or _ITEM_SCHEMAS.get(source.get("item_type"))
            or "GenericSource",
            source,
        )
    faults = list(strict_faults(event))
    assert not faults, faults


def strict_faults(event: dict[str, Any]) -> Iterator[str]:
    """What makes box-node-sdk 10 refuse the page that *event* is on (box.md 2.5)."""
    for name in ("event_id", "event_type"):
        if not isinstance(event.get(name), str):
            yield name
    yield from _strings(event, "", "session_id", "created_at", "recorded_at")
    yield from _person(event, "created_by")
    details = event.get("additional_details")
    if details is not None and not isinstance(details, dict):
        yield "additional_details"
    source = event.get("source")
    if source is None:
        return
    if not isinstance(source, dict):
        yield "source"
    elif source.get("type") in ("file", "folder"):
        yield from _item(source)
    elif source.get("type") == "user":
        if not isinstance(source.get("id"), str):
            yield "source.id"
        yield from _strings(source, "source.", "name", "login")
    elif source.get("item_type") in ("file", "folder"):
        for name in ("item_id", "item_name"):
            if not isinstance(source.get(name), str):
                yield f"source.{name}"
        yield from _person(source, "owned_by")
        if source.get("parent") is not None:
            yield from _folder(source["parent"])


def strict_item(item: dict[str, Any]) -> None:
    """Raise unless box-node-sdk 10 takes a file or folder that it reads or lists."""
    faults = list(_item(item))
    assert not faults, faults


def _item(source: dict[str, Any]) -> Iterator[str]:
    if not isinstance(source.get("id"), str):
        yield "source.id"
    yield from _strings(source, "source.", "etag", "sequence_id", "name", "description", "sha1")
    yield from _strings(source, "source.", "created_at", "modified_at", "trashed_at", "purged_at")
    if not isinstance(source.get("size", 0), int | float):
        yield "source.size"
    for name in ("created_by", "modified_by", "owned_by"):
        yield from _person(source, name)
    path = source.get("path_collection")
    if path is not None:
        if not isinstance(path.get("total_count"), int):
            yield "source.path_collection.total_count"
        for folder in path["entries"]:
            yield from _folder(folder)
    if source.get("parent") is not None:
        yield from _folder(source["parent"])


def _folder(folder: dict[str, Any]) -> Iterator[str]:
    if not isinstance(folder.get("id"), str) or folder.get("type") != "folder":
        yield "folder.id"
    yield from _strings(folder, "folder.", "etag", "sequence_id", "name")


def _person(owner: dict[str, Any], name: str) -> Iterator[str]:
    person = owner.get(name)
    if person is None:
        return
    if not isinstance(person.get("id"), str) or person.get("type") != "user":
        yield f"{name}.id"
    yield from _strings(person, f"{name}.", "name", "login")


def _strings(owner: dict[str, Any], prefix: str, *names: str) -> Iterator[str]:
    for name in names:
        if not isinstance(owner.get(name, ""), str | None):
            yield prefix + name


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = _draft7(json.loads(_OPENAPI.read_text()))
    return document


def _draft7(node: Any) -> Any:
    """OpenAPI 3.0's way to say null and alternatives, as JSON Schema has it."""
    if isinstance(node, list):
        return [_draft7(each) for each in node]
    if not isinstance(node, dict):
        return node
    # Of some fields Box says so in a member of `allOf`, which means the field as a whole.
    nullable = node.get("nullable") is True or {"nullable": True} in node.get("allOf", [])
    node = {name: _draft7(value) for name, value in node.items() if name != "nullable"}
    required = node.get("required")
    if isinstance(required, list) and "accessed" in required:
        # Of shared links: a field that there is not. It means `access`.
        node["required"] = [name for name in required if name != "accessed"]
    if "oneOf" in node:
        # Box's alternatives overlap: a generic source is any object, a file as well.
        node["anyOf"] = node.pop("oneOf")
    if nullable:
        if "enum" in node:
            node["enum"] = [*node["enum"], None]
        return {"anyOf": [node, {"type": "null"}]}
    return node
