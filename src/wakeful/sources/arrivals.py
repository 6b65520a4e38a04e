"""Contents and copies on their way into a watched folder, in its hidden place.

What is complete waits under its token until an action gives it a name, and goes if none does.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from wakeful.core.changes import Facts, Held
from wakeful.core.contents import Content, Incoming
from wakeful.core.digests import Digests
from wakeful.core.errors import TooLarge, Unavailable
from wakeful.core.items import Item, Seen
from wakeful.core.rehearsal import Below
from wakeful.sources.along import Along
from wakeful.sources.content import FileContent
from wakeful.sources.copying import copy_whole, write_all
from wakeful.sources.ground import FOLDER_FLAGS, facts_of
from wakeful.sources.hidden import Hidden, closing
from wakeful.sources.ignore import Ignore, check_below
from wakeful.sources.likeness import mode_of, take_after
from wakeful.sources.reach import Astray, told

T = TypeVar("T")

Names = tuple[str, ...]

TOKEN = "incoming:"
"""What a content is called, instead of an address, until it has a name."""

_READ_BYTES = 128 * 1024


class Original(Protocol):
    """What is copied: an item with all in it. Names lead from it to what is asked for."""

    async def open(self, names: Names) -> Content:
        """The content of a file."""
        ...

    async def folder(self, names: Names) -> int | None:
        """A folder, open for reading; None where it is on no disk, or may not be read. Raises
        ContentChanged where another one is there."""
        ...

    def is_on_disk(self, names: Names) -> bool:
        """Whether a folder is on a disk."""
        ...

    def copy_along(self, names: Names, whence: int, to: int) -> dict[Names, Along]:
        """Copy what goes along with a folder, from the open one into another."""
        ...


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that waits under `token`: how the items are `held` that it is a copy of, what went
    `along`, and the `mode` that its top is to have (None for that which it has)."""

    token: str
    held: dict[int, Held]
    along: dict[Names, Along]
    mode: int | None = None


class Arrivals:
    """What comes into the place that *hidden* gives, of at most *limit* bytes each. Its work is
    done in *threads*."""

    def __init__(
        self, hidden: Callable[[], Hidden], ignore: Ignore, threads: Executor, limit: int
    ) -> None:
        self._hidden = hidden
        self._ignore = ignore
        self._threads = threads
        self._limit = limit
        self._kept: dict[str, Seen] = {}
        self._dropping: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def receive(self) -> AsyncIterator[Incoming]:
        """As `core.contents.Contents.receive`."""
        body = _Body(self._hidden(), self._kept, self._limit, self._run)
        try:
            await body.begin()
            yield body
        finally:
            await body.end()

    def has(self, token: str) -> bool:
        """Whether that content waits here."""
        return token in self._kept

    async def open(self, token: str) -> Content:
        """The content that waits as *token*."""
        fd = await self._run(partial(_open_kept, self._hidden(), token))
        return FileContent(fd, self._kept[token], self._threads)

    async def copy_file(self, content: Content) -> str:
        """A copy of *content*, under a token."""
        token = secrets.token_hex(16)
        async with self._copying(token) as incoming:
            self._kept[token] = await self._copy(incoming, token, content, None)
        return token

    async def copy_tree(self, below: Below, original: Original, at: Names) -> Copied:
        """A copy of a file or folder with all in it, which is to have the path *at*. Raises what
        *original* raises, InvalidName for a name that is left out of this folder, and what the
        disk says."""
        check_below(self._ignore, at, below)
        token = secrets.token_hex(16)
        held: dict[int, Held] = {}
        along: dict[Names, Along] = {}
        folders: list[Names] = []
        async with self._copying(token) as incoming:
            for item, names in below:
                path = "/".join((token, *names))
                if item.is_folder:
                    # What only some may read is for nobody else while it fills.
                    mode = 0o700 if original.is_on_disk(names) else 0o777
                    seen = await self._run(partial(_make_folder, incoming, path, mode))
                    folders.append(names)
                else:
                    content = await original.open(names)
                    try:
                        seen = await self._copy(incoming, path, content, item)
                    finally:
                        content.close()
                held[item.id] = Held(seen)
            mode_of_top = None
            for names in reversed(folders):  # what may not be written to has all in it by then
                mode_of_top, went = await self._complete(incoming, token, names, original)
                along.update(went)
        return Copied(token, held, along, mode_of_top)

    async def _complete(
        self, incoming: int, token: str, names: Names, original: Original
    ) -> tuple[int | None, dict[Names, Along]]:
        """Give a folder that is full what goes along with its original, and the likeness of that;
        its top can still be renamed. Returns the mode of the original."""
        whence = await original.folder(names)

        def work() -> tuple[int | None, dict[Names, Along]]:
            path = "/".join((token, *names))
            with closing(os.open(path, os.O_RDONLY | FOLDER_FLAGS, dir_fd=incoming)) as new:
                if whence is None:
                    os.fsync(new)
                    return None, {}
                went = original.copy_along(names, whence, new)
                take_after(new, whence)
                mode = mode_of(new)
                if not names:
                    os.fchmod(new, mode | stat.S_IRWXU)
                os.fsync(new)
                return mode, went

        try:
            return await self._run(work)
        finally:
            if whence is not None:
                os.close(whence)

    @asynccontextmanager
    async def _copying(self, token: str) -> AsyncIterator[int]:
        """The open place for what is to be *token*; nothing of it stays where copying fails."""
        try:
            with _received():
                incoming = await self._run(self._hidden().incoming)
                try:
                    yield incoming
                finally:
                    os.close(incoming)
        except BaseException:
            await self.drop(token)
            raise

    async def drop(self, *tokens: str) -> None:
        """Remove what waits under *tokens*, if it still does."""
        for token in tokens:
            self._kept.pop(token, None)
            with suppress(OSError, Unavailable):  # the next start tries again
                await self._run(partial(self._hidden().remove, token))

    def drop_later(self, tokens: Iterable[str]) -> None:
        """The same, without waiting for it."""
        for token in tokens:
            task = asyncio.create_task(self.drop(token), name="removal")
            self._dropping.add(task)
            task.add_done_callback(self._dropping.discard)

    async def dropped(self) -> None:
        """Return when nothing is left to be removed."""
        while self._dropping:
            await asyncio.wait(self._dropping)

    async def _copy(self, incoming: int, path: str, content: Content, item: Item | None) -> Seen:
        whence = content.fileno()
        mode = 0o666 if item is None or item.seen is None else 0o600
        fd = await self._run(partial(_create, incoming, path, mode))
        try:
            copied = whence is not None and await self._run(
                partial(copy_whole, whence, fd, content.size)
            )
            if not copied:
                await self._copy_by_pieces(fd, content)
            elif content.size:
                await content.read(0, 1)  # whether it changed meanwhile
            return await self._run(partial(_dated, fd, item, content))
        finally:
            os.close(fd)

    async def _copy_by_pieces(self, fd: int, content: Content) -> None:
        at = 0
        while at < content.size:
            data = await content.read(at, _READ_BYTES)
            await self._run(partial(write_all, fd, data))
            at += len(data)

    async def _run(self, work: Callable[[], T]) -> T:
        """Carry out *work* in a thread, to its end: whoever is cancelled meanwhile waits for it."""
        running = asyncio.wrap_future(self._threads.submit(work))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise


