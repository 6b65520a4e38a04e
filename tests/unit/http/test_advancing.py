"""A virtual clock that is put forward, on a machine whose own time goes on."""

from __future__ import annotations

from itertools import count

import pytest

from tests.contract.things import ANNA, ENTERPRISE, an_enterprise, do, names, tell
from tests.model.stages import StagedBus, Tally
from wakeful.core.clock import Clock, VirtualTime
from wakeful.core.ports import StreamKind
from wakeful.feed import Feed
from wakeful.http.emulation.advancing import Advancing
from wakeful.http.emulation.timeline import Step, Timeline
from wakeful.http.front.wheel import Wheel
from wakeful.retention import Retention
from wakeful.stores.memory import MemoryStore

DAY = 24 * 3600 * 1000


class Uncounted:
    def trimmed(self, what: str, rows: int) -> None:
        """Nobody counts."""


class Server:
    """What time goes by in. Its machine is slow: a minute goes by from one look at the clock to the
    next."""

    def __init__(self) -> None:
        seconds = count(step=60)
        machine = Clock(lambda: next(seconds) * 1000, lambda: float(next(seconds)))
        self.time = VirtualTime(machine)
        self.store = MemoryStore(clock=self.time.clock.wall)
        feed = Feed(self.store, StagedBus(), Tally())
        days = {StreamKind.USER: 60, StreamKind.ENTERPRISE: 365}
        self.retention = Retention(feed, days, Uncounted(), self.time.clock.wall)
        self.timeline = Timeline(self.time.clock, Wheel(now=self.time.clock.monotonic))
        self.looks = 0
        self.advancing = Advancing(self.time, self.timeline, self._look, self.retention)

    def _look(self) -> None:
        self.looks += 1


@pytest.fixture
async def server() -> Server:
    server = Server()
    await server.store.commit(do(an_enterprise()))
    await server.retention.round()  # as a server does when it starts
    return server


@pytest.mark.parametrize("days", [61, 63, 70, 77, 100, 700])
async def test_what_is_too_old_after_a_leap_has_gone(server: Server, days: int) -> None:
    await tell(server.store, "old", to=(ANNA,))

    await server.advancing.advance(days * DAY)

    assert await names(server.store, ANNA) == []


async def test_leaps_after_one_another_take_what_all_of_them_made_too_old(server: Server) -> None:
    await tell(server.store, "old", to=(ANNA, ENTERPRISE))
    for _ in range(9):
        await server.advancing.advance(6 * DAY)
    await tell(server.store, "young", to=(ANNA, ENTERPRISE))

    await server.advancing.advance(7 * DAY)

    assert await names(server.store, ANNA) == ["young"]
    assert await names(server.store, ENTERPRISE) == ["old", "young"]


async def test_what_is_to_happen_happens_at_its_time(server: Server) -> None:
    at: list[float] = []

    async def note() -> None:
        at.append(server.time.clock.monotonic())

    begin = server.time.clock.monotonic()
    times = [begin + days * DAY / 1000 for days in (2, 5, 30)]
    server.timeline.add([Step(time, f"step {time}", note) for time in times])

    await server.advancing.advance(20 * DAY)

    assert len(at) == 2
    for due, was in zip(times, at, strict=False):
        assert due <= was < due + DAY / 1000
    assert len(server.timeline.waiting) == 1
    assert server.looks >= 3
    await server.timeline.end()


async def test_a_step_back_is_refused(server: Server) -> None:
    with pytest.raises(ValueError, match="forward"):
        await server.advancing.advance(-1)
