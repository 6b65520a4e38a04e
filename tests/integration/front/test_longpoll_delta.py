"""What a long poll of version 1 is answered, on the wire (dropbox.md 1.3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.integration.front.site import Reply, Site, until
from tests.integration.front.test_longpoll import Dropbox, answer, refused
from tests.model.world import at_once, by_id
from wakeful.core.changes import Trash
from wakeful.core.cursors import Scope, pack
from wakeful.core.view import begin, latest
from wakeful.dialects.dropbox.v1.deltas import PURPOSE, sealed
from wakeful.http.dropbox.v1 import poll as dropbox_v1_poll
from wakeful.http.dropbox.v1.poll import LONGPOLL_DELTA_PATH
from wakeful.http.front.poll import Ended
from wakeful.http.reading import read


class Core(Dropbox):
    """Ann's cursors of version 1, and polls with them."""

    def delta_cursor(self, path: str = "", *, epoch: int = 1, media: bool = False) -> str:
        """The cursor of the present state."""
        scope = Scope(path, media=media)
        store = self.world.store
        first = at_once(read(store, begin(self.world.ann.id, self.site.grant, epoch, scope)))
        return sealed(self.site.access.seal, at_once(read(store, latest(first))))


def get(more: str = "", **params: Any) -> bytes:
    target = f"{LONGPOLL_DELTA_PATH}?{urlencode(params)}"
    return f"GET {target} HTTP/1.1\r\nHost: here\r\n{more}\r\n".encode()


def is_error(reply: Reply, status: int, text: str) -> None:
    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.json == {"error": text}


@pytest.fixture
def core(site: Site) -> Core:
    return Core(site)


async def test_who_has_read_everything_waits_for_the_next_change(site: Site, core: Core) -> None:
    async with core.waiting(get(cursor=core.delta_cursor())) as wire:
        assert await wire.is_silent()
        site.world.file("a.txt")
        assert await answer(wire) == {"changes": True}
    await site.nothing_is_left()


async def test_who_is_behind_is_answered_at_once(site: Site, core: Core) -> None:
    cursor = core.delta_cursor()
    site.world.file("a.txt")
    async with site.client() as wire:
        wire.send(get(cursor=cursor, timeout=480))
        assert await answer(wire) == {"changes": True}


async def test_a_prefix_that_is_not_there_yet_can_be_waited_for(site: Site, core: Core) -> None:
    async with core.waiting(get(cursor=core.delta_cursor("docs"))) as wire:
        site.world.file("other.txt")
        assert await wire.is_silent()
        folder = site.world.folder("docs")
        assert await answer(wire) == {"changes": True}
    async with core.waiting(get(cursor=core.delta_cursor("docs"))) as wire:
        site.world.do(Trash(item=by_id(folder)))
        assert await answer(wire) == {"changes": True}


async def test_a_token_is_not_looked_at(site: Site, core: Core) -> None:
    """Python's and Java's clients send it here."""
    more = "Authorization: Bearer nonsense\r\n"
    async with core.waiting(get(more, cursor=core.delta_cursor())) as wire:
        site.world.file("a.txt")
        assert await answer(wire) == {"changes": True}


async def test_a_poll_ends_without_changes_when_its_time_is_over(
    site: Site, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropbox_v1_poll, "parse_timeout", lambda _: 0)
    async with site.client() as wire:
        wire.send(get(cursor=core.delta_cursor()))
        assert await answer(wire) == {"changes": False}
    assert site.tally.ends == [Ended.RECONNECT]


async def test_a_server_that_stops_says_so_without_an_error(site: Site, core: Core) -> None:
    async with core.waiting(get(cursor=core.delta_cursor())) as wire:
        await site.front.drain(0)
        told = await answer(wire)
        assert told["changes"] is False
        assert 2 <= told["backoff"] <= 10


async def test_p7_revoking_a_grant_ends_its_polls_at_once(site: Site, core: Core) -> None:
    bad = "The given OAuth 2 access token doesn't exist or has expired."
    cursor = core.delta_cursor()
    async with core.waiting(get(cursor=cursor)) as wire:
        await site.access.revoke_grant(site.grant)
        is_error(await wire.reply(), 401, bad)
    async with site.client() as wire:
        is_error(await wire.ask(get(cursor=cursor)), 401, bad)


async def test_p9_a_cursor_that_will_be_reset_has_changes(site: Site, core: Core) -> None:
    of_another_form = site.access.seal(PURPOSE, b"\xff" + pack(_any_cursor(core))[1:])
    for cursor in (core.delta_cursor(epoch=2), of_another_form):
        async with site.client() as wire:
            wire.send(get(cursor=cursor))
            assert await answer(wire) == {"changes": True}


def _any_cursor(core: Core) -> Any:
    return at_once(read(core.world.store, begin(core.world.ann.id, core.site.grant, 1, Scope())))


async def test_a_cursor_that_is_not_ours_is_refused(site: Site, core: Core) -> None:
    cursor = core.delta_cursor()
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for text in ("foo", "ä", flipped, core.cursor()):
        async with site.client() as wire:
            about = f"Invalid \"cursor\" parameter: '{text}'"
            is_error(await wire.ask(get(cursor=text)), 400, about)
    async with site.client() as wire:
        reply = await wire.ask(core.poll(cursor))
        assert reply.status == 400
        assert reply.body.startswith(b"Error in call to API function")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, 'Invalid "cursor" parameter: none given'),
        ({"timeout": 29}, "Invalid \"timeout\" parameter: '29' is not in 30..480"),
        ({"timeout": 481}, "Invalid \"timeout\" parameter: '481' is not in 30..480"),
        ({"timeout": "1.5"}, "Invalid \"timeout\" parameter: '1.5' is not in 30..480"),
        ({"cursor": b"\xff"}, "The parameters are not UTF-8, or too many"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    site: Site, params: dict[str, Any], text: str
) -> None:
    is_error(await refused(site, get(**params)), 400, text)


async def test_a_cursor_with_media_cannot_be_waited_with(site: Site, core: Core) -> None:
    reply = await refused(site, get(cursor=core.delta_cursor(media=True)))
    is_error(reply, 400, 'Invalid "cursor" parameter: it was made with include_media_info')


async def test_a_post_is_refused(site: Site) -> None:
    reply = await refused(site, get().replace(b"GET", b"POST", 1))
    is_error(reply, 405, "Method Not Allowed")
    assert reply.headers["allow"] == "GET, OPTIONS"


async def test_browsers_may_poll_from_any_page(site: Site) -> None:
    asked = get("Origin: https://x\r\n").replace(b"GET", b"OPTIONS", 1)
    async with site.client() as wire:
        reply = await wire.ask(asked)
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_a_client_that_goes_away_leaves_nothing(site: Site, core: Core) -> None:
    async with core.waiting(get(cursor=core.delta_cursor("docs"))) as wire:
        wire.abort()
    await until(lambda: not site.parked)
    await site.nothing_is_left()
