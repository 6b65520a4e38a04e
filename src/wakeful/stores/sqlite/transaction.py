"""What the writer does inside one transaction: several commands, each undone alone.

Counters, heads and new events live in memory and are written once for the whole group,
which is several times faster than row by row; the writer is the only one who writes, so
they cannot be out of date. `_undo` holds what the command at work has replaced, as the
savepoint does for the rows; look-ups inside a command see them through the methods that
a snapshot has for them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

import apsw

from wakeful.core.events import Head
from wakeful.core.ports import Grown
from wakeful.stores.sqlite.database import Meta
from wakeful.stores.sqlite.faults import is_fatal
from wakeful.stores.sqlite.known import Known, forget_oldest
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Found, JournalRow, Snapshot, StreamRow

T = TypeVar("T")

EventRow = tuple[int, int, int, int, int, bytes]
"""Key, time, version of the stored form, how many streams show it, checksum, body."""

EntryRow = tuple[int, int, int, int, int | None, int | None]
"""Stream, number, event, classes; type and event time in the stream of an enterprise only."""

FreshRow = tuple[int, int, EventRow]
"""Number, classes, event."""

Fresh = dict[int, tuple[StreamRow, list[FreshRow]]]
"""What a group wrote into users' streams: the stream's row after it, and the new rows in order."""

# A group with more entries is not kept as `Fresh`.
_MOST_FRESH = 1_000

# So many heads are kept from one group to the next, of streams and of journals; a head is about
# 300 bytes.
_MOST_HEADS = 100_000

# And so many types of events, for producers may name as many as they like.
_MOST_TYPES = 10_000

_sql = load("heads.sql")
_streams = load("streams.sql")
_count_commit = load("database.sql").count_commit


class Transaction(Snapshot):
    """A group of commands that become durable together, and what is kept between groups."""

    def __init__(self, db: apsw.Connection, meta: Meta) -> None:
        super().__init__(db, meta.epoch, meta.clock)
        self.last_id = meta.last_id
        self.last_key = meta.last_key
        self.commits = meta.commits
        self.hints: dict[Grown, Head] = {}
        self.fresh: Fresh = {}
        self.known = Known()
        self._kept = (meta.last_id, meta.last_key)
        self._events: list[EventRow] = []
        self._entries: list[EntryRow] = []
        self._streams: dict[int, StreamRow] = {}
        self._journals: dict[int, JournalRow] = {}
        self._types: dict[str, int] = {}
        self._last_type: int | None = None
        self._new_types: list[tuple[int, str]] = []
        self._grown_types: dict[Grown, Head] = {}
        self._stale_streams: set[int] = set()
        self._grown_streams: set[int] = set()  # whose heads alone are others
        self._stale_journals: set[int] = set()
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self._alone = True
        self._writing = False
        self._written = False

    # --- the group ---

    def begin(self, now: int) -> None:
        """Start a group at the time *now* (ms); the time never falls."""
        self.hints = {}
        self._written = False
        forget_oldest(self._streams, _MOST_HEADS)
        forget_oldest(self._journals, _MOST_HEADS)
        if len(self._types) > _MOST_TYPES:
            self._types.clear()
        self.known.bound()
        self.db.execute("BEGIN IMMEDIATE")
        self.now = max(now, self.now)

    def run(self, work: Callable[[Transaction], T], *, alone: bool) -> T:
        """Carry out one command. One that raises leaves nothing behind.

        *alone* says that no other is in the group, which saves the savepoint. After an
        error for which `is_lost` is true, the whole group must be rolled back.
        """
        before = self.last_id, self.last_key
        events, entries = len(self._events), len(self._entries)
        types = len(self._new_types)
        self._undo.clear()
        self._grown_types.clear()
        self._alone = alone
        self._writing = False
        try:
            result = work(self)
        except BaseException as error:
            self.last_id, self.last_key = before
            del self._events[events:]
            del self._entries[entries:]
            del self._new_types[types:]
            for table, key, old in reversed(self._undo):
                if old is None:
                    del table[key]
                else:
                    table[key] = old
            if self._writing:
                self.known.clear()
                if not self.is_lost(error):
                    self._take_back()
            raise
        if self._writing:
            self._written = True
            if not alone:
                self.db.execute("RELEASE command")
        self._collect_hints()
        return result

    def commit(self) -> bool:
        """Make the group durable; False if nothing was written."""
        counters = self.last_id, self.last_key
        if not self._written and counters == self._kept:
            self.db.execute("ROLLBACK")
            self._stale_streams.clear()  # of commands that were undone
            self._grown_streams.clear()
            self._stale_journals.clear()
            return False
        self.fresh = self._collect_fresh()
        self.settle()
        self.commits += 1
        try:
            self.db.execute(_count_commit, (self.now, *counters, self.commits))
            self.db.execute("COMMIT")
        except BaseException:
            self.commits -= 1
            raise
        self._kept = counters
        return True

    def roll_back(self) -> None:
        """Forget the group."""
        self.last_id, self.last_key = self._kept
        self.hints = {}
        self._events.clear()
        self._entries.clear()
        self._streams.clear()
        self._journals.clear()
        self.known.clear()
        self._types.clear()
        self._last_type = None
        self._new_types.clear()
        self._stale_streams.clear()
        self._grown_streams.clear()
        self._stale_journals.clear()
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def is_lost(self, error: BaseException) -> bool:
        """Whether the whole group is lost: SQLite may roll back by itself."""
        return not self.db.in_transaction or (isinstance(error, Exception) and is_fatal(error))

    # --- what commands use ---

    def write(self) -> None:
        """Call before the first row is written; more often does no harm."""
        if not self._writing:
            self._writing = True
            if not self._alone:
                self.db.execute("SAVEPOINT command")

    def take_ids(self, count: int) -> int:
        """The first of *count* fresh ids."""
        first = self.last_id + 1
        self.last_id += count
        return first

    def append(self, events: list[EventRow], entries: list[EntryRow]) -> None:
        """Keep new events, with the keys that follow `last_key`, and their entries."""
        self.last_key += len(events)
        self._events += events
        self._entries += entries

    def grow_type(self, stream: int, type: str, number: int) -> int:
        """Note that an event of *type* has a number in an enterprise's stream; the type's id."""
        self._grown_types[stream, type] = (number,)
        id = self._types.get(type)
        if id is None:
            id = self._types[type] = self._type_id(type)
        return id

    def _type_id(self, type: str) -> int:
        known: int | None = self.db.execute(_streams.type_id, (type,)).get
        if known is not None:
            return known
        if self._last_type is None:
            self._last_type = self.db.execute(_streams.last_type_id).get
        self._last_type += 1
        self._undo.append((self._types, type, None))
        self._new_types.append((self._last_type, type))
        return self._last_type

    def entries(self, stream: int, after: int, until: int, classes: int, limit: int) -> Found:
        found = super().entries(stream, after, until, classes, limit)
        if self._entries and len(found) < limit:
            events = {event[0]: event for event in self._events}
            pending = (
                (number, key, events[key][2], events[key][4], events[key][5])
                for owner, number, key, mask, _, _ in self._entries
                if owner == stream and after < number <= until and mask & classes
            )
            found.extend(islice(pending, limit - len(found)))
        return found

    def stream(self, id: int) -> StreamRow | None:
        row = self._streams.get(id)
        if row is None:
            row = super().stream(id)
            if row is not None:
                self._streams[id] = row
        return row

    def put_stream(self, id: int, row: StreamRow) -> None:
        """Let the stream's row be *row*."""
        self._undo.append((self._streams, id, self._streams.get(id)))
        self._streams[id] = row
        self._stale_streams.add(id)

    def grow_stream(self, id: int, row: StreamRow) -> None:
        """As `put_stream`, where nothing is another but the head. It was asked for before."""
        self._undo.append((self._streams, id, self._streams[id]))
        self._streams[id] = row
        self._grown_streams.add(id)

    def journal(self, namespace: int) -> JournalRow:
        row = self._journals.get(namespace)
        if row is None:
            row = self._journals[namespace] = super().journal(namespace)
        return row

    def put_journal(self, namespace: int, row: JournalRow) -> None:
        """Let the row of the journal's head be *row*. It was asked for before."""
        self._undo.append((self._journals, namespace, self._journals[namespace]))
        self._journals[namespace] = row
        self._stale_journals.add(namespace)

    def settle(self) -> None:
        """Write what is kept in memory.

        Inside a command only before its first `write`, for what other commands did must not
        be undone with it.
        """
        kept, grown = self._streams, self._grown_streams - self._stale_streams
        streams = [self._row_of(id) for id in self._stale_streams if id in kept]
        heads = [(*kept[id].head, id) for id in grown if id in kept]
        journals = ((id, *self._journals[id]) for id in self._stale_journals)
        if self._entries:
            self.db.executemany(_streams.put_event, self._events)
            self.db.executemany(_streams.put_entry, self._entries)
        if self._new_types:
            self.db.executemany(_streams.put_type, self._new_types)
        if self._stale_streams:
            self.db.executemany(_sql.put_stream, streams)
        if heads:
            self.db.executemany(_sql.grow_stream, heads)
        if self._stale_journals:
            self.db.executemany(_sql.put_journal, journals)
        self._events.clear()
        self._entries.clear()
        self._new_types.clear()
        self._stale_streams.clear()
        self._grown_streams.clear()
        self._stale_journals.clear()

    def _row_of(self, id: int) -> tuple[int | str | None, ...]:
        kind, head, *others = self._streams[id]
        return (id, kind, *head, *others)

    def _take_back(self) -> None:
        if self._alone:
            self.db.execute("ROLLBACK")
            self.db.execute("BEGIN IMMEDIATE")
        else:
            self.db.execute("ROLLBACK TO command; RELEASE command")

    def _collect_fresh(self) -> Fresh:
        """What is about to be written, unless it is much."""
        fresh: Fresh = {}
        if len(self._entries) <= _MOST_FRESH:
            events = {event[0]: event for event in self._events}
            for stream, number, key, classes, type, _ in self._entries:
                if type is None:
                    found = fresh.get(stream)
                    if found is None:
                        found = fresh[stream] = self._streams[stream], []
                    found[1].append((number, classes, events[key]))
        return fresh

    def _collect_hints(self) -> None:
        for table, key, old in self._undo:
            if table is self._streams:
                head = self._streams[key].head
                if old is None or old.head != head:
                    self.hints[key] = head
            elif table is self._journals and old.head != self._journals[key].head:
                self.hints[key] = (self._journals[key].head,)
        self.hints.update(self._grown_types)
