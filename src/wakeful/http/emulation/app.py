"""The app of an emulator: what it is asked is noted, and goes wrong on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wakeful.core.errors import WakefulError
from wakeful.http.emulation import pages
from wakeful.http.emulation.askers import cursor_in
from wakeful.http.emulation.connection import CONNECTION, EmulatedConnection, cut_at
from wakeful.http.emulation.faults import Kind, Rule
from wakeful.http.emulation.fidelity import Faithful
from wakeful.http.emulation.holds import Wait
from wakeful.http.emulation.readings import last_of
from wakeful.http.emulation.recording import Body, Exchange, State
from wakeful.http.emulation.routes import Named
from wakeful.http.emulation.stage import Stage

BY_THE_TEST = b"wakeful-testing"
"""A header of requests that are not those of the tested program."""

_SHORT_BYTES = 64 * 1024

Headers = list[tuple[bytes, bytes]]


class EmulatedApp:
    """The ASGI app *app* on the *stage* of an emulator."""

    def __init__(self, app: ASGIApp, stage: Stage) -> None:
        self._app = app
        self._stage = stage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = None
        if scope["type"] == "http" and all(name != BY_THE_TEST for name, _ in scope["headers"]):
            route = self._stage.routes.find(scope)
        if route is None:
            await self._app(scope, receive, send)
            return
        exchange = await self._stage.begin(
            route, scope["method"], scope["path"], scope["query_string"], scope["headers"]
        )
        noted = _Noted(self._stage, exchange, receive, send)
        try:
            await self._act(route, exchange, scope, noted)
        finally:
            noted.end(State.GONE)

    async def _act(self, route: Named, exchange: Exchange, scope: Scope, noted: _Noted) -> None:
        stage = self._stage
        connection: EmulatedConnection | None = scope.get(CONNECTION)
        receive: Receive = noted.receive
        send: Send = noted.send
        for rule in stage.choose(exchange):
            match rule.fault:
                case Kind.DELAY | Kind.HANG:
                    if not await self._hold(rule, exchange, connection):
                        return
                case Kind.STATUS:
                    await noted.read_short(scope)
                    await stage.refusal(route, rule)(scope, receive, send)
                    return
                case Kind.STALE if route.name == "dropbox_v1.delta":
                    form = pages.without_cursor(await _whole(receive))
                    receive = _given(form)
                    scope["headers"] = _with_length(scope["headers"], len(form))
                case Kind.STALE:
                    await noted.read_short(scope)
                    await stage.refusal(route, rule)(scope, receive, send)
                    return
                case Kind.RESET if rule.wish.after is None:
                    noted.end(State.RESET)
                    _break_off(connection, rule, is_begun=False)
                    return
                case Kind.CUT | Kind.RESET:
                    send = _Cut(rule, connection, noted).send
                case Kind.GAP:
                    scope["query_string"] = pages.with_lost_position(scope["query_string"])
                case Kind.LATE:
                    body = await _whole(receive)
                    cursor = cursor_in(body) or last_of(body, "cursor")
                    seconds = rule.wish.seconds or 0.0
                    if cursor and stage.clock.monotonic() < rule.began + seconds:
                        await stage.nothing_new(route, cursor)(scope, receive, send)
                        return
                    receive = _given(body)
                case Kind.DUPLICATE:
                    if route.name == "box.events":
                        scope["query_string"] = pages.with_half_the_limit(scope["query_string"])
                    send = _Rewritten(_doubled, send).send
                case Kind.REORDER:
                    send = _Rewritten(_reversed, send).send
        faithful = stage.fidelity.of(exchange.user)
        if faithful is not None:
            try:
                receive, send = await self._as_it_is(faithful, exchange, scope, receive, send)
            except WakefulError as error:
                await stage.error(route, error)(scope, receive, send)
                return
        with contextlib.suppress(_Over):
            await self._app(scope, receive, send)

    async def _as_it_is(
        self,
        faithful: Faithful,
        exchange: Exchange,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> tuple[Receive, Send]:
        """Have a request, and its answer, be as those of Box and Dropbox are. Raises WakefulError
        for what they refuse."""
        from wakeful.http.emulation import warts  # of no use where nobody is faithful

        stage = self._stage
        if exchange.user is not None:
            stage.fidelity.take(exchange.user)
        rewrite: Callable[[bytes], bytes] | None = None
        match exchange.route.name:
            case "box.options":
                warts.check_channel(scope["query_string"])
                rewrite = warts.without_enterprise
            case "box.events":
                asked = warts.BoxPage.asked(
                    faithful, scope["query_string"], stage.clock.monotonic()
                )
                scope["query_string"] = asked.query
                rewrite = asked.page
            case "dropbox.list_folder" | "dropbox.continue":
                argument, limit = warts.shorter(faithful, stage.keys, await _whole(receive))
                receive = _given(argument)
                scope["headers"] = _with_length(scope["headers"], len(argument))
                if limit is not None:
                    rewrite = partial(warts.as_asked, stage.keys, limit=limit)
        return receive, _Rewritten(rewrite, send, without=warts.without_own).send

    async def _hold(
        self, rule: Rule, exchange: Exchange, connection: EmulatedConnection | None
    ) -> bool:
        """Wait as long as *rule* says; whether the client still does."""
        seconds = rule.wish.seconds if rule.fault is Kind.DELAY else None
        wait = Wait(self._stage.polls.wheel, seconds)
        rule.held.add(wait.let_go)
        self._stage.recorder.changed(exchange, State.HELD)
        try:
            is_there = await (wait.over() if connection is None else connection.hold(wait))
        finally:
            rule.held.discard(wait.let_go)
        if is_there:
            self._stage.recorder.changed(exchange, State.OPEN)
        return is_there


class _Over(ClientDisconnect):
    """The connection of an answer that is under way was ended."""


class _Noted:
    """Passes on what is received and sent, and notes it."""

    def __init__(self, stage: Stage, exchange: Exchange, receive: Receive, send: Send) -> None:
        self._recorder = stage.recorder
        self._exchange = exchange
        self._receive = receive
        self._send = send
        self._asked = Body()
        self._said = Body()
        self._start: Message | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._asked.add(message.get("body", b""))
            if not message.get("more_body", False):
                self._note_body()
        return message

    async def read_short(self, scope: Scope) -> None:
        """Read the body of a request that is refused, unless it is an upload."""
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) <= _SHORT_BYTES:
            await _whole(self.receive)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._said.add(message.get("body", b""))
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.end(State.ANSWERED)

    def end(self, state: State) -> None:
        """It is over, unless it was before."""
        if self._exchange.state.is_over:
            return
        if not self._exchange.request_size:
            self._note_body()
        start: Any = self._start or {}
        self._recorder.end(
            self._exchange,
            state,
            start.get("status"),
            start.get("headers", ()),
            self._said.raw,
            self._said.size,
        )

    def _note_body(self) -> None:
        self._recorder.asked(self._exchange, self._asked.raw, self._asked.size)


class _Cut:
    """Sends an answer up to where a fault ends it."""

    def __init__(self, rule: Rule, connection: EmulatedConnection | None, noted: _Noted) -> None:
        self._rule = rule
        self._connection = connection
        self._noted = noted
        self._start: Message | None = None
        self._left = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            size = next((int(v) for k, v in message["headers"] if k == b"content-length"), None)
            if message["status"] in (204, 304):
                size = 0  # they have no body, and say nothing of it
            # Of an answer without a length the first piece is as good as any.
            self._left = -1 if size is None else cut_at(self._rule, size)
            if size:
                await self._noted.send(message)
            elif size == 0:
                self._end(is_begun=False)
            return
        if message["type"] != "http.response.body":
            return
        body = message.get("body", b"")
        if self._left < 0:
            assert self._start is not None
            await self._noted.send(self._start)
            self._left = cut_at(self._rule, len(body))
        part = body[: self._left]
        self._left -= len(part)
        await self._noted.send({**message, "body": part, "more_body": True})
        if not self._left or len(part) < len(body):
            self._end(is_begun=True)

    def _end(self, *, is_begun: bool) -> None:
        self._noted.end(State.RESET if self._rule.fault is Kind.RESET else State.CUT)
        _break_off(self._connection, self._rule, is_begun=is_begun)
        raise _Over


def _break_off(connection: EmulatedConnection | None, rule: Rule, *, is_begun: bool) -> None:
    if connection is None:
        raise ConnectionError("there is no connection to end")  # an app without a server
    if rule.fault is Kind.RESET:
        connection.reset(is_begun=is_begun)
    else:
        connection.cut()


class _Rewritten:
    """Sends an answer as *rewrite* has it, when it is complete, with the headers that *without*
    leaves of it. What is no success stays as it is, and so does all where nothing is rewritten."""

    def __init__(
        self,
        rewrite: Callable[[bytes], bytes] | None,
        send: Send,
        without: Callable[[Headers], Headers] = list,
    ) -> None:
        self._rewrite = rewrite
        self._without = without
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        rewrite = self._rewrite
        if message["type"] == "http.response.start":
            headers = self._without(list(message["headers"]))
            message = {**message, "headers": headers}
            if rewrite is None or message["status"] != 200:
                self._rewrite = None
                await self._send(message)
            else:
                self._start = message
            return
        if rewrite is None or self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = rewrite(bytes(self._body))
        headers = _with_length(self._start["headers"], len(body))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _doubled(body: bytes) -> bytes:
    """A page that tells everything twice."""
    entries = pages.entries_of(body)
    return pages.with_entries(body, entries * 2) if entries else body


def _reversed(body: bytes) -> bytes:
    """A page with the newest first."""
    entries = pages.entries_of(body)
    return pages.with_entries(body, entries[::-1]) if entries else body


async def _whole(receive: Receive) -> bytes:
    """The body of a request: a form or an argument, of which none is long."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _given(body: bytes) -> Receive:
    """A request with that body, once."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _with_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*others, (b"content-length", str(length).encode())]
