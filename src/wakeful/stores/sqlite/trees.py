"""Items."""

from __future__ import annotations

from typing import Any

import msgspec

from wakeful.core.items import NO_NOTES, Item, Kind, Notes, Seen
from wakeful.core.lookups import ChildByName, ItemById, ItemsOf, Lineage, NamedContents
from wakeful.core.writes import PutItems, RehomeSubtree, RemoveSubtree
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

Row = tuple[Any, ...]

_sql = load("trees.sql")
_seen = msgspec.msgpack.Decoder(Seen)
_notes = msgspec.msgpack.Decoder(Notes)
_KINDS = (Kind.FILE, Kind.FOLDER)  # by the column is_folder


def item(at: Snapshot, lookup: ItemById) -> Item | None:
    row = at.db.execute(_sql.item, (lookup.id,)).fetchone()
    return None if row is None else item_of(row)


def child_by_name(at: Snapshot, lookup: ChildByName) -> Item | None:
    row = at.db.execute(_sql.child_by_name, (lookup.parent, lookup.name)).fetchone()
    return None if row is None else item_of(row)


def lineage(at: Snapshot, lookup: Lineage) -> tuple[Item, ...]:
    return tuple(map(item_of, at.db.execute(_sql.lineage, (lookup.id,))))


def items_of(at: Snapshot, lookup: ItemsOf) -> tuple[Item, ...]:
    asked = (lookup.namespace, lookup.after, lookup.limit)
    return tuple(map(item_of, at.db.execute(_sql.items_of, asked)))


def named_contents(at: Snapshot, lookup: NamedContents) -> frozenset[str]:
    asked = msgspec.json.encode(lookup.addresses).decode()
    return frozenset(row[0] for row in at.db.execute(_sql.named_contents, (asked,)))


def put_items(tx: Transaction, write: PutItems) -> None:
    tx.db.executemany(_sql.put_item, map(_row, write.items))


def remove_subtree(tx: Transaction, write: RemoveSubtree) -> None:
    tx.db.execute(_sql.remove_subtree, (write.item,))


def rehome_subtree(tx: Transaction, write: RehomeSubtree) -> None:
    tx.db.execute(_sql.rehome_subtree, {"item": write.item, "namespace": write.namespace})


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
