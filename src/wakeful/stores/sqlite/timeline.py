"""An enterprise's stream by event time, from its indexes."""

from __future__ import annotations

from itertools import islice

from wakeful.core.errors import StoreFailed
from wakeful.core.lookups.streams import ReadTimeline, TimelinePage
from wakeful.core.positions import StreamState
from wakeful.core.timeline import Key, Timed, read_timeline
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.streams import state_of, whole
from wakeful.stores.sqlite.types import of_types, type_ids

_sql = load("streams.sql")

_NEVER = 2**62  # ms; later than any event


def page(at: Snapshot, lookup: ReadTimeline) -> TimelinePage:
    """Raises StoreFailed where rows are missing or damaged."""
    return read_timeline(lookup, _Line(at, lookup.stream))


class _Line:
    """The `core.timeline.Timeline` of a stream."""

    def __init__(self, at: Snapshot, stream: int) -> None:
        self._at = at
        self._stream = stream
        row = at.stream(stream)
        self.state: StreamState = state_of(at, row)
        self.trimmed_at = 0 if row is None else row.trimmed_at
        self.now = at.now

    def time_of(self, number: int) -> int | None:
        row = self._at.db.execute(_sql.time_of, (self._stream, number)).fetchone()
        if row is None:
            raise StoreFailed(f"Stream {self._stream} lacks number {number}")
        at: int | None = row[0]
        return at

    def oldest(self) -> Key | None:
        return self._at.db.execute(_sql.oldest_time, (self._stream,)).fetchone()

    def newest(self, before: int | None) -> Key | None:
        bounds = (self._stream, _bound(before))
        return self._at.db.execute(_sql.newest_time, bounds).fetchone()

    def rows(
        self, after: Key, before: int | None, types: frozenset[str] | None, limit: int
    ) -> list[Timed]:
        db = self._at.db
        bounds = (_bound(after[0]), after[1], _bound(before))
        if types is None:
            rows = [*islice(db.execute(_sql.timeline, (self._stream, *bounds)), limit)]
        else:
            ids = type_ids(db, types)
            rows = of_types(db, _sql.timeline_of_type, self._stream, ids, bounds, limit)
        events = whole(self._stream, [row[1:] for row in rows])
        return [(row[0], event) for row, event in zip(rows, events, strict=True)]


def _bound(time: int | None) -> int:
    return _NEVER if time is None else max(-1, min(time, _NEVER))
