"""Requests with a body that are answered in the place of the app."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.integration.front.site import Site, get, serving, until
from wakeful.http.front.intake import Phase
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Answer, Request, Taking


class Desk:
    """Takes on what comes, and answers when it is told to."""

    def __init__(self, site: Site) -> None:
        self.is_open = True  # whether it takes on anything
        self.is_able = True  # whether it begins what it took on
        self.sizes: list[int] = []
        self.taken: list[Note] = []
        site.front.routing.take("POST", "/body", self.take)

    def take(self, request: Request, size: int) -> Taking | None:
        self.sizes.append(size)
        if not self.is_open:
            return None
        self.taken.append(Note(self))
        return self.taken[-1]

    async def begun(self, count: int = 1) -> Note:
        await until(lambda: sum(note.body is not None for note in self.taken) == count)
        return self.taken[-1]


class Note(Taking):
    """One request."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.body: bytes | None = None
        self.is_drained = self.is_lost = False

    def begin(self, body: bytes) -> bool:
        self.body = body
        return self.desk.is_able

    def drain(self) -> None:
        self.is_drained = True

    def lost(self) -> None:
        self.is_lost = True
        self.line = None

    def answer(self) -> None:
        line, self.line = self.line, None
        assert line is not None
        line.answer(Answer(200, b'"taken"'))


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def post(body: bytes, more: str = "") -> bytes:
    head = f"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
