"""The port to the content of files, which the feed itself does not keep.

Only what is recorded is ever given: a file whose content is another by now, or becomes another
while it is read, has none that could be told from a mistake.
"""

from __future__ import annotations

from typing import Protocol

from wakeful.core.errors import Conflict, NotFound
from wakeful.core.items import Item


class NoContent(NotFound):
    """The file is known, but no content of it can be had from this server."""


class ContentChanged(Conflict):
    """A file's content is not what is recorded of it, or not any more."""


class Content(Protocol):
    """The open content of one version of a file. Whoever opened it closes it."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    async def read(self, offset: int, most: int) -> bytes:
        """Up to *most* bytes from *offset*, at least one before the end.

        Raises ContentChanged if the file is not what it was when it was opened.
        """
        ...

    def close(self) -> None: ...


class Contents(Protocol):
    """Where the content of files is."""

    async def open(self, lineage: tuple[Item, ...]) -> Content:
        """The present content of the last of *lineage*, a file with all above it.

        Raises NoContent where there is none here, ContentChanged where it is not what is
        recorded, Unavailable where too much is open already.
        """
        ...


class NoContents:
    """For a server without watched folders."""

    async def open(self, lineage: tuple[Item, ...]) -> Content:
        raise NoContent("The content of this file is not on this server")
