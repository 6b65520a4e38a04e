"""What the routes of the Dropbox dialect do that change something: a plan is made, carried out, and
made anew where something changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from starlette.requests import Request

from wakeful.access import Identity
from wakeful.core.changes import Facts
from wakeful.core.contents import Incoming
from wakeful.core.errors import NameTaken, NotFound, Outdated, TooLarge, Unavailable
from wakeful.core.finding import Lineage
from wakeful.core.people import User
from wakeful.core.terms import Terms
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.actions import Announced, Plan, check_room_for
from wakeful.dialects.dropbox.asked import MOST_UPLOADED
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.locating import told_of
from wakeful.dialects.dropbox.metadata import metadata_of
from wakeful.dialects.dropbox.shapes import Metadata
from wakeful.http.acting import Acting
from wakeful.http.reading import read
from wakeful.http.requests import body_of
from wakeful.http.services import Services


class PayloadTooLarge(TooLarge):
    """More than one request may carry, whatever a file may have."""


Planned = Callable[[Facts | Announced], Steps[Plan]]
"""What makes a file of a content."""

_MOST_TRIES = 50  # of many who ask for a name that is free one comes through at a time


class DropboxActing(Acting):
    """Carries out plans."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.store = services.feed.store

    def terms(self, request: Request, identity: Identity) -> Terms:
        return msgspec.structs.replace(super().terms(request, identity), folds=True)

    async def carry_out(
        self, request: Request, identity: Identity, planned: Callable[[], Steps[Plan]]
    ) -> Lineage:
        """Carry out what *planned* comes to; what is there then, with all above it.

        Raises what planning and `core.tree` raise.
        """
        for left in reversed(range(_MOST_TRIES)):
            plan = await read(self.store, planned())
            if not plan.changes:
                return plan.present
            try:
                return await self.act(request, identity, *plan.changes)
            except (NameTaken, NotFound, Outdated):
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def take_in(
        self, request: Request, identity: Identity, planned: Planned, expected: str | None = None
    ) -> Lineage:
        """Make a file of the body of *request*, whose content hash is to be *expected*.

        Raises Refused, and what `receive`, `core.contents` and `carry_out` raise.
        """
        announced = Announced(announced_size(request), expected)
        plan = await read(self.store, planned(announced))
        terms = self.terms(request, identity)
        size = announced.size or 0
        await read(self.store, check_room_for(identity.user, plan, size, terms))
        async with self.receive(plan.namespace) as incoming:
            await receive(request, incoming)
            if expected not in (None, incoming.facts.content_hash):
                raise Refused("content_hash_mismatch")
            return await self.keep(request, identity, plan.namespace, incoming, planned)

    async def keep(
        self,
        request: Request,
        identity: Identity,
        namespace: int,
        incoming: Incoming,
        planned: Planned,
    ) -> Lineage:
        """Keep what was received for *namespace*, and carry out what is planned with it."""
        await incoming.keep()
        return await self.carry_out(
            request, identity, lambda: _within(namespace, planned(incoming.facts))
        )

    async def metadata(self, user: User, lineage: Lineage) -> Metadata:
        """What *user* is told of the last of *lineage*."""
        return metadata_of(await read(self.store, told_of(user, lineage)), user.home)


def announced_size(request: Request) -> int | None:
    """The bytes of the body, where that is said. Raises PayloadTooLarge."""
    text = request.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit()):
        return None
    size = int(text)
    if size > MOST_UPLOADED:
        raise PayloadTooLarge(f"one request has at most {MOST_UPLOADED} bytes")
    return size


class Writable(Protocol):
    async def write(self, data: bytes) -> None: ...


async def receive(request: Request, incoming: Writable) -> None:
    """Write the body of *request*. Raises what that does, PayloadTooLarge, and as `body_of`."""
    size = 0
    async for data in body_of(request):
        size += len(data)
        if size > MOST_UPLOADED:
            raise PayloadTooLarge(f"one request has at most {MOST_UPLOADED} bytes")
        await incoming.write(data)


def _within(namespace: int, planned: Steps[Plan]) -> Steps[Plan]:
    """*planned*, if it leads to *namespace*, for which a content was received. Raises Unavailable
    where the path leads to another meanwhile."""
    plan = yield from planned
    if plan.namespace != namespace:
        raise Unavailable("the path leads elsewhere by now")
    return plan
