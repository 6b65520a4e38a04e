"""Publish, read, wait: whatever the order of events, nobody sleeps through a change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.model.stages import Sleeper, StagedBus, StagedStore, Tally, turns, until
from tests.model.world import World, at_once
from wakeful import feed as feed_module
from wakeful import looks
from wakeful.core.changes import CreateFolder, Facts, Tell, Upload
from wakeful.core.errors import NotFound, StoreFailed
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, StreamClass
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.streams import LastKey, ReadStream, StreamStates
from wakeful.core.ports import StreamKind
from wakeful.core.positions import Asked, Marker, position
from wakeful.core.terms import FREELY
from wakeful.feed import NEAR, Feed, merge
from wakeful.wakeups.hub import Hub
from wakeful.waking import SLICE, Waiter

EPOCH = 1
EVERYTHING = 1_000_000


class Stage:
    """A feed over a staged store and bus, in which Ann makes changes."""

    def __init__(self) -> None:
        self.world = World()
        self.store = StagedStore(self.world.store)
        self.bus = StagedBus()
        self.tally = Tally()
        self.feed = Feed(self.store, self.bus, self.tally)
        self.ann = self.world.ann.id
        self._names = iter(range(10**9))

    async def change(self, count: int = 1) -> None:
        """Changes in Ann's home, each of every class."""
        for _ in range(count):
            name = str(next(self._names))
            upload = Upload(parent=self.world.home(), name=name, facts=Facts())
            await self.feed.publish(self.ann, (upload,))

    async def comment(self, classes: int = ONLY_ALL) -> None:
        """An event that only some classes show."""
        await self.feed.publish(self.ann, (Tell(type="COMMENT_CREATE", classes=classes),))

    async def trim(self, *, aside: bool = False) -> None:
        """Remove all that is there from users' streams; *aside*: where the feed does not see."""
        trim = self.store.trim if aside else self.feed.trim
        await trim(StreamKind.USER, self.world.clock() + 1, EVERYTHING)

    def waits(self, asked: Asked, cls: StreamClass = StreamClass.ALL) -> Sleeper:
        sleeper = Sleeper(self.ann, cls)
        self.feed.wait(sleeper, asked)
        return sleeper

    def between(
        self, act: Callable[[], Awaitable[None]], kind: type[Lookup[Any]] = StreamStates
    ) -> None:
        """Let *act* happen once, after the next look-up of this kind took its snapshot."""

        async def once(lookup: Lookup[Any]) -> None:
            if isinstance(lookup, kind):
                self.store.between = None
                await act()

        self.store.between = once

    async def known(self) -> None:
        """Let the feed know Ann's stream."""
        self.feed.leave(self.waits(Marker.NOW))
        sleeper = self.waits(Marker.NOW)
        await turns()
        self.feed.leave(sleeper)
        self.store.asked.clear()


@pytest.fixture
async def stage() -> Stage:
    return Stage()


def at(number: int) -> int:
    return position(EPOCH, number)


# --- waiting ---


async def test_who_has_something_to_read_is_woken_at_once(stage: Stage) -> None:
    await stage.change()

    sleeper = stage.waits(at(0))
    await turns()

    assert len(sleeper.wakes) == 1
    assert stage.feed.waiting == 0


async def test_who_has_nothing_to_read_is_woken_by_the_next_change(stage: Stage) -> None:
    await stage.change()
    sleeper = stage.waits(at(1))
    await turns()
    assert sleeper.wakes == []

    await stage.change()
    await turns()

    assert len(sleeper.wakes) == 1


async def test_a_waiter_is_woken_once_and_then_forgotten(stage: Stage) -> None:
    sleeper = stage.waits(Marker.NOW)
    await turns()

    await stage.change(3)
    await turns()

    assert len(sleeper.wakes) == 1
    assert repr(stage.feed) == "<Feed [0 waiting on 0 streams]>"


async def test_a_stream_that_is_known_is_not_looked_at_again(stage: Stage) -> None:
    await stage.known()

    parked = stage.waits(Marker.NOW)
    await stage.change()
    late = stage.waits(at(0))
    await turns()

    assert parked.woken
    assert late.woken
    assert stage.store.asked == []


