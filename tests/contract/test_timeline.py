"""Enterprises' streams by type and by event time, and places that a time names."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.contract.conftest import Place
from tests.contract.things import (
    ANNA,
    ENTERPRISE,
    Wrong,
    an_enterprise,
    do,
    entry,
    names,
    read,
)
from wakeful.core.clock import wall_clock
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, StoredEvent, StreamClass, decode
from wakeful.core.lookups.streams import Page, ReadStream, ReadTimeline, TimelinePage
from wakeful.core.ports import Grown, Hints, Store, StreamKind
from wakeful.core.positions import Asked, Marker, Since, position
from wakeful.core.timeline import Key, event_time
from wakeful.core.writes import Append

HOUR = 3_600_000
BOTH = {ENTERPRISE: ONLY_ALL, ANNA: EVERY_CLASS}


async def opened(place: Place, now: int = 100_000) -> Store:
    place.clock.now = now
    store = await place.open()
    await store.commit(do(an_enterprise()))
    return store


async def add(store: Store, *dated: tuple[str, int]) -> None:
    """Events of these types, dated so (ms), in one command."""
    entries = tuple(entry(name, BOTH, created_at) for name, created_at in dated)
    await store.commit(do(Append(entries)))


async def by_time(
    store: Store,
    asked: Asked = Marker.START,
    limit: int = 100,
    *types: str,
    after: int | None = None,
    before: int | None = None,
) -> TimelinePage:
    wanted = frozenset(types) if types else None
    return await store.ask(ReadTimeline(ENTERPRISE, asked, limit, wanted, after, before))


async def of_types(
    store: Store, *types: str, asked: Asked = Marker.START, limit: int = 100
) -> Page:
    return await store.ask(ReadStream(ENTERPRISE, asked, limit, types=frozenset(types)))


def numbers(page: Page | TimelinePage) -> list[int]:
    return [event.number for event in page.events]


# --- by type ---


async def test_the_stream_of_an_enterprise_is_shown_by_type(place: Place) -> None:
    store = await opened(place)
    await add(store, ("a", 1), ("b", 1), ("c", 1), ("a", 1), ("b", 1), ("c", 1))

    page = await of_types(store, "a", "c")
    first = await of_types(store, "a", "c", limit=3)
    rest = await of_types(store, "a", "c", asked=position(store.epoch, first.next))

    assert numbers(page) == [1, 3, 4, 6]
    assert (numbers(first), first.start, first.next) == ([1, 3, 4], 0, 4)
    assert (numbers(rest), rest.start, rest.next) == ([6], 4, 6)


async def test_a_page_by_type_that_has_nothing_moves_to_the_head(place: Place) -> None:
    store = await opened(place)
    await add(store, ("a", 1), ("b", 1), ("b", 1))

    for types, at in ((("a",), 1), (("never",), 0), (("never", "\ud800"), 2), ((), 0)):
        page = await store.ask(
            ReadStream(ENTERPRISE, position(store.epoch, at), 100, types=frozenset(types))
        )
        assert (numbers(page), page.next) == ([], 3)
    assert (await of_types(store, "a", limit=0)).next == 0


async def test_a_users_stream_has_no_types_and_no_times(place: Place) -> None:
    store = await opened(place)
    await add(store, ("a", 1))

    typed = await store.ask(ReadStream(ANNA, Marker.START, 100, types=frozenset({"a"})))
    line = await store.ask(ReadTimeline(ANNA, position(store.epoch, 1), 100))

    assert numbers(typed) == []
    assert (numbers(line), line.gap) == ([], True)


async def test_many_types_are_merged_into_one_order(place: Place) -> None:
    store = await opened(place)
    types = [f"t{n}" for n in range(150)]
    shuffled = random.Random(7).choices(types, k=1_000)
    await add(store, *((name, 2_000 + index % 7) for index, name in enumerate(shuffled)))

    page = await of_types(store, *types[::2], limit=300)
    line = await by_time(store, Marker.START, 300, *types[::2])

    wanted = [n for n, name in enumerate(shuffled, 1) if int(name[1:]) % 2 == 0]
    assert numbers(page) == wanted[:300]
    assert numbers(line) == sorted(wanted, key=lambda n: ((n - 1) % 7, n))[:300]


async def test_the_hints_of_an_enterprise_name_the_types(place: Place) -> None:
    store = await opened(place)
    heard: dict[Grown, tuple[int, ...]] = {}

    def hear(hints: Hints) -> None:
        heard.update(hints)

    store.on_commit(hear)
    await add(store, ("a", 1), ("b", 1), ("a", 1))
    with pytest.raises(Wrong):
        await store.commit(do(Append((entry("new", BOTH),)), Wrong()))
    await store.commit(do(Append((entry("new", {ANNA: EVERY_CLASS}),))))

    assert heard == {
        ENTERPRISE: (3, 0, 0),
        ANNA: (4, 4, 4),
        (ENTERPRISE, "a"): (3,),
        (ENTERPRISE, "b"): (2,),
    }


async def test_a_type_of_a_command_that_failed_is_as_new_as_before(place: Place) -> None:
    store = await opened(place)
    failing = store.commit(do(Append((entry("a", BOTH), entry("b", BOTH))), Wrong()))
    alone = store.commit(do(Append((entry("b", BOTH), entry("a", BOTH)))))

    outcomes = await asyncio.gather(failing, alone, return_exceptions=True)
    await add(store, ("c", 1), ("a", 1))

    assert isinstance(outcomes[0], Wrong)
    assert numbers(await of_types(store, "a")) == [2, 4]
    assert numbers(await of_types(store, "b", "c")) == [1, 3]


# --- by event time ---


async def test_a_timeline_is_in_the_order_of_event_time(place: Place) -> None:
    store = await opened(place)
    await add(store, ("a", 30_000), ("b", 10_000), ("a", 900_000), ("c", 20_000), ("a", 20_000))

    page = await by_time(store)
    windowed = await by_time(store, after=20_000, before=30_000)
    typed = await by_time(store, Marker.START, 2, "a", "b")

    assert numbers(page) == [2, 4, 5, 1, 3]
    assert page.complete_until == 99_999
    assert numbers(windowed) == [4, 5]
    assert (numbers(typed), typed.more, typed.complete_until) == ([2, 5], True, 29_999)
    assert numbers(await by_time(store, typed.next, 9, "a", "b")) == [1, 3]
    assert (await by_time(store, Marker.NOW)).next == position(store.epoch, 3)


async def test_a_timeline_without_events_is_empty(place: Place) -> None:
    store = await opened(place)

    page = await by_time(store)
    now = await by_time(store, Marker.NOW)

    assert (numbers(page), page.next, page.gap, page.oldest) == ([], 1, False, 100)
    assert (now.next, now.complete_until) == (100, 99_999)


async def test_what_a_snapshot_says_to_be_complete_stays_complete(place: Place) -> None:
    store = await opened(place)
    place.clock.now = 200_000
    page = await by_time(store)

    place.clock.now = 150_000  # the machine's clock was set back
    await add(store, ("a", 300_000))
    later = await by_time(store)

    assert page.complete_until == 199_999
    assert decode(later.events[0].body).recorded_at == 200_000


@pytest.mark.parametrize("kind", ["timeline", "types", "since"])
async def test_what_is_for_readers_cannot_be_asked_inside_a_command(
    store: Store, kind: str
) -> None:
    lookup: ReadTimeline | ReadStream = ReadTimeline(ENTERPRISE, Marker.START, 1)
    if kind == "types":
        lookup = ReadStream(ENTERPRISE, Marker.START, 1, types=frozenset())
    elif kind == "since":
        lookup = ReadStream(ENTERPRISE, Since(0), 1)

    with pytest.raises(TypeError):
        await store.commit(do(lookup))


# --- a place named by a time ---


async def test_a_reader_begins_with_the_first_event_recorded_since(place: Place) -> None:
    store = await opened(place, 0)
    for time in (1_000, 2_000, 2_000, 3_000):
        place.clock.now = time
        await add(store, (f"at {time}", 1))
    place.clock.now = 4_000
    await store.commit(do(Append((entry("login", {ANNA: ONLY_ALL}),))))

    assert await names(store, ANNA, Since(2_000)) == ["at 2000", "at 2000", "at 3000", "login"]
    assert await names(store, ANNA, Since(2_001), cls=StreamClass.SYNC) == ["at 3000"]
    assert await names(store, ENTERPRISE, Since(0), limit=1) == ["at 1000"]
    assert await names(store, 999, Since(0)) == []
    late = await store.ask(ReadStream(ANNA, Since(9_000), 100))
    assert (late.events, late.start, late.next, late.gap) == ((), 5, 5, False)
    nothing = await store.ask(ReadStream(ANNA, Since(2_500), 0))
    assert (nothing.start, nothing.next) == (3, 3)


async def test_a_time_before_what_was_removed_is_a_gap(place: Place) -> None:
    store = await opened(place, 0)
    for time in (1_000, 2_000, 3_000):
        place.clock.now = time
        await add(store, ("a", 1))
    await store.trim(StreamKind.USER, 2_500, 100)

    before = await store.ask(ReadStream(ANNA, Since(2_000), 100))
    after = await store.ask(ReadStream(ANNA, Since(2_001), 100))

    assert (numbers(before), before.gap) == ([3], True)
    assert (numbers(after), after.gap) == ([3], False)


# --- what is kept ---


async def test_trimming_keeps_types_and_times_in_step(place: Place) -> None:
    store = await opened(place, 1_000_000)
    await add(store, ("a", 900_000), ("b", 10_000), ("a", 20_000))
    place.clock.now = 2_000_000
    await add(store, ("a", 5_000), ("b", 1_500_000))

    gone = await store.trim(StreamKind.ENTERPRISE, 1_500_000, 2)
    page = await by_time(store)
    again = await store.trim(StreamKind.ENTERPRISE, 1_500_000, 100)

    assert (gone.rows, again.rows) == (2, 1)
    assert numbers(page) == [4, 3, 5]
    assert numbers(await by_time(store)) == [4, 5]
    assert (await by_time(store)).oldest == 5
    assert numbers(await by_time(store, Marker.START, 9, "a")) == [4]
    assert numbers(await of_types(store, "b")) == [5]
    behind = await by_time(store, position(store.epoch, 4))
    assert (numbers(behind), behind.gap) == ([5], True)
    ahead = await by_time(store, position(store.epoch, 5))
    assert (numbers(ahead), ahead.gap) == ([], False)
    lost = await by_time(store, position(store.epoch, 3))
    assert (numbers(lost), lost.gap) == ([4, 5], True)


async def test_a_copy_has_types_and_times(place: Place, tmp_path: Path) -> None:
    store = await opened(place)
    await add(store, ("a", 30_000), ("b", 10_000), ("a", 20_000))
    await store.trim(StreamKind.ENTERPRISE, 200_000, 1)
    await store.backup(tmp_path / "copy")

    copy = await place.restore(tmp_path / "copy")
    page = await copy.ask(ReadTimeline(ENTERPRISE, Marker.START, 9, frozenset({"a", "b"})))
    lost = await copy.ask(ReadTimeline(ENTERPRISE, position(store.epoch, 3), 9))

    assert numbers(page) == [2, 3]
    assert (numbers(lost), lost.gap) == ([2, 3], True)
    await add(copy, ("b", 15_000))
    assert numbers(await by_time(copy, Marker.START, 9, "b")) == [2, 4]
    since = await copy.ask(ReadStream(ENTERPRISE, Since(100_000), 9))
    assert (numbers(since), since.gap) == ([2, 3, 4], True)


# --- many at once ---


async def publish(store: Store, publisher: int, acknowledged: list[str]) -> None:
    """Events of three types, dated up to an hour back and some in the future."""
    chance = random.Random(publisher)
    for turn in range(50):
        name = f"{publisher}.{turn}.{chance.choice('abc')}"
        at = wall_clock() + chance.choice((0, -chance.randrange(HOUR), chance.randrange(HOUR)))
        await store.commit(do(Append((entry(name, {ENTERPRISE: ONLY_ALL}, at),))))
        acknowledged.append(name)


def key_of(event: StoredEvent) -> Key:
    told = decode(event.body)
    return event_time(told.created_at, told.recorded_at), event.number


async def test_late_and_future_events_of_many_publishers_are_given_once_and_in_order(
    store: Store,
) -> None:
    await store.commit(do(an_enterprise()))
    acknowledged: list[str] = []
    over = asyncio.Event()

    async def stream() -> list[str]:
        """By arrival: everything, once."""
        chance = random.Random(98)
        seen: list[str] = []
        asked: Asked = Marker.START
        while True:
            last_look = over.is_set()
            page = await read(store, ENTERPRISE, asked, limit=chance.randrange(1, 40))
            seen += [decode(event.body).type for event in page.events]
            asked = position(store.epoch, page.next)
            if last_look and not page.events:
                return seen
            await asyncio.sleep(0)

    async def line() -> list[tuple[list[str], TimelinePage]]:
        """By time: what was acknowledged before each page, and the page."""
        chance = random.Random(99)
        pages: list[tuple[list[str], TimelinePage]] = []
        asked: Asked = Marker.START
        while True:
            last_look = over.is_set()
            before = list(acknowledged)
            page = await by_time(store, asked, chance.randrange(1, 40))
            pages.append((before, page))
            asked = page.next
            if last_look and not page.more:
                return pages
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as readers:
        streaming, lining = readers.create_task(stream()), readers.create_task(line())
        await asyncio.gather(*(publish(store, publisher, acknowledged) for publisher in range(8)))
        over.set()
    seen, pages = streaming.result(), lining.result()

    whole = await read(store, ENTERPRISE, limit=1_000)
    keys = {decode(event.body).type: key_of(event) for event in whole.events}
    late = {
        told.type
        for told in (decode(event.body) for event in whole.events)
        if told.created_at < told.recorded_at
    }
    assert len(keys) == 400
    assert seen == [decode(event.body).type for event in whole.events]
    passed: Key = (0, 0)
    complete = 0
    for before, page in pages:
        given = [decode(event.body).type for event in page.events]
        order = [keys[name] for name in given]
        assert order == sorted(order)
        assert not order or order[0] > passed
        end = order[-1] if order else passed
        for name in before:
            is_covered = keys[name] <= end or keys[name][0] <= page.complete_until
            if keys[name] > passed and (is_covered or not page.more):
                assert name in given
        assert all(name in late for name in given if keys[name][0] <= complete)
        complete = max(complete, page.complete_until)
        passed = end


async def test_a_pass_over_what_is_there_gives_everything_by_type(store: Store) -> None:
    await store.commit(do(an_enterprise()))
    await asyncio.gather(*(publish(store, publisher, []) for publisher in range(4)))
    everything = await by_time(store, Marker.START, 1_000)
    types = {decode(event.body).type for event in everything.events}

    seen: list[Key] = []
    asked: Asked = Marker.START
    wanted = frozenset(name for name in types if name.endswith("a"))
    while True:
        page = await store.ask(ReadTimeline(ENTERPRISE, asked, 7, wanted))
        seen += [key_of(event) for event in page.events]
        asked = page.next
        if not page.more:
            break

    assert seen == [
        key_of(event) for event in everything.events if decode(event.body).type in wanted
    ]
