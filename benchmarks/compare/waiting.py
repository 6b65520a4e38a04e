"""The works on parked polls: memory, wakes, changes to random users, cycles, a storm, idleness."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.compare.bench import (
    PATIENCE_SECONDS,
    Bench,
    connect,
    milliseconds,
    on_one_core,
    park,
    repark,
)
from benchmarks.load.generator import Answer, Generator, Request
from benchmarks.systems import wakeful
from benchmarks.systems.polling import PollSystem, Running, Wording
from benchmarks.systems.processes import cpu_seconds, kernel_bytes, rss
from benchmarks.systems.wakeful import Wakeful

WARM_UP = 200
WAKES = 3
ARRIVING = 64
QUANTILES = ("p50", "p90", "p99", "p99_9")


def _polls(bench: Bench, system: PollSystem) -> int:
    """So many polls as are planned, or as the system can keep."""
    polls = bench.plan.polls
    if system.most_polls is None or polls <= system.most_polls:
        return polls
    bench.results.note(
        f"{system.title}: {system.most_polls:,} polls parked, and not {polls:,}, for it loses some"
    )
    return system.most_polls


def _add_total(bench: Bench, system: PollSystem, key: str, value: float, unit: str) -> None:
    """What depends on the number of polls, which stands in the table: of fewer, it is a note."""
    polls = _polls(bench, system)
    if polls == bench.plan.polls:
        bench.results.add(key, system.name, value)
    else:
        bench.results.note(f"{key}: {system.title}: {value:.3g} {unit} with {polls:,} polls")


def measure_memory(bench: Bench, system: PollSystem) -> None:
    """Of each parked poll of another user, on fresh connections and on ones that served others."""
    polls = _polls(bench, system)
    for kind in ("fresh", "after"):
        with (
            bench.started(system, polls + WARM_UP) as running,
            bench.generator(
                running, system.users(polls + WARM_UP), cursor=system.wording.cursor
            ) as generator,
        ):
            asks = system.wording.asks if kind == "after" else ()
            # Whatever is loaded or cached once is not the price of a poll.
            _arrive(generator, running, system.wording, asks, polls, polls + WARM_UP, WARM_UP)
            generator.order("close", first=polls)
            generator.order("settle", count=0)
            before, kernel = rss(running.pids), kernel_bytes()
            parked = 0
            for size in (*(each for each in bench.plan.sizes if each < polls), polls):
                _arrive(generator, running, system.wording, asks, parked, size, size)
                parked = size
                kib = (rss(running.pids) - before) / size / 1024
                bench.results.add(f"memory.{kind}.{size}", system.name, kib)
            # The kernel keeps both ends of each connection here.
            grown = (kernel_bytes() - kernel) / polls / 2 / 1024
            bench.results.add(f"memory.{kind}.kernel", system.name, grown)


def _arrive(
    generator: Generator,
    running: Running,
    wording: Wording,
    asks: Sequence[Request],
    first: int,
    last: int,
    total: int,
) -> None:
    """Some at a time, each of whom asks and then parks, as clients do: what many idle connections
    take at once, a system may keep."""
    for begin in range(first, last, ARRIVING):
        end = min(begin + ARRIVING, last)
        connect(generator, begin, end)
        for ask in asks:
            generator.order(
                "ask", template=ask, first=begin, last=end, window=32, patience=PATIENCE_SECONDS
            )
        generator.order(
            "park", template=wording.poll, first=begin, last=end, pause=wording.pause or None
        )
    repark(generator, running, wording, first, last, total)


def measure_changes(bench: Bench, system: PollSystem) -> None:
    """Changes to random users of whom each has a poll parked, and then a storm of all of them."""
    polls = _polls(bench, system)
    with (
        bench.started(system, polls) as running,
        bench.generator(running, system.users(polls), cursor=system.wording.cursor) as generator,
    ):
        # Each has asked before, as clients do: what is looked up once is not the price of a change.
        _arrive(generator, running, system.wording, system.wording.asks, 0, polls, polls)
        for rate in bench.plan.rates:
            _publish(bench, generator, system, f"changes.{rate}", rate, system.wording.publish)
            if isinstance(system, Wakeful):
                _publish(bench, generator, system, f"files.{rate}", rate, wakeful.CHANGE)
        stormed = generator.order("storm", template=system.wording.poll, patience=PATIENCE_SECONDS)
        if stormed["settled"]:
            _add_total(bench, system, "storm.seconds", stormed["seconds"], "s")
        else:
            bench.results.note(f"storm: not all polls of {system.title} were parked again")
        held = generator.order("hold", template=system.wording.poll, seconds=1)
        errors = stormed["failed"] + stormed["answered"] + held["failed"] + held["errors"]
        bench.results.add("storm.errors", system.name, errors)


def _publish(
    bench: Bench, generator: Generator, system: PollSystem, key: str, rate: int, publish: Request
) -> None:
    ran = generator.order(
        "run",
        publish=publish,
        poll=system.wording.poll,
        advance=system.wording.advances,
        publishers=bench.plan.publishers,
        rate=rate,
        seconds=bench.plan.seconds,
    )
    add_latency(bench, key, system, ran)


def add_latency(bench: Bench, key: str, system: PollSystem, ran: Answer) -> None:
    """What a run at a rate showed: how long answers took, how many came, how many did not."""
    missed = ran["unsent"] + ran["lost"] + ran["failed"] + ran["errors"]
    bench.results.add(f"{key}.reached", system.name, ran["reached_per_second"])
    bench.results.add(f"{key}.missed", system.name, missed)
    # Far beyond what a system can do, nothing is sent that was intended after the warm-up.
    if ran["completed"]:
        for quantile in QUANTILES:
            took = milliseconds(ran, "answered", quantile)
            bench.results.add(f"{key}.{quantile}", system.name, took)


def measure_wakes(bench: Bench, system: PollSystem) -> None:
    """One publish that wakes all polls: those of one stream, and of one namespace's members."""
    polls = _polls(bench, system)
    with bench.started(system, polls) as running:
        devices = system.devices(polls)
        with bench.generator(running, devices, cursor=system.wording.cursor) as generator:
            _wake(bench, generator, running, system, "wake.stream", system.wording.publish)
        if isinstance(system, Wakeful):
            everybody = system.users(polls)
            with bench.generator(running, everybody, cursor=system.wording.cursor) as generator:
                change = wakeful.team_change(system.prepared)
                _wake(bench, generator, running, system, "wake.team", change)


