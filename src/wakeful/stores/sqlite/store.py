"""The store: what the event loop sees of the threads behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import apsw

from wakeful.core.clock import wall_clock
from wakeful.core.errors import StoreFailed
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.streams import Page, ReadStream
from wakeful.core.ports import Health, Hints, StreamKind, Told, Trimmed
from wakeful.core.writes import Command, Steps
from wakeful.stores.driver import Clock, CommitObserver, drive
from wakeful.stores.sqlite import journals, trees
from wakeful.stores.sqlite.database import Meta, connect_reader, read_meta
from wakeful.stores.sqlite.faults import reading
from wakeful.stores.sqlite.folder import Folder, Remembered
from wakeful.stores.sqlite.handlers import answer as look_up
from wakeful.stores.sqlite.handlers import carry_out
from wakeful.stores.sqlite.moments import Moments
from wakeful.stores.sqlite.readers import Question, Readers, answered
from wakeful.stores.sqlite.restore import backup, open_database
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.tails import Tails
from wakeful.stores.sqlite.transaction import Transaction
from wakeful.stores.sqlite.trimming import trim
from wakeful.stores.sqlite.writer import Group, Job, Outcome, Writer

T = TypeVar("T")

_log = logging.getLogger(__name__)

# Look-ups are short, and one thread runs Python at a time: two answer as many as four, and
# the writer waits a fifth as long for its turn. The second is there for when one is slow.
_READERS = 2


class Opened(NamedTuple):
    """A locked folder, and the connections to its database."""

    folder: Folder
    db: apsw.Connection
    meta: Meta
    readers: list[apsw.Connection]


class SqliteStore:
    """A `core.ports.Store` in one database file of a data folder. Made by `open`."""

    def __init__(
        self,
        opened: Opened,
        *,
        clock: Clock,
        observer: CommitObserver | None,
        vfs: str | None,
        retry_seconds: float,
    ) -> None:
        self._folder = opened.folder
        self._identity = opened.meta.identity
        self._epoch = opened.meta.epoch
        self._observer = observer
        self._vfs = vfs
        self._loop = asyncio.get_running_loop()
        self._heard: Callable[[Hints], None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._writer_ended = self._loop.create_future()
        self._readers_ended = self._loop.create_future()
        moments = Moments(clock, opened.meta.clock)
        self._writer = Writer(
            Transaction(opened.db, opened.meta),
            moments=moments,
            deliver=partial(self._on_loop, self._delivered),
            remember=self._remember,
            ended=partial(self._on_loop, _resolve, self._writer_ended, None, None),
            retry_seconds=retry_seconds,
        )
        self._now = moments.of_snapshot
        at_once, *readers = (Snapshot(db, self._epoch) for db in opened.readers)
        self._at_once = at_once
        self._tails = Tails(at_once.db, self._epoch)
        self._readers = Readers(
            readers,
            now=self._now,
            reply=partial(self._on_loop, _resolve),
            ended=partial(self._on_loop, _resolve, self._readers_ended, None, None),
        )

    def __repr__(self) -> str:
        return f"<SqliteStore {self._folder.path} [{self.health}, epoch {self._epoch}]>"

    @classmethod
    async def open(
        cls,
        data: Path,
        *,
        observer: CommitObserver | None = None,
        clock: Clock = wall_clock,
        vfs: str | None = None,
        retry_seconds: float = 1.0,
    ) -> SqliteStore:
        """The store in the folder *data*, which is made where it is missing.

        *vfs* names the layer of SQLite that reads and writes files; *retry_seconds* is the
        pause before a full disk is tried again. Raises FolderError, and OSError.
        """
        opened = await asyncio.to_thread(_open, data, vfs)
        return cls(opened, clock=clock, observer=observer, vfs=vfs, retry_seconds=retry_seconds)

    @property
    def epoch(self) -> int:
        return self._epoch

    @property
    def health(self) -> Health:
        return Health.CLOSED if self._closing else self._writer.health

    def on_commit(self, heard: Callable[[Hints], None]) -> None:
        self._heard = heard

    async def commit(self, command: Command[T]) -> T:
        result: T = await self._run(partial(carry_out, command=command))
        return result

    def submit(self, command: Command[T], told: Told[T]) -> None:
        self._check_open()
        self._writer.put(Job(partial(carry_out, command=command), told))

    async def ask(self, lookup: Lookup[T]) -> T:
        self._check_open()
        waiter: asyncio.Future[T] = self._loop.create_future()
        self._readers.put(Question(lookup, waiter))
        return await waiter

    def ask_now(self, lookup: Lookup[T]) -> T | None:
        if self._closing is not None:
            return None
        if isinstance(lookup, ReadStream):
            page: Any = self._page_now(lookup)
            if page is not None:
                found: T = page
                return found
        self._at_once.now = self._now()
        answer: T | None
        answer, error = answered(self._at_once, lookup)
        return None if error else answer

    def look_now(self, steps: Steps[T]) -> T | None:
        if self._closing is not None:
            steps.close()
            return None
        db = self._at_once.db
        self._at_once.now = self._now()
        try:
            with reading():
                db.execute("BEGIN")
                try:
                    return drive(steps, partial(look_up, self._at_once))
                finally:
                    db.execute("ROLLBACK")
        except StoreFailed:
            return None
        finally:
            steps.close()

    def _page_now(self, lookup: ReadStream) -> Page | None:
        """A page of what was committed last, from memory."""
        try:
            return self._tails.page(lookup)
        except StoreFailed:
            return None

    async def trim(self, kind: StreamKind, before: int, limit: int) -> Trimmed:
        trimmed = await self._run(partial(trim, kind=kind, before=before, limit=limit))
        self._tails.forget(trimmed.streams)
        return trimmed

    async def trim_journals(self, before: int, limit: int) -> int:
        return await self._run(partial(journals.trim, before=before, limit=limit))

    async def trim_versions(self, before: int, limit: int) -> int:
        return await self._run(partial(trees.trim_versions, before=before, limit=limit))

    async def backup(self, file: Path) -> None:
        self._check_open()
        await asyncio.to_thread(backup, self._folder.database, file, vfs=self._vfs)

    async def close(self) -> None:
        if self._closing is None:
            self._closing = self._loop.create_task(self._close())
        # One who is cancelled while waiting does not leave the files half closed.
        await asyncio.shield(self._closing)

    async def _run(self, work: Callable[[Transaction], T]) -> T:
        self._check_open()
        waiter: asyncio.Future[T] = self._loop.create_future()
        self._writer.put(Job(work, partial(_resolve, waiter)))
        # Whoever is cancelled here cancels the waiter alone: the command is carried out, and
        # its hints are told.
        return await waiter

    async def _close(self) -> None:
        # The readers first: the writer can empty the log only when nobody looks at it.
        with suppress(apsw.Error):
            self._at_once.db.close()
        self._readers.stop()
        await self._readers_ended
        self._readers.join()
        self._writer.stop()
        await self._writer_ended
        self._writer.join()
        self._folder.release()

    def _check_open(self) -> None:
        if self._closing is not None:
            raise StoreFailed("The store is closed")

    def _on_loop(self, call: Callable[..., None], *args: Any) -> None:
        """Call *call* on the event loop; from any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(call, *args)

    def _delivered(self, group: Group) -> None:
        """Tell the listener first, then the callers, so that nobody can be told of a commit
        whose readers were not yet woken."""
        try:
            if group.committed:
                self._tails.add(group.hints, group.fresh)
            if group.committed and self._observer is not None:
                self._observer.committed(len(group.outcomes), group.seconds)
            if group.hints and self._heard is not None:
                self._heard(group.hints)
        finally:
            # Behind those whom the listener wakes: they have waited for longer.
            self._loop.call_soon(_tell, group.outcomes)

    def _remember(self, commits: int) -> None:
        self._folder.remember(Remembered(self._identity, self._epoch, commits))


def _tell(outcomes: list[Outcome]) -> None:
    for told, result, error in outcomes:
        try:
            told(result, error)
        except Exception:
            # One that breaks its word must not take all others with it.
            _log.exception("whoever waited for a commit failed")


def _resolve(waiter: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if waiter.done():  # cancelled
        return
    if error is None:
        waiter.set_result(result)
    else:
        waiter.set_exception(error)


def _open(data: Path, vfs: str | None) -> Opened:
    folder = Folder.take(data)
    connections: list[apsw.Connection] = []
    try:
        connections.append(open_database(folder, vfs=vfs))
        meta = read_meta(connections[0])
        # One more, for what is asked on the event loop: there nothing may be waited for.
        connections.append(connect_reader(folder.database, vfs=vfs, patience_ms=0))
        for _ in range(_READERS):
            connections.append(connect_reader(folder.database, vfs=vfs))
    except BaseException:
        for db in reversed(connections):
            db.close()
        folder.release()
        raise
    return Opened(folder, connections[0], meta, connections[1:])
