"""Long polls as Dropbox's clients make them: changes to random users, each read after the wake."""

from __future__ import annotations

from benchmarks.compare.bench import Bench, milliseconds, park
from benchmarks.compare.waiting import add_latency
from benchmarks.systems.processes import rss
from benchmarks.systems.wakeful import Wakeful, dropbox_wording


def measure_dropbox(bench: Bench, system: Wakeful) -> None:
    polls = bench.plan.polls
    wording = dropbox_wording()
    with (
        bench.started(system, polls) as running,
        bench.generator(running, system.users(polls), cursor=wording.cursor) as generator,
    ):
        before = rss(running.pids)
        park(generator, running, wording, 0, polls, polls)
        kib = (rss(running.pids) - before) / polls / 1024
        bench.results.add("dropbox.memory", system.name, kib)
        for rate in bench.plan.rates[:2]:
            key = f"dropbox.{rate}"
            ran = generator.order(
                "run",
                publish=wording.publish,
                poll=wording.poll,
                read=wording.read,
                publishers=bench.plan.publishers,
                rate=rate,
                seconds=bench.plan.seconds,
            )
            add_latency(bench, key, system, ran)
            if ran["completed"]:
                bench.results.add(f"{key}.read", system.name, milliseconds(ran, "read", "p50"))
