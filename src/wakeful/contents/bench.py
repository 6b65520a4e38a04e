"""Where the bytes of drafts are: in a folder, which no other process writes to, or in memory.

Rule 1: a draft is a folder with `about` in it, which is put there last and goes first: what has
none is no draft, and goes at the start.

Rule 2: a part is a file whose name says all that is known of it. It is written under another
name, synced, renamed, and the folder is synced: only then is it kept.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from wakeful.contents.disk import run_to_its_end, sync_folder, told, unlink, write_all
from wakeful.core.contents import ContentChanged
from wakeful.core.drafts import Draft, Part
from wakeful.core.errors import WakefulError

_THREADS = 2
_ABOUT = "about"
_SEALED = "sealed"
_PART = re.compile(r"([0-9]{1,19})-([0-9]{1,19})-([0-9a-f]{40})")


class FolderBench:
    """A `contents.drafts.Bench` in the folder *path*. Use as a context manager; entering it
    raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(_THREADS, "drafts")

    def __repr__(self) -> str:
        return f"<FolderBench {self._path}>"

    def __enter__(self) -> FolderBench:
        self._path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(self._path.parent)
        return self

    def __exit__(self, *exc: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def load(self) -> Iterable[Draft]:
        for folder in sorted(self._path.iterdir()):
            draft = _draft_in(folder)
            if draft is None:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                yield draft

    async def begin(self, draft: Draft) -> None:
        await run_to_its_end(self._threads, partial(self._begin, draft))

    async def sheet(self, id: str) -> _Sheet:
        sheet = _Sheet(self._path / id, self._threads)
        await sheet.begin()
        return sheet

    async def seal(self, id: str) -> None:
        await run_to_its_end(self._threads, partial(_put, self._path / id, _SEALED, b""))

    async def drop(self, id: str) -> None:
        await run_to_its_end(self._threads, partial(self._drop, id))

    async def read(self, id: str, part: Part, offset: int, most: int) -> bytes:
        file = self._path / id / _name_of(part)
        return await run_to_its_end(self._threads, partial(_read, file, offset, most))

    def _begin(self, draft: Draft) -> None:
        folder = self._path / draft.id
        try:
            with told():
                folder.mkdir(mode=0o700)
                _put(folder, _ABOUT, msgspec.json.encode(draft))
                sync_folder(self._path)
        except WakefulError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _drop(self, id: str) -> None:
        folder = self._path / id
        unlink(folder / _ABOUT)
        shutil.rmtree(folder, ignore_errors=True)


class _Sheet:
    """A `contents.drafts.Sheet`: a file that is no part yet."""

    def __init__(self, folder: Path, threads: Executor) -> None:
        self._folder = folder
        self._threads = threads
        self._file = folder / f"new-{secrets.token_hex(8)}"
        self._fd = -1

    async def begin(self) -> None:
        await run_to_its_end(self._threads, self._begin)

    async def write(self, data: bytes) -> None:
        await run_to_its_end(self._threads, partial(self._write, data))

    async def keep(self, part: Part) -> None:
        await run_to_its_end(self._threads, partial(self._keep, part))

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

    def _keep(self, part: Part) -> None:
        with told():
            os.fsync(self._fd)
            self._file.replace(self._folder / _name_of(part))
            sync_folder(self._folder)

    def _end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        unlink(self._file)


class MemoryBench:
    """A `contents.drafts.Bench` that keeps nothing beyond the life of the process."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[Part, bytes]] = {}

    def __repr__(self) -> str:
        return f"<MemoryBench [{len(self._parts)} drafts]>"

    def load(self) -> Iterable[Draft]:
        return ()

    async def begin(self, draft: Draft) -> None:
        self._parts[draft.id] = {}

    async def sheet(self, id: str) -> _MemorySheet:
        return _MemorySheet(self._parts[id])

    async def seal(self, id: str) -> None:
        """There is nothing to remember it for."""

    async def drop(self, id: str) -> None:
        self._parts.pop(id, None)

    async def read(self, id: str, part: Part, offset: int, most: int) -> bytes:
        return self._parts[id][part][offset : offset + most]


class _MemorySheet:
    def __init__(self, parts: dict[Part, bytes]) -> None:
        self._parts = parts
        self._data = bytearray()

    async def write(self, data: bytes) -> None:
        self._data += data

    async def keep(self, part: Part) -> None:
        self._parts[part] = bytes(self._data)

    async def end(self) -> None:
        self._data.clear()


def _draft_in(folder: Path) -> Draft | None:
    """The draft that *folder* is, with the parts that were kept; what was not goes."""
    try:
        about = msgspec.json.decode((folder / _ABOUT).read_bytes(), type=Draft)
    except (OSError, msgspec.MsgspecError):
        return None
    parts = []
    is_sealed = False
    for file in folder.iterdir():
        match = _PART.fullmatch(file.name)
        if match is not None:
            parts.append(Part(int(match[1]), int(match[2]), match[3]))
        elif file.name == _SEALED:
            is_sealed = True
        elif file.name != _ABOUT:
            unlink(file)
    return msgspec.structs.replace(about, parts=tuple(sorted(parts)), is_sealed=is_sealed)


def _name_of(part: Part) -> str:
    return f"{part.offset}-{part.size}-{part.sha1}"


def _put(folder: Path, name: str, data: bytes) -> None:
    """Put a file into *folder*, whole and durable."""
    new = folder / f"new-{name}"
    with told():
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        new.replace(folder / name)
        sync_folder(folder)


def _read(file: Path, offset: int, most: int) -> bytes:
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, most, offset)
        finally:
            os.close(fd)
    except OSError as error:
        raise ContentChanged("a part of this upload cannot be read") from error
