from __future__ import annotations

from itertools import combinations, product

import pytest

from wakeful.core.items import Item, Kind, fresh_item
from wakeful.core.listings import BY_NAME, SortBy, Sorting, Spot

SORTINGS = [Sorting(by, descending) for by in SortBy for descending in (False, True)]
ITEMS = [
    fresh_item(100 - n, 1, 2, kind, name, at, 3)
    for n, (kind, name, at) in enumerate(product(Kind, ("b", "a"), (7, 5)))
]


@pytest.mark.parametrize("sorting", SORTINGS)
def test_an_item_comes_after_the_spots_of_those_before_it_and_no_other(sorting: Sorting) -> None:
    for first, second in combinations(sorting.sorted(ITEMS), 2):
        assert sorting.is_after(second, sorting.spot_of(first))
        assert not sorting.is_after(first, sorting.spot_of(second))
        assert not sorting.is_after(first, sorting.spot_of(first))


@pytest.mark.parametrize("sorting", SORTINGS)
def test_folders_come_first_whatever_the_order(sorting: Sorting) -> None:
    kinds = [item.kind for item in sorting.sorted(ITEMS)]

    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize(("by", "key"), [("name", "a"), ("date", 7), ("size", 0), ("id", 8)])
def test_a_spot_has_what_its_item_is_sorted_by(by: str, key: str | int) -> None:
    item: Item = fresh_item(8, 1, 2, Kind.FOLDER, "a", 7, 3)

    assert Sorting(SortBy(by)).spot_of(item) == Spot(True, key, 8)


def test_the_order_is_by_name_unless_another_is_asked_for() -> None:
    assert Sorting(SortBy.NAME, descending=False) == BY_NAME
