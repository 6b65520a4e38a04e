"""The asynchronous client: carries out the steps of a flow on asyncio."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import NoReturn, Self, TypeVar

from wakeful.client.connections import AsyncConnections, Endpoint
from wakeful.client.events import Event
from wakeful.client.follow import (
    MOST_EVENTS,
    Stream,
    check_limit,
    check_types,
    follow,
    parse_since,
)
from wakeful.client.notices import Notice, log_notice
from wakeful.client.positions import PositionStore
from wakeful.client.publish import PATIENCE_SECONDS, Batch, publish, publish_events
from wakeful.client.steps import Ask, Deliver, Flow, Run, Save, Sleep, Tell
from wakeful.dialects.native.results import ChangesAnswer, EventsAnswer

T = TypeVar("T")


class AsyncClient:
    """A server and a token. Opens nothing until it is used; close it, or use `async with`.

    Raises ValueError for a URL or a token that can be none. `tls` replaces the system's
    certificates, for a server with one of its own.
    """

    def __init__(self, url: str, token: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._endpoint = Endpoint(url, token, tls)
        self._connections = AsyncConnections(self._endpoint)

    def __repr__(self) -> str:
        return f"<AsyncClient {self._endpoint.url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._connections.aclose()

    def events(
        self,
        since: int | str = "now",
        *,
        stream: Stream | str = Stream.ALL,
        types: Sequence[str] = (),
        positions: PositionStore | None = None,
        on_notice: Callable[[Notice], None] = log_notice,
        limit: int = MOST_EVENTS,
    ) -> AsyncEvents:
        """Follow the user's events from *since* on: `now`, 0 (the oldest kept), or a position.
        An admin may follow those of the enterprise, perhaps of some *types* only.

        A position in *positions* comes before *since*, and is kept up to date there: after a
        crash at most one page, of up to *limit* events, comes again. Raises ValueError.
        """
        check_limit(limit)
        start = parse_since(since)
        kind = Stream(stream)
        names = check_types(kind, types)

        def flow_from(position: int | str) -> Run[NoReturn]:
            return Run(follow(self._endpoint.url, position, stream=kind, types=names, limit=limit))

        return AsyncEvents(self._connections, flow_from, start, positions, on_notice)

    async def publish(
        self,
        changes: Batch,
        *,
        idempotency_key: str | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> ChangesAnswer:
        """Put changes into the feed, all or none of them; returns after they are durable.

        Where the server cannot be reached it is tried again, for about *patience* seconds and
        always under the same key, so that nothing is published twice. Raises AuthenticationFailed,
        Refused and Unavailable.
        """
        return await self._drive(
            publish(self._endpoint.url, changes, idempotency_key, patience=patience)
        )

    async def publish_events(
        self,
        events: Batch,
        *,
        idempotency_key: str | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> EventsAnswer:
        """Tell of what changes no file, all of it or nothing; otherwise as `publish`."""
        return await self._drive(
            publish_events(self._endpoint.url, events, idempotency_key, patience=patience)
        )

    async def _drive(self, flow: Flow[T]) -> T:
        run = Run(flow)
        while step := run.step():
            if isinstance(step, Ask):
                run.done(await self._connections.send(step))
            elif isinstance(step, Sleep):
                await asyncio.sleep(step.seconds)
                run.done()
        return run.end()


class AsyncEvents:
    """The events of a stream, without an end: `async for event in client.events()`.

    Whatever is cancelled (a time-out around `anext`, say) can be gone on with; nothing is lost
    by it. `aclose` ends the iteration at once, also while another task waits in it.
    """

    def __init__(
        self,
        connections: AsyncConnections,
        flow_from: Callable[[int | str], Run[NoReturn]],
        since: int | str,
        positions: PositionStore | None,
        on_notice: Callable[[Notice], None],
    ) -> None:
        self._connections = connections
        self._flow_from = flow_from
        self._since = since
        self._positions = positions
        self._on_notice = on_notice
        self._run: Run[NoReturn] | None = None
        self._is_closed = False
        self._is_busy = False
        self._waiting: asyncio.Task[None] | None = None
        # A cancelled save goes on in its thread; the next one must not overtake it.
        self._saving = threading.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._is_busy:
            raise RuntimeError("another task waits for the next event of this stream already")
        self._is_busy = True
        try:
            return await self._next()
        finally:
            self._is_busy = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        self._is_closed = True
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait({self._waiting})

    async def _next(self) -> Event:
        while not self._is_closed:
            if self._run is None:
                await self._wait(self._start)
                continue
            step = self._run.step()
            if step is None:  # an error has ended it
                break
            if isinstance(step, Deliver):
                self._run.done()
                return step.event
            if isinstance(step, Tell):
                self._run.done()
                self._on_notice(step.notice)
            else:
                await self._wait(self._carry_out)
        raise StopAsyncIteration

    async def _wait(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do *work* in a task of its own, which `aclose` can end without a trace."""
        self._waiting = asyncio.ensure_future(work())
        try:
            await self._waiting
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._is_closed or (task is not None and task.cancelling()):
                raise
        finally:
            self._waiting = None

    async def _start(self) -> None:
        kept = None if self._positions is None else await asyncio.to_thread(self._positions.load)
        self._run = self._flow_from(self._since if kept is None else kept)

    async def _carry_out(self) -> None:
        assert self._run is not None
        step = self._run.step()
        if isinstance(step, Ask):
            self._run.done(await self._connections.send(step))
        elif isinstance(step, Sleep):
            await asyncio.sleep(step.seconds)
            self._run.done()
        elif isinstance(step, Save):
            if self._positions is not None:
                await asyncio.to_thread(self._save, self._positions, step.position)
            self._run.done()

    def _save(self, positions: PositionStore, position: int) -> None:
        with self._saving:
            positions.save(position)