async def test_nobody_is_woken_by_what_happens_elsewhere(stage: Stage) -> None:
    bob = Sleeper(stage.world.bob.id)
    stage.feed.wait(bob, Marker.START)

    await stage.change()
    await turns()

    assert bob.wakes == []


async def test_many_wait_on_one_stream_and_one_on_many(stage: Stage) -> None:
    sleepers = [stage.waits(Marker.NOW) for _ in range(3)]
    bob = Sleeper(stage.world.bob.id)
    stage.feed.wait(bob, Marker.NOW)
    await turns()

    assert repr(stage.feed) == "<Feed [4 waiting on 2 streams]>"
    assert set(stage.feed.waiters()) == {*sleepers, bob}
    assert len([ask for ask in stage.store.asked if isinstance(ask, StreamStates)]) == 1


async def test_who_leaves_is_forgotten_and_may_leave_again(stage: Stage) -> None:
    one, other, third = (stage.waits(Marker.NOW) for _ in range(3))
    await turns()

    for sleeper in (one, other, one):
        stage.feed.leave(sleeper)
    await stage.change()
    await turns()

    assert [sleeper.woken for sleeper in (one, other, third)] == [False, False, True]
    stage.feed.leave(third)
    assert repr(stage.feed) == "<Feed [0 waiting on 0 streams]>"


# --- classes ---


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("classes", "cls", "woken"),
    [
        (ONLY_ALL, StreamClass.ALL, True),
        (ONLY_ALL, StreamClass.CHANGES, False),
        (ONLY_ALL, StreamClass.SYNC, False),
        (StreamClass.SYNC.bit, StreamClass.ALL, True),
        (StreamClass.SYNC.bit, StreamClass.CHANGES, False),
        (StreamClass.SYNC.bit, StreamClass.SYNC, True),
        (EVERY_CLASS, StreamClass.CHANGES, True),
    ],
)
async def test_a_waiter_is_woken_by_its_class_only(
    stage: Stage, classes: int, cls: StreamClass, *, woken: bool, known: bool
) -> None:
    await stage.change()
    if known:
        await stage.known()
    before, parked = Sleeper(stage.ann, cls), stage.waits(at(1), cls)
    company = stage.waits(at(1), StreamClass.SYNC)
    await turns()

    await stage.comment(classes)
    stage.feed.wait(before, at(1))
    await turns()

    assert parked.woken is woken
    assert before.woken is woken
    assert company.woken is bool(classes & StreamClass.SYNC.bit)


async def test_a_hint_that_concerns_nobody_wakes_nobody(stage: Stage) -> None:
    stage.waits(Marker.NOW, StreamClass.SYNC)
    stage.waits(Marker.NOW, StreamClass.CHANGES)
    await turns()

    await stage.comment()
    await turns()

    assert stage.tally.slices == []


# --- interleavings ---


async def test_a_commit_between_the_snapshot_of_a_look_and_its_arrival_wakes(stage: Stage) -> None:
    stage.between(stage.change)

    sleeper = stage.waits(at(0))
    await turns()

    assert len(sleeper.wakes) == 1


async def test_now_is_after_what_was_heard_during_the_look(stage: Stage) -> None:
    stage.between(stage.change)

    sleeper = stage.waits(Marker.NOW)
    await turns()
    assert sleeper.wakes == []
    await stage.change()
    await turns()

    assert sleeper.woken


async def test_who_comes_while_others_are_looked_for_is_looked_for_too(stage: Stage) -> None:
    late: list[Sleeper] = []

    async def more() -> None:
        await stage.change()
        late.append(stage.waits(at(0)))

    stage.between(more)
    first = stage.waits(at(0))
    await turns()

    assert first.woken
    assert late[0].woken


