"""Removes old events, in small steps.

Events are stored in the order of their times, and so are those of each stream:
the newest event that is old enough is found by halving, and each stream is cut there.
"""

from __future__ import annotations

from wakeful.core.errors import StoreFailed
from wakeful.core.ports import StreamKind, Trimmed
from wakeful.core.positions import StreamState
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import StreamRow
from wakeful.stores.sqlite.transaction import Transaction

_sql = load("streams.sql")


def trim(tx: Transaction, kind: StreamKind, before: int, limit: int) -> Trimmed:
    """As `Store.trim` says."""
    tx.settle()  # the streams are found through their rows, not through the writer's memory
    oldest = tx.db.execute(_sql.oldest_key, (kind,)).get
    if oldest is None or not _is_older(tx, oldest, before):
        return Trimmed(0, {})
    newest = _newest_older(tx, oldest, before)
    tx.write()
    streams = [id for (id,) in tx.db.execute(_sql.streams_to_trim, (kind, newest, limit))]
    gone = 0
    states: dict[int, StreamState] = {}
    for stream in streams:
        if gone >= limit:
            break
        count, row = _trim_stream(tx, stream, newest, limit - gone)
        gone += count
        states[stream] = StreamState(tx.epoch, row.trimmed, row.head)
    return Trimmed(gone, states)


def _is_older(tx: Transaction, key: int, before: int) -> bool:
    found = tx.db.execute(_sql.event_from, (key,)).fetchone()
    return found is not None and found[1] < before


def _newest_older(tx: Transaction, low: int, before: int) -> int:
    """A key: every event from *low* (which is older) up to it is older, none after it."""
    high = tx.last_key + 1
    while high - low > 1:
        middle = (low + high) // 2
        found = tx.db.execute(_sql.event_from, (middle,)).fetchone()
        if found is not None and found[1] < before:
            low = found[0]
        else:
            high = middle
    return low


def _trim_stream(tx: Transaction, stream: int, newest: int, limit: int) -> tuple[int, StreamRow]:
    """Remove up to *limit* entries with events up to *newest*; returns how many, and the
    stream's row after it."""
    row = tx.stream(stream)
    if row is None:
        raise StoreFailed(f"Stream {stream} has gone while it was trimmed")
    asked = (stream, limit + 1)
    entries: list[tuple[int, int]] = [*tx.db.execute(_sql.oldest_entries, asked)]
    going = [entry for entry in entries[:limit] if entry[1] <= newest]
    left = entries[len(going) :]
    if going:
        recorded_at: int | None = tx.db.execute(_sql.recorded, (going[-1][1],)).get
        # Where its event is missing, what is known of those before it is all there is.
        row = row._replace(trimmed=going[-1][0], trimmed_at=recorded_at or row.trimmed_at)
    tx.db.execute(_sql.remove_entries, (stream, row.trimmed))
    keys = [(key,) for _, key in going]
    tx.db.executemany(_sql.show_less, keys)
    tx.db.executemany(_sql.remove_unseen, keys)
    row = row._replace(oldest=left[0][1] if left else None)
    tx.put_stream(stream, row)
    return len(going), row
