"""How often one asker may ask."""

from __future__ import annotations

import pytest

from wakeful.core.errors import RateLimited
from wakeful.http import rates
from wakeful.http.rates import RateLimit, address_of


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(limit: RateLimit, asker: object, times: int = 1_000) -> int:
    """How often *asker* may ask now."""
    for count in range(times):
        try:
            limit.take(asker)
        except RateLimited:
            return count
    return times


def test_a_minute_s_worth_may_come_all_at_once(clock: Clock) -> None:
    assert taken(RateLimit(60, clock), "a") == 60


@pytest.mark.parametrize("per_minute", [1, 7, 60, 1000])
def test_over_time_it_is_so_many_a_minute(clock: Clock, per_minute: int) -> None:
    limit = RateLimit(per_minute, clock)
    taken(limit, "a")

    asked = 0
    for _ in range(600):
        clock.now += 1
        asked += taken(limit, "a")

    assert asked == per_minute * 10


def test_the_answer_says_when_the_next_is_allowed_and_that_is_true(clock: Clock) -> None:
    limit = RateLimit(4, clock)
    taken(limit, "a")

    with pytest.raises(RateLimited) as refused:
        limit.take("a")

    assert refused.value.retry_after == 15
    clock.now += 14
    assert taken(limit, "a") == 0
    clock.now += 1
    assert taken(limit, "a") == 1


def test_who_is_refused_is_not_counted_again(clock: Clock) -> None:
    limit = RateLimit(60, clock)
    taken(limit, "a")
    for _ in range(100):
        assert taken(limit, "a") == 0

    clock.now += 1

    assert taken(limit, "a") == 1
    assert limit.refused == 102


def test_askers_do_not_share(clock: Clock) -> None:
    limit = RateLimit(60, clock)
    taken(limit, "a")

    assert taken(limit, "b") == 60


def test_looking_is_not_asking(clock: Clock) -> None:
    limit = RateLimit(1, clock)
    for _ in range(10):
        limit.check("a")

    limit.take("a")

    with pytest.raises(RateLimited):
        limit.check("a")


def test_what_is_given_back_was_never_counted(clock: Clock) -> None:
    limit = RateLimit(3, clock)
    for _ in range(10):
        limit.take("a")
        limit.give_back("a")
    limit.give_back("b")  # who asked nothing

    assert (taken(limit, "a"), taken(limit, "b")) == (3, 3)


def test_what_is_given_back_is_one_time(clock: Clock) -> None:
    limit = RateLimit(3, clock)
    taken(limit, "a")

    limit.give_back("a")

    assert taken(limit, "a") == 1


def test_0_is_without_limit_and_remembers_nobody(clock: Clock) -> None:
    limit = RateLimit(0, clock)

    assert taken(limit, "a") == 1_000
    limit.check("a")
    assert "0 askers" in repr(limit)


def test_p8_no_more_than_so_many_are_remembered(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_MOST_REMEMBERED", 10)
    limit = RateLimit(2, clock)

    for asker in range(1_000):
        taken(limit, asker)
        assert len(limit._whole_at) <= 10

    assert taken(limit, 999) == 0, "those who asked last are remembered"


def test_who_is_whole_again_is_forgotten_first(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_MOST_REMEMBERED", 10)
    limit = RateLimit(60, clock)
    taken(limit, "busy")
    for asker in range(9):
        limit.take(asker)
    clock.now += 2

    limit.take("new")

    assert set(limit._whole_at) == {"busy", "new"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_an_address_stands_for_who_is_behind_it(text: str, address: str) -> None:
    assert address_of(text) == address


def test_whether_there_is_room_is_what_the_next_time_finds(clock: Clock) -> None:
    limit = RateLimit(3, clock)
    for _ in range(3):
        assert limit.has_room("a")
        limit.take("a")

    assert not limit.has_room("a")
    assert limit.has_room("b")
    assert limit.refused == 0
    clock.now += 20
    assert limit.has_room("a")
    limit.take("a")
    assert not limit.has_room("a")


def test_without_a_limit_there_is_always_room(clock: Clock) -> None:
    assert RateLimit(0, clock).has_room("a")
