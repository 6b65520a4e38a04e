"""Copies and moves between a watched folder, another one, and the shelf."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.acting.folders import Client, acting, hidden, tree
from tests.integration.sources.conftest import in_memory
from tests.integration.sources.watching import until
from wakeful.core.contents import NoContent
from wakeful.core.errors import Conflict, InvalidName, NameTaken
from wakeful.core.items import Item
from wakeful.core.rehearsal import Below
from wakeful.sources import renames, work
from wakeful.sources.arrivals import Copied, Original
from wakeful.stores.memory import MemoryStore

WHOLE = {"docs": None, "docs/a.txt": b"one", "docs/inner": None, "docs/inner/b.txt": b"two"}


@pytest.fixture(params=["one file system", "two file systems"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A second watched folder, once beside the first and once on another file system."""
    if request.param == "one file system":
        folder = tmp_path / "other"
        folder.mkdir()
        yield folder
        return
    with in_memory() as folder:
        yield folder


@pytest.fixture
async def client(root: Path, other: Path) -> AsyncIterator[Client]:
    async with acting(MemoryStore(), root, other) as client:
        yield client


async def docs(client: Client, parent: int, namespace: int) -> tuple[Item, Item]:
    """A folder with something in it; and the file deep in it."""
    top = await client.folder(parent, "docs")
    await client.upload(top.id, "a.txt", b"one", namespace, modified_at=1_500_000_000_000)
    inner = await client.folder(top.id, "inner")
    file = await client.upload(inner.id, "b.txt", b"two", namespace)
    return top, file


async def test_a_folder_moves_between_two_disks(client: Client, root: Path, other: Path) -> None:
    top, file = await docs(client, client.home.root, client.home.id)
    before = (root / "docs" / "a.txt").stat().st_mtime_ns
    await client.told()

    await client.move(top.id, client.second.root)

    assert tree(root) == {}
    assert tree(other) == WHOLE
    assert (other / "docs" / "a.txt").stat().st_mtime_ns == before
    assert await client.read(file.id) == b"two"
    assert [repr(each) for each in await client.told()] == ["item.trash docs", "item.create docs"]
    await until(lambda: hidden(root) == {} == hidden(other))
    # And both go on being followed.
    (other / "docs" / "inner" / "b.txt").write_bytes(b"by hand")
    (root / "docs").mkdir()
    told = [repr(each) for each in await client.told()]
    assert sorted(told) == ["item.create docs", "item.upload docs/inner/b.txt"]
    assert await client.read(file.id) == b"by hand"


async def test_a_file_moves_between_two_disks_and_back(
    client: Client, root: Path, other: Path
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")

    await client.move(file.id, client.second.root, "b.txt")
    assert (tree(root), tree(other)) == ({}, {"b.txt": b"one"})
    await client.move(file.id, client.home.root)

    assert (tree(root), tree(other)) == ({"b.txt": b"one"}, {})
    assert await client.read(file.id) == b"one"
    told = [repr(each) for each in await client.told()]
    there = ["item.trash a.txt", "item.upload b.txt"]
    assert told[1:] == [*there, "item.trash b.txt", "item.upload b.txt"]


async def test_copies_between_two_disks(client: Client, root: Path, other: Path) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)

    await client.copy(top.id, client.second.root)

    assert tree(root) == tree(other) == WHOLE
    assert (await client.told())[-1].type == "item.copy"
    assert hidden(root) == {} == hidden(other)


async def test_from_the_shelf_to_a_disk(client: Client, root: Path) -> None:
    top, file = await docs(client, client.kept.root, client.kept.id)

    copied = await client.copy(top.id, client.home.root, "copied")
    assert tree(root) == {path.replace("docs", "copied"): data for path, data in WHOLE.items()}
    await client.trash(copied.id)
    await client.move(top.id, client.home.root)

    assert tree(root) == WHOLE
    assert (root / "docs" / "a.txt").stat().st_mtime == 1_500_000_000
    assert (await client.item(file.id)).content == ""
    assert await client.read(file.id) == b"two"
    assert len(await client.told()) == 4 + 1 + 1 + 2  # made, copied, trashed, moved
    assert list(hidden(root)) == ["trash"]


