"""The answers around a realtime URL (box.md 1 and 3)."""

from __future__ import annotations

from typing import Literal

import msgspec

from wakeful.dialects.box.parameters import quoted_types

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
