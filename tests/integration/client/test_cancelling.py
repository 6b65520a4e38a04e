"""What an asyncio program may do to an iteration, and threads to a synchronous one."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.integration.client.scripted import EPOCH, ScriptedFeed, answer
from wakeful.client import (
    AsyncClient,
    AuthenticationFailed,
    Client,
    Event,
    Lost,
    MemoryPositions,
    Notice,
    PositionUnreadable,
    Started,
)
from wakeful.client.connections import Connections, Endpoint
from wakeful.client.positions import FilePositions
from wakeful.client.steps import Ask, NoAnswer


def name(event: Event) -> str:
    assert event.source is not None
    return event.source.name


async def test_a_wait_that_is_cancelled_can_be_gone_on_with(feed: ScriptedFeed) -> None:
    async with AsyncClient(feed.url, "secret") as client:
        events = client.events(since=0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(events)

        feed.publish("a", "b")

        assert [name(await anext(events)), name(await anext(events))] == ["a", "b"]


async def test_a_task_that_is_cancelled_while_it_waits_is_cancelled(feed: ScriptedFeed) -> None:
    async with AsyncClient(feed.url, "secret") as client, client.events() as events:
        task = asyncio.ensure_future(anext(events))
        await asyncio.to_thread(feed.wait_for, "poll")

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


async def test_two_tasks_cannot_wait_for_the_same_event(feed: ScriptedFeed) -> None:
    async with AsyncClient(feed.url, "secret") as client, client.events() as events:
        task = asyncio.ensure_future(anext(events))
        await asyncio.to_thread(feed.wait_for, "poll")

        with pytest.raises(RuntimeError, match="another task"):
            await anext(events)

        await events.aclose()
        with pytest.raises(StopAsyncIteration):
            await task


async def test_one_client_follows_several_streams(feed: ScriptedFeed) -> None:
    feed.publish("a")
    async with AsyncClient(feed.url, "secret") as client:
        first, second = client.events(since=0), client.events(since=0, stream="changes")

        both = await asyncio.gather(anext(first), anext(second))

    assert [name(each) for each in both] == ["a", "a"]


async def test_a_closed_iteration_stays_closed(feed: ScriptedFeed) -> None:
    async with AsyncClient(feed.url, "secret") as client:
        events = client.events(since=0)
        await events.aclose()

        assert [event async for event in events] == []

    assert feed.received == []


async def test_an_error_ends_an_iteration_for_good(feed: ScriptedFeed) -> None:
    feed.fault("page", answer(status="401 Unauthorized"))
    async with AsyncClient(feed.url, "secret") as client:
        events = client.events()
        with pytest.raises(AuthenticationFailed):
            await anext(events)

        assert [event async for event in events] == []


def test_an_error_ends_a_synchronous_iteration_for_good(feed: ScriptedFeed) -> None:
    feed.fault("page", answer(status="401 Unauthorized"))
    with Client(feed.url, "secret") as client, client.events() as events:
        with pytest.raises(AuthenticationFailed):
            next(events)

        assert list(events) == []


async def test_a_position_that_cannot_be_read_ends_it_before_anything_is_asked(
    feed: ScriptedFeed, tmp_path: Path
) -> None:
    (tmp_path / "p").write_text("nonsense")
    async with AsyncClient(feed.url, "secret") as client:
        with pytest.raises(PositionUnreadable):
            await anext(client.events(positions=FilePositions(tmp_path / "p")))

    assert feed.received == []


def test_a_position_is_not_saved_while_an_event_of_its_page_is_in_work(
    feed: ScriptedFeed,
) -> None:
    feed.publish("a", "b")
    positions = MemoryPositions()
    with (
        Client(feed.url, "secret") as client,
        client.events(since=0, positions=positions) as events,
    ):
        assert [name(next(events)), name(next(events))] == ["a", "b"]
        kept = positions.load()
        feed.publish("c")
        next(events)

    assert kept is None
    assert positions.load() == EPOCH + 2


def test_a_request_that_begins_while_it_is_interrupted_ends_at_once(feed: ScriptedFeed) -> None:
    feed.hold = 600
    connections = Connections(Endpoint(feed.url, "secret", None))
    poll = Ask("GET", f"{feed.url}/subscribe?stream_position={EPOCH}", feed.hold * 2)
    began = time.monotonic()

    connections.interrupt()
    reply = connections.send(poll)

    assert isinstance(reply, NoAnswer)
    assert time.monotonic() - began < feed.hold / 2
    connections.close()


def test_closing_on_top_of_the_waiting_thread_does_not_block(feed: ScriptedFeed) -> None:
    """A signal handler runs in the middle of the thread that waits for the next event."""
    with Client(feed.url, "secret") as client:
        events = client.events()
        before = signal.signal(signal.SIGUSR1, lambda *_: events.close())

        def interrupt() -> None:
            feed.wait_for("poll")
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

        helper = threading.Thread(target=interrupt)
        helper.start()
        try:
            assert list(events) == []
        finally:
            helper.join()
            signal.signal(signal.SIGUSR1, before)


def test_closing_on_top_of_a_thread_that_is_about_to_pause_does_not_block(
    feed: ScriptedFeed,
) -> None:
    feed.fault("page", answer(status="503 Busy", Retry_After="600"))
    told: list[Notice] = []
    with Client(feed.url, "secret") as client:
        events = client.events(on_notice=told.append)

        def on_top(frame: FrameType, event: str, called: Any) -> None:
            name = called.__name__ if event == "c_call" else frame.f_code.co_name
            if told and name in ("get", "_is_owned"):  # of a queue, or of an Event's condition
                sys.setprofile(None)
                events.close()

        sys.setprofile(on_top)
        try:
            assert list(events) == []
        finally:
            sys.setprofile(None)

    assert [type(each) for each in told] == [Lost]


def test_what_a_watcher_of_notices_raises_reaches_the_consumer(feed: ScriptedFeed) -> None:
    def watch(notice: object) -> None:
        assert isinstance(notice, Started)
        raise ZeroDivisionError

    feed.publish("a")
    with Client(feed.url, "secret") as client, client.events(since=0, on_notice=watch) as events:
        with pytest.raises(ZeroDivisionError):
            next(events)

        assert name(next(events)) == "a"


@pytest.mark.parametrize("stream", ["admin", "everything", ""])
def test_an_unknown_stream_is_refused_at_once(feed: ScriptedFeed, stream: str) -> None:
    with Client(feed.url, "secret") as client, pytest.raises(ValueError, match="Stream"):
        client.events(stream=stream)


def test_a_client_shows_its_server_and_not_its_token() -> None:
    shown = repr(Client("http://h", "secret")) + repr(AsyncClient("http://h", "secret"))

    assert shown == "<Client http://h><AsyncClient http://h>"
