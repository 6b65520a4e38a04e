"""What is left out of the feed goes along with a folder that moves to another disk, as a program's
move would take it.

Rule 1: files, folders and links are copied, as they are. What is none of these, cannot be read or
lies on another file system would be lost: it refuses the move, by its name.

Rule 2: how each was is noted. Before the original goes it is compared with that.

Rule 3: what is not left out is for others to copy, or not told of yet: it is passed over.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass

from wakeful.core.contents import ContentChanged
from wakeful.core.errors import Conflict
from wakeful.core.items import Seen
from wakeful.core.names import DEEPEST
from wakeful.sources.copying import copy_bytes
from wakeful.sources.ground import FILE_FLAGS, FOLDER_FLAGS, facts_of
from wakeful.sources.hidden import closing
from wakeful.sources.likeness import take_after

Names = tuple[str, ...]
"""A path below the root of the watched folder that it comes from."""

LeftOut = Callable[[Names, str, os.stat_result], bool]
"""Whether a name in the folder at that path is left out of the feed."""

# Each folder on the way is held open, and takes two of the thousand calls that may be in others.
_DEEPEST = DEEPEST + 128

_VANISHED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)


@dataclass(frozen=True, slots=True)
class Along:
    """One thing that goes along: its type (`stat.S_IFMT`), how it was, and how its copy is."""

    kind: int
    was: Seen
    seen: Seen


def copy_along(
    whence: int, to: int, at: Names, known: Set[str], left_out: LeftOut
) -> dict[Names, Along]:
    """Copy what is left out of the open folder *whence*, which is at *at*, into the open folder
    *to*, and all in it; what became of each. *known* are names that others copy.

    Raises Conflict for what cannot be copied, ContentChanged for what changes meanwhile, and
    OSError for what the disk says where the copy goes.
    """
    found: dict[Names, Along] = {}
    for name in _names_in(whence, at):
        if name in known:
            continue
        with _reading((*at, name)):
            status = os.stat(name, dir_fd=whence, follow_symlinks=False)
        if left_out(at, name, status):
            _copy(whence, to, (*at, name), status, found)
    return found


def _copy(
    whence: int, to: int, at: Names, status: os.stat_result, found: dict[Names, Along]
) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        _copy_folder(whence, to, at, found)
    elif kind == stat.S_IFREG:
        _copy_file(whence, to, at)
    elif kind == stat.S_IFLNK:
        _copy_link(whence, to, at, status)
    else:
        raise _stays(at, "it is no file, folder or link")
    # A folder's own time and size change with what is in it, which is compared by itself.
    with _reading(at):
        after = os.stat(at[-1], dir_fd=whence, follow_symlinks=False)
    if kind != stat.S_IFDIR and facts_of(after) != facts_of(status):
        raise ContentChanged("Something that is left out changed while it was copied")
    copied = os.stat(at[-1], dir_fd=to, follow_symlinks=False)
    found[at] = Along(kind, Seen(*facts_of(status)), Seen(*facts_of(copied)))


def _copy_folder(whence: int, to: int, at: Names, found: dict[Names, Along]) -> None:
    if len(at) > _DEEPEST:
        raise _stays(at, f"it is more than {_DEEPEST} folders deep")
    with _reading(at):
        old = os.open(at[-1], os.O_RDONLY | FOLDER_FLAGS, dir_fd=whence)
    with closing(old):
        if os.fstat(old).st_dev != os.fstat(whence).st_dev:
            raise _stays(at, "another file system is mounted there")
        os.mkdir(at[-1], 0o700, dir_fd=to)
        with closing(os.open(at[-1], os.O_RDONLY | FOLDER_FLAGS, dir_fd=to)) as new:
            for name in _names_in(old, at):
                with _reading((*at, name)):
                    status = os.stat(name, dir_fd=old, follow_symlinks=False)
                _copy(old, new, (*at, name), status, found)
            take_after(new, old)
            os.fsync(new)


def _copy_file(whence: int, to: int, at: Names) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with _reading(at):
        old = os.open(at[-1], FILE_FLAGS, dir_fd=whence)
    with closing(old), closing(os.open(at[-1], flags, 0o600, dir_fd=to)) as new:
        found = os.fstat(old)
        if found.st_dev != os.fstat(whence).st_dev:
            raise _stays(at, "another file system is mounted there")
        copy_bytes(old, new, found.st_size)
        take_after(new, old)
        os.fsync(new)


def _copy_link(whence: int, to: int, at: Names, status: os.stat_result) -> None:
    with _reading(at):
        leads_to = os.readlink(at[-1], dir_fd=whence)
    os.symlink(leads_to, at[-1], dir_fd=to)
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(at[-1], ns=times, dir_fd=to, follow_symlinks=False)


def _names_in(folder: int, at: Names) -> list[str]:
    with _reading(at):
        return os.listdir(folder)


@contextmanager
def _reading(at: Names) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise _stays(at, "it cannot be read") from None
    except OSError as error:
        if error.errno in _VANISHED:
            raise ContentChanged("Something that is left out went while it was copied") from error
        raise


def _stays(at: Names, why: str) -> Conflict:
    return Conflict(f"{'/'.join(at)!r} cannot go along to another disk: {why}")
