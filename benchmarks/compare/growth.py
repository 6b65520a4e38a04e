"""The same work with more and more users, and with longer and longer streams."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.compare.bench import PATIENCE_SECONDS, Bench, connect, milliseconds, repark
from benchmarks.systems import wakeful
from benchmarks.systems.processes import cpu_seconds
from benchmarks.systems.stores import Stores
from benchmarks.systems.wakeful import Wakeful
from benchmarks.systems.wakeful_data import Prepared

MOST_PARKED = 1_000
READERS = 1_000  # in whose streams the events are, beside the enterprise's
RATE = 300
LANES = 8

Sets = Mapping[str, Mapping[int, Prepared]]
"""Stores by what grows, `users` or `events`, and by how far it has grown."""


def prepare_all(bench: Bench, stores: Stores) -> Sets:
    sets: dict[str, dict[int, Prepared]] = {"users": {}, "events": {}}
    for users in bench.plan.growth_users:
        bench.say(f"preparing {users:,} users")
        sets["users"][users] = stores.prepared(f"users-{users}", users)
    for events in bench.plan.growth_events:
        bench.say(f"preparing {events:,} events")
        sets["events"][events] = stores.prepared(f"events-{events}", READERS, events=events)
    return sets


def measure_growth(bench: Bench, sets: Sets) -> None:
    for what, by_size in sets.items():
        for size, prepared in by_size.items():
            _measure(bench, f"growth.{what}.{size}", prepared)
        cost = [
            bench.results.values(f"growth.{what}.{size}.cpu", wakeful.Wakeful.name)[-1]
            for size in by_size
        ]
        # The smallest store of all has its own advantages: the first step is not the measure.
        first = 1 if what == "users" and len(cost) > 2 else 0
        bench.results.add(f"growth.{what}.ratio", Wakeful.name, cost[-1] / cost[first])


def _measure(bench: Bench, key: str, prepared: Prepared) -> None:
    system = Wakeful(prepared, in_place=True)
    wording = wakeful.wording(prepared.admin, reads=True)
    # Spread over all of them, from the first to the last.
    step = max(1, len(prepared.users) // MOST_PARKED)
    users = prepared.users[::step][:MOST_PARKED]
    with bench.started(system, len(users)) as running, bench.generator(running, users) as generator:
        connect(generator, 0, len(users))
        generator.order("ask", template=wakeful.NOW, patience=PATIENCE_SECONDS)
        repark(generator, running, wording, 0, len(users), len(users))
        told = generator.order(
            "run",
            publish=wording.publish,
            poll=wording.poll,
            read=wording.read,
            publishers=16,
            rate=RATE,
            seconds=bench.plan.seconds,
        )
        used = cpu_seconds(running.pids)
        ran = generator.order(
            "run",
            publish=wording.publish,
            poll=wording.poll,
            read=wording.read,
            publishers=LANES,
            lanes=LANES,
            seconds=bench.plan.seconds,
        )
        used = cpu_seconds(running.pids) - used
    bench.results.add(f"{key}.p50", system.name, milliseconds(told, "answered", "p50"))
    bench.results.add(f"{key}.per_second", system.name, ran["per_second"])
    bench.results.add(f"{key}.cpu", system.name, used / max(1, ran["dispatched"]) * 1e6)
