from __future__ import annotations

import pytest

from wakeful.core.clock import Clock, VirtualTime
from wakeful.core.positions import Marker
from wakeful.http.box.realtime import parse_query
from wakeful.http.front.brake import Brake
from wakeful.http.recent import Recent


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (b"", {"": ""}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"stream%5Fposition=1%2E5e%2B15", {"stream_position": "1.5e+15"}),
        (b"stream_position=1.5e+15", {"stream_position": "1.5e+15"}),
        (b"a=%FF%", {"a": "\ufffd%"}),
    ],
)
def test_a_query_is_parsed(query: bytes, values: dict[str, str]) -> None:
    assert parse_query(query) == values


def test_only_so_many_values_are_remembered_and_the_last_set_longest() -> None:
    recent: Recent[int, int] = Recent(most=3)
    for key in (1, 2, 3, 1, 4):
        recent.set(key, key * 10)
    assert [recent.get(key) for key in (1, 2, 3, 4)] == [10, None, 30, 40]


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
