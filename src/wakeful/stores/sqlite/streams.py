"""Streams: reading a page, appending events."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from msgspec.structs import replace

from wakeful.core.errors import StoreFailed
from wakeful.core.events import (
    NO_HEAD,
    STORED_VERSION,
    Entry,
    Event,
    StoredEvent,
    StreamClass,
    encode,
)
from wakeful.core.lookups import LastKey, Page, ReadStream, StreamStates
from wakeful.core.ports import StreamKind
from wakeful.core.positions import Place, Since, StreamState, place, place_since
from wakeful.core.timeline import event_time
from wakeful.core.writes import Append
from wakeful.stores.driver import head_after
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Found, Snapshot, StreamRow
from wakeful.stores.sqlite.transaction import NewEntry, Transaction
from wakeful.stores.sqlite.types import of_types, type_ids

_sql = load("streams.sql")


def states(at: Snapshot, lookup: StreamStates) -> tuple[StreamState, ...]:
    return tuple(state_of(at, at.stream(stream)) for stream in lookup.streams)


def last_key(at: Snapshot, _lookup: LastKey) -> int:
    key: int = at.db.execute(_sql.last_key).get
    return key


def page(at: Snapshot, lookup: ReadStream) -> Page:
    """Raises StoreFailed where rows are missing or damaged: a gap is never silent."""
    row = at.stream(lookup.stream)
    state = state_of(at, row)
    start = _place(at, lookup, row)
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


def append(tx: Transaction, write: Append) -> tuple[Mapping[int, int], ...]:
    return tuple([_append(tx, entry) for entry in write.entries])


def _append(tx: Transaction, entry: Entry) -> dict[int, int]:
    if not entry.audience:
        return {}  # nobody could ever read it
    key = tx.last_key + 1
    event = entry.event
    entries = [_grow(tx, stream, key, event, mask) for stream, mask in entry.audience.items()]
    body = encode(replace(event, recorded_at=tx.now))
    tx.append(tx.now, STORED_VERSION, crc32(body), body, entries)
    return {new.stream: new.number for new in entries}


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


def _grow(tx: Transaction, stream: int, key: int, event: Event, classes: int) -> NewEntry:
    """The next number of *stream*, which is given to *event*, whose key is *key*."""
    row = tx.stream(stream)
    if row is None:
        is_enterprise = tx.db.execute(_sql.is_enterprise, (stream,)).get
        kind = StreamKind.ENTERPRISE if is_enterprise else StreamKind.USER
        row = StreamRow(kind, NO_HEAD, 0, 0, None)
    head = head_after(row.head, classes)
    oldest = key if row.oldest is None else row.oldest
    tx.put_stream(stream, row._replace(head=head, oldest=oldest))
    if row.kind != StreamKind.ENTERPRISE:
        return NewEntry(stream, head[0], classes)
    type = tx.grow_type(stream, event.type, head[0])
    return NewEntry(stream, head[0], classes, type, event_time(event.created_at, tx.now))
