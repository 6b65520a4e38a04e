"""The listening socket outlives the server: whoever comes back waits for the next one."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.front.site import Site, get
from wakeful.http.front.connection import Connection
from wakeful.http.front.poll import Ended


async def test_p10_a_parked_poll_is_told_to_come_back_and_of_no_error(site: Site) -> None:
    async with site.parked_client() as wire:
        await site.front.drain(0.1, has_successor=True)

        reply = await wire.reply()

        assert (reply.status, reply.json["message"]) == (200, "reconnect")
        # On this connection nobody would wait for the next server.
        assert reply.headers["connection"] == "close"
        assert await wire.rest() == b""
    assert site.tally.ends == [Ended.DRAIN]


async def test_p10_a_poll_that_was_accepted_before_is_told_the_same(site: Site) -> None:
    await site.front.drain(0, has_successor=True)
    async with site.client() as wire:
        reply = await wire.ask(await site.poll())

        assert (reply.status, reply.json["message"]) == (200, "reconnect")
        assert reply.headers["connection"] == "close"
        assert await wire.rest() == b""


async def test_p10_who_was_accepted_a_moment_ago_is_answered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wakeful.http.front.front.ASKING_SECONDS", 2)  # on however slow a machine
    (kind,) = site.front._servers
    make = kind.connection_made
    draining: list[asyncio.Task[None]] = []

    def connection_made(connection: Connection, transport: asyncio.Transport) -> None:
        make(connection, transport)
        draining.append(asyncio.create_task(site.front.drain(0, has_successor=True)))

    monkeypatch.setattr(kind, "connection_made", connection_made)
    async with site.client() as wire:
        assert (await wire.ask(get("/first"))).json["asked"] == "GET /first"
        # Then it is idle as any other.
        assert await wire.rest() == b""
    await asyncio.gather(*draining)
