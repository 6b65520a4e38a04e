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
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

import structlog

from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import JournalAt, JournalHeads, ListJournal, ReadJournal
from wakeful.core.places import Place
from wakeful.core.ports import Hints
from wakeful.feed import BACKSTOP_SECONDS, Feed
from wakeful.looks import LOOK_AGAIN_SECONDS
from wakeful.waking import NOT_YET, SLICE, WakeQueue

_CHUNK = 1000  # rows that are matched at a time
_MOST_QUIET = 4096  # spans that are remembered, some 300 bytes each
_MOST_HEADS = 100_000  # of journals that nobody waits for, some 10 MB

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
    after: int  # set by the feed, and of no use to others

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

    def __init__(self, head: int) -> None:
        self.head = head  # -1: not known yet
        # Up to there rows were held against `folders`. What came before is looked for by
        # whoever is new.
        self.matched = head
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
        # Those that nobody waits for at the moment: who reads what came is about to be back.
        self._heads: dict[int, int] = {}
        self._count = 0
        self._to_wake = WakeQueue(observer.woken)
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

    def heads_now(self, namespaces: Iterable[int]) -> dict[int, int] | None:
        """The heads of journals by namespace, as far as hints have told; None where one is not
        known and would have to be waited for."""
        heads: dict[int, int] = {}
        unknown: list[int] = []
        for namespace in namespaces:
            journal = self._journals.get(namespace)
            head = self._heads.get(namespace, -1) if journal is None else journal.head
            if head < 0:
                unknown.append(namespace)
            heads[namespace] = head
        if unknown:
            found = self._store.ask_now(JournalHeads(tuple(unknown)))
            if found is None:
                return None
            # Within this turn of the loop no hint was heard, so they are known from here on.
            for namespace, head in zip(unknown, found, strict=True):
                heads[namespace] = head
                self._know(namespace, head)
        return heads

    def _know(self, namespace: int, head: int) -> None:
        journal = self._journals.get(namespace)
        if journal is not None:
            self._rise(namespace, journal, head)
            return
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        self._heads[namespace] = head

    # --- wait ---

    def wait(self, waiter: JournalWaiter) -> None:
        """Wake *waiter* once one of its places has something new, which may be so already."""
        self._count += 1
        self.heads_now([place.namespace for place in waiter.places])
        for place in waiter.places:
            journal = self._journals.get(place.namespace)
            if journal is None:
                head = self._heads.pop(place.namespace, -1)
                journal = self._journals[place.namespace] = _Journal(head)
            folder = _folder_of(place)
            journal.add(waiter, folder, place.after)
            if journal.head < 0:
                self._unknown[place.namespace] = None
            if folder != _EVERYTHING:
                self._new.append((waiter, place))
        for place in waiter.places:
            journal = self._journals[place.namespace]
            if _folder_of(place) == _EVERYTHING and journal.head > place.after:
                self._call(waiter)
                return
        self._look()

    def leave(self, waiter: JournalWaiter) -> None:
        """Forget *waiter*, which may be gone already."""
        self._unregister(waiter)
        waiter.after = NOT_YET

    def _unregister(self, waiter: JournalWaiter) -> None:
        was_there = False
        for place in waiter.places:
            journal = self._journals.get(place.namespace)
            if journal is None or not journal.remove(waiter, _folder_of(place)):
                continue
            was_there = True
            if journal.is_forsaken:
                del self._journals[place.namespace]
                if journal.head >= 0:
                    self._know(place.namespace, journal.head)
        self._count -= was_there

    # --- hear ---

    def _heard(self, hints: Hints) -> None:
        for grown, head in hints.items():
            if isinstance(grown, int):
                self._learn(grown, head[0])

    def _learn(self, namespace: int, head: int) -> None:
        """A journal has come to *head* at least."""
        journal = self._journals.get(namespace)
        if journal is not None:
            self._rise(namespace, journal, head)
        elif namespace in self._heads:
            self._heads[namespace] = max(head, self._heads[namespace])

    def _rise(self, namespace: int, journal: _Journal, head: int) -> None:
        """Learn of a head: wake who waits for everything, look for who waits for a folder."""
        if head <= journal.head:
            return
        if journal.head < 0:
            journal.matched = head
        journal.head = head
        for waiter in [waiter for waiter, told in journal.whole.items() if head > told]:
            self._call(waiter)
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
        asked = [self._journals.get(namespace) for namespace in namespaces]
        heads = await self._store.ask(JournalHeads(namespaces))
        for namespace, before, head in zip(namespaces, asked, heads, strict=True):
            journal = self._journals.get(namespace)
            if journal is not None and journal is not before:
                continue  # left and waited for again: what came in between was heard by nobody
            self._unknown.pop(namespace, None)
            self._learn(namespace, head)

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
        # Who is woken by what no hint told of must not be told that there is nothing.
        self._learn(namespace, page.head)
        for row in page.rows:
            for folder in _folders_of(row):
                present = journal.folders.get(folder)
                if present:
                    for waiter in [each for each, told in present.items() if row.number > told]:
                        self._call(waiter)
        reached = page.rows[-1].number if len(page.rows) == _CHUNK else page.head
        journal.matched = max(journal.matched, reached)

    async def _look_in(self, waiter: JournalWaiter, place: Place) -> None:
        """Look whether a folder has something already."""
        folder = _folder_of(place)
        journal = self._journals.get(place.namespace)
        if journal is None or waiter not in (journal.present(folder) or ()):
            self._new.popleft()
            return
        if journal.head < 0:
            # Rows are matched from its head on: what came before that has to be seen here.
            self._new.rotate(-1)
            return
        if place.is_mount:
            row = await self._store.ask(JournalAt(place.namespace, place.under))
            self._new.popleft()
            if row is not None and row.mount is not None and row.number > place.after:
                self._learn(place.namespace, row.number)
                self._call_present(waiter, journal, folder)
            return
        begin = after = place.after
        known = self._quiet.get((place.namespace, folder))
        if known is not None and known[0] <= after < known[1]:
            begin, after = known
        look = ListJournal(place.namespace, after, 1, place.under, place.deep)
        found = await self._store.ask(look)
        self._learn(place.namespace, found.head)
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
            self._call(waiter)

    def _call(self, waiter: JournalWaiter) -> None:
        """Take *waiter* off its journals and wake it, in its turn."""
        self._unregister(waiter)
        self._to_wake.add((waiter,))

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
        # What nobody waits for is not looked at: who comes for it later must not be parked behind
        # what is known of it.
        self._heads.clear()
        waited = tuple(self._journals)
        grown = 0
        for start in range(0, len(waited), SLICE):
            part = waited[start : start + SLICE]
            heads = await self._store.ask(JournalHeads(part))
            for namespace, head in zip(part, heads, strict=True):
                journal = self._journals.get(namespace)
                grown += journal is not None and 0 <= journal.head < head
                self._learn(namespace, head)  # also of one that was left meanwhile
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
