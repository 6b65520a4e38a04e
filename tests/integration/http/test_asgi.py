"""What only a server sends: HTTP/1.0, clients that go away, answers that break off."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message
from structlog.testing import capture_logs

from tests.integration.http.conftest import World
from wakeful.http.app import build_app
from wakeful.http.dialect import Dialect
from wakeful.http.native.routes import NativeErrors


async def answer(app: ASGIApp, *received: Message, **scope: Any) -> list[Message]:
    """What *app* sends for one request, of which *received* comes in."""
    incoming = iter(received or ({"type": "http.request", "body": b"", "more_body": False},))
    sent: list[Message] = []

    async def receive() -> Message:
        message = next(incoming, None)
        if message is None:
            await asyncio.Event().wait()  # nothing more comes
        assert message is not None
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    given = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "http_version": "1.0",
    }
    await app(given | scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("server", "base"),
    [
        (("10.0.0.1", 8787), "http://10.0.0.1:8787/subscribe"),
        (("/run/wakeful.sock", None), "http://localhost/subscribe"),
        (None, "http://localhost/subscribe"),
    ],
)
async def test_a_client_that_names_no_host(world: World, server: Any, base: str) -> None:
    token = f"Bearer {world.ann.token}".encode()

    _, body = await answer(
        build_app(world.services),
        method="OPTIONS",
        path="/2.0/events",
        headers=[(b"authorization", token)],
        server=server,
    )

    assert json.loads(body["body"])["entries"][0]["url"].startswith(base)


async def test_a_client_that_goes_away_in_the_middle_of_its_body(world: World) -> None:
    token = f"Bearer {world.ann.token}".encode()
    before = await world.state()

    sent = await answer(
        build_app(world.services),
        {"type": "http.request", "body": b'{"kind":"upload",', "more_body": True},
        {"type": "http.disconnect"},
        method="POST",
        path="/v1/changes",
        headers=[(b"authorization", token)],
    )

    assert sent == []
    assert await world.state() == before


async def test_an_answer_that_breaks_off_breaks_the_connection() -> None:
    async def broken(request: Request) -> StreamingResponse:
        async def parts() -> Any:
            yield b"half"
            raise RuntimeError("in the middle")

        return StreamingResponse(parts())

    app = Dialect([Route("/", broken)], NativeErrors())

    with capture_logs() as logged, pytest.raises(RuntimeError, match="in the middle"):
        await answer(app)
    assert [entry["event"] for entry in logged] == ["bug"]


async def test_a_websocket_is_closed(world: World) -> None:
    sent = await answer(build_app(world.services), type="websocket", subprotocols=[])

    assert [message["type"] for message in sent] == ["websocket.close"]
