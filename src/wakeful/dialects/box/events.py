"""Events as Box writes them, and pages of them (box.md 2.3 to 2.6).

Rule 1: one bad event makes the TypeScript SDK refuse its whole page, for ever: `source` is an
object or null, all ids are strings, `additional_details` is an object or absent.

Rule 2: `next_stream_position` is a JSON integer above 0 and below 2**53. Only that form
works in every official SDK.

Rule 3: an event is rendered once to bytes; a page is those bytes joined. A page that nobody else
is likely to read is rendered whole, which is less work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from wakeful.core.events import Described, Event
from wakeful.dialects.box.items import item_full
from wakeful.dialects.box.shapes import File, Folder, UserMini, copied
from wakeful.dialects.box.types import user_name
from wakeful.dialects.box.users import party, user_mini
from wakeful.dialects.times import text_of


class UserEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event in a user's stream.

    `session_id` and `source` are null where there is none, as Box sends them (its schema
    would have them left out).
    `additional_details` and `accessible_by` are what Box gives in the enterprise's stream only;
    here they stand wherever there are any. Where an actor was, and who acted in their name, is
    the enterprise's business: neither `ip_address` nor `action_by` is here.
    """

    type: str = "event"
    event_id: str
    created_by: UserMini
    created_at: str
    recorded_at: str
    event_type: str
    session_id: str | None
    source: File | Folder | dict[str, Any] | None
    additional_details: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    accessible_by: UserMini | dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a user's stream."""

    chunk_size: int
    next_stream_position: int
    entries: tuple[UserEvent, ...]


_encoder = msgspec.json.Encoder()


def user_event(event: Event) -> UserEvent:
    """*event* as a user's stream shows it."""
    source, details, accessible_by = event.source, event.details, event.accessible_by
    shown: File | Folder | dict[str, Any] | None = None
    if isinstance(source, Described):
        shown = copied(source)
    elif source is not None:
        shown = item_full(source)
    created_at = text_of(event.created_at)
    is_late = event.recorded_at != event.created_at
    return UserEvent(
        event_id=event.id,
        created_by=user_mini(event.actor),
        created_at=created_at,
        recorded_at=text_of(event.recorded_at) if is_late else created_at,
        event_type=user_name(event.type),
        session_id=event.session,
        source=shown,
        additional_details=msgspec.UNSET if details is None else copied(details),
        accessible_by=msgspec.UNSET if accessible_by is None else party(accessible_by),
    )


def render_user_event(event: Event) -> bytes:
    """The JSON of *event* in a user's stream."""
    return _encoder.encode(user_event(event))


def render_page(events: Iterable[Event], next_position: int) -> bytes:
    """The JSON of a page of *events*, made in one go."""
    entries = tuple([user_event(event) for event in events])
    return _encoder.encode(
        Events(chunk_size=len(entries), next_stream_position=next_position, entries=entries)
    )


def page(entries: Sequence[bytes], next_position: int) -> bytes:
    """The JSON of a page of rendered events, in the form of `Events`."""
    return b'{"chunk_size":%d,"next_stream_position":%d,"entries":[%b]}' % (
        len(entries),
        next_position,
        b",".join(entries),
    )
