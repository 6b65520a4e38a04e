"""The port to drafts: contents that come in parts, over several requests.

Rule 1: a part is durable when `keep` returns, and survives a restart. What was not kept leaves
nothing.

Rule 2: parts do not overlap. The same bytes again at the same place are no error: whoever was not
answered sends again.

Rule 3: behind the end of a draft that is sealed nothing is added. What is missing before it may
come yet, for parts may come at once.

Rule 4: a draft becomes a content once. Whoever makes it one has it to themselves, and it is gone
when they are done; where they fail, it stays as it was.

Rule 5: what the drafts of one owner hold together is bounded.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from wakeful.core.changes import Facts
from wakeful.core.contents import Content
from wakeful.core.errors import Conflict, Forbidden, NotFound, RateLimited

LIFETIME_MS = 7 * 24 * 3600 * 1000
"""How long a draft may be used, as in Dropbox's API and in Box's."""


class NoDraft(NotFound):
    """There is no such draft, or not any more."""


class PartTaken(Conflict):
    """There are other bytes at the place of a part."""


class DraftSealed(Conflict):
    """Nothing can be added behind the end of the draft."""


class TooManyDrafts(RateLimited):
    """The owner has as many drafts as one may have, or as many bytes in them."""


class Part(msgspec.Struct, frozen=True, order=True):
    """What came in one request: where in the content it stands, its bytes, and their SHA-1."""

    offset: int
    size: int
    sha1: str

    @property
    def end(self) -> int:
        return self.offset + self.size


class Draft(msgspec.Struct, frozen=True):
    """A content on its way. `owner` is the user who began it, at `begun_at` (ms), `note` whatever
    the dialect has to remember of it; `parts` are in the order of their offsets."""

    id: str
    owner: int
    note: str
    begun_at: int
    parts: tuple[Part, ...] = ()
    is_sealed: bool = False

    @property
    def size(self) -> int:
        """The bytes of all parts."""
        return sum(part.size for part in self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing between the parts, or before the first."""
        return not self.parts or self.parts[-1].end == self.size


class IncomingPart(Protocol):
    """A part on its way in, which nobody else sees."""

    @property
    def facts(self) -> Facts:
        """What is known of all that was written so far."""
        ...

    async def write(self, data: bytes) -> None:
        """Add *data* at the end. Raises TooLarge, TooManyDrafts, StoreFull."""
        ...

    async def keep(self, *, seal: bool = False) -> Draft:
        """Make it durable, with *seal* as the last part of its draft; the draft with it.

        Nothing is kept of an empty part. Raises NoDraft, DraftSealed, PartTaken, StoreFull, and
        Unavailable where the disk fails.
        """
        ...


class Drafts(Protocol):
    """Every implementation promises the rules above, and `tests/contract/test_drafts.py` checks."""

    async def begin(self, owner: int, note: str, at: int) -> Draft:
        """A new draft, durable. Raises TooManyDrafts, StoreFull."""
        ...

    def find(self, id: str) -> Draft | None:
        """The draft as it is now."""
        ...

    def add(self, id: str, offset: int) -> AbstractAsyncContextManager[IncomingPart]:
        """A place for a part of a draft, from *offset* on. Entering it raises NoDraft."""
        ...

    def finish(self, id: str) -> AbstractAsyncContextManager[Content]:
        """All that the draft has, in order. When the block ends without an error, the draft is
        gone. Entering it raises NoDraft, also where somebody else finished it meanwhile."""
        ...

    async def drop(self, id: str) -> None:
        """Let the draft be gone, if it is there."""
        ...

    def begun_before(self, at: int) -> tuple[str, ...]:
        """The drafts that were begun before *at* (ms)."""
        ...


class NoDrafts:
    """For a server that keeps no contents."""

    async def begin(self, owner: int, note: str, at: int) -> Draft:
        raise Forbidden("This server keeps no contents")

    def find(self, id: str) -> Draft | None:
        return None

    def add(self, id: str, offset: int) -> AbstractAsyncContextManager[IncomingPart]:
        raise NoDraft("there is no such upload")

    def finish(self, id: str) -> AbstractAsyncContextManager[Content]:
        raise NoDraft("there is no such upload")

    async def drop(self, id: str) -> None:
        """There is none."""

    def begun_before(self, at: int) -> tuple[str, ...]:
        return ()
