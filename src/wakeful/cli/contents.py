"""The content of files, from the watched folders that have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from wakeful.core.contents import Content, NoContent
from wakeful.core.errors import Unavailable
from wakeful.core.items import Item
from wakeful.sources.folder import FolderSource

MOST_OPEN = 200
"""Downloads at a time: each has a descriptor, and some 0.5 MB on its way."""

_THREADS = 4  # disks answer several better than one; more only wait for each other
_RETRY_SECONDS = 5


class WatchedContents:
    """A `core.contents.Contents` of the folders that *sources* tells. Use as a context manager."""

    def __init__(self, sources: Callable[[], Sequence[FolderSource]]) -> None:
        self._sources = sources
        self._open = 0
        self._threads = ThreadPoolExecutor(_THREADS, "content")

    def __repr__(self) -> str:
        return f"<WatchedContents [{self._open} open]>"

    def __enter__(self) -> WatchedContents:
        return self

    def __exit__(self, *exc: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def open(self, lineage: tuple[Item, ...]) -> Content:
        """As `core.contents.Contents`."""
        if self._open >= MOST_OPEN:
            raise Unavailable("too many files are read at present", retry_after=_RETRY_SECONDS)
        source = self._source_of(lineage[-1].namespace)
        self._open += 1
        try:
            return _Counted(await source.open(lineage, self._threads), self._closed)
        except BaseException:
            self._open -= 1
            raise

    def _source_of(self, namespace: int) -> FolderSource:
        for source in self._sources():
            if source.namespace == namespace:
                return source
        raise NoContent("The content of this file is not on this server")

    def _closed(self) -> None:
        self._open -= 1


class _Counted:
    """A content that says when it is closed."""

    def __init__(self, content: Content, closed: Callable[[], None]) -> None:
        self._content = content
        self._closed = closed
        self.read = content.read

    @property
    def size(self) -> int:
        return self._content.size

    def close(self) -> None:
        self._content.close()
        self._closed()
