"""A timer wheel: one timer of the loop for all the polls and connections of a server.

An entry waits in the slot of its tick, so that putting it in and taking it out cost as little as
a dictionary does, and no entry needs a timer, a closure or a task of its own. In exchange an entry
expires up to one tick late, and never early.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

TICK_SECONDS = 0.1
SLICE = 200
"""Entries that expire before the loop gets its turn again."""

log = structlog.get_logger()


class Timed(Protocol):
    """What can wait in a wheel. It is in one place at most."""

    due: int  # the wheel's: the tick at which it expires, 0 while it does not wait

    def expire(self) -> None:
        """Called on the loop, once, after which the wheel has forgotten the entry."""
        ...


class Slot(dict[Timed, None]):
    """Those of one tick, which is one number for all of them. A dictionary takes half of what a set
    does."""

    __slots__ = ("due",)

    due: int


class Wheel:
    """Expires what was put in, on the running loop. Ticks only while something waits."""

    def __init__(
        self, tick: float = TICK_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tick = tick  # seconds
        self.now = now
        self._slots: dict[int, Slot] = {}
        self._done = 0  # every slot up to this tick is empty and gone
        self._timer: asyncio.Handle | None = None

    def __repr__(self) -> str:
        return f"<Wheel [{sum(map(len, self._slots.values()))} waiting]>"

    def __iter__(self) -> Iterator[Timed]:
        """All who wait, in a list of its own: the caller may take them out."""
        return iter([entry for slot in self._slots.values() for entry in slot])

    def put(self, entry: Timed, seconds: float) -> None:
        """Let *entry* expire after *seconds*; one that waits already is moved."""
        if entry.due:
            self.cancel(entry)
        now = self.now()
        # The tick after the moment: never early. It is later than any tick that is under way.
        due = int((now + seconds) / self._tick) + 1
        slot = self._slots.get(due)
        if slot is None:
            slot = self._slots[due] = Slot()
            slot.due = due
        slot[entry] = None
        entry.due = slot.due
        if self._timer is None:
            self._done = int(now / self._tick)
            self._wait(now)

    def cancel(self, entry: Timed) -> None:
        """Take *entry* out, if it is in."""
        if entry.due:
            self._slots[entry.due].pop(entry, None)
            entry.due = 0

    def look(self) -> None:
        """Look at the time now: it was put forward, and the timer does not know of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._turn()

    def _wait(self, now: float) -> None:
        delay = (self._done + 1) * self._tick - now
        self._timer = asyncio.get_running_loop().call_later(max(delay, 0), self._turn)

    def _turn(self) -> None:
        now = self.now()
        reached = int(now / self._tick)
        left = SLICE
        while self._done < reached:
            slot = self._slots.get(self._done + 1)
            if slot is None:
                # To the next slot at once: after a leap there are millions of ticks without one.
                self._done = min(reached, min(self._slots, default=reached + 1) - 1)
                continue
            left = self._expire(slot, left)
            if slot:
                # Through the loop, so that other work gets its turn in between.
                self._timer = asyncio.get_running_loop().call_soon(self._turn)
                return
            self._done += 1
            del self._slots[self._done]
        if self._slots:
            self._wait(now)
        else:
            self._timer = None

    def _expire(self, slot: Slot, left: int) -> int:
        """Expire up to *left* entries; returns how many more may."""
        while slot and left:
            left -= 1
            entry, _ = slot.popitem()
            entry.due = 0
            try:
                entry.expire()
            except Exception:
                # One that fails must not stop the time of all others.
                log.exception("expiry failed", entry=repr(entry))
        return left
