"""Many who write and read at once: nothing appears behind a number already given."""

from __future__ import annotations

import asyncio

from tests.contract.things import ANNA, BERT, HOME, do, entry, read, state
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, Head, StreamClass, decode
from wakeful.core.lookups.journals import ReadJournal
from wakeful.core.ports import Hints, Store
from wakeful.core.positions import Asked, Marker, position
from wakeful.core.writes import Append, JournalPut, PutSetting

WRITERS, EACH = 8, 60
ALL_EVENTS = WRITERS * EACH


async def write(store: Store, writer: int) -> None:
    for turn in range(EACH):
        classes = EVERY_CLASS if (writer + turn) % 3 else ONLY_ALL
        audience = {ANNA: classes, 1_000 + writer: classes}
        if writer % 2:
            audience[BERT] = classes
        event = entry(f"{writer}.{turn}", audience)
        await store.commit(
            do(
                PutSetting(f"w{writer}", str(turn).encode()),
                Append((event,)),
                JournalPut(HOME, f"p{writer}/{turn}", turn),
            )
        )


async def follow(store: Store, until: asyncio.Event, *, limit: int, cls: StreamClass) -> list[int]:
    """Read on and on, as a client does; returns the numbers seen. Checks each page."""
    seen: list[int] = []
    asked: Asked = Marker.START
    while True:
        over = until.is_set()
        page = await read(store, ANNA, asked, limit=limit, cls=cls)
        numbers = [event.number for event in page.events]
        assert not page.gap
        assert numbers == sorted(set(numbers))
        if seen and numbers:
            assert numbers[0] > seen[-1], "an event appeared behind a number already given"
        if cls is StreamClass.ALL and numbers:
            first = seen[-1] if seen else 0
            assert numbers == list(range(first + 1, first + 1 + len(numbers)))
            assert page.next == numbers[-1]
        assert page.next <= page.state.last
        seen += numbers
        asked = position(store.epoch, page.next)
        if over and not numbers:
            return seen
        await asyncio.sleep(0)


async def test_readers_miss_nothing_whatever_is_written_beside_them(store: Store) -> None:
    over = asyncio.Event()
    readers = [
        asyncio.create_task(follow(store, over, limit=limit, cls=cls))
        for limit, cls in (
            (1, StreamClass.ALL),
            (7, StreamClass.ALL),
            (500, StreamClass.ALL),
            (3, StreamClass.SYNC),
            (100, StreamClass.CHANGES),
        )
    ]

    await asyncio.gather(*(write(store, writer) for writer in range(WRITERS)))
    over.set()
    one, seven, many, sync, changes = await asyncio.gather(*readers)

    assert one == seven == many == list(range(1, ALL_EVENTS + 1))
    page = await read(store, ANNA, limit=ALL_EVENTS)
    written = [decode(event.body).type for event in page.events]
    assert sorted(written) == sorted(f"{w}.{t}" for w in range(WRITERS) for t in range(EACH))
    for writer in range(WRITERS):  # each writer's own events are in its own order
        mine = [name for name in written if name.startswith(f"{writer}.")]
        assert mine == [f"{writer}.{turn}" for turn in range(EACH)]
    shown = [number for number, name in enumerate(written, 1) if sum(map(int, name.split("."))) % 3]
    assert sync == changes == shown
    assert (await state(store, BERT)).last == ALL_EVENTS // 2


async def test_a_journal_that_is_followed_shows_every_path(store: Store) -> None:
    over = asyncio.Event()

    async def follow_journal() -> dict[str, int | None]:
        known: dict[str, int | None] = {}
        after = 0
        while True:
            last_look = over.is_set()
            page = await store.ask(ReadJournal(HOME, after, 13))
            numbers = [row.number for row in page.rows]
            assert numbers == sorted(set(numbers))
            assert all(after < number <= page.head for number in numbers)
            known.update((row.path, row.item) for row in page.rows)
            after = numbers[-1] if numbers else after
            if last_look and not numbers:
                return known
            await asyncio.sleep(0)

    follower = asyncio.create_task(follow_journal())
    await asyncio.gather(*(write(store, writer) for writer in range(WRITERS)))
    over.set()

    assert await follower == {f"p{w}/{t}": t for w in range(WRITERS) for t in range(EACH)}


async def test_whoever_is_woken_can_read_what_woke_them(store: Store) -> None:
    looks: list[asyncio.Task[None]] = []

    async def look(head: Head) -> None:
        page = await read(store, ANNA, limit=ALL_EVENTS)
        assert all(shown >= told for shown, told in zip(page.state.head, head, strict=True))
        assert len(page.events) >= head[0]

    def heard(hints: Hints) -> None:
        if ANNA in hints:
            looks.append(asyncio.get_running_loop().create_task(look(hints[ANNA])))

    store.on_commit(heard)
    await asyncio.gather(*(write(store, writer) for writer in range(WRITERS)))

    await asyncio.gather(*looks)
    assert looks