async def test_a_position_that_is_newer_than_the_snapshot_is_not_taken_for_a_gap(
    stage: Stage,
) -> None:
    """The hint of a commit may still be under way to the loop when its position is known."""
    late: list[Sleeper] = []
    await stage.change(3)

    async def learn_what_no_hint_told() -> None:
        stage.bus.held = True
        await stage.change()
        late.append(stage.waits(at(4)))  # as the producer's receipt says

    stage.between(learn_what_no_hint_told)
    stage.waits(at(3))
    await turns()

    assert late[0].wakes == []
    stage.bus.deliver()
    await turns()
    assert late[0].wakes == []
    await stage.change()
    stage.bus.deliver()
    await turns()
    assert late[0].woken


@pytest.mark.parametrize("overtaken", ["read", "head"])
async def test_a_commit_that_overtakes_another_look_up_is_not_hidden_by_it(
    stage: Stage, overtaken: str
) -> None:
    await stage.change()
    stage.between(stage.change, ReadStream if overtaken == "read" else StreamStates)
    if overtaken == "read":
        await stage.feed.read(stage.ann, Marker.START, 10)
    else:
        await stage.feed.head(stage.ann)

    sleeper = stage.waits(at(1))
    await turns()

    assert sleeper.woken


async def test_a_commit_that_overtakes_the_backstop_is_not_hidden_by_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_AGAIN_SECONDS", 0)
    await stage.change()
    stage.store.broken = StoreFailed("broken")
    with capture_logs():
        stage.waits(at(1))  # whose first look fails, so that its stream is not known
        await turns()
    stage.store.broken = None
    stage.between(stage.change)
    await stage.feed.look_again()

    sleeper = stage.waits(at(1))
    await turns()

    assert sleeper.woken


async def test_a_waiter_that_leaves_while_it_is_looked_for_is_not_woken(stage: Stage) -> None:
    await stage.change()
    sleepers = [Sleeper(stage.ann) for _ in range(2)]

    async def leave() -> None:
        for sleeper in sleepers:
            stage.feed.leave(sleeper)

    stage.between(leave)
    for sleeper in sleepers:
        stage.feed.wait(sleeper, Marker.START)
    await turns()

    assert not any(sleeper.woken for sleeper in sleepers)
    assert stage.feed.waiting == 0


async def test_a_waiter_that_leaves_before_it_is_looked_for_is_not_woken(stage: Stage) -> None:
    await stage.change()

    sleeper = stage.waits(Marker.START)
    stage.feed.leave(sleeper)
    await turns()

    assert sleeper.wakes == []


async def test_a_waiter_that_leaves_and_waits_again_stands_where_it_asked_last(
    stage: Stage,
) -> None:
    await stage.change()
    sleeper = Sleeper(stage.ann)

    async def again() -> None:
        stage.feed.leave(sleeper)
        stage.feed.wait(sleeper, Marker.NOW)

    stage.between(again)
    stage.feed.wait(sleeper, Marker.START)
    await turns()
    assert sleeper.wakes == []
    await stage.change()
    await turns()

    assert len(sleeper.wakes) == 1


async def test_a_waiter_that_leaves_while_it_is_queued_is_not_woken(stage: Stage) -> None:
    sleepers = [stage.waits(Marker.NOW) for _ in range(3)]
    await turns()

    await stage.change()
    stage.feed.leave(sleepers[1])
    await turns()

    assert [sleeper.woken for sleeper in sleepers] == [True, False, True]
    assert stage.tally.slices == [2]


async def test_a_waiter_that_comes_back_before_its_turn_is_woken_only_by_what_is_new_to_it(
    stage: Stage,
) -> None:
    sleeper = stage.waits(Marker.NOW)
    await turns()

    await stage.change()
    stage.feed.leave(sleeper)
    stage.feed.wait(sleeper, at(1))
    await turns()
    assert sleeper.wakes == []
    await stage.change()
    await turns()

    assert len(sleeper.wakes) == 1


async def test_a_waiter_that_is_queued_twice_is_woken_once(stage: Stage) -> None:
    sleeper = stage.waits(Marker.NOW)
    await turns()

    await stage.change()
    stage.feed.leave(sleeper)
    stage.feed.wait(sleeper, at(0))
    await turns()

    assert len(sleeper.wakes) == 1


