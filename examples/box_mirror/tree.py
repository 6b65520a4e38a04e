"""A tree of files and folders as it should be, written down; and a folder on the disk that follows.

What should be and what lies on the disk stand in one SQLite file. Every step on the disk is done
first and written down then, and may be done again: so it does not matter where a kill comes.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger("mirror")

ROOT = "folder/0"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    key TEXT PRIMARY KEY,
    -- as it should be
    parent TEXT, name TEXT NOT NULL, version TEXT, sha1 TEXT,
    sequence INTEGER NOT NULL, is_there INTEGER NOT NULL,
    -- as it lies on the disk, all NULL where it does not
    disk_parent TEXT, disk_name TEXT, disk_version TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS items_by_parent ON items (parent);
CREATE UNIQUE INDEX IF NOT EXISTS items_by_place ON items (disk_parent, disk_name);
CREATE TABLE IF NOT EXISTS reading (
    one INTEGER PRIMARY KEY CHECK (one = 1), position TEXT NOT NULL, at REAL NOT NULL
) STRICT;
"""
_LIFTED = "lifted"  # the `disk_parent` of what was taken from its place and has no other yet


class Item(NamedTuple):
    """A file or folder. The key is `file/ID` or `folder/ID`: the two may have equal ids."""

    key: str
    parent: str | None
    name: str
    version: str | None  # of a file: which content
    sha1: str | None  # of that content, where it is known
    sequence: int  # rises with every change of the item
    is_there: bool = True

    @property
    def is_folder(self) -> bool:
        return self.key.startswith("folder/")


class NotToBeHad(Exception):
    """A content cannot be loaded, now or later, until something else is told of the file."""


class TakenError(Exception):
    """Another program has the state, and with it the folder."""


Download = Callable[[str, str | None, Path], None]
"""Puts the content of a file, by key and SHA-1, into a new file. Raises OSError where it should be
tried again, and NotToBeHad."""


