"""What a user may read of items: rules that look things up and change nothing.

Rule 1: only members of a namespace learn that there is anything in it; everybody else is
told the same as of an item that never was.

Rule 2: where a token is restricted to one item (`within`), that item and all below it are all
there is.

Rule 3: what is in the trash is found there and nowhere else; what lies below a trashed folder
is not found at all, as in Box.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from wakeful.core.census import Census
from wakeful.core.changes import ById
from wakeful.core.errors import NotFound
from wakeful.core.events import Snapshot
from wakeful.core.finding import Finder, Lineage, check_active, is_within
from wakeful.core.items import Item, Kind
from wakeful.core.listings import Sorting, Spot
from wakeful.core.lookups.people import MembershipsOf, UserById
from wakeful.core.lookups.trees import Children, CountChildren, CountTrashed, Trashed
from wakeful.core.people import Member, User
from wakeful.core.roles import Right
from wakeful.core.writes import Steps
from wakeful.dialects.box.shapes import ROOT

_MOST_DIGITS = 18


class Place(msgspec.Struct, frozen=True):
    """A place in a listing of a folder. In a home the shared namespaces come before all else."""

    is_mount: bool
    spot: Spot


class Asked(NamedTuple):
    """Which page of a listing: after `start`, that is so many entries or a place."""

    start: int | Place
    limit: int
    sorting: Sorting


class Listing(NamedTuple):
    """A page of a listing. `total` is the number of all entries, None where the page was asked
    for by a place; `next` is the place to go on from, None at the end."""

    entries: tuple[Snapshot, ...]
    total: int | None
    next: Place | None


def read_user(id: int) -> Steps[User]:
    user: User | None = yield UserById(id)
    if user is None:
        raise NotFound("Not Found")
    return user


def read_item(user: int, id: str, kind: Kind, within: int | None = None) -> Steps[Snapshot]:
    """The item *id* as *user* may see it. Raises NotFound."""
    census = Census((yield from read_user(user)))
    lineage = yield from _visible(census, id, kind, within=within)
    return (yield from _shown(census, lineage, within))


def read_lineage(
    user: int, id: str, kind: Kind, within: int | None = None, right: Right | None = None
) -> Steps[tuple[Lineage, int]]:
    """The item *id* with all above it, if *user* may see it, and who owns it. Raises NotFound, and
    Forbidden for who has not the *right* that is needed."""
    census = Census((yield from read_user(user)))
    lineage = yield from _visible(census, id, kind, within=within)
    if right is not None:
        yield from census.check_right(lineage[-1].namespace, right)
    namespace = yield from census.namespace(lineage[-1].namespace)
    return lineage, namespace.owner


def read_changed(user: int, lineage: Lineage, within: int | None = None) -> Steps[Snapshot]:
    """The last of *lineage*, which *user* has just changed, as they may see it."""
    census = Census((yield from read_user(user)))
    return (yield from _shown(census, lineage, within))


def read_trashed(user: int, id: str, kind: Kind, within: int | None = None) -> Steps[Snapshot]:
    """The item *id*, which must be in the trash itself. Raises NotFound."""
    census = Census((yield from read_user(user)))
    lineage = yield from _visible(census, id, kind, trashed=True, within=within)
    return (yield from census.snapshot(lineage[-1], lineage[:-1]))


def read_folder(
    user: int, id: str, asked: Asked, within: int | None = None
) -> Steps[tuple[Snapshot, Listing]]:
    """The folder *id* with a page of what is in it. Raises NotFound."""
    census = Census((yield from read_user(user)))
    lineage = yield from _visible(census, id, Kind.FOLDER, within=within)
    listing = yield from _listed(census, lineage, asked, within)
    return (yield from _shown(census, lineage, within)), listing


def read_trash(user: int, asked: Asked) -> Steps[Listing]:
    """A page of what was trashed in the namespaces of which *user* is a member."""
    census = Census((yield from read_user(user)))
    memberships: tuple[Member, ...] = yield MembershipsOf(user)
    namespaces = tuple(member.namespace for member in memberships)
    by_count = isinstance(asked.start, int)
    start = asked.start if isinstance(asked.start, int) else asked.start.spot
    found: tuple[Item, ...] = yield Trashed(namespaces, start, asked.limit + 1, asked.sorting)
    total: int | None = (yield CountTrashed(namespaces)) if by_count else None
    entries = []
    for item in found[: asked.limit]:
        try:
            namespace = yield from census.namespace(item.namespace)
            above = yield from census.lineage(namespace.root)
        except NotFound:
            continue  # it was no shared folder any more at the second look
        entries.append((yield from census.snapshot(item, above)))
    is_end = len(found) <= asked.limit or not entries
    after = None if is_end else Place(False, asked.sorting.spot_of(found[asked.limit - 1]))
    return Listing(tuple(entries), total, after)


def _visible(
    census: Census, id: str, kind: Kind, *, trashed: bool = False, within: int | None = None
) -> Steps[Lineage]:
    """The item with all above it. The one place that decides whether its reader may see it."""
    try:
        number = yield from _number(census, id)
        lineage = yield from Finder(census, []).seen(ById(number))
        check_active(lineage[:-1] if trashed else lineage)
        if not (yield from is_within(census, lineage, within)):
            raise NotFound("beyond what the token is restricted to")
    except NotFound:
        # One text for all reasons: which it was is nobody's business.
        raise NotFound("Not Found") from None
    item = lineage[-1]
    if item.kind is not kind or (item.trashed_at is not None) is not trashed:
        raise NotFound("Not Found")
    return lineage


def _number(census: Census, id: str) -> Steps[int]:
    if id == ROOT:
        home = yield from census.namespace(census.actor.home)
        return home.root
    if not (id.isascii() and id.isdigit()) or len(id) > _MOST_DIGITS:
        raise NotFound("Not Found")
    return int(id)


def _shown(census: Census, lineage: Lineage, within: int | None) -> Steps[Snapshot]:
    """The last of *lineage*; where only what is *within* an item may be seen, without the names of
    the folders above that."""
    above = lineage[:-1]
    first = next((depth for depth, item in enumerate(lineage) if item.id == within), 0)
    if first:
        namespace = yield from census.namespace(lineage[0].namespace)
        above = (*(lineage[:1] if namespace.is_home else ()), *lineage[first:-1])
    return (yield from census.snapshot(lineage[-1], above))


def _listed(census: Census, lineage: Lineage, asked: Asked, within: int | None) -> Steps[Listing]:
    folder = lineage[-1]
    start, limit, sorting = asked
    mounts: list[Item] = []
    if folder.parent is None and folder.namespace == census.actor.home:
        mounts = sorting.sorted((yield from _mounted(census)))
    total: int | None = None
    below: int | Spot = 0
    if isinstance(start, Place):
        left = [root for root in mounts if start.is_mount and sorting.is_after(root, start.spot)]
        below = 0 if start.is_mount else start.spot
    else:
        count: int = yield CountChildren(folder.id)
        total = count + len(mounts)
        left = mounts[start:]
        below = max(0, start - len(mounts))
    # One more than asked for tells whether there is more.
    found = left[: limit + 1]
    shown_mounts = min(len(found), limit)
    if len(found) <= limit:
        children: tuple[Item, ...] = yield Children(
            folder.id, below, limit + 1 - len(found), sorting
        )
        found.extend(children)
    entries = []
    for index, item in enumerate(found[:limit]):
        line = (item,) if index < shown_mounts else (*lineage, item)
        entries.append((yield from _shown(census, line, within)))
    after = None
    if entries and len(found) > limit:
        after = Place(limit <= shown_mounts, sorting.spot_of(found[limit - 1]))
    return Listing(tuple(entries), total, after)


def _mounted(census: Census) -> Steps[list[Item]]:
    """The roots of the namespaces that are mounted in the actor's home."""
    memberships: tuple[Member, ...] = yield MembershipsOf(census.actor.id)
    roots = []
    for member in memberships:
        if member.namespace != census.actor.home:
            try:
                mounted = yield from census.namespace(member.namespace)
                roots.append((yield from census.lineage(mounted.root))[-1])
            except NotFound:
                continue  # it was no shared folder any more at the second look
    return roots
