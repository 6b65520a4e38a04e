"""Box's answers as a client reads them, and the paths that it asks for (box.md 1 to 3, 7).

Reading is lenient where Box itself was: numbers may come as strings and strings as numbers,
for Box changed both over time (box.md 1 and 2.6). What cannot be read raises ValueError with
a clause for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

EVENTS_PATH = "/2.0/events"

GAP_HEADER = "wakeful-gap"
"""In lower case. Says that a page could not begin where it was asked to."""

NEW_CHANGE = "new_change"
RECONNECT = "reconnect"
MAX_RETRIES = "max_retries"

# OpenAPI's examples, for a server that leaves them out.
_RETRY_TIMEOUT_SECONDS = 610.0
_MAX_RETRIES = 10


class Channel(msgspec.Struct, frozen=True):
    """Where a client waits: after `retry_timeout` seconds without an answer, or more than
    `max_retries` polls, it asks for another one."""

    url: str
    retry_timeout: float
    max_retries: int


class Page(msgspec.Struct, frozen=True):
    """Entries as the server sent them, and the position after them."""

    entries: tuple[dict[str, Any], ...]
    position: int


class Told(msgspec.Struct, frozen=True):
    """What an error says; empty strings for what it leaves out."""

    code: str = ""
    message: str = ""


def events_path(stream: str, position: str, limit: int, types: Sequence[str] = ()) -> str:
    """The path of a page; *types* are of events in an enterprise's stream, none for all."""
    query = {"stream_type": stream, "stream_position": position, "limit": limit}
    return f"{EVENTS_PATH}?{urlencode(query | _filter(types))}"


def channel_path(stream: str, types: Sequence[str] = ()) -> str:
    """The path of the OPTIONS request that gives a channel."""
    return f"{EVENTS_PATH}?{urlencode({'stream_type': stream} | _filter(types))}"


def _filter(types: Sequence[str]) -> dict[str, str]:
    return {"event_type": ",".join(types)} if types else {}


def poll_url(channel: str, position: str) -> str:
    """The URL of a poll by a reader who has read up to *position* (box.md 3.2)."""
    return f"{channel}{'&' if '?' in channel else '?'}stream_position={quote(position)}"


def read_channel(body: bytes) -> Channel:
    """The first real-time server in the answer to OPTIONS."""
    entries = _object(body).get("entries")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("type") == "realtime_server":
            url = entry.get("url")
            if isinstance(url, str) and url:
                return Channel(
                    url,
                    _number(entry.get("retry_timeout"), _RETRY_TIMEOUT_SECONDS),
                    int(_number(entry.get("max_retries"), _MAX_RETRIES)),
                )
    raise ValueError("it names no real-time server")


def read_message(body: bytes) -> str:
    """The message in the answer to a poll."""
    message = _object(body).get("message")
    if not isinstance(message, str):
        raise ValueError("it has no message")
    return message


def read_page(body: bytes) -> Page:
    raw = _object(body)
    entries, position = raw.get("entries"), raw.get("next_stream_position")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("it has no list of entries")
    if isinstance(position, str) and position.isascii() and position.isdigit():
        position = int(position)
    # A bool is an int to Python, and no number to JSON.
    if not isinstance(position, int) or isinstance(position, bool) or position < 0:
        raise ValueError("it has no next stream position")
    return Page(tuple(entries), position)


def read_error(body: bytes) -> Told:
    """What the body of an error says. Never raises: proxies answer in HTML."""
    try:
        raw = _object(body)
    except ValueError:
        return Told()
    code, message = raw.get("code"), raw.get("message")
    return Told(code if isinstance(code, str) else "", message if isinstance(message, str) else "")


def _object(body: bytes) -> dict[str, Any]:
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(raw, dict):
        raise ValueError("it is no JSON object")
    return raw


def _number(value: object, default: float) -> float:
    """A number in either of its forms, as a default where it is neither, or negative."""
    try:
        number = float(value) if isinstance(value, int | float | str) else default
    except ValueError:
        return default
    return number if 0 <= number < 1e6 else default
