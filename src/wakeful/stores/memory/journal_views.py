"""Journals in memory, as the state by path is read from them."""

from __future__ import annotations

from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups.journals import (
    MOST_LOOKED_AT,
    JournalAt,
    JournalHeads,
    JournalListing,
    ListJournal,
    MountsOf,
    ReadJournal,
)
from wakeful.core.lookups.people import MembershipsOf, UserById
from wakeful.stores.memory.items import Items
from wakeful.stores.memory.journals import Journals
from wakeful.stores.memory.records import Records


class JournalViews:
    """What needs the journals with the items, or with who is a member."""

    def __init__(self, items: Items, journals: Journals, records: Records) -> None:
        self._items = items
        self._journals = journals
        self._records = records

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

    def mounts_of(self, lookup: MountsOf) -> tuple[JournalRow, ...]:
        user = self._records.user(UserById(lookup.user))
        if user is None:
            return ()
        rows = (
            (member.namespace, self._journals.at(JournalAt(user.home, member.mount_key)))
            for member in self._records.memberships_of(MembershipsOf(user.id))
        )
        return tuple(row for namespace, row in rows if row is not None and row.mount == namespace)

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
