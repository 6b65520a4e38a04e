"""What can be asked of streams and timelines."""

from __future__ import annotations

import msgspec

from wakeful.core.events import StoredEvent, StreamClass
from wakeful.core.lookups import Lookup
from wakeful.core.positions import Asked, Since, StreamState


class Page(msgspec.Struct, frozen=True):
    """One page of a stream, read in one snapshot.

    `start` is the number after which it begins. `next` is the number to go on from: that of
    the last event given, or the stream's last where nothing that matches remains.
    """

    events: tuple[StoredEvent, ...]
    state: StreamState
    start: int
    next: int
    gap: bool


class ReadStream(Lookup[Page], frozen=True):
    """At most `limit` events of one class, from where `asked` is served.

    In the stream of an enterprise, whose class is ALL, `types` leaves out all events of other
    types (as they are stored); other streams have no types. Inside a command neither `types`
    nor Since can be asked.
    """

    stream: int
    asked: Asked | Since
    limit: int
    cls: StreamClass = StreamClass.ALL
    types: frozenset[str] | None = None


class TimelinePage(msgspec.Struct, frozen=True):
    """One page of a timeline, read in one snapshot.

    `start` and `next` are positions, where the page begins and where to go on; `oldest` is one
    before the oldest event kept. Every event that the page was asked for, dated between its
    start and `complete_until` (ms, included) and in the snapshot, is in the page; `more` says
    that there are others behind it.
    """

    events: tuple[StoredEvent, ...]
    state: StreamState
    start: int
    next: int
    gap: bool
    more: bool
    complete_until: int
    oldest: int


class ReadTimeline(Lookup[TimelinePage], frozen=True):
    """At most `limit` events of an enterprise's stream in the order of event time, from where
    `asked` is served: of `types` only, not before `after`, and before `before` (ms).

    `core.timeline` says what is a position here. Not inside a command.
    """

    stream: int
    asked: Asked
    limit: int
    types: frozenset[str] | None = None
    after: int | None = None
    before: int | None = None


class StreamStates(Lookup[tuple[StreamState, ...]], frozen=True):
    """The states of streams, in the order asked. One without events is at number 0."""

    streams: tuple[int, ...]


class LastKey(Lookup[int], frozen=True):
    """The key of the newest event in the store, 0 if there is none.

    While it stays the same, no stream has grown.
    """
