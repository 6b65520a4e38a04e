"""Wait for journals: whatever the order of events, nobody sleeps through what is in their scope."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.stages import StagedBus, StagedStore, Tally, turns, until
from tests.model.world import World, by_id
from wakeful.core.accounts import add_member
from wakeful.core.changes import CreateFolder, Facts, Move, Trash, Upload
from wakeful.core.errors import StoreFailed
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.journals import JournalHeads, ListJournal, ReadJournal
from wakeful.core.people import Role
from wakeful.core.places import Place
from wakeful.feed import Feed
from wakeful.journal_feed import JournalFeed
from wakeful.waking import SLICE


class Sleeper:
    """A waiter that remembers its wakes."""

    def __init__(self, *places: Place) -> None:
        self.places = places
        self.after = 0
        self.wakes: list[float] = []

    def wake(self, since: float) -> None:
        self.wakes.append(since)


class Stage:
    """A feed of journals over a staged store and bus, and Ann, who makes changes."""

    def __init__(self) -> None:
        self.world = World()
        self.store = StagedStore(self.world.store)
        self.bus = StagedBus()
        self.tally = Tally()
        self.feed = Feed(self.store, self.bus, self.tally)
        self.journals = JournalFeed(self.feed, self.tally)
        self.home = self.world.ann.home
        self.world.folder("mine/deep")
        self.world.folder("other")

    @property
    def head(self) -> int:
        return self.world.journal_head()

    async def change(self, path: str) -> None:
        """A file at *path* in Ann's home."""
        *above, name = path.split("/")
        parent = self.world.home("/".join(above))
        await self.feed.publish(
            self.world.ann.id, (Upload(parent=parent, name=name, facts=Facts()),)
        )

    def sleeper(self, under: str = "", *, deep: bool = True, after: int | None = None) -> Sleeper:
        number = self.head if after is None else after
        return Sleeper(Place(self.home, number, under, deep))

    async def waits(self, *args: Any, **kwargs: Any) -> Sleeper:
        sleeper = self.sleeper(*args, **kwargs)
        self.journals.wait(sleeper)
        await self.settled()
        return sleeper

    async def settled(self) -> None:
        await until(lambda: self.journals.is_settled, "all is looked at")
        await turns()

    def between(self, act: Callable[[], Awaitable[None]], kind: type[Lookup[Any]]) -> None:
        """Let *act* happen once, after the next look-up of this kind took its snapshot."""

        async def once(lookup: Lookup[Any]) -> None:
            if isinstance(lookup, kind):
                self.store.between = None
                await act()

        self.store.between = once


@pytest.fixture
async def stage() -> Stage:
    return Stage()


EVERYTHING = ""


@pytest.mark.parametrize("under", [EVERYTHING, "mine"])
async def test_who_has_something_to_read_is_woken_at_once(stage: Stage, under: str) -> None:
    sleeper = await stage.waits(under, after=0)
    assert len(sleeper.wakes) == 1
    assert repr(stage.journals) == "<JournalFeed [0 waiting on 0 journals]>"


@pytest.mark.parametrize("under", [EVERYTHING, "mine"])
async def test_who_has_nothing_to_read_is_woken_by_the_next_change_once(
    stage: Stage, under: str
) -> None:
    sleeper = await stage.waits(under)
    assert not sleeper.wakes
    await stage.change("mine/a")
    await stage.change("mine/b")
    await stage.settled()
    assert len(sleeper.wakes) == 1
    assert stage.journals.waiting == 0


@pytest.mark.parametrize("under", [EVERYTHING, "mine"])
async def test_p9_who_may_have_missed_a_deletion_that_is_forgotten_is_woken(
    stage: Stage, under: str
) -> None:
    """Its page says that the cursor has expired; else it would wait with what is gone for good."""
    gone = stage.world.file("mine/a")
    after = stage.head
    stage.world.do(Trash(item=by_id(gone)))
    await stage.store.trim_journals(stage.world.clock() + 1, 10)
    sleeper = await stage.waits(under, after=after)
    assert len(sleeper.wakes) == 1


