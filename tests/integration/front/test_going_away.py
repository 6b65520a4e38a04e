"""Clients that go away while their poll is parked leave nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.front.site import Site, get, until
from wakeful.http.front.poll import Ended


async def test_a_reset_is_noticed_at_once(site: Site) -> None:
    async with site.parked_client() as wire:
        assert site.feed.waiting == 1
        wire.abort()
        await site.nothing_is_left()
    assert site.tally.ends == [Ended.GONE]


async def test_a_closed_connection_is_noticed_at_once(site: Site) -> None:
    async with site.parked_client() as wire:
        await wire.close()
        await site.nothing_is_left()
    assert site.tally.ends == [Ended.GONE]


async def test_a_client_that_will_send_no_more_is_taken_for_gone(site: Site) -> None:
    """There is no telling a half-closed connection from one whose client is dead, and nothing
    is lost: what the client has read is told by its next poll."""
    async with site.parked_client() as wire:
        wire.half_close()
        assert await wire.rest() == b""
        await site.nothing_is_left()
    assert site.tally.ends == [Ended.GONE]


@pytest.mark.parametrize("queued", [1, 15])
async def test_a_reset_is_noticed_although_requests_wait_behind_the_poll(
    site: Site, queued: int
) -> None:
    async with site.parked_client() as wire:
        wire.send(*[get("/after")] * queued)
        connection = site.connection
        await until(lambda: bool(connection.pipeline) and len(connection.pipeline) == queued)
        wire.abort()
        await site.nothing_is_left()
    assert site.tally.ends == [Ended.GONE]
    assert not site.app.asked


async def test_a_reset_is_noticed_although_half_a_request_waits_behind_the_poll(
    site: Site,
) -> None:
    async with site.parked_client() as wire:
        wire.send(b"GET /after HTTP/1.1\r\nHo")
        await until(lambda: site.connection.parser is not None)
        wire.abort()
        await site.nothing_is_left()


async def test_an_application_is_told_though_requests_wait_behind_its_own(site: Site) -> None:
    async with site.client() as wire:
        wire.send(get("/slow"), await site.poll(), get("/after"))
        await until(lambda: bool(site.app.asked))
        wire.abort()
        await until(lambda: site.app.gone == 1)
        await site.nothing_is_left()
    assert site.app.asked == ["GET /slow"]


async def test_a_client_that_goes_while_it_is_woken_is_not_answered(site: Site) -> None:
    async with site.parked_client() as wire:
        await site.change()  # the wake is under way, and comes with the loop's next turn
        site.connection.connection_lost(ConnectionResetError())
        for _ in range(5):  # turns of the loop, more than it takes
            await asyncio.sleep(0)
        wire.abort()
        await site.nothing_is_left()
    assert site.tally.ends == [Ended.GONE]


async def test_a_client_that_goes_before_its_poll_is_armed_is_never_armed(site: Site) -> None:
    """Its grant is still being loaded."""
    cold = await site.channel(grant=site.grant_for(site.world.ann))
    async with site.client() as wire:
        wire.send(await site.poll(channel=cold))
        wire.half_close()
        await until(lambda: site.tally.ends == [Ended.GONE])
        await site.nothing_is_left()


async def test_many_clients_that_come_and_go_leave_nothing_behind(site: Site) -> None:
    async def come_and_go(number: int) -> None:
        async with site.client() as wire:
            wire.send(await site.poll())
            if number % 3:  # some go at once, the others after a time of their own
                await asyncio.sleep(number % 7 / 500)
            if number % 2:
                wire.abort()
            else:
                await wire.close()

    async with asyncio.TaskGroup() as clients:
        for number in range(200):
            clients.create_task(come_and_go(number))
        for _ in range(20):
            await site.change()
            await asyncio.sleep(0.002)  # the rhythm of changes, which spans that of the clients
    await site.nothing_is_left()
