"""How a change finds the items that it names, and whether its actor may know of them."""

from __future__ import annotations

from wakeful.core.census import NOT_THERE, Census
from wakeful.core.changes import ById, ByPath, Ref
from wakeful.core.errors import (
    ImpossibleMove,
    InvalidRequest,
    NameTaken,
    NotEmpty,
    NotFound,
    Outdated,
)
from wakeful.core.items import Item, JournalRow, Kind
from wakeful.core.journal import fold, is_key_of
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.lookups.people import MembershipsOf
from wakeful.core.lookups.trees import ChildByName, Children
from wakeful.core.names import check_name
from wakeful.core.people import Member
from wakeful.core.roles import Right
from wakeful.core.writes import Steps

Lineage = tuple[Item, ...]
"""From the root of a namespace down to an item, which is the last."""


class Finder:
    """Finds items for one batch; `results[i]` is what change i made or changed."""

    def __init__(self, census: Census, results: list[Item | None]) -> None:
        self._census = census
        self._results = results

    def found(self, ref: Ref) -> Steps[Lineage]:
        """The item with all above it, trashed or not, seen by the actor or not."""
        lineage = yield from self._found(ref)
        if not (yield from is_within(self._census, lineage, self._census.terms.within)):
            raise NotFound(NOT_THERE)
        return lineage

    def _found(self, ref: Ref) -> Steps[Lineage]:
        if isinstance(ref, ById):
            return (yield from self._census.lineage(ref.id))
        if isinstance(ref, ByPath):
            lineage, missing = yield from self.walk(ref)
            if missing:
                known = len(ref.names) - len(missing)
                raise NotFound(f"no item at /{'/'.join(ref.names[: known + 1])}")
            return lineage
        if not 0 <= ref.index < len(self._results):
            raise InvalidRequest("a change can name only an earlier one", field="item")
        made = self._results[ref.index]
        if made is None:
            raise InvalidRequest("that change left no item", field="item")
        return (yield from self._census.lineage(made.id))

    def seen(self, ref: Ref) -> Steps[Lineage]:
        """As `found`, but only what the actor may know of."""
        lineage = yield from self.found(ref)
        yield from self._census.check_member(lineage[-1].namespace)
        return lineage

    def active(self, ref: Ref, right: Right = Right.EDIT) -> Steps[Lineage]:
        """As `found`, but nothing in the trash, and only what the actor may change."""
        lineage = yield from self.found(ref)
        yield from self._census.may_change(lineage[-1].namespace, right)
        check_active(lineage)
        return lineage

    def noted(self, ref: Ref, right: Right) -> Steps[Lineage]:
        """The same of what is kept beside the files, which no disk knows of: whether the folder is
        watched makes no difference."""
        lineage = yield from self.found(ref)
        yield from self._census.check_right(lineage[-1].namespace, right)
        check_active(lineage)
        return lineage

    def folder(self, ref: Ref) -> Steps[Lineage]:
        """An active folder, in which the actor may make things."""
        known = self._census.folders.get(ref)
        if known is None:
            known = yield from self.active(ref, Right.UPLOAD)
            check_folder(known)
            if not is_mounted(ref, known):
                self._census.folders[ref] = known
        return known

    def walk(self, ref: ByPath) -> Steps[tuple[Lineage, tuple[str, ...]]]:
        """Follow names from a root as far as there are items; the rest of the names beside it.

        Where the first name is that of a mount in a home, the way goes on in its namespace.
        """
        namespace = yield from self._census.namespace(ref.namespace)
        yield from self._census.check_member(namespace.id)
        lineage = yield from self._census.lineage(namespace.root)
        for depth, name in enumerate(ref.names):
            check_name(name)
            child: Item | None = yield ChildByName(lineage[-1].id, name)
            if child is not None:
                lineage = (*lineage, child)
                continue
            mounted: Lineage = ()
            if depth == 0 and namespace.is_home:
                mounted = yield from self._mounted(namespace.id, name)
            if not mounted:
                return lineage, ref.names[depth:]
            lineage = mounted
        return lineage, ()

    def _mounted(self, home: int, name: str) -> Steps[Lineage]:
        """The root of the namespace that is mounted in the actor's home as *name*, if any is.

        That is its own name to the letter, or what the journal calls it where its own was
        taken. Two mounts may differ only by case: neither stands for the other.
        """
        row: JournalRow | None = yield JournalAt(home, fold(name))
        if row is not None and row.item is not None and row.mount is not None:
            lineage = yield from self._census.lineage(row.item)
            if lineage[-1].name == name or fold(lineage[-1].name) != row.path:
                return lineage
        memberships: tuple[Member, ...] = yield MembershipsOf(self._census.actor.id)
        for member in memberships:
            if is_key_of(member.mount_key, name):
                namespace = yield from self._census.namespace(member.namespace)
                lineage = yield from self._census.lineage(namespace.root)
                if lineage[-1].name == name:
                    return lineage
        return ()


def is_mounted(ref: Ref, lineage: Lineage) -> bool:
    """Whether *ref* led to *lineage* through a mount, which gives way to the first item of its
    name that comes into the home."""
    return isinstance(ref, ByPath) and lineage[0].namespace != ref.namespace


def is_within(census: Census, lineage: Lineage, outer: int | None) -> Steps[bool]:
    """Whether an item is *outer* or below it; None is everything, and so is the root of the
    actor's home, in which the shared namespaces are mounted."""
    if outer is None or any(item.id == outer for item in lineage):
        return True
    home = yield from census.namespace(census.actor.home)
    return home.root == outer


def check_active(lineage: Lineage) -> None:
    """Raise NotFound if the item, or a folder above it, is in the trash."""
    if any(item.trashed_at is not None for item in lineage):
        raise NotFound("the item is in the trash")


def check_folder(lineage: Lineage) -> None:
    """Raise InvalidRequest if the item is a file."""
    if not lineage[-1].is_folder:
        raise InvalidRequest(f"{lineage[-1].name!r} is no folder", field="parent")


def check_free(folder: Item, name: str, kind: Kind, mine: int | None = None) -> Steps[None]:
    """Raise NameTaken if another item than *mine* has the name in *folder* that one of *kind*
    is to have."""
    present: Item | None = yield ChildByName(folder.id, name)
    if present is not None and present.id != mine:
        raise NameTaken(f"{name!r} is there already", item=present, wanted=kind)


def check_revision(item: Item, only_if: tuple[int, ...] | None) -> None:
    """Raise Outdated if *item* has none of the revisions that were asked for."""
    if only_if is not None and item.revision not in only_if:
        raise Outdated("the item was changed meanwhile: read it again")


def check_empty(folder: Item) -> Steps[None]:
    """Raise NotEmpty if there is anything in *folder*."""
    below: tuple[Item, ...] = yield Children(folder.id, 0, 1)
    if below:
        raise NotEmpty(f"{folder.name!r} is not empty")


def check_outside(item: Item, folder: Lineage, what: str) -> None:
    """Raise ImpossibleMove if *item* is *folder* or above it."""
    if any(each.id == item.id for each in folder):
        raise ImpossibleMove(f"a folder cannot be {what} into itself")
