"""Clients that send too much, too slowly, or nothing that can be understood."""

from __future__ import annotations

import asyncio
from socket import SO_SNDBUF, SOL_SOCKET

import pytest

from tests.integration.front.site import Site, Wire, get, serving, until
from wakeful.http.front.intake import Phase
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Ended

IMPATIENT = Limits(head_time=20, stalled_time=20, body_time=20)
HALF, WHOLE = 12.0, 24.0
"""Seconds of that: two halves are too much. A poll is held for longer."""


async def in_phase(site: Site, phase: Phase) -> None:
    """The only connection is at that part of a request."""
    state = site.server.server_state
    await until(lambda: len(state.connections) == 1 and site.connection._phase is phase)


async def refused(wire: Wire, status: int) -> None:
    """The next answer is an error in Box's form, and the last one."""
    reply = await wire.reply()
    assert reply.status == status
    assert reply.headers["connection"] == "close"
    assert reply.json["type"] == "error"
    assert reply.json["status"] == status
    assert await wire.rest() == b""


async def test_a_head_that_does_not_end_in_time_is_refused() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        wire.send(b"GET /subscribe?channel=x HT")
        await in_phase(site, Phase.HEAD)
        site.pass_time(HALF)
        wire.send(b"TP/1.1\r\nHost: he")  # each part in time: it is the whole that counts
        assert await wire.is_silent()
        site.pass_time(HALF)
        await refused(wire, 408)
        site.pass_time(WHOLE)  # which the client has to close its half
        await site.nothing_is_left()


async def test_a_slow_head_behind_a_poll_is_refused_when_the_poll_is_answered() -> None:
    async with serving(limits=IMPATIENT) as site, site.parked_client() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHos")
        await in_phase(site, Phase.HEAD)
        site.pass_time(WHOLE)
        await in_phase(site, Phase.DEAF)
        assert await wire.is_silent()
        assert site.parked == 1

        await site.change()

        assert (await wire.reply()).message == "new_change"
        await refused(wire, 408)


async def test_a_poll_whose_body_does_not_come_is_refused() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        wire.send(await site.poll(more="Content-Length: 10\r\n"), b"123")
        await in_phase(site, Phase.BODY)
        site.pass_time(WHOLE)
        await refused(wire, 408)


