"""What clients of Dropbox's API ask to be done: the changes that follow from it.

Rule 1: a plan is made of look-ups, and judged again in the commit: by the revision of what it
replaces, and by names that no other may have taken meanwhile, in any case (`Terms.folds`). Where
that fails, a new plan is made, which finds the words for it.

Rule 2: a file whose content is what is there already is no conflict, and is not replaced: nothing
happens. Unless that is asked for to be strict, nobody can tell the difference.

Rule 3: what is not known yet, because it is still being sent, is taken to be what is there.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from msgspec.structs import replace

from wakeful.core.census import Census
from wakeful.core.changes import (
    ById,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Trash,
    Upload,
)
from wakeful.core.items import Item
from wakeful.core.journal import place_of
from wakeful.core.lookups.people import UserById
from wakeful.core.lookups.trees import Lineage, Trashed
from wakeful.core.mounts import find_base
from wakeful.core.people import User
from wakeful.core.quotas import check_room
from wakeful.core.terms import Terms
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox import asked
from wakeful.dialects.dropbox.arguments import Path, parse_path
from wakeful.dialects.dropbox.asked import Commit
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.locating import NOT_FOUND, item_at, locate
from wakeful.dialects.dropbox.names import file_revision
from wakeful.dialects.dropbox.refusals import MALFORMED, NoLookup, NoWrite, conflict
from wakeful.dialects.dropbox.targets import (
    Target,
    checked_name,
    find_target,
    free_target,
    parse_write_path,
)

_TRASH_PAGE = 500


class Plan(NamedTuple):
    """What is to be done. Without changes, `present` is what is there already, with all above it:
    the answer. `namespace` is where a content comes."""

    namespace: int
    changes: tuple[Change, ...] = ()
    present: tuple[Item, ...] = ()


class Announced(NamedTuple):
    """What is known of a content before it has come; None: not known."""

    size: int | None = None
    content_hash: str | None = None

    def may_be(self, item: Item) -> bool:
        """Whether it may be what is in *item* already."""
        return self.size in (None, item.size) and self.content_hash in (None, item.content_hash)


def plan_upload(user: User, commit: Commit, facts: Facts | Announced) -> Steps[Plan]:
    """What makes *commit* of a content. Raises NoLookup, NoWrite, InvalidRequest."""
    mode = asked.parse_mode(commit.mode)
    modified_at = asked.parse_time(commit.client_modified, "client_modified")
    asked.check_groups(commit.property_groups)
    target = yield from find_target(user, parse_write_path(commit.path))
    content = facts if isinstance(facts, Facts) else Facts()
    content = replace(content, content_modified_at=modified_at)
    item = target.item
    if item is None:
        if mode.rev is not None and commit.strict_conflict:
            raise NoWrite("conflict", "file")
        return _new_file(target, content)
    if not item.is_folder:
        if not commit.strict_conflict and _is_same(item, facts):
            return Plan(item.namespace, (), target.present)
        if mode.overwrites or mode.rev == revision_of(item):
            version = NewVersion(item=ById(item.id), facts=content, only_if=(item.revision,))
            return Plan(item.namespace, (version,))
    if not commit.autorename:
        raise conflict(item)
    beside = yield from free_target(target, is_conflicted=mode.rev is not None)
    return _new_file(beside, content)


def check_room_for(user: int, plan: Plan, size: int, terms: Terms) -> Steps[None]:
    """Raise QuotaExceeded where *plan* has no room for a content of *size* bytes."""
    actor: User = yield UserById(user)  # nobody is ever removed
    for change in plan.changes:
        if isinstance(change, NewVersion):
            assert isinstance(change.item, ById)
            lineage: tuple[Item, ...] = yield Lineage(change.item.id)
            size -= sum(item.size for item in lineage)  # folders have none
    yield from check_room(Census(actor, terms), plan.namespace, size if plan.changes else 0)


def check_commit(commit: Commit) -> None:
    """Raise InvalidRequest for one that makes no sense."""
    asked.parse_mode(commit.mode)
    asked.parse_time(commit.client_modified, "client_modified")
    with suppress(NoWrite):  # told of its entry
        parse_write_path(commit.path)


def plan_folder(user: User, path: str, *, autorename: bool) -> Steps[Plan]:
    """What makes a folder at *path*. Raises as `plan_upload`."""
    target = yield from find_target(user, parse_write_path(path, by_id=False))
    if target.item is not None:
        if not autorename:
            raise conflict(target.item)
        target = yield from free_target(target)
    made = CreateFolder(parent=target.parent, name=target.name)
    return Plan(target.namespace, (*target.folders(), made))


def plan_move(user: User, from_path: str, to_path: str, *, autorename: bool) -> Steps[Plan]:
    """What moves an item. Raises Refused, NoLookup, NoWrite, InvalidRequest."""
    item, target = yield from _relocation(user, from_path, to_path, "cant_move_shared_folder")
    if target.item is not None and target.item.id == item.id:
        if target.name == item.name:
            raise Refused("duplicated_or_nested_paths")
        # A change of case: as the path says it, where the item itself stands.
        return Plan(item.namespace, (Move(item=ById(item.id), name=checked_name(target.name)),))
    if any(above.id == item.id for above in target.above):
        raise Refused("cant_move_folder_into_itself")
    target = yield from _free(target, autorename=autorename)
    moved = Move(item=ById(item.id), parent=target.parent, name=target.name)
    return Plan(target.namespace, (*target.folders(), moved))


def plan_copy(user: User, from_path: str, to_path: str, *, autorename: bool) -> Steps[Plan]:
    """What copies an item. Raises as `plan_move`."""
    item, target = yield from _relocation(user, from_path, to_path, "cant_copy_shared_folder")
    is_itself = target.item is not None and target.item.id == item.id
    if any(above.id == item.id for above in target.above) or (is_itself and not autorename):
        raise Refused("duplicated_or_nested_paths")
    target = yield from _free(target, autorename=autorename)
    copied = Copy(item=ById(item.id), parent=target.parent, name=target.name)
    return Plan(target.namespace, (*target.folders(), copied))


def plan_deletion(user: User, path: str, parent_rev: str | None) -> Steps[Plan]:
    """What puts an item into the trash. Raises as `plan_move`."""
    _, lineage = yield from item_at(user, _parsed(path))
    item = lineage[-1]
    if len(lineage) == 1:
        raise NoWrite("no_write_permission")  # a shared namespace is left, and not deleted
    only_if = _as_expected(item, parent_rev)
    return Plan(item.namespace, (Trash(item=ById(item.id), only_if=only_if),))


def plan_purge(user: User, path: str, parent_rev: str | None) -> Steps[Plan]:
    """What removes an item for good, from the trash where it is there. Raises as `plan_move`."""
    where = parse_path(path)
    told = yield from locate(user, where)
    if told.item is not None:
        plan = yield from plan_deletion(user, path, parent_rev)
        (change,) = plan.changes
        assert isinstance(change, Trash)
        return Plan(plan.namespace, (Delete(item=change.item, only_if=change.only_if),))
    item = yield from find_trashed(user, told.path)
    if item is None:
        raise Refused(*NOT_FOUND)
    only_if = _as_expected(item, parent_rev)
    return Plan(item.namespace, (Delete(item=ById(item.id), only_if=only_if, from_trash=True),))


def find_trashed(user: User, keys: str) -> Steps[Item | None]:
    """What was put into the trash last of what was at the path of *keys* in the view of *user*."""
    base = yield from find_base(user.home, keys)
    last = base.under[base.under.rfind("/") + 1 :]
    found: Item | None = None
    start = 0
    while True:
        page: tuple[Item, ...] = yield Trashed((base.namespace,), start, _TRASH_PAGE)
        for item in page:
            if item.key != last:
                continue
            lineage: tuple[Item, ...] = yield Lineage(item.id)
            if place_of(lineage) == base.under:
                found = item if found is None else max(found, item, key=_trashed_at)
        if len(page) < _TRASH_PAGE:
            return found
        start += len(page)


def _trashed_at(item: Item) -> tuple[int, int, int]:
    # Of one commit, or of one millisecond, it is the one that was made later.
    return item.trashed_at or 0, item.revision, item.id


def revision_of(file: Item) -> str | None:
    """The `rev` of a file, None of a folder."""
    return None if file.is_folder else file_revision(file.id, file.version)


def _as_expected(item: Item, parent_rev: str | None) -> tuple[int, ...] | None:
    """The revision that *item* has to have in the commit, None for any. Raises NoWrite where it is
    not at *parent_rev*."""
    if parent_rev is None:
        return None
    if asked.parse_rev(parent_rev, "parent_rev") != revision_of(item):
        raise conflict(item)
    return (item.revision,)


def _new_file(target: Target, facts: Facts) -> Plan:
    made = Upload(parent=target.parent, name=target.name, facts=facts, overwrite=False)
    return Plan(target.namespace, (*target.folders(), made))


def _is_same(item: Item, facts: Facts | Announced) -> bool:
    if isinstance(facts, Announced):
        return facts.may_be(item)
    if item.content:
        return item.content == facts.content
    # In a watched folder the disk has the content, and the hash was made of it here.
    return item.seen is not None and (item.size, item.content_hash) == (
        facts.size,
        facts.content_hash,
    )


def _free(target: Target, *, autorename: bool) -> Steps[Target]:
    """*target* where nothing is, or else one beside it."""
    if target.item is None:
        return target
    if not autorename:
        raise conflict(target.item)
    return (yield from free_target(target))


def _relocation(
    user: User, from_path: str, to_path: str, is_mount: str
) -> Steps[tuple[Item, Target]]:
    """The item that is moved or copied, and the place that it comes to; *is_mount* is said of a
    shared namespace."""
    told, lineage = yield from item_at(user, _parsed(from_path))
    if len(lineage) == 1:
        if told.mount is None:
            raise NoLookup(MALFORMED)  # the root of the home
        raise Refused(is_mount)
    try:
        target = yield from find_target(user, parse_write_path(to_path))
    except NoLookup:
        raise NoWrite("no_write_permission") from None
    return lineage[-1], target


def _parsed(path: str) -> Path:
    """Raises InvalidRequest also for the root, which is no path here."""
    if not path:
        parse_write_path(path)
    return parse_path(path)
