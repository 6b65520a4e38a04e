"""What the front answers to those who follow as Dropbox's clients do is what the app answers."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from tests.integration.http.conftest import Client, World, limited
from tests.integration.http.test_dropbox import upload
from wakeful.core.accounts import add_member, remove_member
from wakeful.core.errors import NotFound
from wakeful.core.people import Role
from wakeful.http.dropbox.cursors import Cursors
from wakeful.http.dropbox.shortcuts import (
    CONTINUE_PATH,
    DELTA_LATEST_PATH,
    DELTA_PATH,
    LATEST_CURSOR_PATH,
    NEAR,
    FollowShortcuts,
)
from wakeful.http.front.poll import Answer, Request
from wakeful.http.load import Load
from wakeful.journal_feed import JournalFeed

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Front:
    """Asks the shortcuts what a client asks, and the app the same."""

    def __init__(self, world: World, **settings: Any) -> None:
        self.services = replace(world.services, **settings)
        self.journals = JournalFeed(world.feed, self.services.metrics)
        self._shortcuts = FollowShortcuts(
            self.services, self.journals, Cursors(world.access)
        ).by_path()

    def ask(
        self,
        client: Client,
        path: str,
        body: bytes,
        media: str | None = None,
        query: str = "",
        **headers: str,
    ) -> Answer | None:
        lines = [(b"host", b"feed.test:8787")]
        if client.token is not None:
            lines.append((b"authorization", f"Bearer {client.token}".encode()))
        media = media or (FORM if path.startswith("/1/") else JSON)
        lines.append((b"content-type", media.encode()))
        lines += [(name.replace("_", "-").encode(), it.encode()) for name, it in headers.items()]
        request = Request(b"POST", query.encode(), lines, keep_alive=True)
        request.body = body
        return self._shortcuts[path](request)

    def go_on(self, client: Client, cursor: str) -> Answer | None:
        return self.ask(client, CONTINUE_PATH, argument(cursor=cursor))

    async def both(self, client: Client, path: str, body: bytes) -> tuple[Answer | None, Any]:
        """The answers of both, which are the same if the shortcut has one."""
        answer = self.ask(client, path, body)
        media = FORM if path.startswith("/1/") else JSON
        of_app = await client.ask("POST", path, content=body, headers={"Content-Type": media})
        if answer is not None:
            assert (answer.status, answer.body) == (of_app.status_code, of_app.content)
            ours, apps = headers_of(answer), dict(of_app.headers)
            assert len(ours.pop("x-dropbox-request-id")) == 16
            assert len(apps.pop("x-dropbox-request-id")) == 16
            assert ours == apps
        return answer, of_app


def argument(**given: Any) -> bytes:
    return json.dumps(given).encode()


def form(**given: Any) -> bytes:
    return urlencode(given).encode()


def headers_of(answer: Answer) -> dict[str, str]:
    _, *lines = answer.head.decode().rstrip().split("\r\n")
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


@pytest.fixture
def front(world: World) -> Front:
    return Front(world)


async def latest(client: Client, **asked: Any) -> str:
    """The cursor of now, of the whole view where nothing else is asked."""
    body = argument(**{"path": "", "recursive": True} | asked)
    answer = await client.ask(
        "POST", LATEST_CURSOR_PATH, content=body, headers={"Content-Type": JSON}
    )
    cursor: str = answer.json()["cursor"]
    return cursor


async def latest_v1(client: Client, **asked: Any) -> str:
    answer = await client.ask("POST", DELTA_LATEST_PATH, data=asked)
    cursor: str = answer.json()["cursor"]
    return cursor


@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"path": "/a"},
        {"path": "/a", "recursive": False},
        {"recursive": False},
        {"include_mounted_folders": False},
        {"limit": 3},
    ],
    ids=str,
)
async def test_what_came_after_a_cursor_is_the_app_s(
    front: Front, world: World, ann: Client, bob: Client, asked: Any, count: int
) -> None:
    team = await world.shared(bob, "Team", ann)
    await upload(ann, "/a/old")
    cursor = await latest(ann, **asked)
    for number in range(count):
        await upload(ann, f"/a/{number}")
        await upload(bob, f"/Team/{number}")
    await world.store.commit(add_member(team.id, ann.id, Role.VIEWER))

    answer, page = await front.both(ann, CONTINUE_PATH, argument(cursor=cursor))

    assert answer is not None
    assert bool(page.json()["entries"]) is (count > 0 and asked != {"recursive": False})


@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize(
    "asked", [{}, {"path_prefix": "/a"}, {"path_prefix": "/A"}, {"limit": 3}], ids=str
)
async def test_what_came_after_a_cursor_of_version_1_is_the_app_s(
    front: Front, world: World, ann: Client, bob: Client, asked: Any, count: int
) -> None:
    await world.shared(bob, "Team", ann)
    await upload(ann, "/a/old")
    cursor = await latest_v1(ann, **asked)
    for number in range(count):
        await upload(ann, f"/a/{number}")
        await upload(bob, f"/Team/{number}")

    for more in ({}, asked, {"path_prefix": "/a/old"}):
        answer, page = await front.both(ann, DELTA_PATH, form(cursor=cursor, **more))
        assert answer is not None
        assert page.json()["reset"] is False


async def test_what_takes_many_looks_is_the_app_s_to_find(
    front: Front, world: World, ann: Client, bob: Client
) -> None:
    """One look may go through thousands of rows, and everybody waits for a shortcut."""
    for name in "defgh":
        await world.shared(bob, name, ann)
    cursor, cursor_v1 = await latest(ann), await latest_v1(ann)
    for name in "def":
        await upload(bob, f"/{name}/new")
    few, _ = await front.both(ann, CONTINUE_PATH, argument(cursor=cursor))
    few_v1, _ = await front.both(ann, DELTA_PATH, form(cursor=cursor_v1))
    for name in "gh":
        await upload(bob, f"/{name}/new")

    many, page = await front.both(ann, CONTINUE_PATH, argument(cursor=cursor))
    many_v1, page_v1 = await front.both(ann, DELTA_PATH, form(cursor=cursor_v1))

    assert few is not None
    assert few_v1 is not None
    assert (many, many_v1) == (None, None)
    assert len(page.json()["entries"]) == len(page_v1.json()["entries"]) == 5


async def test_the_cursor_of_now_is_the_app_s(
    front: Front, world: World, ann: Client, bob: Client
) -> None:
    await world.shared(bob, "Team", ann)
    await upload(ann, "/a/b")
    await latest(ann)
    for asked in (
        argument(path=""),
        argument(path="", recursive=True, limit=7),
        argument(path="/A", include_deleted=True),
        argument(path="/team", recursive=True),
    ):
        assert (await front.both(ann, LATEST_CURSOR_PATH, asked))[0] is not None
    for asked in (form(), form(path_prefix="/a"), form(path_prefix="/gone")):
        assert (await front.both(ann, DELTA_LATEST_PATH, asked))[0] is not None


@pytest.mark.parametrize("seed", range(4))
async def test_p9_whatever_happens_both_tell_the_same(
    front: Front, world: World, ann: Client, bob: Client, seed: int
) -> None:
    """Random histories; each cursor that was ever given may be used again."""
    dice = random.Random(seed)
    people = (ann, bob)
    teams = [await world.shared(owner, "Team") for owner in people]
    await upload(ann, "/a/x")
    await upload(bob, "/a/x")
    scopes: list[Any] = [{}, {"path": "/a"}, {"recursive": False}, {"limit": 2}]
    cursors: list[tuple[Client, str, str]] = []
    for client in people:
        cursors += [(client, CONTINUE_PATH, await latest(client, **asked)) for asked in scopes]
        cursors.append((client, DELTA_PATH, await latest_v1(client)))
    answered = 0
    for _ in range(60):
        client, other = dice.sample(people, 2)
        team = dice.choice(teams)
        path = "/" + "/".join(dice.choices(["a", "b", "Team"], k=dice.randint(1, 3)))
        target = "/" + "/".join(dice.choices(["a", "b", "c"], k=dice.randint(1, 2)))
        match dice.randrange(8):
            case 0 | 1 | 2:
                await client.ask("POST", "/v1/changes", json={"kind": "upload", "path": path})
            case 3:
                body = argument(path=path)
                media = {"Content-Type": JSON}
                await client.ask("POST", "/2/files/delete_v2", content=body, headers=media)
            case 4:
                body = argument(from_path=path, to_path=target)
                media = {"Content-Type": JSON}
                await client.ask("POST", "/2/files/move_v2", content=body, headers=media)
            case 5:
                if other.id != team.owner:
                    roles = (Role.EDITOR, Role.VIEWER)
                    await world.store.commit(add_member(team.id, other.id, dice.choice(roles)))
            case 6:
                with suppress(NotFound):
                    if other.id != team.owner:
                        await world.store.commit(remove_member(team.id, other.id))
            case _:
                pass
        for reader, asked, cursor in dice.sample(cursors, 4):
            body = form(cursor=cursor) if asked == DELTA_PATH else argument(cursor=cursor)
            answer, page = await front.both(reader, asked, body)
            answered += answer is not None
            if page.status_code == 200 and len(cursors) < 60:
                cursors.append((reader, asked, page.json()["cursor"]))
    assert answered > 60


async def test_what_comes_with_the_next_change_is_told_once_it_is_committed(
    front: Front, ann: Client
) -> None:
    cursor = await latest(ann)
    nothing = front.go_on(ann, cursor)
    assert nothing is not None
    assert json.loads(nothing.body) == {"entries": [], "cursor": cursor, "has_more": False}

    await upload(ann, "/a")

    answer, page = await front.both(ann, CONTINUE_PATH, argument(cursor=cursor))
    assert answer is not None
    assert [entry["name"] for entry in page.json()["entries"]] == ["a"]


async def test_who_is_far_behind_or_lists_is_the_app_s(front: Front, ann: Client) -> None:
    far = await latest(ann)
    await upload(ann, "/a")
    near = await latest(ann)
    await ann.publish(*({"kind": "upload", "path": f"/{number}"} for number in range(NEAR)))

    assert front.go_on(ann, far) is None
    assert front.go_on(ann, near) is not None
    await upload(ann, "/b")
    for limit, is_near in ((1, False), (NEAR, True)):
        asked = {"path": "", "limit": limit}
        listing = (await ann.ask("POST", "/2/files/list_folder", json=asked)).json()
        body = argument(cursor=listing["cursor"])
        assert listing["has_more"]
        assert ((await front.both(ann, CONTINUE_PATH, body))[0] is not None) is is_near
    assert front.ask(ann, DELTA_PATH, form(cursor="")) is None


async def test_a_namespace_that_is_new_and_large_is_the_app_s(
    front: Front, world: World, ann: Client, bob: Client
) -> None:
    small, large = await world.shared(bob, "Small"), await world.shared(bob, "Large")
    await upload(bob, "/Small/a")
    files = ({"kind": "upload", "path": f"/Large/{number}"} for number in range(2 * NEAR))
    await bob.publish(*files)
    cursor = await latest(ann)

    await world.store.commit(add_member(small.id, ann.id, Role.EDITOR))
    answer, page = await front.both(ann, CONTINUE_PATH, argument(cursor=cursor))
    assert answer is not None
    assert len(page.json()["entries"]) == 2

    await world.store.commit(add_member(large.id, ann.id, Role.EDITOR))
    assert front.go_on(ann, cursor) is None


async def test_a_cursor_that_missed_deletions_is_refused_by_the_app(
    front: Front, world: World, ann: Client
) -> None:
    item = await upload(ann, "/a")
    cursor = await latest(ann)
    await ann.publish({"kind": "trash", "item": item})
    while await world.store.trim_journals(1 << 50, 1000):
        pass

    answer, refusal = await front.both(ann, CONTINUE_PATH, argument(cursor=cursor))

    assert answer is None
    assert refusal.status_code == 409


async def test_what_is_not_in_the_loop_of_an_sdk_is_the_app_s(
    front: Front, ann: Client, bob: Client
) -> None:
    cursor, others = await latest(ann), await latest(bob)
    good = argument(cursor=cursor)
    assert front.ask(ann, CONTINUE_PATH, good) is not None
    assert front.ask(ann, CONTINUE_PATH, good, media="application/json; charset=utf-8") is not None
    for body in (b"", b"{", b"[]", b"null", argument(cursor=7), argument(cursor=others), b"\xff"):
        assert front.ask(ann, CONTINUE_PATH, body) is None
    assert front.go_on(ann, cursor + "A") is None
    assert front.ask(ann, CONTINUE_PATH, good, media=FORM) is None
    assert front.ask(ann, CONTINUE_PATH, good, query="a=1") is None
    for name in (
        "origin",
        "as_user",
        "dropbox_api_path_root",
        "dropbox_api_select_user",
        "dropbox_api_select_admin",
        "content_type",
        "authorization",
    ):
        assert front.ask(ann, CONTINUE_PATH, good, **{name: "1"}) is None
    assert front.ask(ann, LATEST_CURSOR_PATH, argument(path="/gone")) is None
    assert front.ask(ann, DELTA_PATH, form(cursor=cursor)) is None, "of another version"
    assert front.ask(ann, DELTA_LATEST_PATH, form(include_media_info="x")) is None


async def test_who_is_not_known_or_may_not_read_is_the_app_s(world: World, front: Front) -> None:
    body = argument(path="")
    assert front.ask(world.ann, LATEST_CURSOR_PATH, body) is None, "the token is not cached yet"
    cursor = await latest(world.ann)
    assert world.ann.user is not None
    narrow = Client(world.ann.http, await world.token(world.ann.user, ("item_preview",)), None)
    await narrow.ask("GET", "/2.0/users/me")
    assert front.ask(world.ann, LATEST_CURSOR_PATH, body) is not None
    assert front.ask(narrow, LATEST_CURSOR_PATH, body) is None
    assert front.ask(world.nobody, LATEST_CURSOR_PATH, body) is None

    assert world.ann.token is not None
    identity = await world.access.identify(world.ann.token)
    await world.access.revoke_token(identity.token)

    assert front.go_on(world.ann, cursor) is None


async def test_limits_count_what_shortcuts_answer(world: World, ann: Client) -> None:
    front = Front(world, rate=limited(2))
    cursor = await latest(ann)

    answers = [front.go_on(ann, cursor) for _ in range(3)]

    assert [answer is not None for answer in answers] == [True, True, False]
    assert front.services.rate.refused == 0, "the app refuses, and counts it"
    assert Front(world, body_limit=10).go_on(ann, cursor) is None


async def test_a_server_with_too_much_to_do_leaves_the_refusal_to_the_app(
    world: World, ann: Client
) -> None:
    front = Front(world, load=Load(1))
    cursor = await latest(ann)
    assert front.go_on(ann, cursor) is not None

    with front.services.load.request():
        assert front.go_on(ann, cursor) is None


async def test_what_a_shortcut_answers_is_counted_as_the_app_s_route(
    front: Front, ann: Client, world: World
) -> None:
    line = 'wakeful_http_requests_total{{route="POST {}",status="200"}} {}.0'.format
    cursor, v1 = await latest(ann), await latest_v1(ann)
    asked = {
        CONTINUE_PATH: argument(cursor=cursor),
        LATEST_CURSOR_PATH: argument(path=""),
        DELTA_PATH: form(cursor=v1),
        DELTA_LATEST_PATH: form(include_media_info="false"),
    }
    before = {LATEST_CURSOR_PATH: 1, DELTA_LATEST_PATH: 1}

    for path, body in asked.items():
        assert (await front.both(ann, path, body))[0] is not None

    lines = world.services.metrics.text().decode().splitlines()
    for path in asked:
        assert line(path, before.get(path, 0) + 2) in lines
