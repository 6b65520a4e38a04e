"""What a user may read of items: rules that look things up and change nothing.

Rule 1: only members of a namespace learn that there is anything in it; everybody else is
told the same as of an item that never was.

Rule 2: what is in the trash, or below a folder that is, is not found.
"""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.census import Census
from wakeful.core.changes import ById
from wakeful.core.errors import NotFound
from wakeful.core.events import Snapshot
from wakeful.core.finding import Finder, Lineage, check_active
from wakeful.core.items import Item, Kind, Member, Namespace, User
from wakeful.core.lookups import (
    Children,
    CountChildren,
    ItemById,
    MembershipsOf,
    NamespaceById,
    UserById,
)
from wakeful.core.writes import Steps
from wakeful.dialects.box.shapes import ROOT

_MOST_DIGITS = 18


class Listing(NamedTuple):
    """A folder, and a page of what is in it. `total` is the number of all entries."""

    folder: Snapshot
    entries: tuple[Snapshot, ...]
    total: int


def read_user(id: int) -> Steps[User]:
    user: User | None = yield UserById(id)
    if user is None:
        raise NotFound("Not Found")
    return user


def read_item(user: int, id: str, kind: Kind) -> Steps[Snapshot]:
    """The item *id* as *user* may see it. Raises NotFound."""
    census = Census((yield from read_user(user)))
    lineage = yield from _visible(census, id, kind)
    return (yield from census.snapshot(lineage[-1], lineage[:-1]))


def read_folder(user: int, id: str, offset: int, limit: int) -> Steps[Listing]:
    """The folder *id* with at most *limit* of its entries: in a home first the shared
    namespaces, then as the store orders them. Raises NotFound."""
    census = Census((yield from read_user(user)))
    lineage = yield from _visible(census, id, Kind.FOLDER)
    folder = lineage[-1]
    mounts: list[Item] = []
    if folder.parent is None:
        mounts = yield from _mounts(census, folder.namespace)
    count: int = yield CountChildren(folder.id)
    entries = []
    for root in mounts[offset : offset + limit]:
        entries.append((yield from census.snapshot(root, ())))
    if len(entries) < limit:
        skipped = max(0, offset - len(mounts))
        children: tuple[Item, ...] = yield Children(folder.id, skipped, limit - len(entries))
        for child in children:
            entries.append((yield from census.snapshot(child, lineage)))
    shown = yield from census.snapshot(folder, lineage[:-1])
    return Listing(shown, tuple(entries), count + len(mounts))


def _visible(census: Census, id: str, kind: Kind) -> Steps[Lineage]:
    try:
        number = yield from _number(census, id)
        lineage = yield from Finder(census, []).seen(ById(number))
        check_active(lineage)
    except NotFound:
        # One text for all reasons: which it was is nobody's business.
        raise NotFound("Not Found") from None
    if lineage[-1].kind is not kind:
        raise NotFound("Not Found")
    return lineage


def _number(census: Census, id: str) -> Steps[int]:
    if id == ROOT:
        home = yield from census.namespace(census.actor.home)
        return home.root
    if not (id.isascii() and id.isdigit()) or len(id) > _MOST_DIGITS:
        raise NotFound("Not Found")
    return int(id)


def _mounts(census: Census, namespace: int) -> Steps[list[Item]]:
    """The roots of the namespaces that are mounted in the actor's home, by name."""
    if namespace != census.actor.home:
        return []
    memberships: tuple[Member, ...] = yield MembershipsOf(census.actor.id)
    roots = []
    for member in memberships:
        if member.namespace != namespace:
            mounted: Namespace = yield NamespaceById(member.namespace)
            root: Item = yield ItemById(mounted.root)
            roots.append(root)
    return sorted(roots, key=lambda root: (root.name, root.id))
