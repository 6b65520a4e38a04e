"""Retention by itself: what goes, in which steps, and what becomes of faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import count
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.contract.things import (
    A_FILE,
    ANNA,
    ENTERPRISE,
    HOME,
    an_enterprise,
    do,
    names,
    put_paths,
    rows,
    tell,
)
from tests.model.stages import StagedBus, StagedStore, Tally
from wakeful import retention
from wakeful.core.errors import StoreFailed, StoreFull
from wakeful.core.items import version_of
from wakeful.core.lookups.trees import VersionsOf
from wakeful.core.ports import Health, StreamKind, Trimmed
from wakeful.core.writes import JournalDrop, PutVersion
from wakeful.feed import Feed
from wakeful.retention import KnownTime, Retention
from wakeful.stores.memory import MemoryStore

HOUR = 3600 * 1000
DAY = 24 * HOUR

DEFAULT = {StreamKind.USER: 60, StreamKind.ENTERPRISE: 365}


class Counted:
    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def trimmed(self, what: str, rows: int) -> None:
        self.told.append((what, rows))


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class Kept:
    """A feed of events that are days old, and its retention."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(clock=self.clock)
        self.counted = Counted()

    async def told_on(self, *days: int) -> None:
        """An event of each of these days, in Anna's stream and in the enterprise's."""
        await self.store.commit(do(an_enterprise()))
        for day in days:
            self.clock.now = day * DAY
            await tell(self.store, f"day {day}", to=(ANNA, ENTERPRISE))

    def retention(
        self, days: Mapping[StreamKind, int] = DEFAULT, version_days: int = 0
    ) -> Retention:
        feed = Feed(self.store, StagedBus(), Tally())
        return Retention(feed, days, self.counted, self.clock, version_days=version_days)


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def test_each_kind_of_stream_is_kept_for_its_own_days(kept: Kept) -> None:
    await kept.told_on(0, 300, 341, 400)

    gone = await kept.retention().round()

    assert gone == {"user": 2, "enterprise": 1}
    assert await names(kept.store, ANNA) == ["day 341", "day 400"]
    assert await names(kept.store, ENTERPRISE) == ["day 300", "day 341", "day 400"]


@pytest.mark.parametrize("kind", StreamKind)
async def test_0_days_are_for_ever(kept: Kept, kind: StreamKind) -> None:
    await kept.told_on(0, 400)

    gone = await kept.retention({**DEFAULT, kind: 0}).round()

    assert kind.value not in gone
    assert len(gone) == 1


async def test_tombstones_are_kept_as_long_as_users_streams(kept: Kept) -> None:
    await put_paths(kept.store, "a", "b", "c")
    for day, path in [(1, "a"), (30, "b")]:
        kept.clock.now = day * DAY
        await kept.store.commit(do(JournalDrop(HOME, path)))
    kept.clock.now = 62 * DAY

    assert await kept.retention({StreamKind.USER: 0, StreamKind.ENTERPRISE: 1}).round() == {}
    assert await kept.retention().round() == {"journal": 1}
    assert [path for _, path, _ in await rows(kept.store)] == ["c", "b"]


async def test_earlier_versions_of_files_are_kept_for_days_of_their_own(kept: Kept) -> None:
    file = replace(A_FILE, id=1, content="a")
    for day in (1, 2, 3):
        version = version_of(replace(file, version=day), day * DAY)
        await kept.store.commit(do(PutVersion(version)))
    kept.clock.now = 5 * DAY

    assert await kept.retention(version_days=0).round() == {}
    assert await kept.retention(version_days=3).round() == {"version": 1}
    assert await kept.retention(version_days=2).round() == {"version": 1}

    (left,) = await kept.store.ask(VersionsOf(1, 10))
    assert left.id == 3


