"""Who may do what: tokens, grants, revocation, and the signatures of channels.

Rule 1: a token is looked up by its hash and cached; revocation goes through this object,
which forgets what it cached, so that it takes effect at once.

Rule 2: a channel is a capability that names a stream, a grant, a class and the position at
which it was made, and carries a signature instead of an entry in a table: it outlives a
restart and never expires. It is bound to the grant, not to a token: SDKs go on with the
same channel after they refreshed their token. Only revoking the grant ends it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
import struct
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from wakeful.core.accounts import digest_of, revoke_grant, revoke_token
from wakeful.core.errors import Forbidden, NotFound, Unauthenticated
from wakeful.core.events import StreamClass
from wakeful.core.items import Grant, Token, User
from wakeful.core.lookups import GrantById, Setting, TokenByDigest, UserById
from wakeful.core.ports import Store
from wakeful.core.writes import PutSetting, Steps

T = TypeVar("T")

ALL_SCOPES = (
    "root_readwrite",
    "manage_managed_users",
    "manage_groups",
    "manage_webhook",
    "manage_enterprise_properties",
    "manage_data_retention",
)
"""Everything that a grant can allow (Box's names)."""

_MOST_CACHED = 100_000
_SECRET_SETTING = "access.secret"
_CHANNEL = struct.Struct(">BQQBQ8s")  # version, stream, grant, class, position, nonce
_CHANNEL_VERSION = 1
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a user (that of the token, or the one acted for), under a grant."""

    user: int
    enterprise: int
    grant: int
    scopes: frozenset[str]
    is_admin: bool
    token: int
    expires_at: int | None  # ms

    def require(self, scope: str) -> None:
        """Raise Forbidden unless the grant has *scope*."""
        if scope not in self.scopes:
            raise Forbidden(f"the grant does not have the scope {scope}")


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel's text says."""

    stream: int
    grant: int
    cls: StreamClass
    position: int  # the stream's head, as a wire position, when the channel was made
    nonce: bytes  # 8 bytes; tells channels apart that are alike otherwise


def wall_clock() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


class Access:
    """The gate of one process. Make it with `open_access`."""

    def __init__(self, store: Store, secret: bytes, clock: Callable[[], int] = wall_clock) -> None:
        self._store = store
        self._key = secret
        self._clock = clock
        self._identities: dict[bytes, Identity] = {}
        self._grants: dict[int, bool] = {}  # whether it is alive
        self._revoked: list[Callable[[int], None]] = []
        self._ending: set[asyncio.Task[Any]] = set()
        self._revocations = 0  # how many there were: a load that overlaps one is repeated

    # --- tokens ---

    def known(self, token: str) -> Identity | None:
        """Who bears *token*, if that is cached. Raises Unauthenticated for an expired one."""
        identity = self._identities.get(digest_of(token))
        if identity is not None:
            self._check_expiry(identity)
        return identity

    async def identify(self, token: str) -> Identity:
        """Who bears *token*; raises Unauthenticated."""
        identity = self.known(token)
        if identity is None:
            digest = digest_of(token)
            identity = await self._load_settled(digest)
            self._check_expiry(identity)
            if len(self._identities) >= _MOST_CACHED:
                self._identities.clear()
            self._identities[digest] = identity
        return identity

    async def act_for(self, identity: Identity, user: int) -> Identity:
        """An admin's identity in the name of another user of the enterprise (`As-User`)."""
        if user == identity.user:
            return identity
        found = await self._store.ask(UserById(user))
        if not identity.is_admin or "manage_managed_users" not in identity.scopes:
            raise Forbidden("only an admin with manage_managed_users acts for others")
        if found is None or found.enterprise != identity.enterprise:
            raise Forbidden("no such user to act for")
        return Identity(
            user=found.id,
            enterprise=identity.enterprise,
            grant=identity.grant,
            scopes=identity.scopes,
            is_admin=found.is_admin,
            token=identity.token,
            expires_at=identity.expires_at,
        )

    def _check_expiry(self, identity: Identity) -> None:
        if identity.expires_at is not None and identity.expires_at <= self._clock():
            raise Unauthenticated("the token has expired")

    async def _load_settled(self, digest: bytes) -> Identity:
        """What is loaded while something is revoked may be old already: then load again."""
        while True:
            revocations = self._revocations
            identity = await self._load(digest)
            if revocations == self._revocations:
                return identity

    async def _load(self, digest: bytes) -> Identity:
        token = await self._store.ask(TokenByDigest(digest))
        if token is None or token.revoked_at is not None:
            raise Unauthenticated("no such token")
        grant = await self._store.ask(GrantById(token.grant))
        if grant is None or grant.revoked_at is not None:
            raise Unauthenticated("the grant of this token was revoked")
        user: User | None = await self._store.ask(UserById(grant.user))
        if user is None:
            raise Unauthenticated("the user of this token is gone")
        return Identity(
            user=user.id,
            enterprise=user.enterprise,
            grant=grant.id,
            scopes=frozenset(grant.scopes),
            is_admin=user.is_admin,
            token=token.id,
            expires_at=token.expires_at,
        )

    # --- grants ---

    def grant_known(self, grant: int) -> bool | None:
        """Whether a grant is alive; None where that is not cached (see `grant_alive`)."""
        return self._grants.get(grant)

    async def grant_alive(self, grant: int) -> bool:
        """Whether a grant is alive."""
        alive = self._grants.get(grant)
        while alive is None:
            revocations = self._revocations
            found = await self._store.ask(GrantById(grant))
            if revocations != self._revocations:
                continue
            alive = found is not None and found.revoked_at is None
            if len(self._grants) >= _MOST_CACHED:
                self._grants.clear()
            self._grants[grant] = alive
        return alive

    # --- revocation ---

    def on_revoked(self, heard: Callable[[int], None]) -> None:
        """Call *heard* with the id of each grant that is revoked, to end its polls."""
        self._revoked.append(heard)

    async def revoke_token(self, token: int) -> Token:
        """End one token at once. Polls go on: they are bound to the grant. Raises NotFound."""

        async def end() -> Token:
            revoked = await self._store.commit(revoke_token(token))
            self._revocations += 1
            self._identities.pop(revoked.digest, None)
            return revoked

        return await self._to_the_end(end())

    async def revoke_grant(self, grant: int) -> Grant:
        """End a grant, its tokens, its channels and its parked polls at once. Raises NotFound."""

        async def end() -> Grant:
            revoked = await self._store.commit(revoke_grant(grant))
            self._revocations += 1
            self._grants[grant] = False
            self._identities = {
                digest: identity
                for digest, identity in self._identities.items()
                if identity.grant != grant
            }
            for heard in self._revoked:
                heard(grant)
            return revoked

        return await self._to_the_end(end())

    async def _to_the_end(self, revocation: Coroutine[None, None, T]) -> T:
        """Carry out *revocation*, though who asked for it may be cancelled: what is revoked in
        the store must not live on in the cache."""
        task = asyncio.create_task(revocation, name="revocation")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return await asyncio.shield(task)

    # --- channels ---

    def channel(self, stream: int, grant: int, cls: StreamClass, position: int) -> str:
        """The URL-safe text of a new channel."""
        nonce = secrets.token_bytes(8)
        body = _CHANNEL.pack(_CHANNEL_VERSION, stream, grant, cls, position, nonce)
        return _text(body + self._sign(b"channel", body))

    def open_channel(self, text: str) -> Channel:
        """What the text of a channel says; raises NotFound for one that is not ours."""
        try:
            raw = base64.b64decode(
                text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
            )
        except (UnicodeEncodeError, binascii.Error):
            raise NotFound("no such channel") from None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        # Base64 has several texts for the same bytes: only the one that was given out counts.
        if len(body) != _CHANNEL.size or _text(raw) != text:
            raise NotFound("no such channel")
        if not hmac.compare_digest(mac, self._sign(b"channel", body)):
            raise NotFound("no such channel")
        version, stream, grant, cls, position, nonce = _CHANNEL.unpack(body)
        if version != _CHANNEL_VERSION:
            raise NotFound("no such channel")
        return Channel(stream, grant, StreamClass(cls), position, nonce)

    def _sign(self, purpose: bytes, body: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + body, "sha256")[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def open_access(store: Store, clock: Callable[[], int] = wall_clock) -> Access:
    """The gate of a store, with its signing secret, which is made when there is none."""
    secret = await store.commit(_own_secret)
    return Access(store, secret, clock)


def _own_secret(now: int) -> Steps[bytes]:
    present: bytes | None = yield Setting(_SECRET_SETTING)
    if present is None:
        present = secrets.token_bytes(32)
        yield PutSetting(_SECRET_SETTING, present)
    return present
