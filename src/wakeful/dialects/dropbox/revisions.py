"""The revisions of a file: what there is of them, and how one is restored (files.stone).

A `rev` names a file and one of its versions. So it can be restored to any path, also where another
file is by now, or none.
"""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.changes import ById, Change, Made, Recover, Ref, Restore
from wakeful.core.errors import NotFound
from wakeful.core.items import Item, Version, at_version
from wakeful.core.journal import join, place_of
from wakeful.core.lookups.people import MembershipsOf
from wakeful.core.lookups.trees import Lineage, VersionsOf
from wakeful.core.people import Member, User
from wakeful.core.roles import RIGHTS, Right
from wakeful.core.versions import find_version
from wakeful.core.view import Told
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox import asked
from wakeful.dialects.dropbox.actions import Plan, find_trashed
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.locating import NOT_FOUND, locate, told_of
from wakeful.dialects.dropbox.names import item_of, of_file_revision
from wakeful.dialects.dropbox.refusals import NoLookup, conflict
from wakeful.dialects.dropbox.targets import Target, find_target, parse_write_path

_UNKNOWN = "invalid_revision"


class Revisions(NamedTuple):
    """The revisions of a file, the newest first: each what is told of its path with that content.
    `deleted_at` is when the file was put into the trash (ms)."""

    entries: tuple[Told, ...]
    has_more: bool
    deleted_at: int | None


def read_revisions(user: User, path: Path, limit: int, before: int | None) -> Steps[Revisions]:
    """The revisions of the file at *path*, deleted or not, of which *before* is one: those that
    were there earlier. Raises Refused and Unavailable."""
    lineage = yield from _item_at(user, path)
    told = yield from told_of(user, lineage)  # who may not know of it is told so first
    file = lineage[-1]
    if file.is_folder:
        raise Refused("path", "not_file")
    found: list[Item] = [file] if before is None or file.version < before else []
    more = limit + 1 - len(found)
    kept: tuple[Version, ...] = yield VersionsOf(file.id, more, before)
    found.extend(at_version(file, version) for version in kept)
    entries = tuple(told._replace(item=each) for each in found[:limit])
    gone = [item.trashed_at for item in lineage if item.trashed_at is not None]
    return Revisions(entries, len(found) > limit, min(gone) if gone else None)


def at_revision(told: Told, rev: str | None) -> Steps[Told]:
    """The file that is told of as it was at *rev*, as it is where that is None or empty. Raises
    NotFound for what is no revision of it."""
    item = told.item
    if not rev or item is None:
        return told
    named = of_file_revision(rev)
    if named is None or named[0] != item.id:
        raise NotFound("no revision of this file")
    return told._replace(item=(yield from find_version(*named)))


def plan_restore(user: User, path: str, rev: str) -> Steps[Plan]:
    """What makes a revision the content of the file at *path*. Raises as `plan_move`."""
    asked.parse_rev(rev, "rev")
    target = yield from find_target(user, parse_write_path(path, by_id=False))
    found = yield from _revision(user, rev)
    item = target.item
    if item is not None:
        if item.is_folder:
            raise conflict(item)
        if (item.id, item.version) == (found.id, found.version) or (
            item.content and item.content == found.content
        ):
            return Plan(item.namespace, (), target.present)
        return Plan(item.namespace, (_recovered(found, ById(item.id), item.revision),))
    return (yield from _brought_back(target, found))


def _brought_back(target: Target, found: Item) -> Steps[Plan]:
    """What brings a revision back to a path where nothing is: the file itself, if it was put into
    the trash there."""
    lineage: tuple[Item, ...] = yield Lineage(found.id)
    file = lineage[-1]
    place = join(place_of(target.above), file.key)
    if (
        file.trashed_at is not None
        and not target.missing
        and file.namespace == target.namespace
        and file.parent == target.above[-1].id
        and place_of(lineage) == place
    ):
        changes: tuple[Change, ...] = (Restore(item=ById(file.id)),)
        if found.version != file.version:
            changes += (_recovered(found, Made(0), None),)
        return Plan(target.namespace, changes)
    made = Recover(of=found.id, version=found.version, parent=target.parent, name=target.name)
    if not found.content:
        raise Refused(_UNKNOWN)
    return Plan(target.namespace, (*target.folders(), made))


def _recovered(found: Item, item: Ref, revision: int | None) -> Recover:
    if not found.content:
        raise Refused(_UNKNOWN)
    only_if = None if revision is None else (revision,)
    return Recover(of=found.id, version=found.version, item=item, only_if=only_if)


def _revision(user: User, rev: str) -> Steps[Item]:
    """The file that *rev* is of, as it was then. Raises Refused where *user* has none such, and
    NoLookup where they may not read it."""
    named = of_file_revision(rev)
    if named is None:
        raise Refused(_UNKNOWN)
    try:
        found = yield from find_version(*named)
    except NotFound:
        raise Refused(_UNKNOWN) from None
    memberships: tuple[Member, ...] = yield MembershipsOf(user.id)
    role = next((each.role for each in memberships if each.namespace == found.namespace), None)
    if role is None:
        raise Refused(_UNKNOWN)
    if Right.DOWNLOAD not in RIGHTS[role]:
        raise NoLookup("restricted_content")
    return found


def _item_at(user: User, path: Path) -> Steps[tuple[Item, ...]]:
    """The item at *path* with all above it, or the one that was there last."""
    item: int | None = None if path.id is None else item_of(path.id)
    if item is None:
        told = yield from locate(user, path)
        found = told.item or (yield from find_trashed(user, told.path))
        item = None if found is None else found.id
    lineage: tuple[Item, ...] = ()
    if item is not None:
        lineage = yield Lineage(item)
    if not lineage:
        raise Refused(*NOT_FOUND)
    return lineage
