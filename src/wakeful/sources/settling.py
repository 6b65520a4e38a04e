"""Looking at the marks that are due, and having recorded what changed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from wakeful.core.changes import ById, Change, Observe
from wakeful.core.lookups.trees import ItemById
from wakeful.sources.ground import Ground
from wakeful.sources.hasher import Hasher, Hashes
from wakeful.sources.ledger import Ledger
from wakeful.sources.looks import Looks, Shape, Sight
from wakeful.sources.marks import Mark, Marks, Place
from wakeful.sources.notices import Watcher
from wakeful.sources.plan import Planner
from wakeful.sources.recorder import Recorder
from wakeful.sources.round import Round
from wakeful.sources.snapshot import Snapshot, unpack

BATCH = 200
"""Names looked at, and changes recorded, together."""

_MOST_HASHED_AGAIN = 3

T = TypeVar("T")


class Thread(Protocol):
    """Runs work in the thread that looks at the disk."""

    def __call__(self, work: Callable[[], T]) -> Awaitable[T]: ...


class Settling:
    """Settles marks, round by round. `lost` asks for a whole re-scan."""

    def __init__(
        self,
        round: Round,
        planner: Planner,
        looks: Looks,
        ledger: Ledger,
        recorder: Recorder,
        watcher: Watcher,
        *,
        in_thread: Thread,
        check_root: Callable[[], None],
        wake: Callable[[], None],
    ) -> None:
        self._round = round
        self._planner = planner
        self._snapshot: Snapshot = round.snapshot
        self._marks: Marks = round.marks
        self._looks = looks
        self._ledger = ledger
        self._recorder = recorder
        self._watcher = watcher
        self._in_thread = in_thread
        self._check_root = check_root
        self._wake = wake
        self._now = asyncio.get_running_loop().time
        self._hashed: dict[Place, Hashes | None] = {}
        self._observed: deque[tuple[Place, Hashes]] = deque()
        self.lost = False

    def hash_with(self, ground: Ground, executor: Executor) -> Hasher:
        """The hasher for what is not hashed at the look, with a thread of its own."""
        self._hasher = Hasher(ground, executor, self._hashed_first, self._hashed_later)
        return self._hasher

    @property
    def has_observed(self) -> bool:
        """Whether hashes wait to be recorded."""
        return bool(self._observed)

    async def settle(self) -> bool:
        """Look at what is due, and record what changed."""
        marks = self._marks.take(self._now(), BATCH)
        if not marks and not self._observed:
            return False
        round, planner = self._round, self._planner
        round.begin()
        if marks:
            vanished = self._marks.vanished
            sights = await self._in_thread(lambda: self._looks.look(marks, vanished))
            self._add_hashes(marks, sights)
            sha1s = await self._recorded_sha1s(marks, sights)
            now = self._now()
            for mark, sight in zip(marks, sights, strict=True):
                planner.plan(mark, sight, sha1s, now)
        changes = tuple(op.change for op in round.ops) + self._take_observed()
        if changes:
            if round.trashes:
                # Whatever is missing now may be so because the disk is.
                await self._in_thread(self._check_root)
            applied = await self._recorder.apply(changes)
            now = self._now()
            for op, item in zip(round.ops, applied.items, strict=False):
                planner.recorded(op, item, now)
        self._after(round)
        return True

    def _after(self, round: Round) -> None:
        for wd in round.to_unwatch:
            if wd not in self._snapshot.by_wd:  # else it was found again in the same round
                self._watcher.remove(wd)
        for mark, _ in round.to_hash:
            self._hasher.hash_first(mark)
        for place in round.to_observe:
            self._hasher.hash_later(place)
        if round.lost:
            self.lost = True

    def _add_hashes(self, marks: list[Mark], sights: list[Sight]) -> None:
        """Big files that were hashed since they were last looked at."""
        if not self._hashed:
            return
        for mark, sight in zip(marks, sights, strict=True):
            place = (mark.folder, mark.name)
            if place not in self._hashed or sight.shape is not Shape.FILE or not sight.big:
                continue
            hashes = self._hashed.pop(place)
            if hashes is None:
                sight.unreadable, sight.big = True, False
                continue
            now = (sight.inode, sight.size, sight.mtime_ns)
            if (hashes.inode, hashes.size, hashes.mtime_ns) != now:
                if mark.tries < _MOST_HASHED_AGAIN:
                    continue
                # It changes faster than it is read: what was read is told, and the rest later.
                sight.busy = True
            sight.size, sight.mtime_ns = hashes.size, hashes.mtime_ns
            sight.sha1, sight.content_hash = hashes.sha1, hashes.content_hash
            sight.hashed = True

    async def _recorded_sha1s(self, marks: list[Mark], sights: list[Sight]) -> dict[int, str]:
        """The recorded hashes of files that may have kept their content."""
        items = []
        for mark, sight in zip(marks, sights, strict=True):
            entry = mark.folder.entries.get(mark.name)
            if sight.hashed and isinstance(entry, bytes) and unpack(entry)[2] == sight.size:
                items.append(unpack(entry)[0])
        found = await asyncio.gather(*(self._ledger.ask(ItemById(item)) for item in items))
        return {item.id: item.sha1 for item in found if item is not None}

    def _take_observed(self) -> tuple[Change, ...]:
        changes: list[Change] = []
        while self._observed and len(changes) < BATCH:
            (folder, name), hashes = self._observed.popleft()
            packed = folder.entries.get(name)
            seen = (hashes.inode, hashes.size, hashes.mtime_ns)
            if folder.gone or not isinstance(packed, bytes) or unpack(packed)[1:] != seen:
                continue
            changes.append(
                Observe(
                    item=ById(unpack(packed)[0]),
                    sha1=hashes.sha1,
                    content_hash=hashes.content_hash,
                )
            )
        return tuple(changes)

    def _hashed_first(self, mark: Mark, hashes: Hashes | None) -> None:
        """A file that waits to be announced was hashed, or could not be read."""
        if self._marks.get(mark.folder, mark.name) is mark and not mark.folder.gone:
            self._hashed[(mark.folder, mark.name)] = hashes
            self._marks.put_off(mark, self._now())
            self._wake()

    def _hashed_later(self, place: Place, hashes: Hashes) -> None:
        """A file that is recorded without hashes was hashed."""
        self._observed.append((place, hashes))
        self._wake()
