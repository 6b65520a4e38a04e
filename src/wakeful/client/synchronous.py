"""The synchronous client: carries out the steps of a flow in the calling thread."""

from __future__ import annotations

import queue
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NoReturn, Self, TypeVar

from wakeful.client.connections import Connections, Endpoint
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


class Client:
    """A server and a token. Opens nothing until it is used; close it, or use `with`.

    Raises ValueError for a URL or a token that can be none. `tls` replaces the system's
    certificates, for a server with one of its own.
    """

    def __init__(self, url: str, token: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._endpoint = Endpoint(url, token, tls)
        self._connections = Connections(self._endpoint)

    def __repr__(self) -> str:
        return f"<Client {self._endpoint.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what `publish` opened; iterations are closed by themselves."""
        self._connections.close()

    def events(
        self,
        since: int | str = "now",
        *,
        stream: Stream | str = Stream.ALL,
        types: Sequence[str] = (),
        positions: PositionStore | None = None,
        on_notice: Callable[[Notice], None] = log_notice,
        limit: int = MOST_EVENTS,
    ) -> Events:
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

        # Connections of its own: closing an iteration ends requests from whatever thread.
        connections = Connections(self._endpoint)
        return Events(connections, flow_from, start, positions, on_notice)

    def publish(
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
        return self._drive(publish(self._endpoint.url, changes, idempotency_key, patience=patience))

    def publish_events(
        self,
        events: Batch,
        *,
        idempotency_key: str | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> EventsAnswer:
        """Tell of what changes no file, all of it or nothing; otherwise as `publish`."""
        return self._drive(
            publish_events(self._endpoint.url, events, idempotency_key, patience=patience)
        )

    def _drive(self, flow: Flow[T]) -> T:
        run = Run(flow)
        while step := run.step():
            if isinstance(step, Ask):
                run.done(self._connections.send(step))
            elif isinstance(step, Sleep):
                time.sleep(step.seconds)
                run.done()
        return run.end()


class Events:
    """The events of a stream, without an end: `for event in client.events()`.

    `close` ends the iteration at once, also from another thread (where the server cannot even
    be connected to, within the ten seconds that this is tried for).
    """

    def __init__(
        self,
        connections: Connections,
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
        # Rung by `close`. A thread that waits for an Event, or is about to, holds its lock at
        # moments: a signal handler on top of it would wait for that for ever.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        # Held while a step is carried out: two threads would ask for the same page.
        self._turn = threading.Lock()

    def __iter__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __next__(self) -> Event:
        try:
            with self._turn:
                return self._next()
        finally:
            if self._is_closed:
                self._release()

    def close(self) -> None:
        self._is_closed = True
        self._bell.put(None)
        self._connections.interrupt()
        self._release()

    def _release(self) -> None:
        # Not under a request: the thread that is in it comes here itself when it leaves. And
        # not by waiting for it: `close` may be called by a signal handler on top of it.
        if self._turn.acquire(blocking=False):
            try:
                self._connections.close()
            finally:
                self._turn.release()

    def _next(self) -> Event:
        while not self._is_closed:
            if self._run is None:
                kept = None if self._positions is None else self._positions.load()
                self._run = self._flow_from(self._since if kept is None else kept)
            step = self._run.step()
            if step is None:  # an error has ended it
                break
            if isinstance(step, Ask):
                self._run.done(self._connections.send(step))
            elif isinstance(step, Deliver):
                self._run.done()
                return step.event
            elif isinstance(step, Tell):
                self._run.done()
                self._on_notice(step.notice)
            elif isinstance(step, Sleep):
                try:
                    self._bell.get(timeout=step.seconds)
                except queue.Empty:
                    self._run.done()
            elif isinstance(step, Save):
                if self._positions is not None:
                    self._positions.save(step.position)
                self._run.done()
        raise StopIteration
