"""Comparing the whole tree with what is recorded of it, folder by folder.

A scan changes nothing itself: it finds names that must be looked at. Only when it has seen
everything are they given to the marks, so that what was moved is found at its new
place before it is missed at the old one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from wakeful.core.changes import Baseline, BaselineEntry, ById, Facts
from wakeful.core.items import Kind, Seen
from wakeful.sources.guard import Paused
from wakeful.sources.listings import Listing, Row
from wakeful.sources.snapshot import Folder, Snapshot, pack

SLICE_ENTRIES = 2_000
"""Recorded entries compared in one go: some 5 ms."""

_SLICE_FOLDERS = 64

BASELINE_ENTRIES = 1_000
"""Entries in one command."""

Finding = tuple[Folder, str, bool]
"""A name that is not as recorded; True: it is not there."""


class Scan:
    """One pass over the tree. With *baseline*, what is new becomes part of the baseline."""

    def __init__(self, root: Folder, started: float, *, baseline: bool = False) -> None:
        self.started = started
        self.baseline = baseline
        self.entries = 0
        self.findings: list[Finding] = []
        self._waiting: deque[Folder] = deque([root])
        self._rows: deque[tuple[Folder, list[Row]]] = deque()
        self._count = 0  # of all rows

    @property
    def done(self) -> bool:
        return not self._waiting and not self._rows

    def next_slice(self) -> list[Folder]:
        """The folders to compare next."""
        taken: list[Folder] = []
        weight = 0
        while self._waiting and len(taken) < _SLICE_FOLDERS and weight < SLICE_ENTRIES:
            folder = self._waiting.popleft()
            if not folder.gone:
                taken.append(folder)
                weight += len(folder.entries) + 1
        return taken

    def take(self, listing: Listing, noticed: Callable[[str], bool] = lambda name: False) -> None:
        """One folder was compared. Raises Paused where the root lost everything at once, unless all
        of it was *noticed*."""
        folder = listing.folder
        if listing.lost:
            if folder.parent is None:
                raise Paused("the folder is not there any more")
            self.findings.append((folder.parent, folder.name, False))
            return
        if listing.unreadable:
            return  # what is recorded in it stays
        if listing.is_bare and not all(noticed(name) for name in listing.gone):
            raise Paused("everything in the folder vanished without a notice")
        self.entries += listing.count
        self._waiting.extend(listing.inside)
        self.findings.extend((folder, name, True) for name in listing.gone)
        fresh: list[Row] = []
        for row in listing.found:
            if self.baseline and row[0] not in folder.entries:
                fresh.append(row)
            else:
                self.findings.append((folder, row[0], False))
        if fresh:
            self._rows.append((folder, fresh))
            self._count += len(fresh)

    def next_baseline(self, *, last: bool) -> list[tuple[Folder, list[Row]]]:
        """Rows for one command: about a thousand, fewer only where *last* asks for the rest."""
        if not last and self._count < BASELINE_ENTRIES:
            return []
        taken: list[tuple[Folder, list[Row]]] = []
        room = BASELINE_ENTRIES
        while self._rows and room:
            folder, rows = self._rows.popleft()
            taken.append((folder, rows[:room]))
            if len(rows) > room:
                self._rows.appendleft((folder, rows[room:]))
            room -= min(room, len(rows))
        self._count -= BASELINE_ENTRIES - room
        return taken

    def put_baseline(
        self, snapshot: Snapshot, taken: list[tuple[Folder, list[Row]]], ids: Iterator[int]
    ) -> None:
        """What *taken* became: items with those ids. Folders among them are compared next."""
        for parent, rows in taken:
            for name, is_folder, inode, size, mtime_ns in rows:
                item = next(ids)
                if is_folder:
                    folder = Folder(item, parent, name, inode)
                    snapshot.put_folder(folder)
                    self._waiting.append(folder)
                else:
                    snapshot.put_file(parent, name, pack(item, inode, size, mtime_ns))


def baseline_of(parent: Folder, rows: list[Row]) -> Baseline:
    """The change that records *rows* as items that were there before anybody watched."""
    return Baseline(
        parent=ById(parent.item),
        entries=tuple(
            BaselineEntry(
                Kind.FOLDER if is_folder else Kind.FILE,
                name,
                Facts(size=0 if is_folder else size, content_modified_at=mtime_ns // 1_000_000),
                Seen(inode, 0, 0) if is_folder else Seen(inode, size, mtime_ns),
            )
            for name, is_folder, inode, size, mtime_ns in rows
        ),
    )
