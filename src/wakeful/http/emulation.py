"""What a server in memory lets its testers do, beside what every server does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wakeful.core.clock import VirtualTime
from wakeful.retention import LEAP_MS, Retention


@dataclass(frozen=True, slots=True)
class Emulation:
    """A server whose time can be put forward. `owner` is the user whose token it printed;
    `look` ends the polls that are over."""

    owner: int
    time: VirtualTime
    look: Callable[[], None]
    retention: Retention

    async def advance(self, ms: int) -> None:
        """Let *ms* go by. What is over by then has ended when this returns: polls are answered
        and what is too old is gone.

        Raises ValueError for a step back.
        """
        self.time.advance(min(ms, LEAP_MS))
        while True:
            self.look()
            # By steps that retention does not take for a clock that has gone wrong.
            await self.retention.round()
            ms -= min(ms, LEAP_MS)
            if not ms:
                return
            self.time.advance(min(ms, LEAP_MS))
