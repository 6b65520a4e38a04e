"""Contents on the disk: what a crash leaves, a full disk, and who may read them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import components
from wakeful.contents.folder import FolderShelf
from wakeful.core.contents import ContentChanged, Incoming
from wakeful.core.errors import StoreFull, Unavailable

MOST = 10_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "contents"


@pytest.fixture
def shelf(path: Path) -> Iterator[FolderShelf]:
    with FolderShelf(path, MOST) as shelf:
        yield shelf


async def kept(shelf: FolderShelf, data: bytes) -> str:
    async with shelf.receive() as incoming:
        await incoming.write(data)
        await incoming.keep()
    return incoming.facts.content


def incoming_files(path: Path) -> list[str]:
    return os.listdir(path / "incoming")


async def test_what_was_kept_is_there_after_a_restart(path: Path) -> None:
    with FolderShelf(path, MOST) as before:
        address = await kept(before, b"a")

    with FolderShelf(path, MOST) as after:
        content = await after.open(address)
        assert await content.read(0, 10) == b"a"
        content.close()


async def test_what_a_crash_left_on_its_way_goes_at_the_next_start(path: Path) -> None:
    crashed = FolderShelf(path, MOST)
    with crashed:
        receiving = crashed.receive()
        incoming: Incoming = await receiving.__aenter__()
        await incoming.write(b"half of it")
        assert len(incoming_files(path)) == 1

        with FolderShelf(path, MOST) as after:
            assert incoming_files(path) == []
            assert await after.after("", 10) == ()
        await receiving.__aexit__(None, None, None)


async def test_what_was_kept_and_never_named_is_found_after_a_crash(path: Path) -> None:
    crashed = FolderShelf(path, MOST)
    with crashed:
        receiving = crashed.receive()
        incoming: Incoming = await receiving.__aenter__()
        await incoming.write(b"kept, and its server killed")
        await incoming.keep()

        with FolderShelf(path, MOST) as after:
            assert await after.after("", 10) == (incoming.facts.content,)
        await receiving.__aexit__(None, None, None)


async def test_nothing_is_kept_before_it_is_on_the_disk(
    shelf: FolderShelf, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    components.linux("descriptors tell their files in /proc")
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def told_fsync(fd: int) -> None:
        order.append("sync " + Path(os.readlink(f"/proc/self/fd/{fd}")).parent.name)
        fsync(fd)

    def told_replace(self: Path, target: Path) -> Path:
        order.append("rename")
        return replace(self, target)

    async with shelf.receive() as incoming:
        await incoming.write(b"a")
        monkeypatch.setattr(os, "fsync", told_fsync)
        monkeypatch.setattr(Path, "replace", told_replace)
        await incoming.keep()

    assert order == ["sync incoming", "rename", "sync contents"]


async def test_nobody_else_may_read_it(shelf: FolderShelf, path: Path) -> None:
    address = await kept(shelf, b"private")

    assert os.stat(path).st_mode & 0o777 == 0o700
    assert os.stat(path / address[:2] / address[2:]).st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(errno.ENOSPC, StoreFull, id="full"),
        pytest.param(errno.EDQUOT, StoreFull, id="quota"),
        pytest.param(errno.EIO, Unavailable, id="broken"),
    ],
)
async def test_a_disk_that_refuses_leaves_nothing(
    shelf: FolderShelf,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    expected: type[Exception],
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "refused")

    async with shelf.receive() as incoming:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", refuse)
            with pytest.raises(expected):
                await incoming.write(b"a")
    async with shelf.receive() as incoming:
        await incoming.write(b"a")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", refuse)
            with pytest.raises(expected):
                await incoming.keep()

    assert incoming_files(path) == []
    assert await shelf.after("", 10) == ()


async def test_other_files_in_the_folder_are_no_contents(shelf: FolderShelf, path: Path) -> None:
    address = await kept(shelf, b"a")
    (path / "README").write_text("mine")
    (path / address[:2] / ".swp").write_text("mine")
    (path / "abc").mkdir()

    assert await shelf.after("", 10) == (address,)


async def test_a_content_that_was_cut_off_on_the_disk_is_never_given_as_whole(
    shelf: FolderShelf, path: Path
) -> None:
    address = await kept(shelf, b"0123456789")
    content = await shelf.open(address)
    os.truncate(path / address[:2] / address[2:], 4)

    assert await content.read(0, 10) == b"0123"
    with pytest.raises(ContentChanged):
        await content.read(4, 10)
    content.close()


async def test_a_content_that_cannot_be_read_is_not_available(
    shelf: FolderShelf, path: Path
) -> None:
    address = await kept(shelf, b"a")
    file = path / address[:2] / address[2:]
    file.unlink()
    file.symlink_to(file)

    with pytest.raises(Unavailable):
        await shelf.open(address)
