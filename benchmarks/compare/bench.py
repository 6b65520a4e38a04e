"""What all works need: the programs, a folder for each start, and systems that always end."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare.plan import Plan
from benchmarks.compare.results import Results
from benchmarks.load.generator import Answer, Generator, GeneratorFailed
from benchmarks.systems.durable import DurableSystem
from benchmarks.systems.polling import PollSystem, Running, Users, Wording
from benchmarks.systems.processes import cpu_seconds, pin

PATIENCE_SECONDS = 120.0  # for what takes a few seconds where nothing else runs
QUIET_SECONDS = 0.2
_QUIET_CPU_SECONDS = 0.02
_MOST_LOOKS = 25


@dataclass
class Bench:
    """One run of the benchmark."""

    plan: Plan
    results: Results
    folder: Path
    load: Path

    def say(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def started(self, system: PollSystem, users: int) -> Iterator[Running]:
        """The system, which is ended whatever happens; its folder goes with it."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{system.name}-") as folder:
            try:
                yield system.start(Path(folder), users)
            finally:
                system.end()

    @contextlib.contextmanager
    def keeping(self, system: DurableSystem) -> Iterator[Running]:
        """As `started`."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{system.name}-") as folder:
            try:
                yield system.start(Path(folder))
            finally:
                system.end()

    def generator(self, running: Running, users: Users, *, cursor: int | None = None) -> Generator:
        return Generator(
            self.load,
            port=running.port,
            publish_port=running.publish_port,
            users=users,
            cursor=cursor,
        )


def park(
    generator: Generator, running: Running, wording: Wording, first: int, last: int, total: int
) -> None:
    """Connect the users from *first* to *last* and park a poll of each; *total* are then there.

    Raises GeneratorFailed where they do not stay parked.
    """
    connect(generator, first, last)
    repark(generator, running, wording, first, last, total)


def connect(generator: Generator, first: int, last: int) -> None:
    """Connect the users from *first* to *last*. Raises GeneratorFailed."""
    opened = generator.order("open", first=first, last=last, patience=PATIENCE_SECONDS)
    if opened["failed"] or opened["connected"] < last - first:
        raise GeneratorFailed(f"{opened['failed']} of {last - first} connections failed")


def repark(
    generator: Generator, running: Running, wording: Wording, first: int, last: int, total: int
) -> None:
    """As `park`, on connections for which nothing is due."""
    for look in range(_MOST_LOOKS):
        # A poll that was refused is one for which nothing is due.
        answered = generator.order(
            "park", template=wording.poll, first=first, last=last, pause=wording.pause or None
        )["answered"]
        settled = generator.order("settle", count=total, patience=PATIENCE_SECONDS)
        if not settled["settled"]:
            raise GeneratorFailed("the system does not read all polls")
        if not look:
            wait_until_quiet(running.pids)
        held = generator.order("hold", template=wording.poll, seconds=QUIET_SECONDS)
        if not (answered or settled["answered"] or held["answered"] or held["failed"]):
            return
    raise GeneratorFailed("polls are answered though nothing happens")


def wait_until_quiet(pids: list[int]) -> None:
    """Wait until the system does next to nothing; on a busy machine that may not be seen."""
    for _ in range(_MOST_LOOKS):
        before = cpu_seconds(pids)
        time.sleep(QUIET_SECONDS)
        if cpu_seconds(pids) - before <= _QUIET_CPU_SECONDS:
            return


@contextlib.contextmanager
def on_one_core(running: Running, generator: Generator) -> Iterator[None]:
    """The system on one core and the generator on the others, where there is more than one."""
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        first = min(cores)
        pin(running.pids, {first})
        pin([generator.pid], cores - {first})
    try:
        yield
    finally:
        pin(running.pids, cores)
        pin([generator.pid], cores)


def milliseconds(answer: Answer, what: str, quantile: str) -> float:
    """Of a histogram in *answer*."""
    return float(answer[what][quantile]) / 1e3
