"""Downloads: their URLs, and how each is told once.

Rule 1: `GET /2.0/files/:id/content` leads to a URL of its own, as in Box: box-node-sdk 3 takes
nothing else, and all SDKs follow. That URL is a signed capability for one version of one file. It
needs no token, ends after some minutes, and is worth nothing once its grant has ended, its user
may no longer see the file, or the file has another version.

Rule 2: a download is told once (ITEM_DOWNLOAD), when the first byte of it is about to go. All that
comes by one URL is one download; so is what is asked for in ranges, each by a URL of its own,
while the first of these URLs lives.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from typing import NamedTuple

import structlog

from wakeful.access import Access
from wakeful.core.changes import ById, Tell
from wakeful.core.clock import wall_clock
from wakeful.core.errors import NotFound
from wakeful.core.publish import Key
from wakeful.core.terms import Terms
from wakeful.dialects.box.types import classes_of
from wakeful.feed import Feed
from wakeful.http.recent import Recent

LIFE_MS = 15 * 60 * 1000
"""How long a URL can be used, as in Box."""

EVENT = "ITEM_DOWNLOAD"

_PURPOSE = b"download"
_TICKET = struct.Struct(">BQQQQQ8s")
_VERSION = 1

log = structlog.get_logger()


class Ticket(NamedTuple):
    """What a download URL allows: *user*, under *grant*, to read one version of a file, until a
    time in ms. `nonce` names the download."""

    grant: int
    user: int
    item: int
    version: int
    until: int
    nonce: bytes


class Downloads:
    """Gives tickets, and tells of what was downloaded by them."""

    def __init__(self, feed: Feed, access: Access, clock: Callable[[], int] = wall_clock) -> None:
        self._feed = feed
        self._access = access
        self._clock = clock
        # Both may forget: then a download is told as two, and never as none.
        self._in_ranges: Recent[tuple[int, int, int, int], Ticket] = Recent()
        self._told: Recent[bytes, bool] = Recent()

    def begin(self, grant: int, user: int, item: int, version: int, *, in_ranges: bool) -> Ticket:
        """A download that begins now; *in_ranges*: unless it is one that is under way."""
        who_and_what = (grant, user, item, version)
        ticket = self._in_ranges.get(who_and_what) if in_ranges else None
        now = self._clock()
        if ticket is None or ticket.until <= now:
            ticket = Ticket(*who_and_what, now + LIFE_MS, secrets.token_bytes(8))
            if in_ranges:
                self._in_ranges.set(who_and_what, ticket)
        return ticket

    def sealed(self, ticket: Ticket) -> str:
        """The text of a ticket, URL-safe."""
        return self._access.seal(_PURPOSE, _TICKET.pack(_VERSION, *ticket))

    async def opened(self, text: str) -> Ticket:
        """What a ticket says, if it is ours and still good. Raises NotFound."""
        body = self._access.unseal(_PURPOSE, text)
        if body is None or len(body) != _TICKET.size:
            raise NotFound("Not Found")
        version, *values = _TICKET.unpack(body)
        ticket = Ticket(*values)
        if version != _VERSION or ticket.until <= self._clock():
            raise NotFound("Not Found")
        if not (await self._access.load_grant(ticket.grant)).may_follow(ticket.user):
            raise NotFound("Not Found")
        return ticket

    async def tell(self, ticket: Ticket, owner: int, ip: str | None) -> None:
        """Tell *owner* of the download, once. Never raises: it is the reader's file already."""
        if self._told.get(ticket.nonce):
            return
        self._told.set(ticket.nonce, True)
        event = Tell(
            type=EVENT, classes=classes_of(EVENT), item=ById(ticket.item), audience=(owner,), ip=ip
        )
        # A zero byte, which no header can have: nobody else's key is ever equal.
        key = Key(ticket.grant, f"\0download {ticket.nonce.hex()}", ticket.nonce.ljust(32, b"\0"))
        try:
            bearer = (await self._access.load_grant(ticket.grant)).user
            action_by = None if bearer == ticket.user else bearer
            await self._feed.publish(ticket.user, (event,), key, Terms(action_by=action_by))
        except Exception:
            self._told.set(ticket.nonce, False)
            log.exception(
                "download not told", user=ticket.user, item=ticket.item, version=ticket.version
            )