# --- the bus ---


async def test_a_hint_that_is_repeated_or_late_wakes_nobody_again(stage: Stage) -> None:
    stage.bus.held = True
    await stage.change(2)
    early, late = stage.bus.kept
    sleeper = stage.waits(at(2))
    await turns()

    for hints in (late, early, late, stage.bus.merged(), early):
        stage.bus.pass_on(hints)
    await turns()

    assert sleeper.wakes == []
    assert (await stage.feed.head(stage.ann)).last == 2


async def test_hints_that_are_merged_wake_as_each_would(stage: Stage) -> None:
    everything, changes = stage.waits(at(0)), stage.waits(at(0), StreamClass.CHANGES)
    await turns()
    stage.bus.held = True
    await stage.change()
    await stage.comment()

    stage.bus.pass_on(stage.bus.merged())
    await turns()

    assert everything.woken
    assert changes.woken


async def test_the_backstop_finds_what_no_hint_told(stage: Stage) -> None:
    sleeper = stage.waits(Marker.NOW)
    await turns()
    stage.bus.held = True
    await stage.change()
    stage.bus.lose()
    await turns()
    assert sleeper.wakes == []

    await stage.feed.look_again()
    await turns()

    assert sleeper.woken
    assert stage.tally.found == [1]


async def test_a_hint_that_was_lost_while_nobody_waited_is_not_missed_by_who_comes_later(
    stage: Stage,
) -> None:
    """The backstop has seen the commit by then, and would not look again."""
    await stage.known()
    stage.bus.held = True
    await stage.change()
    stage.bus.lose()
    await stage.feed.look_again()

    sleeper = stage.waits(at(0))
    await turns()

    assert sleeper.woken


async def test_a_lost_hint_is_made_good_by_whoever_reads(stage: Stage) -> None:
    """Else the reader would raise what is known, and the backstop find nothing new in it."""
    sleeper = stage.waits(Marker.NOW)
    await turns()
    stage.bus.held = True
    await stage.change()
    stage.bus.lose()

    await stage.feed.read(stage.ann, Marker.START, 10)
    await turns()

    assert sleeper.woken


async def test_a_lost_hint_is_made_good_by_whoever_is_looked_for(stage: Stage) -> None:
    sleeper = stage.waits(at(0))
    await turns()
    stage.bus.held = True
    await stage.change()
    stage.bus.lose()

    stage.waits(at(1))
    await turns()

    assert sleeper.woken


async def test_the_backstop_asks_one_thing_when_nothing_was_committed(stage: Stage) -> None:
    await stage.change()
    stage.waits(Marker.NOW)
    await stage.feed.look_again()
    await turns()
    stage.store.asked.clear()

    await stage.feed.look_again()

    assert stage.store.asked == [LastKey()]
    assert stage.tally.found == []


async def test_a_commit_that_overtakes_the_backstop_is_found_by_its_next_look(
    stage: Stage,
) -> None:
    stage.waits(Marker.NOW)
    await stage.feed.look_again()
    await turns()
    stage.bus.held = True
    sleeper = stage.waits(Marker.NOW)
    await stage.change()
    stage.bus.lose()

    async def unheard() -> None:
        await stage.change()
        stage.bus.lose()

    stage.between(unheard)
    await stage.feed.look_again()
    await turns()
    assert len(sleeper.wakes) == 1
    stage.feed.wait(sleeper, at(1))
    await turns()
    await stage.feed.look_again()
    await turns()

    assert len(sleeper.wakes) == 2


async def test_a_failing_backstop_look_is_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "BACKSTOP_SECONDS", 0.001)
    sleeper = stage.waits(Marker.NOW)
    await turns()
    stage.bus.held = True
    await stage.change()
    stage.bus.lose()
    stage.store.broken = StoreFailed("broken")

    with capture_logs() as logs:
        async with stage.feed:
            await until(lambda: bool(logs), "the look failed")
            stage.store.broken = None
            await until(lambda: sleeper.woken, "the next look found it")

    assert {entry["event"] for entry in logs} == {"backstop look failed"}
    assert stage.tally.found == [1]