class Tree:
    """*folder* is the tree's own, and so is *state*, which is on the same disk. Raises TakenError
    where another program has them."""

    def __init__(self, folder: Path, state: Path) -> None:
        self._folder = folder
        self._lifted, self._parts = state / "lifted", state / "parts"
        for each in (folder, self._lifted, self._parts):
            each.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(state / "tree.db", timeout=1, isolation_level=None)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")  # one wait for the disk a step, not three
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self._db.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise TakenError(f"another program has {state}") from None

    def close(self) -> None:
        self._db.close()

    # --- as it should be ---

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is learnt within is written down as a whole, or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @property
    def reading(self) -> tuple[str | None, float]:
        """The position to read on from, and when it was written down."""
        row = self._db.execute("SELECT position, at FROM reading").fetchone()
        return row or (None, 0.0)

    def read_up_to(self, position: str) -> None:
        self._db.execute("REPLACE INTO reading VALUES (1, ?, ?)", (position, time.time()))

    def has(self, key: str) -> bool:
        found = self._db.execute("SELECT 1 FROM items WHERE key = ? AND is_there", (key,))
        return found.fetchone() is not None

    def learn(self, item: Item, *, is_listed: bool = False) -> None:
        """Take *item* for what there is. A listing is newer than every event that was read; of two
        events the sequence says which is newer."""
        self._db.execute(
            """INSERT INTO items (key, parent, name, version, sha1, sequence, is_there)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET parent = excluded.parent,
            name = excluded.name, version = excluded.version, sha1 = excluded.sha1,
            sequence = excluded.sequence, is_there = excluded.is_there
            WHERE ? OR excluded.sequence > items.sequence""",
            (*item, is_listed),
        )

    def keep_only(self, listed: Container[str], folder: str) -> None:
        """Of what is below *folder*, only the keys *listed* are there."""
        below = """WITH RECURSIVE below (key) AS (
            SELECT key FROM items WHERE parent = ?
            UNION SELECT items.key FROM items JOIN below ON items.parent = below.key
        ) SELECT key FROM below"""
        for (key,) in self._db.execute(below, (folder,)).fetchall():
            if key not in listed:
                self._db.execute("UPDATE items SET is_there = 0 WHERE key = ?", (key,))

    # --- the disk ---

    def settle(self, download: Download) -> bool:
        """Make the disk like what is written down. Returns False where something is left that
        should be tried again."""
        self._sweep()
        # Whatever lies where it should not is lifted first: then names can be swapped, and
        # folders can change places with those that are in them.
        misplaced = """SELECT key, disk_version FROM items
            WHERE disk_parent IS NOT NULL AND disk_parent != ?
            AND (NOT is_there OR disk_parent IS NOT parent OR disk_name != name)"""
        for key, version in self._db.execute(misplaced, (_LIFTED,)).fetchall():
            place = self._place(key)
            if os.path.lexists(place):
                os.rename(place, self._lifted_place(key))
            self._put_place(key, _LIFTED, key, version)
        gone = "SELECT key FROM items WHERE disk_parent = ? AND NOT is_there"
        for (key,) in self._db.execute(gone, (_LIFTED,)).fetchall():
            self._forget_place(key)
        self._sweep()
        return self._fill(ROOT, self._folder, download)

    def _fill(self, folder: str, path: Path, download: Download) -> bool:
        """Put everything into *folder* that is missing there, and below it."""
        is_done = True
        inside = """SELECT key, name, version, sha1, disk_parent, disk_version FROM items
            WHERE parent = ? AND is_there ORDER BY key"""
        for key, name, version, sha1, disk_parent, disk_version in self._db.execute(
            inside, (folder,)
        ).fetchall():
            target = path / name
            if target.parent != path or name == "..":
                log.error("%r is no name for a file here", name)
                continue
            if disk_parent != folder and not self._is_free(folder, name):
                continue  # the other one is about to go elsewhere: the event for that is to come
            try:
                if disk_parent == _LIFTED and self._lifted_place(key).exists():
                    os.rename(self._lifted_place(key), target)
                    self._put_place(key, folder, name, disk_version)
                    disk_parent = folder
                if key.startswith("folder/"):
                    target.mkdir(exist_ok=True)
                    if disk_parent != folder:
                        self._put_place(key, folder, name)
                    is_done = self._fill(key, target, download) and is_done
                elif disk_parent != folder or disk_version != version:
                    part = self._parts / _file_name(key)
                    download(key, sha1, part)
                    os.replace(part, target)  # nobody ever sees half of it
                    self._put_place(key, folder, name, version)
            except OSError as error:
                log.error("%s: %s", target, error)  # the others are not to wait for it
                is_done = False
            except NotToBeHad as error:
                log.warning("%s: %s", target, error)
        return is_done

    def _sweep(self) -> None:
        """Remove what no row leads to: what is gone, and what a kill left behind."""
        for path in (*self._lifted.iterdir(), *self._parts.iterdir()):
            if path.parent == self._lifted and not self._is_free(_LIFTED, _key(path.name)):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    # --- where things lie ---

    def _place(self, key: str) -> Path:
        if key == ROOT:
            return self._folder
        parent, name = self._db.execute(
            "SELECT disk_parent, disk_name FROM items WHERE key = ?", (key,)
        ).fetchone()
        return self._lifted_place(key) if parent == _LIFTED else self._place(parent) / name

    def _lifted_place(self, key: str) -> Path:
        return self._lifted / _file_name(key)

    def _is_free(self, parent: str, name: str) -> bool:
        there = "SELECT 1 FROM items WHERE disk_parent = ? AND disk_name = ?"
        return self._db.execute(there, (parent, name)).fetchone() is None

    def _put_place(self, key: str, parent: str, name: str, version: str | None = None) -> None:
        self._db.execute(
            "UPDATE items SET disk_parent = ?, disk_name = ?, disk_version = ? WHERE key = ?",
            (parent, name, version, key),
        )

    def _forget_place(self, key: str) -> None:
        """An item lies nowhere any more, nor does what lies in it."""
        self._db.execute(
            """WITH RECURSIVE inside (key) AS (
                VALUES (?) UNION SELECT items.key FROM items JOIN inside ON disk_parent = inside.key
            ) UPDATE items SET disk_parent = NULL, disk_name = NULL, disk_version = NULL
            WHERE key IN (SELECT key FROM inside)""",
            (key,),
        )


def _file_name(key: str) -> str:
    return key.replace("/", "-")


def _key(file_name: str) -> str:
    return file_name.replace("-", "/", 1)
