"""The rows of the table, in its order."""

from __future__ import annotations

from benchmarks.compare.plan import Plan
from benchmarks.compare.results import Figure
from benchmarks.compare.waiting import QUANTILES

TITLES = {
    "wakeful": "Wakeful",
    "nchan": "nchan",
    "pushpin": "Pushpin",
    "asgi": "Starlette",
    "floor": "the floor (C)",
    "redis": "Redis Streams",
    "postgres": "PostgreSQL",
    "postgres-group": "PostgreSQL, group commit",
    "nats": "NATS JetStream (no fsync)",
}

_NAMES = {"p50": "median", "p90": "p90", "p99": "p99", "p99_9": "p99.9"}


def figures(plan: Plan) -> list[Figure]:
    return [
        *_memory(plan),
        *_wakes(plan),
        *_changes(plan, "changes", "events to random users"),
        *_changes(plan, "files", "file changes of random users"),
        *_cycles(),
        *_durable(plan),
        *_catch_up(plan),
        *_storm(plan),
        *_growth(plan),
        Figure("idle.cpu", "idle", f"processor time of {plan.polls:,} parked polls", "s an hour"),
        *_files(),
        *_dropbox(plan),
    ]


def _memory(plan: Plan) -> list[Figure]:
    rows = []
    for kind, text, most in (("fresh", "fresh", 2.0), ("after", "after other requests", 2.5)):
        for size in plan.sizes:
            is_last = size == plan.polls
            rows.append(
                Figure(
                    f"memory.{kind}.{size}",
                    "memory of a parked poll",
                    f"{text}, {size:,} users",
                    "KiB",
                    target=most if is_last else None,
                    against=(("nchan", 0.25),) if is_last and kind == "fresh" else (),
                )
            )
        rows.append(
            Figure(f"memory.{kind}.kernel", "memory of a parked poll", f"{text}, the kernel", "KiB")
        )
    return rows


def _wakes(plan: Plan) -> list[Figure]:
    work = f"one change wakes {plan.polls:,} polls"
    return [
        Figure(
            "wake.stream.per_second",
            work,
            "of one stream",
            "wakes/s",
            "more",
            against=(("nchan", 1.2), ("floor", 0.85)),
        ),
        Figure("wake.stream.ms", work, "of one stream, the last", "ms"),
        Figure("wake.team.per_second", work, "of members of one namespace", "wakes/s", "more"),
        Figure("wake.team.ms", work, "of members of one namespace, the last", "ms"),
    ]


def _changes(plan: Plan, key: str, title: str) -> list[Figure]:
    rows = []
    work = f"{title}, {plan.polls:,} polls parked"
    for rate in plan.rates:
        targets = {"p50": 2.0, "p99": 10.0} if rate == 2_000 else {}
        rows += [
            Figure(
                f"{key}.{rate}.{quantile}",
                work,
                f"{rate:,}/s, {_NAMES[quantile]}",
                "ms",
                target=targets.get(quantile),
            )
            for quantile in QUANTILES
        ]
        rows.append(Figure(f"{key}.{rate}.reached", work, f"{rate:,}/s, reached", "/s", "more"))
        rows.append(Figure(f"{key}.{rate}.missed", work, f"{rate:,}/s, missed", "changes"))
    return rows


def _cycles() -> list[Figure]:
    work = "publish, wake, read, park again: on one core"
    return [
        Figure("cycle.alone.p50", work, "one at a time, median", "ms"),
        Figure("cycle.single.per_second", work, "32 at a time", "cycles/s", "more", target=8_000),
        Figure("cycle.single.p50", work, "32 at a time, median", "ms"),
        Figure("cycle.single.p99", work, "32 at a time, p99", "ms"),
        Figure("cycle.single.cpu", work, "32 at a time, processor time", "µs"),
        Figure("cycle.batch.per_second", work, "32 published in a request", "cycles/s", "more"),
        Figure("cycle.batch.cpu", work, "32 published in a request, processor time", "µs"),
        Figure("cycle.single.missed", work, "32 at a time, missed", "changes"),
    ]


