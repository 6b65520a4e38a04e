"""Find the files of a Dropbox by their names and by the words in them.

    DROPBOX_TOKEN=... python index.py follow index.db
    python index.py search index.db annual report

Rule 1: the cursor is kept in the same transaction as what was told up to it. So it does not matter
when the program is killed: a page is indexed as a whole or not at all, and never passed by.

Rule 2: entries are applied in their order, and each says what is at its path from then on; what a
page repeats is applied twice, and changes nothing.

Rule 3: a cursor may be of no use any more (`reset`). Then all is listed anew, beside what there is,
and what the listing does not show goes at its end. Searches find the old until then.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dropbox import Dropbox
from dropbox.exceptions import ApiError, HttpError, InternalServerError
from dropbox.files import DeletedMetadata, FileMetadata, Metadata
from requests.exceptions import RequestException

log = logging.getLogger("index")

TEXTS = (".txt", ".md", ".rst", ".csv", ".json", ".html", ".xml", ".py", ".js", ".c", ".java")
LARGEST_TEXT_BYTES = 1_000_000
ENTRIES_A_PAGE = 100  # their texts are in memory together
HELD_SECONDS = 60
PAUSE_SECONDS = 5.0
HASHED_BYTES = 4 * 1024 * 1024  # the blocks of Dropbox's content hash

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE, -- in lower case, as Dropbox compares paths
    shown TEXT NOT NULL,
    revision TEXT,             -- NULL for a folder
    listing INTEGER NOT NULL   -- the last one that showed it
) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (name, text); -- by the same id
CREATE TABLE IF NOT EXISTS reading (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    cursor TEXT,
    listing INTEGER NOT NULL,
    is_listing INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO reading VALUES (1, NULL, 0, 0);
"""


class Found(NamedTuple):
    """A file that a search found, and the words around what was sought, in brackets."""

    path: str
    excerpt: str


