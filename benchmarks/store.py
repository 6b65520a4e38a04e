"""The SQLite store by itself: commits alone and together, and one change of a large folder.

Prints JSON. Every commit is fsynced. The publishers share one event loop with the store, as
they do in the server.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from wakeful.core.accounts import create_enterprise, create_user
from wakeful.core.changes import (
    Baseline,
    BaselineEntry,
    ById,
    ByPath,
    Change,
    CreateFolder,
    Facts,
    Move,
    Trash,
    Upload,
)
from wakeful.core.items import Item, Kind, Seen
from wakeful.core.lookups.streams import ReadStream
from wakeful.core.people import User
from wakeful.core.positions import Marker
from wakeful.core.publish import Published, publish
from wakeful.stores.sqlite import SqliteStore

SECONDS = 5.0
ITEMS = 100_000
PAGE = 1_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="wakeful-bench-") as folder:
        print(json.dumps(asyncio.run(measure(Path(folder))), indent=2))


async def measure(data: Path) -> dict[str, Any]:
    """Rates in changes a second, times in seconds or ms."""
    store = await SqliteStore.open(data)
    try:
        enterprise = await store.commit(create_enterprise("bench"))
        user = await store.commit(create_user(enterprise.id, "bench"))
        result: dict[str, Any] = {}
        for publishers in (1, 20, 200):
            result[f"changes_per_second_{publishers}"] = await _rate(store, user, publishers)
        result["page_of_100_ms"] = await _page(store, user)
        result |= await _large_folder(store, user)
        return result
    finally:
        await store.close()


async def _rate(store: SqliteStore, user: User, publishers: int) -> int:
    (folder,) = (await _do(store, user, _folder(user, f"by {publishers}"))).applied.items
    assert folder is not None
    end = time.perf_counter() + SECONDS
    done = await asyncio.gather(
        *(_publish_until(end, store, user, folder, each) for each in range(publishers))
    )
    return round(sum(done) / SECONDS)


async def _publish_until(
    end: float, store: SqliteStore, user: User, folder: Item, publisher: int
) -> int:
    count = 0
    while time.perf_counter() < end:
        name = f"{publisher} {count}"
        await _do(store, user, Upload(parent=ById(folder.id), name=name, facts=Facts(size=1)))
        count += 1
    return count


async def _page(store: SqliteStore, user: User) -> float:
    began = time.perf_counter()
    for _ in range(200):
        await store.ask(ReadStream(user.id, Marker.START, 100))
    return round((time.perf_counter() - began) / 200 * 1e3, 2)


async def _large_folder(store: SqliteStore, user: User) -> dict[str, float]:
    (folder,) = (await _do(store, user, _folder(user, "large"))).applied.items
    assert folder is not None
    began = time.perf_counter()
    for start in range(0, ITEMS, PAGE):
        entries = tuple(
            BaselineEntry(Kind.FILE, f"file {number}", Facts(size=1), Seen(number, 1, 1))
            for number in range(start, start + PAGE)
        )
        await _do(store, user, Baseline(parent=ById(folder.id), entries=entries))
    baseline = time.perf_counter()
    await _do(store, user, Move(item=ById(folder.id), name="renamed"))
    renamed = time.perf_counter()
    await _do(store, user, Trash(item=ById(folder.id)))
    trashed = time.perf_counter()
    return {
        "baseline_100000_s": round(baseline - began, 2),
        "rename_folder_of_100000_s": round(renamed - baseline, 2),
        "trash_folder_of_100000_s": round(trashed - renamed, 2),
    }


def _folder(user: User, name: str) -> Change:
    return CreateFolder(parent=ByPath(user.home, ()), name=name)


async def _do(store: SqliteStore, user: User, change: Change) -> Published:
    return await store.commit(publish(user.id, (change,)))


if __name__ == "__main__":
    main()
