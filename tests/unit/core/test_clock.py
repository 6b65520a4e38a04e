from __future__ import annotations

import time

import pytest

from wakeful.core.clock import Clock, VirtualTime


def test_a_clock_is_that_of_the_machine() -> None:
    clock = Clock()

    before = time.time_ns() // 1_000_000, time.monotonic()
    seen = clock.wall(), clock.monotonic()
    after = time.time_ns() // 1_000_000, time.monotonic()

    assert before[0] <= seen[0] <= after[0]
    assert before[1] <= seen[1] <= after[1]


def test_virtual_time_goes_on_with_the_machine_and_is_put_forward_by_steps() -> None:
    now = [1_000_000, 50.0]
    virtual = VirtualTime(Clock(lambda: int(now[0]), lambda: now[1]))

    virtual.advance(1_500)
    virtual.advance(500)
    now[:] = [1_000_010, 50.01]

    assert virtual.ahead == 2_000
    assert virtual.clock.wall() == 1_002_010
    assert virtual.clock.monotonic() == pytest.approx(52.01)
    assert repr(virtual) == "<VirtualTime [2000 ms ahead]>"


def test_time_is_never_put_back() -> None:
    virtual = VirtualTime()

    with pytest.raises(ValueError, match="only put forward"):
        virtual.advance(-1)

    assert virtual.ahead == 0
