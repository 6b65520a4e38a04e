"""What a client does in a watched folder is durable on the disk before it is recorded.

The disk is seen as one that forgets whatever was not synced: a name that its folder was not synced
with is not there, and a file has what it held when it was synced.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.disk import all_below
from tests.integration.acting.folders import Client
from wakeful.sources.ignore import HIDDEN

Tree = dict[str, bytes | None]


class ForgetfulDisk:
    """What would be left of *root* after a power loss. What is there at first is durable."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._contents: dict[int, bytes] = {}
        self._listings: dict[int, dict[str, int]] = {}
        self._fsync = os.fsync
        for folder, _, files in os.walk(root):
            fd = os.open(folder, os.O_RDONLY)
            self._list(fd)
            os.close(fd)
            for name in files:
                file = Path(folder, name)
                self._contents[file.stat().st_ino] = file.read_bytes()

    def fsync(self, fd: int) -> None:
        self._fsync(fd)
        if os.path.isdir(fd):
            self._list(fd)
        else:
            self._contents[os.fstat(fd).st_ino] = Path(f"/proc/self/fd/{fd}").read_bytes()

    def _list(self, fd: int) -> None:
        entries = {name: os.stat(name, dir_fd=fd).st_ino for name in os.listdir(fd)}
        self._listings[os.fstat(fd).st_ino] = entries

    def left(self) -> Tree:
        found: Tree = {}
        self._walk(self._root.stat().st_ino, "", found)
        return found

    def _walk(self, folder: int, above: str, found: Tree) -> None:
        for name, node in self._listings.get(folder, {}).items():
            path = above + name
            if node in self._contents:
                if not is_passing(path):
                    found[path] = self._contents[node]
                continue
            if not is_passing(path):
                found[path] = None
            self._walk(node, f"{path}/", found)


def is_passing(path: str) -> bool:
    """What only has to be there until it is at its place."""
    return path.startswith(HIDDEN) and "trash" not in path


def there(root: Path) -> Tree:
    found: Tree = {}
    for path in all_below(root):
        name = str(path.relative_to(root))
        if not is_passing(name):
            found[name] = None if path.is_dir() else path.read_bytes()
    return found


@pytest.fixture
def check(client: Client, root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Compare disk and power loss before each commit; how often that was done."""
    disk = ForgetfulDisk(root)
    monkeypatch.setattr(os, "fsync", disk.fsync)
    act = client.feed.act
    found: list[tuple[Tree, Tree]] = []

    async def compared(*args: Any) -> Any:
        found.append((disk.left(), there(root)))
        return await act(*args)

    monkeypatch.setattr(client.feed, "act", compared)

    def checked() -> int:
        for left, seen in found:
            assert left == seen
        return len(found)

    return checked


async def test_p1_an_upload_is_durable_before_it_is_recorded(
    client: Client, check: Callable[[], int]
) -> None:
    made = await client.upload(client.home.root, "a.txt", b"hello" * 100_000)
    await client.replace(made.id, b"other")

    assert check() >= 2


async def test_p1_folders_and_moves_are_durable_before_they_are_recorded(
    client: Client, check: Callable[[], int]
) -> None:
    top = client.home.root
    docs = await client.folder(top, "docs")
    inner = await client.folder(docs.id, "inner")
    file = await client.upload(inner.id, "a.txt", b"one")
    await client.move(file.id, name="b.txt")
    await client.move(inner.id, top)
    await client.move(file.id, docs.id)

    assert check() >= 6


async def test_p1_copies_are_durable_before_they_are_recorded(
    client: Client, check: Callable[[], int]
) -> None:
    docs = await client.folder(client.home.root, "docs")
    inner = await client.folder(docs.id, "inner")
    file = await client.upload(inner.id, "a.txt", b"one")
    await client.copy(file.id, docs.id)
    await client.copy(docs.id, client.home.root, "all")

    assert check() >= 5


async def test_p1_what_goes_into_the_trash_and_comes_back_is_durable_before_it_is_recorded(
    client: Client, check: Callable[[], int]
) -> None:
    docs = await client.folder(client.home.root, "docs")
    file = await client.upload(docs.id, "a.txt", b"one")
    await client.trash(file.id)
    await client.restore(file.id)
    await client.trash(docs.id)
    await client.restore(docs.id)

    assert check() >= 6
