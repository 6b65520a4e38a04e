"""One HTTP connection: uvicorn's, except for the requests that the front answers itself.

Rule 1: it is decided per request. SDKs send `GET`, `OPTIONS` and the poll through one
keep-alive connection, so that a connection can belong to neither side.

Rule 2: answers leave in the order of the requests. `_current` is the request whose turn it is:
a cycle of uvicorn's, or an answer that comes later; those behind it wait in uvicorn's pipeline,
a refusal too.

Rule 3: nobody waits for a client for ever: over a request, between two, or until it has read
its last answer.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, ClassVar, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import is_ssl

from wakeful.http.front import refusals
from wakeful.http.front.intake import Intake, Phase, Turn
from wakeful.http.front.poll import Answer, Later, Poll, Polls, Request, Taking, each
from wakeful.http.front.refusals import Refusal

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

EARLY_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    b"transfer-encoding: chunked\r\ncache-control: no-store\r\n"
)
BLANK = b"1\r\n \r\n"  # one chunk

_BUFFERED = 64 * 1024  # bytes: what asyncio keeps for plain TCP

_numbers = itertools.count(1)

log = structlog.get_logger()


class Connection(Intake):
    """A connection. The front makes a subclass for each server (see `Front.protocol`)."""

    __slots__ = (
        "_current",
        "_keeps_alive",  # whether the connection goes on after the front's current request
        "_number",
        "_unsent",  # bytes that the client had not read yet when it was last looked at
    )

    polls: ClassVar[Polls]
    _lines: ClassVar[tuple[object, bytes]] = (None, b"")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.cycle = _NO_CYCLE
        self._current: RequestResponseCycle | Later | None = None
        self._keeps_alive = True
        self._number = 0
        self._unsent = 0

    # --- life ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # both ways, of a socket
        self.connections.add(self)
        self.transport = transport
        if is_ssl(transport):
            # As over TCP: by itself TLS keeps half a megabyte for a client that does not read.
            transport.set_write_buffer_limits(_BUFFERED)
            transport.set_read_buffer_limits(_BUFFERED)  # type: ignore[attr-defined] # of TLS alone
        # Whoever connects is about to ask: a socket that says nothing is not kept for long.
        self.wheel.put(self, self.limits.head_time)

    def connection_lost(self, exc: Exception | None) -> None:
        self._phase = Phase.DEAF
        self.wheel.cancel(self)
        current, self._current = self._current, None
        if isinstance(current, Later):
            current.lost()
        elif current is not None:
            # uvicorn tells its latest cycle only, which may be one further down the queue.
            current.disconnected = True
            current.message_event.set()
        if isinstance(self.cycle, Later | Turn):
            self.cycle = _NO_CYCLE
        super().connection_lost(exc)
        self._drop_asked()
        self._sleep()

    def expire(self) -> None:
        """The client took too long: over a request, before one, or to read its answers."""
        if self.transport.is_closing() and not self.transport.get_write_buffer_size():
            self.transport.abort()  # over TLS it is its goodbye that does not come
            return
        if self._phase is Phase.HEAD or self._asked is not None:
            self._refuse(refusals.TOO_SLOW)
            return
        if self._is_owed_body() and not self.flow.write_paused:
            if self.flow.read_paused:
                self.wheel.put(self, self.limits.stalled_time)  # it is ours to read on
            else:
                self._refuse(refusals.TOO_SLOW)
            return
        unsent = self.transport.get_write_buffer_size()
        if not unsent:
            if self._current is None:
                self.transport.close()
        elif unsent < self._unsent or not self._unsent:
            self._watch_reader()  # slow, but it reads
        else:
            self.transport.abort()

    def _watch_reader(self) -> None:
        """See that the client reads on; what it does not read is kept in memory."""
        self._unsent = self.transport.get_write_buffer_size()
        self.wheel.put(self, self.limits.stalled_time)

    def shutdown(self) -> None:
        """uvicorn stops: close when what is under way is answered; a poll is answered now."""
        each((self,), lambda one: one._shut_down())  # or uvicorn would forget all others

    def _shut_down(self) -> None:
        self.polls.is_draining = True
        if isinstance(self._current, Later):
            self._current.drain()
        elif self._current is None and not self._is_owed_body():
            self.transport.close()
            # Over TLS this waits for the client's goodbye. Many a client looks at a connection only
            # when it needs it.
            self.wheel.put(self, self.limits.goodbye_time)
        else:
            self.wind_down()

    def wind_down(self) -> None:
        """Close now, or when what is under way is answered. Polls are left as they are."""
        if self._current is not None:
            if not isinstance(self.cycle, Turn | Later):
                self.cycle.keep_alive = False
        elif self._phase is Phase.BETWEEN and not self._backlog:
            self.transport.close()

    @property
    def _is_lost(self) -> bool:
        return self._phase is Phase.DEAF and self._is_asleep

    @property
    def _is_busy(self) -> bool:
        return self._current is not None

    def _is_owed_body(self) -> bool:
        """Whether an application, or who stands in for it, has a request of which the client has
        not sent all."""
        if self._phase is not Phase.BODY:
            return False
        if self._asked is not None:
            return self._asked.taking is not None
        return self._current is not None

    def _settle(self) -> None:
        """Nothing more to parse: sleep, or see that the client does not take for ever."""
        if self._phase is Phase.DEAF or self.transport.is_closing():
            return
        if self._phase is Phase.BETWEEN:
            if self._current is None:
                # Blank lines between requests do not prolong it.
                if not self.due:
                    self._unsent = 0
                    self.wheel.put(self, self.timeout_keep_alive)
                if self._may_sleep():
                    self.cycle = _NO_CYCLE
                    self._sleep()
            elif isinstance(self._current, Poll) and self._may_sleep():
                self._sleep()
        elif self.due:
            return
        elif self._is_owed_body():
            announced = max(0, self._body_left)
            self.wheel.put(self, self.limits.body_time + announced / self.limits.body_rate)
        elif self._phase is Phase.HEAD or self._asked is not None or self._current is None:
            self.wheel.put(self, self.limits.head_time)

    def _may_sleep(self) -> bool:
        return not (
            self._is_asleep
            or self.pipeline
            or self._backlog
            or self.flow.write_paused
            or self.flow.read_paused
        )

    # --- turns ---

    def _start_cycle(self) -> None:
        """Let uvicorn answer; only its requests need a scope, with addresses."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        if self.scheme is None:
            self.scheme = "https" if is_ssl(self.transport) else "http"
            self.server = _address(self.transport, "sockname")
            self.client = cast(tuple[str, int] | None, _address(self.transport, "peername"))
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # into the list that the scope has
        was_paused = self.flow.read_paused
        HttpToolsProtocol.on_headers_complete(self)
        if self.polls.is_draining:
            self.cycle.keep_alive = False
        if not was_paused and len(self.pipeline) < self.limits.queued:
            # uvicorn stops reading when one request waits. Then nobody notices that the
            # client of the poll in front of it goes away.
            self.flow.resume_reading()

    def _begin(self, taking: Taking, request: Request) -> bool:
        try:
            if not taking.begin(request.body):
                return False
        except Exception:
            log.exception("shortcut failed", method=request.method)
            return False
        self._keeps_alive = request.keep_alive
        self.cycle = _like_cycle(taking)
        self._current = taking
        taking.park(self)
        return True

    def _hand_over(self, request: Request) -> None:
        # As it would have been from the first: the parser still has all that uvicorn asks it for.
        self._phase = Phase.BODY
        self._start_cycle()
        HttpToolsProtocol.on_body(self, request.body)
        self._phase = Phase.BETWEEN
        HttpToolsProtocol.on_message_complete(self)

    def _answer_now(self, request: Request, answer: Answer) -> None:
        self._keeps_alive = request.keep_alive
        self.cycle = _NO_CYCLE
        self._write(answer)

    def _line_up(self, turn: Turn) -> None:
        if self._current is None:
            self._take(turn)
        else:
            self.cycle = _like_cycle(turn)
            self.pipeline.appendleft((self.cycle, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """As uvicorn calls it when it is a request's turn."""
        if isinstance(cycle, Turn):
            self._take(cycle)
        else:
            self._current = cycle
            super()._start_asgi_task(cycle, app)

    def _take(self, turn: Turn) -> None:
        request = turn.request
        self._keeps_alive = request.keep_alive
        try:
            outcome = turn.handler(request)
        except Exception:
            log.exception("request failed in the front", method=request.method)
            outcome = refusals.FAILED.answer()
        if not self.pipeline:
            self.cycle = _like_cycle(outcome if isinstance(outcome, Later) else None)
        if isinstance(outcome, Later):
            self._current = outcome
            outcome.park(self)
        else:
            self._write(outcome, bodyless=request.method == b"HEAD")

    def on_response_complete(self) -> None:
        """The current request is answered; uvicorn calls it for its own."""
        self.server_state.total_requests += 1
        self._current = None
        if self._is_lost:
            return
        if self.transport.is_closing():
            self._watch_reader()
            return
        is_asleep = self._is_asleep
        if is_asleep:
            # Nothing else is there: one plain request came, and it is answered.
            self._unsent = 0
            self.wheel.put(self, self.timeout_keep_alive)
            return
        if self._phase is Phase.DEAF and not self.pipeline:
            self._unsent = 0
            self.wheel.put(self, self.limits.head_time)
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif not self._feeding:
            self._settle()
        if self._backlog or (not self._is_asleep and self.flow.read_paused):
            # Later: the parser may be at work further down the stack.
            self.loop.call_soon(self._catch_up)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be understood, when it is its turn, and close."""
        answer = refusal.answer(self.url)
        is_cycle = self._phase is Phase.BODY and self._asked is None
        self._phase = Phase.DEAF
        self._drop_asked()
        self._backlog = b""
        self.wheel.cancel(self)
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if is_cycle and cycle is not None and not cycle.response_complete:
            # Its application waits for the rest of a body that will not come.
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle is not self._current:
                self.pipeline.popleft()
            elif cycle.response_started:
                self.transport.close()
                return
            else:
                self._current = None
        if self.flow.write_paused:
            self._watch_reader()
        self._line_up(Turn(lambda _: answer, Request(b"", b"", [], keep_alive=False)))

    def _drop_asked(self) -> None:
        """Forget the front's request whose body is being read: it will not come."""
        asked = self._awake.asked
        if asked is not None:
            self._awake.asked = None
            if asked.taking is not None:
                asked.taking.lost()

    # --- bytes out ---

    @property
    def number(self) -> int:
        if not self._number:
            self._number = next(_numbers)
        return self._number

    def answer(self, answer: Answer) -> None:
        if (
            self._is_asleep
            and self._keeps_alive
            and self._phase is Phase.BETWEEN
            and not self.polls.is_draining
        ):
            self._answer_asleep(answer)
        else:
            self._write(answer)

    def _answer_asleep(self, answer: Answer) -> None:
        """As `_write` and all that follows, of which a connection that sleeps on needs little: one
        change may wake all polls there are."""
        transport = self.transport
        transport.write(answer.wire(self._default_lines(), closes=False))
        if not self._is_asleep or transport.is_closing():
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self._current = None
        self.cycle = _like_cycle(None)
        self._unsent = 0
        self.wheel.put(self, self.timeout_keep_alive)

    def begin_early(self, more: bytes = b"") -> None:
        closes = b"\r\n" if self._keeps_alive else b"connection: close\r\n\r\n"
        self.transport.write(EARLY_HEAD + more + self._default_lines() + closes + BLANK)

    def beat(self) -> None:
        self.transport.write(BLANK)

    def end_early(self, answer: Answer) -> None:
        self.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(answer.body), answer.body))
        self._finish(closes=self._closes())

    def _write(self, answer: Answer, *, bodyless: bool = False) -> None:
        closes = self._closes()
        self.transport.write(answer.wire(self._default_lines(), closes=closes, bodyless=bodyless))
        self._finish(closes=closes)

    def _closes(self) -> bool:
        """Whether the connection ends with the front's current answer."""
        return not self._keeps_alive or (self.polls.is_draining and not self.pipeline)

    def _finish(self, *, closes: bool) -> None:
        if closes and self.pipeline:
            self.pipeline.clear()  # nothing comes behind the last answer, not even a refusal
        if closes and self._phase is Phase.DEAF and self.transport.can_write_eof():
            # The client may be sending still. Closing on what nobody reads would reset the
            # connection, and it would never see what it was refused for.
            self.transport.write_eof()
        elif closes:
            self.transport.close()
        self.on_response_complete()

    def _default_lines(self) -> bytes:
        """The header lines that uvicorn puts into each of its answers, joined once a second."""
        lines = self.server_state.default_headers
        kind = type(self)
        if kind._lines[0] is not lines:
            kind._lines = (lines, b"".join(b"%b: %b\r\n" % line for line in lines))
        return kind._lines[1]

    def pause_writing(self) -> None:
        if self._is_asleep:
            self._get_up()
        super().pause_writing()
        if not self.due:
            self._watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unsent = 0
        if self._is_busy and self._phase is not Phase.HEAD and self._asked is None:
            self.wheel.cancel(self)
        self._catch_up()


def _like_cycle(turn: Turn | Later | None) -> RequestResponseCycle:
    """What uvicorn's code sees in the place of its own: it asks for `response_complete`."""
    return cast(RequestResponseCycle, turn)


_NO_CYCLE = _like_cycle(None)


def _address(transport: asyncio.Transport, name: str) -> tuple[str, int | None] | None:
    """Host and port of one end; an IPv6 address has two more parts, a path has no port."""
    found = transport.get_extra_info(name)
    if isinstance(found, str):
        return (found, None)
    return (str(found[0]), int(found[1])) if found else None