async def test_a_body_is_taken_on_in_the_place_of_the_app_however_it_comes(
    site: Site, desk: Desk, pieces: int
) -> None:
    async with site.client() as wire:
        for number in range(1, 3):
            request = post(b"x" * 40)
            step = max(1, len(request) // pieces)
            for start in range(0, len(request), step):
                wire.send(request[start : start + step])
                await asyncio.sleep(0)
            note = await desk.begun(number)
            assert note.body == b"x" * 40
            note.answer()
            assert (await wire.reply()).body == b'"taken"'
        assert (await wire.ask(get("/after"))).json["asked"] == "GET /after"
    assert desk.sizes == [40, 40]
    assert site.app.asked == ["GET /after"]
    await site.nothing_is_left()


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
async def test_a_shortcut_is_asked_when_the_body_is_there_however_it_comes(
    site: Site, pieces: int
) -> None:
    asked: list[bytes] = []

    def shortcut(request: Request) -> Answer | None:
        asked.append(request.body)
        return None if request.body == b"for the app" else Answer(200, b'"at once"')

    site.front.routing.shortcut("POST", "/body", shortcut)
    async with site.client() as wire:
        for body in (b"x" * 40, b"for the app", b"y" * 40):
            request = post(body)
            step = max(1, len(request) // pieces)
            for start in range(0, len(request), step):
                wire.send(request[start : start + step])
                await asyncio.sleep(0)
            reply = await wire.reply()
            if body == b"for the app":
                assert reply.json == {"asked": "POST /body", "size": len(body)}
            else:
                assert reply.body == b'"at once"'
        wire.send(post(b"first"), get("/second"), post(b"third"), await site.poll())
        assert (await wire.reply()).body == b'"at once"'
        assert (await wire.reply()).json["asked"] == "GET /second"
        await wire.reply()
        await until(lambda: site.parked == 1)
        await site.change()
        assert (await wire.reply()).message == "new_change"
    assert asked[:3] == [b"x" * 40, b"for the app", b"y" * 40], "each once"
    await site.nothing_is_left()


async def test_a_body_that_does_not_come_to_its_end_reaches_no_shortcut(site: Site) -> None:
    asked: list[Request] = []

    def shortcut(request: Request) -> Answer | None:
        asked.append(request)
        return None

    site.front.routing.shortcut("POST", "/body", shortcut)
    async with site.client() as wire:
        wire.send(post(b"x" * 40)[:-1])
    await site.nothing_is_left()
    assert asked == []


async def test_a_long_body_is_kept_for_no_shortcut(site: Site) -> None:
    def shortcut(request: Request) -> Answer | None:
        raise AssertionError("it is not asked")

    site.front.routing.shortcut("POST", "/body", shortcut)
    async with site.client() as wire:
        request = post(b"x" * 5000)
        wire.send(request[:-1])
        await until(lambda: site.app.asked == ["POST /body"])
        wire.send(request[-1:])
        assert (await wire.reply()).json == {"asked": "POST /body", "size": 5000}
    await site.nothing_is_left()


async def test_what_is_sent_behind_it_waits_for_its_turn(site: Site, desk: Desk) -> None:
    async with site.client() as wire:
        wire.send(post(b"first"), get("/second"), post(b"third"), await site.poll())
        note = await desk.begun()
        assert await wire.is_silent()
        assert site.app.asked == []

        note.answer()

        assert (await wire.reply()).body == b'"taken"'
        assert (await wire.reply()).json["asked"] == "GET /second"
        assert (await wire.reply()).json == {"asked": "POST /body", "size": 5}
        await until(lambda: site.parked == 1)
        await site.change()
        assert (await wire.reply()).message == "new_change"
    assert len(desk.taken) == 1, "what comes while another is under way is the app's"
    await site.nothing_is_left()


async def test_what_is_not_taken_on_is_the_app_s(site: Site, desk: Desk) -> None:
    whole = {"asked": "POST /body", "size": 5}
    async with site.client() as wire:
        desk.is_open = False
        assert (await wire.ask(post(b"12345"))).json == whole
        desk.is_open = True
        chunked = b"POST /body HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await wire.ask(chunked, b"5\r\n12345\r\n0\r\n\r\n")).json == whole
        assert (await wire.ask(post(b""))).json == whole | {"size": 0}
        wire.send(post(b"12345", "Expect: 100-continue\r\n"))
        assert await wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await wire.reply()).json == whole
        long = b"x" * (Limits().body + 1)
        assert (await wire.ask(post(long))).json == whole | {"size": len(long)}
    assert not desk.taken


@pytest.mark.parametrize("ends", ["", "Connection: close\r\n"])
async def test_what_turns_out_to_be_the_app_s_reaches_it_whole(
    site: Site, desk: Desk, ends: str
) -> None:
    desk.is_able = False
    async with site.client() as wire:
        wire.send(post(b"12345", ends)[:-2])
        await until(lambda: len(desk.taken) == 1)
        wire.send(b"45")
        assert (await wire.reply()).json == {"asked": "POST /body", "size": 5}
        (scope,) = site.app.scopes
        assert (scope["path"], scope["method"]) == ("/body", "POST")
        assert dict(scope["headers"])[b"content-length"] == b"5"
        if ends:
            assert await wire.rest() == b""
        else:
            assert (
                await wire.ask(
                    post(b"123"),
                )
            ).json == {"asked": "POST /body", "size": 3}
    assert not any(note.is_lost for note in desk.taken)
    await site.nothing_is_left()


async def test_a_shortcut_that_fails_leaves_the_body_to_the_app(site: Site) -> None:
    class Broken(Taking):
        def begin(self, body: bytes) -> bool:
            raise ValueError("a bug")

    def broken(request: Request, size: int) -> Taking | None:
        if size > 5:
            raise ValueError("a bug")
        return Broken()

    site.front.routing.take("POST", "/body", broken)
    async with site.client() as wire:
        for size in (5, 6):
            with capture_logs() as said:
                reply = await wire.ask(post(b"x" * size))
            assert reply.json == {"asked": "POST /body", "size": size}
            assert [line["event"] for line in said] == ["shortcut failed"]


@pytest.mark.parametrize("at", [0, 30])
@pytest.mark.parametrize(
    "lines",
    [
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 6\r\n",
        "Content-Length : 5\r\n",
        "X: a\r\n folded\r\n",
        "X: a\0b\r\n",
        "X: a\nTransfer-Encoding: chunked\r\n",
    ],
)
async def test_of_what_two_could_read_in_two_ways_nothing_is_done(
    site: Site, desk: Desk, lines: str, at: int
) -> None:
    request = post(b"0\r\n\r\n", lines) + get("/smuggled")
    async with site.client() as wire:
        wire.send(request[:at])
        await asyncio.sleep(0)
        wire.send(request[at:])
        answers = await wire.rest()
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert answers.count(b"HTTP/1.1 ") == 1
    assert not any(note.body is not None for note in desk.taken)
    assert site.app.asked == []
    await site.nothing_is_left()


@pytest.mark.parametrize("part", [b"", b"123"])
async def test_a_client_that_goes_away_over_its_body_is_noticed(
    site: Site, desk: Desk, part: bytes
) -> None:
    async with site.client() as wire:
        wire.send(post(b"12345")[:-5] + part)
        await until(lambda: len(desk.taken) == 1)
        wire.abort()
        await until(lambda: desk.taken[0].is_lost)
    assert desk.taken[0].body is None
    await site.nothing_is_left()


async def test_a_client_that_goes_away_before_its_answer_is_noticed(site: Site, desk: Desk) -> None:
    async with site.client() as wire:
        wire.send(post(b"12345"))
        note = await desk.begun()
        wire.abort()
        await until(lambda: note.is_lost)
    await site.nothing_is_left()


async def test_a_body_has_the_time_of_one_that_the_app_reads() -> None:
    async with serving(limits=Limits(head_time=5)) as site:
        desk = Desk(site)
        async with site.client() as wire:
            wire.send(post(b"12345")[:-2])
            await until(lambda: bool(site.server.server_state.connections))
            await until(lambda: site.connection._phase is Phase.BODY)
            site.pass_time(10)
            assert await wire.is_silent()
            wire.send(b"45")
            (await desk.begun()).answer()
            assert (await wire.reply()).status == 200


async def test_a_body_has_its_time_though_its_head_came_in_pieces() -> None:
    async with serving(limits=Limits(head_time=5)) as site:
        desk = Desk(site)
        async with site.client() as wire:
            request = post(b"12345")
            wire.send(request[:10])
            await until(lambda: site.connection.due)
            await until(lambda: site.connection.parser is not None)
            wire.send(request[10:-2])
            await until(lambda: site.connection._phase is Phase.BODY)
            site.pass_time(10)
            assert await wire.is_silent()
            wire.send(b"45")
            (await desk.begun()).answer()
            assert (await wire.reply()).status == 200


async def test_a_body_that_takes_too_long_is_refused() -> None:
    async with serving(limits=Limits(body_time=5)) as site:
        desk = Desk(site)
        async with site.client() as wire:
            wire.send(post(b"12345")[:-2])
            await until(lambda: bool(site.server.server_state.connections))
            await until(lambda: site.connection._phase is Phase.BODY)
            site.pass_time(10)
            assert (await wire.reply()).status == 408
            assert await wire.rest() == b""
        assert [note.is_lost for note in desk.taken] == [True]
        await site.nothing_is_left()


async def test_what_breaks_off_in_a_body_is_refused(site: Site, desk: Desk) -> None:
    async with site.client() as wire:
        wire.send(post(b"12345"), b"no request\r\n\r\n")
        (await desk.begun()).answer()
        assert (await wire.reply()).status == 200
        assert (await wire.reply()).status == 400
        assert await wire.rest() == b""


@pytest.mark.parametrize("ends", ["", "Connection: close\r\n"])
async def test_a_connection_that_shall_end_ends_behind_the_answer(
    site: Site, desk: Desk, ends: str
) -> None:
    async with site.client() as wire:
        wire.send(post(b"12345", ends))
        note = await desk.begun()
        if not ends:
            site.server.should_exit = True
            await until(lambda: note.is_drained)
        note.answer()
        reply = await wire.reply()
        assert (reply.body, reply.headers["connection"]) == (b'"taken"', "close")
        assert await wire.rest() == b""


@pytest.mark.parametrize("is_able", [True, False])
async def test_a_body_that_is_on_its_way_is_waited_for_by_a_server_that_stops(
    site: Site, desk: Desk, is_able: bool
) -> None:
    desk.is_able = is_able
    async with site.client() as wire, site.client() as idle:
        wire.send(post(b"12345")[:-2])
        await until(lambda: len(desk.taken) == 1)
        site.server.should_exit = True
        assert await idle.rest() == b"", "the server has begun to stop"
        wire.send(b"45")
        note = await desk.begun()
        if is_able:
            note.answer()
        reply = await wire.reply()
        assert reply.status == 200
        assert reply.headers["connection"] == "close"
        assert await wire.rest() == b""
    assert site.app.asked == ([] if is_able else ["POST /body"])


async def test_nothing_comes_behind_an_answer_that_ends_the_connection(
    site: Site, desk: Desk
) -> None:
    async with site.client() as wire:
        wire.send(post(b"12345", "Connection: close\r\n"))
        note = await desk.begun()
        wire.send(b"x" * (Limits().head + 1))
        await until(lambda: bool(site.connection.pipeline))
        note.answer()
        assert (await wire.reply()).body == b'"taken"'
        assert await wire.rest() == b""
    await site.nothing_is_left()


async def test_an_idle_connection_is_closed_behind_it() -> None:
    async with serving(timeout_keep_alive=0) as site:
        desk = Desk(site)
        async with site.client() as wire:
            wire.send(post(b"12345"))
            (await desk.begun()).answer()
            assert (await wire.reply()).status == 200
            assert await wire.rest() == b""
