"""The events that `POST /v1/events` takes: whatever is worth telling and changes no item."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from wakeful.core.changes import ById, ByPath, Ref, Tell
from wakeful.core.errors import InvalidRequest
from wakeful.dialects.box.sources import check_source
from wakeful.dialects.box.types import classes_of
from wakeful.dialects.native.batches import decode, parse_batch, parse_time
from wakeful.dialects.native.changes import parse_id

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,99}")

Who = str | int
"""A user: an id, or a login."""


class WireEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event as a producer writes it.

    `source` is any object, or `{"item": id}` for that item as it is. `audience` are those
    whose streams show it; without one that is who may see the item, else the actor.
    """

    type: str
    source: dict[str, Any] | None = None
    actor: Who | None = None
    audience: list[Who] | None = None
    created_at: str | int | None = None
    details: dict[str, Any] | None = None
    session: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """An event, with the people that it names still to be found."""

    tell: Tell
    actor: Who | None
    audience: tuple[Who, ...] | None


_decoder = msgspec.json.Decoder(WireEvent)


def parse_events(body: bytes, home: int) -> tuple[Asked, ...]:
    """The events in a request by somebody with the home namespace *home*.

    Raises InvalidRequest and TooLarge, with the field at fault.
    """
    return parse_batch(body, "events", lambda part: _parse(part, home))


def _parse(part: msgspec.Raw, home: int) -> Asked:
    wire = decode(part, _decoder)
    if not _TYPE.fullmatch(wire.type):
        raise InvalidRequest("a type is a word of at most 100 characters", field="type")
    item: Ref | None = None
    source = wire.source
    if source is not None and source.keys() == {"item"}:
        id = parse_id(source["item"], "source.item")
        item = ById(id) if id else ByPath(home, ())
        source = None
    else:
        check_source(source)
    tell = Tell(
        at=parse_time(wire.created_at, "created_at"),
        type=wire.type,
        classes=classes_of(wire.type),
        item=item,
        source=source,
        details=wire.details,
        session=wire.session,
    )
    return Asked(tell, wire.actor, None if wire.audience is None else tuple(wire.audience))
