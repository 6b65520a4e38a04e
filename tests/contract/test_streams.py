"""Paging, classes and positions."""

from __future__ import annotations

import pytest

from tests.contract.conftest import Place
from tests.contract.things import (
    ANNA,
    BERT,
    ENTERPRISE,
    do,
    entry,
    names,
    read,
    state,
    tell,
    told,
)
from wakeful.core.events import EVERY_CLASS, NO_HEAD, ONLY_ALL, StreamClass, decode
from wakeful.core.lookups.streams import ReadStream, StreamStates
from wakeful.core.ports import Store
from wakeful.core.positions import FIRST_EPOCH, Asked, Marker, StreamState, position
from wakeful.core.writes import Append

CHANGES_ONLY = StreamClass.ALL.bit | StreamClass.CHANGES.bit


async def test_numbers_start_at_one_and_are_consecutive(store: Store) -> None:
    first = await tell(store, "a", "b", to=(ANNA, BERT))
    second = await tell(store, "c", to=(BERT,))
    third = await tell(store, "d", to=(ANNA, BERT))

    assert first == [{ANNA: 1, BERT: 1}, {ANNA: 2, BERT: 2}]
    assert second == [{BERT: 3}]
    assert third == [{ANNA: 3, BERT: 4}]


async def test_an_event_has_one_key_and_one_body_in_all_streams(store: Store) -> None:
    await tell(store, "other", to=(BERT,))
    await tell(store, "shared", to=(ANNA, BERT))

    [mine] = (await read(store, ANNA)).events
    [_, theirs] = (await read(store, BERT)).events

    assert (mine.key, mine.body) == (theirs.key, theirs.body)
    assert (mine.number, theirs.number) == (1, 2)


async def test_an_event_without_an_audience_is_nowhere(store: Store) -> None:
    [numbers] = await store.commit(do(Append((entry("a", {}), entry("b", {ANNA: EVERY_CLASS})))))

    assert numbers == ({}, {ANNA: 1})
    assert await names(store) == ["b"]


async def test_the_time_of_recording_is_that_of_the_commit(place: Place) -> None:
    place.clock.now = 123_456
    store = await place.open()
    await tell(store, "a")

    [event] = (await read(store)).events

    assert decode(event.body).recorded_at == 123_456


async def test_an_unknown_stream_is_empty(store: Store) -> None:
    page = await read(store, 12_345)

    assert (page.events, page.next, page.gap) == ((), 0, False)
    assert page.state == StreamState(store.epoch, 0, NO_HEAD)


async def test_states_come_in_the_order_asked(store: Store) -> None:
    await tell(store, "a", to=(ANNA, BERT))
    await tell(store, "b", to=(BERT,), classes=ONLY_ALL)

    states = await store.ask(StreamStates((BERT, 999, ANNA, BERT)))

    assert [one.head for one in states] == [(2, 1, 1), NO_HEAD, (1, 1, 1), (2, 1, 1)]
    assert {one.epoch for one in states} == {store.epoch}


async def test_pages_follow_one_another_without_gap_or_repeat(store: Store) -> None:
    await tell(store, *(f"e{n}" for n in range(25)))
    seen: list[str] = []
    asked: Asked = Marker.START
    sizes: list[int] = []

    while True:
        page = await read(store, asked=asked, limit=10)
        sizes.append(len(page.events))
        seen += [decode(event.body).type for event in page.events]
        if not page.events:
            break
        asked = position(store.epoch, page.next)

    assert seen == [f"e{n}" for n in range(25)]
    assert sizes == [10, 10, 5, 0]


async def test_a_full_page_says_where_to_go_on_and_the_last_one_the_head(store: Store) -> None:
    await tell(store, "a", "b", "c", "d")

    assert (await read(store, limit=3)).next == 3
    assert (await read(store, limit=4)).next == 4
    assert (await read(store, limit=9)).next == 4
    assert (await read(store, limit=0)).next == 0
    assert (await read(store, limit=0)).events == ()


async def test_a_page_that_has_nothing_still_moves_to_the_head(store: Store) -> None:
    await tell(store, "change")
    await tell(store, "login", "logout", classes=ONLY_ALL)
    after_change = position(store.epoch, 1)

    page = await read(store, asked=after_change, cls=StreamClass.CHANGES)

    assert (page.events, page.next) == ((), 3)


async def test_a_class_shows_its_own_events_under_the_numbers_of_all(store: Store) -> None:
    await tell(store, "login", classes=ONLY_ALL)
    await tell(store, "both")
    await tell(store, "change", classes=CHANGES_ONLY)
    await tell(store, "logout", classes=ONLY_ALL)

    changes = await read(store, cls=StreamClass.CHANGES)
    sync = await read(store, cls=StreamClass.SYNC)

    assert [event.number for event in changes.events] == [2, 3]
    assert [event.number for event in sync.events] == [2]
    assert (changes.next, sync.next) == (4, 4)
    assert await names(store) == ["login", "both", "change", "logout"]
    assert (await state(store)).head == (4, 3, 2)


async def test_a_full_page_of_a_class_ends_at_its_last_event_while_more_is_left(
    store: Store,
) -> None:
    for number in range(6):
        await tell(store, f"login{number}", classes=ONLY_ALL)
        await tell(store, f"change{number}")

    first = await read(store, limit=2, cls=StreamClass.SYNC)
    rest = await names(store, asked=position(store.epoch, first.next), cls=StreamClass.SYNC)

    assert [event.number for event in first.events] == [2, 4]
    assert first.next == 4
    assert rest == ["change2", "change3", "change4", "change5"]


@pytest.mark.parametrize(
    ("asked", "expected", "gap"),
    [
        pytest.param(Marker.START, ["a", "b", "c"], False, id="start"),
        pytest.param(Marker.NOW, [], False, id="now"),
        pytest.param(position(FIRST_EPOCH, 1), ["b", "c"], False, id="in the middle"),
        pytest.param(position(FIRST_EPOCH, 3), [], False, id="at the head"),
        pytest.param(position(FIRST_EPOCH, 4), ["a", "b", "c"], True, id="ahead"),
        pytest.param(position(FIRST_EPOCH + 1, 1), ["a", "b", "c"], True, id="another epoch"),
        pytest.param(17, ["a", "b", "c"], True, id="no epoch at all"),
        pytest.param(10**29, ["a", "b", "c"], True, id="far beyond any number"),
    ],
)
async def test_a_position_is_served_from_its_place(
    store: Store, asked: Asked, expected: list[str], gap: bool
) -> None:
    await tell(store, "a", "b", "c")

    page = await read(store, asked=asked)

    assert [decode(event.body).type for event in page.events] == expected
    assert (page.gap, page.next) == (gap, 3)


async def test_a_page_and_its_state_are_of_one_moment(store: Store) -> None:
    await tell(store, "a", to=(ANNA, ENTERPRISE))

    page = await store.ask(ReadStream(ANNA, Marker.START, 100))

    assert page.state.head[0] == page.events[-1].number


async def test_many_events_of_one_command_keep_their_order(store: Store) -> None:
    [numbers] = await store.commit(do(Append(told(*(f"e{n}" for n in range(500)), to=(ANNA, 8)))))

    assert [one[ANNA] for one in numbers] == list(range(1, 501))
    assert await names(store, limit=500) == [f"e{n}" for n in range(500)]
    assert await names(store, 8, limit=500) == [f"e{n}" for n in range(500)]
