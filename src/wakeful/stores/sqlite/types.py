"""The types of events in enterprises' streams: their ids, and rows of several of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from heapq import merge
from itertools import islice
from typing import Any

import apsw

from wakeful.stores.sqlite.queries import load

_sql = load("streams.sql")


def type_ids(db: apsw.Connection, names: Iterable[str]) -> list[int]:
    """The ids of those of *names* that any event ever had, ascending."""
    found = (db.execute(_sql.type_id, (name,)).get for name in names if _is_text(name))
    return sorted(id for id in found if id is not None)


def of_types(
    db: apsw.Connection,
    query: str,
    stream: int,
    types: Iterable[int],
    bounds: tuple[int, ...],
    limit: int,
) -> list[tuple[Any, ...]]:
    """The first *limit* rows of *query*, which is asked for each of *types* by itself, as an
    index has them in order; together they are in the order of their first columns."""
    with ExitStack() as stack:
        cursors = [db.execute(query, (stream, type, *bounds)) for type in types]
        for cursor in cursors:
            stack.callback(cursor.close, True)
        return [*islice(merge(*cursors), limit)]


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
