"""How an upload session becomes a file, whatever the version of the API.

What comes with the call that finishes a session is a part of the file, not of the session: where
the call is refused, the session is as it was, and the same call can be made again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from starlette.requests import Request

from wakeful.access import Identity
from wakeful.core.contents import Content, Incoming
from wakeful.core.digests import Digests
from wakeful.core.drafts import Draft, NoDraft
from wakeful.core.finding import Lineage
from wakeful.dialects.dropbox.actions import Announced
from wakeful.dialects.dropbox.errors import Refused
from wakeful.http.content import CHUNK_BYTES
from wakeful.http.dropbox.acting import DropboxActing, Planned, receive
from wakeful.http.reading import read
from wakeful.http.services import Services

Check = Callable[[Draft | None], None]
"""Raises where a session cannot become a file."""


class Rest(NamedTuple):
    """What comes with the call that finishes a session: its bytes and its content hash, where they
    are said."""

    size: int | None
    expected: str | None

    def after(self, size: int) -> int | None:
        """How much that and *size* bytes before it are."""
        return None if self.size is None else size + self.size

    async def receive(self, request: Request, incoming: Incoming) -> None:
        """Write it at the end of *incoming*. Raises Refused where it is not what was said."""
        hashed = _Hashed(incoming)
        await receive(request, hashed)
        if self.expected not in (None, hashed.digests.content_hash):
            raise Refused("content_hash_mismatch")


class Finishing:
    """Makes files of sessions."""

    def __init__(self, services: Services, acting: DropboxActing) -> None:
        self._drafts = services.drafts
        self._acting = acting

    async def finish(
        self,
        request: Request,
        identity: Identity,
        id: str,
        check: Check,
        planned: Planned,
        rest: Rest | None,
    ) -> Lineage:
        """Make a file of the session *id*, and of the *rest* that the request brings. Raises what
        *check* raises, and as `DropboxActing.take_in`."""
        acting = self._acting
        async with self._whole(id, check) as content:
            size = content.size if rest is None else rest.after(content.size)
            plan = await read(acting.store, planned(Announced(size)))
            async with acting.receive(plan.namespace) as incoming:
                await _copy(content, incoming)
                if rest is not None:
                    await rest.receive(request, incoming)
                return await acting.keep(request, identity, plan.namespace, incoming, planned)

    @asynccontextmanager
    async def _whole(self, id: str, check: Check) -> AsyncIterator[Content]:
        """What a session has, while nobody adds to it."""
        check(self._drafts.find(id))
        try:
            async with self._drafts.finish(id) as content:
                check(self._drafts.find(id))  # again, for somebody may have added to it before
                yield content
        except NoDraft:
            check(None)


class _Hashed:
    """Knows the hash of what is written through it."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self.digests = Digests()

    async def write(self, data: bytes) -> None:
        self.digests.update(data)
        await self._incoming.write(data)


async def _copy(content: Content, incoming: Incoming) -> None:
    offset = 0
    while data := await content.read(offset, CHUNK_BYTES):
        await incoming.write(data)
        offset += len(data)
