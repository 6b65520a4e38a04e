"""Journals in memory."""

from __future__ import annotations

from bisect import bisect_left, insort

from wakeful.core.items import JournalRow
from wakeful.core.lookups import JournalAt, JournalPage, ReadJournal
from wakeful.core.writes import JournalDrop, JournalMove, JournalPut
from wakeful.stores.memory.undo import Undo

# Fewer new paths than this are put in place one by one; sorting all again costs more.
_FEW_PATHS = 32


class Journal:
    """The journal of one namespace.

    `_paths` may name paths that an undone command left behind, and `_log` keeps
    the numbers that rows had earlier: readers check both against `rows`.
    """

    def __init__(self) -> None:
        self.rows: dict[str, JournalRow] = {}
        self.head = 0
        self._paths: list[str] = []
        self._unsorted: list[str] = []
        self._log: list[tuple[int, str]] = []

    def put(self, undo: Undo, path: str, item: int | None, mount: int | None) -> None:
        """Give the row at *path* the next number and this content; no item: a tombstone."""
        if path not in self.rows:
            self._unsorted.append(path)
        undo.note(self._fall)
        self.head += 1
        undo.append(self._log, (self.head, path))
        undo.put(self.rows, path, JournalRow(path, self.head, item, mount))

    @classmethod
    def holding(cls, rows: list[JournalRow], head: int) -> Journal:
        """A journal with these rows, which come in the order of their numbers."""
        journal = cls()
        journal.head = head
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
            row = self.rows[path]
            if row.number == at:
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
            self._log = [entry for entry in self._log if self.rows[entry[1]].number == entry[0]]

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

    def read(self, lookup: ReadJournal) -> JournalPage:
        journal = self.by_namespace.get(lookup.namespace)
        if journal is None:
            return JournalPage((), head=0, trimmed=0)
        return JournalPage(journal.after(lookup.after, lookup.limit), journal.head, trimmed=0)

    def put(self, write: JournalPut) -> None:
        self._put(write.namespace, write.path, write.item, write.mount)

    def drop(self, write: JournalDrop) -> None:
        for row in self._live(write.namespace, write.path):
            self._put(write.namespace, row.path, None, None)

    def move(self, write: JournalMove) -> None:
        rows = self._live(write.namespace, write.path)
        if (write.namespace, write.path) != (write.to_namespace, write.to_path):
            for row in rows:
                self._put(write.namespace, row.path, None, None)
        for row in rows:
            path = write.to_path + row.path[len(write.path) :]
            self._put(write.to_namespace, path, row.item, row.mount)

    def _live(self, namespace: int, path: str) -> list[JournalRow]:
        journal = self.by_namespace.get(namespace)
        return [] if journal is None else journal.live(path)

    def _put(self, namespace: int, path: str, item: int | None, mount: int | None) -> None:
        self.grown.add(namespace)
        self.by_namespace.setdefault(namespace, Journal()).put(self._undo, path, item, mount)