async def test_a_body_that_does_not_end_in_time_is_refused_and_its_application_told() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        wire.send(b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n")
        await until(lambda: bool(site.app.asked))
        site.pass_time(HALF)
        wire.send(b"x")  # each part in time: it is the whole that counts
        assert await wire.is_silent()
        assert not site.app.gone
        site.pass_time(HALF)
        await until(lambda: site.app.gone == 1)
        await refused(wire, 408)
    await site.nothing_is_left()


async def test_a_long_body_has_the_time_that_its_length_needs() -> None:
    limits = Limits(body_time=20, body_rate=100)
    async with serving(limits=limits) as site, site.client() as long, site.client() as short:
        long.send(b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 6000\r\n\r\n")
        await until(lambda: bool(site.app.asked))
        short.send(b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n")
        await until(lambda: len(site.app.asked) == 2)
        site.pass_time(WHOLE)
        await refused(short, 408)

        long.send(b"x" * 6000)

        assert (await long.reply()).status == 200


async def test_a_slow_body_behind_a_poll_is_refused_when_the_poll_is_answered() -> None:
    async with serving(limits=IMPATIENT) as site, site.parked_client() as wire:
        wire.send(b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n123")
        await in_phase(site, Phase.BODY)
        site.pass_time(WHOLE)
        await in_phase(site, Phase.DEAF)
        assert site.parked == 1

        await site.change()

        assert (await wire.reply()).message == "new_change"
        await refused(wire, 408)
        assert not site.app.asked


async def test_a_body_in_time_is_read_and_leaves_the_application_its_time() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        wire.send(b"POST /slow HTTP/1.1\r\nHost: here\r\nContent-Length: 6\r\n\r\n123")
        await until(lambda: bool(site.app.asked))
        wire.send(b"456")
        await in_phase(site, Phase.BETWEEN)
        site.pass_time(WHOLE)
        assert await wire.is_silent()
        site.app.gate.set()
        assert (await wire.reply()).status == 200
        assert (await wire.ask(get("/next"))).status == 200


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        await until(lambda: bool(site.server.server_state.connections))
        site.pass_time(WHOLE)
        assert await wire.rest() == b""
        await site.nothing_is_left()


async def test_blank_lines_do_not_prolong_an_idle_connection() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        await until(lambda: bool(site.server.server_state.connections))
        site.pass_time(HALF)
        wire.send(b"\r\n")
        assert await wire.is_silent()
        site.pass_time(HALF)
        assert await wire.rest() == b""
        await site.nothing_is_left()


async def test_time_that_the_application_takes_is_not_the_clients() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        wire.send(get("/slow"))
        await until(lambda: bool(site.app.asked))
        site.pass_time(WHOLE)
        assert await wire.is_silent()
        site.app.gate.set()
        assert (await wire.reply()).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("X: " + "x" * 40_000 + "\r\n", id="one long line"),
        pytest.param("".join(f"X-{n}: {'x' * 900}\r\n" for n in range(50)), id="many lines"),
        pytest.param("x" * 40_000 + ": x\r\n", id="a long name"),
        pytest.param("X: y\r\n" * 101, id="too many lines"),
    ],
)
@pytest.mark.parametrize("path", ["/subscribe", "/2.0/events"])
async def test_a_head_beyond_the_limit_is_refused(site: Site, path: str, lines: str) -> None:
    async with site.client() as wire:
        wire.send(get(path, lines))
        await refused(wire, 431)
    assert not site.app.asked
    await site.nothing_is_left()


@pytest.mark.parametrize("begin", [b"X: ", b"X", b""], ids=["value", "name", "lines"])
async def test_a_head_without_end_is_refused_when_it_is_beyond_the_limit(
    site: Site, begin: bytes
) -> None:
    async with site.client() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: here\r\n", begin)
        piece = b"x" * 1000 if begin else b"X: y\r\n" * 20
        sent = 0
        await until(lambda: bool(site.server.server_state.connections))
        while site.connection._phase is not Phase.DEAF:
            wire.send(piece)
            sent += len(piece)
            await asyncio.sleep(0)
            assert sent < 1_000_000
        await refused(wire, 431)


async def test_a_trailer_without_end_is_refused(site: Site) -> None:
    async with site.client() as wire:
        wire.send(b"POST /body HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n")
        await until(lambda: bool(site.app.asked))
        wire.send(b"1\r\nx\r\n0\r\nX: ")
        for _ in range(500):
            wire.send(b"x" * 1000)
            await asyncio.sleep(0)
        await refused(wire, 431)
        await until(lambda: site.app.gone == 1)


async def test_a_client_that_goes_on_sending_still_learns_why_it_was_refused(site: Site) -> None:
    async with site.client() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: here\r\nX: ")
        for _ in range(2000):
            wire.send(b"x" * 1000)
            await asyncio.sleep(0)
        await refused(wire, 431)


async def test_a_large_head_within_the_limit_is_fine(site: Site) -> None:
    lines = "".join(f"X-{n}: {'x' * 900}\r\n" for n in range(30))
    async with site.parked_client(await site.poll(more=lines)) as wire:
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_a_long_url_is_refused(site: Site) -> None:
    async with site.client() as wire:
        wire.send(get("/subscribe?channel=" + "x" * 9000))
        await refused(wire, 414)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01", id="TLS on a plain port"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"GET / HTTP/1.1\nHost: here\n\n", id="bare line feeds"),
        pytest.param(b"GET /\xc3\xa9 HTTP/1.1\r\nHost: here\r\n\r\n", id="raw UTF-8"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: here\r\nX y\r\n\r\n", id="no colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: here\r\nA: b\r\n c\r\n\r\n", id="folded line"),
        pytest.param(b"CONNECT here:1 HTTP/1.1\r\nHost: here\r\n\r\n", id="CONNECT"),
        pytest.param(b"GET http://here HTTP/1.1\r\nHost: here\r\n\r\n", id="URL without a path"),
        pytest.param(b"GET http://here:x/ HTTP/1.1\r\nHost: here\r\n\r\n", id="bad authority"),
        pytest.param(b"GET /subscribe HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two hosts"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"
            b"\r\n1\r\nx\r\n0\r\n\r\n",
            id="two lengths",
        ),
    ],
)
async def test_what_cannot_be_understood_is_refused(site: Site, request_: bytes) -> None:
    async with site.client() as wire:
        wire.send(request_)
        await refused(wire, 400)
    assert not site.app.asked
    await site.nothing_is_left()


async def test_a_version_that_is_not_spoken_is_refused(site: Site) -> None:
    async with site.client() as wire:
        wire.send(b"GET /subscribe HTTP/2.0\r\nHost: here\r\n\r\n")
        await refused(wire, 505)


async def test_an_error_does_not_overtake_the_answers_before_it(site: Site) -> None:
    async with site.parked_client() as wire:
        wire.send(get("/after"), b"nonsense\r\n\r\n", get("/never"))
        assert await wire.is_silent()

        await site.change()

        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["asked"] == "GET /after"
        await refused(wire, 400)
    assert site.app.asked == ["GET /after"]


async def test_a_broken_url_behind_a_request_under_way_leaves_that_alone(site: Site) -> None:
    async with site.client() as wire:
        wire.send(get("/slow"))
        await until(lambda: bool(site.app.asked))
        wire.send(b"GET http://here:x/ HTTP/1.1\r\nHost: here\r\n\r\n")
        assert await wire.is_silent()
        assert site.app.gone == 0

        site.app.gate.set()

        assert (await wire.reply()).json["asked"] == "GET /slow"
        await refused(wire, 400)


async def test_an_application_whose_body_breaks_off_is_told(site: Site) -> None:
    async with site.client() as wire:
        wire.send(b"POST /body HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n")
        await until(lambda: bool(site.app.asked))
        wire.send(b"nonsense\r\n")
        await refused(wire, 400)
        await until(lambda: site.app.gone == 1)
    await site.nothing_is_left()


async def test_a_refused_client_that_does_not_close_is_closed() -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        wire.send(b"nonsense\r\n\r\n")
        await refused(wire, 400)
        site.pass_time(WHOLE)
        await site.nothing_is_left()


async def test_a_queued_request_whose_body_breaks_off_is_never_started(site: Site) -> None:
    async with site.parked_client() as wire:
        wire.send(b"POST /body HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n")
        wire.send(b"nonsense\r\n")
        await until(lambda: site.connection._phase is Phase.DEAF)
        await site.change()
        assert (await wire.reply()).message == "new_change"
        await refused(wire, 400)
    assert not site.app.asked


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_the_body_of_a_poll_is_read_and_dropped(site: Site, framing: str) -> None:
    body = b"x" * 1000
    if framing == "length":
        more, sent = f"Content-Length: {len(body)}\r\n", body
    else:
        more, sent = "Transfer-Encoding: chunked\r\n", b"3e8\r\n%b\r\n0\r\n\r\n" % body
    async with site.parked_client(await site.poll(more=more) + sent) as wire:
        await site.change()
        assert (await wire.reply()).message == "new_change"
        assert (await wire.ask(get("/after"))).json["asked"] == "GET /after"


async def test_a_long_body_of_a_poll_is_refused(site: Site) -> None:
    async with site.client() as wire:
        wire.send(await site.poll(more="Content-Length: 1000000\r\n"), b"x" * 70_000)
        await refused(wire, 413)
    assert site.parked == 0


async def test_a_client_that_asks_whether_to_send_its_body_is_told_to(site: Site) -> None:
    request = await site.poll(more="Content-Length: 4\r\nExpect: 100-continue\r\n")
    async with site.client() as wire:
        wire.send(request)
        assert await wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(b"body")
        await until(lambda: site.parked == 1)
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_a_client_that_reads_no_answers_is_not_read_itself(site: Site) -> None:
    """Refusals are written at once: without a bound they would pile up in memory."""
    async with site.client() as wire:
        wire.stop_reading()
        request = get("/subscribe?channel=x")
        await until(lambda: bool(site.server.server_state.connections))
        connection = site.connection
        # So little room that all requests have come before there is none: a system that has none
        # for answers may drop those of TCP itself, and then gets nothing through, either.
        wire.take_little()
        connection.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 1)
        wire.send(request * 1100)
        await until(lambda: bool(connection._backlog))
        assert connection.transport.get_write_buffer_size() < 1_000_000
        assert len(connection._backlog) < 1_000_000


