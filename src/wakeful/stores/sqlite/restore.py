"""Copies of the database: made while it runs, put in its place, told apart by their epoch."""

from __future__ import annotations

import os
import shutil
from contextlib import closing, suppress
from datetime import UTC, datetime
from errno import EIO, ENOSPC
from pathlib import Path

import apsw

from wakeful.stores.sqlite.database import (
    check,
    connect,
    connect_reader,
    mark_as_copy,
    read_meta,
    set_epoch,
)
from wakeful.stores.sqlite.faults import Damaged, NotAStore, is_full, opening
from wakeful.stores.sqlite.folder import Folder, needs_new_epoch, sync_folder, taken
from wakeful.stores.sqlite.folder import Remembered as Side


def open_database(
    folder: Folder, *, vfs: str | None = None, new_epoch: bool = False
) -> apsw.Connection:
    """The writer's connection to the folder's database, in an epoch that is safe to use.

    Raises FolderError.
    """
    folder.make_database_file()
    db = connect(folder.database, vfs=vfs)
    try:
        with opening(folder.database):
            meta = read_meta(db)
            if new_epoch or needs_new_epoch(meta, folder.remembered()):
                set_epoch(db, folder.next_epoch(meta))
            else:
                folder.remember(Side(meta.identity, meta.epoch, meta.commits))
    except BaseException:
        db.close()
        raise
    return db


def new_epoch(data: Path) -> int:
    """Begin a new epoch in the store in *data*, and return it.

    For what cannot be noticed: the whole folder was put back to an earlier state.
    Raises FolderError.
    """
    with taken(data) as folder, closing(open_database(folder, new_epoch=True)) as db:
        epoch = read_meta(db).epoch
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return epoch


def backup(database: Path, file: Path, *, vfs: str | None = None) -> None:
    """Write a consistent copy of *database* to *file*; the writer goes on meanwhile.

    The name appears at once, so that nobody else takes it, and the contents when they are
    complete. Raises FileExistsError, and OSError as the disk has it.
    """
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    part = file.with_name(file.name + ".part")
    try:
        _remove_with_log(part)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with (
            closing(connect_reader(database, vfs=vfs)) as source,
            closing(apsw.Connection(str(part))) as copy,
        ):
            with copy.backup("main", source, "main") as copying:
                copying.step(-1)  # one snapshot: begun again, it might never end
            copy.pragma("journal_mode", "delete")  # one file, nothing beside it
            copy.pragma("synchronous", "extra")
            mark_as_copy(copy)
        part.replace(file)
        sync_folder(file.parent)
    except apsw.Error as error:
        _discard(file, part)
        code = ENOSPC if is_full(error) else EIO
        raise OSError(code, os.strerror(code), str(file)) from error
    except BaseException:
        _discard(file, part)
        raise


def restore(file: Path, data: Path) -> Path | None:
    """Put the copy in *file* in the place of the database in *data*.

    It draws a new epoch when it is opened. Returns where the database before it is kept, None
    if there was none. All or nothing. Raises FolderError, and OSError as the disk has it.
    """
    with taken(data) as folder:
        new = data / "wakeful.db.restoring"
        _remove_with_log(new)
        try:
            shutil.copyfile(file, new)
            new.chmod(0o600)
            _prepare(file, new)
            aside = _keep_aside(folder)
            new.replace(folder.database)
        finally:
            _remove_with_log(new)
        sync_folder(data)
        return aside


def _prepare(file: Path, new: Path) -> None:
    """Check the copy *new* of *file*, and mark it."""
    if new.stat().st_size == 0:
        raise NotAStore(f"{file} is empty")
    with opening(file), closing(apsw.Connection(str(new))) as db:
        if check(db, file) == 0:
            raise NotAStore(f"{file} is not a database of Wakeful")
        found = db.pragma("integrity_check")
        if found != "ok":
            raise Damaged(f"{file} is damaged: {found}")
        db.pragma("synchronous", "extra")
        mark_as_copy(db)
        db.pragma("journal_mode", "delete")
    descriptor = os.open(new, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keep_aside(folder: Folder) -> Path | None:
    """Give the present database a second name, and its log to that name only."""
    if not folder.database.exists():
        return None
    with suppress(Exception), closing(connect(folder.database)):
        pass  # what its log holds is in the file now; a damaged one is kept as it is
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = folder.path / f"wakeful.db.before-restore-{stamp}"
    # The log first: it would be taken for that of the new database.
    for suffix in ("-wal", "-shm"):
        log = folder.path / (folder.database.name + suffix)
        if log.exists():
            log.replace(folder.path / (aside.name + suffix))
    try:
        aside.hardlink_to(folder.database)
    except OSError:  # a file system without links
        shutil.copy2(folder.database, aside)
    return aside


def _remove_with_log(database: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _discard(file: Path, part: Path) -> None:
    with suppress(OSError):
        _remove_with_log(part)
        file.unlink(missing_ok=True)
