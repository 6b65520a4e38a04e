"""Pages of an enterprise's stream in the order of event time."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakeful.core.events import StoredEvent
from wakeful.core.lookups.streams import ReadTimeline, TimelinePage
from wakeful.core.positions import Asked, Marker, StreamState, position
from wakeful.core.timeline import Key, Timed, event_time, read_timeline

EPOCH = 3


@dataclass
class Line:
    """A stream by event time, in lists."""

    now: int = 100_000
    trimmed: int = 0
    trimmed_at: int = 0
    last: int = 0
    types: dict[int, str] = field(default_factory=dict)  # by number
    keys: list[Key] = field(default_factory=list)  # of those that are kept
    has_times: bool = True

    @property
    def state(self) -> StreamState:
        return StreamState(EPOCH, self.trimmed, (self.last, 0, 0))

    def add(self, created_at: int, type: str = "a") -> Key:
        """An event that is recorded now."""
        self.last += 1
        self.types[self.last] = type
        key = (event_time(created_at, self.now), self.last)
        insort(self.keys, key)
        return key

    def trim(self, number: int, at: int) -> None:
        """Remove all up to *number*, the last of which was recorded at *at*."""
        self.trimmed, self.trimmed_at = number, at
        self.keys = [key for key in self.keys if key[1] > number]

    def time_of(self, number: int) -> int | None:
        times = {n: at for at, n in self.keys}
        return times[number] if self.has_times else None

    def oldest(self) -> Key | None:
        return self.keys[0] if self.keys else None

    def newest(self, before: int | None) -> Key | None:
        able = [key for key in self.keys if before is None or key[0] < before]
        return able[-1] if able else None

    def matching(
        self, after: Key, before: int | None = None, types: frozenset[str] | None = None
    ) -> list[Key]:
        return [
            key
            for key in self.keys
            if key > after
            and (before is None or key[0] < before)
            and (types is None or self.types[key[1]] in types)
        ]

    def rows(
        self, after: Key, before: int | None, types: frozenset[str] | None, limit: int
    ) -> list[Timed]:
        found = self.matching(after, before, types)[:limit]
        return [(at, StoredEvent(number, number, b"")) for at, number in found]

    def read(
        self,
        asked: Asked = Marker.START,
        limit: int = 100,
        types: frozenset[str] | None = None,
        after: int | None = None,
        before: int | None = None,
    ) -> TimelinePage:
        return read_timeline(ReadTimeline(1, asked, limit, types, after, before), self)


def numbers(page: TimelinePage) -> list[int]:
    return [event.number for event in page.events]


def at(number: int) -> int:
    return position(EPOCH, number)


def a_line() -> Line:
    """Five events at 10 to 14 s, of which the second came last."""
    line = Line()
    for second in (10, 12, 13, 14, 11):
        line.add(second * 1000)
    return line


@pytest.mark.parametrize(
    ("created_at", "counts"),
    [
        pytest.param(40_000, 40_000, id="before it was recorded"),
        pytest.param(60_000, 50_000, id="in the future"),
        pytest.param(-5, 1_000, id="before all time"),
    ],
)
def test_an_event_counts_when_it_happened_but_not_later_than_it_was_recorded(
    created_at: int, counts: int
) -> None:
    assert event_time(created_at, 50_000) == counts


def test_events_are_in_the_order_of_their_times() -> None:
    page = a_line().read()

    assert numbers(page) == [1, 5, 2, 3, 4]
    assert (page.start, page.next, page.gap, page.more) == (1, at(4), False, False)


def test_events_of_one_time_are_in_the_order_of_their_numbers() -> None:
    line = Line()
    for _ in range(5):
        line.add(10_000)

    first = line.read(limit=2)
    rest = line.read(first.next)

    assert numbers(first) == [1, 2]
    assert numbers(rest) == [3, 4, 5]


def test_a_page_goes_on_exactly_behind_the_last_event_given() -> None:
    line = a_line()
    first = line.read(limit=2)

    line.add(11_500)  # late, but its reader is not there yet
    line.add(10_500)  # late, and passed by
    rest = line.read(first.next)

    assert numbers(first) == [1, 5]
    assert numbers(rest) == [6, 2, 3, 4]


@pytest.mark.parametrize(
    ("after", "before", "given_"),
    [
        pytest.param(11_000, None, [5, 2, 3, 4], id="from a time, itself included"),
        pytest.param(None, 13_000, [1, 5, 2], id="up to a time, itself left out"),
        pytest.param(11_000, 13_000, [5, 2], id="between two"),
        pytest.param(13_000, 11_000, [], id="between two the wrong way round"),
    ],
)
def test_a_window(after: int | None, before: int | None, given_: list[int]) -> None:
    assert numbers(a_line().read(after=after, before=before)) == given_


def test_a_position_goes_on_within_the_window() -> None:
    line = a_line()

    early = line.read(at(1), after=12_000)
    late = line.read(at(3), after=12_000)

    assert numbers(early) == [2, 3, 4]
    assert numbers(late) == [4]


def test_types_that_are_not_asked_for_are_left_out() -> None:
    line = a_line()
    line.add(12_500, "b")

    page = line.read(types=frozenset({"b", "c"}))

    assert numbers(page) == [6]
    assert page.next == at(6)


def test_now_is_after_the_last_event_by_time() -> None:
    line = a_line()

    page = line.read(Marker.NOW)
    line.add(15_000)

    assert (numbers(page), page.next, page.gap) == ([], at(4), False)
    assert numbers(line.read(page.next)) == [6]


def test_now_in_an_empty_stream_is_the_present_second() -> None:
    line = Line(now=99_700)

    page = line.read(Marker.NOW)
    line.add(98_000)
    line.add(99_000)

    assert page.next == 99
    assert numbers(line.read(page.next)) == [2]


def test_an_empty_page_leaves_its_reader_where_it_was() -> None:
    line = a_line()
    nothing = frozenset({"b"})

    for asked, stays in ((Marker.START, 1), (at(2), at(2)), (11, 11)):
        page = line.read(asked, types=nothing)
        assert (numbers(page), page.next) == ([], stays)
    line.add(12_500, "b")

    assert numbers(line.read(at(2), types=nothing)) == [6]


def test_an_empty_page_of_a_window_leaves_its_reader_at_the_window() -> None:
    line = a_line()

    assert line.read(after=20_000).next == 20
    # A position ahead of the present would not be served exactly later on.
    assert line.read(after=500_000).next == 100
    assert line.read(before=5_000).next == 1


def test_a_limit_of_0_gives_nothing_and_passes_nothing_by() -> None:
    page = a_line().read(at(5), limit=0)

    assert (numbers(page), page.next, page.more) == ([], at(5), True)
    assert page.complete_until == 11_999


def test_the_position_of_a_stream_to_which_nothing_was_written_is_its_beginning() -> None:
    line = Line()
    page = line.read(at(0))
    line.add(5_000)

    assert (page.next, page.gap) == (at(0), False)
    assert numbers(line.read(at(0))) == [1]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(at(1), id="trimmed"),
        pytest.param(at(2), id="just trimmed"),
        pytest.param(at(0), id="the beginning, which was trimmed"),
        pytest.param(at(9), id="ahead"),
        pytest.param(101, id="a time ahead"),
        pytest.param(position(EPOCH + 1, 4), id="another epoch"),
        pytest.param(2**70, id="of no epoch that can be"),
    ],
)
def test_what_cannot_be_served_exactly_is_served_from_the_oldest(asked: int) -> None:
    line = a_line()
    line.trim(2, 12_500)

    page = line.read(asked, limit=2)
    windowed = line.read(asked, after=13_000)
    nothing = line.read(asked, limit=0)

    assert (numbers(page), page.gap, page.next) == ([5, 3], True, at(3))
    assert (numbers(windowed), windowed.gap) == ([3, 4], True)
    assert (nothing.next, nothing.gap) == (1, True)


def test_a_gap_that_nothing_follows_is_told_once() -> None:
    line = a_line()
    line.trim(2, 12_500)
    nothing = frozenset({"b"})

    page = line.read(at(1), types=nothing)
    windowed = line.read(at(1), types=nothing, before=14_000)

    assert (page.gap, page.next) == (True, at(4))
    assert (windowed.gap, windowed.next) == (True, at(3))
    assert not line.read(page.next, types=nothing).gap


def test_after_a_gap_in_a_stream_that_is_empty_its_reader_goes_on_with_the_present() -> None:
    line = a_line()
    line.trim(5, 14_000)

    page = line.read(at(1))
    windowed = line.read(at(1), before=50_000)

    assert (page.gap, page.next, windowed.next) == (True, 100, 50)
    assert not line.read(page.next).gap


def test_a_stream_without_times_has_no_place_for_a_number() -> None:
    line = Line(last=3, has_times=False)

    assert line.read(at(2)).gap


@pytest.mark.parametrize(
    ("asked", "after", "gap"),
    [
        pytest.param(Marker.START, None, False, id="the oldest kept, whatever it is"),
        pytest.param(Marker.START, 12_500, True, id="what was removed may be in the window"),
        pytest.param(Marker.START, 12_501, False, id="what was removed is before the window"),
        pytest.param(12, None, True, id="a second from which something may be missing"),
        pytest.param(13, None, False, id="a second from which all is kept"),
        pytest.param(12, 12_501, False, id="the window decides where it begins later"),
        pytest.param(at(5), None, True, id="an event that is kept, but dated before"),
        pytest.param(at(3), None, False, id="an event dated later than all that was removed"),
    ],
)
def test_a_gap_is_told_where_something_may_have_been_removed(
    asked: Asked, after: int | None, *, gap: bool
) -> None:
    line = a_line()
    line.trim(2, 12_500)

    assert line.read(asked, after=after).gap is gap


def test_now_is_a_time_where_all_that_is_kept_is_dated_before_what_was_removed() -> None:
    line = a_line()
    line.trim(4, 14_000)

    page = line.read(Marker.NOW)

    assert (page.next, line.read(page.next).gap) == (100, False)


@pytest.mark.parametrize(
    ("limit", "before", "until"),
    [
        pytest.param(5, None, 99_999, id="to the end: until the snapshot"),
        pytest.param(5, 30_000, 29_999, id="to the end of the window"),
        pytest.param(5, 300_000, 99_999, id="not beyond the snapshot"),
        pytest.param(2, None, 11_999, id="cut: until the next event"),
        pytest.param(2, 11_500, 11_499, id="cut by the window"),
        pytest.param(0, None, 9_999, id="nothing given"),
    ],
)
def test_a_page_says_until_when_it_is_complete(limit: int, before: int | None, until: int) -> None:
    assert a_line().read(limit=limit, before=before).complete_until == until


def test_events_of_one_time_that_are_cut_apart_are_not_complete() -> None:
    line = Line()
    for _ in range(3):
        line.add(10_000)

    assert line.read(limit=2).complete_until == 9_999


def test_an_event_dated_in_the_future_does_not_make_anything_complete() -> None:
    line = Line()
    line.add(500_000)
    page = line.read()
    line.now += 10
    line.add(line.now)

    assert page.complete_until < line.now
    assert numbers(line.read(page.next)) == [2]


def test_a_page_names_a_position_before_the_oldest_event() -> None:
    line = a_line()

    assert line.read(Marker.NOW).oldest == 10
    assert Line(now=77_000).read().oldest == 77
    assert numbers(line.read(10)) == [1, 5, 2, 3, 4]


# --- any history ---

names = st.sampled_from("ab")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(-5_000, 5_000), names),
        st.tuples(st.just("time"), st.integers(0, 2_000), names),
        st.tuples(st.just("read"), st.integers(0, 3), names),
    ),
    max_size=40,
)
windows = st.none() | st.integers(80_000, 120_000)


@given(steps, st.sampled_from([None, frozenset("a"), frozenset("b")]), windows, windows)
def test_a_pass_gives_once_and_in_order_all_that_was_there_when_it_came_by(
    steps: list[tuple[str, int, str]],
    types: frozenset[str] | None,
    after: int | None,
    before: int | None,
) -> None:
    line = Line()
    asked: Asked = Marker.START
    passed: Key = (0, 0) if after is None else (after, 0)
    complete = 0
    for step, number, name in steps:
        if step == "add":
            created = line.now + number
            key = line.add(created, name)
            # What is not dated back is never behind what was said to be complete.
            assert key[0] > complete or created < line.now
        elif step == "time":
            line.now += number
        else:
            page = line.read(asked, number, types, after, before)
            keys = [key for key in line.keys if key[1] in numbers(page)]
            there = line.matching(passed, before, types)
            assert [number for _, number in keys] == numbers(page)
            assert keys == there[: len(keys)]
            assert all(key in keys for key in there if key[0] <= page.complete_until)
            assert page.more is (len(there) > len(keys))
            assert not page.gap
            passed = keys[-1] if keys else passed
            complete = max(complete, page.complete_until)
            asked = page.next
