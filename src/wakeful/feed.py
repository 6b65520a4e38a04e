"""Publish, read, wait: the one place where the store and the wake bus meet.

Rule 1: publish is commit first, wake second. Heads are known here only after COMMIT.

Rule 2: wait is register first, look second, park third. The other order loses what is
committed between the look and the registration.

Rule 3: what is cached is merged by maximum and may only be behind, never ahead. A position
that does not fit the cached state is judged by the store, not by the cache. Whatever raises a
cached head wakes who waits for it: nobody is parked behind a head that is known.

Rule 4: hints may be lost. Every `BACKSTOP_SECONDS` the streams that somebody waits for are
looked at again, unless nothing was committed since.

A waiter is an object with a callback, not a coroutine: tens of thousands of them wait.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

from wakeful.core.changes import Change
from wakeful.core.events import NO_HEAD, Head, StreamClass
from wakeful.core.finding import Lineage
from wakeful.core.lookups import (
    LastKey,
    Page,
    ReadStream,
    ReadTimeline,
    StreamStates,
    TimelinePage,
)
from wakeful.core.ports import Hints, Store, StreamKind, WakeBus
from wakeful.core.positions import Asked, Place, Since, StreamState, place
from wakeful.core.publish import Key, Published, act, publish
from wakeful.core.terms import FREELY, Terms
from wakeful.filtered import FilteredWaits, Looking

BACKSTOP_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 1.0
"""After a look that the store refused."""

SLICE = 200
"""Waiters woken, or streams looked at, before the loop gets its turn again."""

_MOST_HEADS = 200_000  # some 50 MB; beyond it, streams that nobody waits for are forgotten

# Places of waiters that stand nowhere: not to be woken by a hint.
_NOT_YET = 1 << 62  # registered, but not yet looked for
_CALLED = _NOT_YET + 1  # off its stream, in the queue of those to be woken

log = structlog.get_logger()


class Waiter(Protocol):
    """Somebody who waits for a stream to grow past a place.

    `wake` is called on the loop, once, when the feed has forgotten the waiter; it must not
    raise. `since` is when the growth was heard of, by `time.monotonic`. Whoever goes away
    before calls `Feed.leave`, after which no wake comes, and may wait again.
    """

    stream: int
    cls: int  # a StreamClass, as the index into a head
    after: int  # set by the feed: woken by a number greater than this

    def wake(self, since: float) -> None: ...


class Observer(Protocol):
    """Told of what is worth counting."""

    def woken(self, waiters: int) -> None: ...

    def gap_served(self) -> None: ...

    def backstop_found(self, streams: int) -> None:
        """The backstop saw that many streams grown without a hint."""
        ...


class Feed:
    """The feed of one process, on one event loop. Use as an async context manager."""

    def __init__(self, store: Store, bus: WakeBus, observer: Observer) -> None:
        self._store = store
        self._bus = bus
        self._observer = observer
        self._waiters: dict[int, Waiter | set[Waiter]] = {}
        self._count = 0
        self._heads: dict[int, Head] = {}
        self._trimmed: dict[int, int] = {}  # only streams that are in _heads and were trimmed
        self._to_wake: deque[tuple[Waiter, float]] = deque()
        self._waking = False
        self._to_look: dict[int, dict[Waiter, Asked]] = {}
        # Those whose streams are being read, and what hints said meanwhile: without it, a
        # commit between the snapshot of the read and its arrival here would be lost.
        self._looking: dict[int, dict[Waiter, Asked]] = {}
        self._meanwhile: dict[int, Head] = {}
        self._looker: asyncio.Task[None] | None = None
        self._backstop: asyncio.Task[None] | None = None
        self._seen_key = -1
        self._filtered = FilteredWaits(store, self._wake_later)
        self._hearing: list[Callable[[Hints], None]] = []
        bus.listen(self._heard)
        store.on_commit(bus.tell)

    def __repr__(self) -> str:
        streams = self._waiters.keys() | self._filtered.streams
        return f"<Feed [{self.waiting} waiting on {len(streams)} streams]>"

    async def __aenter__(self) -> Feed:
        self._backstop = asyncio.create_task(self._look_again(), name="feed backstop")
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in (self._backstop, self._looker):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._filtered.end()

    @property
    def store(self) -> Store:
        """For look-ups and for commands that are not changes."""
        return self._store

    @property
    def waiting(self) -> int:
        """How many waiters there are."""
        return self._count + len(self._filtered)

    # --- publish and read ---

    async def publish(
        self,
        actor: int,
        changes: tuple[Change, ...],
        key: Key | None = None,
        terms: Terms = FREELY,
    ) -> Published:
        """Carry out *changes* for user *actor*, durably. Raises what `core.publish` raises."""
        return await self._store.commit(publish(actor, changes, key, terms))

    async def act(self, actor: int, changes: tuple[Change, ...], terms: Terms) -> Lineage:
        """As `publish`; returns the item of the last change with all above it (`core.publish.act`).

        Whoever is cancelled waits for the commit, which cannot be taken back any more: what
        they hold for it, a content, must stay until then.
        """
        committing = asyncio.ensure_future(self._store.commit(act(actor, changes, terms)))
        try:
            return await asyncio.shield(committing)
        except asyncio.CancelledError:
            await asyncio.wait([committing])
            raise

    async def read(
        self,
        stream: int,
        asked: Asked | Since,
        limit: int,
        cls: StreamClass = StreamClass.ALL,
        types: frozenset[str] | None = None,
    ) -> Page:
        """One page of a stream, from where *asked* is served; of an enterprise's, events of
        *types* only."""
        page = await self._store.ask(ReadStream(stream, asked, limit, cls, types))
        self._has_read(stream, asked, page)
        return page

    async def read_timeline(self, lookup: ReadTimeline) -> TimelinePage:
        """One page of an enterprise's stream by event time."""
        page = await self._store.ask(lookup)
        self._has_read(lookup.stream, lookup.asked, page)
        return page

    def _has_read(self, stream: int, asked: Asked | Since, page: Page | TimelinePage) -> None:
        self._learn(stream, page.state)
        if page.gap:
            self._observer.gap_served()
            log.warning(
                "gap served", stream=stream, asked=asked, oldest_kept=page.state.trimmed + 1
            )

    async def head(self, stream: int) -> StreamState:
        """The state of a stream: from the cache where it is known."""
        known = self.known_head(stream)
        if known is not None:
            return known
        (state,) = await self._store.ask(StreamStates((stream,)))
        self._learn(stream, state)
        return state

    def known_head(self, stream: int) -> StreamState | None:
        """The state of a stream, if it is cached, as it is for every stream somebody waits for."""
        head = self._heads.get(stream)
        if head is None:
            return None
        return StreamState(self._store.epoch, self._trimmed.get(stream, 0), head)

    # --- wait ---

    def wait(self, waiter: Waiter, asked: Asked) -> None:
        """Wake *waiter* once its stream has something of its class after *asked*."""
        waiter.after = _NOT_YET
        self._register(waiter)
        head = self._heads.get(waiter.stream)
        if head is not None:
            found = self._cached_place(waiter.stream, head, asked)
            if found is not None:
                self._park(waiter, found, head)
                return
        self._to_look.setdefault(waiter.stream, {})[waiter] = asked
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(self._look(), name="feed look")

    def wait_filtered(self, waiter: Looking) -> None:
        """Wake *waiter* once its look shows something (see `wakeful.filtered`)."""
        self._filtered.wait(waiter)

    def leave_filtered(self, waiter: Looking) -> None:
        """Forget *waiter*, which may be gone already."""
        self._filtered.leave(waiter)
        waiter.after = _NOT_YET

    def leave(self, waiter: Waiter) -> None:
        """Forget *waiter*, which may be gone already."""
        self._unregister(waiter)
        waiter.after = _NOT_YET  # so that a wake which is under way passes it by
        for asking in (self._to_look, self._looking):
            if waiter.stream in asking:
                asking[waiter.stream].pop(waiter, None)

    def waiters(self) -> Iterator[Waiter]:
        """All who wait, in a list of its own: the caller may end them."""
        everyone: list[Waiter] = [*self._filtered.everyone()]
        for present in self._waiters.values():
            if isinstance(present, set):
                everyone.extend(present)
            else:
                everyone.append(present)
        return iter(everyone)

    def _register(self, waiter: Waiter) -> None:
        present = self._waiters.get(waiter.stream)
        if present is None:
            # One waiter on a stream is the common case: a set for each would cost 216 bytes.
            self._waiters[waiter.stream] = waiter
        elif isinstance(present, set):
            present.add(waiter)
        else:
            self._waiters[waiter.stream] = {present, waiter}
        self._count += 1

    def _unregister(self, waiter: Waiter) -> None:
        present = self._waiters.get(waiter.stream)
        if present is waiter:
            del self._waiters[waiter.stream]
            self._count -= 1
        elif isinstance(present, set) and waiter in present:
            present.remove(waiter)
            self._count -= 1
            if not present:
                del self._waiters[waiter.stream]

    def _cached_place(self, stream: int, head: Head, asked: Asked) -> Place | None:
        """Where *asked* is served, if the cache is able to tell."""
        state = StreamState(self._store.epoch, self._trimmed.get(stream, 0), head)
        found = place(asked, state)
        return None if found.gap else found

    def _park(self, waiter: Waiter, found: Place, head: Head) -> None:
        waiter.after = found.number
        if head[waiter.cls] > found.number:
            self._wake_later((waiter,))

    async def _look(self) -> None:
        """Read the states of all streams that were asked for, many at a time."""
        while self._to_look:
            streams = tuple(self._to_look)[:SLICE]
            # Taken out before the read: who comes while it is under way may know of a commit
            # that its snapshot does not show, and is looked for in the next round.
            self._looking = {stream: self._to_look.pop(stream) for stream in streams}
            self._meanwhile = dict.fromkeys(streams, NO_HEAD)
            try:
                states = await self._store.ask(StreamStates(streams))
            except Exception:
                # The waiters stay registered; they are looked for again until the store answers.
                log.exception("look failed", streams=len(streams))
                for stream, asking in self._looking.items():
                    self._to_look[stream] = asking | self._to_look.get(stream, {})
                self._looking = {}
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            for stream, state in zip(streams, states, strict=True):
                self._looked(stream, state)

    def _looked(self, stream: int, state: StreamState) -> None:
        heard = self._meanwhile.pop(stream)
        asking = self._looking.pop(stream)
        self._know(stream, state.trimmed, merge(state.head, heard))
        head = self._heads[stream]
        known = StreamState(state.epoch, self._trimmed.get(stream, 0), head)
        for waiter, asked in asking.items():
            # A marker is judged by all that is known: NOW means after it.
            self._park(waiter, place(asked, known), head)

    # --- wake ---

    def on_hints(self, heard: Callable[[Hints], None]) -> None:
        """Call *heard*, too, with each hint: those of journals concern no stream."""
        self._hearing.append(heard)

    def _heard(self, hints: Hints) -> None:
        for heard in self._hearing:
            heard(hints)
        for stream, head in hints.items():
            if isinstance(stream, tuple):
                continue
            if stream in self._meanwhile:
                self._meanwhile[stream] = merge(self._meanwhile[stream], head)
            # Where nothing is known of a stream, nobody is parked on it.
            if stream in self._heads:
                self._rise(stream, head)
        if self._filtered.anybody:
            self._filtered.heard(hints)

    def _rise(self, stream: int, head: Head) -> None:
        """Learn of a head of a known stream, and wake who waits for it."""
        head = self._heads[stream] = merge(self._heads[stream], head)
        gone = self._trimmed.get(stream, 0)  # what came and was trimmed wakes nobody
        present = self._waiters.get(stream)
        if isinstance(present, set):
            self._wake_later(
                tuple(waiter for waiter in present if gone < head[waiter.cls] > waiter.after)
            )
        elif present is not None and gone < head[present.cls] > present.after:
            self._wake_later((present,))

    def _wake_later(self, waiters: tuple[Waiter, ...]) -> None:
        """Take *waiters* off their streams and wake them, in slices."""
        if not waiters:
            return
        since = time.monotonic()  # uvloop's own time stands still within a turn
        for waiter in waiters:
            self._unregister(waiter)
            waiter.after = _CALLED
            self._to_wake.append((waiter, since))
        if not self._waking:
            self._waking = True
            asyncio.get_running_loop().call_soon(self._wake_slice)

    def _wake_slice(self) -> None:
        queue = self._to_wake
        woken = 0
        for _ in range(min(SLICE, len(queue))):
            waiter, since = queue.popleft()
            if waiter.after != _CALLED:  # it left, and may wait again by now
                continue
            waiter.after = _NOT_YET
            woken += 1
            try:
                waiter.wake(since)
            except Exception:
                # One that breaks its word must not take all others with it.
                log.exception("a waiter failed")
        self._observer.woken(woken)
        if queue:
            # Through the loop, so that reads and other answers get their turn in between.
            asyncio.get_running_loop().call_soon(self._wake_slice)
        else:
            self._waking = False

    # --- what is known ---

    async def trim(self, kind: StreamKind, before: int, limit: int) -> int:
        """As `Store.trim`, after which no cached state is behind in what was trimmed; how many
        rows of streams went.

        A place that the cache took for good would otherwise wake a reader again and again
        for events that its read no longer finds.
        """
        trimmed = await self._store.trim(kind, before, limit)
        for stream, state in trimmed.streams.items():
            if stream in self._meanwhile:
                # Its look may have begun before, and does not know.
                self._meanwhile[stream] = merge(self._meanwhile[stream], state.head)
                self._trimmed[stream] = max(state.trimmed, self._trimmed.get(stream, 0))
            self._learn(stream, state)
            self._filtered.look_again(stream)
        return trimmed.rows

    def _learn(self, stream: int, state: StreamState) -> None:
        """Learn what a read saw of a stream that is known.

        Only a look makes one known: a read may have been overtaken by a hint that nobody kept
        for it, and a head from before would hide that commit from all who come later.
        """
        if stream in self._heads:
            self._know(stream, state.trimmed, state.head)

    def _know(self, stream: int, trimmed: int, head: Head) -> None:
        if stream not in self._heads:
            # Only where it frees at least half, or each further stream would pay for it again.
            if len(self._heads) >= max(_MOST_HEADS, 2 * len(self._waiters)):
                self._forget_unwaited()
            self._heads[stream] = NO_HEAD
        if trimmed > self._trimmed.get(stream, 0):
            self._trimmed[stream] = trimmed
        self._rise(stream, head)

    def _forget_unwaited(self) -> None:
        self._heads = {s: head for s, head in self._heads.items() if s in self._waiters}
        self._trimmed = {s: number for s, number in self._trimmed.items() if s in self._heads}

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(BACKSTOP_SECONDS)
            try:
                await self.look_again()
            except Exception:
                log.exception("backstop look failed")

    async def look_again(self) -> None:
        """Look at every stream that somebody waits for, if anything was committed since."""
        key = await self._store.ask(LastKey())
        if key == self._seen_key:
            return
        # What nobody waits for is not looked at, and a hint of it may have been lost as well:
        # who comes for it later must not be parked behind what is known of it.
        self._forget_unwaited()
        grown = await self._refresh()
        self._filtered.look_again()
        self._seen_key = key
        if grown:
            self._observer.backstop_found(grown)

    async def _refresh(self) -> int:
        """Read the state of every stream that somebody waits for; how many had grown unheard."""
        streams = tuple(self._waiters)
        grown = 0
        for start in range(0, len(streams), SLICE):
            part = streams[start : start + SLICE]
            states = await self._store.ask(StreamStates(part))
            for stream, state in zip(part, states, strict=True):
                known = self._heads.get(stream)
                if known is not None and merge(known, state.head) != known:
                    grown += 1
                self._learn(stream, state)
        return grown


def merge(one: Head, other: Head) -> Head:
    """The greater number of each class."""
    return other if one is NO_HEAD else tuple(map(max, one, other))
