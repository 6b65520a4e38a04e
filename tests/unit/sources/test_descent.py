"""Going through folders, however deep they are."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wakeful.core.errors import Conflict
from wakeful.sources.along import copy_along
from wakeful.sources.descent import go_through
from wakeful.sources.hidden import remove


def make_deep(top: Path, depth: int) -> None:
    """Folders in folders, with a file in the last: beyond what a path can name."""
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 100, dir_fd=fd)
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)
    # That of pytest gives up where it is as deep.
    with os.scandir(tmp_path) as entries:
        names = [entry.name for entry in entries]
    again = os.open(tmp_path, os.O_RDONLY)
    for name in names:
        remove(again, name)
    os.close(again)


def test_each_folder_is_entered_before_and_left_after_all_in_it(
    tmp_path: Path, folder: int
) -> None:
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    (tmp_path / "top" / "c").symlink_to("a")
    seen: list[str] = []

    go_through(
        folder,
        "top",
        enter=lambda _, name: seen.append(f"to {name}"),
        within=lambda fd: seen.append(f"{len(os.listdir(fd))} in it"),
        leave=lambda _, name: seen.append(f"from {name}"),
    )

    assert seen == [
        *("to top", "2 in it", "to a", "1 in it", "to b", "0 in it"),
        *("from b", "from a", "from top"),
    ]


def test_a_folder_that_is_carried_away_meanwhile_leads_nowhere_else(
    tmp_path: Path, folder: int
) -> None:
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    left: list[str] = []

    def enter(_: int, name: str) -> None:
        if name == "b":
            (tmp_path / "top" / "a").rename(tmp_path / "elsewhere" / "a")

    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        go_through(folder, "top", enter=enter, leave=lambda _, name: left.append(name))

    assert left == ["b"]


def test_what_is_removed_may_be_deeper_than_the_stack_and_a_path(
    tmp_path: Path, folder: int
) -> None:
    make_deep(tmp_path / "top", 1_500)

    remove(folder, "top")

    assert os.listdir(tmp_path) == []


def test_what_is_too_deep_to_go_along_stays(tmp_path: Path, folder: int) -> None:
    make_deep(tmp_path / "top", 600)
    (tmp_path / "copy").mkdir()
    copy = os.open(tmp_path / "copy", os.O_RDONLY)

    with pytest.raises(Conflict, match="folders deep"):
        copy_along(folder, copy, (), {"copy"}, lambda *_: True)

    os.close(copy)