async def test_the_feed_of_one_process_hears_through_the_hub() -> None:
    world = World()
    feed = Feed(world.store, Hub(), Tally())
    sleeper = Sleeper(world.ann.id)
    async with feed:
        feed.wait(sleeper, Marker.NOW)
        await turns()

        await feed.publish(world.ann.id, (CreateFolder(parent=world.home(), name="a"),))
        await turns()

    assert sleeper.woken
    assert feed.store is world.store


def test_a_hub_to_which_nobody_listens_says_nothing() -> None:
    hub = Hub()
    hub.tell({1: (1, 1, 1)})
    heard: list[object] = []
    hub.listen(heard.append)

    hub.tell({1: (2, 2, 2)})

    assert heard == [{1: (2, 2, 2)}]


# --- publish ---


async def test_who_publishes_and_goes_away_wakes_all_the_same(stage: Stage) -> None:
    """The request may be cancelled when its change is durable and its answer is not yet out."""
    sleeper = stage.waits(Marker.NOW)
    await turns()
    stage.store.after_commit = asyncio.Event().wait
    publishing = asyncio.create_task(stage.change())
    await turns()

    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)
    await turns()

    assert publishing.cancelled()
    assert sleeper.woken


async def test_nobody_is_woken_by_what_was_not_committed(stage: Stage) -> None:
    sleeper = stage.waits(Marker.NOW)
    await turns()

    with pytest.raises(NotFound):
        await stage.feed.publish(
            stage.ann,
            (
                CreateFolder(parent=stage.world.home(), name="a"),
                Upload(parent=stage.world.home("nowhere/at/all"), name="b", facts=Facts()),
            ),
        )
    await turns()

    assert sleeper.wakes == []
    assert (await stage.feed.head(stage.ann)).last == 0


async def test_what_wakes_can_be_read(stage: Stage) -> None:
    pages: list[int] = []

    class Reader(Sleeper):
        def wake(self, since: float) -> None:
            page = at_once(stage.feed.read(self.stream, at(0), 10))
            pages.append(len(page.events))

    stage.feed.wait(Reader(stage.ann), at(0))
    await turns()

    await stage.change()
    await turns()

    assert pages == [1]


# --- slices ---


