"""Pages of items, in any order."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from wakeful.core.items import Item
from wakeful.core.listings import SortBy, Sorting, Spot
from wakeful.core.lookups.trees import Children, CountChildren, CountTrashed, Trashed
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.trees import item_of

_sql = load("listings.sql")

_IN_FOLDER = "parent = :parent AND trashed_at IS NULL"
_IN_TRASH = "namespace IN (SELECT value FROM json_each(:namespaces)) AND trashed_at IS NOT NULL"
_COLUMNS = {
    SortBy.NAME: "name",
    SortBy.DATE: "modified_at",
    SortBy.SIZE: "size",
    SortBy.ID: "id",
}


class _Statements(NamedTuple):
    from_count: str
    from_spot: str
    of_files: str


def _statements(where: str) -> dict[Sorting, _Statements]:
    found = {}
    for by, key in _COLUMNS.items():
        for descending in (False, True):
            way, than = ("DESC", "<") if descending else ("ASC", ">")
            found[Sorting(by, descending)] = _Statements(
                *(
                    getattr(_sql, name).format(where=where, key=key, way=way, than=than)
                    for name in _Statements._fields
                )
            )
    return found


_children = _statements(_IN_FOLDER)
_trashed = _statements(_IN_TRASH)
_count_children = _sql.count.format(where=_IN_FOLDER)
_count_trashed = _sql.count.format(where=_IN_TRASH)


def children(at: Snapshot, lookup: Children) -> tuple[Item, ...]:
    given = {"parent": lookup.parent}
    return _page(at, _children[lookup.sorting], given, lookup.start, lookup.limit)


def count_children(at: Snapshot, lookup: CountChildren) -> int:
    count: int = at.db.execute(_count_children, {"parent": lookup.parent}).get
    return count


def trashed(at: Snapshot, lookup: Trashed) -> tuple[Item, ...]:
    given = _namespaces(lookup.namespaces)
    return _page(at, _trashed[lookup.sorting], given, lookup.start, lookup.limit)


def count_trashed(at: Snapshot, lookup: CountTrashed) -> int:
    count: int = at.db.execute(_count_trashed, _namespaces(lookup.namespaces)).get
    return count


def _page(
    at: Snapshot, statements: _Statements, given: dict[str, Any], start: int | Spot, limit: int
) -> tuple[Item, ...]:
    if not isinstance(start, Spot):
        bound = given | {"start": start, "limit": limit}
        return tuple(map(item_of, at.db.execute(statements.from_count, bound)))
    bound = given | {
        "is_folder": start.is_folder,
        "key": start.key,
        "id": start.id,
        "limit": limit,
    }
    found = list(map(item_of, at.db.execute(statements.from_spot, bound)))
    if start.is_folder and len(found) < limit:
        bound = given | {"limit": limit - len(found)}
        found.extend(map(item_of, at.db.execute(statements.of_files, bound)))
    return tuple(found)


def _namespaces(ids: tuple[int, ...]) -> dict[str, str]:
    return {"namespaces": msgspec.json.encode(ids).decode()}
