"""What every acceptance test has: a folder to watch, a server that follows it, a raw reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readers import Reader
from tests.servers import Server, running


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A folder with two files, one of them in a folder of its own."""
    folder = tmp_path / "watched"
    (folder / "inner").mkdir(parents=True)
    (folder / "one.txt").write_text("one")
    (folder / "inner" / "two.txt").write_text("two")
    return folder


@pytest.fixture
def server(tmp_path: Path, watched: Path) -> Iterator[Server]:
    """A server as a supervisor runs it, ready."""
    with running(tmp_path, watch=watched, arguments=("--drain", "1")) as server:
        yield server


@pytest.fixture
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        yield reader
