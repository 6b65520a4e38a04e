"""A realtime URL: how it is written, what a poll of it asks for, and what it is told (box.md 1
and 3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote_to_bytes

import msgspec

from wakeful.core.lookups.streams import ReadStream, ReadTimeline
from wakeful.core.positions import Asked
from wakeful.dialects.box.parameters import (
    ENTERPRISE_STREAMS,
    EnterpriseStream,
    parse_event_types,
    quoted_types,
)
from wakeful.dialects.box.types import stored_types

CHANNEL_PATH = "/subscribe"
"""Where a channel is polled: `/subscribe?channel=<text>&stream_type=<type>`."""

NEW_CHANGE = b'{"message":"new_change","source":"uesi"}'
"""There is something to read. `source` as recorded; nobody knows what it stands for."""

RECONNECT = b'{"version":1,"message":"reconnect"}'
"""Nothing happened: ask for a channel again, or go on with this one."""

RETRY_TIMEOUT_SECONDS = 610
"""Box's own number: ten minutes and ten seconds."""


class RealtimeServer(msgspec.Struct, frozen=True, kw_only=True):
    """`ttl` (minutes) and `max_retries` are strings and `retry_timeout` (seconds) is an
    integer: the other way round sends two SDKs into a loop and kills a third."""

    type: str = "realtime_server"
    url: str
    ttl: str = "10"
    max_retries: str = "10"
    retry_timeout: int = RETRY_TIMEOUT_SECONDS


class RealtimeServers(msgspec.Struct, frozen=True, kw_only=True):
    chunk_size: int = 1
    entries: tuple[RealtimeServer, ...]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll is told: `NEW_CHANGE` or `RECONNECT`."""

    message: Literal["new_change", "reconnect"]
    source: str | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


def realtime_servers(
    base: str,
    channel: str,
    stream_type: str,
    retry_timeout: int,
    event_types: frozenset[str] | None = None,
    enterprise: str | None = None,
) -> bytes:
    """The answer to `OPTIONS /2.0/events`; *base* is the server's URL without a slash at its end.

    The URL has a query already, for the Java SDK appends `&stream_position=` blindly. What it
    asks for stands there in the open: who has the channel may follow the whole stream, and a
    client that writes the query anew (box-node-sdk 3 does) keeps it. *enterprise* is a second
    channel, for polls at a position of the enterprise (see `marks`).
    """
    url = f"{base}{CHANNEL_PATH}?channel={channel}&stream_type={stream_type}"
    if event_types is not None:
        url += f"&event_type={quoted_types(event_types)}"
    if enterprise is not None:
        url += f"&enterprise={enterprise}"
    server = RealtimeServer(url=url, retry_timeout=retry_timeout)
    return msgspec.json.encode(RealtimeServers(entries=(server,)))


def parse_query(query: bytes) -> dict[str, str]:
    """The parameters of a poll. Of several with one name the last counts, for SDKs append theirs.

    A plus is a plus, not a blank: no value has blanks, but `1e+15` is a position.
    """
    values: dict[str, str] = {}
    if query.isascii() and b"%" not in query:
        for piece in query.decode("ascii").split("&"):
            key, _, text = piece.partition("=")
            values[key] = text
        return values
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        values[_decode(name)] = _decode(value)
    return values


def _decode(text: bytes) -> str:
    if b"%" in text:
        text = unquote_to_bytes(text)
    return text.decode("utf-8", "replace")


def enterprise_stream(query: Mapping[str, str]) -> EnterpriseStream:
    """In which order a poll of an enterprise's channel waits, as far as its URL says it."""
    return ENTERPRISE_STREAMS.get(query.get("stream_type", ""), EnterpriseStream.BY_ARRIVAL)


def lookup(
    stream: int, asked: Asked, query: Mapping[str, str], order: EnterpriseStream
) -> ReadStream | ReadTimeline | None:
    """What has to find something before a poll of an enterprise's channel is told; None where all
    that comes to the *stream* does. Raises InvalidRequest."""
    types = _types(query.get("event_type", ""))
    # Without a position it waits for what comes, whatever its date: only that is after anything.
    if order is EnterpriseStream.BY_TIME and "stream_position" in query:
        return ReadTimeline(stream, asked, 1, types)
    return None if types is None else ReadStream(stream, asked, 1, types=types)


@lru_cache(maxsize=256)
def _types(text: str) -> frozenset[str] | None:
    """The stored types that a filter lets pass; one set for all polls that have the same."""
    names = parse_event_types((text,))
    return None if names is None else stored_types(names)
