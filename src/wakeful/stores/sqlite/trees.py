"""Items."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from wakeful.core.errors import QuotaExceeded
from wakeful.core.items import NO_NOTES, Item, Kind, Notes, Seen, Version
from wakeful.core.lookups.trees import (
    ChildByName,
    ChildrenByName,
    ItemById,
    ItemsOf,
    Lineage,
    NamedContents,
    Space,
    SpaceOf,
    SpaceUsed,
    SubtreeSize,
    TrashedBefore,
    VersionById,
    VersionsOf,
)
from wakeful.core.writes import PutItems, PutVersion, RehomeSubtree, RemoveSubtree
from wakeful.stores.driver import SPACE_FULL
from wakeful.stores.sqlite.comments import remove_below
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

Row = tuple[Any, ...]

_sql = load("trees.sql")
_seen = msgspec.msgpack.Decoder(Seen)
_notes = msgspec.msgpack.Decoder(Notes)
_GREATEST = 2**63 - 1  # no id ever comes near it
_KINDS = (Kind.FILE, Kind.FOLDER)  # by the column is_folder


def item(at: Snapshot, lookup: ItemById) -> Item | None:
    row = at.db.execute(_sql.item, (lookup.id,)).fetchone()
    return None if row is None else item_of(row)


def child_by_name(at: Snapshot, lookup: ChildByName) -> Item | None:
    row = at.db.execute(_sql.child_by_name, (lookup.parent, lookup.name)).fetchone()
    return None if row is None else item_of(row)


def children_by_name(at: Snapshot, lookup: ChildrenByName) -> dict[str, Item]:
    asked = (msgspec.json.encode(lookup.names).decode(), lookup.parent)
    items = map(item_of, at.db.execute(_sql.children_by_name, asked))
    return {item.name: item for item in items}


def lineage(at: Snapshot, lookup: Lineage) -> tuple[Item, ...]:
    return tuple(map(item_of, at.db.execute(_sql.lineage, (lookup.id,))))


def known_lineage(tx: Transaction, lookup: Lineage) -> tuple[Item, ...]:
    known = tx.known.lineage(lookup.id)
    if known is None:
        known = lineage(tx, lookup)
        tx.known.learn_lineage(known)
    return known


def items_of(at: Snapshot, lookup: ItemsOf) -> tuple[Item, ...]:
    asked = (lookup.namespace, lookup.after, lookup.limit)
    return tuple(map(item_of, at.db.execute(_sql.items_of, asked)))


def named_contents(at: Snapshot, lookup: NamedContents) -> frozenset[str]:
    asked = msgspec.json.encode(lookup.addresses).decode()
    return frozenset(row[0] for row in at.db.execute(_sql.named_contents, (asked,)))


def trashed_before(at: Snapshot, lookup: TrashedBefore) -> tuple[Item, ...]:
    asked = (lookup.before, *lookup.after, lookup.limit)
    return tuple(map(item_of, at.db.execute(_sql.trashed_before, asked)))


def space_used(at: Snapshot, lookup: SpaceUsed) -> int:
    used: int | None = at.db.execute(_sql.space_used, (lookup.namespace,)).get
    return used or 0


def space_of(at: Snapshot, lookup: SpaceOf) -> tuple[Space, ...]:
    asked = msgspec.json.encode(lookup.owners).decode()
    return tuple(Space(*row) for row in at.db.execute(_sql.space_of, (asked,)))


def subtree_size(at: Snapshot, lookup: SubtreeSize) -> int:
    size: int = at.db.execute(_sql.size_below, (lookup.item,)).get
    return size


def put_items(tx: Transaction, write: PutItems) -> None:
    """Raises QuotaExceeded where a namespace would hold more than can be counted: a sum beyond
    64 bits is a fraction to SQLite, for which its column has no room."""
    items = write.items
    tx.known.changed(items)
    try:
        changed = [_changed(item) for item in items if item.revision]
        if changed:
            done = {id for (id,) in tx.db.executemany(_sql.change_item, changed)}
            items = tuple([item for item in items if item.id not in done])
        if items:
            tx.db.executemany(_sql.put_item, map(_row, items))
    except apsw.ConstraintError as error:
        raise QuotaExceeded(SPACE_FULL) from error


def version(at: Snapshot, lookup: VersionById) -> Version | None:
    row = at.db.execute(_sql.version, (lookup.item, lookup.id)).fetchone()
    return None if row is None else Version(*row)


def versions_of(at: Snapshot, lookup: VersionsOf) -> tuple[Version, ...]:
    before = _GREATEST if lookup.before is None else lookup.before
    rows = at.db.execute(_sql.versions_of, (lookup.item, before, lookup.limit))
    return tuple(Version(*row) for row in rows)


def put_version(tx: Transaction, write: PutVersion) -> None:
    tx.db.execute(_sql.put_version, msgspec.structs.astuple(write.version))


def trim_versions(tx: Transaction, before: int, limit: int) -> int:
    """As `Store.trim_versions` says."""
    gone: list[tuple[int, int]] = [*tx.db.execute(_sql.oldest_versions, (before, limit))]
    if gone:
        tx.write()
        tx.db.executemany(_sql.remove_version, gone)
    return len(gone)


def remove_subtree(tx: Transaction, write: RemoveSubtree) -> None:
    tx.known.forget_lineages()
    remove_below(tx, write.item)  # while it is known what is below
    tx.db.execute(_sql.remove_versions_below, (write.item,))
    tx.db.execute(_sql.remove_subtree, (write.item,))


def rehome_subtree(tx: Transaction, write: RehomeSubtree) -> None:
    """As `put_items`."""
    tx.known.forget_lineages()
    try:
        tx.db.execute(_sql.rehome_subtree, {"item": write.item, "namespace": write.namespace})
    except apsw.ConstraintError as error:
        raise QuotaExceeded(SPACE_FULL) from error


def item_of(row: Row) -> Item:
    """The item in a row of its columns, in the order of the table."""
    before, is_folder, after = row[:3], row[3], row[4:18]
    seen, content, notes = row[18:]
    known = None if seen is None else _seen.decode(seen)
    noted = NO_NOTES if notes is None else _notes.decode(notes)
    fields = (*before, _KINDS[is_folder], *after, known, content, noted)
    return Item(*fields)


def _row(item: Item) -> Row:
    return (
        item.id,
        item.namespace,
        item.parent,
        item.is_folder,
        item.name,
        item.key,
        item.revision,
        item.version,
        item.size,
        item.sha1,
        item.content_hash,
        item.created_at,
        item.modified_at,
        item.content_created_at,
        item.content_modified_at,
        item.created_by,
        item.modified_by,
        item.trashed_at,
        None if item.seen is None else msgspec.msgpack.encode(item.seen),
        item.content,
        None if item.notes == NO_NOTES else msgspec.msgpack.encode(item.notes),
    )


def _changed(item: Item) -> Row:
    """For `change_item`: what may have changed, and where the item must be."""
    return (
        item.key,
        item.revision,
        item.version,
        item.size,
        item.sha1,
        item.content_hash,
        item.created_at,
        item.modified_at,
        item.content_created_at,
        item.content_modified_at,
        item.created_by,
        item.modified_by,
        None if item.seen is None else msgspec.msgpack.encode(item.seen),
        item.content,
        None if item.notes == NO_NOTES else msgspec.msgpack.encode(item.notes),
        item.id,
        item.namespace,
        item.parent,
        item.is_folder,
        item.name,
        item.trashed_at,
    )
