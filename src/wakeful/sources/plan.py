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

from collections import OrderedDict
from dataclasses import dataclass

from wakeful.core.changes import (
    ById,
    Change,
    CreateFolder,
    Facts,
    Move,
    NewVersion,
    Observe,
    Trash,
    Upload,
)
from wakeful.core.items import Item, Seen
from wakeful.sources.disk import Shape, Sight, was_seen
from wakeful.sources.marks import GONE_HOLD, LOST_HOLD, NEW_HOLD, Mark, Marks
from wakeful.sources.skipped import Reason, Skipped
from wakeful.sources.snapshot import Folder, Snapshot, pack, unpack

YOUNG_SECONDS = 60.0
"""Rule 3: a file that appeared less than this ago, and is renamed over another, was temporary."""

_MOST_YOUNG = 50_000

PACE_SECONDS = 1.0
"""A file that is being written is announced once in that time, bigger ones more rarely."""

_PACE_BYTES = 10 * 1024 * 1024
"""Bytes a second that are read again of a file that goes on growing."""

LARGE_BYTES = 1024 * 1024 * 1024
"""Files beyond this (some 2 s) are announced without hashes, which are added without an event."""

_MOST_TWICE = 10

_MOST_LOST = 250  # looks, 20 ms apart, into a folder that is not found anywhere


@dataclass(slots=True)
class Op:
    """One change, and what becomes known by it: the id of a new file or folder."""

    change: Change
    file: tuple[Folder, str] | None = None
    folder: Folder | None = None


