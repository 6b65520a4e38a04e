"""Waits that leave events out: who is woken, by what, and after which looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from tests.model.stages import StagedBus, StagedStore, Tally, turns, until
from tests.model.world import World
from wakeful import filtered
from wakeful.core.changes import Tell
from wakeful.core.errors import StoreFailed
from wakeful.core.events import ONLY_ALL
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.streams import Page, ReadStream, ReadTimeline, TimelinePage
from wakeful.core.ports import StreamKind
from wakeful.core.positions import Asked, Marker, StreamState, position
from wakeful.feed import Feed
from wakeful.filtered import Look, Looking

EPOCH = 1
MINUTE = 60_000


class Watcher:
    """A filtered waiter that remembers its wakes."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.stream = look.stream
        self.cls = 0
        self.after = 0
        self.seen: StreamState | None = None
        self.wakes = 0

    def wake(self, since: float) -> None:
        self.wakes += 1


class Stage:
    """A feed over a staged store and bus, in which things are told to Ann's enterprise."""

    def __init__(self) -> None:
        self.world = World()
        self.store = StagedStore(self.world.store)
        self.bus = StagedBus()
        self.tally = Tally()
        self.feed = Feed(self.store, self.bus, self.tally)
        self.enterprise = self.world.enterprise

    async def tell(self, *types: str, at: int | None = None) -> None:
        for type in types:
            tell = Tell(type=type, classes=ONLY_ALL, at=at)
            await self.feed.publish(self.world.ann.id, (tell,))

    def waits(self, asked: Asked, *types: str) -> Watcher:
        return self.watches(
            ReadStream(self.enterprise, asked, 1, types=frozenset(types) if types else None)
        )

    def waits_by_time(self, asked: Asked, *types: str) -> Watcher:
        return self.watches(
            ReadTimeline(self.enterprise, asked, 1, frozenset(types) if types else None)
        )

    def watches(self, look: Look) -> Watcher:
        watcher = Watcher(look)
        self.feed.wait_filtered(watcher)
        return watcher

    def between(self, act: Callable[[], Awaitable[object]]) -> None:
        """Let *act* happen once, after the next look took its snapshot."""

        async def once(_lookup: Lookup[object]) -> None:
            self.store.between = None
            await act()

        self.store.between = once

    def looks(self) -> int:
        """How many looks there were since the last time."""
        count = sum(isinstance(asked, ReadStream | ReadTimeline) for asked in self.store.asked)
        self.store.asked.clear()
        return count

    async def shown(self, look: Look) -> bool:
        page: Page | TimelinePage = await self.store.ask(look)  # type: ignore[arg-type] # of either kind
        return bool(page.events)


@pytest.fixture
async def stage() -> Stage:
    return Stage()


def at(number: int) -> int:
    return position(EPOCH, number)


async def test_who_has_something_to_read_is_woken_at_once(stage: Stage) -> None:
    await stage.tell("A", "B")

    mine, other = stage.waits(at(0), "B"), stage.waits(at(0), "C")
    await turns()

    assert (mine.wakes, other.wakes) == (1, 0)
    assert stage.feed.waiting == 1
    assert mine.seen is not None
    assert mine.seen.last == 2


async def test_a_waiter_is_woken_by_its_types_only(stage: Stage) -> None:
    mine, both, other = (
        stage.waits(at(0), "A"),
        stage.waits(at(0), "A", "B"),
        stage.waits(at(0), "C"),
    )
    await turns()
    stage.looks()

    await stage.tell("B", "B")
    await turns()
    assert (mine.wakes, both.wakes, other.wakes) == (0, 1, 0)
    assert stage.looks() == 1  # by the only one whom it concerned
    await stage.tell("A")
    await turns()

    assert (mine.wakes, both.wakes, other.wakes) == (1, 1, 0)
    assert repr(stage.feed) == "<Feed [1 waiting on 1 streams]>"
    assert list(stage.feed.waiters()) == [other]


async def test_nobody_is_woken_by_another_enterprise(stage: Stage) -> None:
    elsewhere = stage.watches(ReadStream(999, Marker.START, 1, types=frozenset({"A"})))
    plain = stage.waits(at(0))
    await turns()
    stage.looks()

    await stage.tell("A")
    await turns()

    assert (elsewhere.wakes, plain.wakes) == (0, 1)
    assert stage.looks() == 1


async def test_now_is_after_what_is_there(stage: Stage) -> None:
    await stage.tell("A", "B")
    watcher, by_time = stage.waits(Marker.NOW, "A"), stage.waits_by_time(Marker.NOW, "A")
    await turns()
    assert watcher.wakes == by_time.wakes == 0

    await stage.tell("B")
    stage.feed._filtered.look_again()  # as often as need be: now was then
    await turns()
    assert watcher.wakes == by_time.wakes == 0
    await stage.tell("A")
    await turns()

    assert watcher.wakes == by_time.wakes == 1


