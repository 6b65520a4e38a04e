"""The timeline of an enterprise: its stream in the order of event time.

Rule 1: an event counts at the time when it happened, but never later than it was recorded: one
that is dated in the future would hide what is dated before it and comes later. Events of one
time are in the order of their numbers.

Rule 2: the position after an event is that of its number, as in `core.positions`, so that a
reader goes on exactly behind the last event that it was given. Where there is no such event it
is a time in seconds, below every other position: what is dated in that second, or later.

Rule 3: a page never passes by what it did not give. One without events leaves its reader where
it was, so that what is recorded later, and dated in between, is still found.

Rule 4: a position that cannot be served exactly is served from the oldest event kept, and the
page says so. What was trimmed, and when, decides; where a reader stood is not known any more.

Rule 5: a page says up to which time it is complete, by what its own snapshot shows. What is
recorded later and dated earlier than that is late: no page before it can have had it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from wakeful.core.events import StoredEvent
from wakeful.core.lookups.streams import ReadTimeline, TimelinePage
from wakeful.core.positions import Marker, StreamState, position, split

EARLIEST = 1_000
"""The first time (ms) on a timeline; what is dated before counts there. Its position is 1."""

Key = tuple[int, int]
"""The place of an event: its event time (ms) and its number."""

Timed = tuple[int, StoredEvent]
"""An event with its event time."""

_BEGINNING: Key = (0, 0)


def event_time(created_at: int, recorded_at: int) -> int:
    """The time at which an event counts, in ms as all times here."""
    return max(EARLIEST, min(created_at, recorded_at))


class Timeline(Protocol):
    """One snapshot of an enterprise's stream, as a store has it."""

    @property
    def state(self) -> StreamState: ...

    @property
    def trimmed_at(self) -> int:
        """When the newest event already removed was recorded, 0 if none was removed."""
        ...

    @property
    def now(self) -> int:
        """A time so early that no event missing from the snapshot was, or will be, recorded
        before it."""
        ...

    def time_of(self, number: int) -> int | None:
        """The event time of an event that is kept; None where the stream has no times."""
        ...

    def oldest(self) -> Key | None: ...

    def newest(self, before: int | None) -> Key | None:
        """The place of the last event, or of the last that is dated before *before*."""
        ...

    def rows(
        self, after: Key, before: int | None, types: frozenset[str] | None, limit: int
    ) -> Sequence[Timed]:
        """The first *limit* events after a place, as `ReadTimeline` asks for them."""
        ...


class _Place(msgspec.Struct, frozen=True):
    """Where a page begins: after which place, and as which position."""

    after: Key
    position: int
    gap: bool = False


def read_timeline(lookup: ReadTimeline, line: Timeline) -> TimelinePage:
    """The page that *lookup* asks for."""
    start = _place(lookup, line)
    limit = lookup.limit
    # One more than is given tells how far the page is complete.
    found = line.rows(start.after, lookup.before, lookup.types, limit + 1)
    events = tuple(event for _, event in found[:limit])
    complete = (found[limit][0] if len(found) > limit else line.now) - 1
    if lookup.before is not None:
        complete = min(complete, lookup.before - 1)
    if events:
        next = position(line.state.epoch, events[-1].number)
    elif start.gap and limit:
        # There is nothing to go back for; else the gap would be told again and again.
        next = _newest(line, lookup.before)[1]
    else:
        next = start.position
    oldest = line.oldest()
    return TimelinePage(
        events=events,
        state=line.state,
        start=start.position,
        next=next,
        gap=start.gap,
        more=len(found) > limit,
        complete_until=complete,
        oldest=_at_time(line.now if oldest is None else oldest[0]),
    )


def _place(lookup: ReadTimeline, line: Timeline) -> _Place:
    state, after = line.state, lookup.after
    if lookup.asked is Marker.NOW:
        return _Place(*_newest(line, None))
    bound = _BEGINNING if after is None else (after, 0)
    # A position ahead of the time would be none that we gave.
    begin = _at_time(min(bound[0], line.now))
    if lookup.asked is Marker.START:
        return _Place(bound, begin, gap=after is not None and _is_cut(line, bound))
    epoch, number = split(lookup.asked)
    low: Key | None = None
    if epoch == 0 and number * 1000 <= line.now:
        low = (number * 1000, 0)
    elif epoch == state.epoch and state.trimmed < number <= state.last:
        at = line.time_of(number)
        low = None if at is None else (at, number)
    elif lookup.asked == position(state.epoch, 0) and not state.trimmed:
        low = _BEGINNING  # given out when nothing was written to the stream yet
    if low is None:
        return _Place(bound, begin, gap=True)
    low = max(bound, low)
    return _Place(low, lookup.asked, gap=_is_cut(line, low))


def _newest(line: Timeline, before: int | None) -> tuple[Key, int]:
    """The place after the last event, dated before *before*, and its position."""
    newest = line.newest(before)
    if newest is not None and not _is_cut(line, newest):
        return newest, position(line.state.epoch, newest[1])
    seconds = _at_time(line.now if before is None else min(line.now, before))
    return (seconds * 1000, 0), seconds


def _is_cut(line: Timeline, after: Key) -> bool:
    """Whether an event behind the place *after* may have been removed."""
    trimmed = line.state.trimmed
    return trimmed > 0 and after < (line.trimmed_at, trimmed)


def _at_time(ms: int) -> int:
    """The position of a time."""
    return max(EARLIEST, ms) // 1000
