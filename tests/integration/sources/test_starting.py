"""The first start, and every other."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.integration.sources.watching import Watching, until
from wakeful.core.changes import Applied, Baseline, ById, Change, CreateFolder
from wakeful.core.errors import StoreFull
from wakeful.core.lookups.trees import ItemById
from wakeful.sources import FolderSource, SourceState
from wakeful.stores.memory import MemoryStore


def plant(root: Path, folders: int = 5, files: int = 4) -> None:
    for number in range(folders):
        folder = root / f"folder {number}"
        folder.mkdir()
        for index in range(files):
            (folder / f"file {index}").write_text(f"{number} {index}")


async def test_what_was_there_before_is_recorded_without_events(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    seen: list[int] = []

    async with watching.live(progress=seen.append) as source:
        assert await watching.matches()
        assert await watching.told() == []
        assert source.status().files == 20
        assert source.status().folders == 5
    assert seen[-1] == 25
    assert seen == sorted(seen)


async def test_the_baseline_is_hashed_in_the_background(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())

    async with watching.live() as source:
        await until(lambda: not source.status().unhashed)
        await until(lambda: _all_hashed(watching))
    assert await watching.told() == []


async def _all_hashed(watching: Watching) -> bool:
    items = (await watching.items()).values()
    return all(item.sha1 and item.content_hash for item in items if not item.is_folder)


async def test_an_interrupted_baseline_goes_on_without_events(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(root, folders=8)
    watching = await Watching.on(root, MemoryStore())
    ledger = watching.ledger
    rest = ledger.apply
    calls = 0

    async def once(changes: tuple[Change, ...]) -> Applied:
        nonlocal calls
        calls += 1
        if calls > 1:
            await asyncio.Event().wait()  # the process ends here
        return await rest(changes)

    monkeypatch.setattr(ledger, "apply", once)
    async with FolderSource(root, watching.namespace, ledger):
        await until(lambda: calls > 1)
    assert not await watching.matches()
    monkeypatch.undo()

    async with watching.live():
        assert await watching.matches()
        assert await watching.told() == []


async def test_nobody_is_told_that_it_is_ready_before_a_crash_would_be_survived(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed since then would be taken for what was there before, and never be told."""
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    remember = watching.ledger.remember
    is_asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def later(name: str, value: bytes) -> None:
        is_asked.set()
        await may_go_on.wait()
        await remember(name, value)

    monkeypatch.setattr(watching.ledger, "remember", later)
    async with FolderSource(root, watching.namespace, watching.ledger) as source:
        await is_asked.wait()
        before = source.status()
        may_go_on.set()
        await source.ready()

        assert source.status().state is SourceState.LIVE

    assert (before.ready, before.state) == (False, SourceState.SCANNING)


async def test_a_restart_with_nothing_changed_changes_nothing(root: Path) -> None:
    plant(root)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        await until(lambda: not source.status().unhashed)
        await until(lambda: _all_hashed(watching))
    watching.ledger.applied.clear()

    async with watching.live():
        pass

    assert watching.ledger.applied == []


async def test_what_happened_while_nobody_watched_is_told_at_the_start(root: Path) -> None:
    plant(root)
    (root / "folder 4" / "deep").mkdir()
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        before = {path: item.id for path, item in (await watching.items()).items()}
    (root / "folder 0" / "file 0").write_text("longer than it was")
    (root / "folder 0" / "file 1").rename(root / "folder 0" / "renamed")
    (root / "folder 0" / "file 2").rename(root / "folder 1" / "moved")
    (root / "folder 0" / "file 3").unlink()
    (root / "folder 2").rename(root / "folder 1" / "inside")
    (root / "folder 1" / "inside" / "file 0").write_text("changed as well")
    for file in (root / "folder 3").iterdir():
        file.unlink()
    (root / "folder 3").rmdir()
    (root / "new").mkdir()
    (root / "new" / "file").write_text("new")

    async with watching.live():
        told = sorted(map(repr, await watching.told()))
        items = {path: item.id for path, item in (await watching.items()).items()}
        assert await watching.matches()

    assert told == [
        "item.create new",
        "item.move folder 1/inside",
        "item.move folder 1/moved",
        "item.rename folder 0/renamed",
        "item.trash folder 0/file 3",
        "item.trash folder 3",
        "item.upload folder 0/file 0",
        "item.upload folder 1/inside/file 0",
        "item.upload new/file",
    ]
    assert items["folder 1/inside/file 0"] == before["folder 2/file 0"]
    assert items["folder 1/moved"] == before["folder 0/file 2"]
    assert items["folder 0/renamed"] == before["folder 0/file 1"]


