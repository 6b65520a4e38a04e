"""Drafts by their rules, wherever their bytes are.

What is known of all drafts is in memory, and read again from the bench at the start: they are few.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from msgspec.structs import replace

from wakeful.contents.hashes import Hashes
from wakeful.core.changes import Facts
from wakeful.core.contents import Content, ContentChanged
from wakeful.core.drafts import Draft, DraftSealed, NoDraft, Part, PartTaken, TooManyDrafts
from wakeful.core.errors import TooLarge

MOST_DRAFTS = 2_000
"""Of one owner: Dropbox's clients begin up to 1,000 at once."""

FILES_HELD = 4
"""So many files of the greatest size may one owner have in drafts."""

_RETRY_SECONDS = 60


class Sheet(Protocol):
    """The bytes of one part on their way in."""

    async def write(self, data: bytes) -> None: ...

    async def keep(self, part: Part) -> None:
        """Let what was written be *part*, durably."""
        ...

    async def end(self) -> None:
        """Forget what was not kept."""
        ...


class Bench(Protocol):
    """Where the bytes of drafts are."""

    def load(self) -> Iterable[Draft]:
        """The drafts that were there before."""
        ...

    async def begin(self, draft: Draft) -> None:
        """Remember *draft*, durably."""
        ...

    async def sheet(self, id: str) -> Sheet:
        """A place for a part of a draft that is there."""
        ...

    async def seal(self, id: str) -> None:
        """Remember that it is sealed, durably."""
        ...

    async def drop(self, id: str) -> None:
        """Remove all of a draft."""
        ...

    async def read(self, id: str, part: Part, offset: int, most: int) -> bytes:
        """Up to *most* bytes of a part from *offset* in it, at least one."""
        ...


class KeptDrafts:
    """The `core.drafts.Drafts` on a *bench*; *limit* is the greatest size of a file, in bytes."""

    def __init__(self, bench: Bench, limit: int) -> None:
        self._bench = bench
        self._limit = limit
        self._drafts: dict[str, Draft] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._counts: dict[int, int] = {}
        self._held: dict[int, int] = {}  # bytes of an owner, those on their way among them
        for draft in bench.load():
            self._put(draft)
            self._hold(draft.owner, draft.size)

    def __repr__(self) -> str:
        return f"<KeptDrafts [{len(self._drafts)} drafts]>"

    async def begin(self, owner: int, note: str, at: int) -> Draft:
        if self._counts.get(owner, 0) >= MOST_DRAFTS:
            raise TooManyDrafts("too many uploads were begun", retry_after=_RETRY_SECONDS)
        draft = Draft(secrets.token_hex(16), owner, note, at)
        self._put(draft)
        try:
            await self._bench.begin(draft)
        except BaseException:
            self._forget(draft)
            raise
        return draft

    def find(self, id: str) -> Draft | None:
        return self._drafts.get(id)

    @asynccontextmanager
    async def add(self, id: str, offset: int) -> AsyncIterator[_Incoming]:
        owner = self._found(id).owner
        part = _Incoming(self, id, owner, offset, await self._bench.sheet(id), self._limit)
        try:
            yield part
        finally:
            await part.end()

    @asynccontextmanager
    async def finish(self, id: str) -> AsyncIterator[Content]:
        async with self._alone(id) as draft:
            yield _Joined(self._bench, draft)
            await self._remove(draft)

    async def drop(self, id: str) -> None:
        if id in self._drafts:
            async with self._alone(id) as draft:
                await self._remove(draft)

    def begun_before(self, at: int) -> tuple[str, ...]:
        return tuple(draft.id for draft in self._drafts.values() if draft.begun_at < at)

    async def keep(
        self, id: str, offset: int, sheet: Sheet, facts: Facts, seal: bool
    ) -> tuple[Draft, bool]:
        """Add a part to its draft; the draft, and whether the part takes any room there."""
        async with self._alone(id) as draft:
            part = Part(offset, facts.size, facts.sha1)
            is_new = part.size > 0 and part not in draft.parts
            if is_new:
                end = draft.parts[-1].end if draft.parts else 0
                if draft.is_sealed and part.end > end:
                    raise DraftSealed("nothing can be added to this upload any more")
                _check_free(draft, part)
                if draft.size + part.size > self._limit:
                    raise TooLarge(f"a file has at most {self._limit} bytes here")
                await sheet.keep(part)
                draft = replace(draft, parts=tuple(sorted((*draft.parts, part))))
                self._drafts[id] = draft
            if seal and not draft.is_sealed:
                await self._bench.seal(id)
                draft = self._drafts[id] = replace(draft, is_sealed=True)
            return draft, is_new

    def check_room(self, owner: int, size: int) -> None:
        """Raise TooManyDrafts if *owner* may not have *size* bytes more."""
        if self._held.get(owner, 0) + size > self._limit * FILES_HELD:
            raise TooManyDrafts("too much was uploaded in parts", retry_after=_RETRY_SECONDS)

    def hold(self, owner: int, size: int) -> None:
        """Count *size* bytes more, or fewer, as those of *owner*."""
        self._hold(owner, size)

    def _found(self, id: str) -> Draft:
        draft = self._drafts.get(id)
        if draft is None:
            raise NoDraft("there is no such upload")
        return draft

    @asynccontextmanager
    async def _alone(self, id: str) -> AsyncIterator[Draft]:
        """The draft, with which nobody else does anything meanwhile."""
        self._found(id)
        async with self._locks[id]:
            yield self._found(id)

    async def _remove(self, draft: Draft) -> None:
        # Gone for everybody first: what cannot be removed now goes at the next start.
        self._forget(draft)
        self._hold(draft.owner, -draft.size)
        await self._bench.drop(draft.id)

    def _put(self, draft: Draft) -> None:
        self._drafts[draft.id] = draft
        self._locks[draft.id] = asyncio.Lock()
        self._counts[draft.owner] = self._counts.get(draft.owner, 0) + 1

    def _forget(self, draft: Draft) -> None:
        del self._drafts[draft.id], self._locks[draft.id]
        self._counts[draft.owner] -= 1
        if not self._counts[draft.owner]:
            del self._counts[draft.owner]

    def _hold(self, owner: int, size: int) -> None:
        left = self._held.get(owner, 0) + size
        if left:
            self._held[owner] = left
        else:
            self._held.pop(owner, None)


