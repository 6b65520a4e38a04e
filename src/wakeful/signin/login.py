"""How people log in to the pages, and stay so for a while.

Rule 1: a session is a text with our signature that names a user, the password by which they
logged in, and when it ends. It is worth nothing once they have another password, or are disabled.

Rule 2: hashing is slow on purpose, so no more than two are at work, and few wait for that: who
guesses is sent away, and holds up neither the server nor, for long, who logs in.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Callable

from wakeful.access import Access
from wakeful.core.clock import wall_clock
from wakeful.core.credentials import Password
from wakeful.core.errors import Unauthenticated, Unavailable
from wakeful.core.lookups.credentials import PasswordOf
from wakeful.core.lookups.people import UserById, UserByLogin
from wakeful.core.passwords import is_password
from wakeful.core.people import User
from wakeful.core.ports import Store

SESSION_MS = 3600 * 1000
"""How long somebody stays logged in: as long as it takes to allow a few apps."""

_SESSION = struct.Struct(">QQ16s")  # user, when it ends, password
_PURPOSE = b"session"
_AT_WORK = 2
_MOST_WAITING, _WAIT_SECONDS = 20, 2  # how long they take


class LogIn:
    """The log-in of one process."""

    def __init__(self, store: Store, access: Access, clock: Callable[[], int] = wall_clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._hashing = asyncio.Semaphore(_AT_WORK)
        self._waiting = 0

    async def session(self, login: str, password: str) -> str:
        """The session of who logs in. Raises Unauthenticated, in one and the same words whatever
        was wrong, and after the same time; and Unavailable where too many do."""
        user = await self._store.ask(UserByLogin(login))
        kept = None if user is None else await self._store.ask(PasswordOf(user.id))
        is_right = await self._is_password(password, None if kept is None else kept.hashed)
        if not is_right or user is None or kept is None or not _may_log_in(user):
            raise Unauthenticated("The login or the password is wrong.")
        body = _SESSION.pack(user.id, self._clock() + SESSION_MS, _print(kept))
        return self._access.seal(_PURPOSE, body)

    async def _is_password(self, password: str, hashed: str | None) -> bool:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("too many people log in at once", retry_after=_WAIT_SECONDS)
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(is_password, password, hashed)
        finally:
            self._waiting -= 1

    async def user(self, session: str) -> User | None:
        """Who is logged in by *session*; None where it is none, or has ended."""
        body = self._access.unseal(_PURPOSE, session)
        if body is None or len(body) != _SESSION.size:
            return None
        id, ends_at, print_ = _SESSION.unpack(body)
        if ends_at <= self._clock():
            return None
        user = await self._store.ask(UserById(id))
        kept = await self._store.ask(PasswordOf(id))
        if user is None or kept is None or not _may_log_in(user) or _print(kept) != print_:
            return None
        return user


def _may_log_in(user: User) -> bool:
    return user.disabled_at is None and user.app is None


def _print(password: Password) -> bytes:
    """What tells this password from the one before, and from none other."""
    return hashlib.sha256(password.hashed.encode()).digest()[:16]
