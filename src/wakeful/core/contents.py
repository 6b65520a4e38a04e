"""The ports to the content of files, which the feed itself does not keep.

Rule 1: only what is recorded is ever given: a file whose content is another by now, or becomes
another while it is read, has none that could be told from a mistake.

Rule 2: a content is durable before the commit that names it. Whoever brings one keeps it first
and publishes then; a crash in between leaves a content that nobody names, and never a name
without its content.

Rule 3: a content that is kept is known by its address, the SHA-256 of its bytes as this server
received them. Never by a hash that a client claims: a claim must not open what is somebody
else's.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from wakeful.core.changes import Facts
from wakeful.core.errors import Conflict, Forbidden, NotFound
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

    def fileno(self) -> int | None:
        """The descriptor of the file that it is, for copying it as a whole; None where it is none.
        Whoever copies reads something afterwards, to learn whether it changed meanwhile."""
        ...

    async def read(self, offset: int, most: int) -> bytes:
        """Up to *most* bytes from *offset*, at least one before the end.

        Raises ContentChanged if the file is not what it was when it was opened.
        """
        ...

    def close(self) -> None: ...


class Incoming(Protocol):
    """A content on its way in, which nobody else sees."""

    @property
    def facts(self) -> Facts:
        """What is known of all that was written so far."""
        ...

    async def write(self, data: bytes) -> None:
        """Add *data* at the end. Raises TooLarge beyond the limit, StoreFull on a full disk."""
        ...

    async def keep(self) -> None:
        """Make it durable at its address; nothing is written after that.

        It stays while it is being received, and then for as long as an item names it.
        Raises StoreFull, and Unavailable where the disk fails.
        """
        ...


class Contents(Protocol):
    """Where the content of files is, and where new content comes."""

    async def open(self, lineage: tuple[Item, ...]) -> Content:
        """The present content of the last of *lineage*, a file with all above it.

        Raises NoContent where there is none here, ContentChanged where it is not what is
        recorded, Unavailable where too much is open already.
        """
        ...

    def receive(self, namespace: int) -> AbstractAsyncContextManager[Incoming]:
        """A place for a content that is to be that of a file in *namespace*.

        When the block ends, nothing stays but what was kept and is named by an item.
        Entering it raises Forbidden where nothing can be put there, Unavailable where too
        much is on its way already, StoreFull on a full disk.
        """
        ...


class NoContents:
    """For a server that keeps no contents."""

    async def open(self, lineage: tuple[Item, ...]) -> Content:
        raise NoContent("The content of this file is not on this server")

    def receive(self, namespace: int) -> AbstractAsyncContextManager[Incoming]:
        raise Forbidden("This server keeps no contents")


class Shelf(Protocol):
    """Contents by their addresses. Every implementation promises, and
    `tests/contract/test_contents.py` checks:

    - What was kept is durable when `keep` returns, whole and at its address.
    - What is being received, or was kept and is still being received, is never removed.
    - `remove` takes away only what was condemned and has not been kept again since.
    - What is open stays readable when it is removed.
    """

    def receive(self) -> AbstractAsyncContextManager[Incoming]:
        """A place for a content, as `Contents.receive`."""
        ...

    async def open(self, address: str) -> Content:
        """Raises NoContent."""
        ...

    async def after(self, address: str, limit: int) -> tuple[str, ...]:
        """The addresses of kept contents greater than *address*, ascending, *limit* at most."""
        ...

    def released(self) -> tuple[str, ...]:
        """The addresses that were kept and are no longer being received, since the last call:
        their items may have been refused."""
        ...

    def condemn(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Those of *addresses* that nobody is bringing at present. Whoever brings one of them
        from now on pardons it."""
        ...

    async def remove(self, addresses: tuple[str, ...]) -> int:
        """Remove those of *addresses* that are still condemned; how many went."""
        ...
