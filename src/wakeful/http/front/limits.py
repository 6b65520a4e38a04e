"""How much a client may ask of the front.

uvicorn limits none of it: a header without end grows in memory, a request that never ends
keeps its connection, and requests sent ahead of their answers queue without bound.
"""

from __future__ import annotations

import resource

import msgspec


def parked_by_file_limit() -> int:
    """How many polls may be parked: nine tenths of the files that the process may open.

    Each poll is one. The rest is for the store, watched folders and other requests.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 1_000_000
    return max(16, soft * 9 // 10)


class Limits(msgspec.Struct, frozen=True):
    """The limits of one server. Times in seconds, sizes in bytes."""

    url: int = 8 * 1024
    """The longest request target."""

    head: int = 32 * 1024
    """The longest request head in all: target, header names and values."""

    headers: int = 100
    """The most header lines of a request."""

    body: int = 64 * 1024
    """The longest body of a request that the front answers."""

    head_time: float = 10.0
    """How long a client may take over the head of a request."""

    body_time: float = 300.0
    """How long a client may take over a body that an application reads. It is the whole that
    counts: one byte a minute would keep the request, and its memory, for ever."""

    body_rate: int = 64 * 1024
    """Bytes of an announced length for which it may take a second more: uploads are long."""

    queued: int = 16
    """The most requests of one connection that wait for their turn. Reading stops there and
    not earlier: a connection that is not read does not notice that its client went away."""

    stalled_time: float = 60.0
    """How long a client may read nothing of what is there for it."""

    goodbye_time: float = 1.0
    """How long a server that stops waits for the end of a TLS connection that nobody uses."""

    parked: int = msgspec.field(default_factory=parked_by_file_limit)
    """The most polls that wait at a time."""
