"""The tree rules: what each change does to items, journal and streams.

Rule 1: every change of an item raises its revision by one, and the event carries the
item as it is afterwards.

Rule 2: a change is told to the members of the namespace and to the enterprise. A move
from one namespace to another is a trash to the first audience and a create (of a
file: an upload) to the second, tied by one correlation id.

Rule 3: a whole folder that is moved, copied, trashed or restored is one event, but
each path below it takes its own journal row.

Rule 4: names are unique in a folder to the letter; names that differ only by case
live side by side (see `core.journal` for how the journal keeps them apart).

The rules do no I/O: they are generators of look-ups and writes that a store drives
inside its transaction (`core.writes.Steps`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from wakeful.core.census import Census
from wakeful.core.changes import (
    Applied,
    Baseline,
    ById,
    ByPath,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Observe,
    Ref,
    Restore,
    Tell,
    Trash,
    Upload,
)
from wakeful.core.errors import (
    Conflict,
    ImpossibleMove,
    InvalidName,
    InvalidRequest,
    NameTaken,
    NotFound,
)
from wakeful.core.events import Entry, Event, ItemEvent, Source
from wakeful.core.items import Item, JournalRow, Kind, Seen, User
from wakeful.core.journal import fold, free_key, join, place_of
from wakeful.core.lookups import ChildByName, Children, JournalAt, NewIds
from wakeful.core.names import DEEPEST, check_name
from wakeful.core.writes import (
    JournalDrop,
    JournalMove,
    JournalPut,
    PutItems,
    RehomeSubtree,
    RemoveSubtree,
    Steps,
)

_PAGE = 500  # children looked at in one step while a subtree is walked


class TreeRules:
    """One batch of changes at work, all by one actor at one time.

    *now* is the time of the commit (ms); *event_ids* gives 40 hex digits each. After the
    last change `entries` holds the events with their audiences.
    """

    def __init__(self, actor: User, now: int, event_ids: Iterator[str]) -> None:
        self.entries: list[Entry] = []
        self._actor = actor
        self._now = now
        self._event_ids = event_ids
        self._census = Census(actor)
        self._results: list[Item | None] = []
        self._baseline_ids: list[int] = []

    def apply(self, changes: tuple[Change, ...]) -> Steps[Applied]:
        """Carry out *changes* in their order; raises the first error."""
        for change in changes:
            result = yield from _RULES[type(change)](self, change)
            self._results.append(result)
        return Applied(tuple(self._results), tuple(self._baseline_ids))

    # --- the changes ---

    def create_folder(self, change: CreateFolder) -> Steps[Item]:
        above = yield from self._folder(change.parent, make=change.parents)
        return (yield from self._create_folder(above, change.name, change.at, change.seen))

    def upload(self, change: Upload) -> Steps[Item]:
        above = yield from self._folder(change.parent, make=change.parents)
        check_name(change.name)
        present: Item | None = yield ChildByName(above[-1].id, change.name)
        if present is not None:
            if present.is_folder:
                raise NameTaken(f"{change.name!r} is a folder", item=present.id)
            return (
                yield from self._new_version(above, present, change.facts, change.at, change.seen)
            )
        fresh: int = yield NewIds(2)
        at = self._at(change.at)
        item = yield from self._placed(
            above,
            self._new_item(fresh, above[-1], Kind.FILE, change.name, at, change.seen),
        )
        item = _with_facts(replace(item, version=fresh + 1), change.facts, at)
        yield PutItems((item,))
        yield from self._tell_item(ItemEvent.UPLOAD, item, above, at)
        return item

    def new_version(self, change: NewVersion) -> Steps[Item]:
        lineage = yield from self._active(change.item)
        item = lineage[-1]
        if item.is_folder:
            raise InvalidRequest("a folder has no content", field="item")
        return (
            yield from self._new_version(lineage[:-1], item, change.facts, change.at, change.seen)
        )

    def move(self, change: Move) -> Steps[Item]:
        lineage = yield from self._active(change.item)
        above, item = lineage[:-1], lineage[-1]
        if not above:
            raise ImpossibleMove("the root of a namespace stays where it is")
        to_above = above
        if change.parent is not None:
            to_above = yield from self._folder(change.parent)
        name = item.name if change.name is None else check_name(change.name)
        if to_above[-1].id == above[-1].id and name == item.name:
            return item
        if any(folder.id == item.id for folder in to_above):
            raise ImpossibleMove("a folder cannot be moved into itself")
        yield from self._check_free(to_above[-1], name, item.id)
        if to_above[-1].namespace != item.namespace:
            return (yield from self._move_across(lineage, to_above, name, change))
        return (yield from self._move_within(lineage, to_above, name, change))

    def copy(self, change: Copy) -> Steps[Item]:
        lineage = yield from self._active(change.item, for_change=False)
        item = lineage[-1]
        to_above = yield from self._folder(change.parent)
        if any(folder.id == item.id for folder in to_above):
            raise ImpossibleMove("a folder cannot be copied into itself")
        if len(lineage) == 1:
            raise ImpossibleMove("the root of a namespace cannot be copied")
        name = item.name if change.name is None else check_name(change.name)
        yield from self._check_free(to_above[-1], name)
        at = self._at(change.at)
        copied = yield from self._copy_tree(item, to_above, name, at)
        yield from self._tell_item(ItemEvent.COPY, copied, to_above, at)
        return copied

    def trash(self, change: Trash) -> Steps[Item]:
        lineage = yield from self._active(change.item)
        if len(lineage) == 1:
            raise ImpossibleMove("the root of a namespace cannot be trashed")
        return (yield from self._trash(lineage, change.at))

    def restore(self, change: Restore) -> Steps[Item]:
        lineage = yield from self._found(change.item)
        item = lineage[-1]
        yield from self._census.may_change(item.namespace)
        if item.trashed_at is None:
            raise Conflict("the item is not in the trash")
        if change.parent is None:
            above = lineage[:-1]
            if any(folder.trashed_at is not None for folder in above):
                raise NotFound("the folder that it was in is gone: name another")
        else:
            above = yield from self._folder(change.parent)
            if above[-1].namespace != item.namespace:
                raise ImpossibleMove("an item is restored within its namespace")
            if any(folder.id == item.id for folder in above):
                raise ImpossibleMove("a folder cannot be restored into itself")
        name = item.name if change.name is None else check_name(change.name)
        yield from self._check_free(above[-1], name)
        at = self._at(change.at)
        item = replace(
            item,
            parent=above[-1].id,
            name=name,
            revision=item.revision + 1,
            modified_at=at,
            modified_by=self._actor.id,
            trashed_at=None,
        )
        item = yield from self._placed(above, item)
        yield PutItems((item,))
        self._census.forget_lineages()
        if item.is_folder:
            yield from self._journal_below(item, join(place_of(above), item.key))
        yield from self._tell_item(ItemEvent.RESTORE, item, above, at)
        return item

    def delete(self, change: Delete) -> Steps[None]:
        lineage = yield from self._found(change.item)
        item = lineage[-1]
        yield from self._census.may_change(item.namespace)
        if len(lineage) == 1:
            raise ImpossibleMove("the root of a namespace cannot be deleted")
        if not any(each.trashed_at is not None for each in lineage):
            yield from self._trash(lineage, change.at)
        self._census.forget_lineages()
        yield RemoveSubtree(item.id)
        return None

    def observe(self, change: Observe) -> Steps[Item]:
        item = (yield from self._found(change.item))[-1]
        item = replace(
            item,
            sha1=change.sha1 or item.sha1,
            content_hash=change.content_hash or item.content_hash,
            seen=change.seen or item.seen,
        )
        yield PutItems((item,))
        return item

    def baseline(self, change: Baseline) -> Steps[Item]:
        above = yield from self._folder(change.parent)
        first: int = yield NewIds(2 * len(change.entries))
        items = []
        for index, entry in enumerate(change.entries):
            at = entry.facts.content_modified_at or self._now
            item = self._new_item(
                first + 2 * index, above[-1], entry.kind, check_name(entry.name), at, entry.seen
            )
            item = yield from self._placed(above, item)
            if entry.kind is Kind.FILE:
                item = _with_facts(replace(item, version=item.id + 1), entry.facts, at)
            items.append(item)
        yield PutItems(tuple(items))
        self._baseline_ids.extend(item.id for item in items)
        return above[-1]

    def tell(self, change: Tell) -> Steps[Item | None]:
        item: Item | None = None
        source: Source = change.source
        namespace: int | None = None
        streams = {self._actor.id: change.classes}
        enterprise = self._actor.enterprise
        if change.item is not None:
            lineage = yield from self._found(change.item)
            item = lineage[-1]
            namespace = item.namespace
            members = yield from self._census.members(namespace)
            if all(member.user != self._actor.id for member in members):
                raise NotFound("no such item")
            source = yield from self._census.snapshot(item, lineage[:-1])
            streams = {member.user: change.classes for member in members}
        if change.audience is not None:
            streams = dict.fromkeys(change.audience, change.classes)
        streams[enterprise] = change.classes
        at = self._at(change.at)
        event = Event(
            id=next(self._event_ids),
            type=change.type,
            created_at=at,
            recorded_at=self._now,
            enterprise=enterprise,
            actor=(yield from self._census.person(self._actor.id)),
            source=source,
            namespace=namespace,
            details=change.details,
            session=change.session,
            ip=change.ip,
        )
        self.entries.append(Entry(event, streams))
        return item

    # --- finding ---

    def _found(self, ref: Ref) -> Steps[tuple[Item, ...]]:
        """The item with all above it, trashed or not; raises NotFound."""
        if isinstance(ref, ById):
            return (yield from self._census.lineage(ref.id))
        if isinstance(ref, ByPath):
            return (yield from self._walk(ref, make=False))
        if not 0 <= ref.index < len(self._results):
            raise InvalidRequest("a change can name only an earlier one", field="item")
        made = self._results[ref.index]
        if made is None:
            raise InvalidRequest("that change left no item", field="item")
        return (yield from self._census.lineage(made.id))

    def _active(self, ref: Ref, *, for_change: bool = True) -> Steps[tuple[Item, ...]]:
        """As `_found`, but nothing that is in the trash, and only where the actor may change it."""
        lineage = yield from self._found(ref)
        if for_change:
            yield from self._census.may_change(lineage[-1].namespace)
        else:
            members = yield from self._census.members(lineage[-1].namespace)
            if all(member.user != self._actor.id for member in members):
                raise NotFound("no such item")
        if any(item.trashed_at is not None for item in lineage):
            raise NotFound("the item is in the trash")
        return lineage

    def _folder(self, ref: Ref, *, make: bool = False) -> Steps[tuple[Item, ...]]:
        """An active folder with all above it, in which the actor may make things."""
        if make and isinstance(ref, ByPath):
            lineage = yield from self._walk(ref, make=True)
            yield from self._census.may_change(lineage[-1].namespace)
        else:
            lineage = yield from self._active(ref)
        if not lineage[-1].is_folder:
            raise InvalidRequest(f"{lineage[-1].name!r} is no folder", field="parent")
        return lineage

    def _walk(self, ref: ByPath, *, make: bool) -> Steps[tuple[Item, ...]]:
        """Follow names from a root, through a mount where the first one is; may make folders."""
        namespace = yield from self._census.namespace(ref.namespace)
        yield from self._check_member(namespace.id)
        lineage = yield from self._census.lineage(namespace.root)
        for depth, name in enumerate(ref.names):
            check_name(name)
            child: Item | None = yield ChildByName(lineage[-1].id, name)
            if child is None and depth == 0 and namespace.is_home:
                row: JournalRow | None = yield JournalAt(namespace.id, fold(name))
                if row is not None and row.item is not None and row.mount is not None:
                    lineage = yield from self._census.lineage(row.item)
                    continue
            if child is None:
                if not make:
                    raise NotFound(f"no item at /{'/'.join(ref.names[: depth + 1])}")
                yield from self._census.may_change(lineage[-1].namespace)
                child = yield from self._create_folder(lineage, name, None, None)
            lineage = (*lineage, child)
        return lineage

    def _check_member(self, namespace: int) -> Steps[None]:
        members = yield from self._census.members(namespace)
        if all(member.user != self._actor.id for member in members):
            raise NotFound(f"no namespace {namespace}")

    def _check_free(self, folder: Item, name: str, mine: int | None = None) -> Steps[None]:
        present: Item | None = yield ChildByName(folder.id, name)
        if present is not None and present.id != mine:
            raise NameTaken(f"{name!r} is there already", item=present.id)

    # --- doing ---

    def _at(self, at: int | None) -> int:
        return self._now if at is None else at

    def _new_item(
        self, id: int, parent: Item, kind: Kind, name: str, at: int, seen: Seen | None
    ) -> Item:
        return Item(
            id=id,
            namespace=parent.namespace,
            parent=parent.id,
            kind=kind,
            name=name,
            key="",
            revision=0,
            version=0,
            size=0,
            sha1="",
            content_hash="",
            created_at=at,
            modified_at=at,
            content_created_at=at,
            content_modified_at=at,
            created_by=self._actor.id,
            modified_by=self._actor.id,
            trashed_at=None,
            seen=seen,
        )

    def _placed(self, above: tuple[Item, ...], item: Item) -> Steps[Item]:
        """Give *item* its key in a folder and its journal row. The caller puts the item."""
        if len(above) > DEEPEST:
            raise InvalidName(f"a path has at most {DEEPEST} names", field="path")
        folder = place_of(above)
        key = yield from free_key(item.namespace, folder, item.name, item=item.id)
        yield JournalPut(item.namespace, join(folder, key), item.id)
        return replace(item, key=key)

    def _create_folder(
        self, above: tuple[Item, ...], name: str, at: int | None, seen: Seen | None
    ) -> Steps[Item]:
        check_name(name)
        yield from self._check_free(above[-1], name)
        fresh: int = yield NewIds()
        when = self._at(at)
        item = self._new_item(fresh, above[-1], Kind.FOLDER, name, when, seen)
        item = yield from self._placed(above, item)
        yield PutItems((item,))
        yield from self._tell_item(ItemEvent.CREATE, item, above, when)
        return item

    def _new_version(
        self,
        above: tuple[Item, ...],
        item: Item,
        facts: Facts,
        at: int | None,
        seen: Seen | None,
    ) -> Steps[Item]:
        version: int = yield NewIds()
        when = self._at(at)
        item = _with_facts(
            replace(
                item,
                revision=item.revision + 1,
                version=version,
                modified_at=when,
                modified_by=self._actor.id,
                seen=seen or item.seen,
            ),
            facts,
            when,
        )
        yield PutItems((item,))
        yield JournalPut(item.namespace, join(place_of(above), item.key), item.id)
        yield from self._tell_item(ItemEvent.UPLOAD, item, above, when)
        return item

    def _move_within(
        self, lineage: tuple[Item, ...], to_above: tuple[Item, ...], name: str, change: Move
    ) -> Steps[Item]:
        item = lineage[-1]
        at = self._at(change.at)
        folder = place_of(to_above)
        key = yield from free_key(item.namespace, folder, name, item=item.id)
        yield JournalMove(item.namespace, place_of(lineage), item.namespace, join(folder, key))
        stays = to_above[-1].id == item.parent
        item = self._changed(item, to_above[-1], name, key, change, at)
        yield PutItems((item,))
        self._census.forget_lineages()
        yield from self._tell_item(
            ItemEvent.RENAME if stays else ItemEvent.MOVE, item, to_above, at
        )
        return item

    def _move_across(
        self, lineage: tuple[Item, ...], to_above: tuple[Item, ...], name: str, change: Move
    ) -> Steps[Item]:
        item, target = lineage[-1], to_above[-1]
        at = self._at(change.at)
        correlation = next(self._event_ids)
        folder = place_of(to_above)
        key = yield from free_key(target.namespace, folder, name)
        yield JournalMove(item.namespace, place_of(lineage), target.namespace, join(folder, key))
        gone = replace(
            item,
            revision=item.revision + 1,
            modified_at=at,
            modified_by=self._actor.id,
            trashed_at=at,
        )
        yield from self._tell_item(ItemEvent.TRASH, gone, lineage[:-1], at, correlation)
        item = replace(
            self._changed(gone, target, name, key, change, at),
            namespace=target.namespace,
            trashed_at=None,
        )
        yield PutItems((item,))
        if item.is_folder:
            yield RehomeSubtree(item.id, target.namespace)
        self._census.forget_lineages()
        arrived = ItemEvent.CREATE if item.is_folder else ItemEvent.UPLOAD
        yield from self._tell_item(arrived, item, to_above, at, correlation)
        return item

    def _changed(
        self, item: Item, parent: Item, name: str, key: str, change: Move, at: int
    ) -> Item:
        return replace(
            item,
            parent=parent.id,
            name=name,
            key=key,
            revision=item.revision + 1,
            modified_at=at,
            modified_by=self._actor.id,
            seen=change.seen or item.seen,
        )

    def _trash(self, lineage: tuple[Item, ...], at: int | None) -> Steps[Item]:
        when = self._at(at)
        item = lineage[-1]
        yield JournalDrop(item.namespace, place_of(lineage))
        item = replace(
            item,
            revision=item.revision + 1,
            modified_at=when,
            modified_by=self._actor.id,
            trashed_at=when,
        )
        yield PutItems((item,))
        self._census.forget_lineages()
        yield from self._tell_item(ItemEvent.TRASH, item, lineage[:-1], when)
        return item

    def _copy_tree(self, item: Item, to_above: tuple[Item, ...], name: str, at: int) -> Steps[Item]:
        fresh: int = yield NewIds(2)
        parent = to_above[-1]
        copied = replace(
            self._new_item(fresh, parent, item.kind, name, at, None),
            version=0 if item.is_folder else fresh + 1,
            size=item.size,
            sha1=item.sha1,
            content_hash=item.content_hash,
            content_created_at=item.content_created_at,
            content_modified_at=item.content_modified_at,
        )
        copied = yield from self._placed(to_above, copied)
        yield PutItems((copied,))
        if item.is_folder:
            below = (*to_above, copied)
            # All children are read before the first copy is written: a copy that lands
            # beside them must not be copied again.
            for child in (yield from _all_children(item.id)):
                yield from self._copy_tree(child, below, child.name, at)
        return copied

    def _journal_below(self, folder: Item, path: str) -> Steps[None]:
        """Give everything below a folder that came back its row again."""
        for child in (yield from _all_children(folder.id)):
            place = join(path, child.key)
            yield JournalPut(child.namespace, place, child.id)
            if child.is_folder:
                yield from self._journal_below(child, place)

    def _tell_item(
        self,
        type: ItemEvent,
        item: Item,
        above: tuple[Item, ...],
        at: int,
        correlation: str | None = None,
    ) -> Steps[None]:
        census = self._census
        event = Event(
            id=next(self._event_ids),
            type=type,
            created_at=at,
            recorded_at=self._now,
            enterprise=self._actor.enterprise,
            actor=(yield from census.person(self._actor.id)),
            source=(yield from census.snapshot(item, above)),
            namespace=item.namespace,
            correlation=correlation,
        )
        # The folder that the change happened in decides who may know: of a move across
        # namespaces the old audience learns of the trash, the new one of the arrival.
        self.entries.append(Entry(event, (yield from census.audience(item.namespace))))


def _all_children(folder: int) -> Steps[list[Item]]:
    found: list[Item] = []
    while True:
        page: tuple[Item, ...] = yield Children(folder, len(found), _PAGE)
        found.extend(page)
        if len(page) < _PAGE:
            return found


def _with_facts(item: Item, facts: Facts, at: int) -> Item:
    return replace(
        item,
        size=facts.size,
        sha1=facts.sha1,
        content_hash=facts.content_hash,
        content_created_at=(
            facts.content_created_at
            if facts.content_created_at is not None
            else (item.content_created_at if item.revision else at)
        ),
        content_modified_at=facts.content_modified_at
        if facts.content_modified_at is not None
        else at,
    )


_RULES: dict[type[Change], Callable[[TreeRules, Any], Steps[Item | None]]] = {
    CreateFolder: TreeRules.create_folder,
    Upload: TreeRules.upload,
    NewVersion: TreeRules.new_version,
    Move: TreeRules.move,
    Copy: TreeRules.copy,
    Trash: TreeRules.trash,
    Restore: TreeRules.restore,
    Delete: TreeRules.delete,
    Observe: TreeRules.observe,
    Baseline: TreeRules.baseline,
    Tell: TreeRules.tell,
}
