"""The rules for items that change their place: moved, copied, trashed, restored, deleted.

As all tree rules (`core.tree`), they are generators of look-ups and writes.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from wakeful.core.batch import Batch
from wakeful.core.changes import Copy, Delete, Held, Move, Restore, Trash
from wakeful.core.creation import observed
from wakeful.core.errors import Conflict, ImpossibleMove, NotFound, RootStays
from wakeful.core.events import ItemEvent
from wakeful.core.finding import (
    Lineage,
    check_active,
    check_empty,
    check_free,
    check_outside,
    check_revision,
)
from wakeful.core.items import Item
from wakeful.core.journal import free_key, join, place_of, spelling
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.trees import ChildByName, ItemById
from wakeful.core.names import check_name
from wakeful.core.notes import check_unlocked
from wakeful.core.notes import copied as copied_notes
from wakeful.core.quotas import check_room, check_room_to_move
from wakeful.core.roles import Right
from wakeful.core.sharing import rename_root, trash_root
from wakeful.core.subtrees import all_children, check_depth, hold, journal_below
from wakeful.core.watched import check_done
from wakeful.core.writes import (
    JournalDrop,
    JournalMove,
    PutItems,
    RehomeSubtree,
    RemoveSubtree,
    Steps,
)


def move(batch: Batch, change: Move) -> Steps[Item]:
    lineage = yield from batch.finder.active(change.item)
    above, item = lineage[:-1], lineage[-1]
    check_revision(item, change.only_if)
    yield from check_unlocked(batch, item)
    to_above = above
    if change.parent is not None:
        to_above = yield from batch.finder.folder(change.parent)
    name = item.name if change.name is None else check_name(change.name)
    if not above:
        return (yield from rename_root(batch, item, to_above, name, batch.at(change.at)))
    if to_above[-1].id == above[-1].id and name == item.name:
        return (yield from observed(batch, item, seen=change.seen))
    check_outside(item, to_above, "moved")
    yield from check_free(to_above[-1], name, item.kind, item.id)
    if len(to_above) > len(above):
        yield from check_depth(item, to_above)
    if to_above[-1].namespace != item.namespace:
        return (yield from _move_across(batch, lineage, to_above, name, change))
    return (yield from _move_within(batch, lineage, to_above, name, change))


def copy(batch: Batch, change: Copy) -> Steps[Item]:
    lineage = yield from batch.finder.seen(change.item)
    check_active(lineage)
    item = lineage[-1]
    yield from batch.census.check_right(item.namespace, Right.DOWNLOAD)
    # Its content is on the disk alone, where the copy would not be.
    check_done(item.namespace, batch.census.terms)
    to_above = yield from batch.finder.folder(change.parent)
    if len(lineage) == 1 and (yield from batch.census.namespace(item.namespace)).is_home:
        raise RootStays("the root of a home cannot be copied")
    check_outside(item, to_above, "copied")
    name = item.name if change.name is None else check_name(change.name)
    yield from check_free(to_above[-1], name, item.kind)
    at = batch.at(change.at)
    copied = yield from _copy_tree(batch, item, to_above, name, at, change.held or {})
    yield from batch.tell_item(ItemEvent.COPY, copied, to_above, at, before=lineage)
    return copied


def trash(batch: Batch, change: Trash) -> Steps[Item]:
    lineage = yield from batch.finder.active(change.item)
    item = lineage[-1]
    check_revision(item, change.only_if)
    yield from check_unlocked(batch, item)
    if item.is_folder and not change.recursive:
        yield from check_empty(item)
    if len(lineage) == 1:
        return (yield from trash_root(batch, item, batch.at(change.at)))
    return (yield from _trash(batch, lineage, change.at))


def restore(batch: Batch, change: Restore) -> Steps[Item]:
    lineage = yield from batch.finder.found(change.item)
    item = lineage[-1]
    yield from batch.census.may_change(item.namespace)
    if item.trashed_at is None:
        raise Conflict("the item is not in the trash")
    yield from check_unlocked(batch, item)
    above = lineage[:-1]
    is_gone = any(folder.trashed_at is not None for folder in above)
    if change.parent is None or (change.if_needed and not is_gone):
        if is_gone:
            raise NotFound("the folder that it was in is gone: name another")
    else:
        above = yield from batch.finder.folder(change.parent)
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
    at = batch.at(change.at)
    item = replace(
        item,
        parent=above[-1].id,
        name=name,
        revision=item.revision + 1,
        modified_at=at,
        modified_by=batch.actor.id,
        trashed_at=None,
    )
    item = yield from batch.placed(above, item)
    yield PutItems((item,))
    batch.census.forget_lineages()
    if item.is_folder:
        yield from journal_below(item, join(place_of(above), item.key))
    if change.held:
        yield from hold(change.held)
        batch.census.forget_lineages()
        item = (yield ItemById(item.id)) or item
    yield from batch.tell_item(ItemEvent.RESTORE, item, above, at)
    return item


def delete(batch: Batch, change: Delete) -> Steps[None]:
    lineage = yield from batch.finder.found(change.item)
    item = lineage[-1]
    yield from batch.census.may_change(item.namespace)
    if len(lineage) == 1:
        raise RootStays("the root of a namespace cannot be deleted")
    if change.from_trash and item.trashed_at is None:
        raise NotFound("the item is not in the trash")
    check_revision(item, change.only_if)
    yield from check_unlocked(batch, item)
    if not any(each.trashed_at is not None for each in lineage):
        yield from _trash(batch, lineage, change.at)
    batch.census.forget_lineages()
    yield RemoveSubtree(item.id)
    return None


def _move_within(
    batch: Batch, lineage: Lineage, to_above: Lineage, name: str, change: Move
) -> Steps[Item]:
    item = lineage[-1]
    at = batch.at(change.at)
    folder = place_of(to_above)
    yield from batch.check_case(item.namespace, folder, name, item)
    key = yield from free_key(item.namespace, folder, name, item=item.id)
    yield JournalMove(
        item.namespace,
        place_of(lineage),
        item.namespace,
        join(folder, key),
        spelling(name, key),
    )
    stays = to_above[-1].id == item.parent
    item = _changed(batch, item, to_above[-1], name, key, change, at)
    yield PutItems((item,))
    batch.census.forget_lineages()
    yield from batch.tell_item(
        ItemEvent.RENAME if stays else ItemEvent.MOVE, item, to_above, at, before=lineage
    )
    return item


def _move_across(
    batch: Batch, lineage: Lineage, to_above: Lineage, name: str, change: Move
) -> Steps[Item]:
    item, target = lineage[-1], to_above[-1]
    yield from check_room_to_move(batch.census, item, target.namespace)
    at = batch.at(change.at)
    correlation = next(batch.event_ids)
    folder = place_of(to_above)
    yield from batch.check_case(target.namespace, folder, name, item)
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
        modified_by=batch.actor.id,
        trashed_at=at,
    )
    yield from batch.tell_item(ItemEvent.TRASH, gone, lineage[:-1], at, correlation)
    item = replace(
        _changed(batch, gone, target, name, key, change, at),
        namespace=target.namespace,
        trashed_at=None,
    )
    yield PutItems((item,))
    if item.is_folder:
        yield RehomeSubtree(item.id, target.namespace)
    if change.held:
        yield from hold(change.held)
        item = (yield ItemById(item.id)) or item
    batch.census.forget_lineages()
    arrived = ItemEvent.CREATE if item.is_folder else ItemEvent.UPLOAD
    yield from batch.tell_item(arrived, item, to_above, at, correlation)
    return item


def _changed(
    batch: Batch, item: Item, parent: Item, name: str, key: str, change: Move, at: int
) -> Item:
    return replace(
        item,
        parent=parent.id,
        name=name,
        key=key,
        revision=item.revision + 1,
        modified_at=at,
        modified_by=batch.actor.id,
        seen=change.seen or item.seen,
    )


def _trash(batch: Batch, lineage: Lineage, at: int | None) -> Steps[Item]:
    when = batch.at(at)
    item = lineage[-1]
    yield JournalDrop(item.namespace, place_of(lineage))
    item = replace(
        item,
        revision=item.revision + 1,
        modified_at=when,
        modified_by=batch.actor.id,
        trashed_at=when,
    )
    yield PutItems((item,))
    batch.census.forget_lineages()
    yield from batch.tell_item(ItemEvent.TRASH, item, lineage[:-1], when)
    return item


def _copy_tree(
    batch: Batch,
    item: Item,
    to_above: Lineage,
    name: str,
    at: int,
    held: Mapping[int, Held],
    *,
    is_top: bool = True,
) -> Steps[Item]:
    fresh: int = yield NewIds(2)
    copied = replace(
        batch.new_item(fresh, to_above[-1], item.kind, name, at, None),
        version=0 if item.is_folder else fresh + 1,
        size=item.size,
        sha1=item.sha1,
        content_hash=item.content_hash,
        content=item.content,
        notes=copied_notes(item.notes),
        content_created_at=item.content_created_at,
        content_modified_at=item.content_modified_at,
    )
    if item.id in held:
        copied = replace(copied, seen=held[item.id].seen, content=held[item.id].content)
    yield from check_room(batch.census, copied.namespace, copied.size)
    copied = yield from batch.placed(to_above, copied, is_copied=not is_top)
    yield PutItems((copied,))
    if item.is_folder:
        below = (*to_above, copied)
        # All are read before the first copy is written: a copy that lands beside them
        # must not be copied again.
        for child in (yield from all_children(item.id)):
            yield from _copy_tree(batch, child, below, child.name, at, held, is_top=False)
    return copied
