"""One round of changes: what is planned, and what must be done after it is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from wakeful.core.changes import ById, Change, Trash
from wakeful.sources.looks import Sight
from wakeful.sources.marks import NEW_HOLD, Mark, Marks, Place
from wakeful.sources.skipped import Skipped
from wakeful.sources.snapshot import Folder, Snapshot, unpack


@dataclass(slots=True)
class Op:
    """One change, and what becomes known by it: the id of a new file or folder."""

    change: Change
    file: Place | None = None
    folder: Folder | None = None


class Round:
    """What is planned, on one snapshot with its marks.

    `ops` are the changes, `to_unwatch` watches that must end, `to_hash` files to be hashed before
    they are announced, `to_observe` those that were announced without. `trashes` tells that
    something is missed; `lost` asks for a whole re-scan.
    """

    def __init__(self, snapshot: Snapshot, marks: Marks, skipped: Skipped) -> None:
        self.snapshot = snapshot
        self.marks = marks
        self.skipped = skipped
        self.begin()

    def begin(self) -> None:
        """Another round, with nothing planned."""
        self.ops: list[Op] = []
        self.to_unwatch: list[int] = []
        self.to_hash: list[tuple[Mark, Sight]] = []
        self.to_observe: list[Place] = []
        self.lost = False
        self.trashes = False

    def add(
        self, change: Change, *, file: Place | None = None, folder: Folder | None = None
    ) -> None:
        """Plan *change*, which makes that file or folder."""
        self.ops.append(Op(change, file, folder))

    def trash(self, folder: Folder, name: str) -> None:
        """What is recorded there is gone."""
        entry = folder.entries[name]
        if isinstance(entry, Folder):
            self.add(Trash(item=ById(entry.item)))
            self.to_unwatch += self.snapshot.drop_folder(entry)
        else:
            item, inode, _, _ = unpack(entry)
            self.add(Trash(item=ById(item)))
            self.marks.unindex(inode, (folder, name))
            self.snapshot.drop_file(folder, name)
        self.trashes = True

    def waits(self, mark: Mark, now: float) -> bool:
        """Whether what had the name may still be found elsewhere; the mark is put off then."""
        if not self.marks.appearing_before(mark):
            return False
        self.marks.put_off(mark, now + NEW_HOLD / 2, waiting=True)
        return True
