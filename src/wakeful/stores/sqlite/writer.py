"""The one thread that writes.

All commands that wait are committed together: the disk is asked once for all of them.
The same thread moves the log into the database file (a checkpoint), when it is idle or
the log has grown long, so that two never write at the same time.

Rule: what is told to callers, and the hints, leave this thread only after COMMIT has
returned, in one call to the event loop for the whole group.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import apsw

from wakeful.core.errors import StoreFailed, StoreFull
from wakeful.core.ports import Health, Hints, Told
from wakeful.stores.sqlite.database import leave_log
from wakeful.stores.sqlite.faults import is_full, refusal
from wakeful.stores.sqlite.moments import Moments
from wakeful.stores.sqlite.transaction import Fresh, Transaction

# A group is bounded so that the first of it need not wait for all that others ask.
_MOST_COMMANDS = 512

# After a group of so many, the next one may begin so much later (see `_gather`). Fewer
# gain nothing from it, and one that comes alone never waits.
_MANY = 8
_GATHER_SECONDS = 0.005
_GATHER_STEP_SECONDS = 0.0002

# Pages of 4 KiB in the log. The first bound is used when nothing waits; a checkpoint of
# so many pages takes about 10 ms. Beyond the last, readers are made to wait too, so that
# the log starts anew.
_LOG_IDLE = 1_000
_LOG_LONG = 4_000
_LOG_TOO_LONG = 32_000

# How often, at most, `epoch.json` is told of the commits made (two fsyncs).
_REMEMBER_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Job(NamedTuple):
    """Something to be done in a transaction, and whoever is told of it on the event loop."""

    work: Callable[[Transaction], Any]
    told: Told[Any]


class Outcome(NamedTuple):
    """What became of a job."""

    told: Told[Any]
    result: Any
    error: BaseException | None


class Group(NamedTuple):
    """What became of the jobs that were carried out together."""

    outcomes: list[Outcome]
    hints: Hints
    committed: bool
    seconds: float  # that the disk took
    fresh: Fresh


class Writer:
    """Runs jobs in the order in which they are put, in groups.

    `deliver` is called in the writer's thread with each group; `remember` at times with the
    number of commits that are durable; `ended` when the thread has closed the connection.
    """

    def __init__(
        self,
        tx: Transaction,
        *,
        moments: Moments,
        deliver: Callable[[Group], None],
        remember: Callable[[int], None],
        ended: Callable[[], None],
        retry_seconds: float,
    ) -> None:
        self.health = Health.WRITABLE
        self._tx = tx
        self._moments = moments
        self._deliver = deliver
        self._remember = remember
        self._ended = ended
        self._retry_seconds = retry_seconds
        self._retry_at = 0.0
        self._remember_at = time.monotonic() + _REMEMBER_SECONDS
        self._log_pages = 0
        self._last_size = 0
        self._last_end = 0.0
        self._stopping = False
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        tx.db.set_wal_hook(self._count_pages)
        # A daemon: what is acknowledged is on the disk, so nothing is lost if it never ends.
        self._thread = threading.Thread(target=self._run, name="wakeful-writer", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Writer [{self.health}, {self._queue.qsize()} waiting]>"

    def put(self, job: Job) -> None:
        """Let *job* be carried out. Raises StoreFull or StoreFailed where it is known not to be."""
        if self.health is not Health.WRITABLE and (refused := self._refused()):
            raise refused
        self._queue.put(job)

    def stop(self) -> None:
        """Do what was put before, then close the connection and end."""
        self._queue.put(None)

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    # --- in the thread ---

    def _run(self) -> None:
        try:
            while jobs := self._take():
                self._deliver(self._carry_out(jobs))
                self._last_size = len(jobs)
                self._last_end = time.monotonic()
                self._tidy()
        finally:
            self._close()
            self._ended()

    def _take(self) -> list[Job]:
        """All jobs that wait, at least one; none if the end was asked for."""
        jobs: list[Job] = []
        while not jobs and not self._stopping:
            try:
                self._add(jobs, self._queue.get(timeout=self._patience()))
            except Empty:
                self._probe()
        self._gather()
        with suppress(Empty):
            while len(jobs) < _MOST_COMMANDS and not self._stopping:
                self._add(jobs, self._queue.get_nowait())
        return jobs

    def _gather(self) -> None:
        """Where many ask at once, wait a little for those who were just answered: they ask
        again, and the next group is whole instead of half."""
        if self._last_size < _MANY:
            return
        until = self._last_end + _GATHER_SECONDS
        while self._queue.qsize() + 1 < self._last_size and time.monotonic() < until:
            time.sleep(_GATHER_STEP_SECONDS)

    def _add(self, jobs: list[Job], job: Job | None) -> None:
        if job is None:
            self._stopping = True
        else:
            jobs.append(job)

    def _carry_out(self, jobs: list[Job]) -> Group:
        if refused := self._refused():
            return _all_refused(jobs, refused)
        tx = self._tx
        outcomes: list[Outcome] = []
        try:
            tx.begin(self._moments.begin())
            for job in jobs:
                outcomes.append(self._run_one(job, alone=len(jobs) == 1))
            start = time.perf_counter()
            committed = tx.commit()
        except Exception as error:
            return _all_refused(jobs, self._give_up(error))
        finally:
            self._moments.end()
        seconds = time.perf_counter() - start
        if committed:
            self._be(Health.WRITABLE)
        return Group(outcomes, tx.hints, committed, seconds, tx.fresh if committed else {})

    def _run_one(self, job: Job, *, alone: bool) -> Outcome:
        try:
            return Outcome(job.told, self._tx.run(job.work, alone=alone), None)
        except Exception as error:
            if self._tx.is_lost(error):
                raise
            return Outcome(job.told, None, error)

    def _give_up(self, error: Exception) -> StoreFull | StoreFailed:
        """Undo the group; returns what its callers are told."""
        try:
            self._tx.roll_back()
        except apsw.Error as worse:
            error = worse
        if is_full(error):
            self._be(Health.FULL)
            self._retry_at = time.monotonic() + self._retry_seconds
        elif not isinstance(error, MemoryError):
            # After a failing fsync the kernel may have dropped what it could not write, and
            # says "done" the next time: only a restart, which reads the disk, knows.
            _log.error("the store cannot be written any more: %s", error, exc_info=error)
            self._be(Health.FAILED)
            leave_log(self._tx.db)
        return refusal(error)

    def _refused(self) -> StoreFull | StoreFailed | None:
        """What a job is told that need not be tried."""
        if self.health is Health.FAILED:
            return StoreFailed("The disk failed: nothing is written until a restart")
        if self.health is Health.FULL and time.monotonic() < self._retry_at:
            return refusal(apsw.FullError())
        return None

    def _patience(self) -> float | None:
        """How long to wait for a job, in seconds."""
        return max(self._retry_seconds, 0.01) if self.health is Health.FULL else None

    def _probe(self) -> None:
        """Find out whether there is room again, for whoever waits for that before asking."""
        self._carry_out([Job(Transaction.write, _nobody)])

    def _be(self, health: Health) -> None:
        if health is not self.health:
            _log.log(
                logging.INFO if health is Health.WRITABLE else logging.ERROR,
                "the store is now %s",
                health.value,
            )
            self.health = health

    # --- the log ---

    def _count_pages(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _tidy(self) -> None:
        pages = self._log_pages
        if self.health is Health.FAILED or pages < _LOG_IDLE:
            return
        if pages >= _LOG_TOO_LONG:
            self._checkpoint(apsw.SQLITE_CHECKPOINT_RESTART)
        elif pages >= _LOG_LONG or self._queue.empty():
            self._checkpoint(apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _checkpoint(self, mode: int) -> None:
        """Bring the log into the database file. What is committed is safe without it."""
        try:
            self._tx.db.wal_checkpoint(mode=mode)
        except (apsw.FullError, apsw.BusyError):
            pass  # tried again after the next commit
        except apsw.Error as error:
            self._give_up(error)
            return
        self._log_pages = 0  # counted again at the next commit
        if time.monotonic() >= self._remember_at:
            self._remember_at = time.monotonic() + _REMEMBER_SECONDS
            self._remember_commits()

    def _remember_commits(self) -> None:
        # A lower bound: one that could not be written only notices less.
        with suppress(OSError):
            self._remember(self._tx.commits)

    def _close(self) -> None:
        if self.health is not Health.FAILED:
            self._checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self._remember_commits()
        with suppress(apsw.Error):
            self._tx.db.close()


def _nobody(result: Any, error: BaseException | None) -> None:
    """Waits for nothing."""


def _all_refused(jobs: list[Job], refused: StoreFull | StoreFailed) -> Group:
    # An exception of its own for each: raised in several tasks, one would gather their traces.
    outcomes = [Outcome(job.told, None, type(refused)(*refused.args)) for job in jobs]
    return Group(outcomes, {}, committed=False, seconds=0.0, fresh={})
