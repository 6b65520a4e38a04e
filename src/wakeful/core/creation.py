"""The rules for what is new in a tree: folders, files and versions, and what a source finds there.

As all tree rules (`core.tree`), they are generators of look-ups and writes.
"""

from __future__ import annotations

from itertools import zip_longest

from msgspec.structs import replace

from wakeful.core.batch import Batch, with_facts
from wakeful.core.changes import (
    Baseline,
    ByPath,
    CreateFolder,
    Facts,
    NewVersion,
    Observe,
    Recover,
    Upload,
)
from wakeful.core.errors import InvalidRequest, NameTaken
from wakeful.core.events import ItemEvent
from wakeful.core.finding import (
    Lineage,
    check_active,
    check_folder,
    check_free,
    check_revision,
    is_mounted,
)
from wakeful.core.items import Item, Kind, Seen
from wakeful.core.journal import join, place_of, spelling
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.trees import ChildByName, CountChildren
from wakeful.core.names import check_name
from wakeful.core.notes import check_unlocked
from wakeful.core.quotas import check_room
from wakeful.core.roles import Right
from wakeful.core.versions import keep_version, recovery
from wakeful.core.writes import JournalPut, PutItems, Steps


def create_folder(batch: Batch, change: CreateFolder) -> Steps[Item]:
    above = yield from _parent(batch, change)
    return (yield from _create_folder(batch, above, change.name, change.at, change.seen))


def upload(batch: Batch, change: Upload) -> Steps[Item]:
    above = yield from folder_of(batch, change)
    check_name(change.name)
    present: Item | None = yield ChildByName(above[-1].id, change.name)
    if present is not None:
        if not change.overwrite:
            raise NameTaken(f"{change.name!r} is there already", item=present, wanted=Kind.FILE)
        if present.is_folder:
            raise NameTaken(f"{change.name!r} is a folder", item=present, wanted=Kind.FILE)
        yield from batch.census.may_change(present.namespace)
        if present.notes.lock is not None:
            yield from check_unlocked(batch, present)
        return (
            yield from _new_version(batch, above, present, change.facts, change.at, change.seen)
        )
    if batch.census.terms.quota is not None:
        yield from check_room(batch.census, above[-1].namespace, change.facts.size)
    fresh: int = yield NewIds(2)
    at = batch.at(change.at)
    item = yield from batch.placed(
        above,
        batch.new_item(fresh, above[-1], Kind.FILE, change.name, at, change.seen),
    )
    item = with_facts(item, change.facts, at, version=fresh + 1)
    yield PutItems((item,))
    yield from batch.tell_item(ItemEvent.UPLOAD, item, above, at)
    return item


def new_version(batch: Batch, change: NewVersion, of: int | None = None) -> Steps[Item]:
    """*of* is the file that the content was of before, where it was."""
    lineage = yield from batch.finder.active(change.item)
    item = lineage[-1]
    if item.is_folder:
        raise InvalidRequest("a folder has no content", field="item")
    check_revision(item, change.only_if)
    yield from check_unlocked(batch, item)
    told = ItemEvent.REVERT if of == item.id else ItemEvent.UPLOAD
    above, facts = lineage[:-1], change.facts
    return (yield from _new_version(batch, above, item, facts, change.at, change.seen, told))


def recover(batch: Batch, change: Recover) -> Steps[Item]:
    found = yield from recovery(batch, change)
    if isinstance(found, NewVersion):
        return (yield from new_version(batch, found, change.of))
    return (yield from upload(batch, found))


def observe(batch: Batch, change: Observe) -> Steps[Item]:
    item = (yield from batch.finder.found(change.item))[-1]
    yield from batch.census.may_change(item.namespace)
    return (yield from observed(batch, item, change.sha1, change.content_hash, seen=change.seen))


def baseline(batch: Batch, change: Baseline) -> Steps[Item]:
    above = yield from batch.finder.folder(change.parent)
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
            at = batch.now
        item = batch.new_item(first + 2 * index, above[-1], entry.kind, entry.name, at, entry.seen)
        item = yield from batch.placed(above, item)
        if entry.kind is Kind.FILE:
            item = with_facts(replace(item, version=item.id + 1), entry.facts, at)
        items.append(item)
        taken[entry.name] = item
    yield PutItems(tuple(items))
    batch.baseline_ids.extend(item.id for item in items)
    return above[-1]


def folder_of(batch: Batch, change: Upload) -> Steps[Lineage]:
    """The folder that the file of *change* goes into, found once in a batch."""
    known = batch.census.folders.get((change.parent, change.parents))
    return (yield from _parent(batch, change)) if known is None else known


def _parent(batch: Batch, change: CreateFolder | Upload) -> Steps[Lineage]:
    """The folder that a new item goes into, made with all that is missing above it."""
    ref = change.parent
    folders = batch.census.folders
    if not change.parents or not isinstance(ref, ByPath):
        lineage = yield from batch.finder.folder(ref)
        if not is_mounted(ref, lineage):
            folders[ref, change.parents] = lineage
        return lineage
    lineage, missing = yield from batch.finder.walk(ref)
    yield from batch.census.may_change(lineage[-1].namespace, Right.UPLOAD)
    check_active(lineage)
    check_folder(lineage)
    for name, seen in zip_longest(missing, change.above[: len(missing)]):
        made = yield from _create_folder(batch, lineage, name, None, seen)
        lineage = (*lineage, made)
    if not is_mounted(ref, lineage):
        folders[ref, True] = lineage
    return lineage


def _create_folder(
    batch: Batch, above: Lineage, name: str, at: int | None, seen: Seen | None
) -> Steps[Item]:
    check_name(name)
    yield from check_free(above[-1], name, Kind.FOLDER)
    fresh: int = yield NewIds()
    when = batch.at(at)
    item = batch.new_item(fresh, above[-1], Kind.FOLDER, name, when, seen)
    item = yield from batch.placed(above, item)
    yield PutItems((item,))
    yield from batch.tell_item(ItemEvent.CREATE, item, above, when)
    return item


def _new_version(
    batch: Batch,
    above: Lineage,
    item: Item,
    facts: Facts,
    at: int | None,
    seen: Seen | None,
    told: ItemEvent = ItemEvent.UPLOAD,
) -> Steps[Item]:
    if batch.census.terms.quota is not None:
        yield from check_room(batch.census, item.namespace, facts.size - item.size)
    if item.content:
        yield from keep_version(batch, item)
    version: int = yield NewIds()
    when = batch.at(at)
    item = with_facts(
        item,
        facts,
        when,
        revision=item.revision + 1,
        version=version,
        modified_at=when,
        modified_by=batch.actor.id,
        seen=seen or item.seen,
    )
    yield PutItems((item,))
    place = join(place_of(above), item.key)
    yield JournalPut(item.namespace, place, item.id, spelling=spelling(item.name, item.key))
    yield from batch.tell_item(told, item, above, when)
    return item


def observed(
    batch: Batch, item: Item, sha1: str = "", content_hash: str = "", *, seen: Seen | None
) -> Steps[Item]:
    """*item* with what a source learned of it, without a change."""
    known = replace(
        item,
        sha1=sha1 or item.sha1,
        content_hash=content_hash or item.content_hash,
        seen=seen or item.seen,
    )
    if known != item:
        yield PutItems((known,))
        batch.census.forget_lineages()
    return known
