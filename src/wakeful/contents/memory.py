"""Contents in memory, for as long as the process lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from wakeful.contents.claims import Claims
from wakeful.contents.hashes import Hashes
from wakeful.core.changes import Facts
from wakeful.core.contents import Content, Incoming, NoContent


class MemoryShelf:
    """A `core.contents.Shelf` that keeps nothing beyond the life of the process."""

    def __init__(self, upload_limit: int) -> None:
        self._limit = upload_limit
        self._claims = Claims()
        self._kept: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<MemoryShelf [{len(self._kept)} contents]>"

    @asynccontextmanager
    async def receive(self) -> AsyncIterator[Incoming]:
        body = _Body(self._kept, self._claims, Hashes(self._limit))
        try:
            yield body
        finally:
            body.end()

    async def open(self, address: str) -> Content:
        if address not in self._kept:
            raise NoContent("The content of this file is not on this server")
        return _Bytes(self._kept[address])

    async def after(self, address: str, limit: int) -> tuple[str, ...]:
        return tuple(sorted(kept for kept in self._kept if kept > address)[:limit])

    def released(self) -> tuple[str, ...]:
        return self._claims.take_released()

    def condemn(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return self._claims.condemn(addresses)

    async def remove(self, addresses: tuple[str, ...]) -> int:
        removed = 0
        for address in addresses:
            removed += self._claims.remove(address, partial(self._drop, address))
        return removed

    def _drop(self, address: str) -> None:
        self._kept.pop(address, None)


class _Body:
    def __init__(self, kept: dict[str, bytes], claims: Claims, hashes: Hashes) -> None:
        self._kept = kept
        self._claims = claims
        self._hashes = hashes
        self._data = bytearray()
        self._claimed: str | None = None

    @property
    def facts(self) -> Facts:
        return self._hashes.facts

    async def write(self, data: bytes) -> None:
        self._hashes.check_room(len(data))
        self._hashes.update(data)
        self._data += data

    async def keep(self) -> None:
        address = self.facts.content
        self._claims.claim(address)
        self._claimed = address
        self._kept[address] = bytes(self._data)

    def end(self) -> None:
        if self._claimed is not None:
            self._claims.release(self._claimed)


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def fileno(self) -> int | None:
        return None

    async def read(self, offset: int, most: int) -> bytes:
        return self._data[offset : offset + most]

    def close(self) -> None:
        """Nothing is held."""
