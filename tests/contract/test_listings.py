"""Pages of items, from a count or from a spot, in every order."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.contract.things import A_FILE, A_FOLDER, HOME, SHARED, do, put_items
from wakeful.core.items import Item
from wakeful.core.listings import SortBy, Sorting, Spot
from wakeful.core.lookups.trees import Children, CountTrashed, ItemById, Trashed
from wakeful.core.ports import Store
from wakeful.core.writes import PutItems

Listing = Callable[[int | Spot, int, Sorting], Children | Trashed]

SORTINGS = [Sorting(by, descending) for by in SortBy for descending in (False, True)]
each_sorting = pytest.mark.parametrize(
    "sorting", SORTINGS, ids=lambda s: f"{s.by.value} {'down' if s.descending else 'up'}"
)


def in_folder(start: int | Spot, limit: int, sorting: Sorting) -> Children:
    return Children(1, start, limit, sorting)


def in_trash(start: int | Spot, limit: int, sorting: Sorting) -> Trashed:
    return Trashed((HOME, SHARED), start, limit, sorting)


each_listing = pytest.mark.parametrize("listing", [in_folder, in_trash])


def some_items(listing: Listing) -> list[Item]:
    """Folders and files, with names, times and sizes that do not rise with their ids, and some
    that are equal."""
    items = []
    for n in range(14):
        item = replace(
            A_FOLDER if n % 3 == 0 else A_FILE,
            id=100 + n,
            namespace=HOME if listing is in_folder or n % 2 else SHARED,
            parent=1 if listing is in_folder else 50 + n,
            name=f"{'Zaé😀'[n % 4]}{n * 5 % 14:02}",
            size=n * 7 % 4,
            modified_at=-n * 3 % 5,
            trashed_at=None if listing is in_folder else 9_000,
        )
        items.append(item)
    return items


@each_listing
@each_sorting
async def test_a_listing_has_every_item_once_in_its_order(
    store: Store, listing: Listing, sorting: Sorting
) -> None:
    items = some_items(listing)
    await put_items(store, *items)

    whole = await store.ask(listing(0, 100, sorting))

    assert list(whole) == sorting.sorted(items)
    for limit in (1, 2, 5, 14, 15):
        by_count, by_spot = list[Item](), list[Item]()
        spot: int | Spot = 0
        while page := await store.ask(listing(spot, limit, sorting)):
            assert len(page) <= limit
            by_spot += page
            counted: tuple[Item, ...] = await store.ask(listing(len(by_count), limit, sorting))
            by_count += counted
            spot = sorting.spot_of(page[-1])
        assert by_spot == by_count == list(whole)


@each_listing
@each_sorting
async def test_who_goes_on_from_a_spot_misses_nothing_while_items_come_and_go(
    store: Store, listing: Listing, sorting: Sorting
) -> None:
    items = sorting.sorted(some_items(listing))
    staying, passing = items[::2], items[1::2]
    await put_items(store, *staying, *passing[::2])
    seen: list[Item] = []
    fates = itertools.cycle(passing)
    spot: int | Spot = 0

    while page := await store.ask(listing(spot, 2, sorting)):
        seen += page
        spot = sorting.spot_of(page[-1])
        one = next(fates)
        present = await store.ask(ItemById(one.id))
        elsewhere = replace(one, parent=77, namespace=78, trashed_at=None)
        await store.commit(do(PutItems((elsewhere if present == one else one,))))

    assert [item for item in seen if item in staying] == staying
    assert len({item.id for item in seen}) == len(seen)


async def test_a_spot_of_an_item_that_is_gone_is_good(store: Store) -> None:
    await put_items(store, *(replace(A_FILE, id=n, name=f"{n}", parent=1) for n in (1, 2, 3)))
    await put_items(store, replace(A_FILE, id=2, name="2", parent=9))

    page = await store.ask(Children(1, Spot(is_folder=False, key="2", id=2), 10))

    assert [item.id for item in page] == [3]


async def test_the_trash_is_that_of_the_namespaces_asked_for(store: Store) -> None:
    await put_items(
        store,
        replace(A_FILE, id=1, trashed_at=5),
        replace(A_FILE, id=2, namespace=SHARED, trashed_at=5),
        replace(A_FILE, id=3),
    )

    for namespaces, ids in (((HOME,), [1]), ((SHARED,), [2]), ((HOME, SHARED), [1, 2]), ((), [])):
        page = await store.ask(Trashed(namespaces, 0, 10))
        assert [item.id for item in page] == ids
        assert await store.ask(CountTrashed(namespaces)) == len(ids)


async def test_what_is_restored_is_in_the_trash_no_more(store: Store) -> None:
    await put_items(store, replace(A_FILE, id=1, trashed_at=5))
    await put_items(store, replace(A_FILE, id=1))

    assert await store.ask(Trashed((HOME,), 0, 10)) == ()
    assert await store.ask(CountTrashed((HOME,))) == 0
