"""Copies are as their originals are: who may read them, when they were written, and what a folder
has beside what is shown, where it moves to another disk."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.integration.acting.folders import Client, hidden, stays, tree, write_at_the_last_moment
from tests.integration.acting.test_across import docs
from tests.integration.acting.test_unseen import inodes, refuse_commits
from tests.integration.sources.watching import until
from tests.mounts import mounted
from wakeful.core.errors import Conflict, StoreFull, Unavailable
from wakeful.sources import actions, along, likeness
from wakeful.sources.goods import Goods
from wakeful.sources.work import Work

LONG_AGO = 1_400_000_000_000_000_000
MODES = {"docs": 0o700, "docs/inner": 0o2555, "docs/a.txt": 0o755, "docs/inner/b.txt": 0o600}


async def particular(client: Client, root: Path) -> int:
    """A folder whose files and folders have modes, times and attributes of their own."""
    top, _ = await docs(client, client.home.root, client.home.id)
    for path, mode in reversed(MODES.items()):
        os.setxattr(root / path, "user.color", path.encode())
        if os.geteuid() == 0:
            os.chown(root / path, 1234, 1234)
        (root / path).chmod(mode)
        os.utime(root / path, ns=(LONG_AGO, LONG_AGO))
    await client.settled()
    return top.id


def of_all(root: Path, top: str) -> dict[str, tuple[int, int, int, bytes]]:
    found = {}
    for path in MODES:
        at = root / (top + path.removeprefix("docs"))
        status = at.stat()
        color = os.getxattr(at, "user.color")
        found[path] = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_mtime_ns, color)
    return found


async def test_a_copy_is_as_its_original(client: Client, root: Path, other: Path) -> None:
    top = await particular(client, root)
    before = of_all(root, "docs")
    assert {path: each[0] for path, each in before.items()} == MODES

    await client.copy(top, client.home.root, "copied")
    await client.copy(top, client.second.root)

    assert of_all(root, "copied") == of_all(other, "docs") == before
    await client.settled()


@pytest.mark.usefixtures("copying")
async def test_what_moves_to_another_diskstays_as_it_is(
    client: Client, root: Path, other: Path
) -> None:
    top = await particular(client, root)
    before = of_all(root, "docs")

    await client.move(top, client.second.root)

    assert tree(root) == {}
    assert of_all(other, "docs") == before
    await client.settled()


async def test_a_private_folder_is_private_while_it_fills(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = await particular(client, root)
    modes: list[int] = []

    def looked_at(new: int, old: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(new).st_mode))
        likeness.take_after(new, old)

    monkeypatch.setattr("wakeful.sources.arrivals.take_after", looked_at)
    await client.copy(top, client.home.root, "copied")

    assert len(modes) == len(MODES)
    assert not [mode for mode in modes if mode & 0o077]


async def test_a_copy_runs_in_nobodys_name(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "program", b"#!/bin/sh")
    (root / "program").chmod(0o6755)
    await client.settled()

    await client.copy(file.id, client.home.root, "copied")

    assert stat.S_IMODE((root / "copied").stat().st_mode) == 0o755


async def test_a_read_only_folder_can_be_taken_back(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = await particular(client, root)
    (root / "docs").chmod(0o555)
    refuse_commits(client, monkeypatch, lambda: None)

    with pytest.raises(StoreFull):
        await client.copy(top, client.home.root, "copied")
    monkeypatch.undo()

    assert not (root / "copied").exists()
    await until(lambda: hidden(root) == {})


# --- what is left out ---


def leave_out(folder: Path) -> None:
    """Things in *folder* that are not shown."""
    (folder / ".DS_Store").write_bytes(b"windows")
    (folder / "inner" / ".a.txt.swp").write_bytes(b"unsaved")
    git = folder / ".git"
    (git / "objects").mkdir(parents=True)
    (git / "objects" / "ab").write_bytes(b"history")
    (git / "objects" / "ab").chmod(0o640)
    (git / "config").symlink_to("../a.txt")
    (git / "objects").chmod(0o700)
    (folder / "link").symlink_to("nowhere")
    (git / os.fsdecode(b"not \xff")).write_bytes(b"of old")


def left_out(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        what = None if path.is_dir() else status.st_mtime_ns
        data: Any = os.readlink(path) if path.is_symlink() else what
        name = os.fsdecode(os.fsencode(path.relative_to(folder)))
        found[name] = (stat.S_IMODE(status.st_mode), what, data)
    return found


@pytest.mark.usefixtures("copying")
async def test_what_is_left_out_goes_along_to_another_disk(
    client: Client, root: Path, other: Path
) -> None:
    top, file = await docs(client, client.home.root, client.home.id)
    leave_out(root / "docs")
    await client.told()
    before = left_out(root / "docs")
    assert len(before) == 11

    await client.move(top.id, client.second.root)

    assert left_out(other / "docs") == before
    assert tree(root) == {}
    assert [repr(each) for each in await client.told()] == ["item.trash docs", "item.create docs"]
    assert await client.read(file.id) == b"two"
    await until(lambda: hidden(root) == {} == hidden(other))


@pytest.mark.usefixtures("copying")
async def test_what_is_left_out_comes_back_where_a_move_is_taken_back(
    client: Client, root: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    leave_out(root / "docs")
    await client.told()
    before = inodes(root)
    refuse_commits(client, monkeypatch, lambda: None)

    with pytest.raises(StoreFull):
        await client.move(top.id, client.second.root)
    monkeypatch.undo()
    monkeypatch.setattr(Goods, "is_renamed", stays)

    assert inodes(root) == before
    assert tree(other) == {}
    assert await client.told() == []
    await until(lambda: hidden(root) == {} == hidden(other))


@pytest.mark.usefixtures("copying")
@pytest.mark.parametrize("name", [".DS_Store", ".git/objects/ab", ".git/new", "inner/b.part"])
async def test_what_is_left_out_and_written_at_the_last_moment_goes_along(
    client: Client, root: Path, other: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    leave_out(root / "docs")
    await client.told()
    write_at_the_last_moment(monkeypatch, root / "docs" / name)

    await client.move(top.id, client.second.root)

    assert tree(root) == {}
    assert (other / "docs" / name).read_bytes() == b"by hand"
    await until(lambda: hidden(root) == {} == hidden(other))


@pytest.mark.usefixtures("copying")
async def test_what_never_comes_to_rest_is_not_moved(
    client: Client, root: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    (root / "docs" / "a.part").write_bytes(b"")
    put_tree = Work.put_tree

    def still(here: Work, *arguments: Any) -> None:
        with (root / "docs" / "a.part").open("ab") as file:
            file.write(b"more")
        put_tree(here, *arguments)

    monkeypatch.setattr(Work, "put_tree", still)
    monkeypatch.setattr(actions, "_TRY_SECONDS", 0.1)
    with pytest.raises(Unavailable, match="try again"):
        await client.move(top.id, client.second.root)

    assert (root / "docs" / "a.part").read_bytes().startswith(b"more")
    assert tree(other) == {}


@pytest.mark.usefixtures("copying")
@pytest.mark.parametrize("what", ["pipe", "socket", "mount", "unreadable"])
async def test_what_cannot_be_copied_refuses_the_move_by_its_name(
    client: Client, root: Path, other: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    (root / "docs" / ".git").mkdir()
    at = root / "docs" / ".git" / "it"
    if what == "pipe":
        os.mkfifo(at)
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(at))
    elif what == "mount":
        at.mkdir()
    else:
        at.write_bytes(b"secret")
        refuse_to_open(monkeypatch, "it")
    await client.told()
    before = inodes(root)

    if what == "mount":
        with mounted(at), pytest.raises(Conflict, match=r"docs/\.git/it"):
            await client.move(top.id, client.second.root)
    else:
        with pytest.raises(Conflict, match=r"docs/\.git/it"):
            await client.move(top.id, client.second.root)

    assert inodes(root) == before
    assert tree(other) == {}
    assert await client.told() == []
    assert hidden(root) == {} == hidden(other)


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As where the server is not root, and may not read *name*."""

    class Refusing:
        def __getattr__(self, called: str) -> Any:
            return getattr(os, called)

        def open(self, path: str, flags: int, *rest: Any, **more: Any) -> int:
            if path == name and not flags & os.O_CREAT:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return os.open(path, flags, *rest, **more)

    monkeypatch.setattr(along, "os", Refusing())


@pytest.mark.parametrize("what", [".git", "a.part", "inner/b.part", "link"])
async def test_where_no_disk_is_nothing_that_is_left_out_can_be_kept(
    client: Client, root: Path, what: str
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    at = root / "docs" / what
    if what == ".git":
        at.mkdir()
        (at / "config").write_bytes(b"mine")
    elif what == "link":
        at.symlink_to("a.txt")
    else:
        at.write_bytes(b"mine")
    await client.told()
    before = inodes(root)

    with pytest.raises(Conflict, match=f"docs/{what}"):
        await client.move(top.id, client.kept.root)

    assert inodes(root) == before
    assert await client.told() == []
    assert hidden(root) == {}


async def test_a_copy_has_what_is_shown(client: Client, root: Path, other: Path) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    leave_out(root / "docs")

    await client.copy(top.id, client.second.root)

    assert sorted(tree(other)) == ["docs", "docs/a.txt", "docs/inner", "docs/inner/b.txt"]
