"""What is sent through real connections, in pieces and by those who lose their token meanwhile:
nothing of it is left behind."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn

from tests.integration.http.conftest import World
from wakeful.http.app import build_app
from wakeful.http.box.shortcuts import EVENTS_PATH, EventShortcuts
from wakeful.http.front.front import Front
from wakeful.http.native.shortcuts import publishing_shortcuts
from wakeful.http.serving import Server

PATIENCE_SECONDS = 60.0

GOOD = b'{"type": "LOGIN"}'


class Nobody:
    """Who would count polls."""

    def parked(self, change: int, /) -> None: ...

    def ended(self, how: object, held: float, /) -> None: ...

    def wake_latency(self, seconds: float, /) -> None: ...


class Wire:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def reply(self) -> tuple[int, bytes]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
            body = await self.reader.readexactly(int(lines[b"content-length"]))
            return int(head.split()[1]), body

    async def ask(self, data: bytes) -> int:
        self.send(data)
        return (await self.reply())[0]


class Served:
    """A world behind a server on the loopback address."""

    def __init__(self, world: World, server: Server, port: int) -> None:
        self.world = world
        self.server = server
        self.port = port

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Wire(reader, writer)
        finally:
            writer.transport.abort()

    async def nothing_is_left(self) -> None:
        load = self.world.services.load
        await until(lambda: load.requests == load.body_bytes == 0)
        state = self.server.server_state
        await until(lambda: not state.connections and not state.tasks)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - any state, without an event of its own
            await asyncio.sleep(0.002)


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    front = Front(Nobody())
    for method, shortcut in EventShortcuts(world.services).by_method().items():
        front.routing.shortcut(method, EVENTS_PATH, shortcut)
    for path, taker in publishing_shortcuts(world.services).items():
        front.routing.take("POST", path, taker)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            build_app(world.services),
            http=front.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
        server = Server(config, None)
        running = asyncio.create_task(server._serve([listener]))
        await server.listening.wait()
        yield Served(world, server, listener.getsockname()[1])
        server.should_exit = True
        await running


def post(token: str | None, body: bytes, *lines: str, path: str = "/v1/events") -> bytes:
    head = (
        f"POST {path} HTTP/1.1",
        "Host: feed.test",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(body)}",
        *lines,
    )
    return "\r\n".join((*head, "", "")).encode() + body


def read(token: str | None) -> bytes:
    lines = ("GET /2.0/events HTTP/1.1", "Host: feed.test", f"Authorization: Bearer {token}")
    return "\r\n".join((*lines, "", "")).encode()


async def test_after_thousands_of_publishes_of_all_kinds_nothing_is_left(served: Served) -> None:
    world, drawn = served.world, random.Random(7)
    token = world.bob.token
    missing = json.dumps({"kind": "trash", "path": "/nothing"}).encode()
    kinds = [
        (post(token, GOOD), 200),
        (post(token, b"{}"), 400),
        (post(token, b'{"type": "LOGIN", "actor": "ann"}'), 403),
        (post(token, missing, path="/v1/changes"), 404),
        (post("nobody's", GOOD), 401),
        (post(token, GOOD, "Idempotency-Key: " + "k" * 1000), 400),
        (post(token, b" " * 70_000 + GOOD), 200),
        (read(token), 200),
    ]

    async def come_and_go(number: int) -> None:
        async with served.wire() as wire:
            for _ in range(10):
                chosen = [drawn.choice(kinds) for _ in range(drawn.randint(1, 3))]
                sent = b"".join(request for request, _ in chosen)
                at = drawn.randrange(len(sent))
                leaves = drawn.random() < 0.1
                wire.send(sent[:at])
                await asyncio.sleep(0)
                if leaves and drawn.random() < 0.5:
                    return
                wire.send(sent[at:])
                if leaves:
                    return
                for request, status in chosen:
                    assert (await wire.reply())[0] == status, request[:200]

    async with asyncio.timeout(120):
        for _ in range(10):
            async with asyncio.TaskGroup() as clients:
                for number in range(20):
                    clients.create_task(come_and_go(number))
    await served.nothing_is_left()


async def test_answers_leave_in_the_order_of_what_was_asked(served: Served) -> None:
    token = served.world.bob.token
    async with served.wire() as wire:
        assert await wire.ask(read(token)) == 200
        wire.send(b"".join(post(token, b'{"type": "N%d"}' % n) + read(token) for n in range(8)))
        for count in range(1, 9):
            status, _ = await wire.reply()
            assert status == 200
            status, body = await wire.reply()
            assert len(json.loads(body)["entries"]) == count


@pytest.mark.parametrize("size", [17, 70_000], ids=["in the front", "in the app"])
@pytest.mark.parametrize("late", [0, 5], ids=["whole", "half sent before"])
async def test_p7_who_loses_a_token_publishes_nothing_more_on_its_connection(
    served: Served, size: int, late: int
) -> None:
    world, token = served.world, served.world.bob.token
    assert token is not None
    request = post(token, GOOD.rjust(size))
    async with served.wire() as wire:
        assert await wire.ask(read(token)) == 200
        assert await wire.ask(request) == 200
        identity = await world.access.identify(token)
        if late:
            wire.send(request[:-late])
            await until(lambda: world.services.load.body_bytes >= size - late)
        await world.access.revoke_token(identity.token)
        assert await wire.ask(request[-late:]) == 401
    page = await world.ann.get("/2.0/events", stream_type="admin_logs")
    assert len(page["entries"]) == 1
    await served.nothing_is_left()


async def test_p7_a_token_of_others_that_is_revoked_costs_nobody_a_publish(served: Served) -> None:
    world, token = served.world, served.world.bob.token
    assert world.cat.token is not None
    cats = await world.access.identify(world.cat.token)
    request = post(token, GOOD)
    async with served.wire() as wire:
        assert await wire.ask(read(token)) == 200
        wire.send(request[:-5])
        await until(lambda: world.services.load.requests == 1)
        await world.access.revoke_token(cats.token)
        assert await wire.ask(request[-5:]) == 200
    await served.nothing_is_left()


async def test_p7_who_loses_a_token_manages_nothing_more_on_its_connection(served: Served) -> None:
    """Else they would give themselves another."""
    world, token = served.world, served.world.ann.token
    assert token is not None
    body = b'{"login": "eva", "name": "Eva"}'
    async with served.wire() as wire:
        assert await wire.ask(read(token)) == 200
        identity = await world.access.identify(token)
        request = post(token, body, path="/v1/users")
        wire.send(request[:-5])
        await until(lambda: world.services.load.body_bytes == len(body) - 5)
        await world.access.revoke_token(identity.token)
        assert await wire.ask(request[-5:]) == 401
    assert world.ann.user is not None
    again = await world.client(await world.token(world.ann.user), world.ann.user)
    users = await again.get("/v1/users")
    assert "eva" not in {user["login"] for user in users["users"]}
    await served.nothing_is_left()