class _Body:
    """A content that is being received."""

    def __init__(
        self,
        hidden: Hidden,
        kept: dict[str, Seen],
        limit: int,
        run: Callable[[Callable[[], None]], Awaitable[None]],
    ) -> None:
        self._hidden = hidden
        self._kept = kept
        self._limit = limit
        self._run = run
        self._token = secrets.token_hex(16)
        self._digests = Digests()
        self._size = 0
        self._fd = -1
        self._begun = False

    @property
    def facts(self) -> Facts:
        return Facts(
            size=self._size,
            sha1=self._digests.sha1,
            content_hash=self._digests.content_hash,
            content=TOKEN + self._token,
        )

    async def begin(self) -> None:
        await self._run(self._begin)

    async def write(self, data: bytes) -> None:
        if self._size + len(data) > self._limit:
            raise TooLarge(f"a file has at most {self._limit} bytes here")
        await self._run(partial(self._write, data))

    async def keep(self) -> None:
        await self._run(self._keep)

    async def end(self) -> None:
        await self._run(self._end)

    def _begin(self) -> None:
        with _received():
            incoming = self._hidden.incoming()
            try:
                self._fd = _create(incoming, self._token)
                self._begun = True
            finally:
                os.close(incoming)

    def _write(self, data: bytes) -> None:
        with _received():
            write_all(self._fd, data)
        self._size += len(data)
        self._digests.update(data)

    def _keep(self) -> None:
        with _received():
            os.fsync(self._fd)
            self._kept[self._token] = Seen(*facts_of(os.fstat(self._fd)))
        self._close()

    def _end(self) -> None:
        self._close()
        self._kept.pop(self._token, None)
        if self._begun:
            with suppress(OSError, Unavailable):
                self._hidden.remove(self._token)

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


@contextmanager
def _received() -> Iterator[None]:
    """As `told`, where nothing can go astray: nobody else knows of the place."""
    try:
        with told():
            yield
    except Astray as error:
        raise Unavailable("The disk refused this") from error


def _create(incoming: int, path: str, mode: int = 0o666) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.open(path, flags, mode, dir_fd=incoming)


def _make_folder(incoming: int, path: str, mode: int) -> Seen:
    os.mkdir(path, mode, dir_fd=incoming)
    return Seen(os.stat(path, dir_fd=incoming).st_ino, 0, 0)


def _dated(fd: int, item: Item | None, content: Content) -> Seen:
    """Give a copy the time of what it is a copy of, and of a file on a disk the likeness; sync
    it."""
    if item is not None and item.seen is not None:
        whence = content.fileno()
        if whence is not None:
            take_after(fd, whence)
        os.utime(fd, ns=(item.seen.mtime_ns,) * 2)
    elif item is not None:
        os.utime(fd, ns=(item.content_modified_at * 1_000_000,) * 2)
    os.fsync(fd)
    return Seen(*facts_of(os.fstat(fd)))


def _open_kept(hidden: Hidden, token: str) -> int:
    with _received():
        incoming = hidden.incoming()
        try:
            return os.open(token, os.O_RDONLY | os.O_CLOEXEC, dir_fd=incoming)
        finally:
            os.close(incoming)
