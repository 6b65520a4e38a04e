"""Retention: what is old enough goes, without anybody who publishes noticing.

Rule 1: it goes in steps of few rows, each a transaction of its own: whoever publishes meanwhile
waits for one step at most.

Rule 2: after each step others have their turn, for longer where they use it.

Rule 3: a store that cannot be written ends a round, and the next one tries again. On a full
disk that is worth it: what goes leaves room inside the file, which does not have to grow then.

Rule 4: a clock that has leapt ahead is not believed for a day, in which nothing goes. It would
take everything, and a clock can be set right again while what is gone stays gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

import msgspec
import structlog

from wakeful.core.clock import wall_clock
from wakeful.core.errors import Unavailable
from wakeful.core.lookups import Setting
from wakeful.core.lookups.streams import LastKey
from wakeful.core.ports import Health, StreamKind
from wakeful.core.writes import PutSetting, Steps
from wakeful.dialects.times import text_of
from wakeful.feed import Feed

EVERY_SECONDS = 300.0
"""From the end of one round to the next."""

STEP_ROWS = 250
"""Some 3 ms of work, less than the fsync that follows on most disks."""

JOURNAL = "journal"
"""What tombstones are called in numbers and logs, beside the kinds of streams."""

TRASH = "trash"
"""What items in the trash are called there."""

VERSIONS = "version"
"""What earlier versions of files are called there."""

_DAY_MS = 24 * 3600 * 1000

LEAP_MS = 7 * _DAY_MS
"""How far the clock may be ahead of the time that was known last."""

_CLOCK_SETTING = "retention.clock"

# Of the time that a step took. A quarter of the writer's time is the most that is taken.
_PAUSE_FACTOR = 3
_BUSY_PAUSE_SECONDS = 0.05

log = structlog.get_logger()

Purge = Callable[[int, int], Awaitable[int]]
"""Purges what went into the trash before a time (ms), up to so many items; returns how many."""

Step = Callable[[int], Awaitable[int]]
"""Removes up to so many rows; returns how many."""


class Observer(Protocol):
    """Told of what is worth counting."""

    def trimmed(self, what: str, rows: int) -> None: ...


class KnownTime(msgspec.Struct, frozen=True):
    """What a store remembers of the clock, so that a leap over a restart is one, too."""

    believed: int  # the latest time (ms) by which it was trimmed, to a day
    doubted: int | None = None  # the time (ms) to which the clock has leapt

    def at(self, now: int) -> KnownTime:
        """What is known when the clock says *now*.

        A machine that was off or asleep for long seems to leap, too. So doubt ends after a day by
        the clock itself, whether anything ran in it or not.
        """
        if now - self.believed <= LEAP_MS:
            return KnownTime(max(now, self.believed))
        doubted = now if self.doubted is None else min(now, self.doubted)
        if now - doubted >= _DAY_MS:
            return KnownTime(now)
        return KnownTime(self.believed, doubted)


class Retention:
    """Trims a feed for as long as it is entered: at once, then every few minutes.

    *days* says how long each kind of stream is kept, *version_days* how long earlier versions of
    files are; 0 is for ever. The tombstones of journals are kept as long as users' streams. What
    has been in the trash for *trash_days* goes by *purge*.
    """

    def __init__(
        self,
        feed: Feed,
        days: Mapping[StreamKind, int],
        observer: Observer,
        clock: Callable[[], int] = wall_clock,
        *,
        trash_days: int = 0,
        purge: Purge | None = None,
        version_days: int = 0,
    ) -> None:
        self._trash_days = trash_days
        self._purge = purge
        self._feed = feed
        self._days = days
        self._version_days = version_days
        self._observer = observer
        self._clock = clock
        self._known: KnownTime | None = None  # as the store has it
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Retention:
        if any((*self._days.values(), self._trash_days, self._version_days)):
            self._task = asyncio.create_task(self._run(), name="retention")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self.round()
            except Exception:
                log.exception("trimming failed")
            await asyncio.sleep(EVERY_SECONDS)

    async def round(self) -> Mapping[str, int]:
        """Remove all that is too old; how many rows went, by what they were of."""
        gone: dict[str, int] = {}
        if self._feed.store.health in (Health.FAILED, Health.CLOSED):
            return gone
        began = time.monotonic()
        try:
            now = self._clock()
            known = await self._known_at(now)
            if known.doubted is None:
                for what, step in self._steps(now):
                    await self._trim(what, step, gone)
            await self._remember(known)
        except Unavailable as error:
            log.warning("trimming stopped", error=str(error), **gone)
            return gone
        if gone:
            log.info("trimmed", seconds=round(time.monotonic() - began, 1), **gone)
        return gone

    async def _known_at(self, now: int) -> KnownTime:
        if self._known is None:
            kept = await self._feed.store.ask(Setting(_CLOCK_SETTING))
            if kept is None:
                return KnownTime(now)
            self._known = msgspec.json.decode(kept, type=KnownTime)
        known = self._known.at(now)
        if known.doubted is not None and self._known.doubted is None:
            log.error(
                "the clock has leapt ahead: nothing is trimmed for a day",
                clock=text_of(now),
                last_known=text_of(known.believed),
            )
        return known

    async def _remember(self, known: KnownTime) -> None:
        """Put *known* into the store where it is news: once a day, and when doubt comes or goes."""
        before = self._known
        is_news = (
            before is None
            or known.doubted != before.doubted
            or known.believed - before.believed >= _DAY_MS
        )
        if not is_news:
            return

        def steps(now: int) -> Steps[None]:
            yield PutSetting(_CLOCK_SETTING, msgspec.json.encode(known))

        await self._feed.store.commit(steps)
        self._known = known

    def _steps(self, now: int) -> list[tuple[str, Step]]:
        steps: list[tuple[str, Step]] = []
        for kind, days in self._days.items():
            if days:
                before = now - days * _DAY_MS
                steps.append((kind.value, partial(self._feed.trim, kind, before)))
        days = self._days.get(StreamKind.USER, 0)
        if days:
            before = now - days * _DAY_MS
            steps.append((JOURNAL, partial(self._feed.store.trim_journals, before)))
        if self._trash_days and self._purge is not None:
            steps.append((TRASH, partial(self._purge, now - self._trash_days * _DAY_MS)))
        if self._version_days:
            before = now - self._version_days * _DAY_MS
            steps.append((VERSIONS, partial(self._feed.store.trim_versions, before)))
        return steps

    async def _trim(self, what: str, step: Step, gone: dict[str, int]) -> None:
        rows = STEP_ROWS
        while rows == STEP_ROWS:
            key = await self._feed.store.ask(LastKey())
            began = time.monotonic()
            rows = await step(STEP_ROWS)
            if not rows:
                return
            gone[what] = gone.get(what, 0) + rows
            self._observer.trimmed(what, rows)
            pause = (time.monotonic() - began) * _PAUSE_FACTOR
            if await self._feed.store.ask(LastKey()) != key:
                pause = max(pause, _BUSY_PAUSE_SECONDS)
            await asyncio.sleep(pause)