class _Incoming:
    """A `core.drafts.IncomingPart`."""

    def __init__(
        self, drafts: KeptDrafts, id: str, owner: int, offset: int, sheet: Sheet, limit: int
    ) -> None:
        self._drafts = drafts
        self._id = id
        self._owner = owner
        self._offset = offset
        self._sheet = sheet
        self._hashes = Hashes(limit)
        self._held = 0

    @property
    def facts(self) -> Facts:
        return self._hashes.facts

    async def write(self, data: bytes) -> None:
        self._hashes.check_room(len(data))
        self._drafts.check_room(self._owner, len(data))
        self._drafts.hold(self._owner, len(data))
        self._held += len(data)
        self._hashes.update(data)
        await self._sheet.write(data)

    async def keep(self, *, seal: bool = False) -> Draft:
        # To its end, whoever is cancelled meanwhile: a part that is on the disk has to be known.
        keeping = asyncio.ensure_future(self._keep(seal))
        try:
            return await asyncio.shield(keeping)
        except asyncio.CancelledError:
            await asyncio.wait([keeping])
            raise

    async def _keep(self, seal: bool) -> Draft:
        draft, is_new = await self._drafts.keep(
            self._id, self._offset, self._sheet, self.facts, seal
        )
        if is_new:
            self._held = 0
        return draft

    async def end(self) -> None:
        self._drafts.hold(self._owner, -self._held)
        await self._sheet.end()


class _Joined:
    """A `core.contents.Content`: the parts of a draft, one after another."""

    def __init__(self, bench: Bench, draft: Draft) -> None:
        self._bench = bench
        self._id = draft.id
        self._parts = draft.parts
        self._starts = [part.offset for part in draft.parts]
        self.size = draft.size

    def fileno(self) -> int | None:
        return None

    async def read(self, offset: int, most: int) -> bytes:
        if offset >= self.size:
            return b""
        part = self._parts[bisect(self._starts, offset) - 1]
        start = offset - part.offset
        data = await self._bench.read(self._id, part, start, min(most, part.size - start))
        if not data:
            raise ContentChanged("a part of this upload is damaged")
        return data

    def close(self) -> None:
        """Nothing is held."""


def _check_free(draft: Draft, part: Part) -> None:
    """Raise PartTaken if *part* lies over another."""
    index = bisect([each.offset for each in draft.parts], part.offset)
    before = draft.parts[index - 1] if index else None
    after = draft.parts[index] if index < len(draft.parts) else None
    if (before is not None and before.end > part.offset) or (
        after is not None and part.end > after.offset
    ):
        raise PartTaken("other bytes of this upload are at that place already")
