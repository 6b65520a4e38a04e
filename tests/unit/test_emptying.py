"""The trash by itself: what goes from it, when, and what becomes of faults."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from tests.model.stages import StagedBus, Tally
from tests.model.world import World
from wakeful.core.changes import ById, ByPath, Change, Delete, Facts, Trash, Upload
from wakeful.core.errors import Forbidden, StoreFull
from wakeful.core.lookups.trees import ItemById, SpaceUsed, TrashedBefore
from wakeful.core.people import Role
from wakeful.core.terms import FREELY
from wakeful.emptying import Emptying
from wakeful.feed import Feed
from wakeful.retention import Retention

DAY = 24 * 3600 * 1000
LATE = 2**50


class Counted:
    def __init__(self) -> None:
        self.told: dict[str, int] = {}

    def trimmed(self, what: str, rows: int) -> None:
        self.told[what] = self.told.get(what, 0) + rows


class Bin:
    """A world with a trash, which is emptied by what carries out changes."""

    def __init__(self) -> None:
        self.world = World()
        self.feed = Feed(self.world.store, StagedBus(), Tally())
        self.batches: list[int] = []
        self.emptied = asyncio.Event()
        self.refused: BaseException | None = None
        self.emptying = Emptying(self.world.store, self.act)

    async def act(self, actor: int, changes: tuple[Change, ...]) -> None:
        if self.refused is not None:
            raise self.refused
        await self.feed.act(actor, changes, FREELY)
        self.batches.append(len(changes))
        self.emptied.set()

    def trash(self, path: str) -> int:
        return self.world.do(Trash(item=self.world.home(path))).id

    def file(self, path: str, size: int = 1) -> int:
        """A file that is in the trash."""
        self.world.file(path, size=size)
        return self.trash(path)

    def is_there(self, *ids: int) -> list[bool]:
        return [self.world.ask(ItemById(id)) is not None for id in ids]


@pytest.fixture
def bin() -> Bin:
    return Bin()


async def test_what_is_older_goes_and_nothing_is_told(bin: Bin) -> None:
    old = bin.file("old", size=10)
    time = bin.world.clock.now
    young = bin.file("young", size=100)
    there = bin.world.file("there", size=1_000).id
    events = bin.world.count()

    assert await bin.emptying.purge(time + 1, 10) == 1

    assert bin.is_there(old, young, there) == [False, True, True]
    assert bin.world.count() == events
    assert bin.world.ask(SpaceUsed(bin.world.ann.home)) == 1_100


async def test_a_folder_goes_by_itself_with_all_that_is_in_it(bin: Bin) -> None:
    inside = bin.world.file("f/g/inside").id
    below = bin.file("f/below")
    first, second = bin.file("a"), bin.file("b")
    folder = bin.trash("f")
    last = bin.file("c")

    assert await bin.emptying.purge(LATE, 10) == 5

    assert bin.is_there(inside, below, first, second, folder, last) == [False] * 6
    assert bin.batches == [3, 1, 1]


async def test_it_goes_in_steps_from_the_oldest_on(bin: Bin) -> None:
    ids = [bin.file(f"{n}") for n in range(5)]

    assert await bin.emptying.purge(LATE, 2) == 2
    assert bin.is_there(*ids) == [False, False, True, True, True]
    assert await bin.emptying.purge(LATE, 2) == 2
    assert await bin.emptying.purge(LATE, 2) == 1
    assert await bin.emptying.purge(LATE, 2) == 0


async def test_what_is_in_a_shared_folder_goes_too(bin: Bin) -> None:
    world = bin.world
    team = world.shared(world.bob, "Team", ann=Role.VIEWER)
    upload = Upload(parent=ByPath(team, ()), name="note", facts=Facts(size=1))
    item = world.do(upload, actor=world.bob)
    world.do(Trash(item=ById(item.id)), actor=world.bob)

    await bin.emptying.purge(LATE, 10)

    assert bin.is_there(item.id) == [False]


async def test_what_cannot_go_now_keeps_nothing_else(bin: Bin) -> None:
    stays = [bin.file(f"{n}") for n in range(2)]
    bin.refused = Forbidden("its disk is away")
    assert await bin.emptying.purge(LATE, 2) == 2
    bin.refused = None
    goes = bin.file("later")

    assert await bin.emptying.purge(LATE, 2) == 1
    assert bin.is_there(*stays, goes) == [True, True, False]

    assert await bin.emptying.purge(LATE, 2) == 2
    assert bin.is_there(*stays) == [False, False]


async def test_a_full_disk_ends_the_round(bin: Bin) -> None:
    bin.file("a")
    bin.refused = StoreFull("no room")

    with pytest.raises(StoreFull):
        await bin.emptying.purge(LATE, 2)


async def test_a_namespace_that_ended_meanwhile_is_passed_by(bin: Bin) -> None:
    bin.file("a")
    (item,) = await bin.world.store.ask(TrashedBefore(LATE, (0, 0), 10))

    await bin.emptying._purge((replace(item, namespace=99_999),))

    assert bin.batches == []


@pytest.mark.parametrize(("days", "left"), [(30, [False, True]), (0, [True, True])])
async def test_retention_empties_the_trash_by_its_days(
    bin: Bin, days: int, left: list[bool]
) -> None:
    clock = bin.world.clock
    old = bin.file("old")
    clock.now += 29 * DAY
    young = bin.file("young")
    counted = Counted()
    retention = Retention(bin.feed, {}, counted, clock, trash_days=days, purge=bin.emptying.purge)
    await retention.round()
    assert bin.is_there(old, young) == [True, True]
    clock.now += DAY

    await retention.round()

    assert bin.is_there(old, young) == left
    assert counted.told == ({"trash": 1} if days else {})


async def test_the_trash_alone_keeps_retention_running(bin: Bin) -> None:
    id = bin.file("old")
    bin.world.clock.now += 31 * DAY
    retention = Retention(
        bin.feed, {}, Counted(), bin.world.clock, trash_days=30, purge=bin.emptying.purge
    )

    async with retention:
        await bin.emptied.wait()

    assert bin.is_there(id) == [False]


async def test_a_purge_is_the_change_that_its_owner_would_make(bin: Bin) -> None:
    asked: list[tuple[int, tuple[Change, ...]]] = []

    async def act(actor: int, changes: tuple[Change, ...]) -> None:
        asked.append((actor, changes))

    id = bin.file("a")
    await Emptying(bin.world.store, act).purge(LATE, 10)

    ((actor, (change,)),) = asked
    assert actor == bin.world.ann.id
    assert isinstance(change, Delete)
    assert (change.item, change.from_trash) == (ById(id), True)
