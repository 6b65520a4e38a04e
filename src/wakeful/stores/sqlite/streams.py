"""Streams: reading a page, appending events."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from msgspec.structs import replace

from wakeful.core.errors import StoreFailed
from wakeful.core.events import NO_HEAD, STORED_VERSION, Entry, StoredEvent, StreamClass, encode
from wakeful.core.lookups import LastKey, Page, ReadStream, StreamStates
from wakeful.core.ports import StreamKind
from wakeful.core.positions import StreamState, place
from wakeful.core.writes import Append
from wakeful.stores.driver import head_after
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Found, Snapshot, StreamRow
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
    found = at.entries(lookup.stream, start.number, head, lookup.cls.bit, lookup.limit)
    events = tuple(
        [
            StoredEvent(number, key, body)
            for number, key, version, checksum, body in found
            if body is not None and version <= STORED_VERSION and crc32(body) == checksum
        ]
    )
    if len(events) != len(found):
        raise StoreFailed(f"Stream {lookup.stream} {_damage(found)}")
    last = events[-1].number if events else start.number
    too_few = lookup.cls is StreamClass.ALL and last - start.number != len(events)
    if too_few or (last < head and len(events) < lookup.limit):
        raise StoreFailed(f"Stream {lookup.stream} lacks events after {start.number}")
    return Page(events, state, state.last if last >= head else last, start.gap)


def append(tx: Transaction, write: Append) -> tuple[Mapping[int, int], ...]:
    return tuple([_append(tx, entry) for entry in write.entries])


def _append(tx: Transaction, entry: Entry) -> dict[int, int]:
    if not entry.audience:
        return {}  # nobody could ever read it
    key = tx.last_key + 1
    numbers = {
        stream: _grow(tx, stream, key, classes) for stream, classes in entry.audience.items()
    }
    body = encode(replace(entry.event, recorded_at=tx.now))
    entries = [(stream, number, entry.audience[stream]) for stream, number in numbers.items()]
    tx.append(tx.now, STORED_VERSION, crc32(body), body, entries)
    return numbers


def _state(at: Snapshot, stream: int) -> StreamState:
    row = at.stream(stream)
    if row is None:
        return StreamState(at.epoch, 0, NO_HEAD)
    return StreamState(at.epoch, row.trimmed, row.head)


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


def _grow(tx: Transaction, stream: int, key: int, classes: int) -> int:
    """The next number of *stream*, which is given to event *key*."""
    row = tx.stream(stream)
    if row is None:
        is_enterprise = tx.db.execute(_sql.is_enterprise, (stream,)).get
        kind = StreamKind.ENTERPRISE if is_enterprise else StreamKind.USER
        row = StreamRow(kind, NO_HEAD, 0, None)
    head = head_after(row.head, classes)
    oldest = key if row.oldest is None else row.oldest
    tx.put_stream(stream, StreamRow(row.kind, head, row.trimmed, oldest))
    return head[0]
