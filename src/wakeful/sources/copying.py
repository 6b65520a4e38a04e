"""The bytes of one file into another, within the kernel where that can be."""

from __future__ import annotations

import errno
import fcntl
import os

from wakeful.core.contents import ContentChanged

_CLONE = 0x40049409  # FICLONE of Linux: the copy shares its blocks with the original
_COPY_BYTES = 64 * 1024 * 1024
_READ_BYTES = 1024 * 1024


def copy_bytes(whence: int, fd: int, size: int) -> None:
    """Copy *size* bytes. Raises OSError, and ContentChanged for a file that became shorter."""
    if copy_whole(whence, fd, size):
        return
    at = 0
    while at < size:
        data = os.pread(whence, min(size - at, _READ_BYTES), at)
        if not data:
            raise _shorter()
        write_all(fd, data)
        at += len(data)


def copy_whole(whence: int, fd: int, size: int) -> bool:
    """Copy a whole file within the kernel, sharing its blocks where the file system can; False
    where it cannot be copied so."""
    try:
        fcntl.ioctl(fd, _CLONE, whence)
        return True
    except OSError:
        pass
    at = 0
    while at < size:
        try:
            copied = os.copy_file_range(whence, fd, min(size - at, _COPY_BYTES), at, at)
        except AttributeError:  # not on this system
            return False
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            os.ftruncate(fd, 0)
            return False
        if not copied:
            raise _shorter()
        at += copied
    return True


def write_all(fd: int, data: bytes) -> None:
    """Write all of *data*."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _shorter() -> ContentChanged:
    return ContentChanged("The file became shorter while it was copied")
