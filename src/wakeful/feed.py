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
from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

from wakeful.core.changes import Change
from wakeful.core.events import NO_HEAD, Head, StreamClass
from wakeful.core.lookups.streams import (
    LastKey,
    Page,
    ReadStream,
    ReadTimeline,
    StreamStates,
    TimelinePage,
)
from wakeful.core.ports import Hints, Store, StreamKind, Told, WakeBus
from wakeful.core.positions import Asked, Place, Since, StreamState, place
from wakeful.core.publish import Acted, Changes, Key, Published, act, publish
from wakeful.core.terms import FREELY, Terms
from wakeful.filtered import FilteredWaits, Looking
from wakeful.looks import Asking, Looks
from wakeful.waking import NOT_YET, SLICE, WOKEN, Waiter, WakeQueue

BACKSTOP_SECONDS = 10.0
NEAR = 100
"""Events: a page that begins no further from the head is read at once."""

_MOST_HEADS = 200_000  # some 50 MB; beyond it, streams that nobody waits for are forgotten

log = structlog.get_logger()


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
        self._to_wake = WakeQueue(observer.woken)
        self._looks = Looks(store, self._looked)
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
        if self._backstop is not None:
            self._backstop.cancel()
            await asyncio.gather(self._backstop, return_exceptions=True)
        await self._looks.end()
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
        changes: Changes,
        key: Key | None = None,
        terms: Terms = FREELY,
    ) -> Published:
        """Carry out *changes* for user *actor*, durably. Raises what `core.publish` raises."""
        return await self._store.commit(publish(actor, changes, key, terms))

    def submit(
        self,
        actor: int,
        changes: Changes,
        key: Key | None,
        terms: Terms,
        told: Told[Published],
    ) -> None:
        """As `publish`, for whoever is no task: *told* is called as by `Store.submit`."""
        self._store.submit(publish(actor, changes, key, terms), told)

    async def act(self, actor: int, changes: tuple[Change, ...], terms: Terms) -> Acted:
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

    def read_now(
        self, stream: int, asked: Asked, limit: int, cls: StreamClass = StreamClass.ALL
    ) -> Page | None:
        """As `read`, without waiting, where *asked* is near the head: what was written a moment ago
        is in memory. None where it is not."""
        state = self.head_now(stream)
        if state is None:
            return None
        found = place(asked, state)
        if found.gap or state.last - found.number > NEAR:
            return None
        if found.number >= state.head[cls]:
            # As the store would say it, which need not be asked for nothing.
            return Page((), state, found.number, state.last, False)
        page = self._store.ask_now(ReadStream(stream, asked, limit, cls))
        if page is None or page.state.last < state.last:
            # What the store has in memory may be behind what somebody has been shown: it would say
            # that there is less, or know nothing of a position that was given.
            return None
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

    def head_now(self, stream: int) -> StreamState | None:
        """As `head`, without waiting; None where that is not possible."""
        known = self.known_head(stream)
        if known is not None:
            return known
        states = self._store.ask_now(StreamStates((stream,)))
        if states is None:
            return None
        # Within this turn of the loop no hint was heard, so it is known from here on.
        self._know(stream, states[0].trimmed, states[0].head)
        return states[0]

    def known_head(self, stream: int) -> StreamState | None:
        """The state of a stream, if it is cached, as it is for every stream somebody waits for."""
        head = self._heads.get(stream)
        if head is None:
            return None
        return StreamState(self._store.epoch, self._trimmed.get(stream, 0), head)

    # --- wait ---

    def wait(self, waiter: Waiter, asked: Asked) -> None:
        """Wake *waiter* once its stream has something of its class after *asked*."""
        waiter.after = NOT_YET
        self._register(waiter)
        head = self._heads.get(waiter.stream)
        if head is not None:
            found = self._cached_place(waiter.stream, head, asked)
            if found is not None:
                self._park(waiter, found, head)
                return
        self._looks.ask(waiter, asked)

    def wait_filtered(self, waiter: Looking) -> None:
        """Wake *waiter* once its look shows something (see `wakeful.filtered`)."""
        self._filtered.wait(waiter)

    def leave_filtered(self, waiter: Looking) -> None:
        """Forget *waiter*, which may be gone already."""
        self._filtered.leave(waiter)
        waiter.after = NOT_YET

    def leave(self, waiter: Waiter) -> None:
        """Forget *waiter*, which may be gone already."""
        if waiter.after == WOKEN:
            return
        self._unregister(waiter)
        waiter.after = NOT_YET  # so that a wake which is under way passes it by
        self._looks.leave(waiter)

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

    def _looked(self, stream: int, state: StreamState, heard: Head, asking: Asking) -> None:
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
        meanwhile = self._looks.meanwhile
        for stream, head in hints.items():
            if isinstance(stream, tuple):
                continue
            if stream in meanwhile:
                meanwhile[stream] = merge(meanwhile[stream], head)
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
            woken = tuple([each for each in present if gone < head[each.cls] > each.after])
            if len(woken) == len(present):
                del self._waiters[stream]  # at once, and not each
                self._count -= len(woken)
                self._to_wake.add(woken)
            else:
                self._wake_later(woken)
        elif present is not None and gone < head[present.cls] > present.after:
            self._wake_later((present,))

    def _wake_later(self, waiters: tuple[Waiter, ...]) -> None:
        """Take *waiters* off their streams and wake them, in slices."""
        for waiter in waiters:
            self._unregister(waiter)
        if waiters:
            self._to_wake.add(waiters)

    # --- what is known ---

    async def trim(self, kind: StreamKind, before: int, limit: int) -> int:
        """As `Store.trim`, after which no cached state is behind in what was trimmed; how many
        rows of streams went.

        A place that the cache took for good would otherwise wake a reader again and again
        for events that its read no longer finds.
        """
        trimmed = await self._store.trim(kind, before, limit)
        for stream, state in trimmed.streams.items():
            if stream in self._looks.meanwhile:
                # Its look may have begun before, and does not know.
                self._looks.meanwhile[stream] = merge(self._looks.meanwhile[stream], state.head)
                self._trimmed[stream] = max(state.trimmed, self._trimmed.get(stream, 0))
            self._learn(stream, state)
            self._filtered.look_again(stream)
        return trimmed.rows

    def _learn(self, stream: int, state: StreamState) -> None:
        """Learn what a read saw of a stream that is known.

        Only a look makes one known, or a read on the loop itself: any other may have been
        overtaken by a hint that nobody kept for it, and a head from before would hide that commit
        from all who come later.
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
