"""Renaming that never takes a name from anybody, and exchanging two names in one step.

Linux has both as `renameat2`. Where the file system, or the system, does not have them, a file gets
its new name by a hard link, which fails where there is one, and a folder by an empty folder of our
own, over which it is renamed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress

_NO_REPLACE = 1
_EXCHANGE = 2

_LACKING = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


def rename_new(from_fd: int, name: str, to_fd: int, to_name: str) -> None:
    """Rename what is *name* in one open folder to *to_name* in another. Raises OSError, of which
    FileExistsError where that name is taken."""
    try:
        _renameat2(from_fd, name, to_fd, to_name, _NO_REPLACE)
    except OSError as error:
        if error.errno not in _LACKING:
            raise
        found = os.stat(name, dir_fd=from_fd, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            _move_folder(from_fd, name, to_fd, to_name)
        else:
            os.link(name, to_name, src_dir_fd=from_fd, dst_dir_fd=to_fd, follow_symlinks=False)
            os.unlink(name, dir_fd=from_fd)


def exchange(fd: int, name: str, other_fd: int, other: str) -> None:
    """Exchange two files, *name* in one open folder and *other* in another. Raises OSError.

    Where that cannot be one step, *other* is what *name* was at every moment, or is it already.
    """
    try:
        _renameat2(fd, name, other_fd, other, _EXCHANGE)
    except OSError as error:
        if error.errno not in _LACKING:
            raise
        aside = f"{name}.old"
        os.link(other, aside, src_dir_fd=other_fd, dst_dir_fd=fd, follow_symlinks=False)
        try:
            os.rename(name, other, src_dir_fd=fd, dst_dir_fd=other_fd)
        except OSError:
            os.unlink(aside, dir_fd=fd)
            raise
        os.rename(aside, name, src_dir_fd=fd, dst_dir_fd=fd)


def _move_folder(from_fd: int, name: str, to_fd: int, to_name: str) -> None:
    os.mkdir(to_name, 0o700, dir_fd=to_fd)
    try:
        # Refused where somebody has put something into it since.
        os.rename(name, to_name, src_dir_fd=from_fd, dst_dir_fd=to_fd)
    except OSError as error:
        with suppress(OSError):
            os.rmdir(to_name, dir_fd=to_fd)
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), to_name) from error
        raise


def _lacking(from_fd: int, name: str, to_fd: int, to_name: str, flags: int) -> None:
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _find() -> Callable[[int, str, int, str, int], None]:
    found = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if found is None:
        return _lacking
    found.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    )

    def renameat2(from_fd: int, name: str, to_fd: int, to_name: str, flags: int) -> None:
        if found(from_fd, os.fsencode(name), to_fd, os.fsencode(to_name), flags):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), name)

    return renameat2


_renameat2 = _find()
