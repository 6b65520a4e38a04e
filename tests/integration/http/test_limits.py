"""Who asks too often, and what is too much at once, is told when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.box_rules import check
from tests.integration.http.conftest import Client, World, limited
from wakeful.core.lookups import Lookup
from wakeful.core.ports import Store
from wakeful.http.load import Load
from wakeful.stores.memory import MemoryStore


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """One store is enough: what is refused does not reach it."""
    store = MemoryStore()
    yield store
    await store.close()


def retry_after(answer: httpx2.Response) -> int:
    """The seconds, in exactly the spelling that box-sdk-gen 1 reads."""
    (value,) = [value for name, value in answer.headers.raw if name == b"Retry-After"]
    return int(value)


async def test_a_token_that_asks_too_often_is_told_when_to_come_back(
    world: World, ann: Client
) -> None:
    rate = limited(2)
    client = await world.client(ann.token, rate=rate)
    assert [(await client.ask("GET", "/2.0/events")).status_code for _ in range(2)] == [200, 200]

    box = await client.ask("GET", "/2.0/events")
    native = await client.ask("POST", "/v1/changes", json={"kind": "upload", "path": "/a"})

    assert (box.status_code, native.status_code) == (429, 429)
    assert (retry_after(box), retry_after(native)) == (30, 30)
    # Box's guide says this, its schema something else.
    assert box.json()["code"] == "rate_limit_exceeded"
    check("ClientError", box.json() | {"code": "too_many_requests"})
    assert native.json()["error"]["code"] == "rate_limited"
    assert rate.refused == 2
    assert (await ann.get("/2.0/folders/0"))["item_collection"]["total_count"] == 0


async def test_other_tokens_and_what_needs_none_are_not_concerned(
    world: World, ann: Client, bob: Client
) -> None:
    rate = limited(1)
    ann = await world.client(ann.token, rate=rate)
    bob = await world.client(bob.token, rate=rate)
    await ann.ask("GET", "/2.0/events")
    assert (await ann.ask("GET", "/2.0/events")).status_code == 429

    assert (await bob.ask("GET", "/2.0/events")).status_code == 200
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json") * 3:
        assert (await ann.ask("GET", path)).status_code == 200


async def test_without_a_setting_nobody_is_limited(ann: Client) -> None:
    for _ in range(200):
        await ann.get("/2.0/users/me")


# --- guesses ---


async def bad(client: Client, token: str = "a-guess", **headers: str) -> httpx2.Response:
    sent = {"Authorization": f"Bearer {token}", **headers}
    return await client.ask("GET", "/2.0/users/me", headers=sent)


async def test_who_guesses_tokens_is_stopped_before_the_store_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    guesser = await world.client(None, failures=limited(3))
    assert [(await bad(guesser, str(n))).status_code for n in range(3)] == [401] * 3

    async def never(lookup: Lookup[object]) -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(world.store, "ask", never)
    answer = await bad(guesser, "another")

    assert answer.status_code == 429
    assert retry_after(answer) == 20


async def test_a_token_that_is_known_is_no_guess(world: World, ann: Client) -> None:
    await ann.get("/2.0/users/me")
    guesser = await world.client(None, failures=limited(1))
    await bad(guesser)

    assert ann.token is not None
    assert (await bad(guesser)).status_code == 429
    assert (await bad(guesser, ann.token)).status_code == 200


async def test_no_token_at_all_is_no_guess(world: World) -> None:
    client = await world.client(None, failures=limited(1))

    for _ in range(5):
        assert (await client.ask("GET", "/2.0/users/me")).status_code == 401


@pytest.mark.parametrize(
    ("trust", "first", "second", "status"),
    [
        pytest.param(True, "192.0.2.1", "192.0.2.2", 401, id="others"),
        pytest.param(True, "192.0.2.1", "192.0.2.1", 429, id="the same"),
        pytest.param(True, "9.9.9.9, 192.0.2.1", "8.8.8.8, 192.0.2.1", 429, id="a false claim"),
        pytest.param(True, "2001:db8::1", "2001:db8::2", 429, id="one network"),
        pytest.param(False, "192.0.2.1", "192.0.2.2", 429, id="not trusted"),
    ],
)
async def test_behind_a_proxy_the_address_is_what_the_proxy_saw(
    world: World, trust: bool, first: str, second: str, status: int
) -> None:
    client = await world.client(None, failures=limited(1), trust_proxy=trust)
    await bad(client, **{"X-Forwarded-For": first})

    answer = await bad(client, **{"X-Forwarded-For": second})

    assert answer.status_code == status


# --- too much at once ---


async def test_more_requests_than_the_server_bears_are_refused_at_once(
    world: World, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Load(2)
    client = await world.client(ann.token, load=load)
    await client.get("/2.0/users/me")
    gate = asyncio.Event()
    honest = world.store.ask

    async def slow(lookup: Lookup[object]) -> object:
        await gate.wait()
        return await honest(lookup)

    monkeypatch.setattr(world.store, "ask", slow)
    under_way = [asyncio.create_task(client.ask("GET", "/2.0/users/me")) for _ in range(2)]
    while load.requests < 2:  # noqa: ASYNC110 - a number has no event of its own
        await asyncio.sleep(0)

    box = await client.ask("GET", "/2.0/users/me")
    native = await client.ask("POST", "/v1/changes", json={"kind": "upload", "path": "/a"})

    assert (box.status_code, native.status_code) == (503, 503)
    assert (retry_after(box), retry_after(native)) == (1, 1)
    check("ClientError", box.json())
    assert native.json()["error"]["code"] == "unavailable"
    assert load.refused == 2
    assert (await client.ask("GET", "/healthz")).status_code == 200
    gate.set()
    assert [answer.status_code for answer in await asyncio.gather(*under_way)] == [200, 200]
    assert load.requests == 0
    assert (await client.ask("GET", "/2.0/users/me")).status_code == 200


async def test_bodies_take_no_more_than_all_of_them_may(world: World, ann: Client) -> None:
    load = Load(10, most_body_bytes=100)
    client = await world.client(ann.token, load=load)
    change = {"kind": "upload", "path": "/" + "x" * 40}

    fits = await client.ask("POST", "/v1/changes", json=change)
    large = await client.ask("POST", "/v1/changes", json={**change, "name": "y" * 60})

    assert fits.status_code == 200
    assert large.status_code == 503
    assert retry_after(large) == 1
    assert load.body_bytes == 0, "given back with the answer"


async def test_what_fails_gives_its_place_back(world: World, ann: Client) -> None:
    load = Load(1)
    client = await world.client(ann.token, load=load)

    for _ in range(3):
        assert (await client.ask("GET", "/2.0/nothing")).status_code == 404
        assert (await client.ask("DELETE", "/2.0/users/me")).status_code == 405

    assert repr(load) == "<Load [0 requests, 0 bytes]>"


async def test_metrics_tell_what_was_refused_and_why(world: World, ann: Client) -> None:
    services = world.services
    services.metrics.watch_refusals(services.refusals)
    services.rate.refused = 3

    text = (await world.nobody.ask("GET", "/metrics")).text

    assert 'wakeful_refused_total{limit="rate"} 3.0' in text
    assert 'wakeful_refused_total{limit="failures"} 0.0' in text
    assert 'wakeful_refused_total{limit="load"} 0.0' in text
    assert "_created" not in text