async def test_what_happens_during_the_scan_is_not_lost(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(root, folders=30)
    watching = await Watching.on(root, MemoryStore())
    ledger = watching.ledger
    rest = ledger.apply
    done = 0

    async def busily(changes: tuple[Change, ...]) -> Applied:
        nonlocal done
        if isinstance(changes[0], Baseline):
            done += 1
            (root / f"folder {done}" / "file 0").write_text("changed while it was read")
            (root / f"folder {done + 5}" / "another").write_text("new while it was read")
            (root / f"folder {done + 10}").rename(root / f"moved {done}")
            (root / f"folder {done + 15}" / "file 1").unlink()
        return await rest(changes)

    monkeypatch.setattr(ledger, "apply", busily)

    async with watching.live():
        await watching.settled()
    assert done


async def test_a_full_store_is_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watching = await Watching.on(root, MemoryStore())
    ledger = watching.ledger
    rest = ledger.apply
    full = False

    async def refuse(changes: tuple[Change, ...]) -> Applied:
        if full:
            raise StoreFull("no room")
        return await rest(changes)

    monkeypatch.setattr(ledger, "apply", refuse)
    async with watching.live() as source:
        full = True
        (root / "a").write_text("1")
        await until(lambda: source.status().state is SourceState.WAITING)
        (root / "b").write_text("2")
        full = False
        await watching.settled()
        assert source.status().failures == 0
    assert sorted(map(repr, await watching.told())) == ["item.upload a", "item.upload b"]


async def test_a_refused_change_makes_it_read_everything_anew(root: Path) -> None:
    """Somebody else put a folder of that name into the feed."""
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        await watching.ledger.apply(
            (CreateFolder(parent=ById(watching.namespace.root), name="theirs"),)
        )
        (root / "theirs").mkdir()
        (root / "theirs" / "file").write_text("1")
        await watching.settled()

        assert source.status().failures == 1
    assert list(map(repr, await watching.told())) == [
        "item.create theirs",
        "item.upload theirs/file",
    ]


async def test_what_others_put_into_the_feed_is_not_missed_on_the_disk(root: Path) -> None:
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        applied = await watching.ledger.apply(
            (CreateFolder(parent=ById(watching.namespace.root), name="theirs"),)
        )
    async with watching.live():
        (root / "ours").write_text("1")
        await until(lambda: _has(watching, "ours"))

    made = applied.items[0]
    assert made is not None
    kept = await watching.store.ask(ItemById(made.id))
    assert kept is not None
    assert kept.trashed_at is None


async def _has(watching: Watching, path: str) -> bool:
    return path in await watching.items()


async def test_a_failure_is_counted_and_survived(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = await Watching.on(root, MemoryStore())
    ledger = watching.ledger
    rest = ledger.apply
    broken = True

    async def fail(changes: tuple[Change, ...]) -> Applied:
        nonlocal broken
        if broken:
            broken = False
            raise RuntimeError("a bug")
        return await rest(changes)

    async with watching.live() as source:
        monkeypatch.setattr(ledger, "apply", fail)
        (root / "a").write_text("1")
        await watching.settled()
        assert source.status().failures == 1
    assert list(map(repr, await watching.told())) == ["item.upload a"]


async def test_leaving_stops_everything(root: Path) -> None:
    watching = await Watching.on(root, MemoryStore())
    descriptors = len(os.listdir("/proc/self/fd"))
    async with watching.live() as source:
        pass

    assert source.status().state is SourceState.STOPPED
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert [task for task in asyncio.all_tasks() if "source" in task.get_name()] == []
