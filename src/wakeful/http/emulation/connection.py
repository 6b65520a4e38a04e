"""A connection of an emulator: what the front answers is noted, and goes wrong on demand."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from wakeful.http.emulation.faults import Kind, Rule
from wakeful.http.emulation.holds import Pause, Wait
from wakeful.http.emulation.recording import Exchange, State
from wakeful.http.emulation.routes import Named
from wakeful.http.emulation.stage import Stage
from wakeful.http.front.connection import Connection
from wakeful.http.front.intake import Turn
from wakeful.http.front.poll import Answer, Poll

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

CONNECTION = "wakeful.connection"
"""Where a request's scope has its `EmulatedConnection`."""

_NOT_LINGERING = struct.pack("ii", 1, 0)
_FLUSH_SECONDS = 0.05
"""Between the last bytes of an answer and the reset behind them, which would overtake them."""


class EmulatedConnection(Connection):
    """A connection whose polls are noted. The emulator makes a subclass for itself."""

    __slots__ = ("_cut", "_exchange", "_waits")

    stage: ClassVar[Stage]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: Any = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._exchange: Exchange | None = None  # that of the front's request whose turn it is
        self._cut: Rule | None = None
        self._waits: set[Wait] = set()

    # --- ends ---

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for wait in tuple(self._waits):
            wait.lost()
        self._note_end(State.GONE)

    def wind_down(self) -> None:
        for wait in tuple(self._waits):
            wait.let_go()
        super().wind_down()

    def shutdown(self) -> None:
        for wait in tuple(self._waits):
            wait.let_go()
        super().shutdown()

    async def hold(self, wait: Wait) -> bool:
        """Wait, but no longer than the client and the server do; whether the client is there."""
        self._waits.add(wait)
        try:
            return await wait.over()
        finally:
            self._waits.discard(wait)

    def cut(self) -> None:
        """End it: the client has what was sent so far, and knows that it is not all."""
        self._give_up()
        self.transport.close()

    def reset(self, *, is_begun: bool = False) -> None:
        """End it by a reset, behind what was sent where an answer *is_begun*."""
        self._give_up()
        if is_begun:
            self.loop.call_later(_FLUSH_SECONDS, self._reset)
        else:
            self._reset()

    def _reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        if sock is not None and not self.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOT_LINGERING)
        self.transport.abort()

    def _give_up(self) -> None:
        if isinstance(self._current, RequestResponseCycle):
            # uvicorn need not complain of an answer that is not complete.
            self._current.disconnected = True

    # --- turns ---

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if not isinstance(cycle, Turn):
            cycle.scope[CONNECTION] = self  # type: ignore[literal-required] # of our own
        super()._start_asgi_task(cycle, app)

    def _take(self, turn: Turn) -> None:
        stage = self.stage
        path = self._path_of(turn)
        if path is None:
            super()._take(turn)
            return
        route = stage.routes.poll(path)
        exchange = self._exchange = stage.begin_poll(route, path, turn.request)
        self._go_on(turn, route, exchange, stage.choose(exchange))

    def _path_of(self, turn: Turn) -> str | None:
        """The path whose handler is to answer; None for a refusal."""
        return next(self.routing.paths_of(turn.handler), None)

    def _go_on(self, turn: Turn, route: Named, exchange: Exchange, rules: tuple[Rule, ...]) -> None:
        """Let the first of *rules* do what it does, and then those behind it."""
        stage = self.stage
        if not rules:
            told = stage.as_it_is(exchange, turn.request)
            self._answer(turn if told is None else _telling(told, turn), exchange)
            return
        rule, rest = rules[0], rules[1:]
        if rule.fault in (Kind.DELAY, Kind.HANG):
            seconds = rule.wish.seconds if rule.fault is Kind.DELAY else None

            def go_on() -> None:
                rule.held.discard(pause.let_go)
                self._go_on(turn, route, exchange, rest)

            pause = Pause(stage.polls, seconds, go_on)
            rule.held.add(pause.let_go)
            super()._take(Turn(lambda _: pause, turn.request))
            stage.recorder.changed(exchange, State.HELD)
        elif rule.fault is Kind.RESET and rule.wish.after is None:
            self._note_end(State.RESET)
            self.reset()
        elif rule.fault in (Kind.CUT, Kind.RESET):
            self._cut = rule
            self._answer(turn, exchange)
        else:
            told = stage.poll_answer(route, rule)
            self._answer(turn if told is None else _telling(told, turn), exchange)

    def _answer(self, turn: Turn, exchange: Exchange) -> None:
        super()._take(turn)
        if self._exchange is exchange and isinstance(self._current, Poll):
            self.stage.recorder.changed(exchange, State.PARKED)

    # --- bytes out ---

    def _answer_asleep(self, answer: Answer) -> None:
        # Noted as any other answer is, and wrong where it is to be.
        self._write(answer)

    def _write(self, answer: Answer, *, bodyless: bool = False) -> None:
        rule, self._cut = self._cut, None
        if rule is None:
            self._note(answer)
            super()._write(answer, bodyless=bodyless)
            return
        state = State.RESET if rule.fault is Kind.RESET else State.CUT
        self._note_end(state, answer)
        if answer.body:
            wire = answer.wire(self._default_lines(), closes=True)
            self.transport.write(wire[: len(wire) - len(answer.body) + size_before(rule, answer)])
        self._end_by(rule, is_begun=bool(answer.body))
        self.on_response_complete()

    def end_early(self, answer: Answer) -> None:
        rule, self._cut = self._cut, None
        if rule is None:
            self._note(answer)
            super().end_early(answer)
            return
        state = State.RESET if rule.fault is Kind.RESET else State.CUT
        self._note_end(state, answer)
        self.transport.write(b"%x\r\n" % len(answer.body))
        self.transport.write(answer.body[: size_before(rule, answer)])
        self._end_by(rule, is_begun=True)
        self.on_response_complete()

    def _end_by(self, rule: Rule, *, is_begun: bool) -> None:
        if rule.fault is Kind.RESET:
            self.reset(is_begun=is_begun)
        else:
            self.cut()

    def _note(self, answer: Answer) -> None:
        self._note_end(State.ANSWERED, answer)

    def _note_end(self, state: State, answer: Answer | None = None) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if answer is None:
            self.stage.recorder.end(exchange, state)
            return
        lines = answer.head.split(b"\r\n")[1:-1]
        headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
        size = len(answer.body)
        self.stage.recorder.end(exchange, state, answer.status, headers, answer.body, size)


def size_before(rule: Rule, answer: Answer) -> int:
    """How many bytes of the body of *answer* are sent before it ends."""
    return cut_at(rule, len(answer.body))


def cut_at(rule: Rule, size: int) -> int:
    """How many bytes of a body of *size* are sent before *rule* ends it: never all."""
    after = size // 2 if rule.wish.after is None else rule.wish.after
    return max(0, min(after, size - 1))


def _telling(answer: Answer, turn: Turn) -> Turn:
    """*turn*, to which *answer* is the answer."""
    return Turn(lambda _: answer, turn.request)


def emulated(stage: Stage) -> type[EmulatedConnection]:
    """The connections of one emulator."""
    return type("EmulatorConnection", (EmulatedConnection,), {"__slots__": (), "stage": stage})
