"""What the front publishes in the app's place is what the app publishes, and answered alike."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.integration.http.conftest import Client, World, limited, populated
from wakeful.core.errors import StoreFailed
from wakeful.core.ports import Store
from wakeful.core.terms import Terms
from wakeful.dialects.native.batches import LONGEST_KEY, MOST
from wakeful.http.front.poll import Answer, Request, Taking
from wakeful.http.load import Load
from wakeful.http.native.shortcuts import publishing_shortcuts
from wakeful.stores.memory import MemoryStore

CHANGES, EVENTS = "/v1/changes", "/v1/events"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Line:
    """The connection, as an answer that comes later sees it."""

    number = 1

    def __init__(self) -> None:
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def answer(self, answer: Answer) -> None:
        self.answered.set_result(answer)

    def begin_early(self, more: bytes = b"") -> None:
        raise AssertionError("answers are whole")

    def beat(self) -> None:
        raise AssertionError("answers are whole")

    def end_early(self, answer: Answer) -> None:
        raise AssertionError("answers are whole")


class Front:
    """Publishes through the shortcuts, as a connection does."""

    def __init__(self, world: World, **settings: Any) -> None:
        self.services = replace(world.services, **settings)
        self._takers = publishing_shortcuts(self.services)

    def take(self, client: Client, path: str, size: int, **headers: str) -> Taking | None:
        lines = [(b"host", b"feed.test:8787"), (b"content-length", str(size).encode())]
        if client.token is not None:
            lines.append((b"authorization", f"Bearer {client.token}".encode()))
        lines += [
            (name.replace("_", "-").encode(), text.encode("latin-1"))
            for name, text in headers.items()
        ]
        return self._takers[path](Request(b"POST", b"", lines, keep_alive=True), size)

    async def publish(self, client: Client, path: str, body: bytes, **headers: str) -> Reply | None:
        """The answer; None where the app is to answer."""
        taking = self.take(client, path, len(body), **headers)
        if taking is None or not taking.begin(body):
            assert self.services.load.requests == self.services.load.body_bytes == 0
            return None
        assert (self.services.load.requests, self.services.load.body_bytes) == (1, len(body))
        line = Line()
        taking.park(line)
        async with asyncio.timeout(60):
            answer = await line.answered
        assert taking.response_complete
        assert self.services.load.requests == self.services.load.body_bytes == 0
        first, *lines = answer.head.decode().rstrip().split("\r\n")
        assert first.startswith(f"HTTP/1.1 {answer.status} ")
        said = dict(line.split(": ", 1) for line in lines)
        return Reply(answer.status, said, plain(answer.body))


async def ask_app(client: Client, path: str, body: bytes, **headers: str) -> Reply:
    """What the app answers to the same."""
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = await client.ask("POST", path, content=body, headers=sent)
    said = {name.decode(): value.decode() for name, value in answer.headers.raw}
    return Reply(answer.status_code, said, plain(answer.content))


def plain(body: bytes) -> Any:
    """What is said, without what is drawn by chance."""
    return json.loads(
        re.sub(rb'(?<=")[0-9a-f]{40}(?=")|(?<="request_id":")[0-9a-f]{16}', b"", body)
    )


@pytest.fixture
def front(world: World) -> Front:
    return Front(world)


@pytest.fixture
async def other(world: World) -> AsyncIterator[World]:
    """A world of its own, in which everybody and everything has the same ids."""
    store = MemoryStore()
    async with populated(store) as other:
        assert (other.ann.id, other.eve.id) == (world.ann.id, world.eve.id)
        yield other
    await store.close()


async def known(*clients: Client) -> None:
    """Have the server know the tokens of *clients*."""
    for client in clients:
        assert (await client.ask("GET", "/2.0/users/me")).status_code == 200


UPLOAD = {"kind": "upload", "path": "/docs/report.pdf", "size": 4096}

GOOD: list[tuple[str, str, Any]] = [
    ("bob", CHANGES, UPLOAD),
    ("bob", CHANGES, [UPLOAD]),
    ("bob", CHANGES, {"changes": [UPLOAD, {"kind": "trash", "item": {"change": 0}}]}),
    ("bob", CHANGES, {"kind": "create_folder", "path": "/a/b", "at": "2026-01-01T00:00:00Z"}),
    ("bob", CHANGES, {"kind": "rename", "path": "/a", "name": "\u00fc"}),
    ("bob", CHANGES, {"kind": "delete", "path": "/\u00fc"}),
    ("ann", CHANGES, {"kind": "upload", "path": "/for the enterprise"}),
    ("bob", EVENTS, {"type": "LOGIN"}),
    ("bob", EVENTS, [{"type": "LOGIN", "ip": "::1"}, {"type": "own.type", "details": {"a": [1]}}]),
    ("bob", EVENTS, {"events": [{"type": "LOGIN", "created_at": 1}] * 3}),
    ("bob", EVENTS, {"type": "LOGIN", "source": {"id": "7", "type": "thing"}, "session": "s"}),
    ("bob", EVENTS, {"type": "TAG_ITEM_CREATE", "source": {"item": "0"}}),
    ("bob", EVENTS, {"type": "LOGIN", "actor": "bob", "audience": ["bob"]}),
    ("ann", EVENTS, {"type": "LOGIN", "actor": "bob", "audience": ["cat", "bob"]}),
    ("ann", EVENTS, {"type": "LOGIN", "audience": []}),
    ("ann", EVENTS, {"type": "X", "action_by": "cat", "accessible_by": "bob", "actor": "2"}),
    ("ann", EVENTS, {"type": "X", "accessible_by": {"type": "group", "name": "All"}}),
    # Refused by the commit.
    ("bob", CHANGES, {"kind": "trash", "path": "/nothing"}),
    ("bob", CHANGES, [UPLOAD, {"kind": "delete", "path": "/nothing"}]),
    ("bob", CHANGES, {"kind": "create_folder", "path": "/docs/report.pdf"}),
    ("bob", CHANGES, {"kind": "upload", "path": "/docs"}),
    ("bob", CHANGES, {"kind": "upload", "name": "x", "parent": "99999"}),
    ("bob", CHANGES, {"kind": "move", "path": "/docs", "to": "/docs/docs"}),
    ("bob", CHANGES, {"kind": "trash", "item": {"change": 5}}),
    ("bob", CHANGES, {"kind": "upload", "path": "/x", "namespace": "1"}),
    ("bob", EVENTS, {"type": "LOGIN", "actor": "ann"}),
    ("bob", EVENTS, [{"type": "LOGIN"}, {"type": "LOGIN", "audience": ["nobody"]}]),
    ("ann", EVENTS, {"type": "LOGIN", "audience": ["eve"]}),
    ("ann", EVENTS, [{"type": "LOGIN"}, {"type": "LOGIN", "audience": ["bob", "none"]}]),
    ("bob", EVENTS, {"type": "X", "source": {"item": "99999"}}),
    ("bob", EVENTS, {"type": "item.create"}),
]


async def test_what_the_front_publishes_is_answered_and_seen_as_if_the_app_had(
    world: World, other: World, front: Front
) -> None:
    for one in (world, other):
        await known(one.ann, one.bob)
    statuses = set()
    for who, path, said in GOOD:
        body = json.dumps(said).encode()
        expected = await ask_app(getattr(other, who), path, body)

        answer = await front.publish(getattr(world, who), path, body)

        assert answer == expected, said
        statuses.add(expected.status)
    assert statuses == {200, 400, 403, 404, 409}
    assert seen(await world.state()) == seen(await other.state())


def seen(state: Any) -> str:
    """The state of a world, without what is drawn by chance and what the time was."""
    return re.sub(r'"[0-9a-f]{40}"|"20\d\d-\d\d-\d\dT[^"]*"', '""', json.dumps(state))


BAD: list[tuple[str, bytes]] = [
    (CHANGES, b"{"),
    (CHANGES, b"[]"),
    (CHANGES, b'{"changes": []}'),
    (CHANGES, b'{"changes": [], "more": 1}'),
    (CHANGES, b'{"kind": "upload"}'),
    (CHANGES, b'{"kind": "upload", "path": "/a", "color": "red"}'),
    (CHANGES, b'{"kind": "none", "path": "/a"}'),
    (CHANGES, b'[{"kind": "upload", "path": "/a"}, {"kind": "upload", "path": "/a", "size": -1}]'),
    (CHANGES, b"[" + b",".join([b'{"kind":"trash","item":"1"}'] * (MOST + 1)) + b"]"),
    (EVENTS, b"\xff\xfe"),
    (EVENTS, b"null"),
    (EVENTS, b'{"type": ""}'),
    (EVENTS, b'{"type": 7}'),
    (EVENTS, b'{"events": [{"type": "LOGIN"}, {"type": "LOGIN", "ip": "here"}]}'),
    (EVENTS, b'{"events": {"type": "LOGIN"}}'),
    (EVENTS, b'{"type": "LOGIN", "details": ' + b'{"a":' * 101 + b"1" + b"}" * 102),
    (EVENTS, b'{"type": "LOGIN", "created_at": "yesterday"}'),
]


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_a_body_with_an_error_is_the_app_s(
    world: World, front: Front, path: str, body: bytes
) -> None:
    await known(world.bob)
    before = await world.state()

    answer = await front.publish(world.bob, path, body)

    expected = await ask_app(world.bob, path, body)
    assert expected.status in {400, 413}
    assert answer is None
    assert await world.state() == before


async def test_who_is_not_known_or_may_not_write_is_the_app_s(world: World, front: Front) -> None:
    body = b'{"type": "LOGIN"}'
    assert await front.publish(world.bob, EVENTS, body) is None, "the token is not cached yet"
    await known(world.bob)
    assert world.bob.user is not None
    assert await front.publish(world.bob, EVENTS, body) is not None
    for scopes in (("root_readonly",), ("item_upload",)):
        reader = Client(world.bob.http, await world.token(world.bob.user, scopes), None)
        await reader.ask("GET", "/2.0/events")
        assert await front.publish(reader, EVENTS, body) is None
    assert await front.publish(world.nobody, EVENTS, body) is None
    assert await front.publish(world.bob, EVENTS, body, as_user=str(world.bob.id)) is None
    assert await front.publish(world.bob, EVENTS, body, authorization="Bearer other") is None
    unclear = Client(world.bob.http, f"{world.bob.token} twice", None)
    assert await front.publish(unclear, EVENTS, body) is None


async def test_a_token_that_was_revoked_publishes_nothing_at_once(
    world: World, front: Front
) -> None:
    await known(world.bob)
    assert world.bob.token is not None
    assert await front.publish(world.bob, EVENTS, b'{"type": "LOGIN"}') is not None
    identity = await world.access.identify(world.bob.token)

    await world.access.revoke_token(identity.token)

    assert await front.publish(world.bob, EVENTS, b'{"type": "LOGIN"}') is None


async def test_an_idempotency_key_is_that_of_the_app(world: World, front: Front) -> None:
    await known(world.bob)
    body = b'{"kind": "upload", "path": "/once"}'

    first = await front.publish(world.bob, CHANGES, body, idempotency_key="once")
    again = await ask_app(world.bob, CHANGES, body, idempotency_key="once")
    once_more = await front.publish(world.bob, CHANGES, body, idempotency_key="once")
    another = await front.publish(world.bob, CHANGES, b"[" + body + b"]", idempotency_key="once")
    refused = await ask_app(world.bob, CHANGES, b"[" + body + b"]", idempotency_key="once")

    assert first is not None
    assert first.body["replayed"] is False
    assert once_more == again
    assert again.body == first.body | {"replayed": True}
    assert another == refused
    assert refused.status == 409
    for key in ("", "k" * (LONGEST_KEY + 1)):
        assert await front.publish(world.bob, CHANGES, body, idempotency_key=key) is None
        assert (await ask_app(world.bob, CHANGES, body, idempotency_key=key)).status == 400


async def test_limits_count_what_the_front_publishes(world: World) -> None:
    front = Front(world, rate=limited(3))
    await known(world.bob)
    body = b'{"type": "LOGIN"}'

    first = await front.publish(world.bob, EVENTS, body)
    bad = await front.publish(world.bob, EVENTS, b"{}")
    answers = [await front.publish(world.bob, EVENTS, body) for _ in range(4)]

    assert first is not None
    assert bad is None
    assert [answer is not None for answer in answers] == [True, True, False, False]
    assert front.services.rate.refused == 0, "the app refuses, and counts it"


async def test_a_server_with_too_much_to_do_leaves_the_refusal_to_the_app(world: World) -> None:
    front = Front(world, load=Load(1, 100))
    await known(world.bob)
    body = b'{"type": "LOGIN"}'
    assert await front.publish(world.bob, EVENTS, body) is not None

    with front.services.load.request():
        assert front.take(world.bob, EVENTS, len(body)) is None
    assert front.take(world.bob, EVENTS, 101) is None
    assert Front(world, body_limit=16).take(world.bob, EVENTS, len(body)) is None


async def test_what_the_front_publishes_is_counted_as_the_app_s_route(
    world: World, front: Front
) -> None:
    line = 'wakeful_http_requests_total{{route="POST /v1/events",status="{}"}}'.format
    refused = b'{"type": "LOGIN", "actor": "ann"}'
    await known(world.bob)
    await world.bob.ask("POST", EVENTS, content=b'{"type": "LOGIN"}')
    await world.bob.ask("POST", EVENTS, content=refused)

    await front.publish(world.bob, EVENTS, b'{"type": "LOGIN"}')
    await front.publish(world.bob, EVENTS, refused)
    assert await front.publish(world.bob, EVENTS, b"{}") is None

    lines = world.services.metrics.text().decode().splitlines()
    assert line(200) + " 2.0" in lines
    assert line(403) + " 2.0" in lines
    assert not any(line(400) in one for one in lines)


async def test_a_body_that_does_not_come_is_counted_as_one_that_the_app_waited_for(
    world: World, front: Front
) -> None:
    await known(world.bob)
    taking = front.take(world.bob, EVENTS, 100)
    assert taking is not None
    assert front.services.load.body_bytes == 100

    taking.lost()

    assert front.services.load.requests == front.services.load.body_bytes == 0
    lines = world.services.metrics.text().decode().splitlines()
    assert 'wakeful_http_requests_total{route="POST /v1/events",status="0"} 1.0' in lines


async def test_what_is_begun_is_done_though_its_client_goes_away(
    world: World, front: Front
) -> None:
    await known(world.bob)
    line, body = Line(), b'{"type": "COMMENT_CREATE"}'
    taking = front.take(world.bob, EVENTS, len(body))
    assert taking is not None
    assert taking.begin(body)
    taking.park(line)

    taking.lost()
    await world.bob.tell({"type": "LATER"})
    await asyncio.sleep(0)

    assert not line.answered.done()
    assert front.services.load.requests == 0
    page = await world.bob.get("/2.0/events")
    assert [event["event_type"] for event in page["entries"]] == ["COMMENT_CREATE", "LATER"]


class Failing:
    """A feed in which something fails."""

    def __init__(self, store: Store, error: Exception, *, at_once: bool) -> None:
        self.store = store
        self._error = error
        self._at_once = at_once

    def submit(self, actor: int, changes: Any, key: Any, terms: Terms, told: Any) -> None:
        if self._at_once:
            raise self._error
        asyncio.get_running_loop().call_soon(told, None, self._error)

    async def publish(self, actor: int, changes: Any, key: Any, terms: Terms) -> Any:
        raise self._error


@pytest.mark.parametrize("error", [StoreFailed("the disk failed"), KeyError("a bug")])
async def test_a_store_that_fails_is_told_as_by_the_app(world: World, error: Exception) -> None:
    await known(world.bob)
    body = b'{"type": "LOGIN"}'
    feed: Any = Failing(world.store, error, at_once=False)
    app = await world.client(world.bob.token, world.bob.user, feed=feed)

    with capture_logs() as said:
        answer = await Front(world, feed=feed).publish(world.bob, EVENTS, body)
    with capture_logs() as expected:
        assert answer == await ask_app(app, EVENTS, body)

    assert [line["event"] for line in said] == [line["event"] for line in expected]
    assert [line["log_level"] for line in said] == [line["log_level"] for line in expected]


async def test_a_store_that_is_known_to_fail_is_asked_by_the_app(world: World) -> None:
    await known(world.bob)
    feed: Any = Failing(world.store, StoreFailed("the disk failed"), at_once=True)

    assert await Front(world, feed=feed).publish(world.bob, EVENTS, b'{"type": "LOGIN"}') is None

    feed = Failing(world.store, KeyError("a bug"), at_once=True)
    front = Front(world, feed=feed)
    taking = front.take(world.bob, EVENTS, 17)
    assert taking is not None
    with pytest.raises(KeyError):
        taking.begin(b'{"type": "LOGIN"}')
    assert front.services.load.requests == 0
