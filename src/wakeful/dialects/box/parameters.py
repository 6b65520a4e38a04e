"""What Box's clients send in a query, and what it means (box.md 2.1 and 2.2)."""

from __future__ import annotations

from wakeful.core.errors import InvalidRequest
from wakeful.core.events import StreamClass

DEFAULT_LIMIT = 100
MOST_EVENTS = 500
"""More is clamped, not refused: the Java SDK asks for 800, users for 1,000."""

MOST_ITEMS = 1000
"""The most entries of a listing, as in Box."""

_MOST_DIGITS = 18  # more make no number that anybody means, and cost time to convert

_USER_STREAMS = {
    "": StreamClass.ALL,
    "all": StreamClass.ALL,
    "changes": StreamClass.CHANGES,
    "sync": StreamClass.SYNC,
}
_ENTERPRISE_STREAMS = frozenset({"admin_logs", "admin_logs_streaming"})


class InvalidLimit(InvalidRequest):
    """The limit is no number, or a negative one."""


def parse_stream_type(text: str | None) -> StreamClass:
    """The view that `stream_type` asks for; `all` where it is missing. Raises InvalidRequest."""
    cls = _USER_STREAMS.get(text or "")
    if cls is not None:
        return cls
    if text in _ENTERPRISE_STREAMS:
        raise InvalidRequest(
            f"Not supported: the stream type {text!r} (all, changes and sync are)",
            field="stream_type",
        )
    raise InvalidRequest(f"Unknown stream type {text!r}", field="stream_type")


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


def parse_marker(text: str | None) -> int:
    """The place in a listing that `marker` names. Raises InvalidRequest."""
    try:
        return _number(text) or 0
    except InvalidLimit:
        raise InvalidRequest("Invalid marker", field="marker") from None


def parse_fields(text: str | None) -> frozenset[str] | None:
    """The fields that are asked for by name; None for the standard ones."""
    if not text:
        return None
    return frozenset(name.strip() for name in text.split(",") if name.strip()) or None


def parse_flag(text: str | None) -> bool:
    return (text or "").lower() in ("true", "1")


def _number(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise InvalidLimit("Limit is not a valid number", field="limit")
    return int(text)
