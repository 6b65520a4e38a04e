"""Looks at the states of streams, for those who wait on one of which nothing is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from wakeful.core.events import NO_HEAD, Head
from wakeful.core.lookups.streams import StreamStates
from wakeful.core.ports import Store
from wakeful.core.positions import Asked, StreamState
from wakeful.waking import SLICE, Waiter

LOOK_AGAIN_SECONDS = 1.0
"""After a look that the store refused."""

Asking = dict[Waiter, Asked]
"""Waiters, with what each of them asked for."""

log = structlog.get_logger()


class Looks:
    """Those of one feed. *looked* is called with each state, what hints said of the stream while
    it was read, and those who asked for it.

    Where hints say something of a stream that is being read, the feed merges it into `meanwhile`:
    without it, a commit between the snapshot of the read and its arrival would be lost.
    """

    def __init__(
        self, store: Store, looked: Callable[[int, StreamState, Head, Asking], None]
    ) -> None:
        self._store = store
        self._looked = looked
        self._waiting: dict[int, Asking] = {}
        self._under_way: dict[int, Asking] = {}
        self.meanwhile: dict[int, Head] = {}
        self._looker: asyncio.Task[None] | None = None

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is left to look for."""
        return self._looker is None or self._looker.done()

    def ask(self, waiter: Waiter, asked: Asked) -> None:
        """Look for *waiter*."""
        self._waiting.setdefault(waiter.stream, {})[waiter] = asked
        if self.is_at_rest:
            self._looker = asyncio.create_task(self._look(), name="feed look")

    def leave(self, waiter: Waiter) -> None:
        """Forget *waiter*, whom nothing was looked for, perhaps."""
        for asking in (self._waiting, self._under_way):
            if waiter.stream in asking:
                asking[waiter.stream].pop(waiter, None)

    async def end(self) -> None:
        if self._looker is not None:
            self._looker.cancel()
            await asyncio.gather(self._looker, return_exceptions=True)

    async def _look(self) -> None:
        """Read the states of all streams that were asked for, many at a time."""
        while self._waiting:
            streams = tuple(self._waiting)[:SLICE]
            # Taken out before the read: who comes while it is under way may know of a commit
            # that its snapshot does not show, and is looked for in the next round.
            self._under_way = {stream: self._waiting.pop(stream) for stream in streams}
            self.meanwhile = dict.fromkeys(streams, NO_HEAD)
            try:
                states = await self._store.ask(StreamStates(streams))
            except Exception:
                # The waiters stay registered; they are looked for again until the store answers.
                log.exception("look failed", streams=len(streams))
                for stream, asking in self._under_way.items():
                    self._waiting[stream] = asking | self._waiting.get(stream, {})
                self._under_way = {}
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            for stream, state in zip(streams, states, strict=True):
                heard, asking = self.meanwhile.pop(stream), self._under_way.pop(stream)
                self._looked(stream, state, heard, asking)
