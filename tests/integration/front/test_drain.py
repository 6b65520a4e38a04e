"""The server goes down: polls are sent away gently, requests are answered, and then it ends."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from tests.integration.front.site import Reply, Site, get, serving, until
from wakeful.http.front.poll import Ended


def sent_away(reply: Reply) -> bool:
    assert reply.status == 503
    assert reply.headers["retry-after"] == "1"
    assert reply.json["type"] == "error"
    return reply.headers.get("connection") == "close"


async def test_a_parked_poll_is_told_to_come_back(site: Site) -> None:
    async with site.parked_client() as wire:
        await site.front.drain(0.1)
        assert sent_away(await wire.reply())
        assert await wire.rest() == b""
    assert site.tally.ends == [Ended.DRAIN]
    await site.nothing_is_left()


async def test_a_new_poll_is_told_to_come_back(site: Site) -> None:
    await site.front.drain(0)
    async with site.client() as wire:
        assert sent_away(await wire.ask(await site.poll()))
        assert await wire.rest() == b""


async def test_many_parked_polls_are_sent_away_over_the_time_given(site: Site) -> None:
    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client()) for _ in range(20)]
        began = time.monotonic()

        async def answered() -> list[float]:
            times = []
            for wire in wires:
                assert sent_away(await wire.reply())
                times.append(time.monotonic() - began)
            return times

        _, times = await asyncio.gather(site.front.drain(0.4), answered())
        assert 0.3 < max(times) < 2
        assert site.parked == 0


async def test_an_idle_connection_is_closed(site: Site) -> None:
    async with site.client() as wire:
        await wire.ask(get("/first"))
        await site.front.drain(0)
        assert await wire.rest() == b""


async def test_a_connection_that_slept_and_is_idle_now_is_closed(site: Site) -> None:
    async with site.parked_client() as wire:
        await site.change()
        await wire.reply()
        await site.front.drain(0)
        assert await wire.rest() == b""


async def test_a_request_under_way_is_completed(site: Site) -> None:
    async with site.client() as wire:
        wire.send(get("/slow"))
        await until(lambda: bool(site.app.asked))
        await site.front.drain(0)
        stopping = asyncio.create_task(site.stop())
        reply = await wire.reply()
        assert reply.json["asked"] == "GET /slow"
        assert reply.headers["connection"] == "close"
        await stopping


async def test_a_request_behind_a_poll_is_completed(site: Site) -> None:
    async with site.parked_client(await site.poll() + get("/after")) as wire:
        await site.front.drain(0)
        assert not sent_away(await wire.reply())
        assert (await wire.reply()).json["asked"] == "GET /after"


async def test_the_application_answers_while_polls_are_sent_away(site: Site) -> None:
    await site.front.drain(0)
    async with site.client() as wire:
        reply = await wire.ask(get("/late"))
        assert reply.json["asked"] == "GET /late"
        assert reply.headers["connection"] == "close"


async def test_the_server_stops_at_once_although_polls_are_parked() -> None:
    async with serving() as site, AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client()) for _ in range(50)]
        silent = await stack.enter_async_context(site.client())
        half = await stack.enter_async_context(site.client())
        half.send(b"GET / HTTP/1.1\r\nHo")
        began = time.monotonic()

        await site.stop()

        assert time.monotonic() - began < 2
        for wire in wires:
            assert sent_away(await wire.reply())
        assert await silent.rest() == b""
        assert await half.rest() == b""


async def test_the_server_stops_at_once_after_a_drain() -> None:
    async with serving() as site, AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client()) for _ in range(50)]
        began = time.monotonic()
        await site.front.drain(0.2)
        await site.stop()
        assert time.monotonic() - began < 2
        for wire in wires:
            assert sent_away(await wire.reply())
