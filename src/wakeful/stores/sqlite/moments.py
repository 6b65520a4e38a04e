"""What time it is for the writer, and for those who look at what it has written."""

from __future__ import annotations

import threading

from wakeful.stores.driver import Clock


class Moments:
    """Gives each group of commands its time, and each snapshot one.

    The time of a group never falls below that of any group before, nor of any snapshot that
    does not show the group: what a reader was told to be over stays over. *last* is the time of
    the last group of the process before. Used by all threads.
    """

    def __init__(self, clock: Clock, last: int) -> None:
        self._clock = clock
        self._latest = last
        self._at_work: int | None = None
        self._lock = threading.Lock()

    def begin(self) -> int:
        """The time (ms) of a group that begins now."""
        with self._lock:
            self._at_work = self._tick()
            return self._at_work

    def end(self) -> None:
        """The group is there for all to see, or never will be."""
        with self._lock:
            self._at_work = None

    def of_snapshot(self) -> int:
        """The time (ms) of a snapshot that is taken after this call.

        A group that is at work may or may not be in it, so that it is no later than that.
        """
        with self._lock:
            return self._tick() if self._at_work is None else self._at_work

    def _tick(self) -> int:
        self._latest = max(self._clock(), self._latest)
        return self._latest