async def test_who_is_known_to_have_missed_nothing_waits_on(stage: Stage) -> None:
    """Its cursor stays the same for as long as nothing happens in its folder."""
    gone = stage.world.file("other/a")
    after = stage.head
    stage.world.do(Trash(item=by_id(gone)))
    for _ in range(2):
        sleeper = await stage.waits("mine", after=after)
        assert not sleeper.wakes
        stage.journals.leave(sleeper)
        await stage.store.trim_journals(stage.world.clock() + 1, 10)


@pytest.mark.parametrize(
    ("under", "deep", "path", "wakes"),
    [
        ("mine", True, "mine/deep/a", True),
        ("mine", True, "mine/a", True),
        ("mine", True, "mine", False),
        ("mine", True, "mine.txt", False),
        ("mine", True, "other/mine", False),
        ("mine", False, "mine/a", True),
        ("mine", False, "mine/deep/a", False),
        ("", False, "a", True),
        ("", False, "mine/a", False),
        ("mine/deep", True, "mine/a", False),
        ("mine/deep", True, "mine/deep/a", True),
    ],
)
async def test_p6_a_waiter_is_woken_by_its_folder_only(
    stage: Stage, under: str, deep: bool, path: str, wakes: bool
) -> None:
    if path == "mine":
        path = "a"
    sleeper = await stage.waits(under, deep=deep)
    await stage.change(path)
    await stage.settled()
    assert bool(sleeper.wakes) is wakes


async def joins(stage: Stage) -> None:
    """A namespace of Bob's comes into Ann's home, as `team`."""
    team = stage.world.shared(stage.world.bob, "team")
    await stage.feed.store.commit(add_member(team, stage.world.ann.id, Role.EDITOR))


async def test_p6_who_waits_for_a_mount_is_woken_by_that_alone(stage: Stage) -> None:
    sleeper = Sleeper(Place(stage.home, stage.head, "team", is_mount=True))
    stage.journals.wait(sleeper)
    stage.world.folder("team")
    await stage.change("team/a")
    gone = Trash(item=by_id(stage.world.tree()["team"]))
    await stage.feed.publish(stage.world.ann.id, (gone,))
    await stage.settled()
    assert not sleeper.wakes

    await joins(stage)
    await stage.settled()
    assert len(sleeper.wakes) == 1


@pytest.mark.parametrize("leaves", [False, True])
async def test_who_waits_for_a_mount_that_came_is_woken_at_once(stage: Stage, leaves: bool) -> None:
    head = stage.head
    await joins(stage)
    sleeper = Sleeper(Place(stage.home, head, "team", is_mount=True))
    stage.journals.wait(sleeper)
    if leaves:
        stage.journals.leave(sleeper)
    await stage.settled()
    assert bool(sleeper.wakes) is not leaves


async def test_the_first_of_several_places_wakes_and_the_others_are_left(stage: Stage) -> None:
    team = stage.world.shared(stage.world.ann, "team")
    sleeper = Sleeper(Place(stage.home, stage.head), Place(team, 0), Place(stage.home, 0, "never"))
    stage.journals.wait(sleeper)
    await stage.settled()
    assert not sleeper.wakes
    stage.world.file("a", namespace=team)
    await stage.change("b")
    await stage.settled()
    assert len(sleeper.wakes) == 1
    assert repr(stage.journals) == "<JournalFeed [0 waiting on 0 journals]>"