async def test_ten_thousand_are_woken_in_slices_with_turns_for_others_in_between(
    stage: Stage,
) -> None:
    sleepers = [stage.waits(Marker.NOW) for _ in range(10_000)]
    await turns()
    seen: list[int] = []

    async def other() -> None:
        while len(seen) < 100:
            seen.append(sum(sleeper.woken for sleeper in sleepers))
            await asyncio.sleep(0)

    watching = asyncio.create_task(other())
    await stage.change()
    await watching

    assert all(len(sleeper.wakes) == 1 for sleeper in sleepers)
    assert stage.tally.slices == [SLICE] * (10_000 // SLICE)
    assert sorted(set(seen)) == list(range(0, 10_001, SLICE))
    assert repr(stage.feed) == "<Feed [0 waiting on 0 streams]>"


async def test_many_streams_are_looked_at_in_slices(stage: Stage) -> None:
    sleepers = [Sleeper(-stream) for stream in range(2 * SLICE + 1)]
    for sleeper in sleepers:
        stage.feed.wait(sleeper, Marker.NOW)
    await turns()
    looks = [len(ask.streams) for ask in stage.store.asked if isinstance(ask, StreamStates)]
    stage.store.asked.clear()

    await stage.feed.look_again()

    again = [len(ask.streams) for ask in stage.store.asked if isinstance(ask, StreamStates)]
    assert looks == again == [SLICE, SLICE, 1]


async def test_one_that_fails_when_woken_takes_nobody_with_it(stage: Stage) -> None:
    class Failing(Sleeper):
        def wake(self, since: float) -> None:
            raise RuntimeError("not as promised")

    failing = Failing(stage.ann)
    stage.feed.wait(failing, Marker.NOW)
    sleepers = [stage.waits(Marker.NOW) for _ in range(SLICE + 1)]
    await turns()

    with capture_logs() as logs:
        await stage.change()
        await turns()
    later = stage.waits(Marker.START)
    await turns()

    assert all(sleeper.woken for sleeper in (*sleepers, later))
    assert [entry["event"] for entry in logs] == ["a waiter failed"]


# --- a store that refuses ---


async def test_who_could_not_be_looked_for_is_looked_for_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_AGAIN_SECONDS", 0)
    await stage.change()
    stage.store.broken = StoreFailed("broken")
    stays, leaves = stage.waits(at(0)), stage.waits(at(0))
    with capture_logs() as logs:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    stage.feed.leave(leaves)
    late = stage.waits(at(1))

    stage.store.broken = None
    await until(lambda: stays.woken, "the store was asked again")

    assert leaves.wakes == []
    assert late.wakes == []
    assert stage.feed.waiting == 1
    assert {entry["event"] for entry in logs} == {"look failed"}


async def test_the_store_is_asked_again_though_nobody_else_comes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_AGAIN_SECONDS", 0)
    await stage.change()
    stage.store.broken = StoreFailed("broken")
    with capture_logs() as logs:
        sleeper = stage.waits(at(0))
        await until(lambda: bool(logs), "the look failed")
        stage.store.broken = None
        await until(lambda: sleeper.woken, "the store was asked again")

    assert stage.feed.waiting == 0


async def test_a_feed_to_which_nobody_came_ends(stage: Stage) -> None:
    async with stage.feed:
        await turns()

    assert stage.store.asked == []


async def test_a_feed_that_ends_while_it_looks_ends(stage: Stage) -> None:
    stage.store.broken = StoreFailed("broken")
    async with stage.feed:
        stage.waits(Marker.NOW)
        await turns()

    assert stage.feed.waiting == 1


# --- positions ---


async def test_a_gap_is_served_from_the_oldest_and_said(stage: Stage) -> None:
    await stage.change(3)
    await stage.trim()
    await stage.change(2)

    with capture_logs() as logs:
        page = await stage.feed.read(stage.ann, at(1), 10)

    assert page.gap
    assert [event.number for event in page.events] == [4, 5]
    assert stage.tally.gaps == 1
    assert [(entry["event"], entry["oldest_kept"]) for entry in logs] == [("gap served", 4)]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(at(2), id="trimmed"),
        pytest.param(at(99), id="ahead"),
        pytest.param(position(EPOCH + 1, 4), id="another epoch"),
        pytest.param(7, id="no epoch"),
        pytest.param(Marker.START, id="start"),
    ],
)
async def test_a_position_that_cannot_be_served_is_woken_only_by_what_its_read_shows(
    stage: Stage, asked: Asked, *, known: bool
) -> None:
    await stage.change(4)
    await stage.trim()
    if known:
        await stage.known()

    sleeper = stage.waits(asked)
    await turns()
    assert sleeper.wakes == []
    await stage.change()
    await turns()

    assert sleeper.woken
    assert len((await stage.feed.read(stage.ann, asked, 10)).events) == 1


async def test_who_asks_again_from_a_position_that_its_read_does_not_confirm_is_parked(
    stage: Stage,
) -> None:
    """An SDK keeps its position on an empty page: woken again and again, it would run hot."""
    await stage.known()
    await stage.change(2)
    await stage.comment()
    await stage.trim(aside=True)

    wakes = 0
    for _ in range(5):
        sleeper = stage.waits(at(0), StreamClass.CHANGES)
        await turns()
        wakes += len(sleeper.wakes)
        assert (await stage.feed.read(stage.ann, at(0), 10, StreamClass.CHANGES)).events == ()

    assert wakes <= 1


async def test_trimming_while_parked_neither_wakes_nor_deafens(stage: Stage) -> None:
    await stage.change(3)
    parked, changes = stage.waits(at(3)), stage.waits(at(3), StreamClass.CHANGES)
    await turns()

    await stage.trim()
    await turns()
    assert parked.wakes == []
    assert changes.wakes == []
    await stage.comment()
    await turns()

    assert parked.woken
    assert changes.wakes == []


