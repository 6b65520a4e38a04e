"""A root that is not what it was: the source waits, and trashes nothing."""

# ruff: noqa: ASYNC240 - what is done to the folder may hold up the loop
from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sources.watching import Watching, until
from tests.mounts import mount, mounted, umount
from wakeful.sources import FolderSource, SourceState, inotify, session
from wakeful.sources.guard import Paused
from wakeful.sources.inotify import InotifyWatcher
from wakeful.sources.listings import Listings
from wakeful.sources.snapshot import Folder
from wakeful.stores.memory import MemoryStore


def plant(root: Path) -> None:
    (root / "folder").mkdir()
    (root / "folder" / "file").write_text("1")
    (root / "letter").write_text("2")


def paused(source: FolderSource) -> bool:
    return source.status().state is SourceState.PAUSED


def live(source: FolderSource) -> bool:
    return source.status().state is SourceState.LIVE


async def test_a_root_that_is_moved_away_pauses_until_it_is_back(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        root.rename(root.parent / "away")
        await until(lambda: paused(source))
        assert "cannot be opened" in source.status().reason
        assert source.status().ready
        (root.parent / "away" / "letter").write_text("changed meanwhile")

        (root.parent / "away").rename(root)
        await until(lambda: live(source))
        await watching.settled()
        assert source.status().failures == 0
    assert list(map(repr, await watching.told())) == ["item.upload letter"]


@pytest.mark.parametrize("count", [1, 200])  # all is heard of them at once, and not
async def test_the_last_files_that_go_just_before_a_comparison_are_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    letters = [root / f"letter {number}" for number in range(count)]
    for letter in letters:
        letter.touch()
    compare = Listings.compare
    monkeypatch.setattr(inotify, "_READ_BYTES", 512)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live(rescan_seconds=0.05) as source:
        loop = asyncio.get_running_loop()
        gone = threading.Event()

        def late(listings: Listings, folders: list[Folder]) -> object:
            if gone.is_set():
                return compare(listings, folders)
            loop.call_soon_threadsafe(gone.wait)  # nothing is read meanwhile
            for letter in letters:
                letter.unlink()
            found = compare(listings, folders)
            gone.set()
            return found

        monkeypatch.setattr(Listings, "compare", late)
        await until(gone.is_set)
        await watching.settled()
        assert live(source)
    told = sorted(map(repr, await watching.told()))
    assert told == sorted(f"item.trash {letter.name}" for letter in letters)


async def test_a_root_that_is_away_for_a_moment_is_followed_again(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        root.rename(root.parent / "away")
        (root.parent / "away").rename(root)
        (root / "letter").write_text("changed")
        await until(lambda: paused(source))
        await until(lambda: live(source))
        (root / "new").write_text("1")
        await watching.settled()
    assert sorted(map(repr, await watching.told())) == ["item.upload letter", "item.upload new"]


async def test_a_root_that_is_deleted_pauses(root: Path) -> None:
    """Its content went first, and each of it with a notice; but a root that is gone as well
    may be a disk that was taken away."""
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        shutil.rmtree(root)
        await until(lambda: paused(source))
        assert source.status().failures == 0
    assert await watching.told() == []


async def test_another_folder_in_its_place_is_not_taken_for_it(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        root.rename(root.parent / "away")
        root.mkdir()
        (root / "something else").write_text("1")
        await until(lambda: paused(source))

        shutil.rmtree(root)
        (root.parent / "away").rename(root)
        await until(lambda: live(source))
        await watching.settled()
    assert await watching.told() == []


async def test_a_restored_copy_is_taken_for_it(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        pass
    root.rename(root.parent / "away")
    shutil.copytree(root.parent / "away", root)
    (root / "letter").write_text("newer")

    async with watching.live():
        await watching.settled()
    told = set(map(repr, await watching.told()))
    # Where a hash was not known yet, nothing tells that the content is the same.
    assert {"item.upload letter"} <= told <= {"item.upload letter", "item.upload folder/file"}


async def test_a_root_that_is_empty_at_the_start_waits_for_any_file(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        pass
    shutil.rmtree(root / "folder")
    (root / "letter").unlink()

    async with FolderSource(root, watching.namespace, watching.ledger) as source:
        await until(lambda: paused(source))
        assert "empty" in source.status().reason
        assert not source.status().ready

        (root / "sign of life").write_text("1")
        await until(lambda: live(source))
    assert sorted(map(repr, await watching.told())) == [
        "item.trash folder",
        "item.trash letter",
        "item.upload sign of life",
    ]


async def test_a_root_that_somebody_empties_file_by_file_is_empty(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        (root / "letter").unlink()
        shutil.rmtree(root / "folder")
        await watching.settled()
        assert live(source)
    assert sorted(map(repr, await watching.told())) == ["item.trash folder", "item.trash letter"]


async def test_nothing_is_trashed_while_the_root_is_not_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remounted disk can have the same inodes and device numbers as before."""
    plant(root)
    watching = await Watching.on(root, MemoryStore())

    def refuse(root: str, identity: object) -> None:
        raise Paused("another file system is in its place")

    async with watching.live() as source:
        monkeypatch.setattr(session, "check_same", refuse)
        (root / "letter").unlink()
        await until(lambda: paused(source))
        assert await watching.told() == []


async def test_a_root_that_loses_everything_without_a_notice_pauses(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    monkeypatch.setattr(InotifyWatcher, "take", lambda watcher: [])
    compare = Listings.compare

    def after_all_went(listings: Listings, folders: list[Folder]) -> object:
        # All at once, for the source: it would see a half that went in the middle of a look.
        if any(folder.parent is None for folder in folders):
            shutil.rmtree(root / "folder", ignore_errors=True)
            (root / "letter").unlink(missing_ok=True)
        return compare(listings, folders)

    async with watching.live(rescan_seconds=0.2) as source:
        monkeypatch.setattr(Listings, "compare", after_all_went)
        await until(lambda: paused(source))
        assert "without a notice" in source.status().reason or "empty" in source.status().reason
        await until(lambda: "empty" in source.status().reason)
        assert await watching.told() == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own."""
    with mounted(tmp_path / "mounted") as folder:
        yield folder


@pytest.mark.parametrize("how", [(), ("--lazy",)], ids=["unmounted", "lazily"])
async def test_an_unmounted_root_trashes_nothing(disk: Path, how: tuple[str, ...]) -> None:
    plant(disk)
    watching = await Watching.on(disk, MemoryStore())
    async with watching.live(rescan_seconds=1) as source:
        umount(disk, *how)
        await until(lambda: paused(source))

        # Another, empty one is mounted in its place.
        assert mount(disk)
        await until(lambda: "empty" in source.status().reason)

        plant(disk)  # the same names: a copy
        await until(lambda: live(source))
        await watching.settled()
    events = [event.type for event in await watching.told()]
    assert "item.trash" not in events


async def test_a_disk_mounted_inside_is_left_out_and_hides_nothing(root: Path) -> None:
    (root / "folder").mkdir()
    (root / "folder" / "file").write_text("1")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live(rescan_seconds=0.2) as source:
        with mounted(root / "folder"):
            (root / "folder" / "other").write_text("1")
            before = source.status().rescans
            await until(lambda: source.status().rescans > before + 2)
            assert await watching.told() == []
            assert "folder/file" in await watching.items()
        (root / "folder" / "file").write_text("changed")
        await watching.settled()
    assert list(map(repr, await watching.told())) == ["item.upload folder/file"]
