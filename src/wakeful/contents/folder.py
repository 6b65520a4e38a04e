"""Contents in a folder, which no other process writes to.

Rule 1: what comes in is a file in `incoming/`, under a random name. It is synced, renamed to its
address (`ab/cdef...`, of the SHA-256 in hex), and the folder is synced: only then is it kept.

Rule 2: what is at an address never changes, so that it can be read without a lock, and copied
away while the server runs.

Rule 3: what a crash left in `incoming/` was never kept, and goes when the folder is opened.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from wakeful.contents.claims import Claims
from wakeful.contents.disk import run_to_its_end, sync_folder, told, unlink, write_all
from wakeful.contents.hashes import Hashes
from wakeful.core.changes import Facts
from wakeful.core.contents import Content, ContentChanged, Incoming, NoContent
from wakeful.core.errors import Unavailable

_THREADS = 4  # disks answer several better than one; more only wait for each other
_PREFIX = 2  # so many digits name the folder of an address: 256 of them
_INCOMING = "incoming"
_HEX = re.compile("[0-9a-f]+")


class FolderShelf:
    """A `core.contents.Shelf` in the folder *path*. Use as a context manager; entering it raises
    OSError."""

    def __init__(self, path: Path, upload_limit: int) -> None:
        self._path = path
        self._limit = upload_limit
        self._claims = Claims()
        self._threads = ThreadPoolExecutor(_THREADS, "contents")

    def __repr__(self) -> str:
        return f"<FolderShelf {self._path}>"

    def __enter__(self) -> FolderShelf:
        incoming = self._path / _INCOMING
        shutil.rmtree(incoming, ignore_errors=True)
        self._path.mkdir(mode=0o700, exist_ok=True)
        incoming.mkdir(mode=0o700, exist_ok=True)
        # All at once: two who made the same one could not both know that it is durable.
        for prefix in range(256):
            (self._path / f"{prefix:02x}").mkdir(mode=0o700, exist_ok=True)
        sync_folder(self._path)
        sync_folder(self._path.parent)
        return self

    def __exit__(self, *exc: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    @asynccontextmanager
    async def receive(self) -> AsyncIterator[Incoming]:
        body = _Body(self._path, self._threads, self._claims, Hashes(self._limit))
        try:
            await body.begin()
            yield body
        finally:
            await body.end()

    async def open(self, address: str) -> Content:
        opening = self._threads.submit(os.open, self._file(address), os.O_RDONLY | os.O_CLOEXEC)
        try:
            fd = await asyncio.shield(asyncio.wrap_future(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_close)
            raise
        except FileNotFoundError:
            raise NoContent("The content of this file is not on this server") from None
        except OSError as error:
            raise Unavailable("The content of this file cannot be read") from error
        return _KeptFile(fd, self._threads)

    async def after(self, address: str, limit: int) -> tuple[str, ...]:
        return await asyncio.wrap_future(self._threads.submit(self._after, address, limit))

    def released(self) -> tuple[str, ...]:
        return self._claims.take_released()

    def condemn(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return self._claims.condemn(addresses)

    async def remove(self, addresses: tuple[str, ...]) -> int:
        return await asyncio.wrap_future(self._threads.submit(self._remove, addresses))

    def _file(self, address: str) -> Path:
        return _file_of(self._path, address)

    def _after(self, address: str, limit: int) -> tuple[str, ...]:
        found: list[str] = []
        for prefix in sorted(_names(self._path)):
            if len(prefix) != _PREFIX or prefix < address[:_PREFIX]:
                continue
            below = (prefix + rest for rest in _names(self._path / prefix))
            found.extend(sorted(each for each in below if each > address))
            if len(found) >= limit:
                break
        return tuple(found[:limit])

    def _remove(self, addresses: tuple[str, ...]) -> int:
        # The names need not be synced: what comes back after a crash is found again.
        return sum(
            self._claims.remove(address, partial(unlink, self._file(address)))
            for address in addresses
        )


class _Body:
    """A file in `incoming/`."""

    def __init__(self, shelf: Path, threads: Executor, claims: Claims, hashes: Hashes) -> None:
        self._shelf = shelf
        self._threads = threads
        self._claims = claims
        self._hashes = hashes
        self._file = shelf / _INCOMING / secrets.token_hex(16)
        self._fd = -1
        self._address: str | None = None

    @property
    def facts(self) -> Facts:
        return self._hashes.facts

    async def begin(self) -> None:
        await run_to_its_end(self._threads, self._begin)

    async def write(self, data: bytes) -> None:
        self._hashes.check_room(len(data))
        await run_to_its_end(self._threads, partial(self._write, data))

    async def keep(self) -> None:
        await run_to_its_end(self._threads, self._keep)

    async def end(self) -> None:
        await run_to_its_end(self._threads, self._end)

    def _begin(self) -> None:
        with told():
            self._fd = os.open(
                self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )

    def _write(self, data: bytes) -> None:
        with told():
            write_all(self._fd, data)
        self._hashes.update(data)

    def _keep(self) -> None:
        address = self.facts.content
        file = _file_of(self._shelf, address)
        with told():
            os.fsync(self._fd)
            os.close(self._fd)  # who moves a folder here keeps very many
            self._fd = -1
            self._claims.claim(address)
            self._address = address
            # Also over one that is there already: the same bytes, and known to be whole.
            self._file.replace(file)
            sync_folder(file.parent)

    def _end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        unlink(self._file)
        if self._address is not None:
            self._claims.release(self._address)


class _KeptFile:
    """A `core.contents.Content`. Reads run in *threads*."""

    def __init__(self, fd: int, threads: Executor) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._threads = threads

    @property
    def size(self) -> int:
        return self._size

    def fileno(self) -> int | None:
        return self._fd

    async def read(self, offset: int, most: int) -> bytes:
        return await asyncio.wrap_future(self._threads.submit(self._read, offset, most))

    def close(self) -> None:
        os.close(self._fd)

    def _read(self, offset: int, most: int) -> bytes:
        try:
            data = os.pread(self._fd, most, offset)
        except OSError as error:
            raise ContentChanged("The content of this file cannot be read") from error
        if not data and offset < self._size:
            raise ContentChanged("The content of this file is damaged")
        return data


def _file_of(shelf: Path, address: str) -> Path:
    return shelf / address[:_PREFIX] / address[_PREFIX:]


def _names(folder: Path) -> Iterator[str]:
    """The names in *folder* that are a part of an address."""
    with suppress(FileNotFoundError, NotADirectoryError):
        yield from filter(_HEX.fullmatch, os.listdir(folder))


def _close(opening: Future[int]) -> None:
    """Close what was opened for somebody who is gone."""
    with suppress(Exception):
        os.close(opening.result())
