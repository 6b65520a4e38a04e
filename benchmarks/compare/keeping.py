"""The works on the disk: durable publishing, and readers that are far behind."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from benchmarks.compare.bench import Bench
from benchmarks.load.generator import Answer, Generator, GeneratorFailed, Request
from benchmarks.systems import wakeful
from benchmarks.systems.durable import PAGE, DurableSystem
from benchmarks.systems.polling import Running
from benchmarks.systems.processes import rss
from benchmarks.systems.wakeful import Wakeful
from benchmarks.systems.wakeful_data import Prepared

EVENT_BYTES = 690
"""Of text in an event, which makes it about 1 kB long as Wakeful's clients are given it."""

OTHER_BYTES = 1_000
"""The same for those who give back what they were given."""

_LOOK_SECONDS = 0.1


def measure_wakeful(bench: Bench, system: Wakeful) -> None:
    """Each publisher is another user: plain events, and new files in the user's home."""
    most = max(publishers for publishers, _ in bench.plan.loads)
    for key, publish in (("durable", wakeful.OWN_EVENTS), ("durable_files", wakeful.CHANGES)):
        with (
            bench.started(system, most) as running,
            bench.generator(running, system.users(most)) as generator,
        ):
            for load in range(len(bench.plan.loads)):
                _pump(bench, generator, system.name, key, publish, load, None)


def measure_other(bench: Bench, system: DurableSystem) -> None:
    most = max(publishers for publishers, _ in bench.plan.loads)
    with (
        bench.keeping(system) as running,
        bench.generator(running, system.users(most)) as generator,
    ):
        for load, (_, items) in enumerate(bench.plan.loads):
            publish = system.wording.publish(items)
            greeting = system.wording.greeting
            _pump(bench, generator, system.name, "durable", publish, load, greeting)


def _pump(
    bench: Bench,
    generator: Generator,
    system: str,
    key: str,
    publish: Request,
    load: int,
    greeting: Request | None,
) -> None:
    publishers, items = bench.plan.loads[load]
    pumped = generator.order(
        "pump",
        template=publish,
        greeting=greeting,
        publishers=publishers,
        items=items,
        serial=load * 10**9,  # so that each file has a new name, or it would be a new version
        seconds=bench.plan.seconds,
    )
    if pumped["errors"] or pumped["failed"] or pumped["lost"]:
        raise GeneratorFailed(f"{system}: {pumped['errors']} errors, {pumped['failed']} cut off")
    bench.results.add(f"{key}.{publishers}x{items}", system, pumped["items_per_second"])


class _Growth(threading.Thread):
    """Sees how much memory a system has at most while something lasts. A context manager."""

    def __init__(self, pids: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._pids = pids
        self._before = self._most = rss(pids)
        self._ended = threading.Event()

    @property
    def mib(self) -> float:
        return max(0.0, (self._most - self._before) / 2**20)

    def run(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self._most = max(self._most, rss(self._pids))

    def __enter__(self) -> _Growth:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self.join()


def catch_up_wakeful(bench: Bench, prepared: Prepared) -> None:
    """A reader that begins at the start of a stream; every event of it was written before."""
    read = _catch_up(
        bench,
        prepared,
        "catch_up",
        cursor=4,
        template=wakeful.READ,
        mark='"event_id"',
        stop='"chunk_size":0',
    )
    _check(read, bench.plan.behind)


def catch_up_dropbox(bench: Bench, prepared: Prepared) -> None:
    """A cursor of before all files came."""
    read = _catch_up(
        bench,
        prepared,
        "dropbox.catch_up",
        cursor=5,
        template=wakeful.CONTINUE,
        mark='".tag"',
        stop='"has_more":false',
    )
    _check(read, bench.plan.files)


def _catch_up(
    bench: Bench, prepared: Prepared, key: str, *, cursor: int, **words: object
) -> Answer:
    system = Wakeful(prepared)
    with bench.started(system, 1) as running:
        (user,) = system.users(1)
        return _follow(bench, running, user, key, system.name, cursor=cursor, **words)


def catch_up_other(bench: Bench, system: DurableSystem) -> None:
    if system.wording.page is None:
        return
    with bench.keeping(system) as running:
        system.fill(bench.plan.behind, OTHER_BYTES)
        read = _follow(
            bench,
            running,
            system.users(1)[0],
            "catch_up",
            system.name,
            template=system.wording.page,
            greeting=system.wording.greeting,
            mark=system.wording.mark,
            step=PAGE,
            pages=-(-bench.plan.behind // PAGE),
        )
        _check(read, bench.plan.behind)


def _follow(
    bench: Bench,
    running: Running,
    user: Sequence[str],
    key: str,
    system: str,
    *,
    cursor: int | None = None,
    **words: object,
) -> Answer:
    with (
        bench.generator(running, [user], cursor=cursor) as generator,
        _Growth(running.pids) as growth,
    ):
        read = generator.order("follow", **words)
    bench.results.add(f"{key}.per_second", system, read["events_per_second"])
    bench.results.add(f"{key}.mib", system, growth.mib)
    return read


def _check(read: Answer, expected: int) -> None:
    if read["errors"] or not read["is_complete"] or read["events"] < expected:
        raise GeneratorFailed(f"{read['events']} of {expected} events were read")
