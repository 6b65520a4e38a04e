"""The stores that the contract is checked on.

A test that takes `store` or `place` runs on every one of them and names none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from wakeful.core.clock import wall_clock
from wakeful.core.ports import Store
from wakeful.stores.driver import CommitObserver
from wakeful.stores.memory import MemoryStore
from wakeful.stores.sqlite import SqliteStore, restore


class Timepiece:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now: int | None = None

    def __call__(self) -> int:
        return wall_clock() if self.now is None else self.now


class Place(ABC):
    """Where stores of one kind are opened; everything opened here is closed after the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Timepiece()
        self.opened: list[Store] = []

    async def open(self, observer: CommitObserver | None = None) -> Store:
        """A store without any contents."""
        store = await self._open(observer)
        self.opened.append(store)
        return store

    async def restore(self, file: Path) -> Store:
        """The store that was copied to *file*; what was restored here before is closed."""
        store = await self._restore(file)
        self.opened.append(store)
        return store

    @abstractmethod
    async def _open(self, observer: CommitObserver | None) -> Store: ...

    @abstractmethod
    async def _restore(self, file: Path) -> Store: ...


class Memory(Place):
    async def _open(self, observer: CommitObserver | None) -> Store:
        return MemoryStore(clock=self.clock, observer=observer)

    async def _restore(self, file: Path) -> Store:
        seen = max((store.epoch for store in self.opened), default=0)
        return MemoryStore.restored(file, after=seen, clock=self.clock)


class Sqlite(Place):
    async def _open(self, observer: CommitObserver | None) -> Store:
        data = self.folder / f"data-{len(self.opened)}"
        return await SqliteStore.open(data, clock=self.clock, observer=observer)

    async def _restore(self, file: Path) -> Store:
        data = self.folder / "restored"
        restore(file, data)
        return await SqliteStore.open(data, clock=self.clock)


PLACES: dict[str, type[Place]] = {"memory": Memory, "sqlite": Sqlite}


@pytest.fixture(params=PLACES)
async def place(request: Any, tmp_path: Path) -> AsyncIterator[Place]:
    place = PLACES[request.param](tmp_path)
    yield place
    for store in place.opened:
        await store.close()


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open()
