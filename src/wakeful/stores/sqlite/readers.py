"""The threads that read, each with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple

import apsw

from wakeful.core.lookups import Lookup
from wakeful.stores.sqlite.faults import reading
from wakeful.stores.sqlite.handlers import answer
from wakeful.stores.sqlite.snapshot import Snapshot


class Question(NamedTuple):
    """A look-up, and whoever waits for the answer."""

    lookup: Lookup[Any]
    waiter: Any


Reply = Callable[[Any, Any, BaseException | None], None]
"""Takes the waiter, the answer, and what went wrong."""


class Readers:
    """Answers look-ups, each from one snapshot.

    `now` tells the time of a snapshot that is then taken. `reply` is called in the threads;
    `ended` once, when all connections are closed.
    """

    def __init__(
        self,
        snapshots: list[Snapshot],
        *,
        now: Callable[[], int],
        reply: Reply,
        ended: Callable[[], None],
    ) -> None:
        self._now = now
        self._reply = reply
        self._ended = ended
        self._queue: SimpleQueue[Question | None] = SimpleQueue()
        self._left = len(snapshots)
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(
                target=self._run, args=(snapshot,), name=f"wakeful-reader-{number}", daemon=True
            )
            for number, snapshot in enumerate(snapshots, 1)
        ]
        for thread in self._threads:
            thread.start()

    def __repr__(self) -> str:
        return f"<Readers [{self._left} threads, {self._queue.qsize()} waiting]>"

    def put(self, question: Question) -> None:
        """Let *question* be answered."""
        self._queue.put(question)

    def stop(self) -> None:
        """Answer what was put before, then end."""
        for _ in self._threads:
            self._queue.put(None)

    def join(self) -> None:
        """Wait for the end."""
        for thread in self._threads:
            thread.join()

    def _run(self, snapshot: Snapshot) -> None:
        while (question := self._queue.get()) is not None:
            snapshot.now = self._now()
            result, error = answered(snapshot, question.lookup)
            self._reply(question.waiter, result, error)
        with suppress(apsw.Error):
            snapshot.db.close()
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self._ended()


def answered(snapshot: Snapshot, lookup: Lookup[Any]) -> tuple[Any, Exception | None]:
    """The answer to *lookup*, or what went wrong."""
    db = snapshot.db
    try:
        with reading():
            db.execute("BEGIN")
            try:
                return answer(snapshot, lookup), None
            finally:
                db.execute("ROLLBACK")
    except Exception as error:
        return None, error