async def test_equal_looks_are_asked_once(stage: Stage) -> None:
    watchers = [stage.waits(at(0), "A") for _ in range(40)]
    await turns()
    assert stage.looks() == 1

    await stage.tell("A")
    await turns()

    assert [watcher.wakes for watcher in watchers] == [1] * 40
    assert stage.looks() == 1


async def test_many_looks_are_made_a_part_at_a_time(stage: Stage) -> None:
    watchers = [stage.waits(at(0), f"T{n}") for n in range(2 * filtered.AT_ONCE + 1)]
    await turns(40)

    assert stage.looks() == len(watchers)
    await stage.tell("T7")
    await turns(40)
    assert [n for n, watcher in enumerate(watchers) if watcher.wakes] == [7]


# --- by event time ---


async def test_who_reads_by_time_is_woken_by_what_is_dated_behind_their_place(
    stage: Stage,
) -> None:
    now = stage.world.clock()
    await stage.tell("A", at=now - 10 * MINUTE)
    await stage.tell("A", at=now - 5 * MINUTE)
    early, late = stage.waits_by_time(at(1)), stage.waits_by_time(at(2))
    await turns()
    assert (early.wakes, late.wakes) == (1, 0)

    await stage.tell("A", at=now - 7 * MINUTE)
    await turns()
    assert late.wakes == 0
    await stage.tell("A", at=now - 4 * MINUTE)
    await turns()

    assert late.wakes == 1


async def test_who_reads_by_time_and_type_is_woken_by_both(stage: Stage) -> None:
    now = stage.world.clock()
    await stage.tell("A", at=now - 5 * MINUTE)
    watcher = stage.waits_by_time(at(1), "B")
    await turns()

    await stage.tell("A")
    await stage.tell("B", at=now - 6 * MINUTE)
    await turns()
    assert watcher.wakes == 0
    await stage.tell("B", at=now - 4 * MINUTE)
    await turns()

    assert watcher.wakes == 1


# --- interleavings ---


@pytest.mark.parametrize("by_time", [True, False])
async def test_a_commit_between_the_snapshot_of_a_look_and_its_arrival_wakes(
    stage: Stage, *, by_time: bool
) -> None:
    stage.between(lambda: stage.tell("A"))

    watcher = stage.waits_by_time(at(0), "A") if by_time else stage.waits(at(0), "A")
    await turns(20)

    assert watcher.wakes == 1


async def test_what_comes_during_a_look_and_does_not_concern_the_waiter_is_not_looked_at(
    stage: Stage,
) -> None:
    stage.between(lambda: stage.tell("B", "A", "B"))

    watcher, other = stage.waits(at(0), "A"), stage.waits(at(0), "C")
    await turns(20)

    assert (watcher.wakes, other.wakes) == (1, 0)
    assert stage.looks() == 3


async def test_who_comes_while_others_are_looked_for_is_looked_for_too(stage: Stage) -> None:
    late: list[Watcher] = []

    async def more() -> None:
        await stage.tell("A")
        late.append(stage.waits(at(0), "A"))

    stage.between(more)
    first = stage.waits(at(0), "A")
    await turns(20)

    assert (first.wakes, late[0].wakes) == (1, 1)


async def test_a_waiter_that_leaves_is_never_woken(stage: Stage) -> None:
    await stage.tell("A")
    at_once, looked_for, parked, called, back = (
        stage.waits(at(number), "A") for number in (0, 0, 1, 1, 1)
    )
    stage.feed.leave_filtered(at_once)

    async def leave() -> None:
        stage.feed.leave_filtered(looked_for)

    stage.between(leave)
    await turns(20)
    stage.feed.leave_filtered(parked)
    wake = stage.feed._filtered._wake

    def interrupted(waiters: tuple[Looking, ...]) -> None:
        """Those who are called go before it is their turn; one comes back."""
        stage.feed._filtered._wake = wake
        wake(waiters)
        stage.feed.leave_filtered(called)
        stage.feed.leave_filtered(back)
        stage.feed.wait_filtered(back)

    stage.feed._filtered._wake = interrupted
    await stage.tell("A")
    await turns(20)
    stage.feed.leave_filtered(parked)

    assert [each.wakes for each in (at_once, looked_for, parked, called)] == [0, 0, 0, 0]
    assert back.wakes == 1
    assert repr(stage.feed._filtered) == "<FilteredWaits [0 on 0 streams]>"


