"""Journals as the state by path is read from them: of one folder, with the items."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups import (
    MOST_LOOKED_AT,
    JournalHeads,
    JournalListing,
    ListJournal,
    MountsOf,
    SpaceUsed,
)
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.trees import item_of

_sql = load("journal_views.sql")
_QUERIES = {  # by whether it is one folder's, and whether it is all below it
    (False, True): _sql.everywhere,
    (False, False): _sql.at_top,
    (True, True): _sql.below,
    (True, False): _sql.directly_below,
}


def page(at: Snapshot, lookup: ListJournal) -> JournalListing:
    head, trimmed = at.journal(lookup.namespace)
    asked: dict[str, Any] = {
        "namespace": lookup.namespace,
        "after": lookup.after,
        "under": lookup.under,
        "buried_after": lookup.buried_after,
        "limit": lookup.limit,
        "most": MOST_LOOKED_AT,
        "until": head,
    }
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


def space_used(at: Snapshot, lookup: SpaceUsed) -> int:
    used: int = at.db.execute(_sql.space_used, (lookup.namespace,)).get
    return used


def _with_folders(at: Snapshot, wanted: Iterable[int]) -> dict[int, Item]:
    """The items *wanted* and all folders above them."""
    found: dict[int, Item] = {}
    missing = set(wanted)
    while missing:
        items = [item_of(row) for row in at.db.execute(_sql.items, (json.dumps([*missing]),))]
        found |= {item.id: item for item in items}
        missing = {item.parent for item in items if item.parent is not None} - found.keys()
    return found
