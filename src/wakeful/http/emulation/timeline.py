"""What happens by itself, when its time has come by the virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from wakeful.core.clock import Clock
from wakeful.http.front.wheel import Wheel

log = structlog.get_logger()


class Step(msgspec.Struct, frozen=True):
    """Something that happens at a time in seconds of the clock. `where` tells it to people, `do`
    has it happen and raises what went wrong."""

    at: float
    where: str
    do: Callable[[], Awaitable[object]]


class Done(msgspec.Struct, frozen=True):
    """What happened, or why it did not."""

    step: Step
    error: str | None


class Timeline:
    """Has steps happen in the order of their times, each once."""

    def __init__(self, clock: Clock, wheel: Wheel) -> None:
        self._clock = clock
        self._wheel = wheel
        self._waiting: list[Step] = []
        self._one_at_a_time = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self.done: list[Done] = []
        self.due = 0  # the wheel's

    def __repr__(self) -> str:
        return f"<Timeline [{len(self._waiting)} to come]>"

    @property
    def waiting(self) -> tuple[Step, ...]:
        """What is to come, in order."""
        return tuple(self._waiting)

    def add(self, steps: list[Step]) -> None:
        """More is to come."""
        self._waiting = sorted([*self._waiting, *steps], key=lambda step: step.at)
        self._wait()

    def left(self) -> float | None:
        """Seconds until the next step; None where there is none."""
        if not self._waiting:
            return None
        return max(0.0, self._waiting[0].at - self._clock.monotonic())

    async def end(self) -> None:
        """Nothing more happens."""
        self._waiting.clear()
        self._wheel.cancel(self)
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def expire(self) -> None:
        """The time of a step has come, as the wheel tells."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self.run(), name="timeline")

    async def run(self) -> None:
        """Have happen all that is due."""
        async with self._one_at_a_time:
            while self._waiting and self._waiting[0].at <= self._clock.monotonic():
                step = self._waiting.pop(0)
                error = None
                try:
                    await step.do()
                except Exception as failed:
                    error = str(failed)
                    log.exception("a step of the scenario failed", step=step.where)
                self.done.append(Done(step, error))
        self._wait()

    def _wait(self) -> None:
        left = self.left()
        if left is None:
            self._wheel.cancel(self)
        else:
            self._wheel.put(self, left)