@pytest.mark.parametrize("under", [EVERYTHING, "mine"])
@pytest.mark.parametrize("kind", [JournalHeads, ListJournal, ReadJournal])
@pytest.mark.parametrize("are_others_there", [False, True])
@pytest.mark.parametrize("is_slow", [False, True])
async def test_p4_a_commit_between_a_snapshot_and_its_arrival_wakes(
    stage: Stage, under: str, kind: type[Lookup[Any]], are_others_there: bool, is_slow: bool
) -> None:
    stage.store.is_slow = is_slow
    if are_others_there:
        await stage.waits("other", deep=False)
        await stage.waits("elsewhere")
    sleeper = stage.sleeper(under)
    stage.between(lambda: stage.change("mine/a"), kind)
    stage.journals.wait(sleeper)
    await stage.settled()
    if stage.store.between is not None:  # that look-up did not come by itself
        await stage.change("other/b")
        await stage.settled()
    if stage.store.between is None:
        assert len(sleeper.wakes) == 1


async def test_who_comes_back_asks_nothing_and_misses_nothing(stage: Stage) -> None:
    await stage.waits()
    await stage.change("mine/a")
    await stage.settled()
    stage.store.asked.clear()

    behind = stage.sleeper()
    await stage.change("mine/b")
    stage.journals.wait(behind)
    waiting = stage.sleeper()
    stage.journals.wait(waiting)
    await turns()

    assert stage.store.asked == []
    assert (len(behind.wakes), len(waiting.wakes)) == (1, 0)


@pytest.mark.parametrize("is_slow", [False, True])
async def test_p4_a_hint_that_was_lost_while_nobody_waited_is_made_up_for(
    stage: Stage, is_slow: bool
) -> None:
    stage.journals.leave(await stage.waits())
    sleeper = stage.sleeper()
    stage.bus.held = True
    await stage.change("mine/a")
    stage.bus.lose()
    stage.store.is_slow = is_slow

    await stage.journals.look_again()

    stage.journals.wait(sleeper)
    await stage.settled()
    assert len(sleeper.wakes) == 1


async def test_heads_are_known_without_waiting_where_the_store_tells_them(stage: Stage) -> None:
    team = stage.world.shared(stage.world.ann, "Team")
    stage.store.is_slow = True
    assert stage.journals.heads_now([stage.home]) is None
    sleeper = stage.sleeper()
    stage.journals.wait(sleeper)

    stage.store.is_slow = False
    await stage.change("mine/a")
    assert stage.journals.heads_now([stage.home, team]) == {stage.home: stage.head, team: 0}
    await turns()
    assert len(sleeper.wakes) == 1
    stage.store.asked.clear()
    assert stage.journals.heads_now([stage.home, team]) == {stage.home: stage.head, team: 0}
    assert stage.store.asked == []


async def test_of_journals_that_nobody_waits_for_only_so_many_are_remembered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wakeful.journal_feed._MOST_HEADS", 2)
    for namespace in (1, 2, 3):
        stage.journals.heads_now([namespace])
    stage.store.asked.clear()
    stage.journals.heads_now([2])
    assert stage.store.asked == [JournalHeads((2,))]


async def test_p4_who_comes_while_rows_are_matched_is_looked_for(stage: Stage) -> None:
    await stage.waits("other")
    late: list[Sleeper] = []

    async def come() -> None:
        sleeper = stage.sleeper("mine", after=before)
        late.append(sleeper)
        stage.journals.wait(sleeper)

    before = stage.head
    stage.between(come, ReadJournal)
    await stage.change("mine/a")
    await stage.settled()
    assert len(late[0].wakes) == 1


async def test_p4_the_backstop_finds_what_no_hint_told(stage: Stage) -> None:
    whole, mine, other = [await stage.waits(under) for under in ("", "mine", "other")]
    stage.bus.held = True
    await stage.change("mine/a")
    stage.bus.lose()
    await stage.settled()
    assert not whole.wakes
    await stage.journals.look_again()
    await stage.settled()
    assert (len(whole.wakes), len(mine.wakes), len(other.wakes)) == (1, 1, 0)
    assert stage.tally.found == [1]
    await stage.journals.look_again()
    assert stage.tally.found == [1]


