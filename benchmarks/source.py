"""How fast a watched folder is read and followed, on the SQLite store.

Prints JSON. `--files` is the size of the tree, `--burst` how many files are unpacked at once.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import structlog

from wakeful.core.accounts import create_enterprise, create_user
from wakeful.core.changes import Applied, Change, Observe, Upload
from wakeful.core.items import Item
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.people import Enterprises, NamespaceById, Users
from wakeful.core.lookups.trees import ItemsOf
from wakeful.core.people import Namespace
from wakeful.core.publish import publish
from wakeful.core.writes import Command, PutSetting, Steps
from wakeful.sources import FolderSource, SourceState
from wakeful.sources.ledger import fresh_id
from wakeful.sources.snapshot import Loading
from wakeful.stores.sqlite import SqliteStore

T = TypeVar("T")


def remembered(name: str, value: bytes) -> Command[None]:
    def steps(now: int) -> Steps[None]:
        yield PutSetting(name, value)

    return steps


class Ledger:
    """Records on a store and notes when each name was to be announced."""

    def __init__(self, store: SqliteStore, user: int) -> None:
        self._store = store
        self._user = user
        self.called = asyncio.Event()
        self.at = 0.0
        self.uploads: dict[str, int] = {}

    async def apply(self, changes: tuple[Change, ...]) -> Applied:
        self.at = time.perf_counter()
        for change in changes:
            if isinstance(change, Upload):
                self.uploads[change.name] = self.uploads.get(change.name, 0) + 1
        if not all(isinstance(change, Observe) for change in changes):
            self.called.set()
        return (await self._store.commit(publish(self._user, changes))).applied

    async def ask(self, lookup: Lookup[T]) -> T:
        return await self._store.ask(lookup)

    async def remember(self, name: str, value: bytes) -> None:
        await self._store.commit(remembered(name, value))

    async def next_id(self) -> int:
        return await self._store.commit(fresh_id)


class Lateness:
    """How late a loop is that wants to run every millisecond."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, time.perf_counter() - before - 0.001)


@asynccontextmanager
async def source_on(data: Path, root: Path) -> AsyncIterator[tuple[FolderSource, Ledger, float]]:
    """A source after its first scan, and how many seconds that took."""
    store = await SqliteStore.open(data)
    enterprises = await store.ask(Enterprises())
    if enterprises:
        (user,) = await store.ask(Users(enterprises[0].id))
    else:
        enterprise = await store.commit(create_enterprise("Bench"))
        user = await store.commit(create_user(enterprise.id, "owner"))
    namespace = await store.ask(NamespaceById(user.home))
    assert namespace is not None
    ledger = Ledger(store, user.id)
    began = time.perf_counter()
    source = FolderSource(root, namespace, ledger)
    async with source:
        await source.ready()
        yield source, ledger, time.perf_counter() - began
    await store.close()


