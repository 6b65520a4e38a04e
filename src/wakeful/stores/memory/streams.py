"""Streams and the bodies of events in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Mapping
from typing import NamedTuple

import msgspec

from wakeful.core.events import NO_HEAD, Event, Head, StoredEvent, encode
from wakeful.core.lookups import Page, ReadStream
from wakeful.core.ports import StreamKind, Trimmed
from wakeful.core.positions import StreamState, place
from wakeful.core.writes import Append
from wakeful.stores.driver import head_after
from wakeful.stores.memory.undo import Undo


class Row(NamedTuple):
    """One event in one stream."""

    event: int
    classes: int


class Body(NamedTuple):
    """An event as it is kept, and how many streams show it."""

    recorded_at: int
    streams: int
    body: bytes


class Stream:
    """One stream: `rows[0]` has the number `trimmed + 1`."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.trimmed = 0
        self.head: Head = NO_HEAD

    @classmethod
    def holding(cls, rows: list[Row], trimmed: int, head: Head) -> Stream:
        """A stream with these rows."""
        stream = cls()
        stream.rows, stream.trimmed, stream.head = rows, trimmed, head
        return stream

    def append(self, undo: Undo, row: Row) -> int:
        """Add *row*; returns its number."""
        before = self.head
        undo.append(self.rows, row)
        undo.note(lambda: setattr(self, "head", before))
        self.head = head_after(before, row.classes)
        return self.head[0]


class Streams:
    """All streams. `grown` collects those that the command at work wrote."""

    def __init__(self, undo: Undo, epoch: int, enterprises: Container[int]) -> None:
        self._undo = undo
        self._epoch = epoch
        self._enterprises = enterprises
        self.by_owner: dict[int, Stream] = {}
        self.bodies: dict[int, Body] = {}
        self.last_key = 0
        self.grown: set[int] = set()

    def state(self, owner: int) -> StreamState:
        stream = self.by_owner.get(owner)
        if stream is None:
            return StreamState(self._epoch, 0, NO_HEAD)
        return StreamState(self._epoch, stream.trimmed, stream.head)

    def read(self, lookup: ReadStream) -> Page:
        state = self.state(lookup.stream)
        start = place(lookup.asked, state)
        head = state.head[lookup.cls]
        if start.number >= head:
            return Page((), state, state.last, start.gap)
        stream = self.by_owner[lookup.stream]
        events: list[StoredEvent] = []
        for number in range(start.number + 1, head + 1):
            if len(events) >= lookup.limit:
                break
            row = stream.rows[number - stream.trimmed - 1]
            if row.classes & lookup.cls.bit:
                events.append(StoredEvent(number, row.event, self.bodies[row.event].body))
        last = events[-1].number if events else start.number
        return Page(tuple(events), state, state.last if last >= head else last, start.gap)

    def append(self, write: Append, now: int) -> tuple[Mapping[int, int], ...]:
        return tuple(self._append(entry.event, entry.audience, now) for entry in write.entries)

    def _append(self, event: Event, audience: Mapping[int, int], now: int) -> dict[int, int]:
        if not audience:
            return {}
        key = self.last_key + 1
        self._undo.note(lambda: setattr(self, "last_key", key - 1))
        self.last_key = key
        body = encode(msgspec.structs.replace(event, recorded_at=now))
        self._undo.put(self.bodies, key, Body(now, len(audience), body))
        self.grown.update(audience)
        return {
            owner: self.by_owner.setdefault(owner, Stream()).append(self._undo, Row(key, classes))
            for owner, classes in audience.items()
        }

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
            body = self.bodies[row.event]
            if body.streams == 1:
                del self.bodies[row.event]
            else:
                self.bodies[row.event] = body._replace(streams=body.streams - 1)
        del stream.rows[:count]
        stream.trimmed += count
        return count
