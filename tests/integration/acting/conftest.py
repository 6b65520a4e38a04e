"""Two watched folders, and a client that acts on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.acting.folders import Client, acting, stays
from wakeful.sources.goods import Goods
from wakeful.stores.memory import MemoryStore


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that is the home."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A second watched folder, on the same file system."""
    folder = tmp_path / "other"
    folder.mkdir()
    return folder


@pytest.fixture
async def client(root: Path, other: Path) -> AsyncIterator[Client]:
    async with acting(MemoryStore(), root, other) as client:
        yield client


@pytest.fixture
def copying(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if each watched folder were on a file system of its own."""
    monkeypatch.setattr(Goods, "is_renamed", stays)
