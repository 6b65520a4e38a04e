"""What the front answers in the app's place is what the app answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from tests.integration.http.conftest import Client, World, limited
from wakeful.core.ports import StreamKind
from wakeful.feed import NEAR
from wakeful.http.box.shortcuts import EventShortcuts
from wakeful.http.front.poll import Answer, Request
from wakeful.http.load import Load

HOST = b"feed.test:8787"  # as the app's clients have it


class Front:
    """Asks the shortcuts what a client asks."""

    def __init__(self, world: World, **settings: Any) -> None:
        self.services = replace(world.services, **settings)
        self._shortcuts = EventShortcuts(self.services).by_method()

    def ask(
        self, client: Client, method: str = "GET", query: str = "", **headers: str
    ) -> Answer | None:
        lines = [(b"host", HOST)]
        if client.token is not None:
            lines.append((b"authorization", f"Bearer {client.token}".encode()))
        lines += [(name.replace("_", "-").encode(), it.encode()) for name, it in headers.items()]
        request = Request(method.encode(), query.encode(), lines, keep_alive=True)
        return self._shortcuts[method](request)


@pytest.fixture
def front(world: World) -> Front:
    return Front(world)


def headers_of(answer: Answer) -> dict[str, str]:
    _, *lines = answer.head.decode().rstrip().split("\r\n")
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


async def head_of(client: Client) -> int:
    position: int = (await client.get("/2.0/events", stream_position="now"))["next_stream_position"]
    return position


@pytest.mark.parametrize("behind", [0, 1, 3])
@pytest.mark.parametrize("cls", ["", "&stream_type=all", "&stream_type=changes"])
@pytest.mark.parametrize("limit", ["", "&limit=2", "&limit=0", "&limit=500"])
async def test_a_page_near_the_head_is_the_app_s(
    front: Front, ann: Client, behind: int, cls: str, limit: str
) -> None:
    await ann.publish(*({"kind": "upload", "path": f"/{number}"} for number in range(3)))
    await ann.tell({"type": "COMMENT_CREATE"})
    query = f"stream_position={await head_of(ann) - behind}{cls}{limit}"
    expected = await ann.ask("GET", f"/2.0/events?{query}")

    answer = front.ask(ann, query=query)

    assert answer is not None
    assert (answer.status, answer.body) == (expected.status_code, expected.content)
    assert headers_of(answer) == dict(expected.headers)


@pytest.mark.parametrize("query", ["stream_position=now", "stream_position=0", ""])
async def test_words_for_a_place_are_the_app_s(front: Front, ann: Client, query: str) -> None:
    await ann.publish({"kind": "upload", "path": "/a"})
    expected = await ann.ask("GET", f"/2.0/events?{query}")

    answer = front.ask(ann, query=query)

    assert answer is not None
    assert answer.body == expected.content


@pytest.mark.parametrize("query", ["", "stream_type=all", "stream_type=sync"])
async def test_a_channel_is_worth_what_the_app_s_is(
    front: Front, world: World, bob: Client, query: str
) -> None:
    for client in (world.ann, bob):
        expected = await client.ask("OPTIONS", f"/2.0/events?{query}")
        answer = front.ask(client, "OPTIONS", query)

        assert answer is not None
        assert headers_of(answer) == dict(expected.headers)
        assert opened(world, answer.body) == opened(world, expected.content)


def opened(world: World, body: bytes) -> Any:
    """The answer, with what its channels say in their place."""
    said = json.loads(body)
    url = urlsplit(said["entries"][0].pop("url"))
    parameters = parse_qs(url.query)
    channels = {}
    for name in ("channel", "enterprise"):
        for text in parameters.pop(name, ()):
            channel = world.access.open_channel(text)
            channels[name] = channel.stream, channel.grant, channel.cls, channel.position
    return said, url._replace(query=""), parameters, channels


@pytest.mark.parametrize(
    "query",
    [
        "stream_position=x",
        "stream_position=12%34",
        "stream_position=1e+15",
        "stream_position",
        "limit=many",
        "limit=-1",
        "stream_type=everything",
        "stream_type=admin_logs_streaming",
        "stream_type=admin_logs",
        "created_after=2026-01-01T00:00:00Z",
        "event_type=UPLOAD",
        "stream_position=now&",
        "stream_position=\u00fc",
    ],
)
async def test_what_is_not_in_the_loop_of_an_sdk_is_the_app_s(
    front: Front, ann: Client, query: str
) -> None:
    await head_of(ann)
    assert front.ask(ann) is not None
    assert front.ask(ann, query=query) is None


async def test_who_is_not_known_or_may_not_read_is_the_app_s(world: World, front: Front) -> None:
    assert front.ask(world.ann) is None, "the token is not cached yet"
    await head_of(world.ann)
    assert world.ann.user is not None
    narrow = Client(world.ann.http, await world.token(world.ann.user, ("item_preview",)), None)
    await narrow.ask("GET", "/2.0/events")
    for method in ("GET", "OPTIONS"):
        assert front.ask(world.ann, method) is not None
        assert front.ask(narrow, method) is None
        assert front.ask(world.nobody, method) is None
        assert front.ask(world.ann, method, as_user=str(world.bob.id)) is None
        assert front.ask(world.ann, method, authorization="Bearer other") is None


async def test_a_token_that_was_revoked_is_worth_nothing_at_once(
    front: Front, world: World
) -> None:
    await head_of(world.bob)
    assert front.ask(world.bob) is not None
    assert world.bob.token is not None
    identity = await world.access.identify(world.bob.token)

    await world.access.revoke_token(identity.token)

    assert front.ask(world.bob) is None
    assert (await world.bob.ask("GET", "/2.0/events")).status_code == 401


async def test_a_reader_who_is_far_behind_is_the_app_s(front: Front, ann: Client) -> None:
    await ann.publish(*({"kind": "upload", "path": f"/{number}"} for number in range(NEAR + 1)))
    head = await head_of(ann)

    assert front.ask(ann, query=f"stream_position={head - NEAR}") is not None
    assert front.ask(ann, query=f"stream_position={head - NEAR - 1}") is None


async def test_a_gap_is_the_app_s(front: Front, world: World, ann: Client) -> None:
    await ann.publish({"kind": "upload", "path": "/a"}, {"kind": "upload", "path": "/b"})
    head = await head_of(ann)
    await world.feed.trim(StreamKind.USER, 1 << 60, 1)

    assert front.ask(ann, query=f"stream_position={head}") is not None
    assert front.ask(ann, query=f"stream_position={head - 2}") is None
    assert front.ask(ann, query=f"stream_position={head + 1}") is None


async def test_limits_count_what_shortcuts_answer(world: World, ann: Client) -> None:
    front = Front(world, rate=limited(3))
    await head_of(ann)

    answers = [front.ask(ann, method) for method in ("GET", "OPTIONS", "GET", "GET", "OPTIONS")]

    assert [answer is not None for answer in answers] == [True, True, True, False, False]
    assert front.services.rate.refused == 0, "the app refuses, and counts it"


async def test_a_server_with_too_much_to_do_leaves_the_refusal_to_the_app(
    world: World, ann: Client
) -> None:
    front = Front(world, load=Load(1))
    await head_of(ann)
    assert front.ask(ann) is not None

    with front.services.load.request():
        assert front.ask(ann) is None


async def test_what_a_shortcut_answers_is_counted_as_the_app_s_route(
    front: Front, ann: Client, world: World
) -> None:
    line = 'wakeful_http_requests_total{{route="{}",status="200"}}'.format
    await head_of(ann)
    await ann.ask("OPTIONS", "/2.0/events")
    before = world.services.metrics.text().decode().splitlines()
    assert line("GET /2.0/events") + " 1.0" in before
    assert line("OPTIONS /2.0/events") + " 1.0" in before

    front.ask(ann)
    front.ask(ann, "OPTIONS")

    after = world.services.metrics.text().decode().splitlines()
    assert line("GET /2.0/events") + " 2.0" in after
    assert line("OPTIONS /2.0/events") + " 2.0" in after


async def test_behind_a_proxy_the_app_says_the_url(world: World, ann: Client) -> None:
    await head_of(ann)

    assert Front(world, trust_proxy=True).ask(ann, "OPTIONS") is None
    answer = Front(world, trust_proxy=True, public_url="https://feed.example/").ask(ann, "OPTIONS")

    assert answer is not None
    assert b'"url":"https://feed.example/subscribe?' in answer.body