@pytest.mark.parametrize("is_matched", [False, True])
async def test_p5_who_is_woken_by_what_no_hint_told_finds_it(
    stage: Stage, is_matched: bool
) -> None:
    top = stage.sleeper(deep=False)
    if is_matched:
        stage.journals.wait(top)
        await stage.settled()
        stage.bus.held = True
        await stage.change("mine/a")
        told = stage.bus.merged()
        stage.bus.lose()
        await stage.change("b")
        stage.bus.lose()
        stage.bus.pass_on(told)
    else:
        stage.journals.heads_now([stage.home])
        stage.bus.held = True
        await stage.change("b")
        stage.bus.lose()
        stage.journals.wait(top)
    await stage.settled()
    assert len(top.wakes) == 1
    assert stage.journals.heads_now([stage.home]) == {stage.home: stage.head}


async def test_p4_what_is_left_while_the_backstop_looks_is_not_remembered_as_it_was(
    stage: Stage,
) -> None:
    leaver, sleeper = await stage.waits(), stage.sleeper()
    stage.bus.held = True
    await stage.change("mine/a")
    stage.bus.lose()

    async def leave() -> None:
        stage.journals.leave(leaver)

    stage.between(leave, JournalHeads)
    await stage.journals.look_again()

    stage.journals.wait(sleeper)
    await stage.settled()
    assert len(sleeper.wakes) == 1


async def test_p4_who_comes_for_a_journal_that_was_left_while_it_is_looked_for_is_woken(
    stage: Stage,
) -> None:
    stage.store.is_slow = True
    leaver, sleeper = stage.sleeper(), stage.sleeper()

    async def come() -> None:
        stage.journals.leave(leaver)
        await stage.change("mine/a")
        stage.journals.wait(sleeper)

    stage.between(come, JournalHeads)
    stage.journals.wait(leaver)
    await stage.settled()
    assert len(sleeper.wakes) == 1


async def test_p4_who_waits_for_a_folder_behind_many_heads_is_woken(stage: Stage) -> None:
    stage.store.is_slow = True
    for namespace in range(10_000, 10_000 + SLICE):
        stage.journals.wait(Sleeper(Place(namespace, 0)))
    sleeper = stage.sleeper("mine")
    stage.between(lambda: stage.change("mine/a"), ListJournal)
    stage.journals.wait(sleeper)
    await stage.settled()
    assert len(sleeper.wakes) == 1


async def test_a_hint_that_is_repeated_or_late_wakes_nobody_again(stage: Stage) -> None:
    stage.bus.held = True
    await stage.change("mine/a")
    sleeper = await stage.waits("")
    folder = await stage.waits("mine")
    stage.bus.deliver()
    await stage.settled()
    assert not sleeper.wakes
    assert not folder.wakes


async def test_who_left_is_not_woken(stage: Stage) -> None:
    sleeper, stays = await stage.waits(""), await stage.waits("")
    await stage.change("a")
    stage.journals.leave(sleeper)  # called, but not woken yet
    await stage.settled()
    assert not sleeper.wakes
    assert len(stays.wakes) == 1
    stage.journals.leave(stays)


async def test_who_leaves_while_it_is_looked_for_is_forgotten(stage: Stage) -> None:
    sleeper = stage.sleeper("mine", after=0)
    stage.journals.wait(sleeper)

    async def leave() -> None:
        stage.journals.leave(sleeper)

    stage.between(leave, ListJournal)
    await stage.settled()
    assert not sleeper.wakes
    assert repr(stage.journals) == "<JournalFeed [0 waiting on 0 journals]>"


async def test_a_store_that_does_not_answer_is_asked_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wakeful.journal_feed.LOOK_AGAIN_SECONDS", 0)
    stage.store.broken = StoreFailed("broken")
    sleeper = stage.sleeper("mine", after=0)
    stage.journals.wait(sleeper)
    await turns()
    assert not sleeper.wakes
    stage.store.broken = None
    await stage.settled()
    assert len(sleeper.wakes) == 1


