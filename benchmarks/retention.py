"""What a commit meets while a million old rows are trimmed beside it.

Prints JSON. One publisher commits again and again, on the event loop that trims.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from wakeful.core.accounts import create_enterprise, create_user
from wakeful.core.changes import ByPath, Facts, Tell, Upload
from wakeful.core.clock import wall_clock
from wakeful.core.events import EVERY_CLASS
from wakeful.core.people import User
from wakeful.core.ports import StreamKind
from wakeful.core.publish import publish
from wakeful.feed import Feed
from wakeful.retention import Retention
from wakeful.stores.sqlite import SqliteStore
from wakeful.wakeups.hub import Hub

ROWS = 1_000_000
BATCH = 1_000
DAY_MS = 24 * 3600 * 1000
SECONDS = 10.0
PAUSE_SECONDS = 0.02


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="wakeful-bench-") as folder:
        print(json.dumps(asyncio.run(measure(Path(folder))), indent=2))


class Quiet:
    """Counts rows; the feed's own numbers are of no interest here."""

    def __init__(self) -> None:
        self.rows = 0

    def trimmed(self, what: str, rows: int) -> None:
        self.rows += rows

    def woken(self, waiters: int) -> None:
        pass

    def gap_served(self) -> None:
        pass

    def backstop_found(self, streams: int) -> None:
        pass


async def measure(data: Path) -> dict[str, Any]:
    """Delays in ms, sizes in MiB."""
    now = wall_clock() - 400 * DAY_MS
    store = await SqliteStore.open(data, clock=lambda: now)
    try:
        enterprise = await store.commit(create_enterprise("bench"))
        user = await store.commit(create_user(enterprise.id, "bench"))
        told = Tell(type="COMMENT_CREATE", classes=EVERY_CLASS)
        for _ in range(ROWS // 2 // BATCH):  # each event is a row of two streams
            await store.commit(publish(user.id, (told,) * BATCH))
        now = wall_clock()
        quiet = Quiet()
        async with Feed(store, Hub(), quiet) as feed:
            alone = await _delays(store, user, asyncio.create_task(asyncio.sleep(SECONDS)), "a")
            before = _size(data)
            days = {StreamKind.USER: 60, StreamKind.ENTERPRISE: 365}
            began = time.perf_counter()
            trimming = asyncio.create_task(Retention(feed, days, quiet).round())
            beside = await _delays(store, user, trimming, "b")
            seconds = time.perf_counter() - began
        return {
            "rows": quiet.rows,
            "seconds": round(seconds, 1),
            "commit_alone": _spread(alone),
            "commit_beside_trimming": _spread(beside),
            "size_before": before,
            "size_after": _size(data),
        }
    finally:
        await store.close()


async def _delays(
    store: SqliteStore, user: User, until: asyncio.Task[Any], name: str
) -> list[float]:
    delays: list[float] = []
    while not until.done():
        change = Upload(parent=ByPath(user.home, ()), name=f"{name} {len(delays)}", facts=Facts())
        began = time.perf_counter()
        await store.commit(publish(user.id, (change,)))
        delays.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE_SECONDS)
    until.result()
    return delays


def _spread(delays: list[float]) -> dict[str, float]:
    delays.sort()
    chosen = {"median": 0.5, "p99": 0.99, "p99_9": 0.999}
    spread = {name: delays[int(len(delays) * part)] for name, part in chosen.items()}
    return {
        name: round(value * 1e3, 2) for name, value in (spread | {"most": delays[-1]}).items()
    } | {"commits": len(delays)}


def _size(data: Path) -> int:
    return round(sum(file.stat().st_size for file in data.iterdir() if file.is_file()) / 2**20)


if __name__ == "__main__":
    main()
