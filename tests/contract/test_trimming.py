"""Retention: old events go, numbers stay."""

from __future__ import annotations

from collections.abc import Mapping

from tests.contract.conftest import Place, Timepiece
from tests.contract.things import (
    ANNA,
    BERT,
    CARL,
    ENTERPRISE,
    HOME,
    SHARED,
    an_enterprise,
    do,
    journal,
    names,
    put_paths,
    read,
    rows,
    state,
    tell,
)
from tests.model.stages import Tally
from wakeful.core.events import ONLY_ALL, StreamClass
from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.lookups.streams import LastKey
from wakeful.core.ports import Store, StreamKind, Trimmed
from wakeful.core.positions import position
from wakeful.core.writes import JournalDrop, JournalMove, JournalPut
from wakeful.feed import Feed
from wakeful.retention import Retention
from wakeful.wakeups.hub import Hub

DAY = 24 * 3600 * 1000


async def written(place: Place, *times: int, to: tuple[int, ...] = (ANNA, ENTERPRISE)) -> Store:
    """A store with an enterprise and an event at each of *times* (ms), of that name."""
    place.clock.now = 0
    store = await place.open()
    await store.commit(do(an_enterprise()))
    for time in times:
        place.clock.now = time
        await tell(store, f"at {time}", to=to)
    return store


async def test_events_older_than_asked_go_and_the_others_keep_their_numbers(place: Place) -> None:
    store = await written(place, 1_000, 2_000, 3_000)

    gone = await store.trim(StreamKind.USER, 3_000, 100)

    page = await read(store)
    assert gone.rows == 2
    assert [event.number for event in page.events] == [3]
    assert (page.state.trimmed, page.state.head) == (2, (3, 3, 3))
    assert await tell(store, "next") == [{ANNA: 4}]


async def test_nothing_goes_where_nothing_is_old_enough(place: Place) -> None:
    store = await written(place, 1_000, 2_000)

    assert (await store.trim(StreamKind.USER, 1_000, 100)).rows == 0
    assert await names(store) == ["at 1000", "at 2000"]


async def test_each_kind_of_stream_has_a_retention_of_its_own(place: Place) -> None:
    store = await written(place, 1_000, 2_000, to=(ANNA, BERT, ENTERPRISE))

    assert (await store.trim(StreamKind.USER, 9_000, 100)).rows == 4
    assert await names(store, ANNA) == []
    assert await names(store, ENTERPRISE) == ["at 1000", "at 2000"]
    assert (await store.trim(StreamKind.ENTERPRISE, 2_000, 100)).rows == 1
    assert await names(store, ENTERPRISE) == ["at 2000"]


async def test_trimming_goes_in_steps_until_nothing_is_left(place: Place) -> None:
    store = await written(place, *range(1_000, 1_010), to=(ANNA, BERT))

    steps = []
    while gone := (await store.trim(StreamKind.USER, 1_008, 3)).rows:
        steps.append(gone)

    assert steps == [3, 3, 3, 3, 3, 1]
    assert await names(store, ANNA) == await names(store, BERT) == ["at 1008", "at 1009"]
    assert (await state(store, ANNA)).trimmed == 8


async def test_a_step_is_never_larger_than_asked(place: Place) -> None:
    store = await written(place, 1_000, to=(ANNA, BERT, CARL))

    assert (await store.trim(StreamKind.USER, 9_000, 2)).rows == 2
    assert (await store.trim(StreamKind.USER, 9_000, 2)).rows == 1
    assert (await store.trim(StreamKind.USER, 9_000, 2)).rows == 0


async def test_a_position_that_was_trimmed_is_served_from_the_oldest_kept(place: Place) -> None:
    store = await written(place, 1_000, 2_000, 3_000, 4_000)
    await store.trim(StreamKind.USER, 3_000, 100)

    before = await read(store, asked=position(store.epoch, 1))
    edge = await read(store, asked=position(store.epoch, 2))

    assert ([event.number for event in before.events], before.gap) == ([3, 4], True)
    assert ([event.number for event in edge.events], edge.gap) == ([3, 4], False)


async def test_heads_never_fall_even_when_everything_goes(place: Place) -> None:
    store = await written(place, 1_000, 2_000)
    key = await store.ask(LastKey())

    await store.trim(StreamKind.USER, 9_000, 100)
    await store.trim(StreamKind.ENTERPRISE, 9_000, 100)

    page = await read(store)
    assert (page.events, page.next, page.state.trimmed) == ((), 2, 2)
    assert page.state.head == (2, 2, 2)
    assert await store.ask(LastKey()) == key
    assert await tell(store, "new") == [{ANNA: 3}]
    assert [event.key for event in (await read(store)).events] == [key + 1]


async def test_a_class_whose_events_all_went_is_empty(place: Place) -> None:
    store = await written(place, 1_000)
    place.clock.now = 2_000
    await tell(store, "login", classes=ONLY_ALL)
    await store.trim(StreamKind.USER, 2_000, 100)

    page = await read(store, cls=StreamClass.CHANGES)

    assert (page.events, page.next, page.gap) == ((), 2, False)
    assert await names(store) == ["login"]


async def test_a_stream_that_grows_again_is_trimmed_again(place: Place) -> None:
    store = await written(place, 1_000)
    await store.trim(StreamKind.USER, 2_000, 100)
    place.clock.now = 3_000
    await tell(store, "later", "latest")

    assert (await store.trim(StreamKind.USER, 3_001, 100)).rows == 2
    assert (await state(store)).trimmed == 3


