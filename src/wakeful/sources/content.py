"""The content of a recorded file, read from the disk without leaving the root.

Rule 1: every name on the way is opened relative to the folder before, and no link is followed:
whatever is put in place of a folder meanwhile, nothing outside the root is opened.

Rule 2: the file must have the inode, size and time that are recorded, when it is opened and after
each read. So nobody gets bytes of two versions as one.
"""

from __future__ import annotations

import asyncio
import os
import stat
from concurrent.futures import Executor, Future
from contextlib import suppress

from wakeful.core.contents import ContentChanged, NoContent
from wakeful.core.items import Item, Seen
from wakeful.sources.ground import FILE_FLAGS, FOLDER_FLAGS, PATH_ONLY

_CHANGED = "The content of this file is not available: it changed, and is not recorded yet"


class FileContent:
    """A `core.contents.Content` on the disk. Reads run in *threads*."""

    def __init__(self, fd: int, seen: Seen, threads: Executor) -> None:
        self._fd = fd
        self._seen = seen
        self._threads = threads

    @property
    def size(self) -> int:
        return self._seen.size

    def fileno(self) -> int | None:
        return self._fd

    async def read(self, offset: int, most: int) -> bytes:
        return await asyncio.wrap_future(self._threads.submit(self._read, offset, most))

    def close(self) -> None:
        os.close(self._fd)

    def _read(self, offset: int, most: int) -> bytes:
        try:
            data = os.pread(self._fd, most, offset)
            found = os.fstat(self._fd)
        except OSError as error:
            raise ContentChanged(_CHANGED) from error
        if _seen(found) != self._seen or (not data and offset < self._seen.size):
            raise ContentChanged(_CHANGED)
        return data


async def open_content(root: str, lineage: tuple[Item, ...], threads: Executor) -> FileContent:
    """The content of the file that is the last of *lineage*, below the folder *root*, which
    is the first. Raises NoContent and ContentChanged."""
    seen = lineage[-1].seen
    if seen is None:
        raise NoContent("The content of this file is not on this server")
    names = [item.name for item in lineage[1:]]
    opening = threads.submit(_open, root, names, seen)
    try:
        fd = await asyncio.shield(asyncio.wrap_future(opening))
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    return FileContent(fd, seen, threads)


async def open_folder(root: str, lineage: tuple[Item, ...], threads: Executor) -> int:
    """A descriptor, for reading, of the folder that is the last of *lineage*. Raises NoContent
    where it may not be read, and ContentChanged."""
    seen = lineage[-1].seen
    if seen is None:
        raise NoContent("The folder is not on the disk")
    names = [item.name for item in lineage[1:]]
    opening = threads.submit(_open_folder, root, names, seen)
    try:
        return await asyncio.shield(asyncio.wrap_future(opening))
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise


def _open(root: str, names: list[str], seen: Seen) -> int:
    fd, device = _reach(root, names, FILE_FLAGS)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_dev != device or _seen(found) != seen:
        os.close(fd)
        raise ContentChanged(_CHANGED)
    return fd


def _open_folder(root: str, names: list[str], seen: Seen) -> int:
    fd, device = _reach(root, names, os.O_RDONLY | FOLDER_FLAGS)
    found = os.fstat(fd)
    if found.st_dev != device or found.st_ino != seen.inode:
        os.close(fd)
        raise ContentChanged(_CHANGED)
    return fd


def _reach(root: str, names: list[str], flags: int) -> tuple[int, int]:
    """What *names* lead to, open with *flags*, and the file system that it has to be on."""
    try:
        folder = os.open(root, PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            device = os.fstat(folder).st_dev
            for name in names[:-1]:
                below = os.open(name, PATH_ONLY | FOLDER_FLAGS, dir_fd=folder)
                os.close(folder)
                folder = below
            return os.open(names[-1], flags, dir_fd=folder), device
        finally:
            os.close(folder)
    except PermissionError as error:
        raise NoContent("The server may not read this") from error
    except OSError as error:
        raise ContentChanged(_CHANGED) from error


def _seen(found: os.stat_result) -> Seen:
    return Seen(found.st_ino, found.st_size, found.st_mtime_ns)


def _close(opening: Future[int]) -> None:
    """Close what was opened for somebody who is gone."""
    with suppress(Exception):
        os.close(opening.result())
