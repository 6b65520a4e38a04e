"""From bytes to requests: the half of a connection that reads, within limits.

Rule 1: no input is without bound. The head of a request has a size and a time, a client that
sends requests ahead of their answers is read no further than a queue is long, and one that
does not read its answers is not read at all.

Rule 2: what cannot be understood is answered in its turn, like any other request, and ends
the connection: an error that came before the answers still due would be taken for the first
of them.

Rule 3: while nothing is under way but a poll, the connection sleeps: parser, flow control,
pipeline, scope, headers and addresses go, and are made again when a byte arrives that needs them.
All that only a connection that is awake has is in an object of its own (`Awake`), for each slot
would be eight bytes of each parked poll.

Rule 4: what comes to a connection that sleeps and is a plain request for the front, body and all,
is read without a parser (`heads.py`), and the connection sleeps on.

What all connections of a server share stands in a class made for that server, and what each
has for itself in slots: a dictionary with more than 30 names would cost a kilobyte.
"""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import is_ssl

from wakeful.http.front import refusals
from wakeful.http.front.awake import ASLEEP, Awake, of_awake
from wakeful.http.front.heads import begins_plainly, plain_request
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Answer, Request, Taking
from wakeful.http.front.refusals import Refusal
from wakeful.http.front.routing import Handler, Routing
from wakeful.http.front.wheel import Wheel

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

HEAD_END = b"\r\n\r\n"


class Phase(IntEnum):
    """What the next byte from the client belongs to."""

    BETWEEN = 0  # a new request
    HEAD = 1
    BODY = 2
    UPGRADE = 3  # nothing yet: the head is parsed again without its wish to upgrade
    DEAF = 4  # nothing any more: what it says cannot be understood, or it is gone


class Turn:
    """A request for the front that waits until those before it are answered."""

    __slots__ = ("handler", "request")

    response_complete = False

    def __init__(self, handler: Handler, request: Request) -> None:
        self.handler = handler
        self.request = request


