"""Letting time go by, so that everything happens in its order."""

from __future__ import annotations

import math
from collections.abc import Callable

from wakeful.core.clock import VirtualTime
from wakeful.http.emulation.timeline import Timeline
from wakeful.retention import LEAP_MS, Retention

_STEP_MS = LEAP_MS // 2
"""Less than what retention takes for a clock that has gone wrong, by far: real time goes by as
well, and the time that it knows may be a day old."""


class Advancing:
    """Puts *time* forward in steps. `look` has the front answer the polls that are over."""

    def __init__(
        self,
        time: VirtualTime,
        timeline: Timeline,
        look: Callable[[], None],
        retention: Retention,
    ) -> None:
        self._time = time
        self._timeline = timeline
        self._look = look
        self._retention = retention

    def __repr__(self) -> str:
        return f"<Advancing {self._time!r}>"

    async def advance(self, ms: int) -> None:
        """Let *ms* go by. What is over by then has ended when this returns: polls are answered,
        what is too old is gone, and what the timeline has for that time has happened.

        Raises ValueError for a step back.
        """
        while True:
            left = self._timeline.left()
            # No further than to what happens next: it happens at its time, and before what comes
            # behind it.
            step = min(ms, _STEP_MS, ms if left is None else math.ceil(left * 1000))
            self._time.advance(step)
            ms -= step
            self._look()
            await self._timeline.run()
            await self._retention.round()
            if not ms:
                return
