"""Journals as the state by path is read from them: of one folder, with the items."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups.journals import (
    MOST_LOOKED_AT,
    JournalHeads,
    JournalListing,
    ListJournal,
    MountsOf,
)
from wakeful.core.lookups.trees import ItemById
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.trees import item, item_of

_FEW = 4
"""Items that are looked up one by one: the statement for many costs as much as some six of them."""

_sql = load("journal_views.sql")
_QUERIES = {  # by whether it is one folder's, and whether it is all below it
    (False, True): _sql.everywhere,
    (False, False): _sql.at_top,
    (True, True): _sql.below,
    (True, False): _sql.directly_below,
}


def page(at: Snapshot, lookup: ListJournal) -> JournalListing:
    head, trimmed = at.journal(lookup.namespace)
    left = head - lookup.after  # numbers; each row has one of its own
    if left <= 0:
        return JournalListing((), {}, head, head, trimmed)
    asked: dict[str, Any] = {
        "namespace": lookup.namespace,
        "after": lookup.after,
        "under": lookup.under,
        "buried_after": lookup.buried_after,
        "limit": lookup.limit,
        "most": MOST_LOOKED_AT,
        "until": head,
    }
    if left >= MOST_LOOKED_AT:
        until = at.db.execute(_sql.looked_at, asked).get
        if until is not None:
            asked["until"] = until
    query = _QUERIES[bool(lookup.under), lookup.deep]
    rows = tuple(JournalRow(*row) for row in at.db.execute(query, asked))
    return JournalListing(
        rows=rows,
        items=_with_folders(at, {row.item for row in rows if row.item is not None}),
        next=rows[-1].number if len(rows) >= lookup.limit else asked["until"],
        head=head,
        trimmed=trimmed,
    )


def heads(at: Snapshot, lookup: JournalHeads) -> tuple[int, ...]:
    return tuple(at.journal(namespace).head for namespace in lookup.namespaces)


def mounts_of(at: Snapshot, lookup: MountsOf) -> tuple[JournalRow, ...]:
    return tuple(JournalRow(*row) for row in at.db.execute(_sql.mounts_of, (lookup.user,)))


def _with_folders(at: Snapshot, wanted: Iterable[int]) -> dict[int, Item]:
    """The items *wanted* and all folders above them."""
    ids = [*wanted]
    if len(ids) <= _FEW:
        return _few_with_folders(at, ids)
    found = map(item_of, at.db.execute(_sql.with_folders, (json.dumps(ids),)))
    return {each.id: each for each in found}


def _few_with_folders(at: Snapshot, wanted: list[int]) -> dict[int, Item]:
    found: dict[int, Item] = {}
    for id in wanted:
        next_id: int | None = id
        while next_id is not None and next_id not in found:
            present = item(at, ItemById(next_id))
            if present is None:
                break
            found[next_id] = present
            next_id = present.parent
    return found
