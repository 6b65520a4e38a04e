"""Streams and the bodies of events in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Container, Mapping
from typing import NamedTuple

import msgspec

from wakeful.core.events import NO_HEAD, Event, Head, StoredEvent, encode
from wakeful.core.lookups.streams import Page, ReadStream, ReadTimeline, TimelinePage
from wakeful.core.ports import Grown, StreamKind, Trimmed
from wakeful.core.positions import Place, Since, StreamState, place, place_since
from wakeful.core.timeline import Key, Timed, event_time, read_timeline
from wakeful.core.writes import Append
from wakeful.stores.driver import head_after
from wakeful.stores.memory.undo import Undo


class Row(NamedTuple):
    """One event in one stream."""

    event: int
    classes: int
    type: str | None = None  # in the stream of an enterprise, as is the event time
    at: int | None = None


class Body(NamedTuple):
    """An event as it is kept, and how many streams show it."""

    recorded_at: int
    streams: int
    body: bytes


class Stream:
    """One stream: `rows[0]` has the number `trimmed + 1`."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.times: list[Key] = []  # of the rows that have one, ascending
        self.trimmed = 0
        self.trimmed_at = 0  # when the newest event already removed was recorded
        self.head: Head = NO_HEAD

    @classmethod
    def holding(cls, rows: list[Row], trimmed: int, trimmed_at: int, head: Head) -> Stream:
        """A stream with these rows."""
        stream = cls()
        stream.rows, stream.head = rows, head
        stream.trimmed, stream.trimmed_at = trimmed, trimmed_at
        stream.times = sorted(
            (row.at, number) for number, row in enumerate(rows, trimmed + 1) if row.at is not None
        )
        return stream

    def row(self, number: int) -> Row:
        """The row of a number that is kept."""
        return self.rows[number - self.trimmed - 1]

    def append(self, undo: Undo, row: Row) -> int:
        """Add *row*; returns its number."""
        before = self.head
        undo.append(self.rows, row)
        undo.note(lambda: setattr(self, "head", before))
        self.head = head_after(before, row.classes)
        number = self.head[0]
        if row.at is not None:
            key = (row.at, number)
            insort(self.times, key)
            undo.note(lambda: self.times.remove(key))
        return number


