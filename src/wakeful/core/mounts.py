"""What is mounted in the home of a user, and where a path of their view leads."""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.errors import NotFound
from wakeful.core.items import Item, JournalRow
from wakeful.core.journal import shown_name
from wakeful.core.lookups.journals import JournalAt, MountsOf
from wakeful.core.lookups.people import UserById
from wakeful.core.lookups.trees import ItemById
from wakeful.core.people import User
from wakeful.core.writes import Steps


class Base(NamedTuple):
    """Where a path of a view leads.

    `under` is the path inside of the namespace; `path` and `shown` say where the namespace
    stands in the view, and `mount` is the row of its mount, None for the home itself.
    """

    namespace: int
    under: str
    path: str = ""
    shown: str = ""
    mount: JournalRow | None = None


def find_base(home: int, path: str) -> Steps[Base]:
    """Where *path* (of journal keys) leads in the view of the user with that home."""
    first, _, rest = path.partition("/")
    row: JournalRow | None = None
    if first:
        row = yield JournalAt(home, first)
    if row is None or row.item is None or row.mount is None:
        return Base(home, path)
    root: Item | None = yield ItemById(row.item)
    if root is None:
        return Base(home, path)
    return Base(row.mount, rest, first, shown_name(root.name, first), row)


def find_reader(user: int) -> Steps[User]:
    """Raises NotFound for a user who is gone."""
    found: User | None = yield UserById(user)
    if found is None:
        raise NotFound("no such user")
    return found


def mounts_of(user: int) -> Steps[dict[int, JournalRow]]:
    """The namespaces that are mounted in the home of *user*, with the rows of their mounts."""
    rows: tuple[JournalRow, ...] = yield MountsOf(user)
    return {row.mount: row for row in rows if row.mount is not None}