async def test_an_application_that_listens_does_not_let_more_in(site: Site) -> None:
    """uvicorn reads on whenever an application waits for a body, or for a disconnect."""
    async with site.client() as wire:
        wire.send(get("/slow"))
        await until(lambda: bool(site.app.asked))
        connection = site.connection
        for _ in range(1000):
            wire.send(get("/after") * 200)
            await asyncio.sleep(0)
        await until(lambda: bool(connection._backlog))
        held = len(connection._backlog)
        for _ in range(50):
            connection.flow.resume_reading()
            await asyncio.sleep(0)
        assert len(connection._backlog) == held < 1_000_000


@pytest.mark.parametrize("more", ["", "Connection: close\r\n"], ids=["kept", "closed"])
async def test_a_client_that_does_not_read_its_answers_is_cut_off(more: str) -> None:
    async with serving(limits=IMPATIENT) as site, site.client() as wire:
        wire.stop_reading()
        wire.send(*[get("/large")] * 10, get("/large", more))
        await until(lambda: bool(site.app.asked))

        def is_cut_off() -> bool:
            site.pass_time(HALF)
            return not site.server.server_state.connections

        await until(is_cut_off)
        await site.nothing_is_left()


async def test_a_client_that_reads_slowly_is_not_cut_off() -> None:
    """It takes several times as long as it may be idle."""
    async with (
        serving(limits=Limits(stalled_time=60), timeout_keep_alive=120) as site,
        site.client(limit=10_000) as wire,
    ):
        wire.send(*[get("/large")] * 10)
        for _ in range(10):
            read = 0
            await wire.until(b"\r\n\r\n")
            while read < 1_000_000:
                some = await wire.some(min(10_000, 1_000_000 - read))
                assert some
                read += len(some)
                site.pass_time(0.3)  # the rhythm of a slow reader
        assert len(site.app.asked) == 10


