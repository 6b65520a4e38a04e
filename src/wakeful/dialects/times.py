"""Times on the wire: RFC 3339 text to and from milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)

LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999: what is later has no RFC 3339 form."""


def text_of(ms: int) -> str:
    """*ms* as Box writes it: with an offset and no fraction (`2022-07-19T07:18:04+00:00`).

    What no year between 1 and 9999 holds becomes the nearest that does: a file system may
    hold any time, and one bad time must not make a page unreadable.
    """
    try:
        return _minute(ms // 60_000) + _SECONDS[ms % 60_000 // 1000]
    except OverflowError:
        return text_of(min(max(ms, _EARLIEST), LATEST))


def precise_text_of(ms: int) -> str:
    """*ms* with its milliseconds (`2022-07-19T07:18:04.250+00:00`)."""
    moment = _EPOCH + min(max(ms, _EARLIEST), LATEST) * _MILLISECOND
    return moment.isoformat(timespec="milliseconds")


def mail_text_of(ms: int) -> str:
    """*ms* as in mail, always 31 characters long (`Sat, 21 Aug 2010 22:31:20 +0000`); bounded as
    `text_of` is."""
    return format_datetime(_EPOCH + min(max(ms, _EARLIEST), LATEST) // 1000 * _SECOND)


def parse(text: str) -> int:
    """The time in *text*, which must have an offset or a Z. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset, as in 2026-11-21T12:00:00Z")
    # By subtraction, for the timestamp of a datetime is a float and may round down by one.
    return (moment - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=4096)
def _minute(minutes: int) -> str:
    # An event has six times, and a page many that are near each other: writing them was most of
    # its rendering.
    return (_EPOCH + timedelta(minutes=minutes)).isoformat()[:16]


_SECONDS = tuple(f":{second:02}+00:00" for second in range(60))


_EARLIEST = parse("0001-01-01T00:00:00Z")