async def test_what_others_still_show_stays_readable_for_them(place: Place) -> None:
    store = await written(place, 1_000, 2_000, to=(ANNA, ENTERPRISE))

    await store.trim(StreamKind.USER, 9_000, 1)

    assert await names(store, ANNA) == ["at 2000"]
    assert await names(store, ENTERPRISE) == ["at 1000", "at 2000"]


async def test_a_step_tells_the_states_of_the_streams_that_it_cut(place: Place) -> None:
    store = await written(place, 1_000, 2_000, to=(ANNA, BERT))

    trimmed = await store.trim(StreamKind.USER, 9_000, 3)

    assert trimmed == Trimmed(3, {id: await state(store, id) for id in (ANNA, BERT)})
    assert {id: each.trimmed for id, each in trimmed.streams.items()} == {ANNA: 2, BERT: 1}


# --- journals ---


async def buried(place: Place, *times: int, namespace: int = HOME) -> Store:
    """A store whose journal lost a path at each of *times* (ms), and kept one."""
    place.clock.now = 0
    store = place.opened[0] if place.opened else await place.open()
    paths = [f"at {time}" for time in times]
    await put_paths(store, *paths, "kept", namespace=namespace)
    for time, path in zip(times, paths, strict=True):
        place.clock.now = time
        await store.commit(do(JournalDrop(namespace, path)))
    return store


async def test_tombstones_older_than_asked_go_and_what_lives_stays(place: Place) -> None:
    store = await buried(place, 1_000, 2_000, 3_000)

    assert await store.trim_journals(3_000, 100) == 2

    assert await rows(store) == [(4, "kept", 4), (7, "at 3000", None)]
    assert await store.ask(JournalAt(HOME, "at 1000")) is None
    page = await journal(store)
    assert (page.head, page.trimmed) == (7, 6)


async def test_tombstones_go_in_steps_from_the_oldest_of_all_journals(place: Place) -> None:
    await buried(place, 1_000, 3_000)
    store = await buried(place, 4_000, 5_000, namespace=SHARED)

    steps = [await store.trim_journals(9_000, 1) for _ in range(5)]

    assert steps == [1, 1, 1, 1, 0]
    assert await rows(store) == [(3, "kept", 3)]
    assert ((await journal(store)).trimmed, (await journal(store, SHARED)).trimmed) == (5, 5)


async def test_a_step_through_tombstones_takes_the_oldest(place: Place) -> None:
    store = await buried(place, 1_000, 2_000)

    await store.trim_journals(9_000, 1)

    assert await rows(store) == [(3, "kept", 3), (5, "at 2000", None)]
    assert (await journal(store)).trimmed == 4


async def test_a_path_that_lives_again_is_no_tombstone(place: Place) -> None:
    store = await buried(place, 1_000)
    await store.commit(do(JournalPut(HOME, "at 1000", 7)))

    assert await store.trim_journals(9_000, 100) == 0
    assert await store.ask(JournalAt(HOME, "at 1000")) == JournalRow("at 1000", 4, 7, None)


async def test_a_path_that_goes_again_is_as_old_as_its_last_going(place: Place) -> None:
    store = await buried(place, 1_000)
    await store.commit(do(JournalPut(HOME, "at 1000", 7)))
    place.clock.now = 5_000
    await store.commit(do(JournalDrop(HOME, "at 1000")))

    assert await store.trim_journals(5_000, 100) == 0
    assert await store.trim_journals(5_001, 100) == 1


async def test_what_a_move_leaves_behind_is_trimmed_and_what_it_makes_is_not(place: Place) -> None:
    store = await buried(place, 1_000)
    await put_paths(store, "a", "a/b")
    place.clock.now = 2_000
    await store.commit(do(JournalMove(HOME, "a", HOME, "at 1000")))

    assert await store.trim_journals(2_000, 100) == 0
    assert await store.trim_journals(2_001, 100) == 2
    left = await rows(store)
    assert [path for _, path, _ in left] == ["kept", "at 1000", "at 1000/b"]


async def test_a_path_may_come_again_after_its_tombstone_went(place: Place) -> None:
    store = await buried(place, 1_000)
    await store.trim_journals(9_000, 100)

    await store.commit(do(JournalPut(HOME, "at 1000", 9)))

    assert await rows(store) == [(2, "kept", 2), (4, "at 1000", 9)]
    assert (await journal(store)).trimmed == 3


async def test_a_copy_knows_its_tombstones_and_what_went(place: Place) -> None:
    store = await buried(place, 1_000, 2_000)
    await store.trim_journals(1_001, 100)
    await store.backup(place.folder / "copy")

    copy = await place.restore(place.folder / "copy")

    assert (await journal(copy)).trimmed == 4
    assert await copy.trim_journals(1_001, 100) == 0
    assert await copy.trim_journals(2_001, 100) == 1


async def test_what_is_known_of_the_clock_outlives_the_process(place: Place) -> None:
    store = await written(place, 1_000)
    await trimmed(store, place.clock)
    place.clock.now = 365 * DAY
    assert await trimmed(store, place.clock) == {}
    await store.backup(place.folder / "copy")
    store = await place.restore(place.folder / "copy")

    place.clock.now = 366 * DAY - 1
    assert await trimmed(store, place.clock) == {}
    place.clock.now = 366 * DAY
    assert await trimmed(store, place.clock) == {"user": 1}


class Uncounted:
    def trimmed(self, what: str, rows: int) -> None:
        pass


async def trimmed(store: Store, clock: Timepiece) -> Mapping[str, int]:
    """A round of retention by a process that has just started."""
    feed = Feed(store, Hub(), Tally())
    return await Retention(feed, {StreamKind.USER: 60}, Uncounted(), clock).round()
