"""Looking at the disk: single names, and whole folders. Runs in the source's thread.

Rule 1: nothing outside the root is ever looked at. A folder is opened without following a
link, and must have the inode that is recorded; names are looked up relative to it.

Rule 2: watch first, list second: what changes in between is noticed.

Rule 3: nothing is changed here, neither disk nor snapshot.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from wakeful.core.names import DEEPEST
from wakeful.sources.hashing import SLICE_BYTES, Hashing, Writers, writers
from wakeful.sources.ignore import Ignore
from wakeful.sources.marks import Mark, Place
from wakeful.sources.notices import Watcher, WatchLimit
from wakeful.sources.skipped import Reason, Skipped
from wakeful.sources.snapshot import NEVER_SEEN, Folder, Snapshot, unpack

_FOLDER_FLAGS = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

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

Row = tuple[str, bool, int, int, int]
"""Name, whether a folder, inode, size, mtime_ns."""


@dataclass(slots=True)
class Listing:
    """A folder compared with what is recorded of it.

    `found` are names that are new or differ, `gone` those that are not there, `inside` the
    recorded folders that are. `count` is how many entries were looked at.
    """

    folder: Folder
    lost: bool = False
    unreadable: bool = False
    wd: int | None = None
    count: int = 0
    found: list[Row] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    inside: list[Folder] = field(default_factory=list)


class Lost(Exception):
    """A folder is not where it is recorded."""


class Disk:
    """Looks at the tree under *root*, which lies on *device*."""

    def __init__(
        self,
        root: str,
        device: int,
        snapshot: Snapshot,
        watcher: Watcher,
        ignore: Ignore,
        skipped: Skipped,
    ) -> None:
        self._root = root
        self._device = device
        self._snapshot = snapshot
        self._watcher = watcher
        self._ignore = ignore
        self._skipped = skipped
        self._by_fd = os.path.isdir("/proc/self/fd")

    # --- single names ---

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
                        opened[mark.folder] = self._open(mark.folder, _PATH_ONLY)
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

    def open_file(self, folder: Folder, name: str) -> int:
        """A descriptor for reading. Raises Lost and OSError."""
        above = self._open(folder, _PATH_ONLY)
        try:
            return os.open(name, _FILE_FLAGS, dir_fd=above)
        finally:
            os.close(above)

    def _open(self, folder: Folder, how: int) -> int:
        path = folder.path()
        try:
            fd = os.open(
                f"{self._root}/{path}" if path else self._root,
                how | (_FOLDER_FLAGS if path else os.O_DIRECTORY | os.O_CLOEXEC),
            )
        except PermissionError:
            raise
        except OSError as error:
            raise Lost(path) from error
        found = os.fstat(fd)
        if found.st_ino != folder.inode or found.st_dev != self._device:
            os.close(fd)
            raise Lost(path)
        return fd

    def _look(self, fd: int, mark: Mark, vanished: dict[int, Place]) -> Sight:
        try:
            found = os.stat(mark.name, dir_fd=fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return _ABSENT
        except PermissionError:
            return Sight(Shape.LEFT_OUT, reason=Reason.UNREADABLE_FOLDER)
        reason = self._left_out(mark.folder, found)
        if reason is not None:
            return Sight(Shape.LEFT_OUT, reason=reason)
        if stat.S_ISDIR(found.st_mode):
            return self._look_at_folder(fd, mark, found)
        return self._look_at_file(fd, mark, found, vanished)

    def _left_out(self, folder: Folder, found: os.stat_result) -> Reason | None:
        mode = found.st_mode
        if stat.S_ISLNK(mode):
            return Reason.LINK
        if stat.S_ISDIR(mode):
            if found.st_dev != self._device:
                return Reason.OTHER_DISK
        elif not stat.S_ISREG(mode):
            return Reason.SPECIAL
        if len(folder.names()) >= DEEPEST:
            return Reason.DEEP
        return None

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
                sight.origin_inode = self._inode_at(folder.path(name))
                return unchanged
        return False

    def _read(self, fd: int, mark: Mark, sight: Sight) -> Sight:
        """Hash the file, unless somebody is about to write more, or it is big."""
        try:
            file = os.open(mark.name, _FILE_FLAGS, dir_fd=fd)
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
                sight.inode, sight.size, sight.mtime_ns = _facts(before)
                if sight.size > SLICE_BYTES:
                    sight.big = True
                    return sight
                hashing = Hashing(file, sight.size)
                while not hashing.step():
                    pass
                sight.sha1, sight.content_hash = hashing.sha1, hashing.content_hash
                sight.size = hashing.size
                if _facts(os.fstat(file)) == (sight.inode, sight.size, sight.mtime_ns):
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
            file = os.open(name, _FILE_FLAGS, dir_fd=fd)
        except OSError:
            return False
        try:
            return _busy(file, os.fstat(file))
        finally:
            os.close(file)

    def _inode_at(self, path: str) -> int:
        try:
            return os.lstat(f"{self._root}/{path}").st_ino
        except OSError:
            return 0

    def _look_at_folder(self, fd: int, mark: Mark, found: os.stat_result) -> Sight:
        sight = Sight(Shape.FOLDER, found.st_ino)
        entry = mark.folder.entries.get(mark.name)
        if isinstance(entry, Folder) and entry.inode == sight.inode:
            sight.node, sight.same = entry, True
            return sight
        try:
            folder = os.open(mark.name, os.O_RDONLY | _FOLDER_FLAGS, dir_fd=fd)
        except FileNotFoundError:
            return _ABSENT
        except PermissionError:
            return sight  # shown without what is in it; its listing says why
        except OSError:
            return Sight(Shape.LEFT_OUT, reason=Reason.UNREADABLE_FOLDER)
        try:
            if os.fstat(folder).st_ino != sight.inode:
                return _NOT_YET
            sight.wd = self._watch(folder, mark.folder.path(mark.name))
            sight.node = self._recognise(folder, sight)
        finally:
            os.close(folder)
        if sight.node is not None:
            sight.origin_inode = self._inode_at(sight.node.path())
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
                elif recorded is not None and unpack(recorded)[1:] == _facts(
                    entry.stat(follow_symlinks=False)
                ):
                    return node
        return node if empty and not node.entries else None

    def _watch(self, fd: int, path: str) -> int | None:
        # By descriptor where possible: the path may lead elsewhere by now.
        where = f"/proc/self/fd/{fd}" if self._by_fd else f"{self._root}/{path}"
        try:
            wd = self._watcher.add(where)
        except (WatchLimit, OSError):
            self._skipped.add(Reason.UNWATCHED, path)
            return None
        self._skipped.discard(Reason.UNWATCHED, path)
        return wd

    # --- whole folders ---

    def compare(self, folders: Iterable[Folder]) -> list[Listing]:
        """Each folder watched, listed, and compared with what is recorded of it."""
        return [self._compare(folder) for folder in folders]

    def _compare(self, folder: Folder) -> Listing:
        listing = Listing(folder)
        path = folder.path()
        try:
            fd = self._open(folder, os.O_RDONLY)
        except Lost as lost:
            cause = lost.__cause__
            if isinstance(cause, OSError) and cause.errno == 36:  # ENAMETOOLONG
                self._skipped.add(Reason.LONG, path)
                listing.unreadable = True
                return listing
            listing.lost = True
            return listing
        except OSError:
            self._skipped.add(Reason.UNREADABLE_FOLDER, path)
            listing.unreadable = True
            return listing
        try:
            listing.wd = self._watch(fd, path)
            self._list(fd, listing, path)
        except OSError:
            self._skipped.add(Reason.UNREADABLE_FOLDER, path)
            listing.unreadable = True
            return listing
        finally:
            os.close(fd)
        self._skipped.discard(Reason.UNREADABLE_FOLDER, path)
        return listing

    def _list(self, fd: int, listing: Listing, path: str) -> None:
        folder = listing.folder
        recorded = folder.entries
        ignore = self._ignore
        present = set()
        with os.scandir(fd) as entries:
            for entry in entries:
                name = entry.name
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # vanished while the folder was read
                is_folder = stat.S_ISDIR(found.st_mode)
                if ignore(path, name, is_folder=is_folder):
                    continue
                if not name.isascii() and not is_utf8(name):
                    self._skipped.add(Reason.NAME, f"{path}/{name}" if path else name)
                    continue
                reason = self._left_out(folder, found)
                if reason is not None:
                    self._skipped.add(reason, f"{path}/{name}" if path else name)
                    if reason is Reason.OTHER_DISK:
                        present.add(name)  # what is below the mount is hidden, not gone
                    continue
                listing.count += 1
                present.add(name)
                known = recorded.get(name)
                if isinstance(known, Folder):
                    if is_folder and known.inode == found.st_ino:
                        listing.inside.append(known)
                        continue
                elif known is not None and not is_folder and unpack(known)[1:] == _facts(found):
                    continue
                listing.found.append((name, is_folder, *_facts(found)))
        for name, known in recorded.items():
            if name not in present and was_seen(known):
                listing.gone.append(name)


def was_seen(entry: bytes | Folder) -> bool:
    """Whether it was ever on the disk; if not, it is not missed there."""
    return bool(entry.inode) if isinstance(entry, Folder) else unpack(entry)[2] != NEVER_SEEN


def is_utf8(name: str) -> bool:
    """Whether the bytes of a name, as the system gave them, are UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _facts(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _file(found: os.stat_result) -> Sight:
    return Sight(Shape.FILE, found.st_ino, found.st_size, found.st_mtime_ns)


def _busy(fd: int, found: os.stat_result) -> bool:
    state = writers(fd)
    if state is Writers.UNKNOWN:
        return time.time() - found.st_mtime < _AGE_SECONDS
    return state is Writers.SOME
