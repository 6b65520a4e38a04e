"""The side-by-side run: every system in turn, round after round, then the table.

Rounds go round the systems, so that whatever else the machine does meanwhile meets all of them.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.compare import keeping, waiting
from benchmarks.compare.bench import Bench
from benchmarks.compare.dropbox import measure_dropbox
from benchmarks.compare.growth import measure_growth, prepare_all
from benchmarks.compare.plan import Plan, fitted
from benchmarks.compare.results import CUT, Results
from benchmarks.load.build import build
from benchmarks.load.generator import GeneratorFailed
from benchmarks.systems.asgi import Asgi
from benchmarks.systems.durable import DurableSystem
from benchmarks.systems.floor import Floor
from benchmarks.systems.nats import Nats
from benchmarks.systems.nchan import Nchan
from benchmarks.systems.polling import PollSystem
from benchmarks.systems.postgres import Postgres
from benchmarks.systems.processes import Missing
from benchmarks.systems.pushpin import Pushpin
from benchmarks.systems.redis import Redis
from benchmarks.systems.stores import Stores
from benchmarks.systems.wakeful import Wakeful

WORKS = {
    "memory": "a",
    "wakes": "b",
    "changes": "c and g",
    "cycles": "d",
    "durable": "e",
    "catch-up": "f",
    "growth": "h",
    "idle": "i",
    "files": "j",
    "dropbox": "k",
}
"""By name, with the letters of the work that was asked to be measured."""

Task = Callable[[], None]
Part = tuple[str, str, Task]
"""What is measured of a system in one go: the work, the title of the system, and how."""


class Run:
    """One run. Use `run`."""

    def __init__(
        self,
        bench: Bench,
        works: Collection[str],
        wanted: Collection[str],
        floor: Path,
        stores: Stores,
        until: float | None,
    ) -> None:
        self._bench = bench
        self._stores = stores
        self._until = until  # by time.monotonic
        self._works = works
        self.versions: dict[str, str] = {}
        pollers: list[PollSystem] = [Nchan(), Pushpin(floor), Asgi(), Floor(floor)]
        keepers: list[DurableSystem] = [Redis(), Postgres(), Postgres(groups=True), Nats()]
        self._pollers = [each for each in pollers if self._is_there(each, wanted)]
        self._keepers = [each for each in keepers if self._is_there(each, wanted)]
        self._has_wakeful = not wanted or Wakeful.name in wanted

    def _is_there(self, system: PollSystem | DurableSystem, wanted: Collection[str]) -> bool:
        if wanted and system.name not in wanted:
            return False
        try:
            self.versions[system.title] = system.version()
        except Missing as missing:
            self._bench.results.note(f"{system.title} is left out: {missing}")
            self._bench.say(f"{system.title} is left out: {missing}")
            return False
        return True

    def go(self) -> None:
        rounds = self._bench.plan.rounds
        alone = self._prepared() if self._has_wakeful else []
        for number in range(rounds):
            parts = (*self._of_round(number), *alone)
            for done, (work, title, task) in enumerate(parts):
                if self._until is not None and time.monotonic() > self._until:
                    left = (rounds - number) * len(parts) - done
                    self._bench.results.note(f"{CUT}: {left} parts were left out")
                    return
                self._bench.say(f"round {number + 1} of {rounds}: {work}, {title}")
                self._try(work, title, task)

    def _prepared(self) -> list[Part]:
        """Add Wakeful to the systems; returns its parts of each round that need further stores."""
        bench, plan, stores = self._bench, self._bench.plan, self._stores
        parts: list[Part] = []

        def add(work: str, task: Task) -> None:
            parts.append((work, Wakeful.title, task))

        if "growth" in self._works:
            add("growth", partial(measure_growth, bench, prepare_all(bench, stores)))
        if "catch-up" in self._works:
            bench.say(f"preparing {plan.behind:,} events")
            behind = stores.prepared(
                "behind", 1, events=plan.behind, event_bytes=keeping.EVENT_BYTES
            )
            add("catch-up", partial(keeping.catch_up_wakeful, bench, behind))
        if "dropbox" in self._works:
            bench.say(f"preparing {plan.files:,} files")
            cursors = stores.prepared("cursors", plan.polls, cursors=True)
            listing = stores.prepared("listing", 1, files=plan.files, cursors=True)
            add("dropbox", partial(measure_dropbox, bench, Wakeful(cursors)))
            add("dropbox", partial(keeping.catch_up_dropbox, bench, listing))
        if "files" in self._works:
            add("files", partial(measure_files, bench))
        bench.say("preparing users")
        own = Wakeful(stores.prepared("users", plan.polls + waiting.WARM_UP, team=True))
        self.versions[own.title] = own.version()
        self._pollers.insert(0, own)
        return parts

    def _of_round(self, number: int) -> list[Part]:
        bench = self._bench
        tasks: list[Part] = []
        pollers, keepers = self._pollers[:], self._keepers[:]
        # Nobody is always first, or always after the same other.
        chance = random.Random(number)
        chance.shuffle(pollers)
        chance.shuffle(keepers)

        def add(work: str, title: str, task: Task) -> None:
            if work in self._works:
                tasks.append((work, title, task))

        for work, measure in (
            ("wakes", waiting.measure_wakes),
            ("changes", waiting.measure_changes),
            ("cycles", waiting.measure_cycles),
        ):
            for system in pollers:
                add(work, system.title, partial(measure, bench, system))
        for keeper in keepers:
            add("durable", keeper.title, partial(keeping.measure_other, bench, keeper))
        for system in pollers:
            if isinstance(system, Wakeful):
                add("durable", system.title, partial(keeping.measure_wakeful, bench, system))
        for keeper in keepers:
            if keeper.name in ("redis", "postgres"):
                add("catch-up", keeper.title, partial(keeping.catch_up_other, bench, keeper))
        if number == 0:  # what these show does not depend on chance, and they take long
            for system in pollers:
                add("memory", system.title, partial(waiting.measure_memory, bench, system))
                add("idle", system.title, partial(waiting.measure_idleness, bench, system))
        return tasks

    def _try(self, work: str, title: str, task: Task) -> None:
        """What one system cannot do is a word in the results; what was measured is kept."""
        try:
            task()
        except (GeneratorFailed, Missing, subprocess.SubprocessError) as error:
            said = str(error).strip().splitlines()
            self._bench.results.note(f"{work}: {title}: {said[0] if said else error!r}")
            self._bench.say(f"{work}: {title} failed: {error}")


def measure_files(bench: Bench) -> None:
    plan = bench.plan
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.latency"),
            *("--samples", str(plan.latency_samples), "--parked", str(plan.latency_parked)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    measured = json.loads(done.stdout)
    for kind in ("known", "new"):
        bench.results.add(f"close.{kind}.p50", Wakeful.name, measured[kind]["median_ms"])
        bench.results.add(f"close.{kind}.p99", Wakeful.name, measured[kind]["p99_ms"])


def run(
    plan: Plan,
    works: Collection[str],
    systems: Collection[str],
    folder: Path | None,
    stores: Path | None = None,
    minutes: float | None = None,
) -> dict[str, Any]:
    """Everything measured, with what it was measured on. The stores that take long to write are
    kept in *stores*. Nothing more is begun after *minutes*. Raises NoCompiler."""
    plan = fitted(plan)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder, prefix="wakeful-bench-") as made:
        place = Path(made)
        place.chmod(0o755)  # PostgreSQL runs as another user where this one is root
        bench = Bench(plan, Results(), place, build("load", place))
        kept = Stores(place if stores is None else stores)
        until = None if minutes is None else began + minutes * 60
        going = Run(bench, works, systems, build("floor", place), kept, until)
        going.go()
    return {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "versions": going.versions,
        "results": bench.results.as_json(),
    }


def names(text: str, known: Sequence[str]) -> list[str]:
    """The names in a list with commas. Raises ValueError for one that is not known."""
    given = [name.strip() for name in text.split(",") if name.strip()]
    for name in given:
        if name not in known:
            raise ValueError(f"no {name!r}; there are {', '.join(known)}")
    return given
