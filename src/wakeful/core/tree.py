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

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from wakeful.core.batch import Batch, with_facts
from wakeful.core.changes import (
    Annotate,
    Applied,
    Baseline,
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
    InvalidRequest,
    NameTaken,
    NotFound,
    RootStays,
    WakefulError,
)
from wakeful.core.events import ItemEvent
from wakeful.core.finding import (
    Lineage,
    check_active,
    check_empty,
    check_folder,
    check_free,
    check_outside,
    check_revision,
)
from wakeful.core.items import Item, Kind, Seen
from wakeful.core.journal import free_key, join, place_of, spelling
from wakeful.core.lookups import ChildByName, CountChildren, NewIds
from wakeful.core.names import check_name
from wakeful.core.notes import annotate, check_unlocked
from wakeful.core.notes import copied as copied_notes
from wakeful.core.subtrees import all_children, check_depth, journal_below
from wakeful.core.telling import tell
from wakeful.core.watched import check_unwatched
from wakeful.core.writes import (
    JournalDrop,
    JournalMove,
    JournalPut,
    PutItems,
    RehomeSubtree,
    RemoveSubtree,
    Steps,
)


class TreeRules:
    """The rules, at work on one batch, whose `entries` then hold what is to be told."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._baseline_ids: list[int] = []

    def apply(self, changes: tuple[Change, ...]) -> Steps[Applied]:
        """Carry out *changes* in their order; raises the first error."""
        for index, change in enumerate(changes):
            try:
                result = yield from _RULES[type(change)](self, change)
            except WakefulError as error:
                error.change = index
                raise
            self._batch.results.append(result)
        return Applied(tuple(self._batch.results), tuple(self._baseline_ids))

    # --- the changes ---

    def create_folder(self, change: CreateFolder) -> Steps[Item]:
        above = yield from self._parent(change.parent, make=change.parents)
        return (yield from self._create_folder(above, change.name, change.at, change.seen))

    def upload(self, change: Upload) -> Steps[Item]:
        above = yield from self._parent(change.parent, make=change.parents)
        check_name(change.name)
        present: Item | None = yield ChildByName(above[-1].id, change.name)
        if present is not None:
            if not change.overwrite:
                raise NameTaken(f"{change.name!r} is there already", item=present, wanted=Kind.FILE)
            if present.is_folder:
                raise NameTaken(f"{change.name!r} is a folder", item=present, wanted=Kind.FILE)
            yield from check_unlocked(self._batch, present)
            return (
                yield from self._new_version(above, present, change.facts, change.at, change.seen)
            )
        fresh: int = yield NewIds(2)
        at = self._batch.at(change.at)
        item = yield from self._batch.placed(
            above,
            self._batch.new_item(fresh, above[-1], Kind.FILE, change.name, at, change.seen),
        )
        item = with_facts(replace(item, version=fresh + 1), change.facts, at)
        yield PutItems((item,))
        yield from self._batch.tell_item(ItemEvent.UPLOAD, item, above, at)
        return item

    def new_version(self, change: NewVersion) -> Steps[Item]:
        lineage = yield from self._batch.finder.active(change.item)
        item = lineage[-1]
        if item.is_folder:
            raise InvalidRequest("a folder has no content", field="item")
        check_revision(item, change.only_if)
        yield from check_unlocked(self._batch, item)
        return (
            yield from self._new_version(lineage[:-1], item, change.facts, change.at, change.seen)
        )

    def move(self, change: Move) -> Steps[Item]:
        lineage = yield from self._batch.finder.active(change.item)
        above, item = lineage[:-1], lineage[-1]
        if not above:
            raise RootStays("the root of a namespace stays where it is")
        check_revision(item, change.only_if)
        yield from check_unlocked(self._batch, item)
        to_above = above
        if change.parent is not None:
            to_above = yield from self._batch.finder.folder(change.parent)
        name = item.name if change.name is None else check_name(change.name)
        if to_above[-1].id == above[-1].id and name == item.name:
            return (yield from self._observed(item, seen=change.seen))
        check_outside(item, to_above, "moved")
        yield from check_free(to_above[-1], name, item.kind, item.id)
        if len(to_above) > len(above):
            yield from check_depth(item, to_above)
        if to_above[-1].namespace != item.namespace:
            return (yield from self._move_across(lineage, to_above, name, change))
        return (yield from self._move_within(lineage, to_above, name, change))

    def copy(self, change: Copy) -> Steps[Item]:
        lineage = yield from self._batch.finder.seen(change.item)
        check_active(lineage)
        item = lineage[-1]
        # Its content is on the disk alone, where the copy would not be.
        check_unwatched(item.namespace, self._batch.census.terms.watched)
        to_above = yield from self._batch.finder.folder(change.parent)
        check_outside(item, to_above, "copied")
        if len(lineage) == 1:
            raise RootStays("the root of a namespace cannot be copied")
        name = item.name if change.name is None else check_name(change.name)
        yield from check_free(to_above[-1], name, item.kind)
        at = self._batch.at(change.at)
        copied = yield from self._copy_tree(item, to_above, name, at)
        yield from self._batch.tell_item(ItemEvent.COPY, copied, to_above, at, before=lineage)
        return copied

    def trash(self, change: Trash) -> Steps[Item]:
        lineage = yield from self._batch.finder.active(change.item)
        if len(lineage) == 1:
            raise RootStays("the root of a namespace cannot be trashed")
        item = lineage[-1]
        check_revision(item, change.only_if)
        yield from check_unlocked(self._batch, item)
        if item.is_folder and not change.recursive:
            yield from check_empty(item)
        return (yield from self._trash(lineage, change.at))

    def restore(self, change: Restore) -> Steps[Item]:
        lineage = yield from self._batch.finder.found(change.item)
        item = lineage[-1]
        yield from self._batch.census.may_change(item.namespace)
        if item.trashed_at is None:
            raise Conflict("the item is not in the trash")
        above = lineage[:-1]
        is_gone = any(folder.trashed_at is not None for folder in above)
        if change.parent is None or (change.if_needed and not is_gone):
            if is_gone:
                raise NotFound("the folder that it was in is gone: name another")
        else:
            above = yield from self._batch.finder.folder(change.parent)
            if above[-1].namespace != item.namespace:
                raise ImpossibleMove("an item is restored within its namespace")
            check_outside(item, above, "restored")
        name = item.name
        if change.name is not None:
            check_name(change.name)
            taken: Item | None = yield ChildByName(above[-1].id, name)
            if taken is not None or not change.if_needed:
                name = change.name
        yield from check_free(above[-1], name, item.kind)
        yield from check_depth(item, above)
        at = self._batch.at(change.at)
        item = replace(
            item,
            parent=above[-1].id,
            name=name,
            revision=item.revision + 1,
            modified_at=at,
            modified_by=self._batch.actor.id,
            trashed_at=None,
        )
        item = yield from self._batch.placed(above, item)
        yield PutItems((item,))
        self._batch.census.forget_lineages()
        if item.is_folder:
            yield from journal_below(item, join(place_of(above), item.key))
        yield from self._batch.tell_item(ItemEvent.RESTORE, item, above, at)
        return item

    def delete(self, change: Delete) -> Steps[None]:
        lineage = yield from self._batch.finder.found(change.item)
        item = lineage[-1]
        yield from self._batch.census.may_change(item.namespace)
        if len(lineage) == 1:
            raise RootStays("the root of a namespace cannot be deleted")
        if change.from_trash and item.trashed_at is None:
            raise NotFound("the item is not in the trash")
        if not any(each.trashed_at is not None for each in lineage):
            yield from self._trash(lineage, change.at)
        self._batch.census.forget_lineages()
        yield RemoveSubtree(item.id)
        return None

    def observe(self, change: Observe) -> Steps[Item]:
        item = (yield from self._batch.finder.found(change.item))[-1]
        yield from self._batch.census.may_change(item.namespace)
        return (yield from self._observed(item, change.sha1, change.content_hash, seen=change.seen))

    def baseline(self, change: Baseline) -> Steps[Item]:
        above = yield from self._batch.finder.folder(change.parent)
        # Mostly the folder is empty, and only the entries themselves could be in the way.
        present: int = yield CountChildren(above[-1].id)
        taken: dict[str, Item] = {}
        first: int = yield NewIds(2 * len(change.entries))
        items = []
        for index, entry in enumerate(change.entries):
            check_name(entry.name)
            if present:
                yield from check_free(above[-1], entry.name, entry.kind)
            if entry.name in taken:
                raise NameTaken(
                    f"{entry.name!r} is there already", item=taken[entry.name], wanted=entry.kind
                )
            at = entry.facts.content_modified_at
            if at is None:
                at = self._batch.now
            item = self._batch.new_item(
                first + 2 * index, above[-1], entry.kind, entry.name, at, entry.seen
            )
            item = yield from self._batch.placed(above, item)
            if entry.kind is Kind.FILE:
                item = with_facts(replace(item, version=item.id + 1), entry.facts, at)
            items.append(item)
            taken[entry.name] = item
        yield PutItems(tuple(items))
        self._baseline_ids.extend(item.id for item in items)
        return above[-1]

    # --- doing ---

    def _parent(self, ref: Ref, *, make: bool) -> Steps[Lineage]:
        """The folder that a new item goes into, made with all that is missing above it."""
        if not make or not isinstance(ref, ByPath):
            return (yield from self._batch.finder.folder(ref))
        lineage, missing = yield from self._batch.finder.walk(ref)
        yield from self._batch.census.may_change(lineage[-1].namespace)
        check_active(lineage)
        check_folder(lineage)
        for name in missing:
            made = yield from self._create_folder(lineage, name, None, None)
            lineage = (*lineage, made)
        return lineage

    def _create_folder(
        self, above: Lineage, name: str, at: int | None, seen: Seen | None
    ) -> Steps[Item]:
        check_name(name)
        yield from check_free(above[-1], name, Kind.FOLDER)
        fresh: int = yield NewIds()
        when = self._batch.at(at)
        item = self._batch.new_item(fresh, above[-1], Kind.FOLDER, name, when, seen)
        item = yield from self._batch.placed(above, item)
        yield PutItems((item,))
        yield from self._batch.tell_item(ItemEvent.CREATE, item, above, when)
        return item

    def _new_version(
        self,
        above: Lineage,
        item: Item,
        facts: Facts,
        at: int | None,
        seen: Seen | None,
    ) -> Steps[Item]:
        version: int = yield NewIds()
        when = self._batch.at(at)
        item = with_facts(
            replace(
                item,
                revision=item.revision + 1,
                version=version,
                modified_at=when,
                modified_by=self._batch.actor.id,
                seen=seen or item.seen,
            ),
            facts,
            when,
        )
        yield PutItems((item,))
        place = join(place_of(above), item.key)
        yield JournalPut(item.namespace, place, item.id, spelling=spelling(item.name, item.key))
        yield from self._batch.tell_item(ItemEvent.UPLOAD, item, above, when)
        return item

    def _observed(
        self, item: Item, sha1: str = "", content_hash: str = "", *, seen: Seen | None
    ) -> Steps[Item]:
        """*item* with what a source learned of it, without a change."""
        observed = replace(
            item,
            sha1=sha1 or item.sha1,
            content_hash=content_hash or item.content_hash,
            seen=seen or item.seen,
        )
        if observed != item:
            yield PutItems((observed,))
            self._batch.census.forget_lineages()
        return observed

    def _move_within(
        self, lineage: Lineage, to_above: Lineage, name: str, change: Move
    ) -> Steps[Item]:
        item = lineage[-1]
        at = self._batch.at(change.at)
        folder = place_of(to_above)
        key = yield from free_key(item.namespace, folder, name, item=item.id)
        yield JournalMove(
            item.namespace,
            place_of(lineage),
            item.namespace,
            join(folder, key),
            spelling(name, key),
        )
        stays = to_above[-1].id == item.parent
        item = self._changed(item, to_above[-1], name, key, change, at)
        yield PutItems((item,))
        self._batch.census.forget_lineages()
        yield from self._batch.tell_item(
            ItemEvent.RENAME if stays else ItemEvent.MOVE, item, to_above, at, before=lineage
        )
        return item

    def _move_across(
        self, lineage: Lineage, to_above: Lineage, name: str, change: Move
    ) -> Steps[Item]:
        item, target = lineage[-1], to_above[-1]
        at = self._batch.at(change.at)
        correlation = next(self._batch.event_ids)
        folder = place_of(to_above)
        key = yield from free_key(target.namespace, folder, name)
        yield JournalMove(
            item.namespace,
            place_of(lineage),
            target.namespace,
            join(folder, key),
            spelling(name, key),
        )
        gone = replace(
            item,
            revision=item.revision + 1,
            modified_at=at,
            modified_by=self._batch.actor.id,
            trashed_at=at,
        )
        yield from self._batch.tell_item(ItemEvent.TRASH, gone, lineage[:-1], at, correlation)
        item = replace(
            self._changed(gone, target, name, key, change, at),
            namespace=target.namespace,
            trashed_at=None,
        )
        yield PutItems((item,))
        if item.is_folder:
            yield RehomeSubtree(item.id, target.namespace)
        self._batch.census.forget_lineages()
        arrived = ItemEvent.CREATE if item.is_folder else ItemEvent.UPLOAD
        yield from self._batch.tell_item(arrived, item, to_above, at, correlation)
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
            modified_by=self._batch.actor.id,
            seen=change.seen or item.seen,
        )

    def _trash(self, lineage: Lineage, at: int | None) -> Steps[Item]:
        when = self._batch.at(at)
        item = lineage[-1]
        yield JournalDrop(item.namespace, place_of(lineage))
        item = replace(
            item,
            revision=item.revision + 1,
            modified_at=when,
            modified_by=self._batch.actor.id,
            trashed_at=when,
        )
        yield PutItems((item,))
        self._batch.census.forget_lineages()
        yield from self._batch.tell_item(ItemEvent.TRASH, item, lineage[:-1], when)
        return item

    def _copy_tree(self, item: Item, to_above: Lineage, name: str, at: int) -> Steps[Item]:
        fresh: int = yield NewIds(2)
        copied = replace(
            self._batch.new_item(fresh, to_above[-1], item.kind, name, at, None),
            version=0 if item.is_folder else fresh + 1,
            size=item.size,
            sha1=item.sha1,
            content_hash=item.content_hash,
            content=item.content,
            notes=copied_notes(item.notes),
            content_created_at=item.content_created_at,
            content_modified_at=item.content_modified_at,
        )
        copied = yield from self._batch.placed(to_above, copied)
        yield PutItems((copied,))
        if item.is_folder:
            below = (*to_above, copied)
            # All are read before the first copy is written: a copy that lands beside them
            # must not be copied again.
            for child in (yield from all_children(item.id)):
                yield from self._copy_tree(child, below, child.name, at)
        return copied


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
    Annotate: lambda rules, change: annotate(rules._batch, change),
    Tell: lambda rules, change: tell(rules._batch, change),
}
