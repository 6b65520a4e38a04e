"""The order of a listing, and a place in it that stays where it is while items come and go.

Rule 1: folders come before files, whatever the order. Ties are broken by the id, so that
there is one order only.

Rule 2: a spot is made of what its item is sorted by, not of a count: whoever goes on from a
spot misses nothing and sees nothing twice, but for items that change their own place.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from wakeful.core.items import Item


class SortBy(StrEnum):
    """What items are sorted by, folders and files apart."""

    NAME = "name"
    DATE = "date"  # the time of the latest change
    SIZE = "size"
    ID = "id"


class Spot(msgspec.Struct, frozen=True):
    """The place of an item in a listing, which outlives the item."""

    is_folder: bool
    key: str | int  # the item's name, time (ms), size (bytes) or id, as the order has it
    id: int


class Sorting(msgspec.Struct, frozen=True):
    """An order of items."""

    by: SortBy = SortBy.NAME
    descending: bool = False

    def spot_of(self, item: Item) -> Spot:
        return Spot(item.is_folder, self._key(item), item.id)

    def is_after(self, item: Item, spot: Spot) -> bool:
        """Whether *item* comes after *spot*, which is a spot of this order."""
        if item.is_folder is not spot.is_folder:
            return spot.is_folder
        mine, other = (self._key(item), item.id), (spot.key, spot.id)
        return mine < other if self.descending else mine > other

    def sorted(self, items: Iterable[Item]) -> list[Item]:
        """*items* in this order."""
        found = sorted(items, key=lambda item: (self._key(item), item.id), reverse=self.descending)
        found.sort(key=lambda item: not item.is_folder)
        return found

    def _key(self, item: Item) -> str | int:
        if self.by is SortBy.NAME:
            return item.name
        if self.by is SortBy.DATE:
            return item.modified_at
        return item.size if self.by is SortBy.SIZE else item.id


BY_NAME = Sorting()