async def test_one_that_breaks_its_word_does_not_take_others_with_it(stage: Stage) -> None:
    class Broken(Sleeper):
        def wake(self, since: float) -> None:
            raise RuntimeError("broken")

    stage.journals.wait(Broken(Place(stage.home, stage.head)))
    sleeper = await stage.waits("")
    await stage.change("a")
    await stage.settled()
    assert len(sleeper.wakes) == 1


async def test_many_are_woken_in_slices(stage: Stage) -> None:
    sleepers = [stage.sleeper() for _ in range(2 * SLICE + 1)]
    for sleeper in sleepers:
        stage.journals.wait(sleeper)
    await stage.settled()
    await stage.change("a")
    await turns()
    assert all(len(sleeper.wakes) == 1 for sleeper in sleepers)
    assert stage.tally.slices == [SLICE, SLICE, 1]


async def test_the_rows_that_came_are_read_once_for_all_folders(stage: Stage) -> None:
    for number in range(20):
        await stage.waits(f"folder {number}")
    stage.store.asked.clear()
    await stage.change("other/a")
    await stage.settled()
    assert [type(lookup) for lookup in stage.store.asked] == [ReadJournal]


async def test_nothing_is_read_where_everybody_waits_for_everything(stage: Stage) -> None:
    await stage.waits("")
    stage.store.asked.clear()
    await stage.change("a")
    await stage.settled()
    assert stage.store.asked == []


async def test_the_same_search_is_not_made_again(stage: Stage) -> None:
    old = stage.head
    for number in range(30):
        await stage.change(f"other/{number}")
    for _ in range(2):
        stage.journals.leave(await stage.waits("mine", after=old))
    searches = [lookup for lookup in stage.store.asked if isinstance(lookup, ListJournal)]
    assert [lookup.after for lookup in searches] == [old, old + 30]
    earlier = await stage.waits("mine", after=0)
    assert earlier.wakes


async def test_a_feed_that_is_left_ends_its_tasks(stage: Stage) -> None:
    async with stage.journals:
        await stage.waits("")
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not any(name.startswith("journal feed") for name in names)


FOLDERS = ("", "a", "b", "a/b")
moves = st.one_of(
    st.tuples(st.just("change"), st.sampled_from(FOLDERS)),
    st.tuples(st.just("wait"), st.sampled_from(FOLDERS), st.booleans()),
    st.tuples(st.just("leave"), st.integers(0, 5)),
    st.tuples(st.just("move"), st.sampled_from(("a", "b"))),
    st.tuples(st.just("turns"), st.integers(1, 4)),
)


@given(st.lists(moves, max_size=30))
def test_p4_a_place_is_answered_if_and_only_if_its_look_up_shows_something(
    history: list[tuple[Any, ...]],
) -> None:
    async def play() -> None:
        stage = Stage()
        for folder in ("a", "b"):
            stage.world.folder(folder)
        stage.world.folder("a/b")
        sleepers: list[Sleeper] = []
        for count, (what, *more) in enumerate(history):
            match what:
                case "change":
                    parent = stage.world.tree().get(more[0])
                    above = stage.world.home() if parent is None else by_id(parent)
                    made = CreateFolder(parent=above, name=f"x{count}")
                    await stage.feed.publish(stage.world.ann.id, (made,))
                case "wait":
                    sleepers.append(stage.sleeper(more[0], deep=more[1]))
                    stage.journals.wait(sleepers[-1])
                case "leave":
                    if len(sleepers) > more[0]:
                        stage.journals.leave(sleepers.pop(more[0]))
                case "move":
                    item = by_id(stage.world.tree()[more[0]])
                    for name in (f"moved{count}", more[0]):
                        move = Move(item=item, name=name)
                        await stage.feed.publish(stage.world.ann.id, (move,))
                case "turns":
                    await turns(more[0])
        await stage.settled()
        for sleeper in sleepers:
            (place,) = sleeper.places
            namespace, after, under, deep, _ = place
            found = stage.world.ask(ListJournal(namespace, after, 1, under, deep)).rows
            assert len(sleeper.wakes) == bool(found)

    asyncio.run(play())
