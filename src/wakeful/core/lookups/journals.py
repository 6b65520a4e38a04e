"""What can be asked of journals."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups import Lookup


class JournalAt(Lookup[JournalRow | None], frozen=True):
    """The row at one path, a tombstone too."""

    namespace: int
    path: str


class JournalRowsAt(Lookup[Mapping[str, JournalRow]], frozen=True):
    """Those of these paths at which `JournalAt` finds a row."""

    namespace: int
    paths: tuple[str, ...]


class JournalPage(msgspec.Struct, frozen=True):
    """Rows in the order of their numbers, and the journal as it was in the same snapshot."""

    rows: tuple[JournalRow, ...]
    head: int  # the journal's last number, 0 if none
    trimmed: int  # the greatest number of a tombstone already removed, 0 if none


class ReadJournal(Lookup[JournalPage], frozen=True):
    """The rows with a number greater than `after`, at most `limit` of them."""

    namespace: int
    after: int
    limit: int


class JournalListing(msgspec.Struct, frozen=True):
    """Rows with their items, and the journal as it was in the same snapshot.

    `next` is the number up to which every row that was asked for is in `rows`, here or in
    what came before: the head where nothing is left.
    """

    rows: tuple[JournalRow, ...]
    items: Mapping[int, Item]  # those of the rows, and all folders above them, by id
    next: int
    head: int
    trimmed: int


MOST_LOOKED_AT = 20_000
"""Rows of a journal that one `ListJournal` looks at, however few of them it is asked for."""


class ListJournal(Lookup[JournalListing], frozen=True):
    """The rows with a number greater than `after`, in order, at most `limit` (> 0) of them.

    Of a folder: the row at `under` and those below it, all rows where that is empty; not
    `deep`: only those directly in it. Tombstones with a number up to `buried_after` are left
    out.
    """

    namespace: int
    after: int
    limit: int
    under: str = ""
    deep: bool = True
    buried_after: int = 0


class JournalHeads(Lookup[tuple[int, ...]], frozen=True):
    """The last numbers of journals, in the order asked; 0 for one without rows."""

    namespaces: tuple[int, ...]


class MountsOf(Lookup[tuple[JournalRow, ...]], frozen=True):
    """The rows of what is mounted in the home of a user, by namespace."""

    user: int
