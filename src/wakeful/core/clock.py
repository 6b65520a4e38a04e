"""What time it is.

One clock is handed to everything that asks for the time that clients notice: how long a token
lives, a poll is held, an event is kept. So a test can let days go by without waiting for them.
How long work takes (metrics, pauses, the disk) is measured by the machine's own clock, always.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec


def wall_clock() -> int:
    """The machine's own time, in milliseconds since 1970-01-01 UTC; it may jump."""
    return time.time_ns() // 1_000_000


class Clock(msgspec.Struct, frozen=True):
    """Two functions, by default the machine's own: a call costs what theirs does.

    `wall` is as `wall_clock`; `monotonic` is in seconds from no point in particular, and never
    falls.
    """

    wall: Callable[[], int] = wall_clock
    monotonic: Callable[[], float] = time.monotonic


class VirtualTime:
    """A clock that goes on as that of the machine does, and can be put forward."""

    def __init__(self, machine: Clock | None = None) -> None:
        self._machine = machine or Clock()
        self._ahead = 0  # ms
        self.clock = Clock(self._wall, self._monotonic)

    def __repr__(self) -> str:
        return f"<VirtualTime [{self._ahead} ms ahead]>"

    @property
    def ahead(self) -> int:
        """By how many milliseconds."""
        return self._ahead

    def advance(self, ms: int) -> None:
        """Put it forward. Raises ValueError for a step back: a monotonic clock has none."""
        if ms < 0:
            raise ValueError("a clock is only put forward")
        self._ahead += ms

    def _wall(self) -> int:
        return self._machine.wall() + self._ahead

    def _monotonic(self) -> float:
        return self._machine.monotonic() + self._ahead / 1000
