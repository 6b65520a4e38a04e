from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from wakeful.core.clock import VirtualTime
from wakeful.http.front.wheel import SLICE, Wheel

TICK = 0.01


class Entry:
    def __init__(self, wheel: Wheel, again: float = 0) -> None:
        self.due = 0
        self.expired: list[float] = []
        self._wheel = wheel
        self._again = again

    def expire(self) -> None:
        self.expired.append(time.monotonic())
        if self._again:
            self._wheel.put(self, self._again)


@pytest.fixture
def wheel() -> Wheel:
    return Wheel(TICK)


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - whatever the state, it has no event
            await asyncio.sleep(0.001)


async def gone_by(entry: Entry) -> float:
    """When *entry* expired."""
    await until(lambda: entry.expired)
    return entry.expired[0]


@pytest.mark.parametrize("seconds", [0, 0.001, 0.01, 0.035, 0.2])
async def test_an_entry_expires_once_and_never_early(wheel: Wheel, seconds: float) -> None:
    entry = Entry(wheel)
    began = time.monotonic()
    wheel.put(entry, seconds)
    assert await gone_by(entry) >= began + seconds
    await asyncio.sleep(5 * TICK)  # nothing is to come: it would in one of these
    assert len(entry.expired) == 1
    assert entry.due == 0
    assert repr(wheel) == "<Wheel [0 waiting]>"


async def test_entries_expire_in_the_order_of_their_times(wheel: Wheel) -> None:
    entries = [Entry(wheel) for _ in range(5)]
    now = wheel.now()
    wheel.now = lambda: now  # however long putting them in takes
    for index in (3, 1, 4, 0, 2):
        wheel.put(entries[index], index * 3 * TICK)
    wheel.now = time.monotonic
    times = [await gone_by(entry) for entry in entries]
    assert times == sorted(times)


async def test_an_entry_that_is_taken_out_does_not_expire(wheel: Wheel) -> None:
    entry, other = Entry(wheel), Entry(wheel)
    wheel.put(entry, TICK)
    wheel.put(other, 3 * TICK)
    wheel.cancel(entry)
    wheel.cancel(entry)
    await gone_by(other)
    assert not entry.expired


async def test_an_entry_that_is_put_in_again_is_moved(wheel: Wheel) -> None:
    entry = Entry(wheel)
    wheel.put(entry, TICK)
    began = time.monotonic()
    wheel.put(entry, 10 * TICK)
    assert await gone_by(entry) >= began + 10 * TICK
    assert len(list(wheel)) == 0


async def test_an_entry_may_put_itself_in_again(wheel: Wheel) -> None:
    entry = Entry(wheel, again=2 * TICK)
    wheel.put(entry, 0)
    await until(lambda: len(entry.expired) == 4)
    wheel.cancel(entry)
    assert min(later - earlier for earlier, later in pairwise(entry.expired)) >= 2 * TICK


async def test_one_that_expires_may_take_others_of_its_tick_out(wheel: Wheel) -> None:
    entries: list[Entry] = []

    class Last(Entry):
        def expire(self) -> None:
            super().expire()
            for entry in entries:
                wheel.cancel(entry)

    entries += [Last(wheel) for _ in range(3)]
    for entry in entries:
        wheel.put(entry, TICK)
    await until(lambda: not list(wheel))
    assert sum(len(entry.expired) for entry in entries) == 1


async def test_one_that_fails_does_not_stop_the_others(wheel: Wheel) -> None:
    class Broken(Entry):
        def expire(self) -> None:
            raise RuntimeError("bug")

    good = Entry(wheel)
    with capture_logs() as logs:
        for entry in (Broken(wheel), good, Broken(wheel)):
            wheel.put(entry, TICK)
        await gone_by(good)
        await until(lambda: not list(wheel))
    assert [entry["event"] for entry in logs] == ["expiry failed"] * 2


async def test_many_that_expire_together_leave_the_loop_its_turns(wheel: Wheel) -> None:
    entries = [Entry(wheel) for _ in range(3 * SLICE)]
    seen = [0]

    def look() -> None:
        seen.append(sum(len(entry.expired) for entry in entries))
        if list(wheel):
            asyncio.get_running_loop().call_soon(look)

    for entry in entries:
        wheel.put(entry, 0)
    look()
    await until(lambda: not list(wheel))
    seen.append(len(entries))
    # They may be of two ticks, if one ended while they were put in: then there is one slice more.
    assert max(after - before for before, after in pairwise(seen)) <= SLICE
    assert all(len(entry.expired) == 1 for entry in entries)


async def test_a_loop_that_was_late_catches_up(wheel: Wheel) -> None:
    entries = [Entry(wheel) for _ in range(10)]
    for index, entry in enumerate(entries):
        wheel.put(entry, index * TICK)
    time.sleep(20 * TICK)  # noqa: ASYNC251 - the loop is held up on purpose
    late = Entry(wheel)
    wheel.put(late, TICK)
    await gone_by(late)
    assert all(entry.expired for entry in entries)


async def test_nothing_ticks_while_nothing_waits(wheel: Wheel) -> None:
    entry = Entry(wheel)
    wheel.put(entry, 0)
    await gone_by(entry)
    await until(lambda: wheel._timer is None)
    wheel.put(entry, TICK)
    await until(lambda: len(entry.expired) == 2)


async def test_all_who_wait_can_be_listed_and_taken_out(wheel: Wheel) -> None:
    entries = {Entry(wheel) for _ in range(20)}
    for index, entry in enumerate(entries):
        wheel.put(entry, index)
    assert set(wheel) == entries
    for waiting in wheel:
        wheel.cancel(waiting)
    assert list(wheel) == []


async def test_a_clock_that_is_put_forward_ends_what_is_over_and_nothing_else() -> None:
    virtual = VirtualTime()
    wheel = Wheel(TICK, virtual.clock.monotonic)
    soon, later = Entry(wheel), Entry(wheel)
    wheel.put(soon, 3600)
    wheel.put(later, 80 * 24 * 3600)

    virtual.advance(60 * 24 * 3600 * 1000)
    wheel.look()

    # At once, though there are millions of empty ticks in between.
    assert len(soon.expired) == 1
    assert not later.expired
    assert set(wheel) == {later}
    wheel.cancel(later)


async def test_what_is_put_in_after_a_leap_waits_its_own_time() -> None:
    virtual = VirtualTime()
    wheel = Wheel(TICK, virtual.clock.monotonic)
    wheel.look()  # nothing waits: nothing happens
    first, second = Entry(wheel), Entry(wheel)
    wheel.put(first, 60)
    virtual.advance(61_000)
    began = time.monotonic()
    wheel.put(second, 2 * TICK)

    wheel.look()

    assert len(first.expired) == 1
    assert await gone_by(second) >= began + 2 * TICK
