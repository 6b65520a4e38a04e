"""What goes of the contents that are kept, and what stays."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.contract.things import A_FILE, do, put_items
from wakeful import collection
from wakeful.collection import Collection
from wakeful.contents.bench import MemoryBench
from wakeful.contents.drafts import KeptDrafts
from wakeful.contents.memory import MemoryShelf
from wakeful.core.drafts import LIFETIME_MS
from wakeful.core.errors import StoreFailed
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.trees import NamedContents
from wakeful.core.writes import RemoveSubtree
from wakeful.stores.memory import MemoryStore


class Counted:
    def __init__(self) -> None:
        self.removed = 0
        self.told = asyncio.Event()

    def contents_removed(self, count: int) -> None:
        self.removed += count
        self.told.set()


class Kept:
    """A store, a shelf, and what collects between them."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.shelf = MemoryShelf(10_000)
        self.counted = Counted()
        self.drafts = KeptDrafts(MemoryBench(), 10_000)
        self.now = 0
        self.collection = Collection(
            self.store, self.shelf, self.drafts, self.counted, lambda: self.now
        )

    async def bring(self, data: bytes) -> str:
        async with self.shelf.receive() as incoming:
            await incoming.write(data)
            await incoming.keep()
        return incoming.facts.content

    async def name(self, item: int, content: str) -> None:
        await put_items(self.store, replace(A_FILE, id=item, name=str(item), content=content))

    async def left(self) -> list[str]:
        return list(await self.shelf.after("", 1_000))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(collection, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(collection, "_SOON_SECONDS", 0)
    return Kept()


async def test_what_no_item_names_goes_and_nothing_else(kept: Kept) -> None:
    named, unnamed = await kept.bring(b"named"), await kept.bring(b"unnamed")
    await kept.name(5, named)

    assert await kept.collection.round() == 1

    assert await kept.left() == [named]
    assert kept.counted.removed == 1
    assert unnamed != named


async def test_what_is_in_the_trash_stays_until_it_is_purged(kept: Kept) -> None:
    content = await kept.bring(b"a")
    await put_items(kept.store, replace(A_FILE, id=5, trashed_at=9, content=content))
    assert await kept.collection.round() == 0

    await kept.store.commit(do(RemoveSubtree(5)))

    assert await kept.collection.round() == 1
    assert await kept.left() == []


async def test_a_round_goes_through_all_of_it_in_steps(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "STEP", 3)
    contents = [await kept.bring(b"%d" % index) for index in range(10)]
    for index in range(0, 10, 2):
        await kept.name(1_000 + index, contents[index])

    assert await kept.collection.round() == 5

    assert await kept.left() == sorted(contents[::2])


async def test_an_upload_that_was_refused_is_collected_soon(kept: Kept) -> None:
    async with kept.collection:
        await kept.bring(b"refused")
        await asyncio.wait_for(kept.counted.told.wait(), 60)

    assert await kept.left() == []


async def test_an_upload_that_was_recorded_is_not(kept: Kept) -> None:
    async with kept.shelf.receive() as incoming:
        await incoming.write(b"recorded")
        await incoming.keep()
        await kept.name(5, incoming.facts.content)

    assert await kept.collection.look() == 0

    assert await kept.left() == [incoming.facts.content]


async def test_what_comes_again_while_the_store_is_asked_stays(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = await kept.bring(b"again")
    ask = kept.store.ask

    async def meanwhile(lookup: Lookup[frozenset[str]]) -> frozenset[str]:
        # The answer says that nobody names it, and by the time it arrives somebody does.
        answer = await ask(lookup)
        async with kept.shelf.receive() as incoming:
            await incoming.write(b"again")
            await incoming.keep()
            await kept.name(5, incoming.facts.content)
        return answer

    monkeypatch.setattr(kept.store, "ask", meanwhile)

    assert await kept.collection.round() == 0

    assert await kept.left() == [content]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(StoreFailed("no more"), "contents not collected", id="refused"),
        pytest.param(ZeroDivisionError(), "collecting contents failed", id="bug"),
    ],
)
async def test_a_round_that_fails_is_followed_by_others(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, fault: Exception, said: str
) -> None:
    await kept.bring(b"unnamed")
    ask = kept.store.ask
    faults = [fault]

    async def failing(lookup: Lookup[frozenset[str]]) -> frozenset[str]:
        assert isinstance(lookup, NamedContents)
        if faults:
            raise faults.pop()
        return await ask(lookup)

    monkeypatch.setattr(kept.store, "ask", failing)

    with capture_logs() as logs:
        async with kept.collection:
            await asyncio.wait_for(kept.counted.told.wait(), 60)

    assert [entry["event"] for entry in logs] == [said, "contents removed"]


async def test_one_that_was_never_entered_ends_as_well(kept: Kept) -> None:
    await kept.collection.__aexit__(None, None, None)

    assert await kept.left() == []


async def test_drafts_go_when_they_are_a_week_old(kept: Kept) -> None:
    old = await kept.drafts.begin(1, "", 0)
    young = await kept.drafts.begin(1, "", 1)

    kept.now = LIFETIME_MS + 1
    await kept.collection.round()

    assert kept.drafts.find(old.id) is None
    assert kept.drafts.find(young.id) == young
