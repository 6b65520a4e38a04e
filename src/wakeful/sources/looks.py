"""Looking at single names."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from wakeful.sources.ground import FILE_FLAGS, FOLDER_FLAGS, PATH_ONLY, Ground, Lost, facts_of
from wakeful.sources.hashing import SLICE_BYTES, Hashing, Writers, writers
from wakeful.sources.marks import Mark, Place
from wakeful.sources.skipped import Reason
from wakeful.sources.snapshot import Folder, Snapshot, unpack

_HASHED_BYTES = 2 * SLICE_BYTES
"""How much one round of looks reads before it reports."""

_AGE_SECONDS = 1.0
"""Where the system does not tell who writes, a file that old is taken for finished."""

_SAMPLED = 200  # entries compared to tell whether an inode is still the same folder


class Shape(Enum):
    """What is at a name."""

    ABSENT = auto()
    FILE = auto()
    FOLDER = auto()
    LEFT_OUT = auto()  # for `Sight.reason`
    LOST = auto()  # the folder is not where it is recorded
    TWICE = auto()  # a recorded folder that is also still where it is recorded
    NOT_YET = auto()  # no time for it in this round


@dataclass(slots=True)
class Sight:
    """What one look at one name found.

    Of a file: `same` as recorded; else `hashed` (`sha1` and `content_hash` are of exactly `size`
    bytes), or `big` (not hashed here), `unreadable`, or neither where only its place changed.
    `busy` means that somebody has it open for writing. `origin` is where it is recorded, if it
    was moved here, `origin_inode` what is at that place now (0: nothing).

    Of a folder: `node` is the recorded one that it is, if any, and `wd` the new watch on it.
    """

    shape: Shape
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0
    same: bool = False
    hashed: bool = False
    big: bool = False
    unreadable: bool = False
    busy: bool = False
    sha1: str = ""
    content_hash: str = ""
    origin: Place | None = None
    origin_inode: int = 0
    node: Folder | None = None
    wd: int | None = None
    reason: Reason | None = None


_ABSENT = Sight(Shape.ABSENT)
_LOST = Sight(Shape.LOST)
_NOT_YET = Sight(Shape.NOT_YET)


class Looks:
    """Looks at names for a source, in its thread."""

    def __init__(self, ground: Ground, snapshot: Snapshot) -> None:
        self._ground = ground
        self._snapshot = snapshot

    def look(self, marks: Iterable[Mark], vanished: dict[int, Place]) -> list[Sight]:
        """What is at each of *marks*, in their order. *vanished* are known files by inode."""
        sights: list[Sight] = []
        opened: dict[Folder, int | None] = {}
        hashed = 0
        try:
            for mark in marks:
                if hashed >= _HASHED_BYTES:
                    sights.append(_NOT_YET)
                    continue
                if mark.folder not in opened:
                    try:
                        opened[mark.folder] = self._ground.open(mark.folder, PATH_ONLY)
                    except (Lost, OSError):
                        opened[mark.folder] = None
                fd = opened[mark.folder]
                sight = _LOST if fd is None else self._look(fd, mark, vanished)
                if sight.hashed:
                    hashed += sight.size
                sights.append(sight)
        finally:
            for fd in opened.values():
                if fd is not None:
                    os.close(fd)
        return sights

    def _look(self, fd: int, mark: Mark, vanished: dict[int, Place]) -> Sight:
        try:
            found = os.stat(mark.name, dir_fd=fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return _ABSENT
        except PermissionError:
            return Sight(Shape.LEFT_OUT, reason=Reason.UNREADABLE_FOLDER)
        reason = self._ground.left_out(mark.folder, found)
        if reason is not None:
            return Sight(Shape.LEFT_OUT, reason=reason)
        if stat.S_ISDIR(found.st_mode):
            return self._look_at_folder(fd, mark, found)
        return self._look_at_file(fd, mark, found, vanished)

    def _look_at_file(
        self, fd: int, mark: Mark, found: os.stat_result, vanished: dict[int, Place]
    ) -> Sight:
        entry = mark.folder.entries.get(mark.name)
        sight = _file(found)
        if isinstance(entry, bytes) and unpack(entry)[1:] == (
            sight.inode,
            sight.size,
            sight.mtime_ns,
        ):
            sight.same = True
            if mark.writing:
                sight.busy = self._is_busy(fd, mark.name)
            return sight
        unchanged = self._find_origin(mark, sight, vanished)
        if unchanged and entry is None and not sight.origin_inode:
            return sight  # moved here, and nothing else
        return self._read(fd, mark, sight)

    def _find_origin(self, mark: Mark, sight: Sight, vanished: dict[int, Place]) -> bool:
        """Set where the file is recorded, if it was moved; True if its content is as recorded.

        Inodes are used again at once, so that the inode alone is a proof only where notices
        tell of a move from there to here.
        """
        told = mark.origins
        listed = vanished.get(sight.inode)
        for place in (*told, listed) if listed is not None else told:
            folder, name = place
            entry = folder.entries.get(name)
            if folder.gone or not isinstance(entry, bytes) or place == (mark.folder, mark.name):
                continue
            item, inode, size, mtime_ns = unpack(entry)
            if not item or inode != sight.inode:
                continue
            unchanged = (size, mtime_ns) == (sight.size, sight.mtime_ns)
            if unchanged or place in told:
                sight.origin = place
                sight.origin_inode = self._ground.inode_at(folder.path(name))
                return unchanged
        return False

    def _read(self, fd: int, mark: Mark, sight: Sight) -> Sight:
        """Hash the file, unless somebody is about to write more, or it is big."""
        try:
            file = os.open(mark.name, FILE_FLAGS, dir_fd=fd)
        except FileNotFoundError:
            return _ABSENT
        except OSError:
            sight.unreadable = True
            return sight
        try:
            if not mark.closed:
                sight.busy = _busy(file, os.fstat(file))
                if sight.busy and not mark.writing:
                    return sight
            for _ in range(3):
                before = os.fstat(file)
                sight.inode, sight.size, sight.mtime_ns = facts_of(before)
                if sight.size > SLICE_BYTES:
                    sight.big = True
                    return sight
                hashing = Hashing(file, sight.size)
                while not hashing.step():
                    pass
                sight.sha1, sight.content_hash = hashing.sha1, hashing.content_hash
                sight.size = hashing.size
                if facts_of(os.fstat(file)) == (sight.inode, sight.size, sight.mtime_ns):
                    sight.hashed = True
                    return sight
            # It grows faster than it is read. What was read is announced at its pace.
            sight.busy = True
            sight.hashed = mark.writing > 0
            return sight
        except OSError:
            sight.unreadable = True
            return sight
        finally:
            os.close(file)

    def _is_busy(self, fd: int, name: str) -> bool:
        try:
            file = os.open(name, FILE_FLAGS, dir_fd=fd)
        except OSError:
            return False
        try:
            return _busy(file, os.fstat(file))
        finally:
            os.close(file)

    def _look_at_folder(self, fd: int, mark: Mark, found: os.stat_result) -> Sight:
        sight = Sight(Shape.FOLDER, found.st_ino)
        entry = mark.folder.entries.get(mark.name)
        if isinstance(entry, Folder) and entry.inode == sight.inode:
            sight.node, sight.same = entry, True
            return sight
        try:
            folder = os.open(mark.name, os.O_RDONLY | FOLDER_FLAGS, dir_fd=fd)
        except FileNotFoundError:
            return _ABSENT
        except PermissionError:
            return sight  # shown without what is in it; its listing says why
        except OSError:
            return Sight(Shape.LEFT_OUT, reason=Reason.UNREADABLE_FOLDER)
        try:
            if os.fstat(folder).st_ino != sight.inode:
                return _NOT_YET
            sight.wd = self._ground.watch(folder, mark.folder.path(mark.name))
            sight.node = self._recognise(folder, sight)
        finally:
            os.close(folder)
        if sight.node is not None:
            sight.origin_inode = self._ground.inode_at(sight.node.path())
            if sight.origin_inode == sight.inode:
                return Sight(Shape.TWICE)
        return sight

    def _recognise(self, fd: int, sight: Sight) -> Folder | None:
        """The recorded folder that this one is."""
        if sight.wd is not None:
            watched = self._snapshot.by_wd.get(sight.wd)
            if watched is not None:
                return watched  # the system knows it by this watch, wherever it is
        node = self._snapshot.by_inode.get(sight.inode)
        if node is None or node.gone or (node.wd is not None and sight.wd is not None):
            return None
        with os.scandir(fd) as entries:
            empty = True
            for entry, _ in zip(entries, range(_SAMPLED), strict=False):
                empty = False
                recorded = node.entries.get(entry.name)
                if isinstance(recorded, Folder):
                    if recorded.inode == entry.inode():
                        return node
                elif recorded is not None and unpack(recorded)[1:] == facts_of(
                    entry.stat(follow_symlinks=False)
                ):
                    return node
        return node if empty and not node.entries else None


def _file(found: os.stat_result) -> Sight:
    return Sight(Shape.FILE, found.st_ino, found.st_size, found.st_mtime_ns)


def _busy(fd: int, found: os.stat_result) -> bool:
    state = writers(fd)
    if state is Writers.UNKNOWN:
        return time.time() - found.st_mtime < _AGE_SECONDS
    return state is Writers.SOME
