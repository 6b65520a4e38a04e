"""Whatever is late, for however long: who reads on from any position has read everything, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.things import ANNA, do, told
from wakeful.core.clock import Clock, VirtualTime
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, StreamClass, decode
from wakeful.core.lookups.streams import ReadStream, StreamStates
from wakeful.core.ports import Hints, StreamKind
from wakeful.core.positions import Marker, Since, position
from wakeful.core.writes import Append
from wakeful.http.emulation.view import DisturbedStore, Late
from wakeful.http.front.wheel import Wheel
from wakeful.stores.memory import MemoryStore


class Shown:
    """A store with the judge *judge*, and what is told of it."""

    def __init__(self, judge: Callable[[int, int], Late | None]) -> None:
        self.time = VirtualTime(Clock(lambda: 1_000_000, lambda: 0.0))
        self.store = DisturbedStore(MemoryStore(clock=self.time.clock.wall), self.time.clock)
        self.wheel = Wheel(now=self.time.clock.monotonic)
        self.store.judge_by(judge, self.wheel)
        self.heads: list[int] = []
        self.store.on_commit(self._heard)
        self._count = 0

    def _heard(self, hints: Hints) -> None:
        if ANNA in hints:
            self.heads.append(hints[ANNA][0])

    async def tell(self, *classes: int) -> None:
        """One event of each of *classes*, in one commit."""
        names = [str(self._count + each) for each in range(len(classes))]
        self._count += len(classes)
        entries = [
            each
            for name, mask in zip(names, classes, strict=True)
            for each in told(name, classes=mask)
        ]
        await self.store.commit(do(Append(tuple(entries))))

    def advance(self, seconds: float) -> None:
        self.time.advance(round(seconds * 1000))
        self.wheel.look()

    async def names(
        self, number: int = 0, limit: int = 100, cls: StreamClass = StreamClass.ALL
    ) -> tuple[list[str], int]:
        asked = position(self.store.epoch, number) if number else Marker.START
        page = await self.store.ask(ReadStream(ANNA, asked, limit, cls))
        return [decode(event.body).type for event in page.events], page.next

    async def head(self) -> tuple[int, ...]:
        (state,) = await self.store.ask(StreamStates((ANNA,)))
        return state.head


lateness = st.lists(
    st.tuples(
        st.sampled_from([EVERY_CLASS, ONLY_ALL]),
        st.one_of(st.none(), st.floats(0.5, 20.0), st.integers(1, 4)),
    ),
    min_size=1,
    max_size=25,
)
doings = st.lists(
    st.tuples(st.sampled_from(["read", "advance", "tell"]), st.integers(1, 7)), max_size=40
)


@settings(max_examples=150)
@given(lateness, doings, st.sampled_from([StreamClass.ALL, StreamClass.CHANGES]))
def test_every_reader_reads_every_event_once(
    events: list[tuple[int, float | int | None]],
    doings: list[tuple[str, int]],
    cls: StreamClass,
) -> None:
    def judge(_stream: int, number: int) -> Late | None:
        when = events[number - 1][1]
        if when is None:
            return None
        if isinstance(when, int):
            return Late(1, number=number + when)
        return Late(1, due=shown.time.clock.monotonic() + when)

    async def run() -> None:
        written = 0
        places, read = {1: 0, 2: 0, 3: 0}, {1: list[str](), 2: list[str](), 3: list[str]()}

        async def go_on(reader: int, limit: int) -> bool:
            names, places[reader] = await shown.names(places[reader], limit, cls)
            read[reader] += names
            return bool(names)

        for what, count in doings:
            if what == "read":
                await go_on(count % 3 + 1, count)
            elif what == "advance":
                shown.advance(count)
            elif written < len(events):
                some = [mask for mask, _ in events[written : written + count]]
                written += len(some)
                await shown.tell(*some)
        some = [mask for mask, _ in events[written:]]
        if some:
            await shown.tell(*some)
        shown.store.let_go(1)

        of_class = [n for n, (mask, _) in enumerate(events) if mask & cls.bit]
        for reader in places:
            while await go_on(reader, 2):
                pass
            assert sorted(read[reader]) == sorted(map(str, of_class))
        assert (await shown.head())[0] == len(events)
        assert shown.heads == sorted(shown.heads)

    shown = Shown(judge)
    asyncio.run(run())


def late_first(_stream: int, number: int) -> Late | None:
    return Late(1, due=10.0) if number == 1 else None


async def test_what_is_late_is_in_no_head_and_told_when_it_is_shown() -> None:
    shown = Shown(late_first)

    await shown.tell(EVERY_CLASS)
    assert (shown.heads, await shown.head()) == ([], (0, 0, 0))
    shown.advance(11)

    assert (shown.heads, await shown.head()) == ([1], (1, 1, 1))
    shown.store.let_go(1)  # nothing is left
    assert shown.heads == [1]


async def test_what_is_due_earlier_is_shown_earlier_though_both_are_looked_at_late() -> None:
    shown = Shown(lambda _stream, number: Late(1, due=30.0 - 10 * number))

    await shown.tell(EVERY_CLASS, EVERY_CLASS)
    shown.advance(30)

    assert (await shown.names())[0] == ["1", "0"]


async def test_what_is_shown_in_another_order_may_have_been_trimmed() -> None:
    shown = Shown(late_first)
    await shown.tell(EVERY_CLASS)
    await shown.tell(EVERY_CLASS)
    shown.advance(11)
    assert await shown.names() == (["1", "0"], 2)

    trimmed = await shown.store.trim(StreamKind.USER, 2_000_000, 1)

    assert trimmed.streams[ANNA].trimmed == 1
    await shown.store.trim(StreamKind.USER, 2_000_000, 100)
    assert await shown.names() == ([], 2)


async def test_a_reader_who_names_a_time_begins_there() -> None:
    shown = Shown(late_first)
    await shown.tell(EVERY_CLASS)
    await shown.tell(EVERY_CLASS)

    page = await shown.store.ask(ReadStream(ANNA, Since(0), 10))

    assert [decode(event.body).type for event in page.events] == ["1"]
