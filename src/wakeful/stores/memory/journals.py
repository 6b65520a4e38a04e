"""Journals in memory."""

from __future__ import annotations

from bisect import bisect_left, insort

from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import JournalAt, JournalPage, JournalRowsAt, ReadJournal
from wakeful.core.writes import JournalDrop, JournalMove, JournalPut, JournalPuts
from wakeful.stores.memory.undo import Undo

# Fewer new paths than this are put in place one by one; sorting all again costs more.
_FEW_PATHS = 32


class Journal:
    """The journal of one namespace.

    `_paths` may name paths that an undone command left behind or that were trimmed, and
    `_log` keeps the numbers that rows had earlier: readers check both against `rows`.
    `buried` tells when (ms) each tombstone was written.
    """

    def __init__(self) -> None:
        self.rows: dict[str, JournalRow] = {}
        self.buried: dict[str, int] = {}
        self.head = 0
        self.trimmed = 0
        self._paths: list[str] = []
        self._unsorted: list[str] = []
        self._log: list[tuple[int, str]] = []

    def put(
        self,
        undo: Undo,
        path: str,
        item: int | None,
        mount: int | None,
        spelling: str | None,
        now: int,
    ) -> None:
        """Give the row at *path* the next number and this content; no item: a tombstone."""
        if path not in self.rows:
            self._unsorted.append(path)
        undo.note(self._fall)
        self.head += 1
        undo.append(self._log, (self.head, path))
        undo.put(self.rows, path, JournalRow(path, self.head, item, mount, spelling))
        if item is None:
            undo.put(self.buried, path, now)
        else:
            undo.drop(self.buried, path)

    @classmethod
    def holding(
        cls, rows: list[JournalRow], head: int, trimmed: int, buried: dict[str, int]
    ) -> Journal:
        """A journal with these rows, which come in the order of their numbers."""
        journal = cls()
        journal.head, journal.trimmed, journal.buried = head, trimmed, buried
        journal.rows = {row.path: row for row in rows}
        journal._unsorted = list(journal.rows)
        journal._log = [(row.number, row.path) for row in rows]
        return journal

    def after(self, number: int, limit: int) -> tuple[JournalRow, ...]:
        """Up to *limit* rows with a greater number than *number*, in order."""
        found: list[JournalRow] = []
        for index in range(bisect_left(self._log, (number + 1, "")), len(self._log)):
            if len(found) >= limit:
                break
            at, path = self._log[index]
            row = self.rows.get(path)
            if row is not None and row.number == at:
                found.append(row)
        return tuple(found)

    def live(self, path: str) -> list[JournalRow]:
        """The row at *path* and all below it that are no tombstones, in order of path."""
        self._sort()
        below = path + "/"
        index = bisect_left(self._paths, below)
        paths = [path]
        while index < len(self._paths) and self._paths[index].startswith(below):
            paths.append(self._paths[index])
            index += 1
        rows = (self.rows.get(one) for one in dict.fromkeys(paths))
        return [row for row in rows if row is not None and row.item is not None]

    def tidy(self) -> None:
        """Forget numbers that rows had earlier. Only between commands: it cannot be undone."""
        if len(self._log) > 2 * len(self.rows) + 64:
            present = {(row.number, row.path) for row in self.rows.values()}
            self._log = [entry for entry in self._log if entry in present]

    def forget(self, path: str) -> None:
        """Remove the tombstone at *path*, the oldest that there is."""
        self.trimmed = max(self.trimmed, self.rows.pop(path).number)
        del self.buried[path]

    def _sort(self) -> None:
        if len(self._unsorted) > _FEW_PATHS:
            self._paths = sorted({*self._paths, *self._unsorted})
        else:
            for path in self._unsorted:
                insort(self._paths, path)
        self._unsorted = []

    def _fall(self) -> None:
        self.head -= 1


class Journals:
    """All journals. `grown` collects the namespaces whose journal the command at work wrote."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self.by_namespace: dict[int, Journal] = {}
        self.grown: set[int] = set()

    def at(self, lookup: JournalAt) -> JournalRow | None:
        journal = self.by_namespace.get(lookup.namespace)
        return None if journal is None else journal.rows.get(lookup.path)

    def at_any(self, lookup: JournalRowsAt) -> dict[str, JournalRow]:
        found = {path: self.at(JournalAt(lookup.namespace, path)) for path in lookup.paths}
        return {path: row for path, row in found.items() if row is not None}

    def read(self, lookup: ReadJournal) -> JournalPage:
        journal = self.by_namespace.get(lookup.namespace)
        if journal is None:
            return JournalPage((), head=0, trimmed=0)
        rows = journal.after(lookup.after, lookup.limit)
        return JournalPage(rows, journal.head, journal.trimmed)

    def trim(self, before: int, limit: int) -> int:
        """As `Store.trim_journals` says. Not part of a command: it cannot be undone."""
        old = sorted(
            (at, namespace, journal.rows[path].number, path)
            for namespace, journal in self.by_namespace.items()
            for path, at in journal.buried.items()
            if at < before
        )[:limit]
        for _, namespace, _, path in old:
            journal = self.by_namespace[namespace]
            journal.forget(path)
            journal.tidy()
        return len(old)

    def put(self, write: JournalPut, now: int) -> None:
        self._put(write.namespace, write.path, write.item, write.mount, write.spelling, now)

    def put_all(self, write: JournalPuts, now: int) -> None:
        for path, item, spelling in write.rows:
            self._put(write.namespace, path, item, None, spelling, now)

    def drop(self, write: JournalDrop, now: int) -> None:
        for row in self._live(write.namespace, write.path):
            self._put(write.namespace, row.path, None, None, row.spelling, now)

    def move(self, write: JournalMove, now: int) -> None:
        rows = self._live(write.namespace, write.path)
        if (write.namespace, write.path) != (write.to_namespace, write.to_path):
            for row in rows:
                self._put(write.namespace, row.path, None, None, row.spelling, now)
        for row in rows:
            path = write.to_path + row.path[len(write.path) :]
            spelling = write.spelling if path == write.to_path else row.spelling
            self._put(write.to_namespace, path, row.item, row.mount, spelling, now)

    def _live(self, namespace: int, path: str) -> list[JournalRow]:
        journal = self.by_namespace.get(namespace)
        return [] if journal is None else journal.live(path)

    def _put(
        self,
        namespace: int,
        path: str,
        item: int | None,
        mount: int | None,
        spelling: str | None,
        now: int,
    ) -> None:
        self.grown.add(namespace)
        journal = self.by_namespace.setdefault(namespace, Journal())
        journal.put(self._undo, path, item, mount, spelling, now)
