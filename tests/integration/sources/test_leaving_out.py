"""What cannot be followed is left out, counted and shown; the rest goes on."""

# ruff: noqa: ASYNC221, ASYNC240 - what is done to the folder may hold up the loop
from __future__ import annotations

import errno
import os
import socket
import subprocess
from pathlib import Path

import pytest
import structlog
from inotify_simple import INotify

from tests.integration.sources.watching import Watching, until
from wakeful.sources.inotify import InotifyWatcher
from wakeful.sources.notices import WatchLimit
from wakeful.sources.skipped import Reason
from wakeful.stores.memory import MemoryStore


async def has(watching: Watching, *paths: str) -> bool:
    return set(paths) <= (await watching.items()).keys()


async def test_links_are_not_followed(root: Path, outside: Path) -> None:
    (outside / "secret").write_text("not yours")
    (root / "out").symlink_to(outside)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        (root / "file link").symlink_to(outside / "secret")
        (root / "file").write_text("1")
        await until(lambda: has(watching, "file"))

        await until(lambda: source.status().skipped == {Reason.LINK.value: 2})
        assert set(source.status().samples[Reason.LINK.value]) == {"out", "file link"}
        assert set(await watching.items()) == {"file"}


async def test_a_file_that_becomes_a_link_is_gone(root: Path, outside: Path) -> None:
    (root / "file").write_text("1")
    (root / "other").write_text("1")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        (root / "file").unlink()
        (root / "file").symlink_to(outside)

        await watching.settled()
    assert list(map(repr, await watching.told())) == ["item.trash file"]


async def test_a_folder_that_becomes_a_link_leads_nowhere(root: Path, outside: Path) -> None:
    """The content outside has the same names, and must not be taken for what was inside."""
    for place in (root, outside):
        (place / "folder").mkdir()
        (place / "folder" / "file").write_text(place.name)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        (root / "folder").rename(root.parent / "away")
        (root / "folder").symlink_to(outside / "folder")
        (outside / "folder" / "file").write_text("changed outside")
        await watching.settled()
        assert list(map(repr, await watching.told())) == ["item.trash folder"]


async def test_special_files_are_left_out(root: Path) -> None:
    watching = await Watching.on(root, MemoryStore())
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(root / "socket"))
        async with watching.live() as source:
            os.mkfifo(root / "pipe")
            (root / "file").write_text("1")
            await until(lambda: source.status().skipped == {Reason.SPECIAL.value: 2})
            await until(lambda: has(watching, "file"))


async def test_names_that_are_not_utf8_are_left_out(root: Path) -> None:
    before = os.fsencode(root) + b"/caf\xe9"
    Path(os.fsdecode(before)).write_text("1")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        assert source.status().samples == {Reason.NAME.value: (r"caf\udce9",)}
        Path(os.fsdecode(os.fsencode(root) + b"/\xff")).mkdir()
        (root / "file").write_text("1")
        await until(lambda: source.status().skipped == {Reason.NAME.value: 2})

        Path(os.fsdecode(before)).rename(root / "café")
        await until(lambda: has(watching, "café", "file"))


async def test_what_is_too_deep_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    os.makedirs(root / "/".join(["d"] * 258))
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        assert source.status().folders == 256
        assert source.status().skipped == {Reason.DEEP.value: 1}


async def test_a_path_that_the_system_refuses_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    name = "n" * 250
    here = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    watching = await Watching.on(root, MemoryStore())
    try:
        async with watching.live() as source:
            assert source.status().skipped == {Reason.LONG.value: 1}
            (root / "file").write_text("1")
            await until(lambda: has(watching, "file"))
    finally:
        subprocess.run(["rm", "-rf", str(root)], check=True)


