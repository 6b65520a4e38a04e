"""Streams: reading a page, appending events."""

from __future__ import annotations

from operator import attrgetter
from zlib import crc32

from msgspec.structs import replace

from wakeful.core.errors import StoreFailed
from wakeful.core.events import (
    NO_HEAD,
    STORED_VERSION,
    StoredEvent,
    StreamClass,
    encode,
)
from wakeful.core.lookups.streams import LastKey, Page, ReadStream, StreamStates
from wakeful.core.ports import StreamKind
from wakeful.core.positions import Place, Since, StreamState, place, place_since
from wakeful.core.timeline import event_time
from wakeful.core.writes import Append
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Found, Snapshot, StreamRow
from wakeful.stores.sqlite.transaction import EntryRow, EventRow, Transaction
from wakeful.stores.sqlite.types import of_types, type_ids

_sql = load("streams.sql")
_parts = attrgetter("event", "audience", "body")
_CHANGES = StreamClass.CHANGES.bit
_SYNC = StreamClass.SYNC.bit


def states(at: Snapshot, lookup: StreamStates) -> tuple[StreamState, ...]:
    return tuple(state_of(at, at.stream(stream)) for stream in lookup.streams)


def last_key(at: Snapshot, _lookup: LastKey) -> int:
    key: int = at.db.execute(_sql.last_key).get
    return key


def page(at: Snapshot, lookup: ReadStream) -> Page:
    """Raises StoreFailed where rows are missing or damaged: a gap is never silent."""
    row = at.stream(lookup.stream)
    state = state_of(at, row)
    return page_from(at, lookup, state, _place(at, lookup, row))


def page_from(at: Snapshot, lookup: ReadStream, state: StreamState, start: Place) -> Page:
    """As `page`, where the *state* of the stream is known, and from where it is read."""
    head = state.head[lookup.cls]
    if start.number >= head:
        # Nothing that matches remains: the rows of other classes need no look.
        return Page((), state, start.number, state.last, start.gap)
    if lookup.types is not None:
        return _page_of_types(at, lookup, state, start)
    found = at.entries(lookup.stream, start.number, head, lookup.cls.bit, lookup.limit)
    events = whole(lookup.stream, found)
    last = events[-1].number if events else start.number
    too_few = lookup.cls is StreamClass.ALL and last - start.number != len(events)
    if too_few or (last < head and len(events) < lookup.limit):
        raise StoreFailed(f"Stream {lookup.stream} lacks events after {start.number}")
    return Page(events, state, start.number, state.last if last >= head else last, start.gap)


def _page_of_types(at: Snapshot, lookup: ReadStream, state: StreamState, start: Place) -> Page:
    assert lookup.types is not None
    ids, bounds = type_ids(at.db, lookup.types), (start.number, state.last)
    # One more than is given tells whether any is left.
    limit = lookup.limit + 1
    found = of_types(at.db, _sql.page_of_type, lookup.stream, ids, bounds, limit)
    events = whole(lookup.stream, found[: lookup.limit])
    last = events[-1].number if events else start.number
    is_over = len(found) < limit
    return Page(events, state, start.number, state.last if is_over else last, start.gap)


def append(tx: Transaction, write: Append) -> tuple[dict[int, int], ...]:
    now, key = tx.now, tx.last_key
    growing: dict[int, _Growing] = {}
    events: list[EventRow] = []
    entries: list[EntryRow] = []
    given: list[dict[int, int]] = []
    for event, audience, body in map(_parts, write.entries):
        numbers: dict[int, int] = {}
        given.append(numbers)
        if not audience:
            continue  # nobody could ever read it
        key += 1
        for stream, mask in audience.items():
            here = growing.get(stream)
            if here is None:
                here = growing[stream] = _Growing(tx, stream, key)
            number = numbers[stream] = here.grow(mask)
            if here.is_enterprise:
                type = tx.grow_type(stream, event.type, number)
                at = event_time(event.created_at, now)
                entries.append((stream, number, key, mask, type, at))
            else:
                entries.append((stream, number, key, mask, None, None))
        if body is None or event.recorded_at != now:
            body = encode(replace(event, recorded_at=now))
        events.append((key, now, STORED_VERSION, len(audience), crc32(body), body))
    tx.append(events, entries)
    for stream, here in growing.items():
        here.end(tx, stream)
    return tuple(given)


def state_of(at: Snapshot, row: StreamRow | None) -> StreamState:
    """The state of a stream with this row."""
    if row is None:
        return StreamState(at.epoch, 0, NO_HEAD)
    return StreamState(at.epoch, row.trimmed, row.head)


def whole(stream: int, found: Found) -> tuple[StoredEvent, ...]:
    """*found* as events; raises StoreFailed where one is missing or damaged."""
    events = tuple(
        [
            StoredEvent(number, key, body)
            for number, key, version, checksum, body in found
            if body is not None and version <= STORED_VERSION and crc32(body) == checksum
        ]
    )
    if len(events) != len(found):
        raise StoreFailed(f"Stream {stream} {_damage(found)}")
    return events


def _place(at: Snapshot, lookup: ReadStream, row: StreamRow | None) -> Place:
    state = state_of(at, row)
    if not isinstance(lookup.asked, Since):
        return place(lookup.asked, state)

    def recorded_at(number: int) -> int:
        found: int | None = at.db.execute(_sql.recorded_at, (lookup.stream, number)).get
        if found is None:
            raise StoreFailed(f"Stream {lookup.stream} lacks number {number}")
        return found

    trimmed_at = 0 if row is None else row.trimmed_at
    return place_since(lookup.asked, state, trimmed_at, recorded_at)


def _damage(found: Found) -> str:
    """What is wrong with the first of *found* that cannot be served."""
    for number, key, version, checksum, body in found:
        if body is None:
            return f"lacks event {key} at number {number}"
        if version > STORED_VERSION:
            return f"has event {key} at number {number} in the form of a later version ({version})"
        if crc32(body) != checksum:
            return f"has damaged event {key} at number {number}"
    return "is whole"


class _Growing:
    """A stream that one command puts events into, the first of them with this *key*."""

    __slots__ = ("_changes", "_key", "_number", "_row", "_sync", "is_enterprise")

    def __init__(self, tx: Transaction, stream: int, key: int) -> None:
        row = tx.stream(stream)
        if row is None:
            is_enterprise = tx.db.execute(_sql.is_enterprise, (stream,)).get
            kind = StreamKind.ENTERPRISE if is_enterprise else StreamKind.USER
            row = StreamRow(kind, NO_HEAD, 0, 0, None)
        self._row = row
        self._key = key
        self._number, self._changes, self._sync = row.head
        self.is_enterprise = row.kind == StreamKind.ENTERPRISE

    def grow(self, classes: int) -> int:
        """The number of one more event, which *classes* show."""
        number = self._number = self._number + 1
        if classes & _CHANGES:
            self._changes = number
        if classes & _SYNC:
            self._sync = number
        return number

    def end(self, tx: Transaction, stream: int) -> None:
        """Let the stream's row be what it is now."""
        head = (self._number, self._changes, self._sync)
        kind, _, trimmed, trimmed_at, oldest = self._row
        if oldest is None:
            tx.put_stream(stream, StreamRow(kind, head, trimmed, trimmed_at, self._key))
        else:
            tx.grow_stream(stream, StreamRow(kind, head, trimmed, trimmed_at, oldest))
