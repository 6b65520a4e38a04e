"""What a connection has only while it is awake: what it needs to read more than plain requests for
the front.

One that sleeps has nothing of it, so that a parked poll takes no memory for it.
"""

from __future__ import annotations

from collections import deque
from operator import attrgetter
from typing import Any, Literal

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wakeful.http.front.poll import Request


class Flow(FlowControl):
    """uvicorn's flow control, for which reading can be held: an application that waits for a
    body, or for a disconnect, would have it go on, however much is queued already."""

    is_held = False

    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()


class Asleep:
    """What a connection that sleeps has in the place of `Awake`: nothing, and for good."""

    __slots__ = ()

    asked = None
    backlog = b""
    body_left = 0
    feeding = False
    has_declined = False
    lag = 0
    size = 0
    client = None
    expect_100_continue = False
    flow = None
    headers = None
    parser = None
    pipeline = None
    scheme = None
    scope = None
    server = None
    url = b""


ASLEEP: Any = Asleep()  # of the type of Awake, with nothing in it


class Awake:
    """What a connection needs to read more than plain requests for the front, uvicorn's share of it
    under uvicorn's names."""

    __slots__ = (
        "asked",  # the front's request whose body is being read
        "backlog",  # bytes that wait until the queue is shorter
        "body_left",  # bytes of the body still to come; -1 where it ends by itself
        "client",
        "expect_100_continue",
        "feeding",  # within `_feed`, where the parser must not be called again
        "flow",
        "has_declined",  # a shortcut that was asked for the request that is to be parsed next
        "headers",
        "lag",  # bytes fed since the parser last told anything
        "parser",
        "pipeline",
        "scheme",
        "scope",
        "server",
        "size",  # of the head so far
        "url",
    )

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self.parser = httptools.HttpRequestParser(protocol)
        # As uvicorn: what follows a request that ends the connection is no error.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.flow = Flow(protocol.transport)
        self.pipeline: deque[tuple[Any, Any]] = deque()
        self.scope: Any = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.server: tuple[str, int | None] | None = None
        self.client: tuple[str, int] | None = None
        self.scheme: Literal["http", "https"] | None = None
        self.url = b""
        self.expect_100_continue = False
        self.asked: Request | None = None
        self.backlog = b""
        self.body_left = 0
        self.feeding = False
        self.has_declined = False
        self.lag = 0
        self.size = 0


def of_awake(name: str) -> Any:
    """An attribute of a connection that is kept only while it is awake."""

    def put(self: Any, value: object) -> None:
        if value is None and self._awake is ASLEEP:
            return  # as uvicorn drops the parser of any connection that is lost
        setattr(self._awake, name, value)

    return property(attrgetter(f"_awake.{name}"), put)