async def test_a_file_that_cannot_be_read_is_told_without_hashes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the tests may be allowed everything, so that the refusal is made here."""
    refused = os.open

    def careful(path: str, flags: int, *rest: int, **more: int) -> int:
        if path == "secret":
            raise PermissionError(13, "Permission denied")
        return refused(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", careful)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:
        (root / "hidden").write_text("12345")
        await until(lambda: has(watching, "hidden"))
        (root / "hidden").rename(root / "secret")
        (root / "other").write_text("1")
        with (root / "secret").open("w") as file:
            file.write("123")
        await watching.settled()

        assert (await watching.item("secret")).sha1 == ""
        assert (await watching.item("secret")).size == 3
        assert source.status().skipped == {Reason.UNREADABLE_FILE.value: 1}


async def test_a_folder_that_cannot_be_read_keeps_what_is_recorded_in_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "closed").mkdir()
    (root / "closed" / "file").write_text("1")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        pass
    listed = os.scandir

    def refuse(where: int | str) -> object:
        if isinstance(where, int) and os.fstat(where).st_ino == (root / "closed").stat().st_ino:
            raise PermissionError(13, "Permission denied")
        return listed(where)

    monkeypatch.setattr(os, "scandir", refuse)
    async with watching.live() as source:
        assert source.status().skipped == {Reason.UNREADABLE_FOLDER.value: 1}
        (root / "new").write_text("1")
        await until(lambda: has(watching, "new"))
    assert list(map(repr, await watching.told())) == ["item.upload new"]


async def test_without_watches_changes_are_found_by_the_timer(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "watched").mkdir()
    (root / "unwatched").mkdir()
    adding = InotifyWatcher.add
    inode = (root / "unwatched").stat().st_ino

    def limited(watcher: InotifyWatcher, path: str) -> int:
        if os.stat(path).st_ino == inode:
            raise WatchLimit("no more")
        return adding(watcher, path)

    monkeypatch.setattr(InotifyWatcher, "add", limited)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live(rescan_seconds=0.2) as source:
        assert source.status().skipped == {Reason.UNWATCHED.value: 1}
        (root / "unwatched" / "file").write_text("1")
        await watching.settled()
        (root / "unwatched").rename(root / "renamed")
        await watching.settled()
    assert list(map(repr, await watching.told())) == [
        "item.upload unwatched/file",
        "item.rename renamed",
    ]


async def test_the_limit_of_watches_is_named_with_its_remedy(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "folder").mkdir()
    adding = INotify.add_watch

    def limited(inotify: INotify, path: str, mask: int) -> int:
        if os.stat(path).st_ino == (root / "folder").stat().st_ino:
            raise OSError(errno.ENOSPC, "No space left on device")
        wd: int = adding(inotify, path, mask)
        return wd

    monkeypatch.setattr(INotify, "add_watch", limited)
    watching = await Watching.on(root, MemoryStore())
    with structlog.testing.capture_logs() as logs:
        async with watching.live() as source:
            assert source.status().skipped == {Reason.UNWATCHED.value: 1}
    assert any("sysctl fs.inotify.max_user_watches" in str(each.get("reason")) for each in logs)


async def test_what_is_left_out_no_longer_is_counted_no_longer(root: Path, outside: Path) -> None:
    (root / "link").symlink_to(outside)
    (root / "other").symlink_to(outside)
    watching = await Watching.on(root, MemoryStore())
    async with watching.live(rescan_seconds=0.2) as source:
        assert source.status().skipped == {Reason.LINK.value: 2}

        (root / "link").unlink()

        await until(lambda: source.status().skipped == {Reason.LINK.value: 1})


async def test_a_file_that_could_not_be_read_and_is_gone_is_counted_no_longer(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def careful(path: str, flags: int, *rest: int, **more: int) -> int:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *rest, **more)

    watching = await Watching.on(root, MemoryStore())
    async with watching.live(rescan_seconds=0.2) as source:
        monkeypatch.setattr(os, "open", careful)
        (root / "hidden").write_text("12345")
        await until(lambda: has(watching, "hidden"))
        (root / "hidden").rename(root / "secret")
        with (root / "secret").open("w") as file:
            file.write("123")
        counted = {Reason.UNREADABLE_FILE.value: 1}
        await until(lambda: source.status().skipped == counted)
        before = source.status().rescans
        await until(lambda: source.status().rescans > before + 2)
        assert source.status().skipped == counted

        monkeypatch.undo()
        (root / "secret").unlink()

        await until(lambda: not source.status().skipped)
