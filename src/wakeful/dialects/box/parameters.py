"""What Box's clients send in a query, and what it means (box.md 2.1 and 2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from wakeful.core.errors import InvalidRequest
from wakeful.core.events import StreamClass
from wakeful.core.listings import SortBy, Sorting
from wakeful.dialects import times

DEFAULT_LIMIT = 100
MOST_EVENTS = 500
"""More is clamped, not refused: the Java SDK asks for 800, users for 1,000."""

MOST_ITEMS = 1000
"""The most entries of a listing, as in Box."""

_DEEPEST = 5  # objects within objects: Box has no more

_MOST_DIGITS = 18  # more make no number that anybody means, and cost time to convert

_USER_STREAMS = {
    "": StreamClass.ALL,
    "all": StreamClass.ALL,
    "changes": StreamClass.CHANGES,
    "sync": StreamClass.SYNC,
}
_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}


class EnterpriseStream(StrEnum):
    """The two orders in which an enterprise's stream is read."""

    BY_ARRIVAL = "admin_logs_streaming"
    BY_TIME = "admin_logs"


ENTERPRISE_STREAMS = {str(stream): stream for stream in EnterpriseStream}
"""By the stream types that ask for them."""

LONGEST_FILTER = 6_000
"""Characters of `event_type` as they stand in a URL: it goes into a realtime URL, and such a URL
into 8 KiB."""

# An offset whose plus became a blank on the way, as a plus in a query does.
_BLANK_OFFSET = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")


class UserType(StrEnum):
    """Which users a listing is about."""

    ALL = "all"
    MANAGED = "managed"  # those of the enterprise
    EXTERNAL = "external"  # those of other enterprises in its namespaces


class InvalidLimit(InvalidRequest):
    """The limit is no number, or a negative one."""


def parse_stream_type(text: str | None) -> StreamClass:
    """The view of a user's stream that `stream_type` asks for; `all` where it is missing.

    Raises InvalidRequest.
    """
    cls = _USER_STREAMS.get(text or "")
    if cls is None:
        raise InvalidRequest(f"Unknown stream type {text!r}", field="stream_type")
    return cls


def parse_event_types(texts: Iterable[str]) -> frozenset[str] | None:
    """The names in `event_type`, which has commas in between and may come several times; None
    where none is named. Raises InvalidRequest."""
    names = {name.strip() for text in texts for name in text.split(",")} - {""}
    if len(quoted_types(names)) > LONGEST_FILTER:
        raise InvalidRequest("Too many event types", field="event_type")
    return frozenset(names) or None


def quoted_types(names: Iterable[str]) -> str:
    """The `event_type` of a URL, which `parse_event_types` reads."""
    return quote(",".join(sorted(names)), safe=",")


def parse_time(text: str | None, name: str) -> int | None:
    """The time (ms) in the parameter *name*, None where there is none. Raises InvalidRequest."""
    if not text:
        return None
    try:
        return times.parse(_BLANK_OFFSET.sub("+", text.strip()))
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"{name} is not a time with an offset, as 2026-11-21T12:00:00Z is", field=name
        ) from None


def parse_limit(text: str | None, *, most: int = MOST_EVENTS) -> int:
    """How many entries are asked for, at most *most*; 0 is a number like any other.

    Raises InvalidLimit.
    """
    number = _number(text)
    return min(DEFAULT_LIMIT if number is None else number, most)


def parse_offset(text: str | None) -> int:
    """How many entries of a listing are skipped. Raises InvalidRequest."""
    try:
        return _number(text) or 0
    except InvalidLimit:
        raise InvalidRequest("Offset is not a valid number", field="offset") from None


def parse_id_marker(text: str | None) -> int:
    """The id after which a listing by id goes on. Raises InvalidRequest."""
    try:
        return _number(text) or 0
    except InvalidLimit:
        raise InvalidRequest("Invalid marker", field="marker") from None


def parse_sorting(by: str | None, direction: str | None) -> Sorting:
    """The order of a listing: by name and rising where nothing is said. Raises InvalidRequest."""
    try:
        key = SortBy((by or SortBy.NAME).lower())
    except ValueError:
        raise InvalidRequest("sort is id, name, date or size", field="sort") from None
    way = (direction or "ASC").upper()
    if way not in ("ASC", "DESC"):
        raise InvalidRequest("direction is ASC or DESC", field="direction")
    return Sorting(key, descending=way == "DESC")


Fields = dict[str, Any]
"""The names of fields that are asked for, each with those asked for within it; none of them
means all of it."""


def parse_fields(text: str | None) -> Fields | None:
    """The fields that are asked for by name; None for the standard ones.

    A dot leads into an object: `parent.name`.
    """
    fields: Fields = {}
    for path in (text or "").split(","):
        names = [name.strip() for name in path.split(".", _DEEPEST)][:_DEEPEST]
        if not names[0]:
            continue
        within: Fields | None = fields
        for name in names[:-1]:
            within = (
                None if within is None or within.get(name) == {} else within.setdefault(name, {})
            )
        if within is not None:  # else the whole of something above is asked for already
            within[names[-1]] = {}
    return fields or None


def parse_user_type(text: str | None) -> UserType:
    """Which users are asked for. Raises InvalidRequest."""
    try:
        return UserType((text or UserType.ALL).lower())
    except ValueError:
        raise InvalidRequest("user_type is all, managed or external", field="user_type") from None


def parse_flag(text: str | None, field: str) -> bool:
    """Whether the parameter *field* is set; a missing one is not. Raises InvalidRequest."""
    flag = _FLAGS.get((text or "").lower())
    if flag is None:
        raise InvalidRequest(f"{field} is true or false", field=field)
    return flag


def _number(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise InvalidLimit("Limit is not a valid number", field="limit")
    return int(text)
