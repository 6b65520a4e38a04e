"""Publishing by both clients, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.client.scripted import EPOCH, Request, ScriptedFeed, answer
from wakeful.client import AsyncClient, ChangesAnswer, Client, EventResult, Refused, Unavailable

CHANGE = {"kind": "create_folder", "path": "/a"}

Publish = Callable[..., ChangesAnswer]


def by_sync(url: str, **options: Any) -> ChangesAnswer:
    with Client(url, "secret") as client:
        return client.publish(CHANGE, **options)


def by_async(url: str, **options: Any) -> ChangesAnswer:
    async def publish() -> ChangesAnswer:
        async with AsyncClient(url, "secret") as client:
            return await client.publish(CHANGE, **options)

    return asyncio.run(publish())


@pytest.fixture(params=[by_sync, by_async], ids=["sync", "async"])
def publish(request: pytest.FixtureRequest) -> Publish:
    chosen: Publish = request.param
    return chosen


def test_a_change_is_published_and_answered_with_its_events(
    feed: ScriptedFeed, publish: Publish
) -> None:
    published = publish(feed.url, idempotency_key="k")

    assert published.events == (EventResult("e1", EPOCH + 1),)
    assert feed.received[0].headers["authorization"] == "Bearer secret"
    assert feed.received[0].headers["idempotency-key"] == "k"


def test_p3_a_try_after_a_lost_answer_has_the_key_of_the_first(
    feed: ScriptedFeed, publish: Publish
) -> None:
    def cut(connection: socket.socket, request: Request) -> None:
        """The request arrived, and is carried out as far as anybody knows."""

    feed.fault("publish", cut)

    publish(feed.url)

    first, second = feed.of("publish")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_a_refusal_is_raised_with_the_servers_words(feed: ScriptedFeed, publish: Publish) -> None:
    feed.fault("publish", answer({"code": "conflict", "message": "It is there."}, "409 Conflict"))

    with pytest.raises(Refused, match="It is there") as raised:
        publish(feed.url)

    assert raised.value.code == "conflict"


def test_a_server_that_is_not_there_is_given_up(feed: ScriptedFeed, publish: Publish) -> None:
    feed.stop()

    with pytest.raises(Unavailable, match="no connection: connection refused"):
        publish(feed.url, patience=0)