class Intake(HttpToolsProtocol):
    """The reading half of a connection; `Connection` is the other."""

    __slots__ = ("_awake", "_phase", "cycle", "due", "transport")

    _asked = of_awake("asked")
    _backlog = of_awake("backlog")
    _body_left = of_awake("body_left")
    _feeding = of_awake("feeding")
    client = of_awake("client")
    expect_100_continue = of_awake("expect_100_continue")
    flow = of_awake("flow")
    headers = of_awake("headers")
    parser = of_awake("parser")
    pipeline = of_awake("pipeline")
    scheme = of_awake("scheme")
    scope = of_awake("scope")
    server = of_awake("server")
    url = of_awake("url")

    routing: ClassVar[Routing]
    limits: ClassVar[Limits]
    wheel: ClassVar[Wheel]
    _awake: Awake  # or ASLEEP
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
        self._phase = Phase.BETWEEN
        self._sleep()

    @classmethod
    def _share(cls, pattern: HttpToolsProtocol) -> None:
        """Take over what uvicorn gives each of its connections, where it is not their own."""
        for name, value in vars(pattern).items():
            if name not in vars(Intake):
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

    def _answer_now(self, request: Request, answer: Answer) -> None:
        """Answer *request*, which came to a connection that sleeps."""
        raise NotImplementedError

    def _begin(self, taking: Taking, request: Request) -> bool:
        """Have *taking* answer *request*, which is there to its end; False where it does not."""
        raise NotImplementedError

    def _hand_over(self, request: Request) -> None:
        """Have uvicorn answer *request*, which was parsed to its end."""
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
        # Nothing of uvicorn's that needs what goes is called before it wakes.
        self._awake = ASLEEP

    @property
    def _is_asleep(self) -> bool:
        return self._awake is ASLEEP

    def _get_up(self) -> None:
        self._awake = Awake(self)

    # --- bytes in ---

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.DEAF:
            return
        if self._awake is ASLEEP:
            is_taken = self._take_plainly(data)
            if is_taken:
                return
            self._get_up()
            self._awake.has_declined = is_taken is None
        if self._awake.backlog:
            self._awake.backlog += data  # read before the pause took effect
        else:
            self._feed(data)

    def _take_plainly(self, data: bytes) -> bool | None:
        """Take *data*, if it is a plain request for the front; the connection sleeps on. None where
        it is one, and a shortcut has declined it."""
        if self._is_busy or self._phase is not Phase.BETWEEN or self.transport.is_closing():
            return False
        first = begins_plainly(data)
        if first is None:
            return False
        method, path = first.group(1, 2)
        routing = self.routing
        handler = routing.handler(method, path)
        if handler is None and not routing.may_take(method, path):
            return False
        request = plain_request(data, first, self.limits)
        if request is None or len(request.body) > self.limits.body:
            return False
        if handler is not None:
            self.wheel.cancel(self)
            self._line_up(Turn(handler, request))
        elif routing.has_shortcut(method, path):
            answer = self._ask(path, request)
            if answer is None:
                return None
            self._answer_now(request, answer)
        else:
            taking = self._take_on(path, request, len(request.body))
            if taking is None or not self._begin(taking, request):
                return None
            self.wheel.cancel(self)
        return True

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
        if self._awake.body_left > 0:
            return min(self._awake.body_left, size)
        found = data.find(HEAD_END, start)
        return size if found < 0 else found + len(HEAD_END) - start

    def _parse(self, piece: memoryview) -> int:
        """Feed the parser; returns how much of *piece* it took."""
        self._awake.lag += len(piece)
        taken = len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            taken = upgrade.args[0]
            self._parse_without_upgrade()
        except httptools.HttpParserError as broken:
            self._refuse(refusals.refusal_of(broken))
        else:
            # The parser keeps a header line until it ends, trailers and chunk extensions too.
            if self._awake.lag > self.limits.head:
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
        awake = self._awake
        awake.url = b""
        awake.headers = []
        awake.expect_100_continue = False
        awake.size = awake.lag = 0

    def on_url(self, url: bytes) -> None:
        awake = self._awake
        awake.lag = 0
        awake.url += url
        if len(awake.url) > self.limits.url:
            raise refusals.Refused(refusals.URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        awake = self._awake
        awake.lag = 0
        awake.size += len(name) + len(value)
        if awake.size > self.limits.head or len(awake.headers) >= self.limits.headers:
            raise refusals.Refused(refusals.HEAD_TOO_LONG)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            awake.expect_100_continue = True
        awake.headers.append((name, value))

    def on_headers_complete(self) -> None:
        awake = self._awake
        awake.lag = 0
        if awake.parser.should_upgrade():
            self._phase = Phase.UPGRADE
            return
        version = awake.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise refusals.Refused(refusals.BAD_VERSION)
        hosts = awake.body_left = 0
        for name, value in awake.headers:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                awake.body_left = int(value)
            elif name == b"transfer-encoding":
                awake.body_left = -1
        if hosts != 1 and version == "1.1":
            raise refusals.Refused(refusals.BAD_HOST)
        method = awake.parser.get_method()
        path, _, query = awake.url.partition(b"?")
        request = Request(
            method,
            query,
            awake.headers,
            keep_alive=version == "1.1" and awake.parser.should_keep_alive(),
            is_http10=version == "1.0",
        )
        has_declined, awake.has_declined = awake.has_declined, False
        if self.routing.handler(method, awake.url) is None:
            if not has_declined:
                request.answer = self._answer_at_once(path, request)
                if request.answer is None:
                    request.taking = self._take_on(path, request, self._body_left)
            if request.answer is None and request.taking is None:
                self._start_cycle()
                self.wheel.cancel(self)
                self._phase = Phase.BODY
                return
        self._phase = Phase.BODY
        self._asked = request
        if request.taking is not None:
            self.wheel.cancel(self)  # the head was in time; the body has a time of its own
        if self.expect_100_continue and self._body_left and not self._is_busy:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        awake = self._awake
        awake.lag = 0
        if awake.body_left > 0:
            awake.body_left -= len(body)
        request = awake.asked
        if request is None:
            super().on_body(body)
        elif len(request.body) + len(body) > self.limits.body:
            raise refusals.Refused(refusals.BODY_TOO_LONG)
        else:
            request.body += body

    def on_message_complete(self) -> None:
        if self._phase is Phase.UPGRADE:
            return
        self._phase = Phase.BETWEEN
        awake = self._awake
        awake.body_left = 0
        request, awake.asked = awake.asked, None
        if request is None:
            if self.due and not self.flow.write_paused:
                self.wheel.cancel(self)
            super().on_message_complete()
            return
        self.wheel.cancel(self)
        if request.taking is not None:
            if not self._begin(request.taking, request):
                self._hand_over(request)
            return
        if request.answer is not None:
            self._line_up(Turn(_answer_of, request))
            return
        handler = self.routing.handler(request.method, self.url)
        assert handler is not None
        self._line_up(Turn(handler, request))

    def _answer_at_once(self, path: bytes, request: Request) -> Answer | None:
        """What a shortcut answers to a request for the app, if there is one and it can."""
        # Answers leave in the order of the requests: one that comes too early would have to wait.
        if self._body_left or self._is_busy:
            return None
        return self._ask(path, request)

    def _ask(self, path: bytes, request: Request) -> Answer | None:
        if not self.routing.has_shortcut(request.method, path):
            return None
        request.is_tls = is_ssl(self.transport)
        return self.routing.answer(path, request)

    def _take_on(self, path: bytes, request: Request, size: int) -> Taking | None:
        """What a shortcut makes of a request with a body of *size* bytes, if there is one and it
        can."""
        if not 0 < size <= self.limits.body or self.expect_100_continue or self._is_busy:
            return None
        return self.routing.take_on(path, request, size)


def _answer_of(request: Request) -> Answer:
    """The handler of what a shortcut has answered."""
    assert request.answer is not None
    return request.answer
