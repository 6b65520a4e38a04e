"""Work on the disk, in threads, and what the disk says in the words of the domain."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from wakeful.core.errors import StoreFull, Unavailable

T = TypeVar("T")

_FULL = (errno.ENOSPC, errno.EDQUOT)


async def run_to_its_end(threads: Executor, work: Callable[[], T]) -> T:
    """Carry out *work* in one of *threads*: whoever is cancelled meanwhile waits for it, or it
    would go on with a file that is closed."""
    running = asyncio.wrap_future(threads.submit(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


@contextmanager
def told() -> Iterator[None]:
    """Raise StoreFull or Unavailable for what the disk refuses in the block."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull("No room on the disk for this content") from error
        raise Unavailable("The disk refused this content") from error


def write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def unlink(file: Path) -> None:
    """Remove *file*, if it is there."""
    with suppress(FileNotFoundError):
        file.unlink()


def sync_folder(path: Path) -> None:
    """Make the names in *path* durable."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
