"""Requests of both sides on one connection, each answered in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.integration.front.site import Site, Wire, get, serving, until
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Answer, Ended, Request

OPTIONS = b"OPTIONS /2.0/events HTTP/1.1\r\nHost: here\r\n\r\n"


async def test_one_connection_serves_an_sdk_from_start_to_end(site: Site) -> None:
    """`GET`, `OPTIONS`, poll, `GET`, poll, as the SDKs do it."""
    async with site.client() as wire:
        assert (await wire.ask(get("/2.0/events"))).json["asked"] == "GET /2.0/events"
        assert (await wire.ask(OPTIONS)).json["asked"] == "OPTIONS /2.0/events"
        for _ in range(2):
            wire.send(await site.poll())
            await until(lambda: site.parked == 1)
            await site.change()
            assert (await wire.reply()).message == "new_change"
            assert (await wire.ask(get("/2.0/events"))).json["asked"] == "GET /2.0/events"
    assert site.app.asked == ["GET /2.0/events", "OPTIONS /2.0/events"] + ["GET /2.0/events"] * 2
    assert site.tally.ends == [Ended.NEW_CHANGE] * 2
    await site.nothing_is_left()


async def test_an_answer_is_one_write_with_all_headers_that_matter(site: Site) -> None:
    async with site.client() as wire:
        wire.send(await site.poll())
        await until(lambda: site.parked == 1)
        await site.change()
        reply = await wire.reply()
    assert reply.body == b'{"message":"new_change","source":"uesi"}'
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert "date" in reply.headers
    assert "connection" not in reply.headers


async def test_a_poll_is_answered_alike_whether_its_connection_sleeps_or_not(site: Site) -> None:
    async with site.parked_client() as wire:
        sleeping = site.connection
        assert sleeping._is_asleep
        await site.change()
        first = await wire.reply()
        assert sleeping.due, "it is not kept for ever without a request"
    await until(lambda: not site.server.server_state.connections)
    async with site.parked_client() as wire:
        awake = site.connection
        wire.send(b"GET /after HTTP/1.1\r\n")
        await until(lambda: not awake._is_asleep)
        await site.change()
        second = await wire.reply()
        assert awake.due, "half a request is not waited for for ever"
    assert (first.status, first.body) == (second.status, second.body)
    assert first.headers.keys() == second.headers.keys()
    assert all(
        first.headers[name] == second.headers[name] for name in first.headers.keys() - {"date"}
    )


async def test_a_request_sent_behind_a_poll_waits_for_it(site: Site) -> None:
    async with site.parked_client() as wire:
        wire.send(get("/after"))
        assert await wire.is_silent()
        assert site.app.asked == []

        await site.change()

        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["asked"] == "GET /after"


async def test_a_poll_sent_together_with_a_request_behind_it_waits(site: Site) -> None:
    async with site.parked_client(await site.poll() + get("/after")) as wire:
        assert await wire.is_silent()
        await site.change()
        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["asked"] == "GET /after"


async def test_polls_sent_behind_a_request_take_their_turns(site: Site) -> None:
    async with site.client() as wire:
        wire.send(get("/slow"), await site.poll(), await site.poll())
        await until(lambda: site.app.asked == ["GET /slow"])
        assert site.parked == 0

        site.app.gate.set()

        assert (await wire.reply()).json["asked"] == "GET /slow"
        for _ in range(2):
            await until(lambda: site.parked == 1)
            await site.change()
            assert (await wire.reply()).message == "new_change"
    await site.nothing_is_left()


async def test_a_poll_is_looked_at_when_its_turn_comes_and_not_before(site: Site) -> None:
    async with site.parked_client() as wire:
        wire.send(await site.poll(at="now"))
        await site.change()
        assert (await wire.reply()).message == "new_change"

        await until(lambda: site.parked == 1)  # it waits for what comes after its turn began

        assert await wire.is_silent()
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_a_hundred_requests_ahead_of_their_answers_are_answered_in_order(
    site: Site,
) -> None:
    async with site.client() as wire:
        wire.send(get("/slow"), *(get(f"/{number}") for number in range(100)))
        await until(lambda: bool(site.app.asked))
        connection = site.connection
        assert len(connection.pipeline) <= 16

        site.app.gate.set()

        assert (await wire.reply()).json["asked"] == "GET /slow"
        for number in range(100):
            assert len(connection.pipeline or ()) <= 16
            assert (await wire.reply()).json["asked"] == f"GET /{number}"


async def test_a_hundred_requests_behind_a_poll_are_read_no_further_than_the_queue(
    site: Site,
) -> None:
    async with site.parked_client() as wire:
        for number in range(100):
            wire.send(get(f"/{number}"))
        connection = site.connection
        await until(lambda: bool(connection.pipeline) and len(connection.pipeline) == 16)
        assert await wire.is_silent()

        await site.change()

        assert (await wire.reply()).message == "new_change"
        for number in range(100):
            assert (await wire.reply()).json["asked"] == f"GET /{number}"


async def test_a_hundred_polls_on_one_connection_are_answered_one_by_one(site: Site) -> None:
    async with site.client() as wire:
        wire.send(*[await site.poll()] * 100)
        for _ in range(100):
            await until(lambda: site.parked == 1)
            await site.change()
            assert (await wire.reply()).message == "new_change"
    await site.nothing_is_left()


async def test_a_hundred_refusals_in_a_row_are_all_answered(site: Site) -> None:
    async with site.client() as wire:
        wire.send(*[await site.poll(channel="forged")] * 100)
        for _ in range(100):
            assert (await wire.reply()).status == 404


async def test_a_request_may_come_in_single_bytes(site: Site) -> None:
    async with site.client() as wire:
        for byte in await site.poll():
            wire.send(bytes((byte,)))
            await asyncio.sleep(0)
        await until(lambda: site.parked == 1)
        for byte in get("/after"):
            wire.send(bytes((byte,)))
            await asyncio.sleep(0)
        await site.change()
        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["asked"] == "GET /after"


async def test_a_body_for_the_application_arrives_whole_between_two_polls(site: Site) -> None:
    body = b"\r\n\r\n".join([b"x" * 1000] * 300)
    post = b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with site.parked_client() as wire:
        wire.send(post, body, await site.poll())
        await site.change()
        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["size"] == len(body)
        await until(lambda: site.parked == 1)


async def test_chunks_for_the_application_arrive_whole_between_two_polls(site: Site) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (50, b"\r\n\r\n".ljust(50)) for _ in range(2000))
    post = b"POST /body HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with site.parked_client() as wire:
        wire.send(post, chunks, b"0\r\nTrailer: x\r\n\r\n", await site.poll())
        await site.change()
        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["size"] == 100_000
        await until(lambda: site.parked == 1)


async def test_http_1_0_is_answered_and_closed(site: Site) -> None:
    poll = (await site.poll()).replace(b"HTTP/1.1", b"HTTP/1.0")
    async with site.parked_client(poll) as wire:
        await site.change()
        reply = await wire.reply()
        assert reply.message == "new_change"
        assert reply.headers["connection"] == "close"
        assert await wire.rest() == b""


async def test_a_poll_that_asks_to_close_is_answered_and_closed(site: Site) -> None:
    async with site.parked_client(await site.poll(more="Connection: close\r\n")) as wire:
        await site.change()
        reply = await wire.reply()
        assert reply.message == "new_change"
        assert reply.headers["connection"] == "close"
        assert await wire.rest() == b""


BEHIND = [b"no request\r\n\r\n", b"x" * (Limits().head + 1), get("/behind"), get("/behind")[:-2]]
"""What comes behind a request that ends its connection."""

CLOSE = "Connection: close\r\n"


@asynccontextmanager
async def ending_client(site: Site, behind: bytes) -> AsyncIterator[Wire]:
    """A client whose poll is parked and ends its connection, with something *behind* it."""
    before = awake(site)
    async with site.parked_client(await site.poll(more=CLOSE)) as wire:
        wire.send(behind)
        await until(lambda: awake(site) == before + 1)
        yield wire


def awake(site: Site) -> int:
    """How many connections have something to parse."""
    connections: Any = site.server.server_state.connections
    return sum(each.parser is not None for each in connections)


@pytest.mark.parametrize("behind", BEHIND, ids=["garbage", "long", "request", "half a request"])
async def test_nothing_comes_behind_the_last_answer_of_a_connection(
    site: Site, behind: bytes
) -> None:
    async with ending_client(site, behind) as wire:
        with capture_logs() as said:
            await site.change()
            assert (await wire.reply()).message == "new_change"
            assert await wire.rest() == b""
        assert not said
    assert site.app.asked == []
    await site.nothing_is_left()


async def test_p7_what_a_client_sends_keeps_no_poll_of_others_from_being_revoked(
    site: Site,
) -> None:
    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client())]
        wires += [await stack.enter_async_context(ending_client(site, b)) for b in BEHIND]
        wires += [await stack.enter_async_context(site.parked_client())]
        await site.access.revoke_grant(site.grant)
        for wire in wires:
            assert (await wire.reply()).status == 401
    assert site.tally.ends == [Ended.REVOKED] * len(wires)
    await site.nothing_is_left()


@pytest.mark.parametrize("at_once", [True, False])
async def test_p10_what_a_client_sends_keeps_no_poll_of_others_from_being_sent_away(
    site: Site, at_once: bool
) -> None:
    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(site.parked_client())]
        wires += [await stack.enter_async_context(ending_client(site, b)) for b in BEHIND]
        wires += [await stack.enter_async_context(site.parked_client())]
        if at_once:
            site.server.should_exit = True
        else:
            await site.front.drain(0.1)
        for wire in wires:
            assert (await wire.reply()).status == 503
    assert site.tally.ends == [Ended.DRAIN] * len(wires)
    await site.nothing_is_left()


async def test_the_application_sees_both_ends_of_a_connection_that_slept(
    site: Site, transport: str
) -> None:
    async with site.parked_client() as wire:
        await site.change()
        await wire.reply()
        await wire.ask(get("/after"))
    scope = site.app.scopes[0]
    assert scope["server"] == ("127.0.0.1", site.port)
    assert scope["client"][0] == "127.0.0.1"
    assert scope["scheme"] == ("https" if transport == "tls" else "http")
    assert (b"host", b"here") in scope["headers"]


async def test_a_parked_connection_keeps_no_parser_and_no_headers(site: Site) -> None:
    async with site.client() as wire:
        await wire.ask(get("/first"))
        wire.send(await site.poll())
        await until(lambda: site.parked == 1)
        connection = site.connection
        kept = ("parser", "flow", "pipeline", "scope", "headers", "client", "server")
        assert {name: getattr(connection, name) for name in kept} == dict.fromkeys(kept)
        assert not vars(connection)


async def test_an_idle_connection_is_closed_after_uvicorns_time_out() -> None:
    async with serving(timeout_keep_alive=20) as site, site.client() as wire:
        await wire.ask(get("/first"))
        await wire.ask(await site.poll(channel="forged"))
        site.pass_time(25)
        assert await wire.rest() == b""
        await site.nothing_is_left()


async def test_a_bug_in_a_front_route_is_a_500_and_costs_one_request(site: Site) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("bug")

    site.front.routing.route("/broken", broken)  # type: ignore[arg-type] # a bug, as it says
    async with site.client() as wire:
        assert (await wire.ask(get("/broken"))).status == 500
        assert (await wire.ask(get("/after"))).status == 200


# --- shortcuts ---


def quick(request: Request) -> Answer | None:
    """Answers what has no query."""
    return None if request.query else Answer(200, b'"quick"')


async def test_a_shortcut_answers_in_the_place_of_the_app_or_leaves_it_to_it(site: Site) -> None:
    site.front.routing.shortcut("GET", "/quick", quick)
    async with site.client() as wire:
        for _ in range(2):
            assert (await wire.ask(get("/quick"))).json == "quick"
            assert (await wire.ask(get("/quick?slowly"))).json["asked"] == "GET /quick"
            other = get("/quick").replace(b"GET", b"PUT", 1)
            assert (await wire.ask(other)).json["asked"] == "PUT /quick"
    await site.nothing_is_left()


async def test_a_shortcut_waits_for_its_turn(site: Site) -> None:
    site.front.routing.shortcut("GET", "/quick", quick)
    async with site.parked_client() as wire:
        wire.send(get("/quick"), get("/slow"), get("/quick"))
        assert await wire.is_silent()
        await site.change()
        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["asked"] == "GET /quick", "by the app, for it came early"
        site.app.gate.set()
        assert (await wire.reply()).json["asked"] == "GET /slow"
        assert (await wire.reply()).json["asked"] == "GET /quick"


async def test_many_requests_in_one_piece_are_answered_in_their_order(site: Site) -> None:
    site.front.routing.shortcut("GET", "/quick", quick)
    async with site.client() as wire:
        wire.send(get("/quick") * 3, get("/other"), get("/quick"))
        replies = [(await wire.reply()).json for _ in range(5)]
    assert replies[:3] == ["quick"] * 3
    assert replies[3]["asked"] == "GET /other"
    assert replies[4]["asked"] == "GET /quick"


async def test_a_request_with_a_body_is_the_app_s(site: Site) -> None:
    site.front.routing.shortcut("GET", "/body", lambda request: Answer(200, b'"quick"'))
    async with site.client() as wire:
        assert (await wire.ask(get("/body"))).json == "quick"
        sized = await wire.ask(get("/body", "Content-Length: 3\r\n"), b"abc")
        assert sized.json["size"] == 3
        chunked = await wire.ask(
            get("/body", "Transfer-Encoding: chunked\r\n"), b"3\r\nabc\r\n0\r\n\r\n"
        )
        assert chunked.json["size"] == 3


async def test_a_shortcut_that_fails_leaves_the_request_to_the_app(site: Site) -> None:
    def broken(request: Request) -> Answer | None:
        raise RuntimeError("broken")

    site.front.routing.shortcut("GET", "/quick", broken)
    with capture_logs() as logs:
        async with site.client() as wire:
            assert (await wire.ask(get("/quick"))).json["asked"] == "GET /quick"
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "shortcut failed"
    ]


@pytest.mark.parametrize("ends", ["Connection: close\r\n", "1.0"])
async def test_a_connection_that_shall_end_ends_behind_a_shortcut(site: Site, ends: str) -> None:
    site.front.routing.shortcut("GET", "/quick", quick)
    request = get("/quick", "" if ends == "1.0" else ends)
    if ends == "1.0":
        request = request.replace(b"HTTP/1.1", b"HTTP/1.0")
    async with site.client() as wire:
        reply = await wire.ask(request)
        assert (reply.json, reply.headers["connection"]) == ("quick", "close")
        assert await wire.rest() == b""


async def test_a_shortcut_is_told_whether_it_is_tls(site: Site, transport: str) -> None:
    asked: list[bool] = []

    def note(request: Request) -> Answer | None:
        asked.append(request.is_tls)
        return None

    site.front.routing.shortcut("GET", "/quick", note)
    async with site.client() as wire:
        await wire.ask(get("/quick"))
    assert asked == [transport == "tls"]
