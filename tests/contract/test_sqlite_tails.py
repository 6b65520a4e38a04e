"""What the store answers at once from the last commits is what it answers from the disk."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.contract.things import (
    ANNA,
    BERT,
    CARL,
    ENTERPRISE,
    HOME,
    Wrong,
    an_enterprise,
    do,
    tell,
    told,
)
from tests.model.machine import Quiet
from tests.model.stages import StagedBus, until
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, StreamClass
from wakeful.core.lookups.streams import Page, ReadStream
from wakeful.core.ports import StreamKind
from wakeful.core.positions import Asked, Marker, position
from wakeful.core.writes import Append, JournalPut
from wakeful.feed import Feed
from wakeful.stores.sqlite import SqliteStore
from wakeful.stores.sqlite import store as of_store
from wakeful.stores.sqlite.snapshot import StreamRow
from wakeful.stores.sqlite.tails import LONGEST, Tails
from wakeful.stores.sqlite.transaction import FreshRow
from wakeful.stores.sqlite.writer import Group

STREAMS = (ANNA, BERT, CARL, ENTERPRISE)


class Clock:
    now = 1_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path / "data", clock=clock)
    await store.commit(do(an_enterprise()))
    yield store
    await store.close()


def from_memory(store: SqliteStore, lookup: ReadStream) -> Page | None:
    """What is answered without the database."""

    def fail(*_: Any) -> tuple[None, Exception]:
        return None, Wrong()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_store, "answered", fail)
        return store.ask_now(lookup)


async def compare(store: SqliteStore) -> int:
    """Ask for all sorts of pages in both ways; how many came from memory."""
    found = 0
    for stream, cls, limit in product(STREAMS, StreamClass, (0, 1, 3, 100)):
        numbers = [position(store.epoch, number) for number in range(45)]
        places: list[Asked] = [*numbers, Marker.START, Marker.NOW, position(store.epoch + 1, 1)]
        for asked in places:
            lookup = ReadStream(stream, asked, limit, cls)
            page = from_memory(store, lookup)
            if page is not None:
                found += 1
                assert page == await store.ask(lookup)
    return found


async def test_pages_from_memory_are_those_of_the_database(
    store: SqliteStore, clock: Clock
) -> None:
    chance = random.Random(7)
    for turn in range(12):
        clock.now += 1_000
        commands = []
        for _ in range(chance.randint(1, 3)):
            to = tuple(chance.sample(STREAMS, chance.randint(1, 4)))
            classes = chance.choice((EVERY_CLASS, ONLY_ALL))
            steps: list[Any] = [Append(told("a", "b", to=to, classes=classes))]
            if chance.random() < 0.3:
                steps.append(JournalPut(HOME, f"a{turn}", 1))  # which writes what is kept till then
                steps.append(Append(told("c", to=to)))
            if chance.random() < 0.2:
                steps.append(Wrong())
            commands.append(store.commit(do(*steps)))
        await asyncio.gather(*commands, return_exceptions=True)
        if turn % 4 == 3:
            await store.trim(StreamKind.USER, clock.now - 2_000, 3)
        await compare(store)
    await tell(store, "last", to=STREAMS)
    assert await compare(store)


async def test_the_last_events_of_a_stream_need_no_database(store: SqliteStore) -> None:
    for number in range(LONGEST + 3):
        await tell(store, f"e{number}")

    for behind in range(LONGEST + 1):
        lookup = ReadStream(ANNA, position(store.epoch, LONGEST + 3 - behind), 100)
        page = from_memory(store, lookup)
        assert page is not None
        assert page == await store.ask(lookup)
        assert len(page.events) == behind

    assert from_memory(store, ReadStream(ANNA, position(store.epoch, 2), 100)) is None
    assert from_memory(store, ReadStream(ANNA, Marker.NOW, 1, types=frozenset("a"))) is None
    assert from_memory(store, ReadStream(BERT, Marker.NOW, 1)) is None


async def test_what_was_there_before_the_start_is_read_from_the_database(
    store: SqliteStore, tmp_path: Path
) -> None:
    await tell(store, "a", "b")
    await store.close()
    again = await SqliteStore.open(tmp_path / "data")
    try:
        assert from_memory(again, ReadStream(ANNA, Marker.START, 10)) is None
        await tell(again, "c")
        assert from_memory(again, ReadStream(ANNA, position(again.epoch, 1), 10)) is None
        assert from_memory(again, ReadStream(ANNA, position(again.epoch, 2), 10)) is not None
    finally:
        await again.close()


async def test_what_a_large_group_wrote_is_not_kept_nor_what_was_before(store: SqliteStore) -> None:
    await tell(store, "one")
    assert from_memory(store, ReadStream(ANNA, Marker.START, 10)) is not None

    await tell(store, *(f"e{number}" for number in range(1_001)))

    assert from_memory(store, ReadStream(ANNA, Marker.NOW, 10)) is None
    await tell(store, "two")
    assert from_memory(store, ReadStream(ANNA, position(store.epoch, 1_002), 10)) is not None


async def test_p5_who_saw_a_commit_that_memory_does_not_know_of_is_not_answered_from_there(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(store, StagedBus(), Quiet())
    await tell(store, "one")
    on_their_way: list[Group] = []
    with monkeypatch.context() as held:
        held.setattr(store._writer, "_deliver", on_their_way.append)
        telling = asyncio.ensure_future(tell(store, "two", "three"))
        await until(lambda: bool(on_their_way), "a commit")
    seen = await feed.read(ANNA, Marker.START, 2)
    head = feed.head_now(ANNA)

    after_one = feed.read_now(ANNA, position(store.epoch, 1), 10)
    after_two = feed.read_now(ANNA, position(store.epoch, seen.next), 10)
    store._delivered(on_their_way[0])
    await telling

    assert seen.next == 2
    assert head is not None
    assert head.last == 3
    assert (after_one, after_two) == (None, None)
    for number in (1, 2):
        asked = position(store.epoch, number)
        assert feed.read_now(ANNA, asked, 10) == await feed.read(ANNA, asked, 10)


def test_what_is_kept_has_a_ceiling() -> None:
    tails = Tails(None, 1, most_bytes=10_000)  # type: ignore[arg-type] # which asks no database
    for stream in range(100):
        row: FreshRow = (1, 1, (stream, 0, 1, 1, 0, b"x" * 200))
        tails.add({stream: (1, 1, 1)}, {stream: (StreamRow("user", (1, 1, 1), 0, 0, 1), [row])})

    assert repr(tails) == "<Tails [10 streams, 10000 bytes]>"
    tails.forget(range(100))
    assert repr(tails) == "<Tails [0 streams, 0 bytes]>"
