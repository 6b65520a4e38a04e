"""What an answer told its reader: of which events, and the place to go on from.

Places of Box are numbers, and who asks from a greater one has read more. Cursors of Dropbox are
opaque: who asks from one has read the answer in which it was given. They are secrets, so a place
is told by a digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from wakeful.core.errors import WakefulError
from wakeful.core.positions import Marker, parse
from wakeful.http.emulation.redaction import hidden

Place = int | str


class Told(msgspec.Struct, frozen=True):
    """One event or entry of an answer: its id, which paths have not, and what it is about."""

    id: str
    name: str
    path: str = ""


class Reading(msgspec.Struct, frozen=True):
    """What an answer told of, where it was asked to begin, and where to go on."""

    told: tuple[Told, ...] = ()
    next: Place | None = None


class _Source(msgspec.Struct):
    name: str | None = None
    item_name: str | None = None


class _Event(msgspec.Struct):
    event_id: str = ""
    event_type: str = ""
    source: _Source | None = None


class _Events(msgspec.Struct):
    entries: list[_Event]
    next_stream_position: int | str | None = None


class _Entry(msgspec.Struct):
    name: str
    id: str = ""
    path_display: str | None = None


class _Entries(msgspec.Struct):
    entries: list[_Entry]
    cursor: str


class _Delta(msgspec.Struct):
    entries: list[tuple[str, msgspec.Raw]]
    cursor: str


class _Cursor(msgspec.Struct):
    cursor: str


def reading_of(route: str, body: bytes) -> Reading:
    """What the answer *body* of the route called *route* told; nothing where it is no page."""
    try:
        match route:
            case "box.events":
                events = msgspec.json.decode(body, type=_Events)
                return Reading(tuple(map(_told, events.entries)), _number(events))
            case "dropbox.list_folder" | "dropbox.continue":
                listed = msgspec.json.decode(body, type=_Entries)
                told = (
                    Told(each.id, each.name, each.path_display or "") for each in listed.entries
                )
                return Reading(tuple(told), hidden(listed.cursor))
            case "dropbox_v1.delta":
                delta = msgspec.json.decode(body, type=_Delta)
                names = (Told("", path.rpartition("/")[2], path) for path, _ in delta.entries)
                return Reading(tuple(names), hidden(delta.cursor))
            case "dropbox.latest_cursor" | "dropbox_v1.latest_cursor":
                return Reading(next=hidden(msgspec.json.decode(body, type=_Cursor).cursor))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Reading()
    return Reading()


def asked_from(route: str, query: bytes, body: bytes) -> Place | None:
    """Where a request begins; None where it does not say."""
    try:
        match route:
            case "box.events" | "box.poll":
                asked = parse(last_of(query, "stream_position"))
                return asked.value if isinstance(asked, Marker) else asked
            case "dropbox.continue" | "dropbox.longpoll":
                return hidden(msgspec.json.decode(body, type=_Cursor).cursor)
            case "dropbox_v1.delta" | "dropbox_v1.longpoll":
                cursor = last_of(query, "cursor") or last_of(body, "cursor")
                return None if cursor is None else hidden(cursor)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, WakefulError):
        return None
    return None


def message_of(body: bytes) -> str:
    """What the answer to a poll says, for people: `new_change`, `changes: true`."""
    said = _said(body)
    if "changes" in said:
        return f"changes: {str(said['changes']).lower()}"
    return str(said.get("message", ""))


def backoff_of(body: bytes) -> float | None:
    """The seconds that the answer to a poll of Dropbox asks its client to wait, if it does."""
    seconds = _said(body).get("backoff")
    return float(seconds) if isinstance(seconds, int) else None


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        said: Mapping[str, Any] = msgspec.json.decode(body, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return said


def _told(event: _Event) -> Told:
    source = event.source or _Source()
    return Told(event.event_id, source.name or source.item_name or event.event_type)


def _number(events: _Events) -> Place | None:
    try:
        place = parse(str(events.next_stream_position))
    except WakefulError:
        return None
    return place if isinstance(place, int) else None


def last_of(query: bytes, name: str) -> str | None:
    """The last value of *name* in a query or a form."""
    found = parse_qs(query.decode("utf-8", "replace"), keep_blank_values=True).get(name)
    return found[-1] if found else None
