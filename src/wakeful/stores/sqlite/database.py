"""Opens connections, lifts the schema, keeps the one row of `meta`.

Every connection is in WAL mode. `synchronous=FULL` makes each COMMIT wait for the
disk; no connection checkpoints by itself, for that is the writer's work.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import NamedTuple

import apsw

from wakeful.core.lookups import FIRST_ID
from wakeful.stores.sqlite.faults import NotAStore, TooNew, opening
from wakeful.stores.sqlite.queries import load, migrations

APPLICATION_ID = 0x57414B45  # "WAKE", in the header of each of our databases

# A snapshot never waits for the writer; this is for recovery after a crash, which locks all out.
_BUSY_MS = 10_000
_STATEMENTS = 256  # more than there are, so that none is ever prepared twice
_WRITER_CACHE_KIB = 16_384
# Each of several threads fills one, and the system has the same pages in its own cache: with 2 MiB
# nothing was quicker.
_READER_CACHE_KIB = 512

_sql = load("database.sql")


class Meta(NamedTuple):
    """What the store knows about itself."""

    identity: str
    epoch: int
    copied: int
    clock: int
    last_id: int
    last_key: int
    commits: int


def connect(file: Path, *, vfs: str | None = None) -> apsw.Connection:
    """The writer's connection to the database in *file*, which is made where there is none.

    Its schema is the newest. Raises FolderError.
    """
    with opening(file):
        db = _open(file, vfs, _WRITER_CACHE_KIB)
        try:
            known = migrations()
            version = check(db, file, len(known))
            db.pragma("journal_mode", "wal")
            for number in range(version, len(known)):
                _lift(db, number + 1, known[number])
            # What is in the log may never have been synced (the process before may have met a
            # failing disk): in the database file it is.
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            db.pragma("auto_vacuum", 1, schema="temp")  # it is in memory, which is given back
            db.execute(_sql.scratch)
        except BaseException:
            db.close()
            raise
        return db


def connect_reader(
    file: Path, *, vfs: str | None = None, patience_ms: int = _BUSY_MS
) -> apsw.Connection:
    """A connection that cannot write; it waits for a lock for *patience_ms*."""
    with opening(file):
        db = _open(file, vfs, _READER_CACHE_KIB)
        db.set_busy_timeout(patience_ms)
        db.pragma("query_only", True)
        leave_log(db)
        return db


def leave_log(db: apsw.Connection) -> None:
    """Let *db* write nothing when it is closed, not even what the log still holds."""
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


def check(db: apsw.Connection, file: Path, newest: int | None = None) -> int:
    """The version of the schema, 0 for an empty database. Raises NotAStore or TooNew."""
    newest = len(migrations()) if newest is None else newest
    version = int(db.pragma("user_version"))
    if db.pragma("application_id") != APPLICATION_ID:
        if version or db.execute(_sql.any_table).get:
            raise NotAStore(f"{file} is a database, but not one of Wakeful")
        return 0
    if version > newest:
        raise TooNew(
            f"{file} was written by a later version of Wakeful "
            f"(schema {version}, this one knows {newest})"
        )
    return version


def read_meta(db: apsw.Connection) -> Meta:
    """What the database says about itself."""
    return Meta(*db.execute(_sql.read_meta).get)


def set_epoch(db: apsw.Connection, epoch: int) -> None:
    """Begin *epoch*, durably."""
    db.execute(_sql.set_epoch, (epoch,))


def mark_as_copy(db: apsw.Connection) -> None:
    """Let the first opening draw a new epoch."""
    db.execute(_sql.mark_as_copy)


def _open(file: Path, vfs: str | None, cache_kib: int) -> apsw.Connection:
    db = apsw.Connection(str(file), vfs=vfs, statementcachesize=_STATEMENTS)
    db.set_busy_timeout(_BUSY_MS)
    db.wal_autocheckpoint(0)
    db.pragma("synchronous", "full")
    db.pragma("cache_size", -cache_kib)
    db.pragma("temp_store", "memory")  # what a savepoint may have to put back stays off the disk
    if sys.platform == "darwin":
        # There, a plain fsync leaves data in the drive's own cache.
        db.pragma("fullfsync", True)
        db.pragma("checkpoint_fullfsync", True)
    return db


def _lift(db: apsw.Connection, version: int, script: str) -> None:
    """Carry out migration number *version*, all or nothing."""
    with db:
        if version == 1:
            db.pragma("application_id", APPLICATION_ID)
        db.execute(script)
        if version == 1:
            db.execute(_sql.first_meta, (secrets.token_hex(16), FIRST_ID - 1))
        db.pragma("user_version", version)
