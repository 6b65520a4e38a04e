"""A scripted feed, and both clients under one face, so that every test holds for both."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

from tests.integration.client.scripted import ScriptedFeed
from wakeful.client import AsyncClient, AsyncEvents, Client, Event, Notice

PATIENCE_SECONDS = 60.0


class Follower(Protocol):
    """Follows in a thread of its own."""

    def event(self) -> str:
        """The name in the next event."""
        ...

    def notice(self) -> Notice: ...

    def end(self) -> BaseException | None:
        """Wait until following has ended, and return what it ended by."""
        ...

    def close(self) -> None: ...

    def is_idle(self) -> bool:
        """Whether everything that was delivered was looked at by the test."""
        ...


class _InThread:
    def __init__(self) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self._notices: queue.Queue[Notice] = queue.Queue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def event(self) -> str:
        event = self._events.get(timeout=PATIENCE_SECONDS)
        assert event.source is not None
        return event.source.name

    def notice(self) -> Notice:
        return self._notices.get(timeout=PATIENCE_SECONDS)

    def end(self) -> BaseException | None:
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        return self._error

    def is_idle(self) -> bool:
        return self._events.empty()

    def _run(self) -> None:
        try:
            self._follow()
        except BaseException as error:
            self._error = error

    def _follow(self) -> None:
        raise NotImplementedError


class _Sync(_InThread):
    def __init__(self, url: str, options: dict[str, Any]) -> None:
        super().__init__()
        self._client = Client(url, "secret")
        self._stream = self._client.events(on_notice=self._notices.put, **options)
        self._thread.start()

    def _follow(self) -> None:
        for event in self._stream:
            self._events.put(event)

    def close(self) -> None:
        self._stream.close()
        self._client.close()


class _Async(_InThread):
    def __init__(self, url: str, options: dict[str, Any]) -> None:
        super().__init__()
        self._url = url
        self._options = options
        self._stream: AsyncEvents | None = None
        self._closing: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def _follow(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._iterate())

    async def _iterate(self) -> None:
        async with AsyncClient(self._url, "secret") as client:
            self._stream = client.events(on_notice=self._notices.put, **self._options)
            async for event in self._stream:
                self._events.put(event)

    def close(self) -> None:
        # The loop ends with the iteration, and may do so before a task that waits for that.
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._close)
        self._thread.join(PATIENCE_SECONDS)

    def _close(self) -> None:
        assert self._stream is not None
        self._closing = self._loop.create_task(self._stream.aclose())


@pytest.fixture
def feed() -> Iterator[ScriptedFeed]:
    feed = ScriptedFeed()
    yield feed
    feed.close()


@pytest.fixture(params=[_Sync, _Async], ids=["sync", "async"])
def follow(request: pytest.FixtureRequest, feed: ScriptedFeed) -> Iterator[Callable[..., Follower]]:
    followers: list[Follower] = []

    def start(**options: Any) -> Follower:
        followers.append(request.param(feed.url, options))
        return followers[-1]

    yield start
    for each in followers:
        each.close()
        each.end()
