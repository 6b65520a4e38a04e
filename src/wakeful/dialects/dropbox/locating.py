"""Finds what a client points at, as far as it may know of it.

Every look-up is answered from a snapshot of its own. What changed between two of them is looked
for once more.
"""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.errors import NotFound, Unavailable
from wakeful.core.items import Item, JournalRow, Member, Namespace, User
from wakeful.core.journal import join, place_of, spelled
from wakeful.core.lookups import (
    ItemById,
    JournalAt,
    Lineage,
    MembershipsOf,
    NamespaceById,
    UserById,
)
from wakeful.core.view import Base, Told, find_base, shown_path
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.names import item_of

NOT_FOUND = ("path", "not_found")

_MOST_TRIES = 10  # nothing is changed so often by accident


def find_user(id: int) -> Steps[User]:
    user: User | None = yield UserById(id)
    if user is None:
        raise NotFound("no such user")
    return user


def locate(user: User, path: Path) -> Steps[Told]:
    """What is at *path* in the view of *user*: a tombstone too, and the root with an empty path.

    Raises Refused where nothing is or was, and Unavailable where it changes all the time.
    """
    found = yield from _find(user, path)
    return found.told


def folder_at(user: User, path: Path) -> Steps[str]:
    """The path, in keys, of the folder at *path*. Raises Refused and Unavailable."""
    told = yield from locate(user, path)
    if told.item is None:
        raise Refused(*NOT_FOUND)
    if not told.item.is_folder:
        raise Refused("path", "not_folder")
    return told.path


def file_at(user: User, path: Path) -> Steps[tuple[Told, tuple[Item, ...], int]]:
    """The file at *path*, with all above it in its namespace, and that namespace's owner. Raises
    Refused and Unavailable."""
    told, lineage = yield from _find(user, path)
    if told.item is None:
        raise Refused(*NOT_FOUND)
    if told.item.is_folder:
        raise Refused("path", "not_file")
    namespace: Namespace = yield NamespaceById(told.item.namespace)
    return told, lineage, namespace.owner


class _Found(NamedTuple):
    """What is at a path; with an item, all above it in its namespace and the item itself."""

    told: Told
    lineage: tuple[Item, ...] = ()


def _find(user: User, path: Path) -> Steps[_Found]:
    for _ in range(_MOST_TRIES):
        found = yield from _look(user, path)
        if found is not None:
            return found
    raise Unavailable("it is being changed")


def _look(user: User, path: Path) -> Steps[_Found | None]:
    """What is at *path*; None where that changed between two look-ups. Raises Refused."""
    item: int | None = None
    if path.revision is not None:
        item, version = path.revision
        keys = yield from _keys_of_revision(user, item, version)
    elif path.id is not None:
        item = item_of(path.id)
        keys = yield from _keys_of_item(user, item)
    elif path.namespace is not None:
        keys = yield from _keys_in_namespace(user, path.namespace, path.keys)
    else:
        keys = path.keys
    base = yield from find_base(user.home, keys)
    if not base.under:
        root: Item = yield ItemById((yield from _root(base.namespace)))
        mount = None if base.mount is None else base.namespace
        return _Found(Told(base.path, base.shown, root, mount), (root,))
    row: JournalRow | None = yield JournalAt(base.namespace, base.under)
    if row is None or row.item is None:
        if item is not None:
            return None
        if row is None:
            raise Refused(*NOT_FOUND)
        shown = yield from spelled(base.namespace, row, {})
        return _Found(Told(keys, join(base.shown, shown), None))
    lineage: tuple[Item, ...] = yield Lineage(row.item)
    if item not in (None, row.item) or not _is_at(lineage, base):
        return None
    if path.revision is not None and path.revision[1] != lineage[-1].version:
        return None
    above = {each.id: each for each in lineage}
    shown = join(base.shown, shown_path(lineage[-1], above))
    return _Found(Told(keys, shown, lineage[-1]), lineage)


def _is_at(lineage: tuple[Item, ...], base: Base) -> bool:
    """Whether the last of *lineage* is still where a row of the journal said that it is."""
    return (
        bool(lineage)
        and all(item.trashed_at is None for item in lineage)
        and lineage[-1].namespace == base.namespace
        and place_of(lineage) == base.under
    )


def _root(namespace: int) -> Steps[int]:
    found: Namespace = yield NamespaceById(namespace)
    return found.root


def _keys_of_revision(user: User, file: int, version: int) -> Steps[str]:
    """Only the present version of a file is known."""
    found: Item | None = yield ItemById(file)
    if found is None or found.version != version:
        raise Refused(*NOT_FOUND)
    return (yield from _keys_of_item(user, file))


def _keys_of_item(user: User, id: int | None) -> Steps[str]:
    lineage: tuple[Item, ...] = ()
    if id is not None:
        lineage = yield Lineage(id)
    if not lineage or any(item.trashed_at is not None for item in lineage):
        raise Refused(*NOT_FOUND)
    return (yield from _keys_in_namespace(user, lineage[-1].namespace, place_of(lineage)))


def _keys_in_namespace(user: User, namespace: int, keys: str) -> Steps[str]:
    memberships: tuple[Member, ...] = yield MembershipsOf(user.id)
    for member in memberships:
        if member.namespace == namespace:
            return join(member.mount_key, keys) if keys else member.mount_key
    raise Refused(*NOT_FOUND)
