"""The front: parked polls inside uvicorn.

A poll as an ASGI task costs five times as much memory as one that is a plain object, and there
are tens of thousands of them. So uvicorn is given a protocol class of ours (its public
`http=` setting), which answers the routes named here itself and leaves every other request
to uvicorn, on the same connections.
"""

from __future__ import annotations

import asyncio
import math

from wakeful.core.clock import Clock
from wakeful.http.front.connection import Connection
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import PollObserver, Polls, each
from wakeful.http.front.routing import Routing
from wakeful.http.front.wheel import SLICE, Wheel

DRAIN_STEP_SECONDS = 0.05
"""Between two slices of polls that are sent away: fine enough to look even."""

ASKING_SECONDS = 0.1
"""Before idle connections are closed where somebody else goes on accepting: whoever was accepted a
moment ago has sent a request, or is about to, and it was not read yet."""


class Front:
    """What is answered beside ASGI, and the polls that wait for it. One for each server.

    *clock* is what polls are held by, the machine's own where it is None.
    """

    def __init__(
        self, observer: PollObserver, limits: Limits | None = None, clock: Clock | None = None
    ) -> None:
        self._limits = limits or Limits()
        self._wheel = Wheel()
        # How fast a client is has nothing to do with a clock that is put forward.
        self._holds = self._wheel if clock is None else Wheel(now=clock.monotonic)
        self.polls = Polls(self._holds, observer, self._limits.parked)
        self.routing = Routing()
        self._servers: list[type[Connection]] = []

    def __repr__(self) -> str:
        return f"<Front [{self.polls.parked} parked in {self.routing}]>"

    def look(self) -> None:
        """End what is over, after the clock was put forward."""
        self._holds.look()

    def protocol(self, connection: type[Connection] = Connection) -> type[Connection]:
        """The class to give to one server as `uvicorn.Config(http=...)`: a subclass of
        *connection*."""
        server = type(
            "FrontConnection",
            (connection,),
            {
                "__slots__": (),
                "routing": self.routing,
                "limits": self._limits,
                "polls": self.polls,
                "wheel": self._wheel,
            },
        )
        self._servers.append(server)
        return server

    async def drain(self, seconds: float, *, has_successor: bool = False) -> None:
        """Refuse new polls, and send the parked ones away in even slices over *seconds*.

        All at once they would come back all at once, to the next server. Idle connections are
        closed; what is in flight beside polls is left to uvicorn's own graceful stop, which
        is to follow. With *has_successor* the listening socket outlives this server, which has
        stopped accepting: polls are then told to come back at once, and whoever was accepted last
        has `ASKING_SECONDS` to ask.
        """
        self.polls.is_draining = True
        self.polls.has_successor = has_successor
        if has_successor:
            await asyncio.sleep(ASKING_SECONDS)
        for server in self._servers:
            connections = [one for one in server.served if isinstance(one, Connection)]
            each(connections, lambda one: one.wind_down())
        waiting = self.polls.waiting()
        steps = max(1, round(seconds / DRAIN_STEP_SECONDS))
        size = min(SLICE, max(1, math.ceil(len(waiting) / steps)))
        pause = min(DRAIN_STEP_SECONDS, seconds * size / max(1, len(waiting)))
        for start in range(0, len(waiting), size):
            if start:
                await asyncio.sleep(pause)
            each(waiting[start : start + size], lambda poll: poll.drain())