def _wake(
    bench: Bench,
    generator: Generator,
    running: Running,
    system: PollSystem,
    key: str,
    publish: Request,
) -> None:
    polls = _polls(bench, system)
    park(generator, running, system.wording, 0, polls, polls)
    for number in range(WAKES):
        if number:
            repark(generator, running, system.wording, 0, polls, polls)
        woken = generator.order(
            "wake",
            publish=publish,
            poll=system.wording.poll,
            advance=system.wording.advances,
            serial=number,
            patience=PATIENCE_SECONDS,
        )
        if woken["answered"] < polls or woken["errors"]:
            bench.results.note(
                f"{key}: {polls - woken['answered']} of {polls} polls of {system.title} slept on"
            )
            return
        last = milliseconds(woken, "latency", "max")
        if polls == bench.plan.polls:
            bench.results.add(f"{key}.ms", system.name, last)
        bench.results.add(f"{key}.per_second", system.name, polls / last * 1e3)


def measure_cycles(bench: Bench, system: PollSystem) -> None:
    """Publish, be woken, read where there is something to read, park again: on one core."""
    users = bench.plan.cycling
    wording = system.wording
    if isinstance(system, Wakeful):
        wording = wakeful.wording(system.prepared.admin, reads=True)
    with (
        bench.started(system, users) as running,
        bench.generator(running, system.users(users), cursor=wording.cursor) as generator,
    ):
        _arrive(generator, running, wording, wording.asks, 0, users, users)
        with on_one_core(running, generator):
            kinds = [("cycle.alone", wording.publish, 1, 1)]
            kinds.append(("cycle.single", wording.publish, bench.plan.lanes, 1))
            if wording.batch is not None:
                kinds.append(("cycle.batch", wording.batch, 4, bench.plan.lanes))
            for key, publish, lanes, batch in kinds:
                used = cpu_seconds(running.pids)
                ran = generator.order(
                    "run",
                    publish=publish,
                    poll=wording.poll,
                    read=wording.read,
                    advance=wording.advances,
                    publishers=lanes,
                    lanes=lanes,
                    batch=batch,
                    seconds=bench.plan.seconds,
                )
                used = cpu_seconds(running.pids) - used
                if not ran["completed"]:
                    bench.results.note(f"{key}: nothing came through {system.title}")
                    continue
                what = "answered" if wording.read is None else "read"
                name = system.name
                bench.results.add(f"{key}.per_second", name, ran["per_second"])
                bench.results.add(f"{key}.p50", name, milliseconds(ran, what, "p50"))
                bench.results.add(f"{key}.p99", name, milliseconds(ran, what, "p99"))
                bench.results.add(f"{key}.missed", name, ran["lost"] + ran["errors"])
                if ran["dispatched"]:
                    bench.results.add(f"{key}.cpu", name, used / ran["dispatched"] * 1e6)


def measure_idleness(bench: Bench, system: PollSystem) -> None:
    """Processor time while nothing happens but that holds end and polls come again."""
    if not system.holds:
        return
    polls, seconds = _polls(bench, system), bench.plan.idle_seconds
    with (
        bench.started(system, polls) as running,
        bench.generator(running, system.users(polls), cursor=system.wording.cursor) as generator,
    ):
        park(generator, running, system.wording, 0, polls, polls)
        used = cpu_seconds(running.pids)
        generator.order("hold", template=system.wording.poll, seconds=seconds)
        used = cpu_seconds(running.pids) - used
        _add_total(bench, system, "idle.cpu", used / seconds * 3_600, "s an hour")