async def test_what_came_and_was_trimmed_unheard_wakes_nobody(stage: Stage) -> None:
    sleeper, company = stage.waits(Marker.NOW), stage.waits(Marker.NOW, StreamClass.SYNC)
    await turns()
    stage.bus.held = True
    await stage.change()

    await stage.trim()
    stage.feed.leave(company)
    await stage.feed.look_again()
    await turns()
    assert sleeper.wakes == company.wakes == []
    await stage.change()
    stage.bus.deliver()
    await turns()

    assert sleeper.woken


async def test_trimming_what_is_known_is_known(stage: Stage) -> None:
    await stage.change(2)
    waiting = stage.waits(at(2))
    await turns()

    await stage.trim()
    late = stage.waits(at(0))
    await turns()

    assert late.wakes == []
    assert (await stage.feed.head(stage.ann)).trimmed == 2
    stage.feed.leave(waiting)


async def test_trimming_nothing_asks_nothing(stage: Stage) -> None:
    assert await stage.feed.trim(StreamKind.USER, 0, 10) == 0

    assert stage.store.asked == []


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["change", "comment", "sync", "trim", "known", "read"]), st.just(0)),
    max_size=8,
)
asked_positions = st.one_of(
    st.sampled_from(Marker),
    st.integers(0, 8).map(at),
    st.integers(0, 8).map(lambda number: position(EPOCH + 1, number)),
)


@given(steps, asked_positions, st.sampled_from(StreamClass))
def test_a_poll_is_answered_at_once_if_and_only_if_its_read_shows_something(
    steps: list[Step], asked: Asked, cls: StreamClass
) -> None:
    async def scene() -> None:
        stage = Stage()
        for step, _ in steps:
            if step == "change":
                await stage.change()
            elif step == "comment":
                await stage.comment()
            elif step == "sync":
                await stage.comment(StreamClass.SYNC.bit)
            elif step == "trim":
                await stage.trim()
            elif step == "known":
                await stage.known()
            else:
                await stage.feed.read(stage.ann, asked, 2, cls)

        sleeper = stage.waits(asked, cls)
        await turns()

        shown = await stage.feed.read(stage.ann, asked, 10, cls)
        assert sleeper.woken is bool(shown.events)

    asyncio.run(scene())


# --- what is known ---


async def test_the_head_of_a_known_stream_costs_no_look_up(stage: Stage) -> None:
    await stage.change()
    first = await stage.feed.head(stage.ann)
    await stage.known()

    again = await stage.feed.head(stage.ann)

    assert first == again
    assert (again.epoch, again.trimmed, again.head) == (EPOCH, 0, (1, 1, 1))
    assert stage.store.asked == []


async def test_when_too_much_is_known_what_nobody_waits_for_is_forgotten(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_MOST_HEADS", 10)
    stays = stage.waits(Marker.NOW)
    for stream in range(30):
        sleeper = Sleeper(-stream)
        stage.feed.wait(sleeper, Marker.NOW)
        await turns()
        stage.feed.leave(sleeper)

    known = len(stage.feed._heads)
    await stage.change()
    await turns()

    assert known <= 10
    assert stays.woken


async def test_what_is_waited_for_is_never_forgotten_however_much_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_MOST_HEADS", 10)
    waiters: list[Waiter] = [Sleeper(-stream) for stream in range(30)]
    for waiter in waiters:
        stage.feed.wait(waiter, Marker.NOW)
    sleeper = stage.waits(Marker.NOW)
    await turns()

    await stage.change()
    await turns()

    assert sleeper.woken
    assert stage.feed.waiting == 30


heads = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))


@given(heads, heads, heads)
def test_heads_merge_to_the_same_in_any_order(
    one: tuple[int, ...], other: tuple[int, ...], third: tuple[int, ...]
) -> None:
    assert merge(one, other) == merge(other, one)
    assert merge(merge(one, other), third) == merge(one, merge(other, third))
    assert merge(one, one) == one


