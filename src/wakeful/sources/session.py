"""Following one folder from one look at the recorded tree to the next trouble.

One worker does everything in turn: it reads notices into marks, lets a thread look at the marks
that are due, plans changes, and has them recorded. So nobody else changes the snapshot,
and the thread may read it while the worker waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from itertools import islice
from typing import TypeVar

import msgspec

from wakeful.core.lookups import Setting
from wakeful.core.lookups.trees import ItemsOf
from wakeful.core.people import Namespace
from wakeful.sources.adopting import Adoption
from wakeful.sources.ground import Ground, was_seen
from wakeful.sources.guard import Identity, Paused, check_familiar, check_same, identify
from wakeful.sources.hearing import Hearing
from wakeful.sources.ignore import Ignore
from wakeful.sources.ledger import Ledger
from wakeful.sources.listings import Listing, Listings
from wakeful.sources.looks import Looks
from wakeful.sources.marks import Mark, Marks
from wakeful.sources.notices import Watcher
from wakeful.sources.plan import Planner
from wakeful.sources.recorder import Recorder
from wakeful.sources.round import Round
from wakeful.sources.scan import Finding, Scan, baseline_of
from wakeful.sources.settling import BATCH, Settling
from wakeful.sources.skipped import Skipped
from wakeful.sources.snapshot import Folder, Loading, Snapshot
from wakeful.sources.status import SourceState
from wakeful.sources.sweep import SWEEP_SECONDS, Sweep, written

_PAGE = 1_000
_FINDINGS = 1_000  # given to the marks in one go: some 3 ms

T = TypeVar("T")


class Counters:
    """What a source counts over all its sessions."""

    def __init__(self) -> None:
        self.overflows = 0
        self.rescans = 0
        self.failures = 0
        self.scan_seconds = 0.0


class Overtaken(Exception):
    """The snapshot does not show what was recorded: it has to be read again."""


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
        lock: asyncio.Lock,
    ) -> None:
        """Whoever has the *lock* is alone with the folder and its records, until it is live."""
        self._root = root
        self._lock = lock
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
        self._recorder = Recorder(ledger, self._wait_for_store)
        self._scan: Scan | None = None
        self._scan_ended = 0.0
        self._sweep_due = float("inf")
        self._woken = asyncio.Event()
        self._live = False
        self._overtaken = False
        self.inode = self.device = 0  # of the root, once it is known

    @property
    def _setting(self) -> str:
        return f"source:{self._namespace.id}"

    async def run(self) -> None:
        """Follow the folder until cancelled, or until trouble."""
        self._loop = asyncio.get_running_loop()
        identity, device = await self._in_thread(lambda: identify(self._root))
        self._identity = identity
        self.inode, self.device = identity.inode, device
        kept = await self._ledger.ask(Setting(self._setting))
        recorded = msgspec.json.decode(kept, type=Identity) if kept is not None else None
        # What is being done at present is recorded before; what comes later has to wait until
        # this is live.
        async with self._lock:
            await self._load()
        names = [name for name, entry in self.snapshot.root.entries.items() if was_seen(entry)]
        await self._in_thread(lambda: check_familiar(self._root, identity, recorded, names))
        self.snapshot.set_inode(self.snapshot.root, identity.inode)
        self._watcher.open(self._root, self._woken.set)
        try:
            self._put_together(device)
            await self._first_scan(baseline=recorded is None)
            if recorded != identity:
                await self._ledger.remember(self._setting, msgspec.json.encode(identity))
            # Not before it is known that there was a baseline: after a crash, what changed since
            # would be taken for a part of it, and never be told.
            self._live = True
            self._entered(SourceState.LIVE)
            self._sweep_due = self._loop.time() + SWEEP_SECONDS
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hasher.run(), name="source hasher")
                tasks.create_task(
                    self._hasher.run_background(self._ledger, self._namespace.id, self.snapshot),
                    name="source background hasher",
                )
                tasks.create_task(self._follow(), name="source worker")
        finally:
            self._live = False
            self._watcher.close()

    @property
    def live(self) -> bool:
        """Whether the snapshot is what is recorded, and is followed."""
        return self._live and not self._overtaken

    def adoption(self) -> Adoption:
        """For what is recorded by others than this, who have the lock."""
        return Adoption(
            self.snapshot,
            self.marks,
            self._watcher,
            self._hasher,
            relist_moved=self._ignore.by_path,
            now=self._loop.time(),
        )

    def suspect(self, names: tuple[str, ...]) -> None:
        """Something else than is recorded was seen at that path: look at it soon."""
        folder = self.snapshot.root
        for index, name in enumerate(names):
            entry = folder.entries.get(name)
            if not isinstance(entry, Folder) or index == len(names) - 1:
                now = self._loop.time()
                self.marks.found(folder, name, now, gone=False, since=now)
                break
            folder = entry
        self._woken.set()

    def overtaken(self) -> None:
        """Read the records again: they are not what the snapshot shows."""
        self._overtaken = True
        self._woken.set()

    def unhashed_files(self) -> int:
        """How many files are recorded without hashes, as far as is known."""
        return self._hasher.unhashed if self._live else self.unhashed

    def _put_together(self, device: int) -> None:
        ground = self._ground = Ground(self._root, device, self._watcher, self._skipped)
        self._sweep = Sweep(self.snapshot.root)
        self._listings = Listings(ground, self._ignore, self._skipped)
        self._hearing = Hearing(self.snapshot, self.marks, self._ignore)
        round = Round(self.snapshot, self.marks, self._skipped)
        self._settling = Settling(
            round,
            Planner(round, by_path=self._ignore.by_path),
            Looks(ground, self.snapshot),
            self._ledger,
            self._recorder,
            self._watcher,
            in_thread=self._in_thread,
            check_root=lambda: check_same(self._root, self._identity),
            wake=self._woken.set,
        )
        self._hasher = self._settling.hash_with(ground, self._hashing)

    def _wait_for_store(self, waiting: bool) -> None:
        live = SourceState.LIVE if self._live else SourceState.SCANNING
        self._entered(SourceState.WAITING if waiting else live)

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
        self._skipped.begin()
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
        async with self._lock:
            return await self._alone()

    async def _alone(self) -> bool:
        if self._overtaken:
            raise Overtaken("what was recorded is not what is known")
        worked = await self._read_notices()
        if self._hearing.root_trouble:
            self._hearing.root_trouble = False
            await self._in_thread(lambda: check_same(self._root, self._identity))
            raise Paused("the system stopped watching it")  # it came back already
        if self._scan is None and (self._must_scan() or self._scan_due() <= self._loop.time()):
            self._settling.lost = False
            self._counters.overflows += self._hearing.overflows
            self._hearing.overflows = 0
            self._counters.rescans += 1
            self._skipped.begin()
            self._scan = Scan(self.snapshot.root, self._loop.time())
        if self._scan is not None:
            worked = True
            await self._scan_on()
        elif self._sweep_due <= self._loop.time():
            await self._sweep_on()
        if self.marks.unlisted:
            worked = True
            await self._list()
        return await self._settling.settle() or worked

    async def _sleep(self) -> None:
        """Until a notice comes, or something is due."""
        due = self.marks.next_due()
        until = min(self._scan_due(), self._sweep_due, due if due is not None else float("inf"))
        delay = until - self._loop.time()
        if delay <= 0 or self._settling.has_observed:
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
            self._hearing.hear(notices, self._loop.time())
            await asyncio.sleep(0)
        return read

    # --- scanning ---

    def _must_scan(self) -> bool:
        return self._settling.lost or bool(self._hearing.overflows)

    def _scan_due(self) -> float:
        return self._scan_ended + self._rescan_seconds if self._live else float("inf")

    async def _scan_on(self) -> None:
        scan = self._scan
        assert scan is not None
        folders = scan.next_slice()
        # The next folders are listed while those before are recorded.
        listings, _ = await asyncio.gather(
            self._in_thread(lambda: self._listings.compare(folders)),
            self._record_baseline(scan, last=not folders),
        )
        for listing in listings:
            self._take_watch(listing)
            if listing.is_bare:
                # The notice of what went just before the look is there, but was not read yet.
                await asyncio.sleep(0)
                await self._read_notices()
            scan.take(listing, partial(self._is_noticed, listing.folder))
        if scan.done:
            await self._mark(scan.findings, self._loop.time())
            await self._in_thread(lambda: self._skipped.end(self._ground.is_still_left_out))
            self._scan = None
            self._scan_ended = self._loop.time()
            self._counters.scan_seconds = self._scan_ended - scan.started

    def _is_noticed(self, folder: Folder, name: str) -> bool:
        return self.marks.get(folder, name) is not None

    async def _record_baseline(self, scan: Scan, *, last: bool) -> None:
        while taken := scan.next_baseline(last=last):
            applied = await self._recorder.apply(tuple(baseline_of(*each) for each in taken))
            scan.put_baseline(self.snapshot, taken, iter(applied.made))
            self._progress(self.snapshot.files + self.snapshot.folders)

    async def _sweep_on(self) -> None:
        slice = self._sweep.next_slice()
        now = self._loop.time()
        for folder, name in await self._in_thread(lambda: written(self._ground, slice)):
            self.marks.found(folder, name, now, gone=False, since=now)
        self._sweep_due = self._loop.time() + SWEEP_SECONDS

    async def _mark(self, findings: list[Finding], since: float) -> None:
        for start in range(0, len(findings), _FINDINGS):
            now = self._loop.time()
            for folder, name, gone in findings[start : start + _FINDINGS]:
                if not folder.gone and (not gone or name in folder.entries):
                    self.marks.found(folder, name, now, gone=gone, since=since)
            await asyncio.sleep(0)

    async def _list(self) -> None:
        """Compare folders that just became known, or known again."""
        since = dict(islice(self.marks.unlisted.items(), BATCH))
        folders = [folder for folder in since if not folder.gone]
        for listing in await self._in_thread(lambda: self._listings.compare(folders)):
            folder = listing.folder
            self._take_watch(listing)
            if listing.lost and folder.parent is not None:
                await self._mark([(folder.parent, folder.name, False)], since[folder])
                continue
            findings = [(folder, row[0], False) for row in listing.found]
            findings += [(folder, name, True) for name in listing.gone]
            if findings:
                await self._mark(findings, since[folder])
            # Below a folder that is known again everything may differ.
            for inside in listing.inside:
                self.marks.must_list(inside, since[folder])
        for folder in since:
            del self.marks.unlisted[folder]

    def _take_watch(self, listing: Listing) -> None:
        if listing.wd is not None:
            self.snapshot.set_watch(listing.folder, listing.wd)
        listing.folder.listed = not listing.lost

    def _in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        return self._loop.run_in_executor(self._looking, work)
