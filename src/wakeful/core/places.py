"""Where a reader of a view waits for what comes."""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.cursors import Cursor
from wakeful.core.errors import CursorExpired
from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.mounts import find_base, find_reader
from wakeful.core.writes import Steps


class Place(NamedTuple):
    """What a reader who has reached a cursor waits for: a row of this journal after that
    number, at or below `under` (and not `deep`: directly below).

    `is_mount`: only for a mount that comes to `under` itself.
    """

    namespace: int
    after: int
    under: str = ""
    deep: bool = True
    is_mount: bool = False


def places_of(cursor: Cursor) -> Steps[tuple[Place, ...]]:
    """Where something must happen for the page after *cursor* to be other than empty, or for
    its reader to be told that the folder is gone.

    Raises CursorExpired, and NotFound for a user who is gone.
    """
    if not cursor.scope.path:
        return places_of_view(cursor)
    namespace, number, _ = cursor.base
    user = yield from find_reader(cursor.user)
    base = yield from find_base(user.home, cursor.scope.path)
    if base.namespace != namespace:
        raise CursorExpired("the path of the cursor leads to another namespace now")
    here = Place(namespace, number, base.under, cursor.scope.recursive)
    if base.mount is not None:
        return (here, Place(user.home, base.mount.number, base.path))
    top, is_deeper, _ = base.under.partition("/")
    if is_deeper:
        row: JournalRow | None = yield JournalAt(namespace, base.under)
        if row is None or row.item is None:
            # It can come with a mount at the top, which adds no row but its own.
            return (here, Place(namespace, number, top, is_mount=True))
    return (here,)


def places_of_view(cursor: Cursor) -> tuple[Place, ...]:
    """`places_of` for a scope without a path, for which nothing has to be looked up."""
    namespace, number, _ = cursor.base
    mounts = (Place(mount.namespace, mount.number) for mount in cursor.mounts)
    return (Place(namespace, number, deep=cursor.scope.recursive), *mounts)
