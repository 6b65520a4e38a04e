"""What can go wrong with the database and its folder, and what each error of SQLite means.

    FolderError             the operator must do something; the message says what
    ├── FolderInUse         another process has the folder
    ├── NotAStore           the file is no database, or not one of ours
    ├── Damaged             the database is broken
    ├── TooNew              a later version of Wakeful wrote it
    └── EpochsExhausted     it was restored more often than positions can tell

Everything that can happen while the store is open is StoreFull or StoreFailed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

import apsw

from wakeful.core.errors import StoreFailed, StoreFull
from wakeful.core.positions import LAST_EPOCH

# After these, nothing can be said about what the disk holds.
_BROKEN = (
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.NoLFSError,
    apsw.ProtocolError,
    apsw.LockedError,
    apsw.BusyError,
)


class FolderError(Exception):
    """The data folder cannot be used as it is; `str(error)` tells the operator why."""


class FolderInUse(FolderError):
    """Another process has the folder; `pid` is 0 where it is not known."""

    def __init__(self, data: Path, pid: int) -> None:
        super().__init__(f"{data} is in use by process {pid or 'unknown'}")
        self.pid = pid


class NotAStore(FolderError):
    """The file is no database, or not one of ours."""


class Damaged(FolderError):
    """The database is broken."""


class TooNew(FolderError):
    """A later version of Wakeful wrote the database."""


class EpochsExhausted(FolderError):
    """There is no further epoch."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"{data} has used up its {LAST_EPOCH} epochs: positions of another one could not be "
            "told from old ones. Start with an empty data folder; clients begin anew."
        )


def is_fatal(error: Exception) -> bool:
    """Whether *error* concerns all that is being written, not only the command at work."""
    return isinstance(error, (apsw.FullError, *_BROKEN))


def refusal(error: Exception) -> StoreFull | StoreFailed:
    """What is told to those whose commands were lost through *error*."""
    if is_full(error):
        return StoreFull("The disk is full: nothing is written until there is room")
    return StoreFailed(f"The database cannot be written: {error}")


def is_full(error: Exception) -> bool:
    """Whether there was no room; everything is as it was before."""
    return isinstance(error, apsw.FullError)


@contextmanager
def reading() -> Iterator[None]:
    """Turn errors of SQLite into StoreFailed."""
    try:
        yield
    except apsw.Error as error:
        raise StoreFailed(f"The database cannot be read: {error}") from error


@contextmanager
def opening(file: Path) -> Iterator[None]:
    """Turn errors of SQLite into what the operator should know about *file*."""
    try:
        yield
    except apsw.NotADBError as error:
        raise NotAStore(f"{file} is no database of Wakeful, or its beginning is damaged") from error
    except apsw.CorruptError as error:
        raise Damaged(f"{file} is damaged ({error}); restore a backup") from error
    except apsw.FullError as error:
        raise OSError(ENOSPC, "No space left on device", str(file)) from error
    except apsw.Error as error:
        raise FolderError(f"{file} cannot be opened: {error}") from error
