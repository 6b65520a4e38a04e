"""What looks at files mean (rules 1 to 3 of `wakeful.sources.plan`)."""

from __future__ import annotations

from collections import OrderedDict

from wakeful.core.changes import ById, Change, Facts, Move, NewVersion, Observe, Upload
from wakeful.core.items import Seen
from wakeful.sources.looks import Sight
from wakeful.sources.marks import NEW_HOLD, Mark, Place
from wakeful.sources.plan_folders import FolderPlans
from wakeful.sources.round import Round
from wakeful.sources.skipped import Reason
from wakeful.sources.snapshot import Folder, pack, unpack

YOUNG_SECONDS = 60.0
"""Rule 3: a file that appeared less than this ago, and is renamed over another, was temporary."""

_MOST_YOUNG = 50_000

PACE_SECONDS = 1.0
"""A file that is being written is announced once in that time, bigger ones more rarely."""

_PACE_BYTES = 10 * 1024 * 1024
"""Bytes a second that are read again of a file that goes on growing."""

LARGE_BYTES = 1024 * 1024 * 1024
"""Files beyond this (some 2 s) are announced without hashes, which are added without an event."""


class FilePlans:
    """Plans what becomes of files."""

    def __init__(self, round: Round, folders: FolderPlans) -> None:
        self._round = round
        self._folders = folders
        self._snapshot = round.snapshot
        self._marks = round.marks
        self._skipped = round.skipped
        self._young: OrderedDict[int, float] = OrderedDict()

    def made(self, item: int, now: float) -> None:
        """A file was announced for the first time."""
        self._young[item] = now
        self._young.move_to_end(item)
        if len(self._young) > _MOST_YOUNG:
            self._young.popitem(last=False)

    def plan(self, mark: Mark, sight: Sight, sha1s: dict[int, str], now: float) -> None:
        """Add what a look at a file means; *sha1s* are recorded hashes by item."""
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
            if self._round.waits(mark, now):
                return
            self._folders.clear(mark, entry, now)
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
        elif entry is None:
            self._move(mark, origin, sight)
        elif not self._moved_over(mark, entry, origin, sight, sha1s, now):
            return
        self._done(mark, sight, now)

    def _moved_from(self, mark: Mark, sight: Sight) -> Place | None:
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
        # The old name was taken: by another known file, or by the next version of this one. (Or
        # not at all: this is a second hard link.)
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

    def _moved_over(
        self,
        mark: Mark,
        entry: bytes,
        origin: Place,
        sight: Sight,
        sha1s: dict[int, str],
        now: float,
    ) -> bool:
        """A known file has the name of another (rule 3). False: the mark is put off."""
        packed = origin[0].entries[origin[1]]
        assert isinstance(packed, bytes)
        if sight.origin_inode == unpack(entry)[1]:  # they changed places
            self._new_version(mark, entry, sight, sha1s)
        elif now - self._young.get(unpack(packed)[0], -YOUNG_SECONDS) < YOUNG_SECONDS:
            self._new_version(mark, entry, sight, sha1s)
            if not sight.origin_inode:
                self._round.trash(*origin)
        elif self._round.waits(mark, now):
            return False  # the other may have moved on
        else:
            self._round.trash(mark.folder, mark.name)
            self._move(mark, origin, sight)
        return True

    def _move(self, mark: Mark, origin: Place, sight: Sight) -> None:
        from_folder, from_name = origin
        packed = from_folder.entries[from_name]
        assert isinstance(packed, bytes)
        item, inode, size, mtime_ns = unpack(packed)
        self._marks.unindex(inode, origin)
        self._snapshot.drop_file(from_folder, from_name)
        seen = Seen(sight.inode, sight.size, sight.mtime_ns)
        self._round.add(
            Move(
                item=ById(item),
                parent=None if from_folder is mark.folder else ById(mark.folder.item),
                name=mark.name,
                seen=seen,
            )
        )
        if (size, mtime_ns) != (sight.size, sight.mtime_ns):
            self._count_unhashed(mark, sight)
            self._round.add(NewVersion(item=ById(item), facts=_facts(sight), seen=seen))
        self._put(mark, item, sight)

    def _upload(self, mark: Mark, sight: Sight) -> None:
        seen = Seen(sight.inode, sight.size, sight.mtime_ns)
        change = Upload(
            parent=ById(mark.folder.item), name=mark.name, facts=_facts(sight), seen=seen
        )
        self._count_unhashed(mark, sight)
        self._round.add(change, file=(mark.folder, mark.name))
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
        self._round.add(change)
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
                self._round.to_observe.append((mark.folder, mark.name))

    def _hash_first(self, mark: Mark, sight: Sight) -> bool:
        """Have a big file hashed before it is announced, unless it is too large for that."""
        if sight.hashed or sight.size > LARGE_BYTES:
            return False
        self._round.to_hash.append((mark, sight))
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


def _facts(sight: Sight) -> Facts:
    return Facts(
        size=sight.size,
        sha1=sight.sha1 if sight.hashed else "",
        content_hash=sight.content_hash if sight.hashed else "",
        content_modified_at=sight.mtime_ns // 1_000_000,
    )