def make_tree(root: Path, files: int) -> None:
    """Twenty files a folder, folders of folders."""
    for index in range(files // 20):
        folder = root / f"part {index // 100}" / f"folder {index:05}"
        folder.mkdir(parents=True)
        for number in range(20):
            (folder / f"a file with a usual name {number:02}.txt").write_bytes(b"x" * 50)


async def latency(data: Path, root: Path, rounds: int) -> dict[str, float]:
    """From the close of a 10 kB file to the call that records it, in ms."""
    known: list[float] = []
    fresh: list[float] = []
    (root / "known").write_bytes(os.urandom(10_000))
    async with source_on(data, root) as (_, ledger, _seconds):
        for index in range(rounds):
            for name, times in (("known", known), (f"new {index}", fresh)):
                await asyncio.sleep(0.02)
                ledger.called.clear()
                content = os.urandom(10_000)
                fd = os.open(root / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.write(fd, content)
                os.close(fd)
                closed = time.perf_counter()
                await asyncio.wait_for(ledger.called.wait(), 5)
                times.append((ledger.at - closed) * 1000)
    return {
        "known_median_ms": statistics.median(known),
        "known_p99_ms": statistics.quantiles(known, n=100)[98],
        "new_median_ms": statistics.median(fresh),
        "new_p99_ms": statistics.quantiles(fresh, n=100)[98],
    }


async def scans(data: Path, root: Path, files: int) -> dict[str, Any]:
    """The first scan, a restart, a re-scan; and how late the loop was."""
    make_tree(root, files)
    result: dict[str, Any] = {}
    ticker = Lateness()
    ticking = asyncio.create_task(ticker.run())
    async with source_on(data, root) as (source, _, seconds):
        result["first_scan_seconds"] = seconds
        result["entries"] = source.status().files + source.status().folders
        result["first_scan_loop_late_ms"] = ticker.worst * 1000
    ticker.worst = 0
    gc.collect()
    gc.freeze()
    ticker.worst = 0
    async with source_on(data, root) as (_, _, seconds):
        result["restart_seconds"] = seconds
        result["restart_loop_late_ms"] = ticker.worst * 1000
    ticking.cancel()
    return result


async def snapshot_memory(data: Path) -> dict[str, float]:
    """What the tree in memory takes, without the watches."""
    store = await SqliteStore.open(data)
    (enterprise,) = await store.ask(Enterprises())
    (user,) = await store.ask(Users(enterprise.id))
    namespace = await store.ask(NamespaceById(user.home))
    assert namespace is not None
    tracemalloc.start()
    snapshot = (await load(store, namespace)).finish()
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    await store.close()
    return {"snapshot_mb": used / 1e6, "bytes_an_entry": used / (snapshot.files + snapshot.folders)}


async def load(store: SqliteStore, namespace: Namespace) -> Loading:
    loading = Loading(namespace.root)
    after = 0
    page: tuple[Item, ...]
    while page := await store.ask(ItemsOf(namespace.id, after, 1000)):
        after = page[-1].id
        loading.add(page)
    return loading


async def burst(data: Path, root: Path, files: int) -> dict[str, Any]:
    """Many small files unpacked at once by another process."""
    archive = data.parent / "burst.tar"
    with tarfile.open(archive, "w") as tar:
        for index in range(files):
            info = tarfile.TarInfo(f"burst/{index // 100:04}/file {index:06}")
            content = f"content {index}".encode() * 20
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    ticker = Lateness()
    async with source_on(data, root) as (source, ledger, _):
        gc.collect()
        gc.freeze()
        ticking = asyncio.create_task(ticker.run())
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec("tar", "xf", str(archive), "-C", str(root))
        await process.wait()
        unpacked = time.perf_counter() - began
        while len(ledger.uploads) < files or source.status().pending:
            await asyncio.sleep(0.01)
            if time.perf_counter() - began > 120:
                break
        seconds = time.perf_counter() - began
        ticking.cancel()
        status = source.status()
        assert status.state is SourceState.LIVE
        return {
            "unpack_seconds": unpacked,
            "announced_after_seconds": seconds,
            "announced": len(ledger.uploads),
            "announced_twice": sum(1 for count in ledger.uploads.values() if count > 1),
            "overflows": status.overflows,
            "loop_late_ms": ticker.worst * 1000,
        }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--burst", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where to make the trees")
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--only", choices=["latency", "scans", "burst"])
    asked = parser.parse_args(arguments)
    # Standard output is for the figures.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    runner = asyncio.run
    if asked.uvloop:
        import uvloop

        runner = uvloop.run
    result: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for name, measure in (
            ("latency", lambda data, root: latency(data, root, asked.rounds)),
            ("scans", lambda data, root: scans(data, root, asked.files)),
            ("burst", lambda data, root: burst(data, root, asked.burst)),
        ):
            if asked.only not in (None, name):
                continue
            data, root = Path(folder, f"{name} data"), Path(folder, name)
            root.mkdir()
            result[name] = runner(measure(data, root))
            if name == "scans":
                result[name] |= runner(snapshot_memory(data))
                subprocess.run(["rm", "-r", str(root)], check=True)
    json.dump(result, sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
