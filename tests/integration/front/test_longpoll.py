"""What a Dropbox long poll is answered, on the wire (dropbox.md 2.4, 3.6)."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.integration.front.site import Noted, Reply, Site, Tally, Wire, fails_first, until
from tests.model.world import at_once, by_id
from wakeful.core import accounts
from wakeful.core.changes import Trash
from wakeful.core.cursors import Cursor, Scope
from wakeful.core.people import Role, User
from wakeful.core.view import begin, latest
from wakeful.dialects.dropbox.cursors import sealed
from wakeful.http.dropbox import poll as dropbox_poll
from wakeful.http.dropbox.poll import LONGPOLL_PATH, LongPollPoll
from wakeful.http.front.poll import Ended
from wakeful.http.reading import read

BAD = 'Error in call to API function "files/list_folder/longpoll": '


class Dropbox:
    """Ann's cursors, and polls with them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.world = site.world

    def cursor(
        self, path: str = "", *, user: User | None = None, recursive: bool = True, epoch: int = 1
    ) -> str:
        """The cursor of the present state."""
        user = user or self.world.ann
        grant = self.site.grant if user is self.world.ann else self.site.grant_for(user)
        scope = Scope(path, recursive=recursive)
        first: Cursor = self._read(begin(user.id, grant, epoch, scope))
        return sealed(self.site.access.seal, self._read(latest(first)))

    def _read(self, steps: Any) -> Any:
        return at_once(read(self.world.store, steps))

    @staticmethod
    def poll(cursor: str, timeout: int | None = 30, more: str = "") -> bytes:
        argument: dict[str, Any] = {"cursor": cursor}
        if timeout is not None:
            argument["timeout"] = timeout
        return post(json.dumps(argument).encode(), more)

    @asynccontextmanager
    async def waiting(self, poll: bytes) -> Any:
        """A client whose poll is parked, and whose cursor has been looked at."""
        before = self.site.journals.waiting
        async with self.site.parked_client(poll) as wire:
            await until(lambda: self.site.journals.waiting == before + 1)
            await until(lambda: self.site.journals.is_settled)
            yield wire


def post(body: bytes, more: str = "", media: str = "application/json") -> bytes:
    head = f"POST {LONGPOLL_PATH} HTTP/1.1\r\nHost: here\r\n"
    head += f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


async def answer(wire: Wire) -> Any:
    reply = await wire.reply()
    assert reply.status == 200, reply
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["access-control-allow-origin"] == "*"
    return reply.json


async def refused(site: Site, request: bytes) -> Reply:
    async with site.client() as wire:
        reply = await wire.ask(request)
    assert site.tally.ends == [Ended.REFUSED]
    return reply


@pytest.fixture
def dropbox(site: Site) -> Dropbox:
    return Dropbox(site)


async def test_who_has_read_everything_waits_for_the_next_change(
    site: Site, dropbox: Dropbox
) -> None:
    async with dropbox.waiting(dropbox.poll(dropbox.cursor())) as wire:
        assert await wire.is_silent()
        site.world.file("a.txt")
        assert await answer(wire) == {"changes": True}
    assert site.tally.latencies
    await site.nothing_is_left()


async def test_who_is_behind_is_answered_at_once(site: Site, dropbox: Dropbox) -> None:
    cursor = dropbox.cursor()
    site.world.file("a.txt")
    async with site.client() as wire:
        wire.send(dropbox.poll(cursor))
        assert await answer(wire) == {"changes": True}


async def test_p6_a_change_elsewhere_wakes_nobody(site: Site, dropbox: Dropbox) -> None:
    """Dropbox itself wakes for every change: its users' oldest complaint."""
    site.world.folder("mine/deep")
    site.world.folder("other")
    deep = dropbox.poll(dropbox.cursor("mine"))
    shallow = dropbox.poll(dropbox.cursor("mine", recursive=False))
    async with dropbox.waiting(deep) as all_below, dropbox.waiting(shallow) as directly:
        site.world.file("other/a.txt")
        site.world.file("mine.txt")
        assert await all_below.is_silent()
        site.world.file("mine/deep/a.txt")
        assert await answer(all_below) == {"changes": True}
        assert await directly.is_silent()
        site.world.file("mine/a.txt")
        assert await answer(directly) == {"changes": True}
    await site.nothing_is_left()