async def test_it_goes_in_steps_and_every_step_is_counted(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP_ROWS", 2)
    await kept.told_on(*range(5), 100)

    with capture_logs() as logs:
        await kept.retention().round()

    assert kept.counted.told == [("user", 2), ("user", 2), ("user", 1)]
    assert [(line["event"], line["user"]) for line in logs] == [("trimmed", 5)]


async def test_a_round_with_nothing_to_do_says_nothing(kept: Kept) -> None:
    await kept.told_on(100)

    with capture_logs() as logs:
        assert await kept.retention().round() == {}

    assert logs == []
    assert kept.counted.told == []


async def test_where_others_publish_the_pause_is_longer(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP_ROWS", 1)
    await kept.told_on(0, 1, 100)
    pauses: list[float] = []
    publishes = [False, True]

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    honest = kept.store.trim

    async def trim(kind: StreamKind, before: int, limit: int) -> Trimmed:
        if publishes and publishes.pop(0):
            await tell(kept.store, "by somebody else")
        return await honest(kind, before, limit)

    # From one look at the clock to the next, 10 ms go by: a step takes them.
    seconds = count(step=0.01)
    monkeypatch.setattr(retention, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setattr(kept.store, "trim", trim)
    monkeypatch.setattr(asyncio, "sleep", sleep)

    await kept.retention().round()

    quiet, busy = pauses
    assert 0.0 < quiet < retention._BUSY_PAUSE_SECONDS <= busy


@pytest.mark.parametrize("error", [StoreFull("full"), StoreFailed("broken")])
async def test_a_store_that_cannot_be_written_ends_the_round(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refuse(*_: object) -> Trimmed:
        raise error

    monkeypatch.setattr(kept.store, "trim", refuse)

    with capture_logs() as logs:
        assert await kept.retention().round() == {}

    assert [line["event"] for line in logs] == ["trimming stopped"]


@pytest.mark.parametrize("health", [Health.FAILED, Health.CLOSED])
async def test_a_store_that_has_failed_is_left_alone(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, health: Health
) -> None:
    await kept.told_on(0, 100)
    monkeypatch.setattr(MemoryStore, "health", health)

    assert await kept.retention().round() == {}
    assert await names(kept.store, ANNA) == ["day 0", "day 100"]


LEAP_DAYS = retention.LEAP_MS // DAY


@pytest.mark.parametrize(
    ("known", "day", "then"),
    [
        pytest.param((10, None), 10, (10, None), id="not a moment later"),
        pytest.param((10, None), 10 + LEAP_DAYS, (10 + LEAP_DAYS, None), id="away for a week"),
        pytest.param((10, None), 11 + LEAP_DAYS, (10, 11 + LEAP_DAYS), id="has leapt"),
        pytest.param((10, None), 9, (10, None), id="set back"),
        pytest.param((10, 99), 99.9, (10, 99), id="leapt, and not yet a day on"),
        pytest.param((10, 99), 100, (100, None), id="leapt, and a day on"),
        pytest.param((10, 99), 11, (11, None), id="leapt, and set right"),
        pytest.param((10, 99), 50, (10, 50), id="leapt, and set less far ahead"),
        pytest.param((10, 50), 51, (51, None), id="a day on from there"),
        pytest.param((10, 30), 50, (50, None), id="asleep for weeks again"),
    ],
)
def test_a_clock_is_believed_unless_it_has_leapt(
    known: tuple[float, float | None], day: float, then: tuple[float, float | None]
) -> None:
    assert known_time(*known).at(int(day * DAY)) == known_time(*then)


def known_time(believed: float, doubted: float | None) -> KnownTime:
    return KnownTime(int(believed * DAY), None if doubted is None else int(doubted * DAY))


async def test_a_clock_that_leaps_takes_nothing_for_a_day(kept: Kept) -> None:
    await kept.told_on(1, 2)
    trims = kept.retention()
    await trims.round()

    with capture_logs() as logs:
        for hours in (0, 23):
            kept.clock.now = 9_000 * DAY + hours * HOUR
            assert await trims.round() == {}

    assert [line["event"] for line in logs] == [
        "the clock has leapt ahead: nothing is trimmed for a day"
    ]
    kept.clock.now = 9_001 * DAY
    assert await trims.round() == {"user": 2, "enterprise": 2}


async def test_a_clock_that_leaps_and_is_set_right_has_taken_nothing(kept: Kept) -> None:
    await kept.told_on(1, 100)
    trims = kept.retention()
    kept.clock.now = 3 * DAY
    await trims.round()

    for day in (9_000, 3, 9_000):
        kept.clock.now = day * DAY
        assert await trims.round() == {}


@pytest.mark.parametrize("error", [StoreFull("full"), StoreFailed("broken")])
async def test_what_is_known_of_the_clock_is_written_when_the_store_can_be(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await kept.told_on(1)
    staged = StagedStore(kept.store)
    trims = Retention(Feed(staged, StagedBus(), Tally()), DEFAULT, kept.counted, kept.clock)
    await trims.round()
    honest = staged.commit

    async def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(staged, "commit", refuse)
    kept.clock.now = 9_000 * DAY
    await trims.round()
    kept.clock.now = 9_001 * DAY
    assert await trims.round() == {}

    monkeypatch.setattr(staged, "commit", honest)
    assert await trims.round() == {}
    kept.clock.now = 9_002 * DAY
    assert await trims.round() == {"user": 1, "enterprise": 1}


async def waited(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - a log has no event of its own
        await asyncio.sleep(0)


async def test_it_begins_at_once_and_goes_on_after_a_fault(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "EVERY_SECONDS", 0.0)
    await kept.told_on(0, 100)
    staged = StagedStore(kept.store)
    staged.broken = RuntimeError("a bug")
    trims = Retention(Feed(staged, StagedBus(), Tally()), DEFAULT, kept.counted, kept.clock)

    with capture_logs() as logs:
        async with trims:
            await waited(lambda: bool(logs))
            staged.broken = None
            await waited(lambda: bool(kept.counted.told))

    assert logs[0]["event"] == "trimming failed"
    assert await names(kept.store, ANNA) == ["day 100"]


async def test_who_keeps_all_for_ever_runs_nothing(kept: Kept) -> None:
    before = asyncio.all_tasks()

    async with kept.retention({StreamKind.USER: 0, StreamKind.ENTERPRISE: 0}):
        assert asyncio.all_tasks() == before
