"""The last events of the streams that grew last: who was woken reads them a moment later.

Rule 1: a tail comes from the writer, with the commit that made it durable, and reaches to the head.
A stream that grew without its events being handed over has none until they are again.

Rule 2: a page of a tail is made by the code that makes a page of the database, of the same rows.

Rule 3: what is kept has a ceiling; streams that grew longest ago go first. What a large group
wrote is not kept at all: nobody waits for thousands of streams to be put away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import apsw

from wakeful.core.lookups.streams import Page, ReadStream
from wakeful.core.ports import Grown
from wakeful.core.positions import Since, place
from wakeful.stores.sqlite.snapshot import Found, Snapshot, StreamRow
from wakeful.stores.sqlite.streams import page_from, state_of
from wakeful.stores.sqlite.transaction import Fresh, FreshRow

LONGEST = 16
"""Events of a tail."""

MOST_BYTES = 4 * 1024 * 1024

# What a row takes beside its body, and a tail beside its rows.
_ROW_BYTES = 300
_TAIL_BYTES = 500


class Tail(NamedTuple):
    """The last rows of a stream, without gaps up to its head."""

    row: StreamRow
    rows: list[FreshRow]
    size: int  # bytes, of all rows


class _AtTail(Snapshot):
    """What a snapshot shows of one stream, as far as its tail reaches."""

    def __init__(self, db: apsw.Connection, epoch: int, tail: Tail) -> None:
        super().__init__(db, epoch)
        self._tail = tail

    def stream(self, id: int) -> StreamRow | None:
        return self._tail.row

    def entries(self, stream: int, after: int, until: int, classes: int, limit: int) -> Found:
        rows = self._tail.rows
        first = rows[0][0]
        found: Found = [
            (number, key, version, checksum, body)
            for number, mask, (key, _, version, _, checksum, body) in rows[
                max(0, after + 1 - first) : max(0, until + 1 - first)
            ]
            if mask & classes
        ]
        return found[:limit]


class Tails:
    """The tails of one store. For one thread."""

    def __init__(self, db: apsw.Connection, epoch: int, *, most_bytes: int = MOST_BYTES) -> None:
        self._db = db
        self._epoch = epoch
        self._most = most_bytes
        self._size = 0
        self._tails: OrderedDict[int, Tail] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Tails [{len(self._tails)} streams, {self._size} bytes]>"

    def add(self, grown: Iterable[Grown], fresh: Fresh) -> None:
        """A group is durable by which the streams among *grown* grew, by the rows in *fresh* as far
        as they were kept."""
        if self._tails:
            self.forget(stream for stream in grown if stream not in fresh)
        for stream, (row, rows) in fresh.items():
            before = self._take(stream)
            first, last = rows[0][0], rows[-1][0]
            if last != row.head[0] or last - first + 1 != len(rows):
                continue
            size = _size_of(rows)
            if before is not None and before.rows[-1][0] == first - 1:
                rows = before.rows + rows
                size += before.size
            if len(rows) > LONGEST:
                size -= _size_of(rows[:-LONGEST])
                rows = rows[-LONGEST:]
            self._tails[stream] = Tail(row, rows, size)
            self._size += _TAIL_BYTES + size
        while self._size > self._most:
            _, oldest = self._tails.popitem(last=False)
            self._size -= _TAIL_BYTES + oldest.size

    def forget(self, streams: Iterable[Grown]) -> None:
        """What is kept of *streams* is not true any more."""
        for stream in streams:
            if isinstance(stream, int):
                self._take(stream)

    def page(self, lookup: ReadStream) -> Page | None:
        """As the database would answer; None where the tail does not reach far enough. Raises
        StoreFailed where a row is damaged."""
        tail = self._tails.get(lookup.stream)
        if tail is None or lookup.types is not None or isinstance(lookup.asked, Since):
            return None
        at = _AtTail(self._db, self._epoch, tail)
        state = state_of(at, tail.row)
        start = place(lookup.asked, state)
        if start.number < tail.rows[0][0] - 1:
            return None
        return page_from(at, lookup, state, start)

    def _take(self, stream: int) -> Tail | None:
        tail = self._tails.pop(stream, None)
        if tail is not None:
            self._size -= _TAIL_BYTES + tail.size
        return tail


def _size_of(rows: list[FreshRow]) -> int:
    return sum([_ROW_BYTES + len(event[5]) for _, _, event in rows])
