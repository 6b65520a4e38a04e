"""The hashes of files, and whether somebody still writes to one.

Files are read in slices of 4 MiB (some 8 ms), so that small files do not wait behind a
big one: whoever hashes a big file asks for one slice after another.
"""

from __future__ import annotations

import fcntl
import os
import signal
from enum import Enum, auto

from wakeful.core.digests import BLOCK_BYTES, Digests

SLICE_BYTES = BLOCK_BYTES

_READ_BYTES = 256 * 1024


class Hashing:
    """SHA-1 and Dropbox content hash of one open file, slice by slice.

    *limit* bytes are read at most: of a file that grows while it is read, what it had at
    the beginning.
    """

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._left = limit
        self._digests = Digests()
        self.size = 0

    def step(self) -> bool:
        """Read one slice; True when that was the last. Raises OSError."""
        room = SLICE_BYTES
        while room and self._left:
            data = os.read(self._fd, min(_READ_BYTES, room, self._left))
            if not data:
                self._left = 0
                break
            self._digests.update(data)
            room -= len(data)
            self._left -= len(data)
            self.size += len(data)
        return self._left == 0

    @property
    def sha1(self) -> str:
        """Lower-case hex."""
        return self._digests.sha1

    @property
    def content_hash(self) -> str:
        """Dropbox's: SHA-256 of the SHA-256s of the blocks; lower-case hex."""
        return self._digests.content_hash


class Writers(Enum):
    """Whether somebody has a file open for writing."""

    SOME = auto()
    NONE = auto()
    UNKNOWN = auto()  # the system does not tell: another platform, owner or file system


def writers(fd: int) -> Writers:
    """Ask by a read lease, which is refused while the file is open for writing anywhere."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return Writers.UNKNOWN
    try:
        # Whoever opens the file for writing in the few microseconds until the lease is given
        # back makes the system signal us: by a signal that does nothing, where SIGIO would kill.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return Writers.SOME
    except OSError:
        return Writers.UNKNOWN
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Writers.NONE
