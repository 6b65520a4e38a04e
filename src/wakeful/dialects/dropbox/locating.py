"""Finds what a client points at, as far as it may know of it.

Every look-up is answered from a snapshot of its own. What changed between two of them is looked
for once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from wakeful.core.errors import NotFound, Unavailable
from wakeful.core.items import Item, JournalRow, Version, at_version
from wakeful.core.journal import join, place_of, shown_path, spelled
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.lookups.people import MembershipsOf, NamespaceById, UserById
from wakeful.core.lookups.trees import ItemById, Lineage, VersionById
from wakeful.core.mounts import Base, find_base
from wakeful.core.people import Member, Namespace, User
from wakeful.core.roles import RIGHTS, Right
from wakeful.core.versions import find_version
from wakeful.core.view import Told
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.names import item_of

NOT_FOUND = ("path", "not_found")

_MOST_TRIES = 10  # nothing is changed so often by accident


class Reader(Protocol):
    """Whose view it is, as a user says it."""

    @property
    def id(self) -> int: ...

    @property
    def home(self) -> int: ...


def find_user(id: int) -> Steps[User]:
    user: User | None = yield UserById(id)
    if user is None:
        raise NotFound("no such user")
    return user


def find_read_only(user: Reader) -> Steps[frozenset[int]]:
    """The namespaces in which *user* may not edit, which Dropbox calls read only."""
    memberships: tuple[Member, ...] = yield MembershipsOf(user.id)
    return frozenset(each.namespace for each in memberships if Right.EDIT not in RIGHTS[each.role])


def find_read_only_among(user: Reader, entries: Iterable[Told]) -> Steps[frozenset[int]]:
    """`find_read_only`, as far as it matters to who is told of *entries*."""
    if all(told.item is None or told.item.namespace == user.home for told in entries):
        return frozenset()
    return (yield from find_read_only(user))


def locate(user: Reader, path: Path) -> Steps[Told]:
    """What is at *path* in the view of *user*: a tombstone too, and the root with an empty path.

    Raises Refused where nothing is or was, and Unavailable where it changes all the time.
    """
    found = yield from _find(user, path)
    return found.told


def folder_at(user: Reader, path: Path) -> Steps[str]:
    """The path, in keys, of the folder at *path*. Raises Refused and Unavailable."""
    told = yield from locate(user, path)
    if told.item is None:
        raise Refused(*NOT_FOUND)
    if not told.item.is_folder:
        raise Refused("path", "not_folder")
    return told.path


def item_at(user: Reader, path: Path) -> Steps[tuple[Told, tuple[Item, ...]]]:
    """The item at *path*, with all above it in its namespace. Raises Refused and Unavailable."""
    told, lineage = yield from _find(user, path)
    if told.item is None:
        raise Refused(*NOT_FOUND)
    return told, lineage


def told_of(user: Reader, lineage: tuple[Item, ...]) -> Steps[Told]:
    """What is told of the last of *lineage*, an item in the view of *user*, where it stands or
    stood. Raises Refused where they may not know of it."""
    item = lineage[-1]
    keys = yield from _keys_in_namespace(user, item.namespace, place_of(lineage))
    base = yield from find_base(user.home, keys)
    if len(lineage) == 1:
        return Told(base.path, base.shown, item, None if base.mount is None else base.namespace)
    above = {each.id: each for each in lineage}
    return Told(keys, join(base.shown, shown_path(item, above)), item)


def file_at(user: Reader, path: Path) -> Steps[tuple[Told, tuple[Item, ...], int]]:
    """The file at *path*, with all above it in its namespace, and that namespace's owner, for who
    may read what is in it. Raises Refused and Unavailable."""
    told, lineage = yield from _find(user, path)
    if told.item is None:
        raise Refused(*NOT_FOUND)
    if told.item.is_folder:
        raise Refused("path", "not_file")
    namespace: Namespace | None = yield NamespaceById(told.item.namespace)
    if namespace is None:
        raise Refused(*NOT_FOUND)
    memberships: tuple[Member, ...] = yield MembershipsOf(user.id)
    roles = {each.namespace: each.role for each in memberships}
    if namespace.id not in roles or Right.DOWNLOAD not in RIGHTS[roles[namespace.id]]:
        raise Refused("path", "restricted_content")
    return told, lineage, namespace.owner


class _Found(NamedTuple):
    """What is at a path; with an item, all above it in its namespace and the item itself."""

    told: Told
    lineage: tuple[Item, ...] = ()


def _find(user: Reader, path: Path) -> Steps[_Found]:
    for _ in range(_MOST_TRIES):
        found = yield from _look(user, path)
        if found is not None:
            return found
    raise Unavailable("it is being changed")


def _look(user: Reader, path: Path) -> Steps[_Found | None]:
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
        namespace: Namespace | None = yield NamespaceById(base.namespace)
        root: Item | None = None if namespace is None else (yield ItemById(namespace.root))
        if root is None:
            return None
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
        kept: Version | None = yield VersionById(*path.revision)
        if kept is None:
            return None
        lineage = (*lineage[:-1], at_version(lineage[-1], kept))
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


def _keys_of_revision(user: Reader, file: int, version: int) -> Steps[str]:
    try:
        yield from find_version(file, version)
    except NotFound:
        raise Refused(*NOT_FOUND) from None
    return (yield from _keys_of_item(user, file))


def _keys_of_item(user: Reader, id: int | None) -> Steps[str]:
    lineage: tuple[Item, ...] = ()
    if id is not None:
        lineage = yield Lineage(id)
    if not lineage or any(item.trashed_at is not None for item in lineage):
        raise Refused(*NOT_FOUND)
    return (yield from _keys_in_namespace(user, lineage[-1].namespace, place_of(lineage)))


def _keys_in_namespace(user: Reader, namespace: int, keys: str) -> Steps[str]:
    memberships: tuple[Member, ...] = yield MembershipsOf(user.id)
    for member in memberships:
        if member.namespace == namespace:
            return join(member.mount_key, keys) if keys else member.mount_key
    raise Refused(*NOT_FOUND)
