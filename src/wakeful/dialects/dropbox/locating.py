"""Finds what a client points at, as far as it may know of it."""

from __future__ import annotations

from wakeful.core.errors import NotFound
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
from wakeful.core.view import Told, find_base, shown_path
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.names import item_of

NOT_FOUND = ("path", "not_found")


def find_user(id: int) -> Steps[User]:
    user: User | None = yield UserById(id)
    if user is None:
        raise NotFound("no such user")
    return user


def locate(user: User, path: Path) -> Steps[Told]:
    """What is at *path* in the view of *user*: a tombstone too, and the root with an empty path.

    Raises Refused where nothing is or was.
    """
    if path.revision is not None:
        keys = yield from _keys_of_revision(user, *path.revision)
    elif path.id is not None:
        keys = yield from _keys_of_item(user, item_of(path.id))
    elif path.namespace is not None:
        keys = yield from _keys_in_namespace(user, path.namespace, path.keys)
    else:
        keys = path.keys
    base = yield from find_base(user.home, keys)
    if not base.under:
        root: Item = yield ItemById((yield from _root(base.namespace)))
        return Told(base.path, base.shown, root, None if base.mount is None else base.namespace)
    row: JournalRow | None = yield JournalAt(base.namespace, base.under)
    if row is None:
        raise Refused(*NOT_FOUND)
    if row.item is None:
        return Told(keys, join(base.shown, spelled(row)), None)
    lineage: tuple[Item, ...] = yield Lineage(row.item)
    above = {item.id: item for item in lineage}
    return Told(keys, join(base.shown, shown_path(lineage[-1], above)), lineage[-1])


def folder_at(user: User, path: Path) -> Steps[str]:
    """The path, in keys, of the folder at *path*. Raises Refused."""
    told = yield from locate(user, path)
    if told.item is None:
        raise Refused(*NOT_FOUND)
    if not told.item.is_folder:
        raise Refused("path", "not_folder")
    return told.path


def file_at(user: User, path: Path) -> Steps[tuple[Told, tuple[Item, ...], int]]:
    """The file at *path*, with all above it in its namespace, and that namespace's owner. Raises
    Refused."""
    told = yield from locate(user, path)
    if told.item is None:
        raise Refused(*NOT_FOUND)
    if told.item.is_folder:
        raise Refused("path", "not_file")
    lineage: tuple[Item, ...] = yield Lineage(told.item.id)
    namespace: Namespace = yield NamespaceById(told.item.namespace)
    return told, lineage, namespace.owner


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