async def test_too_many_polls_are_refused_before_any_work() -> None:
    async with (
        serving(limits=Limits(parked=1)) as site,
        site.parked_client() as first,
        site.client() as second,
    ):
        reply = await second.ask(await site.poll(channel="not-looked-at"))
        assert reply.status == 503
        assert int(reply.headers["retry-after"]) >= 1
        assert reply.json["type"] == "error"
        assert (await second.ask(get("/after"))).status == 200

        await site.change()
        assert (await first.reply()).message == "new_change"
        second.send(await site.poll())
        await until(lambda: site.parked == 1)
        assert site.tally.ends == [Ended.REFUSED, Ended.NEW_CHANGE]


async def test_the_default_limit_leaves_files_for_others() -> None:
    assert 0 < Limits().parked < 10_000_000


@pytest.mark.parametrize("target", ["/2.0/events", "/subscribe", "/elsewhere"])
async def test_a_refusal_has_an_id_of_its_own(site: Site, target: str) -> None:
    ids = set()
    for _ in range(2):
        async with site.client() as wire:
            wire.send(get(target, "X: " + "x" * 40_000 + "\r\n"))
            reply = await wire.reply()
            assert reply.headers["box-request-id"] == reply.json["request_id"]
            ids.add(reply.json["request_id"])
    assert len(ids - {""}) == 2


async def test_a_refusal_of_a_native_request_has_the_native_form(site: Site) -> None:
    async with site.client() as wire:
        wire.send(get("/v1/changes", "X: " + "x" * 40_000 + "\r\n"))
        reply = await wire.reply()
    assert reply.status == 431
    assert reply.json["error"]["code"] == "headers_too_large"
    assert reply.json["error"]["request_id"]


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/2/files/list_folder/longpoll", "Error in call to API function: The headers of this "),
        ("/1/longpoll_delta", '{"error":"The headers of this request are too large"}'),
    ],
)
async def test_a_refusal_of_a_dropbox_client_has_the_form_of_its_version(
    site: Site, target: str, body: str
) -> None:
    async with site.client() as wire:
        wire.send(get(target, "X: " + "x" * 40_000 + "\r\n"))
        reply = await wire.reply()
    assert reply.status == 431
    assert reply.body.decode().startswith(body)
    assert reply.headers["x-dropbox-request-id"]
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_a_poll_that_is_refused_is_told_an_id(site: Site) -> None:
    async with site.client() as wire:
        reply = await wire.ask((await site.poll()).replace(b"GET", b"DELETE", 1))
    assert reply.status == 405
    assert reply.json["request_id"]
