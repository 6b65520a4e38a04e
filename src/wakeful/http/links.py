"""Shared links as URLs: what one leads to, and who is let in.

Rule 1: the key in the URL is a capability for one item: nobody guesses it, and nothing has to be
looked for. It is worth something while the item has that very link.

Rule 2: whoever has shown the password, or that they are of the enterprise, has a **pass**, which is
a capability, too: for a quarter of an hour, for that link with that password, and for as long as
whoever it was given to is let in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import struct
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request

from wakeful.core.errors import NotFound
from wakeful.core.finding import Lineage
from wakeful.core.items import Link, LinkAccess
from wakeful.core.links import link_at
from wakeful.core.lookups.people import NamespaceById, UserById
from wakeful.core.lookups.trees import Lineage as LineageOf
from wakeful.core.passwords import is_password
from wakeful.core.people import Namespace, User
from wakeful.http.recent import Recent
from wakeful.http.requests import base_url
from wakeful.http.services import Services

PREFIX = "/s"
"""Below it are the links."""

PASS_MS = 15 * 60 * 1000
"""How long a pass is good: as long as the URL of a download."""

_KEY = struct.Struct(">Q16s")  # item, nonce
_PASS = struct.Struct(">QQ32s")  # user (0: nobody is known), until when, what it is for
_KEY_PURPOSE, _PASS_PURPOSE = b"shared link", b"link pass"
_AT_WORK = 2  # hashing is slow on purpose


class Opened(NamedTuple):
    """What a link leads to: the last of *lineage*, in a namespace."""

    link: Link
    lineage: Lineage
    namespace: Namespace

    @property
    def item(self) -> int:
        return self.lineage[-1].id


class Links:
    """The shared links of one process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._hashing = asyncio.Semaphore(_AT_WORK)
        self._proven: Recent[bytes, int] = Recent()
        self._secret = secrets.token_bytes(32)

    def new(self, request: Request, item: int) -> tuple[str, str]:
        """The key of a new link to *item*, and its URL."""
        body = _KEY.pack(item, secrets.token_bytes(16))
        key = self._services.access.seal(_KEY_PURPOSE, body)
        return key, f"{base_url(self._services, request)}{PREFIX}/{key}"

    async def opened(self, key: str) -> Opened:
        """Raises NotFound for what is no link, or none any more."""
        body = self._services.access.unseal(_KEY_PURPOSE, key)
        if body is None or len(body) != _KEY.size:
            raise NotFound("Not Found")
        item, _ = _KEY.unpack(body)
        lineage: Lineage = await self._store.ask(LineageOf(item))
        if not lineage or any(each.trashed_at is not None for each in lineage):
            raise NotFound("Not Found")
        link = link_at(lineage[-1].notes, self._services.clock.wall())
        namespace = await self._store.ask(NamespaceById(lineage[-1].namespace))
        if link is None or link.key != key or namespace is None:
            raise NotFound("Not Found")
        return Opened(link, lineage, namespace)

    async def check_password(self, link: Link, password: str) -> bool:
        """Whether *password* is that of *link*. Slow. Raises RateLimited."""
        if not link.hashed:
            return True
        claim = _print(link) + password.encode(errors="replace")
        proof = hmac.digest(self._secret, claim, "sha256")
        now = self._services.clock.wall()
        if (self._proven.get(proof) or 0) > now:
            return True  # SDKs say it with each request
        async with self._hashing:
            self._services.link_guesses.check(link.key)  # again and again: those before it count
            if await asyncio.to_thread(is_password, password, link.hashed):
                self._proven.set(proof, now + PASS_MS)
                return True
            self._services.link_guesses.take(link.key)
        return False

    def lets_in(self, opened: Opened, user: User | None) -> bool:
        """Whether *user*, None for somebody who is not known, is one of those whom the link is
        for; its password is asked for besides."""
        match opened.link.access:
            case LinkAccess.OPEN:
                return True
            case LinkAccess.COMPANY:
                return (
                    user is not None
                    and user.disabled_at is None
                    and user.enterprise == opened.namespace.enterprise
                )
            case LinkAccess.COLLABORATORS:
                return False

    def new_pass(self, link: Link, user: int = 0) -> str:
        """A pass for *link*, given to *user*."""
        until = self._services.clock.wall() + PASS_MS
        body = _PASS.pack(user, until, _print(link))
        return self._services.access.seal(_PASS_PURPOSE, body)

    async def passes(self, opened: Opened, text: str) -> bool:
        """Whether a pass is one for this link, and still good."""
        body = self._services.access.unseal(_PASS_PURPOSE, text)
        if body is None or len(body) != _PASS.size:
            return False
        id, until, print_ = _PASS.unpack(body)
        if until <= self._services.clock.wall():
            return False
        if not hmac.compare_digest(print_, _print(opened.link)):
            return False
        user = await self._store.ask(UserById(id)) if id else None
        return self.lets_in(opened, user)


def key_of(url: str) -> str:
    """The key in the URL of a shared link; whatever stands there where it is none of ours."""
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]


def _print(link: Link) -> bytes:
    """What tells a link with its password from any other."""
    return hashlib.sha256(f"{link.key}\0{link.hashed}".encode()).digest()