async def test_who_acts_and_goes_away_waits_for_what_cannot_be_taken_back() -> None:
    world = World()
    feed = Feed(world.store, Hub(), Tally())
    commit, going, gone = world.store.commit, asyncio.Event(), asyncio.Event()

    async def slowly(command: Any) -> Any:
        going.set()
        await gone.wait()
        return await commit(command)

    world.store.commit = slowly  # type: ignore[method-assign] # of a world that ends with the test
    change = CreateFolder(parent=world.home(), name="a")
    acting = asyncio.create_task(feed.act(world.ann.id, (change,), FREELY))
    await going.wait()

    acting.cancel()
    await turns()
    assert not acting.done()
    gone.set()
    with pytest.raises(asyncio.CancelledError):
        await acting

    assert world.paths() == {"a"}


# --- at once ---


@pytest.mark.parametrize("known", [False, True])
async def test_a_page_near_the_head_is_read_at_once(known: bool) -> None:
    stage = Stage()
    async with stage.feed:
        await stage.change(3)
        if known:
            stage.feed.wait(stage.waits(Marker.NOW), Marker.NOW)
            await until(lambda: stage.feed.known_head(stage.ann) is not None, "a head")
        for asked in (Marker.START, Marker.NOW, position(EPOCH, 1)):
            page = stage.feed.read_now(stage.ann, asked, 2)
            assert page == await stage.feed.read(stage.ann, asked, 2)
        assert stage.feed.head_now(stage.ann) == await stage.feed.head(stage.ann)


async def test_a_page_far_from_the_head_or_with_a_gap_is_not() -> None:
    stage = Stage()
    async with stage.feed:
        await stage.change(NEAR + 1)
        assert stage.feed.read_now(stage.ann, position(EPOCH, 1), 1) is not None
        assert stage.feed.read_now(stage.ann, Marker.START, 1) is None
        assert stage.feed.read_now(stage.ann, position(EPOCH, NEAR + 2), 1) is None
        await stage.trim()
        assert stage.feed.read_now(stage.ann, position(EPOCH, 1), 1) is None
        assert stage.tally.gaps == 0


async def test_a_store_that_cannot_answer_at_once_is_asked_in_the_usual_way() -> None:
    stage = Stage()
    async with stage.feed:
        await stage.change()
        stage.store.broken = StoreFailed("broken")
        assert stage.feed.head_now(stage.ann) is None
        assert stage.feed.read_now(stage.ann, Marker.START, 1) is None


async def test_a_read_at_once_wakes_whoever_missed_a_hint() -> None:
    stage = Stage()
    async with stage.feed:
        await stage.change()
        sleeper = stage.waits(Marker.NOW)
        stage.feed.wait(sleeper, Marker.NOW)
        await until(lambda: stage.feed.known_head(stage.ann) is not None, "a head")
        stage.bus.held = True
        await stage.change()
        assert not sleeper.woken

        page = stage.feed.read_now(stage.ann, Marker.START, 1)
        await turns()

        assert page is not None
        assert sleeper.woken


async def test_a_head_that_was_asked_for_at_once_follows_commits() -> None:
    stage = Stage()
    async with stage.feed:
        await stage.change()
        before = stage.feed.head_now(stage.ann)
        assert before is not None
        assert stage.feed.known_head(stage.ann) == before
        await stage.change(2)
        page = stage.feed.read_now(stage.ann, position(EPOCH, before.last), 10)
        assert page == await stage.feed.read(stage.ann, position(EPOCH, before.last), 10)
        assert stage.feed.head_now(stage.ann) == await stage.feed.head(stage.ann)


async def test_nothing_new_is_read_at_once_without_the_store() -> None:
    stage = Stage()
    async with stage.feed:
        await stage.change(2)
        expected = await stage.feed.read(stage.ann, Marker.NOW, 10)
        assert stage.feed.head_now(stage.ann) is not None
        stage.store.broken = StoreFailed("broken")
        assert stage.feed.read_now(stage.ann, Marker.NOW, 10) == expected
        assert stage.feed.read_now(stage.ann, position(EPOCH, 1), 10) is None
