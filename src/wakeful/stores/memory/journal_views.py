"""Journals in memory, as the state by path is read from them."""

from __future__ import annotations

from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups import (
    MOST_LOOKED_AT,
    JournalHeads,
    JournalListing,
    ListJournal,
    ReadJournal,
    SpaceUsed,
)
from wakeful.stores.memory.items import Items
from wakeful.stores.memory.journals import Journals


class JournalViews:
    """What needs both the journals and the items."""

    def __init__(self, items: Items, journals: Journals) -> None:
        self._items = items
        self._journals = journals

    def page(self, lookup: ListJournal) -> JournalListing:
        looked_at = self._journals.read(ReadJournal(lookup.namespace, lookup.after, MOST_LOOKED_AT))
        asked = [row for row in looked_at.rows if _is_asked(row, lookup)]
        rows = tuple(asked[: lookup.limit])
        next = looked_at.head
        if len(rows) == lookup.limit:
            next = rows[-1].number
        elif len(looked_at.rows) == MOST_LOOKED_AT:
            next = looked_at.rows[-1].number
        return JournalListing(rows, self._items_of(rows), next, looked_at.head, looked_at.trimmed)

    def heads(self, lookup: JournalHeads) -> tuple[int, ...]:
        journals = self._journals.by_namespace
        return tuple(
            journals[namespace].head if namespace in journals else 0
            for namespace in lookup.namespaces
        )

    def space_used(self, lookup: SpaceUsed) -> int:
        journal = self._journals.by_namespace.get(lookup.namespace)
        rows = () if journal is None else journal.rows.values()
        return sum(
            self._items.by_id[row.item].size
            for row in rows
            if row.item in self._items.by_id and row.mount is None
        )

    def _items_of(self, rows: tuple[JournalRow, ...]) -> dict[int, Item]:
        found: dict[int, Item] = {}
        for row in rows:
            item = None if row.item is None else self._items.by_id.get(row.item)
            while item is not None and item.id not in found:
                found[item.id] = item
                item = None if item.parent is None else self._items.by_id.get(item.parent)
        return found


def _is_asked(row: JournalRow, lookup: ListJournal) -> bool:
    if row.item is None and row.number <= lookup.buried_after:
        return False
    if row.path == lookup.under:
        return True
    folder = lookup.under + "/" if lookup.under else ""
    below = row.path.removeprefix(folder)
    if folder and below == row.path:
        return False
    return lookup.deep or "/" not in below
