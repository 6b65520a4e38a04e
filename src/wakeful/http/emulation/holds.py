"""Requests that a fault keeps from being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wakeful.http.front.poll import Ended, Line, Poll, Polls
from wakeful.http.front.wheel import Wheel

_FOR_EVER = 100 * 366 * 86_400.0
"""Seconds: beyond what a virtual clock is put forward by."""


class Pause(Poll):
    """Holds a request of the front for *seconds*, or until it is let go, and then has it go on.
    As a poll, it is known to a server that stops, and to the connection when its client goes."""

    __slots__ = ("_go_on", "_seconds", "polls")

    def __init__(self, polls: Polls, seconds: float | None, go_on: Callable[[], None]) -> None:
        super().__init__()
        self.polls = polls
        self._seconds = _FOR_EVER if seconds is None else seconds
        self._go_on = go_on

    def park(self, line: Line) -> None:
        super().park(line)
        self.polls.wheel.put(self, self._seconds)

    def expire(self) -> None:
        self.let_go()

    def drain(self) -> None:
        self.let_go()

    def leave(self) -> None:
        """Nobody else knows of it."""

    def let_go(self) -> None:
        """Go on, unless it did so already."""
        if self.line is not None:
            self._over(Ended.REFUSED)
            self._go_on()


class Wait:
    """Holds a request of the app. Awaited, it tells whether anybody is still there for the
    answer."""

    __slots__ = ("_done", "_seconds", "_wheel", "due")

    def __init__(self, wheel: Wheel, seconds: float | None) -> None:
        self.due = 0
        self._wheel = wheel
        self._seconds = _FOR_EVER if seconds is None else seconds
        self._done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def over(self) -> bool:
        """Wait until it is."""
        self._wheel.put(self, self._seconds)
        try:
            return await self._done
        finally:
            self._wheel.cancel(self)

    def expire(self) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Go on, unless it did so already."""
        if not self._done.done():
            self._done.set_result(True)

    def lost(self) -> None:
        """The client went away."""
        if not self._done.done():
            self._done.set_result(False)
