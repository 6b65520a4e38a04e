"""The content of files: of watched folders from the disk, of all else from the shelf."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from wakeful.core.contents import Content, Incoming, NoContent, Shelf
from wakeful.core.errors import Unavailable
from wakeful.core.items import Item
from wakeful.core.watched import check_unwatched

if TYPE_CHECKING:
    from wakeful.sources.folder import FolderSource

MOST_OPEN = 200
"""Downloads at a time: each has a descriptor, and some 0.5 MB on its way."""

MOST_INCOMING = 100
"""Uploads at a time, for the same reasons."""

_THREADS = 4  # disks answer several better than one; more only wait for each other
_RETRY_SECONDS = 5


class ServedContents:
    """The `core.contents.Contents` of a server. Use as a context manager.

    *sources* tells the folders that are followed, *watched* their namespaces, which are known
    before; everything else is on *shelf*. Where they are *read_only*, nothing is put into those.
    """

    def __init__(
        self,
        sources: Callable[[], Sequence[FolderSource]],
        watched: Set[int],
        shelf: Shelf,
        *,
        read_only: bool = False,
    ) -> None:
        self._sources = sources
        self._watched = watched
        self._shelf = shelf
        self._refused = watched if read_only else frozenset[int]()
        self._open = 0
        self._incoming = 0
        self._threads = ThreadPoolExecutor(_THREADS, "content")

    def __repr__(self) -> str:
        return f"<ServedContents [{self._open} open, {self._incoming} incoming]>"

    def __enter__(self) -> ServedContents:
        return self

    def __exit__(self, *exc: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def open(self, lineage: tuple[Item, ...]) -> Content:
        """As `core.contents.Contents`."""
        if self._open >= MOST_OPEN:
            raise Unavailable("too many files are read at present", retry_after=_RETRY_SECONDS)
        self._open += 1
        try:
            return _Counted(await self._opened(lineage), self._closed)
        except BaseException:
            self._open -= 1
            raise

    def receive(self, namespace: int) -> AbstractAsyncContextManager[Incoming]:
        """As `core.contents.Contents`."""
        check_unwatched(namespace, self._refused)
        return self._receive(namespace)

    @asynccontextmanager
    async def _receive(self, namespace: int) -> AsyncIterator[Incoming]:
        if self._incoming >= MOST_INCOMING:
            raise Unavailable("too many uploads are under way", retry_after=_RETRY_SECONDS)
        self._incoming += 1
        try:
            async with self._place(namespace) as incoming:
                yield incoming
        finally:
            self._incoming -= 1

    def _place(self, namespace: int) -> AbstractAsyncContextManager[Incoming]:
        if namespace not in self._watched:
            return self._shelf.receive()
        for source in self._sources():
            if source.namespace == namespace:
                return source.receive()
        raise Unavailable("the watched folder is not followed yet", retry_after=_RETRY_SECONDS)

    async def _opened(self, lineage: tuple[Item, ...]) -> Content:
        file = lineage[-1]
        for source in self._sources():
            if source.namespace == file.namespace:
                return await source.open(lineage, self._threads)
        if not file.content or file.namespace in self._watched:
            raise NoContent("The content of this file is not on this server")
        return await self._shelf.open(file.content)

    def _closed(self) -> None:
        self._open -= 1


class _Counted:
    """A content that says when it is closed."""

    def __init__(self, content: Content, closed: Callable[[], None]) -> None:
        self._content = content
        self._closed = closed
        self.read = content.read
        self.fileno = content.fileno

    @property
    def size(self) -> int:
        return self._content.size

    def close(self) -> None:
        self._content.close()
        self._closed()
