"""A watched folder as a source of changes."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import structlog

from wakeful.core.contents import Content, Incoming
from wakeful.core.errors import Unavailable
from wakeful.core.items import Item
from wakeful.core.people import Namespace
from wakeful.core.rehearsal import Below
from wakeful.sources.arrivals import Arrivals, Copied, Original
from wakeful.sources.content import FileContent, open_content, open_folder
from wakeful.sources.guard import Paused, appearance
from wakeful.sources.holding import Holding
from wakeful.sources.ignore import DEFAULT_IGNORE, Ignore, is_left_out
from wakeful.sources.ledger import Ledger
from wakeful.sources.notices import Watcher
from wakeful.sources.session import Counters, Session
from wakeful.sources.skipped import Skipped
from wakeful.sources.status import SourceState, SourceStatus
from wakeful.sources.upkeep import Upkeep

RESCAN_SECONDS = 600.0

_BACK_SECONDS = 1.0
"""How often a root that went away is looked for."""

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 60.0
"""Before another start after a failure."""

_CALM_SECONDS = 300.0  # after which a failure counts as the first one again

_HOLD_SECONDS = 10.0
"""How long an action waits for its turn."""

_ARRIVING = 4  # threads: disks answer several better than one

T = TypeVar("T")

log = structlog.get_logger()


class FolderSource:
    """Keeps the recorded tree of a namespace equal to a folder, and tells each change.

    Use as an async context manager: it follows the folder until it is left. Whatever fails is
    logged and makes it start over from the recorded tree; `status` tells.

    *ignore* are patterns as in a .gitignore file, beside `DEFAULT_IGNORE`; *exclude* are
    folders or files (the data folder) that are left out. *progress* is called with the number of
    entries read so far while the first scan runs.

    Whoever acts on the folder does it while they `hold` it. What else is put into its namespace
    stays as long as no file of that name appears. *upload_limit* is that of a content, in bytes;
    *lasting* tells whether the records outlive the server.
    """

    def __init__(
        self,
        path: Path,
        namespace: Namespace,
        ledger: Ledger,
        *,
        name: str = "",
        ignore: Iterable[str] = (),
        exclude: Iterable[Path] = (),
        rescan_seconds: float = RESCAN_SECONDS,
        progress: Callable[[int], None] | None = None,
        upload_limit: int = 0,
        lasting: bool = True,
    ) -> None:
        """Raises ValueError for a pattern that means nothing."""
        # A link to the folder may be followed once, here, and never later.
        self._root = os.path.realpath(path)
        self.name = name or path.name
        self._namespace = namespace
        self._ledger = ledger
        excluded = [os.path.realpath(each) for each in exclude]
        self.ignore = Ignore(
            ignore,
            defaults=DEFAULT_IGNORE,
            excluded=[
                os.path.relpath(each, self._root)
                for each in excluded
                if each.startswith(self._root.rstrip("/") + "/")
            ],
        )
        self._rescan_seconds = rescan_seconds
        self._progress = progress or (lambda entries: None)
        self._skipped = Skipped(self.name)
        self._counters = Counters()
        self._session: Session | None = None
        self._state = SourceState.STARTING
        self._reason = ""
        self._ready = asyncio.Event()
        self._settled = asyncio.Event()
        self._pause_told = ""
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._upload_limit = upload_limit
        self._swept = False
        self._upkeep = Upkeep(
            self.name,
            namespace.id,
            ledger,
            self._top,
            self._in_thread,
            self._lock,
            self.drop,
            lasting=lasting,
        )

    def __repr__(self) -> str:
        pending = len(self._session.marks) if self._session else 0
        return f"<FolderSource {self.name} [{self._state.value}, {pending} pending]>"

    async def __aenter__(self) -> FolderSource:
        self._looking = ThreadPoolExecutor(1, f"look {self.name}")
        self._hashing = ThreadPoolExecutor(1, f"hash {self.name}")
        self._arriving = ThreadPoolExecutor(_ARRIVING, f"arrive {self.name}")
        self._arrivals = Arrivals(
            self._upkeep.place, self.ignore, self._arriving, self._upload_limit
        )
        self._task = asyncio.create_task(self._run(), name=f"source {self.name}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        async with self._lock:  # an action that is under way comes to its end
            self._state = SourceState.STOPPED
        await self._upkeep.end()
        await self._arrivals.dropped()
        await self._upkeep.close()
        await asyncio.to_thread(self._arriving.shutdown, cancel_futures=True)
        # A look or a slice of 4 MiB ends soon; without waiting it would outlive the loop.
        await asyncio.to_thread(self._looking.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._hashing.shutdown, cancel_futures=True)

    async def open(self, lineage: tuple[Item, ...], threads: Executor) -> FileContent:
        """The content of a recorded file, of which *lineage* is all that is above it and itself.
        It is read in *threads*. Raises NoContent and ContentChanged."""
        return await open_content(self._root, lineage, threads)

    @property
    def namespace(self) -> int:
        """The id of the namespace that shows the folder."""
        return self._namespace.id

    @property
    def device(self) -> int:
        """The file system that the folder was on when it was last looked at."""
        return 0 if self._session is None else self._session.device

    # --- for actions ---

    @asynccontextmanager
    async def receive(self) -> AsyncIterator[Incoming]:
        """A place for a content, beside the folder (`core.contents.Contents.receive`)."""
        await self._upkeep.make()
        async with self._arrivals.receive() as incoming:
            yield incoming

    def has(self, token: str) -> bool:
        """Whether the content *token* waits in that place."""
        return self._arrivals.has(token)

    async def open_arrived(self, token: str) -> Content:
        """That content."""
        return await self._arrivals.open(token)

    async def copy_file(self, content: Content) -> str:
        """A copy of *content* in that place, as a token."""
        await self._upkeep.make()
        return await self._arrivals.copy_file(content)

    async def copy_tree(self, below: Below, original: Original, at: tuple[str, ...]) -> Copied:
        """As `Arrivals.copy_tree`."""
        await self._upkeep.make()
        return await self._arrivals.copy_tree(below, original, at)

    async def open_folder(self, lineage: tuple[Item, ...]) -> int:
        """A descriptor of a recorded folder, for reading. Raises NoContent where it may not be
        read, and ContentChanged."""
        return await open_folder(self._root, lineage, self._arriving)

    def is_left_out(self, folder: tuple[str, ...], name: str, found: os.stat_result) -> bool:
        """Whether *found*, which is *name* in the folder at that path, never shows."""
        return is_left_out(self.ignore, self.device, folder, name, found)

    async def drop(self, *tokens: str) -> None:
        """Remove what waits in that place, if it still does."""
        await self._arrivals.drop(*tokens)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Holding]:
        """The folder for one action alone. Raises Unavailable where it is not followed now."""
        await self._upkeep.make()
        try:
            async with asyncio.timeout(_HOLD_SECONDS):
                await self._lock.acquire()
        except TimeoutError:
            raise Unavailable("The watched folder is busy: try again") from None
        try:
            session = self._session
            if session is None or not session.live or self._state is not SourceState.LIVE:
                raise Unavailable("The watched folder is not followed at present")
            yield Holding(
                self._root,
                session,
                self._upkeep.place(),
                self.ignore,
                self._arrivals,
                self._in_thread,
                self._upkeep.sweep_soon,
            )
        finally:
            self._lock.release()

    def _top(self) -> int:
        return os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._looking, work)

    # --- following ---

    async def ready(self) -> None:
        """Return when the first scan is done, and what changed meanwhile is recorded."""
        await self._ready.wait()

    async def settled(self) -> None:
        """Return when it is known how the source is: ready, or kept from it for now."""
        await self._settled.wait()

    def status(self) -> SourceStatus:
        """How the source is now."""
        session, counters = self._session, self._counters
        snapshot = session.snapshot if session else None
        return SourceStatus(
            name=self.name,
            path=self._root,
            state=self._state,
            reason=self._reason,
            ready=self._ready.is_set(),
            files=snapshot.files if snapshot else 0,
            folders=snapshot.folders if snapshot else 0,
            bytes=snapshot.bytes if snapshot else 0,
            pending=len(session.marks) if session else 0,
            unhashed=session.unhashed_files() if session else 0,
            overflows=counters.overflows,
            rescans=counters.rescans,
            failures=counters.failures,
            scan_seconds=counters.scan_seconds,
            skipped=dict(self._skipped.counts()),
            samples=dict(self._skipped.samples()),
        )

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        delay = _FIRST_DELAY
        seen: object = None
        await self._upkeep.tidy()
        while True:
            began = loop.time()
            session = self._session = self._new_session()
            try:
                await session.run()
            except Exception as error:
                paused = _paused(error)
                if paused is not None:
                    self._enter(SourceState.PAUSED, str(paused))
                    if self._pause_told != str(paused):  # each try may end the same way
                        self._pause_told = str(paused)
                        log.warning("source paused", source=self.name, reason=str(paused))
                    seen = await self._until_different(seen)
                    continue
                self._counters.failures += 1
                if loop.time() - began > _CALM_SECONDS:
                    delay = _FIRST_DELAY
                reason = f"{type(error).__name__}: {error}"
                log.exception("source failed: starts over", source=self.name, after=delay)
                self._enter(SourceState.WAITING, reason)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)

    async def _until_different(self, before: object) -> object:
        """Wait until the root looks different from how it looked at the last pause.

        Another try reads everything that is recorded, so it must have a prospect.
        """
        while True:
            await asyncio.sleep(_BACK_SECONDS)
            now = await asyncio.get_running_loop().run_in_executor(
                self._looking, appearance, self._root
            )
            if now != before:
                return now

    def _new_session(self) -> Session:
        return Session(
            self._root,
            self._namespace,
            self._ledger,
            _watcher(),
            ignore=self.ignore,
            skipped=self._skipped,
            counters=self._counters,
            rescan_seconds=self._rescan_seconds,
            looking=self._looking,
            hashing=self._hashing,
            progress=self._progress,
            entered=self._enter,
            lock=self._lock,
        )

    def _enter(self, state: SourceState, reason: str = "") -> None:
        if state is SourceState.LIVE:
            if self._state is not SourceState.LIVE:
                log.info("source live", source=self.name, **_size(self._session))
            self._ready.set()
            self._pause_told = ""
            if not self._swept:
                # Only now, for what the first scan told of may be what lies there.
                self._swept = True
                self._upkeep.sweep_soon()
        if state not in (SourceState.STARTING, SourceState.SCANNING):
            self._settled.set()
        self._state, self._reason = state, reason


def _watcher() -> Watcher:
    if platform.system() == "Linux":
        from wakeful.sources.inotify import InotifyWatcher

        return InotifyWatcher()
    from wakeful.sources.portable import PortableWatcher

    return PortableWatcher()


def _paused(error: BaseException) -> Paused | None:
    """The pause in what a task group raised."""
    if isinstance(error, Paused):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next((p for each in error.exceptions if (p := _paused(each))), None)
    return None


def _size(session: Session | None) -> dict[str, int]:
    if session is None:
        return {}
    return {"files": session.snapshot.files, "folders": session.snapshot.folders}
