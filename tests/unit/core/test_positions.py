"""Where a reader stands, and from where it is served."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakeful.core.errors import InvalidPosition
from wakeful.core.positions import (
    FIRST_EPOCH,
    LAST_EPOCH,
    NUMBER_BITS,
    Asked,
    Marker,
    Place,
    Since,
    StreamState,
    parse,
    place,
    place_since,
    position,
    split,
)

epochs = st.integers(FIRST_EPOCH, LAST_EPOCH)
numbers = st.integers(0, 2**NUMBER_BITS - 1)


@given(epochs, numbers)
def test_a_position_says_its_epoch_and_number(epoch: int, number: int) -> None:
    assert split(position(epoch, number)) == (epoch, number)


@given(epochs, numbers)
def test_a_position_is_exact_in_javascript_and_never_nothing(epoch: int, number: int) -> None:
    assert 0 < position(epoch, number) < 2**53


@given(epochs, numbers)
def test_a_position_survives_every_way_to_write_a_number(epoch: int, number: int) -> None:
    value = position(epoch, number)

    for text in (str(value), f"{value}.0", repr(float(value)), f"{value:.17e}", f" {value} "):
        assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param(None, Marker.START, id="missing"),
        pytest.param("", Marker.START, id="empty"),
        pytest.param("  ", Marker.START, id="blank"),
        pytest.param("0", Marker.START, id="zero"),
        pytest.param("000", Marker.START, id="zeros"),
        pytest.param("0" * 100, Marker.START, id="very many zeros"),
        pytest.param("0.0", Marker.START, id="zero as float"),
        pytest.param("-0", Marker.START, id="minus zero"),
        pytest.param("0e99", Marker.START, id="zero in scientific notation"),
        pytest.param("0.9", Marker.START, id="less than one"),
        pytest.param("null", Marker.START, id="null"),
        pytest.param("now", Marker.NOW, id="now"),
        pytest.param("17", 17, id="a number"),
        pytest.param("+17", 17, id="signed"),
        pytest.param("017", 17, id="leading zero"),
        pytest.param("17.", 17, id="trailing point"),
        pytest.param("1.7E1", 17, id="scientific"),
        pytest.param("1099511627777.0", 2**40 + 1, id="float"),
        pytest.param("1.099511627777e12", 2**40 + 1, id="large and scientific"),
        pytest.param("1e30", 10**30, id="beyond what we give"),
        pytest.param("9" * 31, 10**31 - 1, id="more digits than we give"),
        pytest.param("1e-999999999", Marker.START, id="next to nothing"),
    ],
)
def test_a_position_is_read(text: str | None, asked: Asked) -> None:
    assert parse(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "-0.5",
        "NOW",
        "later",
        "nan",
        "snan",
        "inf",
        "Infinity",
        "-inf",
        "1e31",
        "1e999999999",
        "1e99999999999999999999999",
        "9" * 32,
        "0x11",
        "1_000",
        "１７",
        "1 7",
        "1e",
        ".",
        "17\0",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidPosition) as caught:
        parse(text)

    assert caught.value.field == "stream_position"


STATE = StreamState(epoch=3, trimmed=10, head=(20, 15, 12))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param(Marker.START, Place(10), id="from the oldest kept"),
        pytest.param(Marker.NOW, Place(20), id="after the newest of any class"),
        pytest.param(position(3, 10), Place(10), id="at the oldest kept"),
        pytest.param(position(3, 14), Place(14), id="in the middle"),
        pytest.param(position(3, 20), Place(20), id="at the head"),
        pytest.param(position(3, 9), Place(10, gap=True), id="trimmed"),
        pytest.param(position(3, 21), Place(10, gap=True), id="ahead"),
        pytest.param(position(2, 14), Place(10, gap=True), id="of an epoch before"),
        pytest.param(position(4, 14), Place(10, gap=True), id="of an epoch to come"),
        pytest.param(14, Place(10, gap=True), id="of no epoch"),
        pytest.param(10**30, Place(10, gap=True), id="of no epoch that can be"),
    ],
)
def test_a_position_is_mapped_to_the_place_from_which_it_is_served(
    asked: Asked, found: Place
) -> None:
    assert place(asked, STATE) == found


@given(
    st.one_of(st.sampled_from(Marker), st.builds(position, epochs, st.integers(0, 50))),
    st.integers(0, 30),
    st.integers(0, 20),
)
def test_a_place_is_always_within_what_is_kept(asked: Asked, trimmed: int, kept: int) -> None:
    state = StreamState(epoch=3, trimmed=trimmed, head=(trimmed + kept, 0, 0))

    found = place(asked, state)

    assert trimmed <= found.number <= state.last
    assert found.gap is (isinstance(asked, int) and asked != position(3, found.number))


@pytest.mark.parametrize(
    ("since", "found"),
    [
        pytest.param(0, Place(10, gap=True), id="before what was removed"),
        pytest.param(500, Place(10, gap=True), id="when the last of it was recorded"),
        pytest.param(501, Place(10), id="after what was removed"),
        pytest.param(1_100, Place(10), id="when the first was recorded"),
        pytest.param(1_101, Place(11), id="after the first"),
        pytest.param(1_500, Place(14), id="when several were recorded"),
        pytest.param(2_000, Place(19), id="when the last was recorded"),
        pytest.param(2_001, Place(20), id="after all of them"),
    ],
)
def test_a_time_is_the_place_before_the_first_event_recorded_since(
    since: int, found: Place
) -> None:
    times = {number: number * 100 for number in range(11, 21)} | {16: 1_500, 17: 1_500}

    assert place_since(Since(since), STATE, 500, times.__getitem__) == found


def test_a_time_in_a_stream_without_events_is_its_beginning() -> None:
    empty = StreamState(epoch=3, trimmed=0, head=(0, 0, 0))

    assert place_since(Since(5), empty, 0, lambda _: 1 // 0) == Place(0)