class Index:
    """The index of one user, in the SQLite file *path*."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")  # searches go on meanwhile
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def search(self, text: str, most: int = 20) -> list[Found]:
        """The files that have every word of *text*, the best first."""
        wanted = " ".join('"' + word.replace('"', '""') + '"' for word in text.split())
        if not wanted:
            return []
        rows = self._db.execute(
            """SELECT shown, snippet(words, -1, '[', ']', '…', 12) FROM words
            JOIN files ON files.id = words.rowid WHERE words MATCH ? ORDER BY rank LIMIT ?""",
            (wanted, most),
        )
        return [Found(*row) for row in rows]

    def follow(self, client: Dropbox) -> None:
        """Follow for ever. What goes wrong is tried again. After a 429 the SDK itself waits, for as
        long as that says."""
        while True:
            try:
                self.catch_up(client)
                self.wait(client)
            except (HttpError, InternalServerError, RequestException) as error:
                log.warning("%s; again in %.0f s", error, PAUSE_SECONDS)
                time.sleep(PAUSE_SECONDS)

    def catch_up(self, client: Dropbox) -> None:
        """Index what there is to read."""
        while self._read_page(client):
            pass

    def wait(self, client: Dropbox, seconds: int = HELD_SECONDS) -> None:
        """Return when there may be something to read, or after about so many seconds."""
        (cursor,) = self._db.execute("SELECT cursor FROM reading").fetchone()
        try:
            told = client.files_list_folder_longpoll(cursor, timeout=seconds)
        except ApiError as error:
            if not error.error.is_reset():
                raise
            self._begin_anew()
            return
        if told.backoff:
            time.sleep(told.backoff)

    # --- reading ---

    def _read_page(self, client: Dropbox) -> bool:
        """Index the next page. Returns whether there is more."""
        cursor, listing, is_listing = self._db.execute(
            "SELECT cursor, listing, is_listing FROM reading"
        ).fetchone()
        try:
            if cursor is None:
                page = client.files_list_folder("", recursive=True, limit=ENTRIES_A_PAGE)
                listing, is_listing = listing + 1, True
            else:
                page = client.files_list_folder_continue(cursor)
        except ApiError as error:
            if cursor is None or not error.error.is_reset():
                raise
            self._begin_anew()
            return True
        # Before the transaction, which would keep others from writing for as long.
        gone = tuple(
            f"{entry.path_lower}/" for entry in page.entries if isinstance(entry, DeletedMetadata)
        )
        texts = [self._text(client, entry, gone) for entry in page.entries]
        with self._transaction():
            for entry, text in zip(page.entries, texts, strict=True):
                self._apply(entry, text, listing)
            if is_listing and not page.has_more:
                self._remove("listing < ?", listing)
                is_listing = False
            self._db.execute(
                "UPDATE reading SET cursor = ?, listing = ?, is_listing = ?",
                (page.cursor, listing, is_listing),
            )
        return bool(page.has_more)

    def _begin_anew(self) -> None:
        log.info("the cursor is of no use any more: listing anew")
        self._db.execute("UPDATE reading SET cursor = NULL")

    # --- what is indexed ---

    def _apply(self, entry: Metadata, text: str | None, listing: int) -> None:
        path = entry.path_lower
        is_file = isinstance(entry, FileMetadata)
        before = self._db.execute(
            "SELECT id, revision FROM files WHERE path = ?", (path,)
        ).fetchone()
        if isinstance(entry, DeletedMetadata) or (before and (before[1] is not None) != is_file):
            self._remove("path = ?", path)
            before = None
        if is_file or isinstance(entry, DeletedMetadata):
            # Nothing is below a file. All paths in a folder lie between "/" and the next sign.
            self._remove("path > ? || '/' AND path < ? || '0'", path, path)
        if isinstance(entry, DeletedMetadata):
            return
        revision = entry.rev if is_file else None
        row = (path, entry.path_display, revision, listing)
        if before:
            id = before[0]
            self._db.execute(
                "UPDATE files SET path = ?, shown = ?, revision = ?, listing = ? WHERE id = ?",
                (*row, id),
            )
        else:
            id = self._db.execute(
                "INSERT INTO files (path, shown, revision, listing) VALUES (?, ?, ?, ?)", row
            ).lastrowid
        if text is None and before and before[1] == revision:
            (text,) = self._db.execute("SELECT text FROM words WHERE rowid = ?", (id,)).fetchone()
        self._db.execute(
            "REPLACE INTO words (rowid, name, text) VALUES (?, ?, ?)", (id, entry.name, text or "")
        )

    def _remove(self, which: str, *values: object) -> None:
        for (id,) in self._db.execute(f"SELECT id FROM files WHERE {which}", values).fetchall():
            self._db.execute("DELETE FROM files WHERE id = ?", (id,))
            self._db.execute("DELETE FROM words WHERE rowid = ?", (id,))

    def _text(self, client: Dropbox, entry: Metadata, gone: tuple[str, ...]) -> str | None:
        """The text in a file that is not indexed yet, or is so below what its page says is *gone*;
        None where there is none."""
        if not isinstance(entry, FileMetadata) or not entry.name.lower().endswith(TEXTS):
            return None
        known = "SELECT 1 FROM files WHERE path = ? AND revision = ?"
        is_known = self._db.execute(known, (entry.path_lower, entry.rev)).fetchone() is not None
        if is_known and not entry.path_lower.startswith(gone):
            return None
        if entry.size > LARGEST_TEXT_BYTES:
            return None
        try:
            met, answer = client.files_download(f"rev:{entry.rev}")
        except ApiError as error:
            log.info("%s cannot be read: %s", entry.path_display, error)
            return None  # gone since it was told, which will be told, too
        content = answer.content
        if met.content_hash and met.content_hash != content_hash(content):
            raise RequestException(f"the content of {entry.path_display} broke off")
        return str(content.decode("utf-8", errors="replace"))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def content_hash(content: bytes) -> str:
    """As Dropbox has it: that of the hashes of all blocks."""
    blocks = range(0, len(content), HASHED_BYTES)
    hashes = (hashlib.sha256(content[at : at + HASHED_BYTES]).digest() for at in blocks)
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Find the files of a Dropbox by their words.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("follow", "search"):
        commands.add_parser(name).add_argument("index", type=Path)
    commands.choices["search"].add_argument("words", nargs="+")
    asked = parser.parse_args(arguments)
    index = Index(asked.index)
    if asked.command == "follow":
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        index.follow(Dropbox(os.environ["DROPBOX_TOKEN"]))
    for found in index.search(" ".join(asked.words)):
        print(f"{found.path}: {found.excerpt}")


if __name__ == "__main__":
    main(sys.argv[1:])
