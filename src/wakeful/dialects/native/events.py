"""The events that `POST /v1/events` takes: whatever is worth telling and changes no item."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from wakeful.core.changes import ById, ByPath, Circle, Ref, Tell
from wakeful.core.errors import InvalidRequest
from wakeful.dialects.bodies import decode
from wakeful.dialects.box.sources import check_source, check_types
from wakeful.dialects.box.types import circle_of, classes_of
from wakeful.dialects.native.batches import WholeBodies, parse_batch, parse_time
from wakeful.dialects.native.changes import parse_id

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,99}")

DEEPEST = 100
"""Levels of objects and lists in a source or in details. Whoever reads the event has to be able
to take it apart, and parsers give up at a few hundred."""

Who = str | int
"""A user: an id, or a login."""


class Party(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Somebody who is no user here: a group, or a person from elsewhere."""

    type: Literal["user", "group"]
    id: str = ""
    name: str = ""
    login: str = ""


class WireEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event as a producer writes it.

    `source` is any object, or `{"item": id}` for that item as it is. `audience` are those
    whose streams show it; without one the type decides. `action_by` is who acted in the
    actor's name and `accessible_by` who gained or lost access.
    """

    type: Annotated[str, Meta(extra_json_schema={"pattern": f"^{_TYPE.pattern}$"})]
    source: dict[str, Any] | None = None
    actor: Who | None = None
    audience: list[Who] | None = None
    created_at: str | int | None = None
    details: dict[str, Any] | None = None
    session: str | None = None
    ip: str | None = None
    action_by: Who | None = None
    accessible_by: Who | Party | None = None


class Asked(msgspec.Struct, frozen=True):
    """An event, with the users that it names still to be found."""

    tell: Tell
    actor: Who | None
    audience: tuple[Who, ...] | None
    action_by: Who | None
    accessible_by: Who | None

    @property
    def names_anybody(self) -> bool:
        """Whether there are users to be found."""
        return not (
            self.actor is None
            and self.audience is None
            and self.action_by is None
            and self.accessible_by is None
        )


@cache
def _decoder() -> msgspec.json.Decoder[WireEvent]:
    # It takes a while to be made: a server that starts has no use for it yet.
    return msgspec.json.Decoder(WireEvent)


@cache
def _bodies() -> WholeBodies[WireEvent]:
    return WholeBodies("events", WireEvent)


def parse_events(body: bytes, home: int) -> tuple[Asked, ...]:
    """The events in a request by somebody with the home namespace *home*.

    Raises InvalidRequest and TooLarge, with the field at fault.
    """
    wires = _bodies().read(body)
    if wires is not None:
        with suppress(InvalidRequest):  # raised again with the number of the event
            return tuple([_asked(wire, home) for wire in wires])
    return parse_batch(body, "events", lambda part: _asked(decode(part, _decoder()), home))


@lru_cache(maxsize=1024)
def _shown_to(type: str) -> tuple[int, Circle]:
    """The classes that show events of *type*, and whose streams do. Raises InvalidRequest."""
    if not _TYPE.fullmatch(type):
        raise InvalidRequest("a type is a word of at most 100 characters", field="type")
    return classes_of(type), circle_of(type)


def _asked(wire: WireEvent, home: int) -> Asked:
    classes, circle = _shown_to(wire.type)
    item: Ref | None = None
    source = wire.source
    if source is not None and source.keys() == {"item"}:
        id = parse_id(source["item"], "source.item")
        item = ById(id) if id else ByPath(home, ())
        source = None
    elif source is not None:
        check_source(source)
        _check_depth(source, "source")
    if wire.details is not None:
        check_types(wire.details, "details")
        _check_depth(wire.details, "details")
    tell = Tell(
        at=None if wire.created_at is None else parse_time(wire.created_at, "created_at"),
        type=wire.type,
        classes=classes,
        item=item,
        source=source,
        details=wire.details,
        session=wire.session,
        ip=None if wire.ip is None else _address(wire.ip),
        circle=circle,
    )
    accessible_by = wire.accessible_by
    if isinstance(accessible_by, Party):
        described = {"type": accessible_by.type, **msgspec.to_builtins(accessible_by)}
        tell = replace(tell, accessible_by=described)
        accessible_by = None
    return Asked(
        tell,
        wire.actor,
        None if wire.audience is None else tuple(wire.audience),
        wire.action_by,
        accessible_by,
    )


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise InvalidRequest("an address is that of IPv4 or IPv6", field="ip") from None


def _check_depth(value: dict[str, Any] | None, field: str) -> None:
    if not value:
        return
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        below = (within for each in level for within in _within(each))
        level = [each for each in below if isinstance(each, dict | list)]
        if not level:
            return
    raise InvalidRequest(f"it has more than {DEEPEST} levels", field=field)


def _within(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
