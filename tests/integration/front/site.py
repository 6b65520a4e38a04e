"""A real server on the loopback address, and a client that sees every byte."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from tests.model.world import World
from wakeful.access import Access, open_access
from wakeful.core import accounts
from wakeful.core.changes import Tell
from wakeful.core.clock import VirtualTime
from wakeful.core.events import ONLY_ALL, StreamClass
from wakeful.core.people import User
from wakeful.core.positions import Asked, Marker, position
from wakeful.feed import Feed
from wakeful.http.box.realtime import Realtime
from wakeful.http.dropbox.cursors import Cursors
from wakeful.http.dropbox.poll import LONGPOLL_PATH, FormV2, LongPolls
from wakeful.http.dropbox.v1.poll import LONGPOLL_DELTA_PATH, FormV1
from wakeful.http.front.brake import Brake
from wakeful.http.front.connection import Connection
from wakeful.http.front.front import Front
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Ended
from wakeful.http.serving import HANDSHAKE_SECONDS, Server, TlsSockets
from wakeful.journal_feed import JournalFeed
from wakeful.tls import LocalFiles, ServerTls
from wakeful.wakeups.hub import Hub

PATIENCE_SECONDS = 60.0  # far above what anything here takes

certificates: LocalFiles | None = None
"""Of the test that runs, if it is one over TLS; the fixture `transport` says."""


class Tally:
    """Counts what the feed and the front tell."""

    def __init__(self) -> None:
        self.waiting = 0
        self.ends: list[Ended] = []
        self.latencies: list[float] = []

    def parked(self, change: int, /) -> None:
        self.waiting += change

    def ended(self, how: Ended, held: float, /) -> None:
        assert held >= 0
        self.ends.append(how)

    def wake_latency(self, seconds: float, /) -> None:
        self.latencies.append(seconds)

    def woken(self, waiters: int) -> None: ...

    def gap_served(self) -> None: ...

    def backstop_found(self, streams: int) -> None: ...


class App:
    """The application behind the front. Tells what it was asked; `/slow` waits for `gate`,
    `/body` reads the body first, `/large` answers with a megabyte."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.scopes: list[Any] = []
        self.gate = asyncio.Event()
        self.gone = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = f"{scope['method']} {scope['path']}"
        self.asked.append(asked)
        self.scopes.append(scope)
        size = 0
        if scope["path"] == "/slow":
            waiting = asyncio.ensure_future(self.gate.wait())
            listening = asyncio.ensure_future(self._disconnect(receive))
            await asyncio.wait((waiting, listening), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            listening.cancel()
        if scope["path"] == "/body":
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.gone += 1
                    return
                size += len(message.get("body", b""))
                more = message.get("more_body", False)
        answer = {"asked": asked, "size": size}
        body = b"x" * 1_000_000 if scope["path"] == "/large" else json.dumps(answer).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _disconnect(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone += 1


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The word that a poll is answered."""
        assert self.status == 200, self
        message: str = self.json["message"]
        return message


class Wire:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, *parts: bytes) -> None:
        self._writer.write(b"".join(parts))

    async def reply(self, *, bodyless: bool = False) -> Reply:
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            headers = {}
            for line in lines:
                name, _, value = line.partition(": ")
                assert name.lower() not in headers, head
                headers[name.lower()] = value
            body = b""
            if headers.get("transfer-encoding") == "chunked":
                body = await self._chunks()
            elif not bodyless:
                body = await self._reader.readexactly(int(headers.get("content-length", "0")))
            return Reply(int(first.split()[1]), headers, body)

    async def ask(self, *parts: bytes) -> Reply:
        self.send(*parts)
        return await self.reply()

    async def until(self, end: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.readuntil(end)

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read()

    async def is_silent(self, seconds: float = 0.05) -> bool:
        """Whether nothing arrives for a while."""
        try:
            async with asyncio.timeout(seconds):
                return not await self._reader.read(1)
        except TimeoutError:
            return True

    def half_close(self) -> None:
        if self._writer.can_write_eof():
            self._writer.write_eof()
            return
        # TLS has no half to close; what is below it has. What was sent is on its way already.
        assert not self._writer.transport.get_write_buffer_size()
        with socket.fromfd(
            self._writer.get_extra_info("socket").fileno(), socket.AF_INET, socket.SOCK_STREAM
        ) as connection:
            connection.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Close with a reset."""
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()

    def stop_reading(self) -> None:
        transport: Any = self._writer.transport
        transport.pause_reading()

    def take_little(self) -> None:
        """Have the system keep as little as it does for somebody who does not read."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    async def some(self, size: int) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read(size)

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(await self._reader.readline(), 16)
            body += await self._reader.readexactly(size)
            await self._reader.readline()
            if not size:
                return body


class Noted(Brake):
    """A brake that remembers how long it held whom, and never lets go of one who is slow to ask."""

    def __init__(self, *, least: float = 0.0) -> None:
        super().__init__(lambda: 0.0)
        self.pauses: list[float] = []
        self._least = least

    def pause(self, reader: object, stream: int, asked: Asked) -> float:
        pause = max(super().pause(reader, stream, asked), self._least)
        self.pauses.append(pause)
        return pause


class Nobody:
    """A waiter whom nothing wakes."""

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.cls = 0
        self.after = 0

    def wake(self, since: float) -> None:
        raise AssertionError("woken")


class Site:
    """The server with everything behind it, and Ann, who has a grant."""

    def __init__(
        self,
        *,
        limits: Limits | None,
        hold: float,
        tls: LocalFiles | None,
        handshake_time: float = HANDSHAKE_SECONDS,
    ) -> None:
        self.world = World()
        self.tally = Tally()
        self.app = App()
        self.time = VirtualTime()
        self.front = Front(self.tally, limits)
        self.front._wheel.now = self.time.clock.monotonic
        self._hold = hold
        self._tls = tls
        self._handshake_time = handshake_time
        self.feed: Feed
        self.access: Access
        self.realtime: Realtime
        self.journals: JournalFeed
        self.longpolls: LongPolls
        self.server: Server
        self.running: asyncio.Task[None]
        self.port = 0
        self.grant = self.grant_for(self.world.ann)
        self._client_tls: ssl.SSLContext | None = None
        self._arrived: set[int] = set()  # the ports of clients

    async def open(self, stack: AsyncExitStack, **config: Any) -> None:
        store = self.world.store
        self.feed = await stack.enter_async_context(Feed(store, Hub(), self.tally))
        self.access = await open_access(store)
        self.realtime = await stack.enter_async_context(
            Realtime(self.feed, self.access, self.front.polls, self._hold)
        )
        self.front.routing.route("/subscribe", self.realtime.subscribe)
        self.journals = await stack.enter_async_context(JournalFeed(self.feed, self.tally))
        self.longpolls = await stack.enter_async_context(
            LongPolls(store, self.journals, self.access, self.front.polls)
        )
        self.front.routing.route(
            LONGPOLL_PATH, self.longpolls.route(FormV2(store, Cursors(self.access)))
        )
        self.front.routing.route(
            LONGPOLL_DELTA_PATH, self.longpolls.route(FormV1(store, self.access))
        )
        listener = socket.socket()
        # Small, so that what a client does not read is soon felt by the server.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        tls = None
        if self._tls is not None:
            self._client_tls = ssl.create_default_context(cafile=self._tls.authority)
            context = ServerTls(self._tls.pair).context
            tls = TlsSockets(context, [listener], self._handshake_time)
        self.server = Server(
            uvicorn.Config(
                self.app,
                http=self._noting_arrivals(self.front.protocol()),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                **{"timeout_graceful_shutdown": 5, **config},
            ),
            tls,
        )
        # Signals are the test runner's.
        self.running = asyncio.create_task(self.server._serve([] if tls else [listener]))
        stack.push_async_callback(self.stop)
        await self.server.listening.wait()

        # So that a poll is armed as soon as it is parked; what is cold has tests of its own.
        await self.access.load_grant(self.grant)
        await self.know_head(self.world.ann)

    def _noting_arrivals(self, kind: type[Connection]) -> type[Connection]:
        arrive = kind.connection_made

        def connection_made(connection: Connection, transport: asyncio.Transport) -> None:
            peer = transport.get_extra_info("peername")
            if peer:  # it may have gone again
                self._arrived.add(peer[1])
            arrive(connection, transport)

        kind.connection_made = connection_made  # type: ignore[method-assign, assignment] # a made class
        return kind

    async def know_head(self, user: User) -> None:
        """Let the feed cache the head of a stream."""
        nobody = Nobody(user.id)
        self.feed.wait(nobody, Marker.NOW)
        await until(lambda: self.feed.known_head(user.id) is not None)
        self.feed.leave(nobody)

    async def stop(self) -> None:
        self.app.gate.set()
        self.server.should_exit = True
        await self.running

    def grant_for(self, user: User) -> int:
        return self.world.commit(accounts.create_grant(user.id, "app", ())).id

    @property
    def connection(self) -> Any:
        """The only connection there is, as the server sees it."""
        (connection,) = self.server.server_state.connections
        return connection

    @property
    def parked(self) -> int:
        return self.front.polls.parked

    def pass_time(self, seconds: float) -> None:
        """Let so much time go by for polls and connections."""
        self.time.advance(round(seconds * 1000))
        self.front._wheel.look()

    async def head(self, user: User | None = None) -> int:
        """The position at the head of Ann's stream, or another's."""
        state = await self.feed.head((user or self.world.ann).id)
        return position(state.epoch, state.last)

    async def channel(self, cls: StreamClass = StreamClass.ALL, grant: int = 0) -> str:
        """A channel on Ann's stream, as OPTIONS would give it now."""
        return self.access.channel(self.world.ann.id, grant or self.grant, cls, await self.head())

    async def poll(self, at: int | str | None = "now", channel: str = "", more: str = "") -> bytes:
        """The request of a poll; *more* are header lines."""
        query = f"channel={channel or await self.channel()}&stream_type=all"
        if at is not None:
            query += f"&stream_position={at}"
        return f"GET /subscribe?{query} HTTP/1.1\r\nHost: here\r\n{more}\r\n".encode()

    async def change(self, classes: int = ONLY_ALL) -> None:
        """Something happens on Ann's stream."""
        event = Tell(type="COMMENT_CREATE", classes=classes)
        await self.feed.publish(self.world.ann.id, (event,))

    @asynccontextmanager
    async def client(self, limit: int = 1 << 22) -> AsyncIterator[Wire]:
        """A connection to the server that reads ahead by *limit* bytes or so."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(
            sock=connection,
            limit=limit,
            ssl=self._client_tls,
            server_hostname="localhost" if self._client_tls else None,
        )
        port: int = writer.get_extra_info("sockname")[1]
        try:
            # A client is connected before it was accepted. Over TLS its half of a handshake ends
            # first, too, and one that is told to read no more may keep the rest to itself.
            await until(lambda: port in self._arrived)
            yield Wire(reader, writer)
        finally:
            writer.transport.abort()
            self._arrived.discard(port)

    @asynccontextmanager
    async def parked_client(self, request: bytes | None = None) -> AsyncIterator[Wire]:
        """A client whose poll is parked."""
        before = self.parked
        waiting = self.feed.waiting + self.journals.waiting
        async with self.client() as wire:
            wire.send(request or await self.poll())
            await until(lambda: self.parked == before + 1)
            # It waits for nothing before its grant is known, and "now" is when it is looked for.
            await until(lambda: self.feed.waiting + self.journals.waiting > waiting)
            await until(lambda: self.feed._filtered.is_at_rest)
            yield wire

    async def nothing_is_left(self) -> None:
        """Wait until no poll, waiter or connection is left behind."""
        await until(lambda: not self.front.polls.parked and not self.tally.waiting)
        await until(lambda: repr(self.feed) == "<Feed [0 waiting on 0 streams]>")
        await until(lambda: repr(self.journals) == "<JournalFeed [0 waiting on 0 journals]>")
        await until(lambda: not self.server.server_state.connections)
        assert not list(self.front.polls.wheel)


@asynccontextmanager
async def serving(
    *,
    limits: Limits | None = None,
    hold: float = 50.0,
    handshake_time: float = HANDSHAKE_SECONDS,
    **config: Any,
) -> AsyncIterator[Site]:
    """A site, over TLS where the test that runs is one over TLS; *config* goes to uvicorn."""
    async with AsyncExitStack() as stack:
        site = Site(limits=limits, hold=hold, tls=certificates, handshake_time=handshake_time)
        await site.open(stack, **config)
        yield site


def get(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n{more}\r\n".encode()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a state that can be seen."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - any state, without an event of its own
            await asyncio.sleep(0.002)


def fails_first(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> list[Any]:
    """Let the first call of a method fail; whose it was."""
    method = getattr(kind, name)
    failed: list[Any] = []

    def call(self: Any, *arguments: Any) -> None:
        if not failed:
            failed.append(self)
            raise RuntimeError("on purpose")
        method(self, *arguments)

    monkeypatch.setattr(kind, name, call)
    return failed
