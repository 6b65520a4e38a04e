"""Files that are being written: told when they are closed, or at a bounded pace."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.components import missing
from tests.integration.sources.watching import Watching, until
from wakeful.core.events import Snapshot
from wakeful.sources import marks, plan_files
from wakeful.sources.hashing import SLICE_BYTES, Writers, writers
from wakeful.stores.memory import MemoryStore


async def versions(watching: Watching, path: str) -> int:
    return sum(1 for event in await watching.events() if _name(event) == path)


def _name(event: object) -> str:
    return str(getattr(event, "source").name)  # noqa: B009 - any kind of source


async def test_a_file_that_is_never_closed_is_told_at_a_pace(root: Path) -> None:
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        with (root / "log").open("wb", buffering=0) as log:
            began = time.monotonic()
            while (told := await versions(watching, "log")) < 3:
                log.write(b"line\n")
                await asyncio.sleep(0.01)  # how fast it is written to is what is tested
            assert told <= time.monotonic() - began + 2
        await watching.settled()
        assert (await watching.item("log")).size == (root / "log").stat().st_size
        assert (await watching.item("log")).sha1 == _sha1(root / "log")


async def test_a_known_file_is_told_as_soon_as_it_is_closed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, hold in ((marks, "NEW_HOLD"), (plan_files, "PACE_SECONDS")):
        monkeypatch.setattr(module, hold, 600.0)  # longer than anybody here waits
    (root / "file").write_text("1")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        (root / "file").write_text("two")
        await until(lambda: versions(watching, "file"))
        (root / "file").write_text("three")
        await watching.settled()

        assert (await watching.item("file")).size == 5


async def test_a_known_file_that_is_written_and_not_closed_is_found(root: Path) -> None:
    (root / "in").mkdir()
    (root / "in" / "log").write_text("1\n")
    watching = await Watching.on(root, MemoryStore())
    with (root / "in" / "log").open("ab", buffering=0) as log:  # open before anybody watched
        async with watching.live() as source:
            log.write(b"2\n")
            await until(lambda: versions(watching, "log"))

            assert (await watching.item("in/log")).size == 4
            assert source.status().rescans == 0


async def test_a_new_file_that_is_still_open_is_not_told_at_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_files, "PACE_SECONDS", 600.0)  # however long the other one takes
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        with (root / "half").open("wb", buffering=0) as file:
            file.write(b"half")
            (root / "whole").write_text("1")
            await until(lambda: versions(watching, "whole"))
            file.write(b" done")
        await watching.settled()

    (told,) = [e for e in await watching.events() if _name(e) == "half"]
    assert isinstance(told.source, Snapshot)
    assert told.source.size == 9


async def test_a_big_file_is_hashed_before_it_is_told_and_does_not_hold_up_others(
    root: Path,
) -> None:
    content = os.urandom(SLICE_BYTES) * 12 + b"x"
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        (root / "big").write_bytes(content)
        await watching.settled()

    item = await watching.item("big")
    assert item.sha1 == hashlib.sha1(content).hexdigest()
    assert item.content_hash == _content_hash(content)
    assert await versions(watching, "big") == 1


async def test_a_very_large_file_is_told_first_and_hashed_then(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_files, "LARGE_BYTES", SLICE_BYTES)
    content = os.urandom(SLICE_BYTES) * 2
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        (root / "large").write_bytes(content)

        async def hashed() -> bool:
            items = await watching.items()
            return "large" in items and items["large"].sha1 == _sha1(root / "large")

        await until(hashed)
        await until(lambda: not source.status().unhashed)
    (told,) = await watching.events()
    assert isinstance(told.source, Snapshot)
    assert told.source.sha1 == ""


async def test_a_big_file_that_vanishes_while_it_is_hashed_is_forgotten(root: Path) -> None:
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        for number in range(4):
            (root / f"big {number}").write_bytes(os.urandom(SLICE_BYTES) * 6)
        await until(lambda: source.status().pending)
        for number in range(1, 4):
            (root / f"big {number}").unlink()
        await watching.settled()
        assert source.status().failures == 0
    assert set(await watching.items()) == {"big 0"}


def test_a_lease_tells_whether_somebody_writes(ground: Path) -> None:
    file = ground / "file"
    file.write_text("1")
    fd = os.open(file, os.O_RDONLY)
    if writers(fd) is Writers.UNKNOWN:
        missing("leases", "run the tests on a Linux system, as the owner of its temporary files")

    assert writers(fd) is Writers.NONE
    with file.open("a"):
        assert writers(fd) is Writers.SOME
    assert writers(fd) is Writers.NONE
    os.close(fd)


def test_a_writer_that_comes_during_the_lease_hurts_nobody(ground: Path) -> None:
    """Without another signal the system would end the process that asks."""
    file = ground / "file"
    file.write_text("1")
    program = (
        "import os, sys\nfor _ in range(20000):\n    os.close(os.open(sys.argv[1], os.O_WRONLY))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(file)]) as writer:
        fd = os.open(file, os.O_RDONLY)
        while writer.poll() is None:
            writers(fd)
        os.close(fd)
        assert writer.returncode == 0


def _sha1(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


def _content_hash(content: bytes) -> str:
    blocks = (content[i : i + SLICE_BYTES] for i in range(0, len(content), SLICE_BYTES))
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()