class Planner:
    """Turns marks with their sights into changes, and the snapshot into what they leave.

    `ops` are the changes of the present round, `to_unwatch` watches that must end, `to_hash`
    files to be hashed before they are announced, `to_observe` those that were announced without.
    `lost` asks for a whole re-scan.
    """

    def __init__(self, snapshot: Snapshot, marks: Marks, skipped: Skipped, by_path: bool) -> None:
        self._snapshot = snapshot
        self._marks = marks
        self._skipped = skipped
        self._relist_moved = by_path
        self._young: OrderedDict[int, float] = OrderedDict()
        self._claimed: dict[Folder, Mark] = {}
        self.begin()

    def begin(self) -> None:
        """A new round."""
        self.ops: list[Op] = []
        self.to_unwatch: list[int] = []
        self.to_hash: list[tuple[Mark, Sight]] = []
        self.to_observe: list[tuple[Folder, str]] = []
        self.lost = False
        self.trashes = False

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
                self._file(mark, sight, sha1s, now)
            case Shape.FOLDER:
                self._folder(mark, sight, now)

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
            self._young[item.id] = now
            self._young.move_to_end(item.id)
            if len(self._young) > _MOST_YOUNG:
                self._young.popitem(last=False)

    # --- nothing there ---

    def _lost(self, mark: Mark, now: float) -> None:
        folder = mark.folder
        if mark.tries >= _MOST_LOST or folder.parent is None:
            self._marks.settle(mark)
            self.lost = True
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
        elif isinstance(entry, Folder) and self._is_claimed(entry):
            self._marks.put_off(mark, now + LOST_HOLD, waiting=True)
        elif not mark.gone:
            self._marks.take_for_gone(mark, now)
        else:
            self._marks.settle(mark)
            self._trash(mark.folder, mark.name)

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
            self._trash(mark.folder, mark.name)

    def _trash(self, folder: Folder, name: str) -> None:
        entry = folder.entries[name]
        if isinstance(entry, Folder):
            self.ops.append(Op(Trash(item=ById(entry.item))))
            self.to_unwatch += self._snapshot.drop_folder(entry)
        else:
            item, inode, _, _ = unpack(entry)
            self.ops.append(Op(Trash(item=ById(item))))
            self._marks.unindex(inode, (folder, name))
            self._snapshot.drop_file(folder, name)
        self.trashes = True

    # --- files ---

    def _file(self, mark: Mark, sight: Sight, sha1s: dict[int, str], now: float) -> None:
        folder, name = mark.folder, mark.name
        entry = folder.entries.get(name)
        if sight.same:
            self._done(mark, sight, now)
            return
        if sight.busy and not mark.writing:
            mark.writing = 1
            self._marks.put_off(mark, now + PACE_SECONDS)
            return
        if isinstance(entry, Folder):
            if self._waits(mark, now):
                return
            self._clear(mark, entry, now)
            entry = None
        origin = self._moved_from(mark, sight)
        if origin is None and self._look_again(mark, sight, now):
            return
        if sight.big and (origin is None or entry is not None) and self._hash_first(mark, sight):
            return
        if origin is None:
            if entry is None:
                self._upload(mark, sight)
            else:
                self._new_version(mark, entry, sight, sha1s)
        else:
            self._moved(mark, entry, origin, sight, sha1s, now)
        self._done(mark, sight, now)

    def _moved_from(self, mark: Mark, sight: Sight) -> tuple[Folder, str] | None:
        """Where the file is recorded, if its item shall come here (rule 2)."""
        origin = sight.origin
        if origin is None:
            return None
        recorded = origin[0].entries.get(origin[1])
        if origin[0].gone or not isinstance(recorded, bytes):
            return None
        if unpack(recorded)[1] != sight.inode:
            return None  # planned otherwise since the look
        if not sight.origin_inode:
            return origin
        if sight.origin_inode == sight.inode:
            return None  # a second hard link
        # The old name was taken: by another known file, or by the next version of this one.
        other = self._marks.vanished.get(sight.origin_inode)
        return origin if other is not None and other != origin else None

    def _look_again(self, mark: Mark, sight: Sight, now: float) -> bool:
        """Put off a file that seemed to be moved, where that cannot be decided yet."""
        if not (sight.hashed or sight.big or sight.unreadable):
            self._marks.put_off(mark, now)  # not read, because it seemed to be moved only
            return True
        taken = sight.origin is not None and sight.origin_inode not in (0, sight.inode)
        if taken and not mark.tries:
            # What took its old name may be a known file too, whose notice is on the way.
            self._marks.put_off(mark, now + NEW_HOLD)
            return True
        return False

    def _moved(
        self,
        mark: Mark,
        entry: bytes | None,
        origin: tuple[Folder, str],
        sight: Sight,
        sha1s: dict[int, str],
        now: float,
    ) -> None:
        if entry is not None:
            target = unpack(entry)
            if sight.origin_inode == target[1]:  # they changed places
                self._new_version(mark, entry, sight, sha1s)
                return
            packed = origin[0].entries[origin[1]]
            assert isinstance(packed, bytes)
            if now - self._young.get(unpack(packed)[0], -YOUNG_SECONDS) < YOUNG_SECONDS:
                self._new_version(mark, entry, sight, sha1s)
                if not sight.origin_inode:
                    self._trash(*origin)
                return
            self._trash(mark.folder, mark.name)
        self._move(mark, origin, sight)

    def _move(self, mark: Mark, origin: tuple[Folder, str], sight: Sight) -> None:
        from_folder, from_name = origin
        packed = from_folder.entries[from_name]
        assert isinstance(packed, bytes)
        item, inode, size, mtime_ns = unpack(packed)
        self._marks.unindex(inode, origin)
        self._snapshot.drop_file(from_folder, from_name)
        seen = Seen(sight.inode, sight.size, sight.mtime_ns)
        self.ops.append(
            Op(
                Move(
                    item=ById(item),
                    parent=None if from_folder is mark.folder else ById(mark.folder.item),
                    name=mark.name,
                    seen=seen,
                )
            )
        )
        if (size, mtime_ns) != (sight.size, sight.mtime_ns):
            self._count_unhashed(mark, sight)
            self.ops.append(Op(NewVersion(item=ById(item), facts=_facts(sight), seen=seen)))
        self._put(mark, item, sight)

    def _upload(self, mark: Mark, sight: Sight) -> None:
        seen = Seen(sight.inode, sight.size, sight.mtime_ns)
        change = Upload(
            parent=ById(mark.folder.item), name=mark.name, facts=_facts(sight), seen=seen
        )
        self._count_unhashed(mark, sight)
        self.ops.append(Op(change, file=(mark.folder, mark.name)))
        self._put(mark, 0, sight)

    def _new_version(self, mark: Mark, entry: bytes, sight: Sight, sha1s: dict[int, str]) -> None:
        item, inode, size, _ = unpack(entry)
        seen = Seen(sight.inode, sight.size, sight.mtime_ns)
        self._marks.unindex(inode, (mark.folder, mark.name))
        change: Change
        if sight.hashed and size == sight.size and sha1s.get(item) == sight.sha1:
            change = Observe(item=ById(item), seen=seen)
        else:
            self._count_unhashed(mark, sight)
            change = NewVersion(item=ById(item), facts=_facts(sight), seen=seen)
        self.ops.append(Op(change))
        self._put(mark, item, sight)

    def _put(self, mark: Mark, item: int, sight: Sight) -> None:
        packed = pack(item, sight.inode, sight.size, sight.mtime_ns)
        self._snapshot.put_file(mark.folder, mark.name, packed)

    def _count_unhashed(self, mark: Mark, sight: Sight) -> None:
        path = mark.folder.path(mark.name)
        if sight.unreadable:
            self._skipped.add(Reason.UNREADABLE_FILE, path)
        else:
            self._skipped.discard_all(path)
            if not sight.hashed:
                self.to_observe.append((mark.folder, mark.name))

    def _hash_first(self, mark: Mark, sight: Sight) -> bool:
        """Have a big file hashed before it is announced, unless it is too large for that."""
        if sight.hashed or sight.size > LARGE_BYTES:
            return False
        self.to_hash.append((mark, sight))
        # Whoever hashes brings the mark back; this is for the case that it cannot.
        self._marks.put_off(mark, float("inf"), waiting=True)
        return True

    def _done(self, mark: Mark, sight: Sight, now: float) -> None:
        """Settle the mark, or come back to a file that is still being written."""
        if not sight.busy:
            self._marks.settle(mark)
            return
        mark.writing += 1
        idle = min(mark.writing, 5) if sight.same else 1
        if not sight.same:
            mark.writing = 1
        self._marks.put_off(mark, now + max(PACE_SECONDS * idle, sight.size / _PACE_BYTES))

    # --- folders ---

    def _folder(self, mark: Mark, sight: Sight, now: float) -> None:
        folder, name = mark.folder, mark.name
        entry = folder.entries.get(name)
        self._skipped.discard_all(folder.path(name))
        if isinstance(entry, Folder) and (sight.same or sight.node is entry):
            self._marks.settle(mark)
            if sight.wd is not None:
                self._snapshot.set_watch(entry, sight.wd)
            if entry.wd is None or not entry.listed:
                self._marks.must_list(entry, mark.arrived)
            return
        node = sight.node
        if node is not None and not node.gone and node.parent is not None:
            if node in folder.above():
                # What it was moved into is still recorded below it: that goes first.
                self._marks.put_off(mark, now + LOST_HOLD, waiting=True)
                self._claimed[node] = mark
            elif self._make_room_for(node, mark, entry, sight, now):
                self._move_folder(node, mark, sight)
            return
        if entry is not None and not self._make_room(mark, entry, sight, now):
            return
        self._marks.settle(mark)
        created = Folder(0, folder, name, sight.inode)
        self._snapshot.put_folder(created)
        if sight.wd is not None:
            self._snapshot.set_watch(created, sight.wd)
        self.ops.append(
            Op(
                CreateFolder(parent=ById(folder.item), name=name, seen=Seen(sight.inode, 0, 0)),
                folder=created,
            )
        )
        self._marks.must_list(created, mark.arrived)

    def _move_folder(self, node: Folder, mark: Mark, sight: Sight) -> None:
        self._marks.settle(mark)
        self._claimed.pop(node, None)
        assert node.parent is not None
        self._settle_at(node)
        stays = node.parent is mark.folder
        self._snapshot.move_folder(node, mark.folder, mark.name)
        listed = node.listed and node.wd is not None
        if sight.wd is not None:
            self._snapshot.set_watch(node, sight.wd)
        if not listed or self._relist_moved:
            self._marks.must_list(node, mark.arrived)
        self.ops.append(
            Op(
                Move(
                    item=ById(node.item),
                    parent=None if stays else ById(mark.folder.item),
                    name=mark.name,
                    seen=Seen(sight.inode, 0, 0),
                )
            )
        )

    def _make_room_for(
        self, node: Folder, mark: Mark, entry: bytes | Folder | None, sight: Sight, now: float
    ) -> bool:
        """Free the name that a known folder was moved to; False: later."""
        if entry is None:
            return True
        if isinstance(entry, Folder) and (
            sight.origin_inode == entry.inode  # they changed places
            or entry in node.above()  # it came out of what it replaced
        ):
            self._step_aside(entry, now)
            return True
        if self._waits(mark, now):
            self._claimed[node] = mark
            return False
        if isinstance(entry, Folder) and entry.wd is not None:
            self._step_aside(entry, now)
        else:
            self._clear(mark, entry, now)
        return True

    def _make_room(self, mark: Mark, entry: bytes | Folder, sight: Sight, now: float) -> bool:
        """Free the name that a new folder took. False: later, or the old item stays (rule 4)."""
        if isinstance(entry, Folder) and entry.inode and self._waits(mark, now):
            return False
        if isinstance(entry, bytes):
            if self._waits(mark, now):
                return False
            self._trash(mark.folder, mark.name)
            return True
        if entry.wd is not None and entry.inode:
            self._clear(mark, entry, now)  # it lives on, but outside
            return True
        self._marks.settle(mark)
        self._snapshot.set_inode(entry, sight.inode)
        if sight.wd is not None:
            self._snapshot.set_watch(entry, sight.wd)
        seen = Seen(sight.inode, 0, 0)
        self.ops.append(Op(Observe(item=ById(entry.item), seen=seen)))
        self._marks.must_list(entry, mark.arrived)
        return False

    def _clear(self, mark: Mark, entry: bytes | Folder, now: float) -> None:
        """Free the name of *mark* of what is not there any more."""
        if isinstance(entry, Folder) and self._is_claimed(entry):
            self._step_aside(entry, now)  # found elsewhere, and waiting for its place
        else:
            self._trash(mark.folder, mark.name)

    def _step_aside(self, folder: Folder, now: float) -> None:
        """Give a folder that was moved, who knows where, another name until it is found.

        An exchange of two names is three renames, as it would be by hand.
        """
        assert folder.parent is not None
        parent, name = folder.parent, f"{folder.name[:80]}.moving-{folder.item}"
        self._settle_at(folder)
        self._snapshot.move_folder(folder, parent, name)
        self.ops.append(Op(Move(item=ById(folder.item), name=name)))
        self._marks.found(parent, name, now + GONE_HOLD, gone=True, since=now)

    def _settle_at(self, folder: Folder) -> None:
        """Forget a vanished name whose folder was found; what appeared there stays marked."""
        assert folder.parent is not None
        mark = self._marks.get(folder.parent, folder.name)
        if mark is not None and mark.gone:
            self._marks.settle(mark)

    def _waits(self, mark: Mark, now: float) -> bool:
        """Whether what had the name may still be found elsewhere; the mark is put off then."""
        if not self._marks.appearing_before(mark):
            return False
        self._marks.put_off(mark, now + NEW_HOLD / 2, waiting=True)
        return True

    def _is_claimed(self, folder: Folder) -> bool:
        mark = self._claimed.get(folder)
        if mark is None:
            return False
        if self._marks.get(mark.folder, mark.name) is mark and not mark.folder.gone:
            return True
        del self._claimed[folder]
        return False


def _facts(sight: Sight) -> Facts:
    return Facts(
        size=sight.size,
        sha1=sight.sha1 if sight.hashed else "",
        content_hash=sight.content_hash if sight.hashed else "",
        content_modified_at=sight.mtime_ns // 1_000_000,
    )
