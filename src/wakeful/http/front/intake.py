"""From bytes to requests: the half of a connection that reads, within limits.

Rule 1: no input is without bound. The head of a request has a size and a time, a client that
sends requests ahead of their answers is read no further than a queue is long, and one that
does not read its answers is not read at all.

Rule 2: what cannot be understood is answered in its turn, like any other request, and ends
the connection: an error that came before the answers still due would be taken for the first
of them.

Rule 3: while nothing is under way but a poll, the connection sleeps: parser, flow control,
pipeline, scope, headers and addresses go, and are made again when the next byte arrives.

What all connections of a server share stands in a class made for that server, and what each
has for itself in slots: a dictionary with more than 30 names would cost a kilobyte.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote_to_bytes

import httptools
import structlog
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wakeful.http.front import refusals
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Handler, Request
from wakeful.http.front.refusals import Refusal
from wakeful.http.front.wheel import Wheel

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

HEAD_END = b"\r\n\r\n"

log = structlog.get_logger()


class Phase(IntEnum):
    """What the next byte from the client belongs to."""

    BETWEEN = 0  # a new request
    HEAD = 1
    BODY = 2
    UPGRADE = 3  # nothing yet: the head is parsed again without its wish to upgrade
    DEAF = 4  # nothing any more: what it says cannot be understood, or it is gone


class Refused(Exception):
    """Raised in the parser's callbacks to stop it."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class Turn:
    """A request for the front that waits until those before it are answered."""

    __slots__ = ("handler", "request")

    response_complete = False

    def __init__(self, handler: Handler, request: Request) -> None:
        self.handler = handler
        self.request = request


class Flow(FlowControl):
    """uvicorn's flow control, for which reading can be held: an application that waits for a
    body, or for a disconnect, would have it go on, however much is queued already."""

    is_held = False

    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()


