"""Wait for journals to grow: what `feed` is for streams, for those who read the state by path.

The rules are those of `feed` (register first, look second, park third; a cached head may be
behind and never ahead; hints may be lost), and two more:

Rule 1: a waiter waits in several places: in the home, which also tells who joined or left a
namespace, and in all that is mounted there. The first that has something ends the wait.

Rule 2: a place may be one folder of a journal. Then a hint says only that there is something to
look at: the rows that came are read once for all who wait in that journal, however many folders
they wait for. What happened elsewhere wakes nobody, and moves nobody's place: a place is what
its reader has been told.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol

import structlog

from wakeful.core.items import JournalRow
from wakeful.core.lookups import JournalAt, JournalHeads, ListJournal, ReadJournal
from wakeful.core.ports import Hints
from wakeful.core.view import Place
from wakeful.feed import BACKSTOP_SECONDS, LOOK_AGAIN_SECONDS, SLICE, Feed

_CHUNK = 1000  # rows that are matched at a time
_MOST_QUIET = 4096  # spans that are remembered, some 300 bytes each

Folder = tuple[str, bool, bool]
"""A place within a journal: `under`, `deep` and `is_mount` of a `Place`."""

_EVERYTHING: Folder = ("", True, False)

log = structlog.get_logger()


class JournalWaiter(Protocol):
    """Somebody who waits for one of several places to have something new.

    `wake` is called on the loop, once, when the feed has forgotten the waiter; it must not
    raise. `since` is when the growth was heard of, by `time.monotonic`. Whoever goes away
    before calls `JournalFeed.leave`, after which no wake comes, and may wait again.
    """

    places: tuple[Place, ...]

    def wake(self, since: float) -> None: ...


class JournalObserver(Protocol):
    """Told of what is worth counting."""

    def woken(self, waiters: int) -> None: ...

    def backstop_found(self, streams: int) -> None:
        """The backstop saw that many journals grown without a hint."""
        ...


Waiting = dict[JournalWaiter, int]
"""Those who wait, each with the number up to which they were told."""

_NO_FOLDERS: dict[Folder, Waiting] = {}  # of most journals: a dictionary for each costs 64 bytes


class _Journal:
    """One journal that somebody waits for."""

    __slots__ = ("folders", "head", "matched", "whole")

    def __init__(self) -> None:
        self.head = -1  # not known yet
        self.matched = -1  # up to there rows were held against `folders`
        self.whole: Waiting = {}
        self.folders = _NO_FOLDERS

    def present(self, folder: Folder) -> Waiting | None:
        """Who waits for *folder*, if anybody does."""
        return self.whole if folder == _EVERYTHING else self.folders.get(folder)

    def add(self, waiter: JournalWaiter, folder: Folder, told: int) -> None:
        present = self.whole
        if folder != _EVERYTHING:
            if self.folders is _NO_FOLDERS:
                self.folders = {}
            present = self.folders.setdefault(folder, {})
        present[waiter] = min(told, present.get(waiter, told))

    def remove(self, waiter: JournalWaiter, folder: Folder) -> bool:
        """Whether it was there."""
        present = self.present(folder)
        if present is None or present.pop(waiter, None) is None:
            return False
        if not present and folder != _EVERYTHING:
            del self.folders[folder]
        return True

    @property
    def is_forsaken(self) -> bool:
        """Whether nobody waits."""
        return not (self.whole or self.folders)


class JournalFeed:
    """The waiting half of a feed, for journals. Use as an async context manager."""

    def __init__(self, feed: Feed, observer: JournalObserver) -> None:
        self._store = feed.store
        self._observer = observer
        self._journals: dict[int, _Journal] = {}
        self._count = 0
        self._called: dict[JournalWaiter, float] = {}  # to be woken, and since when
        self._queue: deque[JournalWaiter] = deque()
        self._waking = False
        self._unknown: dict[int, None] = {}  # journals whose heads are to be read
        self._grown: dict[int, None] = {}  # journals whose rows are to be matched
        # Folders of which it is not known whether they have something already.
        self._new: deque[tuple[JournalWaiter, Place]] = deque()
        self._quiet: dict[tuple[int, Folder], tuple[int, int]] = {}
        self._looker: asyncio.Task[None] | None = None
        self._backstop: asyncio.Task[None] | None = None
        feed.on_hints(self._heard)

    def __repr__(self) -> str:
        return f"<JournalFeed [{self._count} waiting on {len(self._journals)} journals]>"

    async def __aenter__(self) -> JournalFeed:
        self._backstop = asyncio.create_task(self._look_again(), name="journal feed backstop")
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in (self._backstop, self._looker):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    @property
    def waiting(self) -> int:
        """How many waiters there are."""
        return self._count

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to look at for those who wait."""
        return not (self._unknown or self._grown or self._new)

    # --- wait ---

    def wait(self, waiter: JournalWaiter) -> None:
        """Wake *waiter* once one of its places has something new, which may be so already."""
        self._count += 1
        for place in waiter.places:
            journal = self._journals.get(place.namespace)
            if journal is None:
                journal = self._journals[place.namespace] = _Journal()
            folder = _folder_of(place)
            journal.add(waiter, folder, place.after)
            if journal.head < 0:
                self._unknown[place.namespace] = None
            if folder != _EVERYTHING:
                self._new.append((waiter, place))
        for place in waiter.places:
            journal = self._journals[place.namespace]
            if _folder_of(place) == _EVERYTHING and journal.head > place.after:
                self._call(waiter, time.monotonic())
                return
        self._look()

    def leave(self, waiter: JournalWaiter) -> None:
        """Forget *waiter*, which may be gone already."""
        self._called.pop(waiter, None)
        self._unregister(waiter)

    def _unregister(self, waiter: JournalWaiter) -> None:
        was_there = False
        for place in waiter.places:
            journal = self._journals.get(place.namespace)
            if journal is None or not journal.remove(waiter, _folder_of(place)):
                continue
            was_there = True
            if journal.is_forsaken:
                del self._journals[place.namespace]
        self._count -= was_there

    # --- hear ---

    def _heard(self, hints: Hints) -> None:
        for grown, head in hints.items():
            if isinstance(grown, int) and grown in self._journals:
                self._rise(grown, self._journals[grown], head[0])

    def _rise(self, namespace: int, journal: _Journal, head: int) -> None:
        """Learn of a head: wake who waits for everything, look for who waits for a folder."""
        if head <= journal.head:
            return
        if journal.head < 0:
            # What came before is looked for by whoever is new.
            journal.matched = head
        journal.head = head
        now = time.monotonic()
        for waiter in [waiter for waiter, told in journal.whole.items() if head > told]:
            self._call(waiter, now)
        if not journal.folders:
            journal.matched = head
        elif head > journal.matched:
            self._grown[namespace] = None
            self._look()

    # --- look ---

    def _look(self) -> None:
        if not self.is_settled and (self._looker is None or self._looker.done()):
            self._looker = asyncio.create_task(self._look_on(), name="journal feed look")

    async def _look_on(self) -> None:
        while not self.is_settled:
            try:
                if self._unknown:
                    await self._look_for_heads()
                if self._grown:
                    await self._match(next(iter(self._grown)))
                if self._new:
                    await self._look_in(*self._new[0])
            except Exception:
                # Nothing is forgotten: it is tried again until the store answers.
                log.exception("look at journals failed")
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _look_for_heads(self) -> None:
        namespaces = tuple(self._unknown)[:SLICE]
        heads = await self._store.ask(JournalHeads(namespaces))
        for namespace, head in zip(namespaces, heads, strict=True):
            self._unknown.pop(namespace, None)
            journal = self._journals.get(namespace)
            if journal is not None:
                self._rise(namespace, journal, head)

    async def _match(self, namespace: int) -> None:
        """Hold the rows that came against all folders that somebody waits for."""
        journal = self._journals.get(namespace)
        if journal is None or journal.matched >= journal.head:
            del self._grown[namespace]
            return
        if not journal.folders:
            journal.matched = journal.head
            return
        page = await self._store.ask(ReadJournal(namespace, journal.matched, _CHUNK))
        now = time.monotonic()
        for row in page.rows:
            for folder in _folders_of(row):
                present = journal.folders.get(folder)
                if present:
                    for waiter in [each for each, told in present.items() if row.number > told]:
                        self._call(waiter, now)
        reached = page.rows[-1].number if len(page.rows) == _CHUNK else page.head
        journal.matched = max(journal.matched, reached)

    async def _look_in(self, waiter: JournalWaiter, place: Place) -> None:
        """Look whether a folder has something already."""
        folder = _folder_of(place)
        journal = self._journals.get(place.namespace)
        if journal is None or waiter not in (journal.present(folder) or ()):
            self._new.popleft()
            return
        if place.is_mount:
            row = await self._store.ask(JournalAt(place.namespace, place.under))
            self._new.popleft()
            if row is not None and row.mount is not None and row.number > place.after:
                self._call_present(waiter, journal, folder)
            return
        begin = after = place.after
        known = self._quiet.get((place.namespace, folder))
        if known is not None and known[0] <= after < known[1]:
            begin, after = known
        look = ListJournal(place.namespace, after, 1, place.under, place.deep)
        found = await self._store.ask(look)
        # A deletion in there may be forgotten: then its page says that the cursor has expired.
        if found.rows or found.trimmed > after:
            self._new.popleft()
            self._call_present(waiter, journal, folder)
            return
        self._keep_quiet((place.namespace, folder), begin, found.next)
        if found.next >= found.head:
            self._new.popleft()

    def _keep_quiet(self, key: tuple[int, Folder], begin: int, until: int) -> None:
        """Remember that nothing came to a folder, so that the same cursor, which comes again
        after each poll, does not mean the same search."""
        self._quiet.pop(key, None)
        if len(self._quiet) >= _MOST_QUIET:
            del self._quiet[next(iter(self._quiet))]
        self._quiet[key] = (begin, until)

    # --- wake ---

    def _call_present(self, waiter: JournalWaiter, journal: _Journal, folder: Folder) -> None:
        """Wake *waiter*, if it has not left *folder* meanwhile."""
        if waiter in (journal.present(folder) or ()):
            self._call(waiter, time.monotonic())

    def _call(self, waiter: JournalWaiter, since: float) -> None:
        """Take *waiter* off its journals and wake it, in its turn."""
        self._unregister(waiter)
        self._called[waiter] = since
        self._queue.append(waiter)
        if not self._waking:
            self._waking = True
            asyncio.get_running_loop().call_soon(self._wake_slice)

    def _wake_slice(self) -> None:
        woken = 0
        for _ in range(min(SLICE, len(self._queue))):
            waiter = self._queue.popleft()
            since = self._called.pop(waiter, None)
            if since is None:  # it left
                continue
            woken += 1
            try:
                waiter.wake(since)
            except Exception:
                # One that breaks its word must not take all others with it.
                log.exception("a waiter failed")
        self._observer.woken(woken)
        if self._queue:
            asyncio.get_running_loop().call_soon(self._wake_slice)
        else:
            self._waking = False

    # --- the backstop ---

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(BACKSTOP_SECONDS)
            try:
                await self.look_again()
            except Exception:
                log.exception("backstop look at journals failed")

    async def look_again(self) -> None:
        """Look at every journal that somebody waits for: a hint may have been lost."""
        waited = tuple(self._journals)
        grown = 0
        for start in range(0, len(waited), SLICE):
            part = waited[start : start + SLICE]
            heads = await self._store.ask(JournalHeads(part))
            for namespace, head in zip(part, heads, strict=True):
                journal = self._journals.get(namespace)
                if journal is not None:
                    grown += 0 <= journal.head < head
                    self._rise(namespace, journal, head)
        if grown:
            self._observer.backstop_found(grown)


def _folder_of(place: Place) -> Folder:
    return (place.under, place.deep, place.is_mount)


def _folders_of(row: JournalRow) -> Iterator[Folder]:
    """All folders in which *row* is something new."""
    path = row.path
    above = path.rpartition("/")[0]
    if row.mount is not None:
        yield path, True, True
    yield path, False, False
    yield above, False, False
    while path:
        yield path, True, False
        path = path.rpartition("/")[0]
