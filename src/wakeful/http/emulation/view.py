"""A store whose streams are told with delays, and not in the order in which they were written.

Rule 1: the store beneath stays as it is, whole and in order. What is disturbed is the order in
which a stream is shown: an event that is late takes a place behind those that were shown before.

Rule 2: a position is a place in what is shown. Numbers of a stream have no gaps, so that what is
shown is the same numbers in another order, and as soon as nothing is withheld the two have come
to the same number. Whoever reads on from any position reads every event, once.

Rule 3: what is withheld is in no head. So a poll waits for it, and is woken when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from wakeful.core.clock import Clock
from wakeful.core.events import NO_HEAD, Head, StoredEvent
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.streams import Page, ReadStream, StreamStates
from wakeful.core.ports import Grown, Health, Hints, Store, StreamKind, Told, Trimmed
from wakeful.core.positions import Since, StreamState, place, position
from wakeful.core.writes import Command, Steps
from wakeful.http.front.wheel import Wheel

T = TypeVar("T")


class Late(msgspec.Struct, frozen=True):
    """When a late event is shown: at a time of the virtual clock, or when its stream has come to a
    number, whichever is said. `by` is whose doing it is."""

    by: int
    due: float | None = None
    number: int | None = None


Judge = Callable[[int, int], Late | None]
"""Tells of an event that was written just now, by its stream and its number, whether it is late."""


class _Shown:
    """The order in which one stream is shown."""

    __slots__ = ("base", "head", "order", "withheld", "written")

    def __init__(self, base: int, head: Head) -> None:
        self.base = base
        """Up to this number it is shown as it was written."""
        self.order: list[int] = []
        """The numbers that are shown after that."""
        self.head = head
        self.written = base
        self.withheld: dict[int, Late] = {}

    @property
    def last(self) -> int:
        return self.base + len(self.order)

    def show(self, number: int, written: Head) -> None:
        """Show one more. *written* is the head of what was written with it, which tells its
        classes; of several written together it may be of none of one, which costs a wake."""
        self.order.append(number)
        self.head = tuple(
            self.last if number <= last else before
            for last, before in zip(written, self.head, strict=True)
        )


class DisturbedStore:
    """The store *beneath*, shown as a judge has it. Without one it is shown as it is."""

    def __init__(self, beneath: Store, clock: Clock) -> None:
        self._beneath = beneath
        self._clock = clock
        self._judges: list[Judge] = []
        self._written: dict[int, Head] = {}
        self._shown: dict[int, _Shown] = {}
        self._heard: Callable[[Hints], None] | None = None
        self._wheel: Wheel | None = None
        self.due = 0  # the wheel's

    def __repr__(self) -> str:
        return f"<DisturbedStore [{len(self._shown)} streams] of {self._beneath!r}>"

    def judge_by(self, judge: Judge, wheel: Wheel) -> None:
        """Ask *judge* of each event from now on; *wheel* goes by the virtual clock."""
        self._judges.append(judge)
        self._wheel = wheel

    # --- what is written ---

    def on_commit(self, heard: Callable[[Hints], None]) -> None:
        self._heard = heard
        self._beneath.on_commit(self._committed)

    def _committed(self, hints: Hints) -> None:
        told: dict[Grown, Head] = {}
        for grown, head in hints.items():
            if isinstance(grown, int) and len(head) == len(NO_HEAD):
                shown = self._write(grown, head)
                if shown is not None:
                    told[grown] = shown
            else:
                told[grown] = head
        self._tell(told)
        self._wait()

    def _write(self, stream: int, head: Head) -> Head | None:
        """Take note of what was written; the head of what is shown."""
        before = self._written.get(stream, NO_HEAD)
        self._written[stream] = head
        shown = self._shown.get(stream)
        for number in range(before[0] + 1, head[0] + 1):
            late = self._judge(stream, number)
            if late is not None and shown is None:
                shown = self._shown[stream] = _Shown(number - 1, _up_to(number - 1, before, head))
            if shown is None:
                continue
            shown.written = number
            if late is None:
                shown.show(number, head)
            else:
                shown.withheld[number] = late
        if shown is None:
            return head
        self._let_show(stream, shown)
        return shown.head if shown.last else None

    def _judge(self, stream: int, number: int) -> Late | None:
        for judge in self._judges:
            late = judge(stream, number)
            if late is not None:
                return late
        return None

    # --- what is shown later ---

    def let_go(self, by: int) -> None:
        """Show at once what is withheld by *by*."""
        self._release(lambda late: late.by == by)

    def expire(self) -> None:
        """The time of something has come, as the wheel tells."""
        self._release(lambda late: False)

    def _release(self, is_free: Callable[[Late], bool]) -> None:
        told: dict[Grown, Head] = {}
        for stream, shown in self._shown.items():
            if shown.withheld and self._let_show(stream, shown, is_free):
                told[stream] = shown.head
        self._tell(told)
        self._wait()

    def _let_show(
        self, stream: int, shown: _Shown, is_free: Callable[[Late], bool] = lambda late: False
    ) -> bool:
        """Show what is late no longer; whether there was anything."""
        now = self._clock.monotonic()
        free = [
            # What was due before comes before, however late this is looked at.
            (now if late.due is None else min(late.due, now), number)
            for number, late in shown.withheld.items()
            if is_free(late)
            or (late.due is not None and late.due <= now)
            or (late.number is not None and late.number <= shown.written)
        ]
        for _, number in sorted(free):
            del shown.withheld[number]
            shown.show(number, self._written[stream])
        return bool(free)

    def _tell(self, told: Hints) -> None:
        if told and self._heard is not None:
            self._heard(told)

    def _wait(self) -> None:
        dues = [
            late.due
            for shown in self._shown.values()
            for late in shown.withheld.values()
            if late.due is not None
        ]
        if self._wheel is not None:
            if dues:
                self._wheel.put(self, max(0.0, min(dues) - self._clock.monotonic()))
            else:
                self._wheel.cancel(self)

    # --- what is read ---

    async def ask(self, lookup: Lookup[T]) -> T:
        if isinstance(lookup, StreamStates):
            states = await self._beneath.ask(lookup)
            return cast(T, tuple(map(self._state, lookup.streams, states)))
        if isinstance(lookup, ReadStream) and lookup.stream in self._shown:
            return cast(T, await self._read(lookup, self._shown[lookup.stream]))
        return await self._beneath.ask(lookup)

    def ask_now(self, lookup: Lookup[T]) -> T | None:
        return None  # what is shown may have to be looked up first

    def look_now(self, steps: Steps[T]) -> T | None:
        steps.close()
        return None

    def _state(self, stream: int, state: StreamState) -> StreamState:
        shown = self._shown.get(stream)
        if shown is None:
            return state
        return StreamState(state.epoch, min(state.trimmed, shown.last), shown.head)

    async def _read(self, lookup: ReadStream, shown: _Shown) -> Page:
        # One look without a filter, for the state; no commit comes between the others that matters:
        # what was shown at a place stays there.
        (written,) = await self._beneath.ask(StreamStates((lookup.stream,)))
        state = self._state(lookup.stream, written)
        if isinstance(lookup.asked, Since):
            begun = await self._beneath.ask(_of(lookup, lookup.asked, 1))
            start, gap = min(begun.start, shown.last), begun.gap
        else:
            found = place(lookup.asked, state)
            start, gap = found.number, found.gap
        events: list[StoredEvent] = []
        at, last = start, state.last
        while at < last and len(events) < lookup.limit:
            if at + lookup.limit - len(events) <= shown.base:
                # Nothing but what is shown as it was written.
                page = await self._beneath.ask(
                    _of(lookup, position(state.epoch, at), lookup.limit - len(events))
                )
                if page.next <= shown.base:
                    events += page.events
                    at = page.next
                    continue
            number = at + 1 if at < shown.base else shown.order[at - shown.base]
            events += await self._one(lookup, position(state.epoch, number - 1), number)
            at += 1
        return Page(tuple(events), state, start, at, gap)

    async def _one(self, lookup: ReadStream, asked: int, number: int) -> list[StoredEvent]:
        """The event of that *number*, if it is there still and *lookup* is for it."""
        every = await self._beneath.ask(ReadStream(lookup.stream, asked, 1))
        if every.start != number - 1 or not every.events:
            return []  # it was trimmed
        page = await self._beneath.ask(_of(lookup, asked, 1))
        # Numbers of events are not told, and of what a filter lets pass the first may be another.
        return [each for each in page.events if each.key == every.events[0].key]

    # --- the rest is as it is beneath ---

    @property
    def epoch(self) -> int:
        return self._beneath.epoch

    @property
    def health(self) -> Health:
        return self._beneath.health

    async def commit(self, command: Command[T]) -> T:
        return await self._beneath.commit(command)

    def submit(self, command: Command[T], told: Told[T]) -> None:
        self._beneath.submit(command, told)

    async def trim(self, kind: StreamKind, before: int, limit: int) -> Trimmed:
        trimmed = await self._beneath.trim(kind, before, limit)
        streams = {stream: self._state(stream, state) for stream, state in trimmed.streams.items()}
        return Trimmed(trimmed.rows, streams)

    async def trim_journals(self, before: int, limit: int) -> int:
        return await self._beneath.trim_journals(before, limit)

    async def trim_versions(self, before: int, limit: int) -> int:
        return await self._beneath.trim_versions(before, limit)

    async def backup(self, file: Path) -> None:
        await self._beneath.backup(file)

    async def close(self) -> None:
        await self._beneath.close()


def _of(lookup: ReadStream, asked: int | Since, limit: int) -> ReadStream:
    return ReadStream(lookup.stream, asked, limit, lookup.cls, lookup.types)


def _up_to(number: int, before: Head, head: Head) -> Head:
    """The head as it was at *number*, as far as that is known: between two others."""
    return tuple(max(old, min(new, number)) for old, new in zip(before, head, strict=True))
