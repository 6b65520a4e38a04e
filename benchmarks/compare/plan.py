"""How much is measured: all of it, or quickly."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """Numbers of polls, users and events; times in seconds."""

    rounds: int = 3
    polls: int = 15_000
    sizes: tuple[int, ...] = (1_000, 5_000, 15_000)  # at which memory is read; the last is `polls`
    rates: tuple[int, ...] = (500, 2_000, 5_000)  # changes a second
    seconds: float = 2.0  # of each run
    publishers: int = 64
    cycling: int = 2_000  # users among whom cycles go round
    lanes: int = 32
    idle_seconds: float = 60.0  # longer than a poll is held
    behind: int = 1_000_000  # events that a reader has to catch up with
    files: int = 200_000  # entries that a Dropbox reader has to catch up with
    loads: tuple[tuple[int, int], ...] = ((1, 1), (20, 1), (200, 1), (1, 100), (20, 100))
    growth_users: tuple[int, ...] = (10, 1_000, 100_000)
    growth_events: tuple[int, ...] = (10_000, 1_000_000, 10_000_000)
    latency_samples: int = 100
    latency_parked: int = 2_000


FULL = Plan()

QUICK = Plan(
    rounds=1,
    polls=2_000,
    sizes=(500, 2_000),
    rates=(500, 2_000),
    seconds=1.0,
    cycling=500,
    idle_seconds=5.0,
    behind=50_000,
    files=20_000,
    loads=((1, 1), (200, 1), (20, 100)),
    growth_users=(10, 1_000),
    growth_events=(10_000, 100_000),
    latency_samples=20,
    latency_parked=200,
)

_SPARE_FILES = 1_000


def fitted(plan: Plan) -> Plan:
    """The plan with no more polls than this process and its children may have files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and os.geteuid() == 0 and hard < plan.polls + 4_000:
        hard = plan.polls + 4_000
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = hard - _SPARE_FILES if hard != resource.RLIM_INFINITY else plan.polls
    if plan.polls <= most:
        return plan
    return replace(plan, polls=most, sizes=(*(size for size in plan.sizes if size < most), most))