async def test_p6_a_cursor_that_is_behind_only_elsewhere_waits(
    site: Site, dropbox: Dropbox
) -> None:
    site.world.folder("mine")
    cursor = dropbox.cursor("mine")
    site.world.file("other.txt")
    for _ in range(2):  # the same cursor comes again after each timeout
        async with dropbox.waiting(dropbox.poll(cursor)) as wire:
            assert await wire.is_silent()
        await until(lambda: not site.parked)
    site.world.file("mine/a.txt")
    async with site.client() as wire:
        wire.send(dropbox.poll(cursor))
        assert await answer(wire) == {"changes": True}


async def test_joining_changing_and_leaving_a_shared_namespace_wake(
    site: Site, dropbox: Dropbox
) -> None:
    world = site.world
    team = world.shared(world.ann, "Team")
    async with dropbox.waiting(dropbox.poll(dropbox.cursor(user=world.bob))) as wire:
        world.file("before.txt", namespace=team)
        assert await wire.is_silent()
        world.commit(accounts.add_member(team, world.bob.id, Role.VIEWER))
        assert await answer(wire) == {"changes": True}
    async with dropbox.waiting(dropbox.poll(dropbox.cursor(user=world.bob))) as wire:
        world.file("after.txt", namespace=team)
        assert await answer(wire) == {"changes": True}
    inside = dropbox.poll(dropbox.cursor("team", user=world.bob))
    async with dropbox.waiting(inside) as wire:
        world.commit(accounts.remove_member(team, world.bob.id))
        assert await answer(wire) == {"changes": True}
    await site.nothing_is_left()


async def test_a_folder_that_goes_wakes_so_that_continue_can_say_so(
    site: Site, dropbox: Dropbox
) -> None:
    folder = site.world.folder("mine")
    for recursive in (True, False):
        cursor = dropbox.cursor("mine", recursive=recursive)
        async with dropbox.waiting(dropbox.poll(cursor)) as wire:
            site.world.do(Trash(item=by_id(folder)))
            assert await answer(wire) == {"changes": True}
        folder = site.world.folder("mine")


async def test_a_token_is_not_looked_at(site: Site, dropbox: Dropbox) -> None:
    """v1 SDKs send one here, and Dropbox answered 400 (dropbox-sdk-java#35)."""
    more = "Authorization: Bearer nonsense\r\n"
    async with dropbox.waiting(dropbox.poll(dropbox.cursor(), more=more)) as wire:
        site.world.file("a.txt")
        assert await answer(wire) == {"changes": True}


async def test_a_poll_ends_without_changes_when_its_time_is_over(
    site: Site, dropbox: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropbox_poll, "parse_timeout", lambda _: 0)
    async with site.client() as wire:
        wire.send(dropbox.poll(dropbox.cursor()))
        assert await answer(wire) == {"changes": False}
    assert site.tally.ends == [Ended.RECONNECT]


@pytest.mark.parametrize(("seconds", "jitter"), [(30, 3), (60, 6), (480, 10)])
async def test_a_poll_waits_for_its_timeout_and_a_little_more(
    site: Site, dropbox: Dropbox, monkeypatch: pytest.MonkeyPatch, seconds: int, jitter: int
) -> None:
    """Clients give up 90 s after the timeout, and old ones at 60 s in all (dropbox.md 3)."""
    bounds: list[tuple[float, float]] = []

    def most(low: float, high: float) -> float:
        bounds.append((low, high))
        return high

    monkeypatch.setattr("random.uniform", most)
    site.front.polls.wheel.now = lambda: 1000.0  # the same at each look
    async with dropbox.waiting(dropbox.poll(dropbox.cursor(), timeout=seconds)):
        (poll,) = site.front.polls.waiting()
        assert isinstance(poll, LongPollPoll)
        assert bounds == [(0, jitter)]
        assert poll.until - poll.begun == seconds + jitter


