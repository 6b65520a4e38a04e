"""The clients and the commands against the real server."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.client.real import RealFeed
from tests.processes import program
from tests.servers import WAKEFUL, wakeful
from wakeful.client import (
    AsyncClient,
    AuthenticationFailed,
    Client,
    Event,
    FilePositions,
    Gap,
    Notice,
    Refused,
    Started,
)


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[RealFeed]:
    feed = RealFeed(tmp_path / "data")
    yield feed
    feed.close()


def upload(path: str) -> dict[str, object]:
    return {"kind": "upload", "path": path, "size": 3}


def name(event: Event) -> str:
    assert event.source is not None
    return event.source.name


def test_what_is_published_is_followed(feed: RealFeed) -> None:
    with Client(feed.url, feed.token) as client, client.events(since=0) as events:
        answer = client.publish([upload("/reports/may.pdf"), {"kind": "trash", "path": "/reports"}])
        seen = [next(events) for _ in range(3)]

    assert [event.id for event in seen] == [event.id for event in answer.events]
    assert [event.type for event in seen] == ["ITEM_CREATE", "ITEM_UPLOAD", "ITEM_TRASH"]
    created, uploaded, trashed = (event.source for event in seen)
    assert created is not None
    assert uploaded is not None
    assert trashed is not None
    assert (created.kind, created.path) == ("folder", "/reports")
    assert (uploaded.path, uploaded.size) == ("/reports/may.pdf", 3)
    assert (trashed.path, trashed.is_trashed) == (None, True)
    assert seen[0].actor is not None
    assert (seen[0].actor.login, seen[0].actor.name) == ("ann", "Ann")


def test_what_is_told_is_followed_by_either_client(feed: RealFeed) -> None:
    async def tell() -> str:
        async with AsyncClient(feed.url, feed.token) as client:
            (event,) = (await client.publish_events({"type": "own.type"})).events
            return event.id

    with Client(feed.url, feed.token) as client, client.events(since=0) as events:
        answer = client.publish_events([{"type": "COMMENT_CREATE"}, {"type": "LOGIN"}])
        later = asyncio.run(tell())
        seen = [next(events) for _ in range(2)]

    comment, login = answer.events
    assert [event.id for event in seen] == [comment.id, later]
    assert (login.position, seen[0].type) == (None, "COMMENT_CREATE")


def test_p3_a_repeated_key_publishes_once(feed: RealFeed) -> None:
    with Client(feed.url, feed.token) as client:
        first = client.publish(upload("/a"), idempotency_key="k")
        second = client.publish(upload("/a"), idempotency_key="k")
        with pytest.raises(Refused) as raised:
            client.publish(upload("/b"), idempotency_key="k")

    assert (first.events, first.replayed, second.replayed) == (second.events, False, True)
    assert (raised.value.status, raised.value.code) == (409, "key_reused")


async def test_a_thousand_events_arrive_once_and_in_order_across_restarts(
    feed: RealFeed, tmp_path: Path
) -> None:
    names = [f"{index:04}" for index in range(1000)]

    def produce() -> None:
        with Client(feed.url, feed.token) as client:
            for begin in range(0, 1000, 20):
                client.publish([upload(f"/{each}") for each in names[begin : begin + 20]])

    def restart() -> None:
        for _ in range(2):
            feed.stop()
            feed.start()

    producer = threading.Thread(target=produce)
    seen: list[str] = []
    positions = FilePositions(tmp_path / "position")
    async with AsyncClient(feed.url, feed.token) as client:
        events = client.events(since=0, limit=50, positions=positions)
        producer.start()
        restarting = asyncio.get_running_loop().run_in_executor(None, restart)
        async with asyncio.timeout(60):
            while len(seen) < 1000:
                seen.append(name(await anext(events)))
        await restarting
    producer.join()

    assert seen == names


def test_p9_a_position_of_another_epoch_is_a_gap(feed: RealFeed) -> None:
    notices: list[Notice] = []
    with Client(feed.url, feed.token) as client:
        client.publish(upload("/a"))
        with client.events(since=(7 << 40) + 1, on_notice=notices.append) as events:
            assert name(next(events)) == "a"

    assert Gap(str((7 << 40) + 1)) in notices


def test_p7_a_revoked_grant_ends_a_parked_iteration_at_once(feed: RealFeed) -> None:
    errors: list[BaseException] = []
    with Client(feed.url, feed.token) as client, client.events() as events:

        def follow() -> None:
            try:
                next(events)
            except AuthenticationFailed as error:
                errors.append(error)

        follower = threading.Thread(target=follow)
        follower.start()
        wait_until_parked(feed, 1)
        feed.do(feed.access.revoke_grant(feed.grant))
        follower.join(60)

    assert [str(error) for error in errors] == ["the server does not accept the token"]


def test_an_event_is_there_soon_after_it_was_published(feed: RealFeed) -> None:
    started = threading.Event()
    arrived: list[float] = []

    def watch(notice: Notice) -> None:
        if isinstance(notice, Started):
            started.set()

    with (
        Client(feed.url, feed.token) as client,
        client.events(stream="changes", on_notice=watch) as events,
    ):

        def follow() -> None:
            for _ in range(20):
                next(events)
                arrived.append(time.monotonic())

        follower = threading.Thread(target=follow)
        follower.start()
        assert started.wait(60)
        published = []
        for index in range(20):
            wait_until_parked(feed, 1)
            published.append(time.monotonic())
            client.publish(upload(f"/{index}"))
        follower.join(60)

    delays = sorted(end - begin for begin, end in zip(published, arrived, strict=True))
    assert delays[10] < 20, "a poll is held for 50 seconds"


def test_tail_shows_what_publish_publishes(feed: RealFeed) -> None:
    reached = ("--url", feed.url, "--token", feed.token)
    with program([str(WAKEFUL), "tail", *reached]) as tail:
        wait_until_parked(feed, 1)
        published = wakeful("publish", *reached, "upload", "/reports/may.pdf", "--size", "1234")
        moved = wakeful("publish", *reached, "move", "/reports/may.pdf", "/", "--name", "june.pdf")
        tail.wait_for(lambda lines: len(lines) == 3, "three lines")

    assert (published.stderr, moved.stderr) == ("", "")
    assert [line.split()[2:] for line in tail.lines] == [
        ["create", "/reports/"],
        ["upload", "/reports/may.pdf", "1.2", "kB"],
        ["move", "→", "/june.pdf", "1.2", "kB"],
    ]


def test_a_refused_batch_names_the_change_at_fault(feed: RealFeed, tmp_path: Path) -> None:
    batch = tmp_path / "batch.json"
    batch.write_text(json.dumps([upload("/a"), {"kind": "trash", "path": "/../x"}]))

    refused = wakeful(*("publish", "--url", feed.url, "--token", feed.token, "--batch", str(batch)))

    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    assert "(changes[1].path)" in refused.stderr


def wait_until_parked(feed: RealFeed, count: int) -> None:
    deadline = time.monotonic() + 60
    while feed.front.polls.parked != count:
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("stream", ["admin_logs_streaming", "admin_logs"])
def test_an_admin_follows_the_enterprise_by_type(feed: RealFeed, stream: str) -> None:
    """What comes later is waited for, and nothing else ends the wait."""
    with (
        Client(feed.url, feed.token) as client,
        client.events(since=0, stream=stream, types=["UPLOAD", "LOGIN"]) as events,
    ):
        client.publish(upload("/a.txt"))
        client.publish_events({"type": "LOGOUT"})
        first = next(events)
        later = threading.Timer(0.2, client.publish_events, [{"type": "LOGIN"}])
        later.start()
        second = next(events)
        later.join()

    assert (first.type, name(first)) == ("UPLOAD", "a.txt")
    assert (second.type, second.source) == ("LOGIN", None)
