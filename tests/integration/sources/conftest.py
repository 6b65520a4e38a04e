"""Folders to watch, on a disk and in memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import components


@contextmanager
def in_memory() -> Iterator[Path]:
    """An empty folder on another file system than temporary files are."""
    folder = Path(tempfile.mkdtemp(dir=components.in_memory(), prefix="wakeful-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["disk", "memory"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """An empty folder, once on the disk of temporary files and once in memory (tmpfs)."""
    if request.param == "disk":
        yield tmp_path
        return
    with in_memory() as folder:
        yield folder


@pytest.fixture
def root(ground: Path) -> Path:
    """The folder that is watched."""
    folder = ground / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def outside(ground: Path) -> Path:
    """A folder on the same file system that is not watched."""
    folder = ground / "outside"
    folder.mkdir()
    return folder
