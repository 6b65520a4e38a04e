"""Notices that were lost, and processes that were killed: nothing is missed, nothing doubled."""

# ruff: noqa: ASYNC240 - what is done to the folder may hold up the loop
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.integration.sources.watching import Watching, differences, disk, until
from wakeful.sources.ignore import Ignore
from wakeful.stores.memory import MemoryStore
from wakeful.stores.sqlite import SqliteStore

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


async def test_an_overflow_is_healed_by_comparing_everything(root: Path) -> None:
    most = int(QUEUE.read_text())
    for number in range(50):
        (root / f"folder {number}").mkdir()
        (root / f"folder {number}" / "file").write_text("1")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        # The loop is held up by this very function, so that nobody reads the queue.
        with (root / "folder 0" / "file").open("ab") as file:
            file.write(b"changed")
        for _ in range(most // 2 + 100):
            (root / "noise").write_text("1")
            (root / "noise").unlink()
        (root / "folder 1" / "file").write_text("changed")
        (root / "folder 2" / "file").rename(root / "folder 3" / "moved")
        (root / "folder 4").rename(root / "folder 5" / "moved")
        (root / "folder 6" / "file").unlink()
        (root / "folder 7" / "new").write_text("1")
        os.remove(root / "folder 8" / "file")
        os.rmdir(root / "folder 8")

        await until(lambda: source.status().overflows)
        await until(lambda: source.status().rescans)
        await watching.settled()
        assert source.status().failures == 0
    assert sorted(map(repr, await watching.told())) == [
        "item.move folder 3/moved",
        "item.move folder 5/moved",
        "item.trash folder 6/file",
        "item.trash folder 8",
        "item.upload folder 0/file",
        "item.upload folder 1/file",
        "item.upload folder 7/new",
    ]


async def test_the_timer_finds_what_no_notice_told(root: Path) -> None:
    """A second name of a file, outside, is written to: no notice comes."""
    (root / "file").write_text("1")
    other = root.parent / "other name"
    other.hardlink_to(root / "file")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live(rescan_seconds=0.2):
        other.write_text("changed")
        await watching.settled()
    assert list(map(repr, await watching.told())) == ["item.upload file"]


PROGRAM = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.integration.sources.watching import Watching
from wakeful.stores.sqlite import SqliteStore

async def main() -> None:
    store = await SqliteStore.open(Path(sys.argv[1]))
    watching = await Watching.on(Path(sys.argv[2]), store)
    async with watching.live():
        print("live", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextlib.contextmanager
def follower(data: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that follows *root*, killed at the end."""
    project = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", PROGRAM, str(data), str(root), project]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            while (line := process.stdout.readline().strip()) != "live":
                assert line, "it ended before it was live"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


async def test_a_kill_in_a_burst_loses_nothing_and_doubles_nothing(
    ground: Path, root: Path
) -> None:
    data = ground / "data"
    (root / "known").write_text("1")
    names = [f"{number:04}" for number in range(3000)]

    def write(name: str) -> None:
        (ground / "new").write_text(name)
        (ground / "new").rename(root / name)  # whole, for half of it could be told, too

    with follower(data, root):
        pass  # the baseline
    for start in (0, 1000, 2000):
        with follower(data, root):
            began = time.monotonic()
            for name in names[start : start + 1000]:
                write(name)
                if time.monotonic() - began > 0.4:
                    break  # killed in the middle of it
        for name in names[start : start + 1000]:
            if not (root / name).exists():
                write(name)

    store = await SqliteStore.open(data)
    watching = await Watching.on(root, store)
    async with watching.live():
        await watching.settled()
    uploads = Counter(event.path for event in await watching.told())
    assert differences(disk(root, Ignore()), await watching.items()) == []
    await store.close()

    assert set(uploads) == set(names)
    assert set(uploads.values()) == {1}
