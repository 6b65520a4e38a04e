"""Stand-ins that force an interleaving: a store and a bus that stop where a test wants them to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from wakeful.core.events import Head, StreamClass
from wakeful.core.lookups import Lookup
from wakeful.core.ports import Grown, Health, Hints, Store, StreamKind, Told, Trimmed
from wakeful.core.writes import Command, Steps

T = TypeVar("T")

Between = Callable[[Lookup[Any]], Awaitable[None]]


class StagedStore:
    """A store in front of another; `between` runs after a snapshot was taken and before its
    answer arrives."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.asked: list[Lookup[Any]] = []
        self.between: Between | None = None
        self.after_commit: Callable[[], Awaitable[object]] | None = None
        self.broken: Exception | None = None
        self.is_slow = False  # answers nothing at once

    @property
    def epoch(self) -> int:
        return self._inner.epoch

    @property
    def health(self) -> Health:
        return self._inner.health

    def on_commit(self, heard: Callable[[Hints], None]) -> None:
        self._inner.on_commit(heard)

    async def commit(self, command: Command[T]) -> T:
        result = await self._inner.commit(command)
        if self.after_commit is not None:
            await self.after_commit()
        return result

    def submit(self, command: Command[T], told: Told[T]) -> None:
        self._inner.submit(command, told)

    async def ask(self, lookup: Lookup[T]) -> T:
        if self.broken is not None:
            raise self.broken
        self.asked.append(lookup)
        answer = await self._inner.ask(lookup)
        if self.between is not None:
            await self.between(lookup)
        return answer

    def ask_now(self, lookup: Lookup[T]) -> T | None:
        if self.is_slow or self.broken is not None:
            return None
        self.asked.append(lookup)
        return self._inner.ask_now(lookup)

    def look_now(self, steps: Steps[T]) -> T | None:
        if self.is_slow or self.broken is not None:
            steps.close()
            return None
        return self._inner.look_now(steps)

    async def trim(self, kind: StreamKind, before: int, limit: int) -> Trimmed:
        return await self._inner.trim(kind, before, limit)

    async def trim_journals(self, before: int, limit: int) -> int:
        return await self._inner.trim_journals(before, limit)

    async def trim_versions(self, before: int, limit: int) -> int:
        return await self._inner.trim_versions(before, limit)

    async def backup(self, file: Path) -> None:
        await self._inner.backup(file)

    async def close(self) -> None:
        await self._inner.close()


class StagedBus:
    """A wake bus that keeps hints back while `held`, until they are passed on or lost."""

    def __init__(self) -> None:
        self._heard: Callable[[Hints], None] | None = None
        self.held = False
        self.kept: list[Hints] = []

    def listen(self, heard: Callable[[Hints], None]) -> None:
        self._heard = heard

    def tell(self, hints: Hints) -> None:
        if self.held:
            self.kept.append(hints)
        else:
            self.pass_on(hints)

    def pass_on(self, hints: Hints) -> None:
        assert self._heard is not None
        self._heard(hints)

    def deliver(self) -> None:
        """Pass on what was kept, in its order."""
        kept, self.kept = self.kept, []
        for hints in kept:
            self.pass_on(hints)

    def lose(self) -> None:
        """Forget what was kept."""
        self.kept = []

    def merged(self) -> Hints:
        """What was kept, as one."""
        merged: dict[Grown, Head] = {}
        for hints in self.kept:
            for stream, head in hints.items():
                before = merged.get(stream, (0,) * len(head))
                merged[stream] = tuple(map(max, before, head))
        return merged


class Sleeper:
    """A waiter that remembers its wakes."""

    def __init__(self, stream: int, cls: StreamClass = StreamClass.ALL) -> None:
        self.stream = stream
        self.cls = int(cls)
        self.after = 0
        self.wakes: list[float] = []

    def wake(self, since: float) -> None:
        self.wakes.append(since)

    @property
    def woken(self) -> bool:
        return bool(self.wakes)


class Tally:
    """An observer that adds up what it is told."""

    def __init__(self) -> None:
        self.slices: list[int] = []
        self.gaps = 0
        self.found: list[int] = []

    def woken(self, waiters: int) -> None:
        self.slices.append(waiters)

    def gap_served(self) -> None:
        self.gaps += 1

    def backstop_found(self, streams: int) -> None:
        self.found.append(streams)


async def turns(count: int = 12) -> None:
    """Give the loop so many turns: enough for all that a memory store lets happen."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Give the loop turns until *condition* holds; fails, naming *what*, if it never does."""
    try:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0)
    except TimeoutError:
        raise AssertionError(f"it never came to pass that {what}") from None
