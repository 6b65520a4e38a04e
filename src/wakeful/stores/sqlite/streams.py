"""Streams: reading a page, appending events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from msgspec.structs import replace

from wakeful.core.errors import StoreFailed
from wakeful.core.events import NO_HEAD, STORED_VERSION, StoredEvent, StreamClass, encode
from wakeful.core.lookups import LastKey, Page, ReadStream, StreamStates
from wakeful.core.ports import StreamKind
from wakeful.core.positions import StreamState, place
from wakeful.core.writes import Append
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot, StreamRow
from wakeful.stores.sqlite.transaction import Transaction

_sql = load("streams.sql")


def states(at: Snapshot, lookup: StreamStates) -> tuple[StreamState, ...]:
    return tuple(_state(at, stream) for stream in lookup.streams)


def last_key(at: Snapshot, _lookup: LastKey) -> int:
    key: int = at.db.execute(_sql.last_key).get
    return key


def page(at: Snapshot, lookup: ReadStream) -> Page:
    """Raises StoreFailed where rows are missing or damaged: a gap is never silent."""
    state = _state(at, lookup.stream)
    start = place(lookup.asked, state)
    head = state.head[lookup.cls]
    if start.number >= head:
        # Nothing that matches remains: the rows of other classes need no look.
        return Page((), state, state.last, start.gap)
    asked = (lookup.stream, start.number, head, lookup.cls.bit, lookup.limit)
    events = tuple(_stored(at.db.execute(_sql.page, asked), lookup.stream))
    last = events[-1].number if events else start.number
    if lookup.cls is StreamClass.ALL and last - start.number != len(events):
        raise StoreFailed(f"Stream {lookup.stream} lacks events after {start.number}")
    return Page(events, state, state.last if last >= head else last, start.gap)


def append(tx: Transaction, write: Append) -> tuple[Mapping[int, int], ...]:
    now = tx.now
    events: list[tuple[Any, ...]] = []
    entries: list[tuple[int, int, int, int]] = []
    answer: list[dict[int, int]] = []
    for entry in write.entries:
        numbers: dict[int, int] = {}
        answer.append(numbers)
        if not entry.audience:
            continue
        key = tx.take_key()
        body = encode(replace(entry.event, recorded_at=now))
        events.append((key, now, STORED_VERSION, len(entry.audience), crc32(body), body))
        for stream, classes in entry.audience.items():
            number = _grow(tx, stream, key, classes)
            numbers[stream] = number
            entries.append((stream, number, key, classes))
    tx.db.executemany(_sql.put_event, events)
    tx.db.executemany(_sql.put_entry, entries)
    return tuple(answer)


def _state(at: Snapshot, stream: int) -> StreamState:
    row = at.stream(stream)
    if row is None:
        return StreamState(at.epoch, 0, NO_HEAD)
    return StreamState(at.epoch, row.trimmed, row.head)


def _stored(rows: Iterator[Any], stream: int) -> Iterator[StoredEvent]:
    for number, key, version, checksum, body in rows:
        if body is None:
            raise StoreFailed(f"Event {key}, number {number} of stream {stream}, is missing")
        if version > STORED_VERSION:
            raise StoreFailed(f"Event {key} was stored by a later version ({version})")
        if crc32(body) != checksum:
            raise StoreFailed(f"Event {key}, number {number} of stream {stream}, is damaged")
        yield StoredEvent(number, key, body)


def _grow(tx: Transaction, stream: int, key: int, classes: int) -> int:
    """The next number of *stream*, which is given to event *key*."""
    row = tx.stream(stream)
    if row is None:
        is_enterprise = tx.db.execute(_sql.is_enterprise, (stream,)).get
        kind = StreamKind.ENTERPRISE if is_enterprise else StreamKind.USER
        row = StreamRow(kind, NO_HEAD, 0, None)
    _, changes, sync = row.head
    number = row.head[0] + 1
    head = (
        number,
        number if classes & StreamClass.CHANGES.bit else changes,
        number if classes & StreamClass.SYNC.bit else sync,
    )
    oldest = key if row.oldest is None else row.oldest
    tx.put_stream(stream, StreamRow(row.kind, head, row.trimmed, oldest))
    return number