def _durable(plan: Plan) -> list[Figure]:
    work = "durable publishing"
    targets = {(200, 1): 6_000.0, (20, 100): 30_000.0}
    file_targets = {(20, 100): 12_000.0}
    rows = []
    for publishers, items in plan.loads:
        rows.append(
            Figure(
                f"durable.{publishers}x{items}",
                work,
                f"events: {_load(publishers, items)}",
                "/s",
                "more",
                target=targets.get((publishers, items)),
                against=(("postgres", 2.0),) if (publishers, items) == (200, 1) else (),
            )
        )
    for publishers, items in plan.loads:
        rows.append(
            Figure(
                f"durable_files.{publishers}x{items}",
                work,
                f"new files: {_load(publishers, items)}",
                "/s",
                "more",
                target=file_targets.get((publishers, items)),
            )
        )
    return rows


def _load(publishers: int, items: int) -> str:
    who = "1 publisher" if publishers == 1 else f"{publishers} publishers"
    return f"{who}, {items} at once"


def _catch_up(plan: Plan) -> list[Figure]:
    work = f"a reader {plan.behind:,} events behind, pages of 500"
    return [
        Figure("catch_up.per_second", work, "of 1 kB each", "events/s", "more", target=100_000),
        Figure("catch_up.mib", work, "the server's memory grows by", "MiB"),
    ]


def _storm(plan: Plan) -> list[Figure]:
    work = f"{plan.polls:,} clients reconnect at once"
    return [
        Figure("storm.seconds", work, "until all polls are read", "s", target=1.5),
        Figure("storm.errors", work, "errors", "", target=0),
    ]


def _growth(plan: Plan) -> list[Figure]:
    work = "growth"
    rows = []
    for what, sizes in (("users", plan.growth_users), ("events", plan.growth_events)):
        for size in sizes:
            key, text = f"growth.{what}.{size}", f"{size:,} {what}"
            rows += [
                Figure(f"{key}.p50", work, f"{text}: publish → answer, median", "ms"),
                Figure(f"{key}.per_second", work, f"{text}: cycles", "/s", "more"),
                Figure(f"{key}.cpu", work, f"{text}: processor time of a cycle", "µs"),
            ]
        few, many = sizes[-2] if what == "users" else sizes[0], sizes[-1]
        rows.append(
            Figure(
                f"growth.{what}.ratio",
                work,
                f"cycle at {many:,} {what} to one at {few:,}",
                "times",
                target=1.3,
            )
        )
    return rows


def _files() -> list[Figure]:
    work = "from the close of a file to its event at the client"
    return [
        Figure("close.known.p50", work, "known file, median", "ms", target=10),
        Figure("close.known.p99", work, "known file, p99", "ms", target=50),
        Figure("close.new.p50", work, "new file, median", "ms", target=30),
        Figure("close.new.p99", work, "new file, p99", "ms"),
    ]


def _dropbox(plan: Plan) -> list[Figure]:
    work = f"as Dropbox's clients: {plan.polls:,} long polls, `continue` after each wake"
    rows = [Figure("dropbox.memory", work, "memory of a parked poll", "KiB")]
    for rate in plan.rates[:2]:
        rows += [
            Figure(f"dropbox.{rate}.{quantile}", work, f"{rate:,}/s, {_NAMES[quantile]}", "ms")
            for quantile in QUANTILES
        ]
        rows.append(Figure(f"dropbox.{rate}.read", work, f"{rate:,}/s, read, median", "ms"))
        rows.append(Figure(f"dropbox.{rate}.reached", work, f"{rate:,}/s, reached", "/s", "more"))
        rows.append(Figure(f"dropbox.{rate}.missed", work, f"{rate:,}/s, missed", "changes"))
    text = f"`continue` over {plan.files:,} entries"
    return [*rows, Figure("dropbox.catch_up.per_second", work, text, "entries/s", "more")]
