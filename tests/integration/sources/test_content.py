"""The content of recorded files: what is recorded, and nothing outside the root."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from wakeful.core.contents import ContentChanged, NoContent
from wakeful.core.items import Item, Kind, Seen, fresh_item
from wakeful.sources.content import open_content


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def recorded(root: Path, *names: str) -> tuple[Item, ...]:
    """The file at *names* with all above it, as a source records them now."""
    lineage = [fresh_item(1, 1, None, Kind.FOLDER, "All Files", 0, 1)]
    for depth, name in enumerate(names, 1):
        found = root.joinpath(*names[:depth]).lstat()
        seen = Seen(found.st_ino, found.st_size, found.st_mtime_ns)
        kind = Kind.FILE if depth == len(names) else Kind.FOLDER
        item = fresh_item(depth + 1, 1, depth, kind, name, 0, 1)
        lineage.append(replace(item, seen=seen, size=seen.size))
    return tuple(lineage)


@pytest.fixture
def file(root: Path) -> Path:
    (root / "docs" / "deep").mkdir(parents=True)
    file = root / "docs" / "deep" / "a.txt"
    file.write_bytes(b"0123456789")
    return file


@pytest.fixture
def lineage(root: Path, file: Path) -> tuple[Item, ...]:
    return recorded(root, "docs", "deep", "a.txt")


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


async def test_a_recorded_file_is_read(
    root: Path, lineage: tuple[Item, ...], threads: ThreadPoolExecutor
) -> None:
    before = descriptors()

    content = await open_content(str(root), lineage, threads)

    assert content.size == 10
    assert await content.read(0, 4) == b"0123"
    assert await content.read(8, 4) == b"89"
    content.close()
    assert descriptors() == before


def other_content(file: Path) -> None:
    file.write_bytes(b"another one")


def same_size(file: Path) -> None:
    at = file.stat().st_mtime_ns
    file.write_bytes(b"9876543210")
    os.utime(file, ns=(at + 1, at + 1))


def another_inode(file: Path) -> None:
    found = file.stat()
    twin = file.with_name("twin")
    twin.write_bytes(file.read_bytes())
    os.utime(twin, ns=(found.st_atime_ns, found.st_mtime_ns))
    twin.replace(file)


def gone(file: Path) -> None:
    file.unlink()


def moved(file: Path) -> None:
    file.parent.rename(file.parent.with_name("elsewhere"))


def a_link_to_itself(file: Path) -> None:
    file.rename(file.with_name("real"))
    file.symlink_to("real")


def below_a_link(file: Path) -> None:
    real = file.parent.with_name("real")
    file.parent.rename(real)
    file.parent.symlink_to(real)


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "change",
    [
        other_content,
        same_size,
        another_inode,
        gone,
        moved,
        a_link_to_itself,
        below_a_link,
        a_pipe,
        a_folder,
    ],
)
async def test_what_is_not_what_is_recorded_is_not_opened(
    root: Path,
    file: Path,
    lineage: tuple[Item, ...],
    threads: ThreadPoolExecutor,
    change: Callable[[Path], None],
) -> None:
    change(file)
    before = descriptors()

    with pytest.raises(ContentChanged):
        await open_content(str(root), lineage, threads)

    assert descriptors() == before


async def test_p7_a_link_leads_nowhere_out_of_the_root(
    root: Path, outside: Path, threads: ThreadPoolExecutor
) -> None:
    # The very same file, by inode, size and time, reached through a link out of the root.
    (outside / "secret").write_bytes(b"secret")
    (root / "docs").symlink_to(outside)
    lineage = recorded(root, "docs", "secret")

    with pytest.raises(ContentChanged):
        await open_content(str(root), lineage, threads)


@pytest.mark.parametrize("change", [other_content, same_size])
async def test_a_file_that_changes_while_it_is_read_is_given_no_further(
    root: Path,
    file: Path,
    lineage: tuple[Item, ...],
    threads: ThreadPoolExecutor,
    change: Callable[[Path], None],
) -> None:
    content = await open_content(str(root), lineage, threads)
    assert await content.read(0, 5) == b"01234"

    change(file)

    with pytest.raises(ContentChanged):
        await content.read(5, 5)
    content.close()


async def test_what_is_put_in_its_place_meanwhile_does_not_matter(
    root: Path, file: Path, lineage: tuple[Item, ...], threads: ThreadPoolExecutor
) -> None:
    content = await open_content(str(root), lineage, threads)

    gone(file)

    assert await content.read(0, 10) == b"0123456789"
    content.close()


async def test_what_no_source_has_seen_has_no_content(
    root: Path, lineage: tuple[Item, ...], threads: ThreadPoolExecutor
) -> None:
    with pytest.raises(NoContent):
        await open_content(str(root), (*lineage[:-1], replace(lineage[-1], seen=None)), threads)


async def test_what_the_server_may_not_read_has_no_content(
    root: Path,
    lineage: tuple[Item, ...],
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = os.open

    def refusing(path: str, flags: int, *rest: int, **options: Any) -> int:
        if path == "a.txt":  # root, who may run the tests, is refused nothing
            raise PermissionError
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)
    before = descriptors()

    with pytest.raises(NoContent, match="may not read"):
        await open_content(str(root), lineage, threads)

    assert descriptors() == before


async def test_a_disk_that_fails_while_it_is_read_is_no_content(
    root: Path,
    lineage: tuple[Item, ...],
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = await open_content(str(root), lineage, threads)

    def failing(*given: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", failing)

    with pytest.raises(ContentChanged):
        await content.read(0, 4)
    content.close()


async def test_what_was_opened_for_somebody_who_is_gone_is_closed(
    root: Path, lineage: tuple[Item, ...], threads: ThreadPoolExecutor
) -> None:
    before = descriptors()
    asked = asyncio.create_task(open_content(str(root), lineage, threads))
    await asyncio.sleep(0)

    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)

    threads.submit(lambda: None).result()
    assert descriptors() == before
