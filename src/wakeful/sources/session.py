"""Following one folder from one look at the recorded tree to the next trouble.

One worker does everything in turn: it reads notices into marks, lets a thread look at the marks
that are due, plans changes, and has them recorded. So nobody else changes the snapshot,
and the thread may read it while the worker waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from itertools import islice
from typing import TypeVar

import msgspec
import structlog

from wakeful.core.changes import Applied, ById, Change, Observe
from wakeful.core.errors import Unavailable
from wakeful.core.items import Namespace
from wakeful.core.lookups import ItemById, ItemsOf, Setting
from wakeful.sources.disk import Disk, Listing, Shape, Sight, is_utf8, was_seen
from wakeful.sources.guard import Identity, check_familiar, check_same, identify
from wakeful.sources.hasher import Hasher, Hashes
from wakeful.sources.ignore import Ignore
from wakeful.sources.ledger import Ledger
from wakeful.sources.marks import Mark, Marks, Place
from wakeful.sources.notices import Notice, Sign, Trouble, Watcher
from wakeful.sources.plan import Planner
from wakeful.sources.scan import Scan, baseline_of
from wakeful.sources.skipped import Skipped
from wakeful.sources.snapshot import Folder, Loading, Snapshot, unpack
from wakeful.sources.status import SourceState

BATCH = 200
"""Names looked at, and changes recorded, together."""

COMMIT_SPACING = 0.005
"""Under load: many tiny commits would slow down whoever writes the files."""

_PAGE = 1_000
_FINDINGS = 2_000  # given to the marks in one go
_MOST_HASHED_AGAIN = 3

T = TypeVar("T")
log = structlog.get_logger()


class Counters:
    """What a source counts over all its sessions."""

    def __init__(self) -> None:
        self.overflows = 0
        self.rescans = 0
        self.failures = 0
        self.scan_seconds = 0.0


class Session:
    """Raises Paused when the root cannot be trusted, and whatever fails; its snapshot is
    void then, and another session begins with the recorded tree."""

    def __init__(
        self,
        root: str,
        namespace: Namespace,
        ledger: Ledger,
        watcher: Watcher,
        *,
        ignore: Ignore,
        skipped: Skipped,
        counters: Counters,
        rescan_seconds: float,
        looking: Executor,
        hashing: Executor,
        progress: Callable[[int], None],
        entered: Callable[[SourceState], None],
    ) -> None:
        self._root = root
        self._namespace = namespace
        self._ledger = ledger
        self._watcher = watcher
        self._ignore = ignore
        self._skipped = skipped
        self._counters = counters
        self._rescan_seconds = rescan_seconds
        self._looking = looking
        self._hashing = hashing
        self._progress = progress
        self._entered = entered
        self.snapshot = Snapshot(Folder(namespace.root, None, "", 0))
        self.marks = Marks()
        self.unhashed = 0
        self._hashed: dict[Place, Hashes | None] = {}
        self._observed: deque[tuple[Place, Hashes]] = deque()
        self._scan: Scan | None = None
        self._scan_again = False
        self._scan_ended = 0.0
        self._root_trouble = False
        self._woken = asyncio.Event()
        self._last_commit = 0.0
        self._live = False

    @property
    def _setting(self) -> str:
        return f"source:{self._namespace.id}"

    async def run(self) -> None:
        """Follow the folder until cancelled, or until trouble."""
        self._loop = asyncio.get_running_loop()
        identity, device = await self._in_thread(lambda: identify(self._root))
        self._identity = identity
        kept = await self._ledger.ask(Setting(self._setting))
        recorded = msgspec.json.decode(kept, type=Identity) if kept is not None else None
        await self._load()
        names = [name for name, entry in self.snapshot.root.entries.items() if was_seen(entry)]
        await self._in_thread(lambda: check_familiar(self._root, identity, recorded, names))
        self.snapshot.set_inode(self.snapshot.root, identity.inode)
        self._watcher.open(self._root, self._woken.set)
        try:
            self._disk = Disk(
                self._root, device, self.snapshot, self._watcher, self._ignore, self._skipped
            )
            self._hasher = Hasher(self._disk, self._hashing, self._hashed_first, self._hashed_later)
            self._planner = Planner(self.snapshot, self.marks, self._skipped, self._ignore.by_path)
            await self._first_scan(baseline=recorded is None)
            if recorded != identity:
                await self._ledger.remember(self._setting, msgspec.json.encode(identity))
            self._live = True
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hasher.run(), name="source hasher")
                tasks.create_task(
                    self._hasher.run_background(self._ledger, self._namespace.id, self.snapshot),
                    name="source background hasher",
                )
                tasks.create_task(self._follow(), name="source worker")
        finally:
            self._watcher.close()

    def unhashed_files(self) -> int:
        """How many files are recorded without hashes, as far as is known."""
        return self._hasher.unhashed if self._live else self.unhashed

    # --- before anything is live ---

    async def _load(self) -> None:
        loading = Loading(self._namespace.root)
        after = 0
        while page := await self._ledger.ask(ItemsOf(self._namespace.id, after, _PAGE)):
            after = page[-1].id
            loading.add(page)
            self.unhashed += sum(1 for item in page if not item.is_folder and not item.sha1)
        self.snapshot = await self._in_thread(loading.finish)

    async def _first_scan(self, *, baseline: bool) -> None:
        self._entered(SourceState.SCANNING)
        scan = self._scan = Scan(self.snapshot.root, self._loop.time(), baseline=baseline)
        while self._scan is scan:
            await self._scan_on()
            await self._read_notices()
            self._progress(self.snapshot.files + self.snapshot.folders)
        if baseline:
            self.unhashed = self.snapshot.files
        self._hasher.unhashed = self.unhashed
        # What changed while nobody watched is recorded before this counts as live.
        while found := self._found_by(self._scan_ended):
            while found:
                if self._is_open(found[-1]):
                    if not await self._turn():
                        await self._sleep()
                else:
                    found.pop()
        self._entered(SourceState.LIVE)

    def _found_by(self, moment: float) -> list[Mark]:
        """Marks of what happened until then, with what lies in folders found since."""
        return [mark for mark in self.marks if mark.arrived <= moment and self._is_open(mark)]

    def _is_open(self, mark: Mark) -> bool:
        """Whether the mark will be settled soon: a file that is being written may take days."""
        alive = self.marks.get(mark.folder, mark.name) is mark and not mark.folder.gone
        return alive and not (mark.writing or mark.waiting)

    # --- the worker ---

    async def _follow(self) -> None:
        while True:
            if not await self._turn():
                await self._sleep()

    async def _turn(self) -> bool:
        """Do a part of what there is to do; False when nothing was."""
        worked = await self._read_notices()
        if self._root_trouble:
            self._root_trouble = False
            await self._in_thread(lambda: check_same(self._root, self._identity))
        if self._scan is None and (self._scan_again or self._scan_due() <= self._loop.time()):
            self._scan_again = False
            self._counters.rescans += 1
            self._scan = Scan(self.snapshot.root, self._loop.time())
        if self._scan is not None:
            worked = True
            await self._scan_on()
        if self.marks.unlisted:
            worked = True
            await self._list()
        return await self._settle() or worked

    async def _sleep(self) -> None:
        """Until a notice comes, or something is due."""
        due = self.marks.next_due()
        until = min(self._scan_due(), due if due is not None else float("inf"))
        delay = until - self._loop.time()
        if delay <= 0 or self._observed:
            await asyncio.sleep(0)
            return
        timer = self._loop.call_later(delay, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            timer.cancel()
        self._woken.clear()

    async def _read_notices(self) -> bool:
        read = False
        while notices := self._watcher.take():
            read = True
            now = self._loop.time()
            for notice in notices:
                if isinstance(notice, Notice):
                    self._hear(notice, now)
                else:
                    self._hear_trouble(*notice)
            await asyncio.sleep(0)
        return read

    def _hear(self, notice: Notice, now: float) -> None:
        name = notice.name
        folder: Folder | None
        if notice.wd is None:
            folder, name = self._by_path(name)
        else:
            folder = self.snapshot.by_wd.get(notice.wd)
        if folder is None or not name:
            return
        path = folder.path() if self._ignore.needs_path else ""
        if self._ignore(path, name, is_folder=notice.is_folder):
            return
        if not name.isascii() and not is_utf8(name):
            if notice.sign is not Sign.DELETED:
                self.marks.must_list(folder, now)  # a listing counts it
            return
        self.marks.notice(folder, name, notice.sign, now, notice.cookie)

    def _by_path(self, path: str) -> tuple[Folder, str]:
        """The folder and name of a path; the first unknown name where a folder is new."""
        folder = self.snapshot.root
        *above, name = path.split("/")
        for each in above:
            entry = folder.entries.get(each)
            if not isinstance(entry, Folder):
                return folder, each
            folder = entry
        return folder, name if name != "." else ""

    def _hear_trouble(self, trouble: Trouble, wd: int) -> None:
        if trouble is Trouble.OVERFLOW:
            self._counters.overflows += 1
            self._scan_again = True
            log.warning("notices were lost: comparing everything", folder=self._root)
        elif trouble is Trouble.WATCH_ENDED:
            if self.snapshot.root.wd == wd:
                raise RuntimeError("the watch on the root ended")
            self.snapshot.forget_watch(wd)
        else:
            self._root_trouble = True

    # --- scanning ---

    def _scan_due(self) -> float:
        return self._scan_ended + self._rescan_seconds if self._live else float("inf")

    async def _scan_on(self) -> None:
        scan = self._scan
        assert scan is not None
        folders = scan.next_slice()
        if folders:
            for listing in await self._in_thread(lambda: self._disk.compare(folders)):
                self._take_watch(listing)
                scan.take(listing)
        while taken := scan.next_baseline(last=not folders):
            applied = await self._apply(tuple(baseline_of(*each) for each in taken))
            scan.put_baseline(self.snapshot, taken, iter(applied.made))
            self._progress(self.snapshot.files + self.snapshot.folders)
        if scan.done:
            for start in range(0, len(scan.findings), _FINDINGS):
                self._mark(scan.findings[start : start + _FINDINGS])
                await asyncio.sleep(0)
            self._scan = None
            self._scan_ended = self._loop.time()
            self._counters.scan_seconds = self._scan_ended - scan.started

    def _mark(self, findings: list[tuple[Folder, str, bool]], since: float | None = None) -> None:
        now = self._loop.time()
        for folder, name, gone in findings:
            if not folder.gone and (not gone or name in folder.entries):
                self.marks.found(
                    folder, name, now, gone=gone, since=now if since is None else since
                )

    async def _list(self) -> None:
        """Compare folders that just became known, or known again."""
        since = dict(islice(self.marks.unlisted.items(), BATCH))
        folders = [folder for folder in since if not folder.gone]
        for listing in await self._in_thread(lambda: self._disk.compare(folders)):
            folder = listing.folder
            self._take_watch(listing)
            if listing.lost and folder.parent is not None:
                self._mark([(folder.parent, folder.name, False)], since[folder])
                continue
            self._mark([(folder, row[0], False) for row in listing.found], since[folder])
            self._mark([(folder, name, True) for name in listing.gone], since[folder])
            # Below a folder that is known again everything may differ.
            for inside in listing.inside:
                self.marks.must_list(inside, since[folder])
        for folder in since:
            del self.marks.unlisted[folder]

    def _take_watch(self, listing: Listing) -> None:
        if listing.wd is not None:
            self.snapshot.set_watch(listing.folder, listing.wd)
        listing.folder.listed = not listing.lost

    # --- settling ---

    async def _settle(self) -> bool:
        """Look at what is due, and record what changed."""
        marks = self.marks.take(self._loop.time(), BATCH)
        if not marks and not self._observed:
            return False
        planner = self._planner
        planner.begin()
        if marks:
            vanished = self.marks.vanished
            sights = await self._in_thread(lambda: self._disk.look(marks, vanished))
            self._add_hashes(marks, sights)
            sha1s = await self._recorded_sha1s(marks, sights)
            now = self._loop.time()
            for mark, sight in zip(marks, sights, strict=True):
                planner.plan(mark, sight, sha1s, now)
        changes = tuple(op.change for op in planner.ops) + self._take_observed()
        if changes:
            if planner.trashes:
                # Whatever is missing now may be so because the disk is.
                await self._in_thread(lambda: check_same(self._root, self._identity))
            applied = await self._apply(changes)
            now = self._loop.time()
            for op, item in zip(planner.ops, applied.items, strict=False):
                planner.recorded(op, item, now)
        self._after(planner)
        return True

    def _after(self, planner: Planner) -> None:
        for wd in planner.to_unwatch:
            if wd not in self.snapshot.by_wd:  # else it was found again in the same round
                self._watcher.remove(wd)
        for mark, _ in planner.to_hash:
            self._hasher.hash_first(mark)
        for place in planner.to_observe:
            self._hasher.hash_later(place)
        if planner.lost:
            self._scan_again = True

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

    async def _apply(self, changes: tuple[Change, ...]) -> Applied:
        """Have *changes* recorded, however long it takes until that is possible."""
        wait = self._last_commit + COMMIT_SPACING - self._loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        delay = 0.05
        while True:
            try:
                self._last_commit = self._loop.time()
                applied = await self._ledger.apply(changes)
            except Unavailable as error:
                if delay == 0.05:
                    log.warning("cannot record changes", folder=self._root, reason=str(error))
                self._entered(SourceState.WAITING)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
                continue
            if delay > 0.05:
                self._entered(SourceState.LIVE if self._live else SourceState.SCANNING)
            return applied

    # --- what the hasher reports ---

    def _hashed_first(self, mark: Mark, hashes: Hashes | None) -> None:
        if self.marks.get(mark.folder, mark.name) is mark and not mark.folder.gone:
            self._hashed[(mark.folder, mark.name)] = hashes
            self.marks.put_off(mark, self._loop.time())
            self._woken.set()

    def _hashed_later(self, place: Place, hashes: Hashes) -> None:
        self._observed.append((place, hashes))
        self._woken.set()

    def _in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        return self._loop.run_in_executor(self._looking, work)
