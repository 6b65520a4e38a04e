"""Waits of those whose read leaves events out by their type, or gives them in another order.

Rule 1: only a look wakes, and a look is the read of the one who waits, for one event. So nobody is
woken by what their own read would not show, whatever decides what that shows.

Rule 2: a wait is registered first, looked for second, parked third, as all of the feed are. What is
heard while a look is under way is remembered beside it: where it may concern the waiter, its
snapshot may have been too early, and there is another look.

Rule 3: hints save looks and do nothing else. One that names types concerns those who wait for them,
one that names none concerns all. No head is kept, so that none can be out of date.

Equal looks are asked once, for many followers of one stream stand at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog
from msgspec.structs import replace

from wakeful.core.lookups.streams import Page, ReadStream, ReadTimeline, TimelinePage
from wakeful.core.ports import Hints, Store
from wakeful.core.positions import Marker, StreamState, position
from wakeful.looks import LOOK_AGAIN_SECONDS
from wakeful.waking import NOT_YET

AT_ONCE = 50
"""Waiters looked for before others get their turn."""

Look = ReadStream | ReadTimeline

_Growth = dict[str | None, int]
"""The last number of each type that was heard of; None stands for any type."""

log = structlog.get_logger()


class Looking(Protocol):
    """Somebody who waits until `look` shows something. Its `wake` is as that of `feed.Waiter`."""

    stream: int
    cls: int
    after: int  # set here: the last number of the stream when it was looked for
    look: Look  # set here once, where it asks for what comes after now
    seen: StreamState | None  # set here: the stream's, as the last look saw it

    def wake(self, since: float) -> None: ...


class FilteredWaits:
    """Those of one feed. *wake* is called with waiters that are forgotten here already."""

    def __init__(self, store: Store, wake: Callable[[tuple[Looking, ...]], None]) -> None:
        self._store = store
        self._wake = wake
        self._by_stream: dict[int, dict[Looking, None]] = {}
        self._queue: dict[Looking, None] = {}
        self._looking: set[Looking] = set()
        self._meanwhile: dict[int, _Growth] = {}
        self._looker: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._by_stream.values()))

    def __repr__(self) -> str:
        return f"<FilteredWaits [{len(self)} on {len(self._by_stream)} streams]>"

    @property
    def streams(self) -> frozenset[int]:
        """The streams that somebody waits for."""
        return frozenset(self._by_stream)

    @property
    def anybody(self) -> bool:
        """Whether anybody waits."""
        return bool(self._by_stream)

    @property
    def is_at_rest(self) -> bool:
        """Whether all who wait are parked."""
        return self._looker is None or self._looker.done()

    def everyone(self) -> list[Looking]:
        """All who wait."""
        return [waiter for waiters in self._by_stream.values() for waiter in waiters]

    def wait(self, waiter: Looking) -> None:
        """Wake *waiter* once its look shows something."""
        self._by_stream.setdefault(waiter.stream, {})[waiter] = None
        self._look_for(waiter)

    def leave(self, waiter: Looking) -> None:
        """Forget *waiter*, which may be gone already."""
        present = self._by_stream.get(waiter.stream)
        if present is None or waiter not in present:
            return
        del present[waiter]
        if not present:
            del self._by_stream[waiter.stream]
        self._queue.pop(waiter, None)
        self._looking.discard(waiter)

    def heard(self, hints: Hints) -> None:
        """Look for those whom *hints* may concern."""
        grown: dict[int, _Growth] = {}
        for name, head in hints.items():
            if isinstance(name, tuple) and name[0] in self._by_stream:
                grown.setdefault(name[0], {})[name[1]] = head[0]
        for name, head in hints.items():
            if isinstance(name, int) and name in self._by_stream:
                growth = grown.setdefault(name, {})
                # The last event has a type: where that is not named, it may be any.
                if head[0] > max(growth.values(), default=0):
                    growth[None] = head[0]
        for stream, growth in grown.items():
            if stream in self._meanwhile:
                known = self._meanwhile[stream]
                for type, number in growth.items():
                    known[type] = max(number, known.get(type, 0))
            for waiter in self._by_stream[stream]:
                if _concerns(waiter, growth):
                    self._look_for(waiter)

    def look_again(self, stream: int | None = None) -> None:
        """Look for all who wait, or for those on one stream, whatever was heard."""
        for waiter in self.everyone():
            if stream in (None, waiter.stream):
                # Even one whose look is under way: that may have been too early.
                self._look_for(waiter)

    async def end(self) -> None:
        if self._looker is not None:
            self._looker.cancel()
            await asyncio.gather(self._looker, return_exceptions=True)

    def _look_for(self, waiter: Looking) -> None:
        waiter.after = NOT_YET
        self._queue[waiter] = None
        if self.is_at_rest:
            self._looker = asyncio.create_task(self._look(), name="feed look, filtered")

    async def _look(self) -> None:
        while self._queue:
            round = [*self._queue][:AT_ONCE]
            for waiter in round:
                del self._queue[waiter]
            self._looking = set(round)
            self._meanwhile = {waiter.stream: {} for waiter in round}
            looks: dict[Look, list[Looking]] = {}
            for waiter in round:
                looks.setdefault(waiter.look, []).append(waiter)
            try:
                pages = await asyncio.gather(*(self._read(look) for look in looks))
            except Exception:
                # The waiters stay registered; they are looked for until the store answers.
                log.exception("look failed", looks=len(looks))
                self._queue.update(dict.fromkeys(self._looking))
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            for page, waiters in zip(pages, looks.values(), strict=True):
                self._looked([each for each in waiters if each in self._looking], page)
            self._meanwhile = {}

    async def _read(self, look: Look) -> Page | TimelinePage:
        if isinstance(look, ReadStream):
            return await self._store.ask(look)
        return await self._store.ask(look)

    def _looked(self, waiters: list[Looking], page: Page | TimelinePage) -> None:
        for waiter in waiters:
            self._looking.discard(waiter)
            waiter.seen = page.state
            if page.events:
                self.leave(waiter)
                continue
            waiter.after = page.state.last
            if waiter.look.asked is Marker.NOW:
                waiter.look = replace(waiter.look, asked=_place_after(page))
            if _concerns(waiter, self._meanwhile[waiter.stream]):
                self._look_for(waiter)
        if page.events:
            self._wake(tuple(waiters))


def _concerns(waiter: Looking, growth: _Growth) -> bool:
    types = waiter.look.types
    return any(
        number > waiter.after and (type is None or types is None or type in types)
        for type, number in growth.items()
    )


def _place_after(page: Page | TimelinePage) -> int:
    if isinstance(page, TimelinePage):
        return page.next
    return position(page.state.epoch, page.next)
