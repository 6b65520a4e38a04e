"""The disk under the root, as far as it may be looked at.

Rule 1: nothing outside the root is ever looked at. A folder is opened without following a
link, and must have the inode that is recorded; names are looked up relative to it.

Rule 2: nothing is changed, neither disk nor snapshot. All of this runs in the source's thread.
"""

from __future__ import annotations

import os
import stat

import structlog

from wakeful.core.names import DEEPEST
from wakeful.sources.notices import Watcher, WatchLimit
from wakeful.sources.skipped import Reason, Skipped
from wakeful.sources.snapshot import NEVER_SEEN, Folder, unpack

FOLDER_FLAGS = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not block
PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)  # for looking names up in folders we cannot read

log = structlog.get_logger()


class Lost(Exception):
    """A folder is not where it is recorded."""


class Ground:
    """The tree under *root*, which lies on *device*."""

    def __init__(self, root: str, device: int, watcher: Watcher, skipped: Skipped) -> None:
        self.root = root
        self._device = device
        self._watcher = watcher
        self._skipped = skipped
        self._by_fd = os.path.isdir("/proc/self/fd")
        self._told = False

    def open_file(self, folder: Folder, name: str) -> int:
        """A descriptor for reading. Raises Lost and OSError."""
        above = self.open(folder, PATH_ONLY)
        try:
            return os.open(name, FILE_FLAGS, dir_fd=above)
        finally:
            os.close(above)

    def open(self, folder: Folder, how: int) -> int:
        """A descriptor of a recorded folder. Raises Lost and OSError."""
        path = folder.path()
        try:
            fd = os.open(
                f"{self.root}/{path}" if path else self.root,
                how | (FOLDER_FLAGS if path else os.O_DIRECTORY | os.O_CLOEXEC),
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

    def is_still_left_out(self, reason: Reason, path: str) -> bool:
        """Whether what is at *path* cannot be read or watched even now; not where it is gone."""
        full = f"{self.root}/{path}"
        if reason not in (Reason.UNREADABLE_FILE, Reason.UNREADABLE_FOLDER):
            return os.path.lexists(full)
        try:
            os.close(os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return False

    def left_out(self, folder: Folder, found: os.stat_result) -> Reason | None:
        """Why something in *folder* is not followed; None where it is."""
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

    def inode_at(self, path: str) -> int:
        """The inode at a path below the root, 0 where there is nothing."""
        try:
            return os.lstat(f"{self.root}/{path}").st_ino
        except OSError:
            return 0

    def watch(self, fd: int, path: str) -> int | None:
        """Watch the folder that is open as *fd*; None where that cannot be."""
        # By descriptor where possible: the path may lead elsewhere by now.
        where = f"/proc/self/fd/{fd}" if self._by_fd else f"{self.root}/{path}"
        try:
            wd = self._watcher.add(where)
        except WatchLimit as limit:
            if not self._told:
                self._told = True
                log.warning("not everything is watched", folder=self.root, reason=str(limit))
        except OSError as error:
            log.warning("cannot watch", folder=path, reason=str(error))
        else:
            self._skipped.discard(Reason.UNWATCHED, path)
            return wd
        self._skipped.add(Reason.UNWATCHED, path)
        return None


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


def facts_of(found: os.stat_result) -> tuple[int, int, int]:
    """Inode, size, mtime_ns: equal facts are taken for equal content."""
    return found.st_ino, found.st_size, found.st_mtime_ns
