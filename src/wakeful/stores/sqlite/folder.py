"""The data folder: who has it, and what it remembers beside the database.

Rule 1: one process at a time. It holds a lock on `lock` and has written its pid there.

Rule 2: `epoch.json` remembers the greatest epoch ever used in this folder, which store
that was, and a number of commits that it has surely made. A database that says less was
swapped or rolled back: positions that it gives again would mean other events, so it
draws a new epoch (`needs_new_epoch`). The file is written before the database, so that
a crash in between costs an epoch and never repeats one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from wakeful.core.positions import FIRST_EPOCH, LAST_EPOCH
from wakeful.stores.sqlite.database import Meta
from wakeful.stores.sqlite.faults import EpochsExhausted, FolderError, FolderInUse

DATABASE = "wakeful.db"


class Remembered(msgspec.Struct, frozen=True):
    """What `epoch.json` holds."""

    identity: str
    epoch: int
    commits: int


def needs_new_epoch(meta: Meta, remembered: Remembered | None) -> bool:
    """Whether the database may give positions again that were given for other events."""
    return (
        remembered is None  # it came here by itself, from wherever
        or bool(meta.copied)
        or meta.identity != remembered.identity
        or meta.epoch != remembered.epoch
        or meta.commits < remembered.commits
    )


class Folder:
    """A data folder that this process has to itself."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.database = path / DATABASE
        self._side = path / "epoch.json"
        self._lock = lock

    def __repr__(self) -> str:
        return f"<Folder {self.path}>"

    @classmethod
    def take(cls, data: Path) -> Folder:
        """Make *data* where it is missing, and lock it. Raises FolderInUse, and OSError."""
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            text = os.read(lock, 32).decode(errors="replace").strip()
            os.close(lock)
            raise FolderInUse(data, int(text) if text.isdecimal() else 0) from None
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return cls(data, lock)

    def release(self) -> None:
        """Let others have it. The file stays: removing it would let two hold 'the' lock."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def make_database_file(self) -> None:
        """See to it that the database file is there, and for nobody else to read."""
        if not self.database.exists():
            os.close(os.open(self.database, os.O_CREAT | os.O_RDWR, 0o600))
            sync_folder(self.path)

    def remembered(self) -> Remembered | None:
        """What was remembered last; None where nothing was. Raises FolderError."""
        try:
            return msgspec.json.decode(self._side.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise FolderError(
                f"{self._side} is damaged ({error}). Positions given so far cannot be told from "
                "later ones; remove it and run `wakeful epoch --new`"
            ) from error

    def remember(self, remembered: Remembered) -> None:
        """Keep *remembered*, durably."""
        new = self._side.with_suffix(".new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, msgspec.json.encode(remembered))
            os.fsync(file)
        finally:
            os.close(file)
        new.replace(self._side)
        sync_folder(self.path)

    def next_epoch(self, meta: Meta) -> int:
        """An epoch that was never used here, remembered before anything can be given in it.

        Raises EpochsExhausted.
        """
        remembered = self.remembered()
        used = max(meta.epoch, remembered.epoch if remembered else 0, FIRST_EPOCH - 1)
        if used >= LAST_EPOCH:
            raise EpochsExhausted(self.path)
        self.remember(Remembered(meta.identity, used + 1, meta.commits))
        return used + 1


def sync_folder(path: Path) -> None:
    """Make the names in *path* durable."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def taken(data: Path) -> Iterator[Folder]:
    """The folder *data*, locked for the time of the block."""
    folder = Folder.take(data)
    try:
        yield folder
    finally:
        folder.release()
