"""The server goes down: polls are sent away gently, requests are answered, and then it ends."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise
from types import SimpleNamespace

import pytest

from tests.integration.front.site import (
    PATIENCE_SECONDS,
    Reply,
    Site,
    Tally,
    fails_first,
    get,
    serving,
    until,
)
from wakeful.http.front import front as front_module
from wakeful.http.front.connection import Connection
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


async def test_many_parked_polls_are_sent_away_over_the_time_given(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        left.append(site.parked)
        pauses.append(seconds)

    monkeypatch.setattr(front_module, "asyncio", SimpleNamespace(sleep=sleep))
    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client()) for _ in range(20)]

        await site.front.drain(0.4)

        for wire in wires:
            assert sent_away(await wire.reply())
    assert 0.29 < sum(pauses) < 0.41
    assert len(left) >= 6
    assert left == sorted(left, reverse=True)
    assert max(before - after for before, after in pairwise([20, *left, 0])) <= 3


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
    async with serving(timeout_graceful_shutdown=600) as site, AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client()) for _ in range(50)]
        silent = await stack.enter_async_context(site.client())
        half = await stack.enter_async_context(site.client())
        half.send(b"GET / HTTP/1.1\r\nHo")

        async with asyncio.timeout(PATIENCE_SECONDS):
            await site.stop()

        for wire in wires:
            assert sent_away(await wire.reply())
        assert await silent.rest() == b""
        assert await half.rest() == b""


async def test_the_server_stops_at_once_after_a_drain() -> None:
    async with serving(timeout_graceful_shutdown=600) as site, AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client()) for _ in range(50)]
        await site.front.drain(0.2)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await site.stop()
        for wire in wires:
            assert sent_away(await wire.reply())


async def test_a_connection_that_fails_keeps_no_other_from_being_wound_down(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = fails_first(monkeypatch, Connection, "wind_down")
    async with site.client() as first, site.client() as second:
        for wire in (first, second):
            await wire.ask(get("/first"))
        await site.front.drain(0)
        ended = [asyncio.create_task(wire.rest()) for wire in (first, second)]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        failed[0].transport.close()
        assert [await end for end in ended] == [b"", b""]


async def test_a_poll_that_fails_keeps_no_other_from_being_sent_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_first(monkeypatch, Tally, "ended")
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(site.parked_client())
        await site.front.drain(0)
        assert site.tally.ends == [Ended.DRAIN, Ended.DRAIN]


async def test_a_connection_that_fails_keeps_no_other_from_being_shut_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving() as site, site.parked_client() as first, site.parked_client() as second:
        failed = fails_first(monkeypatch, Connection, "_shut_down")
        stopping = asyncio.create_task(site.stop())
        replies = [asyncio.create_task(wire.reply()) for wire in (first, second)]
        await asyncio.wait(replies, return_when=asyncio.FIRST_COMPLETED)
        failed[0].shutdown()
        assert all([sent_away(await reply) for reply in replies])
        await stopping