async def test_a_waiter_that_leaves_and_waits_again_during_a_look_is_looked_for_again(
    stage: Stage,
) -> None:
    await stage.tell("A")
    watcher = Watcher(ReadStream(stage.enterprise, at(0), 1, types=frozenset({"A"})))

    async def again() -> None:
        stage.feed.leave_filtered(watcher)
        watcher.look = ReadStream(stage.enterprise, at(1), 1, types=frozenset({"A"}))
        stage.feed.wait_filtered(watcher)

    stage.between(again)
    stage.feed.wait_filtered(watcher)
    await turns(20)
    assert watcher.wakes == 0
    await stage.tell("A")
    await turns(20)

    assert watcher.wakes == 1


# --- hints ---


async def test_a_hint_that_names_no_types_is_looked_at_by_all(stage: Stage) -> None:
    mine, other = stage.waits(at(0), "A"), stage.waits(at(0), "B")
    await turns()
    stage.looks()
    stage.bus.held = True
    await stage.tell("A")
    [hints] = stage.bus.kept

    stage.bus.pass_on({name: head for name, head in hints.items() if isinstance(name, int)})
    await turns()

    assert (mine.wakes, other.wakes) == (1, 0)
    assert stage.looks() == 2


async def test_a_hint_during_a_look_that_names_no_types_is_looked_at(stage: Stage) -> None:
    async def untyped() -> None:
        stage.bus.held = True
        await stage.tell("A")
        stage.bus.pass_on({stage.enterprise: (1, 0, 0)})

    stage.between(untyped)
    mine, other = stage.waits(at(0), "A"), stage.waits(at(0), "B")
    await turns(20)

    assert (mine.wakes, other.wakes) == (1, 0)


async def test_hints_that_are_merged_repeated_or_late_wake_as_each_would(stage: Stage) -> None:
    mine, other = stage.waits(at(1), "A"), stage.waits(at(0), "B")
    await turns()
    stage.bus.held = True
    await stage.tell("A", "C", "A", "C")
    early = stage.bus.kept[0]

    stage.bus.pass_on(early)
    await turns()
    assert mine.wakes == 1  # its look sees what the other hints would have told
    again = stage.waits(at(3), "A")
    await turns()
    for hints in (stage.bus.merged(), early, *stage.bus.kept):
        stage.bus.pass_on(hints)
    await turns()

    assert (mine.wakes, again.wakes, other.wakes) == (1, 0, 0)


async def test_the_backstop_finds_what_no_hint_told(stage: Stage) -> None:
    mine, other = stage.waits(Marker.NOW, "A"), stage.waits_by_time(Marker.NOW, "B")
    await turns()
    stage.bus.held = True
    await stage.tell("A")
    stage.bus.lose()
    await turns()
    assert mine.wakes == 0

    await stage.feed.look_again()
    await turns()

    assert (mine.wakes, other.wakes) == (1, 0)


async def test_the_backstop_finds_what_no_hint_told_while_a_look_was_under_way(
    stage: Stage,
) -> None:
    async def unheard() -> None:
        stage.bus.held = True
        await stage.tell("A")
        stage.bus.lose()
        await stage.feed.look_again()

    stage.between(unheard)
    mine, other = stage.waits(at(0), "A"), stage.waits(at(0), "B")
    await turns(20)

    assert (mine.wakes, other.wakes) == (1, 0)
    assert stage.feed._filtered.is_at_rest


async def test_a_place_that_is_trimmed_is_looked_at_again(stage: Stage) -> None:
    """What a reader was past by event time is given again after a gap."""
    now = stage.world.clock()
    await stage.tell("A", at=now)
    await stage.tell("A", at=now - 5 * MINUTE)
    elsewhere = stage.watches(ReadStream(999, Marker.START, 1, types=frozenset({"A"})))
    watcher = stage.waits_by_time(at(1))
    await turns()
    assert watcher.wakes == 0
    stage.looks()

    await stage.feed.trim(StreamKind.ENTERPRISE, stage.world.clock() + 1, 1)
    await turns()

    assert (watcher.wakes, elsewhere.wakes) == (1, 0)
    assert stage.looks() == 1


# --- a store that refuses ---


async def test_who_could_not_be_looked_for_is_looked_for_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtered, "LOOK_AGAIN_SECONDS", 0)
    await stage.tell("A")
    stage.store.broken = StoreFailed("broken")
    stays, leaves = stage.waits(at(0), "A"), stage.waits(at(0), "A")
    with capture_logs() as logs:
        await until(lambda: bool(logs), "a look failed")
    stage.feed.leave_filtered(leaves)

    stage.store.broken = None
    await until(lambda: bool(stays.wakes), "the store was asked again")

    assert leaves.wakes == 0
    assert {entry["event"] for entry in logs} == {"look failed"}


async def test_a_feed_that_ends_while_it_looks_ends(stage: Stage) -> None:
    stage.between(asyncio.Event().wait)
    async with stage.feed:
        stage.waits(at(0), "A")
        await turns()

    assert stage.feed._filtered.is_at_rest
    assert stage.feed.waiting == 1
