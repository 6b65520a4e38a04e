"""Reaching recorded folders by their names, without ever leaving the root.

Rule 1: every name is opened relative to the folder before, and no link is followed. Each folder
must be the one that is recorded, on the file system of the root.

Rule 2: a folder that was reached is held open, and may be carried away meanwhile, be it out of the
root. So whoever changed something in it looks again afterwards, and takes it back if it is not
there.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wakeful.core.contents import NoContent
from wakeful.core.errors import (
    Conflict,
    Forbidden,
    InvalidName,
    StoreFull,
    Unavailable,
)
from wakeful.core.items import Item, Seen
from wakeful.core.names import NameTooLong
from wakeful.sources.ground import FOLDER_FLAGS, PATH_ONLY

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_VANISHED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)
_BAD_NAME = (errno.EILSEQ, errno.EINVAL)


class Astray(Exception):
    """The disk is not as it is recorded: at the path of `names` below the root, where those are
    known, or it changed while it was looked at."""

    def __init__(self, names: tuple[str, ...], reach: Reach | None = None) -> None:
        super().__init__("/".join(names))
        self.names = names
        self.reach = reach


class Reach:
    """The folder at *root*, whose inode and device are *inode* and *device*.

    `made` are the inodes of folders, by item, that are on the disk and not recorded yet.
    """

    def __init__(self, root: str, inode: int, device: int) -> None:
        self.root = root
        self.device = device
        self._inode = inode
        self.made: dict[int, int] = {}

    def top(self) -> int:
        """The root, open by its path only. Raises Unavailable where it is another."""
        try:
            fd = os.open(self.root, PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise Unavailable("The watched folder is not there at present") from error
        found = os.fstat(fd)
        if (found.st_ino, found.st_dev) != (self._inode, self.device):
            os.close(fd)
            raise Unavailable("The watched folder is not there at present")
        return fd

    def folder(self, lineage: Sequence[Item]) -> int:
        """The last of *lineage*, a folder with all above it from the root on, open by its path
        only. Raises Astray, NoContent for one that never was on the disk, and OSError."""
        fd = self.top()
        for depth, item in enumerate(lineage[1:], 1):
            try:
                below = self._step(fd, item, names_of(lineage[: depth + 1]))
            finally:
                os.close(fd)
            fd = below
        return fd

    def check(self, fd: int, lineage: Sequence[Item]) -> None:
        """Raise Astray if what is open as *fd* is not at its place any more (rule 2)."""
        again = self.folder(lineage)
        try:
            if os.fstat(again).st_ino != os.fstat(fd).st_ino:
                raise Astray(names_of(lineage), self)
        finally:
            os.close(again)

    def _step(self, fd: int, item: Item, names: tuple[str, ...]) -> int:
        inode = self.made.get(item.id) or seen_of(item).inode
        try:
            below = os.open(item.name, PATH_ONLY | FOLDER_FLAGS, dir_fd=fd)
        except OSError as error:
            if error.errno in _VANISHED:
                raise Astray(names, self) from error
            raise
        found = os.fstat(below)
        if found.st_dev != self.device:
            os.close(below)
            raise Conflict("Another file system is mounted there")
        if found.st_ino != inode:
            os.close(below)
            raise Astray(names, self)
        return below


def names_of(lineage: Sequence[Item]) -> tuple[str, ...]:
    """The names that lead from the root to the last of *lineage*."""
    return tuple(item.name for item in lineage[1:])


def seen_of(item: Item) -> Seen:
    """What was seen of *item* on the disk. Raises NoContent where it never was there."""
    if item.seen is None:
        raise NoContent(f"{item.name!r} is not on the disk of this folder")
    return item.seen


@contextmanager
def told() -> Iterator[None]:
    """What the disk says, in the words of the domain. What vanished under our hands is Astray."""
    try:
        yield
    except OSError as error:
        if error.errno in _VANISHED:
            raise Astray(()) from error
        if error.errno in _FULL:
            raise StoreFull("No room on the disk for this") from error
        if error.errno in _REFUSED:
            raise Forbidden("The server may not change this folder on its disk") from error
        if error.errno == errno.ENAMETOOLONG:
            raise NameTooLong("The name is too long for the disk", field="name") from error
        if error.errno in _BAD_NAME:
            raise InvalidName("The disk of this folder takes no such name", field="name") from error
        raise Unavailable("The disk refused this") from error
