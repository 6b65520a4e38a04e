"""What is seen inside one transaction: the connection, and the heads.

The heads are asked for through methods, because the writer keeps them in memory
until it commits and must see its own.
"""

from __future__ import annotations

from typing import NamedTuple

import apsw

from wakeful.core.events import Head
from wakeful.stores.sqlite.queries import load

_sql = load("heads.sql")
_page = load("streams.sql").page


class StreamRow(NamedTuple):
    """A row of the table `stream`, but for its id."""

    kind: str
    head: Head
    trimmed: int
    trimmed_at: int  # when the newest event already removed was recorded, 0 if none was
    oldest: int | None  # key of the oldest event kept


class JournalRow(NamedTuple):
    """A row of the table `journal_head`, but for its id."""

    head: int
    trimmed: int


NO_JOURNAL = JournalRow(0, 0)


Found = list[tuple[int, int, int, int, bytes | None]]
"""Number, key, version of the stored form, checksum and body of each event found."""


class Snapshot:
    """A state of the store that does not change while it is looked at.

    What it does not show was not, and will not be, recorded before `now`.
    """

    def __init__(self, db: apsw.Connection, epoch: int, now: int = 0) -> None:
        self.db = db
        self.epoch = epoch
        self.now = now

    def stream(self, id: int) -> StreamRow | None:
        """The stream's head and so on; None if it never had an event."""
        row = self.db.execute(_sql.stream, (id,)).fetchone()
        if row is None:
            return None
        kind, head_all, head_changes, head_sync, *others = row
        return StreamRow(kind, (head_all, head_changes, head_sync), *others)

    def entries(self, stream: int, after: int, until: int, classes: int, limit: int) -> Found:
        """Up to *limit* events of a stream with numbers from *after* (left out) to *until*
        that any of *classes* shows; the body is None where the event is missing."""
        return [*self.db.execute(_page, (stream, after, until, classes, limit))]

    def journal(self, namespace: int) -> JournalRow:
        """The journal's head and so on."""
        row = self.db.execute(_sql.journal, (namespace,)).fetchone()
        return NO_JOURNAL if row is None else JournalRow(*row)
