from __future__ import annotations

import pytest

from wakeful.core.clock import Clock, VirtualTime
from wakeful.core.positions import Marker
from wakeful.http.front.brake import Brake


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime(Clock(monotonic=lambda: 1000.0))


def test_a_brake_grips_harder_up_to_a_second(time: VirtualTime) -> None:
    brake = Brake(time.clock.monotonic)
    pauses = [brake.pause("reader", 1, 5) for _ in range(8)]
    assert pauses == [0, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]


def test_a_brake_lets_go_of_who_gets_on(time: VirtualTime) -> None:
    brake = Brake(time.clock.monotonic)
    assert [brake.pause("reader", 1, place) for place in range(100)] == [0] * 100


def test_a_brake_tells_readers_and_streams_apart(time: VirtualTime) -> None:
    brake = Brake(time.clock.monotonic)
    assert brake.pause("reader", 1, Marker.START) == 0
    assert brake.pause("another", 1, Marker.START) == 0
    assert brake.pause("reader", 2, Marker.START) == 0
    assert brake.pause("reader", 1, Marker.START) > 0


def test_a_brake_forgets_after_a_while(time: VirtualTime) -> None:
    brake = Brake(time.clock.monotonic)
    for _ in range(5):
        brake.pause("reader", 1, 5)
    time.advance(11_000)
    assert brake.pause("reader", 1, 5) == 0