async def test_from_a_disk_to_the_shelf(client: Client, root: Path) -> None:
    top, file = await docs(client, client.home.root, client.home.id)

    copied = await client.copy(file.id, client.kept.root, "copied.txt")
    assert await client.read(copied.id) == b"two"
    whole = await client.copy(top.id, client.kept.root, "whole")
    assert tree(root) == WHOLE
    await client.move(top.id, client.kept.root)

    assert tree(root) == {}
    assert await client.read(file.id) == b"two"
    assert (await client.item(file.id)).seen is None
    assert (await client.item(whole.id)).namespace == client.kept.id
    await client.settled()
    await until(lambda: hidden(root) == {})
    await client.trash(top.id)
    await client.restore(top.id)
    assert await client.read(file.id) == b"two"


async def test_what_cannot_be_there_leaves_nothing_on_either_side(
    client: Client, root: Path, other: Path
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    (other / "docs").mkdir()
    await client.told()

    with pytest.raises(NameTaken):
        await client.move(top.id, client.second.root)
    with pytest.raises(NameTaken):
        await client.copy(top.id, client.second.root)
    with pytest.raises(InvalidName):
        await client.move(top.id, client.second.root, "docs.part")

    assert (tree(root), tree(other)) == (WHOLE, {"docs": None})
    assert await client.told() == []
    assert hidden(root) == {} == hidden(other)


async def test_what_changed_while_it_was_copied_is_copied_again(
    client: Client, root: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    source = client.sources[1]
    copy_tree = source.copy_tree
    copies: list[str] = []

    async def changing(below: Below, original: Original, at: tuple[str, ...]) -> Copied:
        copied = await copy_tree(below, original, at)
        if not copies:
            (root / "docs" / "a.txt").write_bytes(b"changed")
            await client.settled()
        copies.append(copied.token)
        return copied

    monkeypatch.setattr(source, "copy_tree", changing)
    await client.copy(top.id, client.second.root)

    assert len(copies) == 2
    assert tree(other) == WHOLE | {"docs/a.txt": b"changed"}
    assert hidden(other) == {}


async def test_what_only_seems_to_be_one_file_system_is_copied(
    client: Client, root: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, file = await docs(client, client.home.root, client.home.id)
    rename_new = renames.rename_new

    def across(from_fd: int, name: str, to_fd: int, to_name: str) -> None:
        if name == to_name == "docs":  # as where one is mounted within the other
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_new(from_fd, name, to_fd, to_name)

    monkeypatch.setattr(work, "rename_new", across)
    await client.move(top.id, client.second.root)

    assert (tree(root), tree(other)) == ({}, WHOLE)
    assert await client.read(file.id) == b"two"


async def test_another_file_system_within_a_folder_is_told(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")

    def across(*names: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(work, "rename_new", across)
    for action in (client.move(file.id, name="b.txt"), client.trash(file.id)):
        with pytest.raises(Conflict, match="file system is mounted"):
            await action
    assert tree(root) == {"a.txt": b"one"}


async def test_what_lay_in_the_trash_does_not_come_along(client: Client, other: Path) -> None:
    top, file = await docs(client, client.home.root, client.home.id)
    await client.trash(file.id)

    await client.move(top.id, client.second.root)

    assert "docs/inner/b.txt" not in tree(other)
    with pytest.raises(NoContent):
        await client.restore(file.id)


async def test_a_content_that_came_for_another_place_is_copied_there(
    client: Client, root: Path, other: Path
) -> None:
    home, second, kept = client.home, client.second, client.kept
    one = await client.upload(second.root, "a.txt", b"from home", home.id)
    two = await client.upload(second.root, "b.txt", b"from the shelf", kept.id)
    three = await client.upload(kept.root, "c.txt", b"from home", home.id)

    assert tree(other) == {"a.txt": b"from home", "b.txt": b"from the shelf"}
    assert await client.read(one.id) == b"from home"
    assert await client.read(two.id) == b"from the shelf"
    assert await client.read(three.id) == b"from home"
    assert hidden(root) == {} == hidden(other)
