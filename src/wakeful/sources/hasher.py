"""Hashing what is not hashed at the look: big files before they are announced, and, at a low
pace, whatever is recorded without hashes (the baseline, very large files)."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from wakeful.core.items import Item
from wakeful.core.lookups.trees import ItemsOf
from wakeful.sources.ground import Ground, Lost
from wakeful.sources.hashing import Hashing
from wakeful.sources.ledger import Ledger
from wakeful.sources.marks import Mark, Place
from wakeful.sources.snapshot import Folder, Snapshot, unpack

_AT_ONCE = 4  # big files hashed in turns, a slice each
_PAGE = 200
_REST = 3.0
"""The background rests that many times as long as it worked."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hashes of what a file was: `size` bytes of that inode at that time."""

    inode: int
    size: int
    mtime_ns: int
    sha1: str
    content_hash: str


class _Job:
    def __init__(self, place: Place, mark: Mark | None) -> None:
        self.place = place
        self.mark = mark
        self.fd = -1
        self.hashing: Hashing | None = None
        self.stat = (0, 0, 0)


class Hasher:
    """Hashes in a thread of its own (*executor*).

    `announced` is called with a mark and its hashes (None where the file could not be read),
    `observed` with the place of a recorded file.
    """

    def __init__(
        self,
        ground: Ground,
        executor: Executor,
        announced: Callable[[Mark, Hashes | None], None],
        observed: Callable[[Place, Hashes], None],
    ) -> None:
        self._ground = ground
        self._executor = executor
        self._announced = announced
        self._observed = observed
        self._jobs: deque[_Job] = deque()
        self._active: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self.unhashed = 0

    def hash_first(self, mark: Mark) -> None:
        """Hash a file that waits to be announced."""
        self._jobs.appendleft(_Job((mark.folder, mark.name), mark))
        self._wake.set()

    def hash_later(self, place: Place) -> None:
        """Hash a file that was announced without."""
        self._jobs.append(_Job(place, None))
        self.unhashed += 1
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                while self._jobs and len(self._active) < _AT_ONCE:
                    self._active.append(self._jobs.popleft())
                if not self._active:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                job = self._active.popleft()
                if await loop.run_in_executor(self._executor, self._step, job):
                    self._finish(job)
                else:
                    self._active.append(job)
        finally:
            for job in self._active:
                _close(job)

    async def run_background(self, ledger: Ledger, namespace: int, snapshot: Snapshot) -> None:
        """Once through all recorded files that have no hashes."""
        loop = asyncio.get_running_loop()
        folders = {folder.item: folder for folder in snapshot.root.folders()}
        after = 0
        while True:
            page = await ledger.ask(ItemsOf(namespace, after, _PAGE))
            if not page:
                return
            after = page[-1].id
            for item in page:
                place = _place(item, folders)
                if place is None:
                    continue
                job = _Job(place, None)
                started = loop.time()
                while not await loop.run_in_executor(self._executor, self._step, job):
                    await asyncio.sleep(_REST * (loop.time() - started))
                    started = loop.time()
                self._finish(job)
                await asyncio.sleep(_REST * (loop.time() - started))

    def _step(self, job: _Job) -> bool:
        """One slice, in the thread; True at the end, `hashing` is None after a failure."""
        try:
            if job.hashing is None:
                folder, name = job.place
                if folder.gone:
                    return True
                job.fd = self._ground.open_file(folder, name)
                found = os.fstat(job.fd)
                job.stat = (found.st_ino, found.st_size, found.st_mtime_ns)
                job.hashing = Hashing(job.fd, found.st_size)
            done = job.hashing.step()
        except (OSError, Lost):
            job.hashing = None
            done = True
        if done:
            _close(job)
        return done

    def _finish(self, job: _Job) -> None:
        hashes = None
        if job.hashing is not None and job.hashing.size == job.stat[1]:
            hashes = Hashes(*job.stat, job.hashing.sha1, job.hashing.content_hash)
        if job.mark is not None:
            self._announced(job.mark, hashes)
            return
        self.unhashed = max(0, self.unhashed - 1)
        folder, name = job.place
        packed = folder.entries.get(name)
        # Only for what is recorded: another content is on its way as a change of its own.
        if hashes is not None and isinstance(packed, bytes) and unpack(packed)[1:] == job.stat:
            self._observed(job.place, hashes)


def _place(item: Item, folders: dict[int, Folder]) -> Place | None:
    """Where a file without hashes is, if it is where it is recorded."""
    if item.is_folder or item.sha1 or item.parent is None or item.seen is None:
        return None
    folder = folders.get(item.parent)
    if folder is None or folder.gone or item.name not in folder.entries:
        return None
    return folder, item.name


def _close(job: _Job) -> None:
    if job.fd >= 0:
        os.close(job.fd)
        job.fd = -1
