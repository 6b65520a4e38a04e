"""What looks at the disk mean for the recorded tree: which changes, in which order.

Rule 1: what is as recorded (inode, size, time of modification) is no change. Where only inode
or time differ and the hash does not, the new facts are recorded without an event.

Rule 2: a file keeps its item as long as its name stays or comes back: programs save by
writing a new file under the old name. It keeps its item under another name when the old
name is gone, or was taken by another known file.

Rule 3: a file moved over another: where it is younger than a minute it was a temporary file, so
the old item gets a new version and the young one is trashed; else the replaced item is trashed
and the moved one keeps its identity, as a person at a file manager expects. Two files that
changed places are two new versions.

Rule 4: a folder is what the system knows as the same folder, whatever its name. One that was
replaced by a new one of the same name, and is nowhere else, keeps its item.

The snapshot is changed at once, as if the changes were recorded already. Where recording
fails, the snapshot is thrown away and read anew.
"""

from __future__ import annotations

from wakeful.core.items import Item
from wakeful.sources.ground import was_seen
from wakeful.sources.looks import Shape, Sight
from wakeful.sources.marks import LOST_HOLD, Mark
from wakeful.sources.plan_files import FilePlans
from wakeful.sources.plan_folders import FolderPlans
from wakeful.sources.round import Op, Round
from wakeful.sources.skipped import Reason
from wakeful.sources.snapshot import Folder, pack, unpack

_MOST_TWICE = 10

_MOST_LOST = 250  # looks, 20 ms apart, into a folder that is not found anywhere


class Planner:
    """Turns marks with their sights into changes, and the snapshot into what they leave."""

    def __init__(self, round: Round, *, by_path: bool) -> None:
        """*by_path* tells that what is ignored depends on paths."""
        self._round = round
        self._marks = round.marks
        self._skipped = round.skipped
        self._folders = FolderPlans(round, relist_moved=by_path)
        self._files = FilePlans(round, self._folders)

    def plan(self, mark: Mark, sight: Sight, sha1s: dict[int, str], now: float) -> None:
        """Add what one look means. *sha1s* are recorded hashes by item, where they matter."""
        if self._marks.get(mark.folder, mark.name) is not mark:
            return  # settled by what was planned before it
        if mark.folder.gone:
            self._marks.settle(mark)
            return
        match sight.shape:
            case Shape.NOT_YET:
                self._marks.put_off(mark, now)
            case Shape.LOST:
                self._lost(mark, now)
            case Shape.TWICE:
                self._twice(mark, now)
            case Shape.ABSENT:
                self._absent(mark, now)
            case Shape.LEFT_OUT:
                self._left_out(mark, sight, now)
            case Shape.FILE:
                self._files.plan(mark, sight, sha1s, now)
            case Shape.FOLDER:
                self._folders.plan(mark, sight, now)

    def recorded(self, op: Op, item: Item | None, now: float) -> None:
        """The change of *op* was recorded; *item* is what it left."""
        if item is None:
            return
        if op.folder is not None:
            op.folder.item = item.id
        elif op.file is not None:
            folder, name = op.file
            packed = folder.entries.get(name)
            if isinstance(packed, bytes):
                folder.entries[name] = pack(item.id, *unpack(packed)[1:])
            self._files.made(item.id, now)

    # --- nothing there ---

    def _lost(self, mark: Mark, now: float) -> None:
        folder = mark.folder
        if mark.tries >= _MOST_LOST or folder.parent is None:
            self._marks.settle(mark)
            self._round.lost = True
            return
        # Its folder was moved or deleted; the notice of that is on its way, or was lost.
        self._marks.put_off(mark, now + LOST_HOLD, waiting=True)
        self._marks.found(folder.parent, folder.name, now, gone=False, since=mark.arrived)

    def _twice(self, mark: Mark, now: float) -> None:
        if mark.tries < _MOST_TWICE:
            # A folder above may have been moved between the two looks.
            self._marks.put_off(mark, now + LOST_HOLD, waiting=True)
            return
        self._skipped.add(Reason.OTHER_DISK, mark.folder.path(mark.name))  # a bind mount
        self._marks.settle(mark)

    def _absent(self, mark: Mark, now: float) -> None:
        entry = mark.folder.entries.get(mark.name)
        self._skipped.discard_all(mark.folder.path(mark.name))
        if entry is None or not was_seen(entry):
            self._marks.settle(mark)
        elif isinstance(entry, Folder) and self._folders.is_claimed(entry):
            self._marks.put_off(mark, now + LOST_HOLD, waiting=True)
        elif not mark.gone:
            self._marks.take_for_gone(mark, now)
        else:
            self._marks.settle(mark)
            self._round.trash(mark.folder, mark.name)

    def _left_out(self, mark: Mark, sight: Sight, now: float) -> None:
        assert sight.reason is not None
        entry = mark.folder.entries.get(mark.name)
        self._skipped.add(sight.reason, mark.folder.path(mark.name))
        replaced = sight.reason in (Reason.LINK, Reason.SPECIAL)
        if entry is None or not replaced:
            self._marks.settle(mark)
        elif not mark.gone:
            self._marks.take_for_gone(mark, now)
        else:
            self._marks.settle(mark)
            self._round.trash(mark.folder, mark.name)
