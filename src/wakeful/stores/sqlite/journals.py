"""Journals: every set-based write is a few statements, whatever the size of the subtree."""

from __future__ import annotations

import msgspec

from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import JournalAt, JournalPage, JournalRowsAt, ReadJournal
from wakeful.core.writes import JournalDrop, JournalMove, JournalPut, JournalPuts
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import JournalRow as JournalHead
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

_sql = load("journals.sql")


def at(at: Snapshot, lookup: JournalAt) -> JournalRow | None:
    row = at.db.execute(_sql.at, (lookup.namespace, lookup.path)).fetchone()
    return None if row is None else JournalRow(*row)


def at_any(at: Snapshot, lookup: JournalRowsAt) -> dict[str, JournalRow]:
    asked = (msgspec.json.encode(lookup.paths).decode(), lookup.namespace)
    return {row[0]: JournalRow(*row) for row in at.db.execute(_sql.at_any, asked)}


def page(at: Snapshot, lookup: ReadJournal) -> JournalPage:
    head, trimmed = at.journal(lookup.namespace)
    rows = at.db.execute(_sql.page, (lookup.namespace, lookup.after, lookup.limit))
    return JournalPage(tuple(JournalRow(*row) for row in rows), head, trimmed)


def put(tx: Transaction, write: JournalPut) -> None:
    number = _grow(tx, write.namespace, 1) + 1
    row = (write.namespace, write.path, number, write.item, write.mount, write.spelling)
    tx.db.execute(_sql.put, row)


def put_all(tx: Transaction, write: JournalPuts) -> None:
    head = _grow(tx, write.namespace, len(write.rows))
    rows = [
        (write.namespace, path, number, item, None, spelling)
        for number, (path, item, spelling) in enumerate(write.rows, head + 1)
    ]
    tx.db.executemany(_sql.put, rows)


def drop(tx: Transaction, write: JournalDrop) -> None:
    if count := _gather(tx, write.namespace, write.path):
        _bury(tx, write.namespace, count)
        tx.db.execute(_sql.forget)


def move(tx: Transaction, write: JournalMove) -> None:
    count = _gather(tx, write.namespace, write.path)
    if not count:
        return
    if (write.namespace, write.path) != (write.to_namespace, write.to_path):
        _bury(tx, write.namespace, count)
    place = {
        "path": write.path,
        "to_namespace": write.to_namespace,
        "to_path": write.to_path,
        "head": _grow(tx, write.to_namespace, count),
        "spelling": write.spelling,
    }
    tx.db.execute(_sql.place, place)
    tx.db.execute(_sql.forget)


def _gather(tx: Transaction, namespace: int, path: str) -> int:
    """Gather the live rows of a subtree; how many there are. They are told by rank from then on:
    one sort serves both of their places."""
    tx.db.execute(_sql.gather, {"namespace": namespace, "path": path})
    return tx.db.changes()


def _bury(tx: Transaction, namespace: int, count: int) -> None:
    head = _grow(tx, namespace, count)
    tx.db.execute(_sql.bury, {"namespace": namespace, "head": head, "now": tx.now})


def trim(tx: Transaction, before: int, limit: int) -> int:
    """As `Store.trim_journals` says."""
    gone: list[tuple[int, int]] = [*tx.db.execute(_sql.oldest_tombstones, (before, limit))]
    if not gone:
        return 0
    tx.settle()  # the heads of other commands must not be undone with this one
    tx.write()
    tx.db.executemany(_sql.remove, gone)
    for namespace, number in gone:
        row = tx.journal(namespace)
        tx.put_journal(namespace, row._replace(trimmed=max(row.trimmed, number)))
    return len(gone)


def _grow(tx: Transaction, namespace: int, count: int) -> int:
    """Take *count* numbers; returns the last one taken before."""
    row = tx.journal(namespace)
    if count:
        tx.put_journal(namespace, JournalHead(row.head + count, row.trimmed))
    return row.head