class Intake(HttpToolsProtocol):
    """The reading half of a connection; `Connection` is the other."""

    __slots__ = (
        "_asked",  # the front's request whose body is being read
        "_backlog",  # bytes that wait until the queue is shorter
        "_body_left",  # bytes of the body still to come; -1 where it ends by itself
        "_feeding",  # within `_feed`, where the parser must not be called again
        "_lag",  # bytes fed since the parser last told anything
        "_phase",
        "_size",  # of the head so far
        "client",
        "cycle",
        "due",
        "expect_100_continue",
        "flow",
        "headers",
        "parser",
        "pipeline",
        "scheme",
        "scope",
        "server",
        "transport",
        "url",
    )

    routes: ClassVar[Mapping[bytes, Mapping[bytes | None, Handler]]]
    limits: ClassVar[Limits]
    wheel: ClassVar[Wheel]
    flow: Flow
    served: ClassVar[set[Any]] = set()  # uvicorn's set of all connections

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        kind = type(self)
        if kind.served is not server_state.connections:
            kind._share(HttpToolsProtocol(config, server_state, app_state, _loop))
        self.due = 0
        self._asked: Request | None = None
        self._backlog = b""
        self._body_left = 0
        self._feeding = False
        self._lag = 0
        self._phase = Phase.BETWEEN
        self._size = 0
        self._sleep()

    @classmethod
    def _share(cls, pattern: HttpToolsProtocol) -> None:
        """Take over what uvicorn gives each of its connections, where it is not their own."""
        for name, value in vars(pattern).items():
            if name not in Intake.__slots__:
                setattr(cls, name, value)
        cls.served = pattern.connections
        # No upgrade is offered, so each wish for one is ignored (RFC 9110, 7.8).
        cls.ws_protocol_class = None

    # --- what the other half does ---

    @property
    def _is_busy(self) -> bool:
        """Whether a request is under way."""
        raise NotImplementedError

    def _line_up(self, turn: Turn) -> None:
        """Take *turn* once the requests before it are answered."""
        raise NotImplementedError

    def _start_cycle(self) -> None:
        """Have uvicorn answer the request whose head is complete."""
        raise NotImplementedError

    def _refuse(self, refusal: Refusal) -> None:
        """Read no more, and close with *refusal* when it is its turn."""
        raise NotImplementedError

    def expire(self) -> None:
        """The client took too long."""
        raise NotImplementedError

    def _settle(self) -> None:
        """There is nothing more to parse for now."""
        raise NotImplementedError

    # --- sleep ---

    def _sleep(self) -> None:
        self.parser = None  # type: ignore[assignment]
        self.flow = None  # type: ignore[assignment]
        self.pipeline = None  # type: ignore[assignment]
        self.scope = None  # type: ignore[assignment]
        self.headers = None  # type: ignore[assignment]
        self.server = self.client = self.scheme = None
        self.url = b""
        self.expect_100_continue = False

    @property
    def _is_asleep(self) -> bool:
        return self.parser is None

    def _get_up(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        # As uvicorn: what follows a request that ends the connection is no error.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.flow = Flow(self.transport)
        self.pipeline = deque()

    # --- bytes in ---

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.DEAF:
            return
        if self._is_asleep:
            self._get_up()
        if self._backlog:
            self._backlog += data  # read before the pause took effect
        else:
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        """Parse *data*, one head at a time, until it ends or too much waits for its turn."""
        self._feeding = True
        rest = memoryview(data)
        while rest and self._phase is not Phase.DEAF and not self.transport.is_closing():
            if self._is_choked():
                self._backlog = bytes(rest)
                self.flow.pause_reading()
                self.flow.is_held = True
                break
            piece = rest[: self._piece(data, len(data) - len(rest), len(rest))]
            rest = rest[self._parse(piece) :]
        self._feeding = False
        self._settle()

    def _is_choked(self) -> bool:
        """Whether the next request has to wait before it is even parsed."""
        return self._phase is Phase.BETWEEN and (
            len(self.pipeline) >= self.limits.queued or self.flow.write_paused
        )

    def _piece(self, data: bytes, start: int, size: int) -> int:
        """How much to parse at once: no more than one whole head."""
        if self._body_left > 0:
            return min(self._body_left, size)
        found = data.find(HEAD_END, start)
        return size if found < 0 else found + len(HEAD_END) - start

    def _parse(self, piece: memoryview) -> int:
        """Feed the parser; returns how much of *piece* it took."""
        self._lag += len(piece)
        taken = len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            taken = upgrade.args[0]
            self._parse_without_upgrade()
        except httptools.HttpParserError as broken:
            self._refuse(_refusal_of(broken))
        else:
            # The parser keeps a header line until it ends, trailers and chunk extensions too.
            if self._lag > self.limits.head:
                self._refuse(refusals.HEAD_TOO_LONG)
        return taken

    def _parse_without_upgrade(self) -> None:
        """Parse the head once more, as that of an ordinary request.

        The parser takes what follows a wish to upgrade for another protocol, even the body
        of this request. Java's client asks for HTTP/2 in this way with each first request.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(refusals.BAD_REQUEST)
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % line for line in self.headers if line[0] != b"upgrade"]
        self._parse(memoryview(b"\r\n".join(lines) + HEAD_END))

    def _catch_up(self) -> None:
        """Read on, where it was put off and there is room now."""
        if self._phase is Phase.DEAF or self._is_asleep or self._is_choked():
            return
        self.flow.is_held = False
        self.flow.resume_reading()
        if self._backlog:
            data, self._backlog = self._backlog, b""
            self._feed(data)

    # --- what the parser tells ---

    def on_message_begin(self) -> None:
        self._phase = Phase.HEAD
        self.wheel.cancel(self)
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._size = self._lag = 0

    def on_url(self, url: bytes) -> None:
        self._lag = 0
        self.url += url
        if len(self.url) > self.limits.url:
            raise Refused(refusals.URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lag = 0
        self._size += len(name) + len(value)
        if self._size > self.limits.head or len(self.headers) >= self.limits.headers:
            raise Refused(refusals.HEAD_TOO_LONG)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._lag = 0
        if self.parser.should_upgrade():
            self._phase = Phase.UPGRADE
            return
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise Refused(refusals.BAD_VERSION)
        hosts = self._body_left = 0
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                self._body_left = int(value)
            elif name == b"transfer-encoding":
                self._body_left = -1
        if hosts != 1 and version == "1.1":
            raise Refused(refusals.BAD_HOST)
        method = self.parser.get_method()
        if self._handler(method) is None:
            self._start_cycle()
            self.wheel.cancel(self)
            self._phase = Phase.BODY
            return
        self._phase = Phase.BODY
        self._asked = Request(
            method,
            self.url.partition(b"?")[2],
            self.headers,
            keep_alive=version == "1.1" and self.parser.should_keep_alive(),
            is_http10=version == "1.0",
        )
        if self.expect_100_continue and self._body_left and not self._is_busy:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._lag = 0
        if self._body_left > 0:
            self._body_left -= len(body)
        request = self._asked
        if request is None:
            super().on_body(body)
        elif len(request.body) + len(body) > self.limits.body:
            raise Refused(refusals.BODY_TOO_LONG)
        else:
            request.body += body

    def on_message_complete(self) -> None:
        if self._phase is Phase.UPGRADE:
            return
        self._phase = Phase.BETWEEN
        self._body_left = 0
        request, self._asked = self._asked, None
        if request is None:
            if self.due and not self.flow.write_paused:
                self.wheel.cancel(self)
            super().on_message_complete()
            return
        self.wheel.cancel(self)
        handler = self._handler(request.method)
        assert handler is not None
        self._line_up(Turn(handler, request))

    def _handler(self, method: bytes) -> Handler | None:
        """Who answers the request in the front, if anybody does."""
        path = self.url.partition(b"?")[0]
        route = self.routes.get(path)
        if route is None:
            if path.startswith(b"/") and b"%" not in path:
                return None
            # `http://host/path`, or an encoded path: two more spellings of the same.
            path = httptools.parse_url(self.url).path
            if path is None:
                raise Refused(refusals.BAD_REQUEST)
            route = self.routes.get(unquote_to_bytes(path))
        return None if route is None else route.get(method, route.get(None))


def _refusal_of(error: httptools.HttpParserError) -> Refusal:
    """What a client is told whose request the parser or one of its callbacks refused."""
    cause = error.__context__
    if isinstance(cause, Refused):
        return cause.refusal
    if cause is None or isinstance(cause, httptools.HttpParserError | UnicodeError):
        return refusals.BAD_REQUEST
    log.error("request failed in the front", exc_info=cause)
    return refusals.FAILED
