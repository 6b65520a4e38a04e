"""How much is under way at a time.

A server that takes on whatever comes answers later and later, and dies of it. This one refuses
what is too much at once, before any work, and says when to come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wakeful.core.errors import Unavailable

SHARE = "wakeful.share"
"""Where a request's scope has its `Share`."""

MOST_REQUESTS = 1_000

MOST_BODY_BYTES = 256 * 1024 * 1024
"""Of all requests that are under way."""

_RETRY_AFTER_SECONDS = 1


class Load:
    """The requests under way, apart from parked polls, and what their bodies take."""

    def __init__(
        self, most_requests: int = MOST_REQUESTS, most_body_bytes: int = MOST_BODY_BYTES
    ) -> None:
        self._most_requests = most_requests
        self._most_body_bytes = most_body_bytes
        self.requests = 0
        self.body_bytes = 0
        self.refused = 0

    def __repr__(self) -> str:
        return f"<Load [{self.requests} requests, {self.body_bytes} bytes]>"

    @property
    def is_full(self) -> bool:
        """Whether no request more is taken on."""
        return self.requests >= self._most_requests

    @contextmanager
    def request(self) -> Iterator[Share]:
        """While one request is under way. Raises Unavailable."""
        if self.is_full:
            raise self._too_much()
        self.begin()
        share = Share(self)
        try:
            yield share
        finally:
            self.end(share.body_bytes)

    def has_room(self, size: int) -> bool:
        """Whether a request with a body of *size* bytes is taken on."""
        return not self.is_full and self.body_bytes + size <= self._most_body_bytes

    def begin(self, size: int = 0) -> None:
        """A request with *size* bytes is under way from now on, until `end`."""
        self.requests += 1
        self.body_bytes += size

    def end(self, size: int) -> None:
        """A request with *size* bytes in all is over."""
        self.requests -= 1
        self.body_bytes -= size

    def _too_much(self) -> Unavailable:
        self.refused += 1
        return Unavailable(
            "the server has too much to do at the moment", retry_after=_RETRY_AFTER_SECONDS
        )


class Share:
    """One request's part of the load."""

    __slots__ = ("_load", "body_bytes")

    def __init__(self, load: Load) -> None:
        self._load = load
        self.body_bytes = 0

    def grow(self, size: int) -> None:
        """Hold *size* bytes more of the body until the request is answered. Raises Unavailable."""
        load = self._load
        if load.body_bytes + size > load._most_body_bytes:
            raise load._too_much()
        load.body_bytes += size
        self.body_bytes += size