class Streams:
    """All streams. `grown` collects the heads of what the command at work wrote."""

    def __init__(self, undo: Undo, epoch: int, enterprises: Container[int]) -> None:
        self._undo = undo
        self._epoch = epoch
        self._enterprises = enterprises
        self.by_owner: dict[int, Stream] = {}
        self.bodies: dict[int, Body] = {}
        self.last_key = 0
        self.grown: dict[Grown, Head] = {}

    def state(self, owner: int) -> StreamState:
        stream = self.by_owner.get(owner)
        if stream is None:
            return StreamState(self._epoch, 0, NO_HEAD)
        return StreamState(self._epoch, stream.trimmed, stream.head)

    def read(self, lookup: ReadStream) -> Page:
        state = self.state(lookup.stream)
        start = self._place(lookup, state)
        head = state.head[lookup.cls]
        if start.number >= head:
            return Page((), state, start.number, state.last, start.gap)
        stream = self.by_owner[lookup.stream]
        events: list[StoredEvent] = []
        next = state.last
        for number in range(start.number + 1, head + 1):
            row = stream.row(number)
            if not row.classes & lookup.cls.bit or not _has_type(row, lookup.types):
                continue
            if len(events) >= lookup.limit:
                next = events[-1].number if events else start.number
                break
            events.append(self.stored(number, row))
        return Page(tuple(events), state, start.number, next, start.gap)

    def read_timeline(self, lookup: ReadTimeline, now: int) -> TimelinePage:
        stream = self.by_owner.get(lookup.stream) or Stream()
        return read_timeline(lookup, _Line(self, stream, self.state(lookup.stream), now))

    def _place(self, lookup: ReadStream, state: StreamState) -> Place:
        if not isinstance(lookup.asked, Since):
            return place(lookup.asked, state)
        stream = self.by_owner.get(lookup.stream) or Stream()
        return place_since(
            lookup.asked,
            state,
            stream.trimmed_at,
            lambda number: self.bodies[stream.row(number).event].recorded_at,
        )

    def stored(self, number: int, row: Row) -> StoredEvent:
        return StoredEvent(number, row.event, self.bodies[row.event].body)

    def append(self, write: Append, now: int) -> tuple[dict[int, int], ...]:
        return tuple(self._append(entry.event, entry.audience, now) for entry in write.entries)

    def _append(self, event: Event, audience: Mapping[int, int], now: int) -> dict[int, int]:
        if not audience:
            return {}
        key = self.last_key + 1
        self._undo.note(lambda: setattr(self, "last_key", key - 1))
        self.last_key = key
        body = encode(msgspec.structs.replace(event, recorded_at=now))
        self._undo.put(self.bodies, key, Body(now, len(audience), body))
        numbers = {}
        for owner, classes in audience.items():
            stream = self.by_owner.setdefault(owner, Stream())
            row = Row(key, classes)
            if owner in self._enterprises:
                row = Row(key, classes, event.type, event_time(event.created_at, now))
            number = numbers[owner] = stream.append(self._undo, row)
            self.grown[owner] = stream.head
            if row.type is not None:
                self.grown[owner, row.type] = (number,)
        return numbers

    def trim(self, kind: StreamKind, before: int, limit: int) -> Trimmed:
        """As `Store.trim` says. Not part of a command: it cannot be undone."""
        keys = list(self.bodies)  # ascending, and so are their times
        old = bisect_left(keys, before, key=lambda key: self.bodies[key].recorded_at)
        if old == 0:
            return Trimmed(0, {})
        newest = keys[old - 1]
        wanted = kind is StreamKind.ENTERPRISE
        oldest = sorted(
            (stream.rows[0].event, owner)
            for owner, stream in self.by_owner.items()
            if stream.rows and (owner in self._enterprises) is wanted
        )
        gone = 0
        states: dict[int, StreamState] = {}
        for first, owner in oldest:
            if gone >= limit or first > newest:
                break
            gone += self._trim(self.by_owner[owner], newest, limit - gone)
            states[owner] = self.state(owner)
        return Trimmed(gone, states)

    def _trim(self, stream: Stream, newest: int, limit: int) -> int:
        count = min(bisect_left(stream.rows, newest + 1, key=lambda row: row.event), limit)
        for row in stream.rows[:count]:
            stream.trimmed_at = self.bodies[row.event].recorded_at
            body = self.bodies[row.event]
            if body.streams == 1:
                del self.bodies[row.event]
            else:
                self.bodies[row.event] = body._replace(streams=body.streams - 1)
        del stream.rows[:count]
        stream.trimmed += count
        stream.times = [key for key in stream.times if key[1] > stream.trimmed]
        return count


class _Line:
    """The `core.timeline.Timeline` of a stream. Scanned, for this store holds little."""

    def __init__(self, streams: Streams, stream: Stream, state: StreamState, now: int) -> None:
        self._streams = streams
        self._stream = stream
        self.state = state
        self.trimmed_at = stream.trimmed_at
        self.now = now

    def time_of(self, number: int) -> int | None:
        return self._stream.row(number).at

    def oldest(self) -> Key | None:
        return self._stream.times[0] if self._stream.times else None

    def newest(self, before: int | None) -> Key | None:
        times = self._stream.times
        end = len(times) if before is None else bisect_left(times, (before, 0))
        return times[end - 1] if end else None

    def rows(
        self, after: Key, before: int | None, types: frozenset[str] | None, limit: int
    ) -> list[Timed]:
        found: list[Timed] = []
        for at, number in self._stream.times[bisect_right(self._stream.times, after) :]:
            if len(found) >= limit or (before is not None and at >= before):
                break
            row = self._stream.row(number)
            if _has_type(row, types):
                found.append((at, self._streams.stored(number, row)))
        return found


def _has_type(row: Row, types: frozenset[str] | None) -> bool:
    return types is None or row.type in types