async def test_a_long_wait_begins_early_and_is_kept_alive_by_blanks(
    site: Site, dropbox: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropbox_poll, "BEAT_SECONDS", 0.05)
    async with dropbox.waiting(dropbox.poll(dropbox.cursor(), timeout=480)) as wire:
        head = await wire.until(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert b"Access-Control-Allow-Origin: *" in head
        assert (await wire.until(b"\r\n \r\n1\r\n \r\n")).strip(b"1 \r\n") == b""
        site.world.file("a.txt")
        rest = await wire.until(b"0\r\n\r\n")
        assert b'{"changes":true}' in rest


async def test_what_cannot_be_said_any_more_is_left_to_continue(
    site: Site, dropbox: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropbox_poll, "BEAT_SECONDS", 0.05)
    async with dropbox.waiting(dropbox.poll(dropbox.cursor(), timeout=480)) as wire:
        await wire.until(b"\r\n\r\n")
        await site.access.revoke_grant(site.grant)
        assert b'{"changes":true}' in await wire.until(b"0\r\n\r\n")


async def test_p7_a_poll_that_fails_keeps_no_other_from_ending_with_its_grant(
    site: Site, dropbox: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = dropbox.poll(dropbox.cursor())
    async with dropbox.waiting(request), dropbox.waiting(request):
        fails_first(monkeypatch, Tally, "ended")
        await site.access.revoke_grant(site.grant)
        assert site.tally.ends == [Ended.REVOKED]


async def test_p7_revoking_a_grant_ends_its_polls_at_once_and_no_others(
    site: Site, dropbox: Dropbox
) -> None:
    bobs = dropbox.poll(dropbox.cursor(user=site.world.bob))
    cursor = dropbox.cursor()
    async with dropbox.waiting(dropbox.poll(cursor)) as mine, dropbox.waiting(bobs) as other:
        await site.access.revoke_grant(site.grant)
        reply = await mine.reply()
        assert reply.status == 401
        assert reply.json["error"] == {".tag": "invalid_access_token"}
        assert await other.is_silent()
    async with site.client() as wire:
        assert (await wire.ask(dropbox.poll(cursor))).status == 401


async def test_a_grant_that_is_not_known_yet_is_looked_up(site: Site, dropbox: Dropbox) -> None:
    fresh = dropbox.cursor(user=site.world.bob)
    async with dropbox.waiting(dropbox.poll(fresh)) as wire:
        assert await wire.is_silent()


async def test_a_poll_whose_grant_has_to_be_looked_up_anew_goes_on(
    site: Site, dropbox: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the store did not answer while what a grant is worth was read again."""
    async with dropbox.waiting(dropbox.poll(dropbox.cursor())) as wire:
        known = site.access.may_follow
        monkeypatch.setattr(site.access, "may_follow", lambda grant, user: None)
        for heard in site.access._withdrawn:
            heard()
            heard()
        monkeypatch.setattr(site.access, "may_follow", known)
        await until(lambda: site.journals.waiting == 1 and site.journals.is_settled)
        assert await wire.is_silent()
        site.world.file("a.txt")
        assert await answer(wire) == {"changes": True}
    await site.nothing_is_left()


async def test_a_server_that_stops_says_so_without_an_error(site: Site, dropbox: Dropbox) -> None:
    cursor = dropbox.cursor()
    async with dropbox.waiting(dropbox.poll(cursor)) as wire:
        await site.front.drain(0)
        told = await answer(wire)
        assert told["changes"] is False
        assert 2 <= told["backoff"] <= 10
    assert site.tally.ends == [Ended.DRAIN]


async def test_p10_behind_a_successor_nobody_waits(site: Site, dropbox: Dropbox) -> None:
    async with dropbox.waiting(dropbox.poll(dropbox.cursor())) as wire:
        await site.front.drain(0, has_successor=True)
        assert await answer(wire) == {"changes": False}


@pytest.mark.parametrize("text", ["foo", "", "ä", "=", "A" * 300])
async def test_a_cursor_that_is_not_ours_is_a_bad_call(
    site: Site, dropbox: Dropbox, text: str
) -> None:
    reply = await refused(site, dropbox.poll(text))
    assert reply.status == 400
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.body.decode() == BAD + f"Invalid \"cursor\" parameter: '{text[:200]}'"


async def test_p7_a_cursor_with_any_character_changed_is_none(site: Site, dropbox: Dropbox) -> None:
    cursor = dropbox.cursor()
    async with site.client() as wire:
        for place, letter in enumerate(cursor):
            changed = cursor[:place] + ("A" if letter != "A" else "B") + cursor[place + 1 :]
            assert (await wire.ask(dropbox.poll(changed))).status == 400


async def test_p9_a_cursor_of_another_epoch_is_reset(site: Site, dropbox: Dropbox) -> None:
    reply = await refused(site, dropbox.poll(dropbox.cursor(epoch=2)))
    assert reply.status == 409
    assert reply.json == {"error_summary": "reset/..", "error": {".tag": "reset"}}


@pytest.mark.parametrize(
    ("body", "about"),
    [
        (b"{", "request body: could not decode input as JSON"),
        (b'{"cursor": "x", "y": ' + b"[" * 3000, "request body: could not decode input as JSON"),
        (b"{}", "request body: object missing required field `cursor`"),
        (b'{"cursor": 5}', "request body: cursor: expected `str`, got `int`"),
        (b'{"cursor": "x", "timeout": 29}', "request body: timeout: 29 is not in 30..480"),
        (b'{"cursor": "x", "timeout": 481}', "request body: timeout: 481 is not in 30..480"),
        (
            b'{"cursor": "x", "timeout": "30"}',
            "request body: timeout: expected `int`, got `str`",
        ),
    ],
)
async def test_an_argument_that_makes_no_sense_is_a_bad_call(
    site: Site, body: bytes, about: str
) -> None:
    reply = await refused(site, post(body))
    assert reply.status == 400
    assert reply.body.decode() == BAD + about


async def test_a_body_that_is_not_said_to_be_json_is_a_bad_call(site: Site) -> None:
    reply = await refused(site, post(b"{}", media="text/plain"))
    assert reply.status == 400
    assert reply.body.decode().startswith(BAD + 'Bad HTTP "Content-Type" header: "text/plain"')


async def test_a_get_is_refused(site: Site) -> None:
    reply = await refused(site, f"GET {LONGPOLL_PATH} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    assert reply.status == 405
    assert reply.headers["allow"] == "POST, OPTIONS"
    assert reply.body.decode() == BAD + "this function takes POST only"


async def test_browsers_may_poll_from_any_page(site: Site) -> None:
    """Dropbox answered 501 to what they ask first (dropbox-sdk-js#85)."""
    asked = f"OPTIONS {LONGPOLL_PATH} HTTP/1.1\r\nHost: here\r\nOrigin: https://x\r\n\r\n"
    async with site.client() as wire:
        reply = await wire.ask(asked.encode())
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "Content-Type" in reply.headers["access-control-allow-headers"]


async def test_a_server_that_is_full_says_when_to_come_back(site: Site, dropbox: Dropbox) -> None:
    site.front.polls.limit = 1
    async with dropbox.waiting(dropbox.poll(dropbox.cursor())), site.client() as wire:
        wire.send(dropbox.poll(dropbox.cursor()))
        told = await answer(wire)
    assert told["changes"] is False
    assert told["backoff"] >= 10


@pytest.fixture
def brake(site: Site, monkeypatch: pytest.MonkeyPatch) -> Noted:
    monkeypatch.setattr(dropbox_poll, "_HOT_SECONDS", 600)  # however late it is woken
    site.longpolls.brake = brake = Noted()
    return brake


async def ask_again_and_again(site: Site, poll: bytes, brake: Noted) -> None:
    """With one cursor that is answered at once: later and later."""
    async with site.client() as wire:
        times = []
        for _ in range(3):
            began = time.monotonic()
            wire.send(poll)
            assert await answer(wire) == {"changes": True}
            times.append(time.monotonic() - began)
    assert brake.pauses == [0.0, 0.1, 0.2]
    assert all(took >= pause for took, pause in zip(times, brake.pauses, strict=True))


async def test_a_reader_who_does_not_get_on_is_slowed(
    site: Site, dropbox: Dropbox, brake: Noted
) -> None:
    cursor = dropbox.cursor()
    site.world.file("a.txt")
    await ask_again_and_again(site, dropbox.poll(cursor), brake)


async def test_p6_a_reader_whose_path_leads_elsewhere_is_slowed_too(
    site: Site, dropbox: Dropbox, brake: Noted
) -> None:
    team = site.world.shared(site.world.ann, "Team")
    site.world.commit(accounts.add_member(team, site.world.bob.id, Role.VIEWER))
    cursor = dropbox.cursor("team", user=site.world.bob)
    site.world.commit(accounts.remove_member(team, site.world.bob.id))
    await ask_again_and_again(site, dropbox.poll(cursor), brake)


async def test_a_client_that_goes_away_leaves_nothing(site: Site, dropbox: Dropbox) -> None:
    site.world.folder("mine")
    for path in ("", "mine"):
        async with dropbox.waiting(dropbox.poll(dropbox.cursor(path))) as wire:
            wire.abort()
        await site.nothing_is_left()
