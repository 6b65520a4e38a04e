"""Who may do what: tokens, grants, revocation.

A token is looked up by its hash and cached; so is what a grant is worth, with its user
and its app. Whatever takes something away goes through this object, which forgets what it
cached and tells those who keep polls, so that it takes effect at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from wakeful.capabilities import Capabilities, own_secret
from wakeful.core.accounts import Revoked, digest_of, revoke_grant, revoke_token
from wakeful.core.clock import wall_clock
from wakeful.core.credentials import App, Grant, Token, TokenKind
from wakeful.core.errors import Forbidden, TokenExpired, Unauthenticated, UserDisabled
from wakeful.core.lookups.credentials import AppById, GrantById, TokenByDigest, TokenById
from wakeful.core.lookups.people import DisabledUsers, UserById
from wakeful.core.people import User
from wakeful.core.ports import Store
from wakeful.core.scopes import ALL_SCOPES as ALL_SCOPES
from wakeful.core.scopes import ENTERPRISE_SCOPE, USERS_SCOPE, included, narrowed
from wakeful.core.writes import Command

T = TypeVar("T")

_MOST_CACHED = 100_000
_KEY_BYTES = 16  # of a token's digest: nobody finds another token with the same


class Identity(msgspec.Struct, frozen=True, gc=False):
    """Who asks: a user (that of the token, or the one acted for), under a grant.

    `home` is the namespace of the user's own, the same for good. `scopes` are those of the token
    with all that they include; `item` is the one file or folder that the token is restricted to.
    `action_by` is the user of the token, where another is acted for.
    """

    user: int
    enterprise: int
    home: int
    grant: int
    scopes: frozenset[str]
    is_admin: bool
    token: int
    expires_at: int | None  # ms
    item: int | None = None
    app: int | None = None  # the registered app
    action_by: int | None = None

    def require(self, scope: str) -> None:
        """Raise Forbidden unless the token has *scope*."""
        if scope not in self.scopes:
            raise Forbidden(f"the token does not have the scope {scope}")


class Standing(msgspec.Struct, frozen=True):
    """What the grants of many users are worth alike."""

    enterprise: int
    app: int | None
    is_alive: bool
    is_admin: bool
    scopes: frozenset[str]  # with all that they include
    is_disabled: bool = False  # the user
    disabled: frozenset[int] = frozenset()  # users, of those for whom its bearer may act

    @property
    def acts_for_others(self) -> bool:
        return self.is_admin and USERS_SCOPE in self.scopes


class Worth(msgspec.Struct, frozen=True, gc=False):
    """What a grant is worth at the moment, through its user and its app. Small: each user with a
    parked poll has one."""

    user: int
    standing: Standing

    @property
    def app(self) -> int | None:
        return self.standing.app

    @property
    def is_alive(self) -> bool:
        return self.standing.is_alive

    def may_follow(self, stream: int) -> bool:
        """Whether its bearer may be told that *stream* has grown: their own; as an admin the
        enterprise's, or that of a user of the enterprise, as whom they once asked for it."""
        standing = self.standing
        if not standing.is_alive:
            return False
        if stream == self.user:
            return True
        if stream == standing.enterprise:
            return standing.is_admin and ENTERPRISE_SCOPE in standing.scopes
        return standing.acts_for_others and stream not in standing.disabled


class Concerned(msgspec.Struct, frozen=True):
    """Whom a change concerns: one grant, or all grants of a user or of an app."""

    grant: int | None = None
    user: int | None = None
    app: int | None = None

    def has(self, grant: int, user: int, app: int | None) -> bool:
        return grant == self.grant or user == self.user or (app is not None and app == self.app)


_NOTHING = Worth(0, Standing(0, None, is_alive=False, is_admin=False, scopes=frozenset()))


class Access(Capabilities):
    """The gate of one process, with the capabilities of its store. Make it with `open_access`."""

    def __init__(self, store: Store, secret: bytes, clock: Callable[[], int] = wall_clock) -> None:
        super().__init__(secret)
        self._store = store
        self._clock = clock
        self._identities: dict[bytes, Identity] = {}
        self._grants: dict[int, Worth] = {}
        self._standings: dict[Standing, Standing] = {}  # each of them once
        self._withdrawn: list[Callable[[], None]] = []
        self._ending: set[asyncio.Task[Any]] = set()
        self._withdrawals = 0  # how many there were: a load that overlaps one is repeated

    # --- tokens ---

    def known(self, token: str) -> Identity | None:
        """Who bears *token*, if that is cached. Raises Unauthenticated for an expired one."""
        return self.known_by(digest_of(token))

    def known_by(self, digest: bytes) -> Identity | None:
        """As `known`, by the `digest_of` the token."""
        identity = self._identities.get(digest[:_KEY_BYTES])
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
            self._identities[digest[:_KEY_BYTES]] = identity
        return identity

    async def act_for(self, identity: Identity, user: int) -> Identity:
        """An admin's identity in the name of another user of the enterprise (`As-User`)."""
        if user == identity.user:
            return identity
        found = await self._store.ask(UserById(user))
        if not identity.is_admin or USERS_SCOPE not in identity.scopes:
            raise Forbidden(f"only an admin with {USERS_SCOPE} acts for others")
        if identity.item is not None:
            raise Forbidden("a token that is restricted to an item acts for nobody else")
        if found is None or found.enterprise != identity.enterprise or found.disabled_at:
            raise Forbidden("no such user to act for")
        return Identity(
            user=found.id,
            enterprise=identity.enterprise,
            home=found.home,
            grant=identity.grant,
            scopes=identity.scopes,
            is_admin=found.is_admin,
            token=identity.token,
            expires_at=identity.expires_at,
            app=identity.app,
            action_by=identity.user,
        )

    def _check_expiry(self, identity: Identity) -> None:
        if identity.expires_at is not None and identity.expires_at <= self._clock():
            raise TokenExpired("the token has expired")

    async def _load_settled(self, digest: bytes) -> Identity:
        """What is loaded while something is withdrawn may be old already: then load again."""
        while True:
            withdrawals = self._withdrawals
            identity, worth = await self._load(digest)
            if withdrawals == self._withdrawals:
                # Whoever asks is likely to wait, too.
                self._keep(identity.grant, worth)
                return identity

    async def _load(self, digest: bytes) -> tuple[Identity, Worth]:
        token = await self._store.ask(TokenByDigest(digest))
        if token is None or token.revoked_at is not None or token.kind is not TokenKind.ACCESS:
            raise Unauthenticated("no such token")
        worth, home = await self._load_worth(token.grant)
        standing = worth.standing
        if standing.is_disabled:
            raise UserDisabled("the user of this token is disabled")
        if not standing.is_alive:
            raise Unauthenticated(
                "the grant of this token has ended, or its user or app is disabled"
            )
        scopes = standing.scopes
        if token.scopes is not None:
            scopes = narrowed(scopes, included(token.scopes))
        identity = Identity(
            user=worth.user,
            enterprise=standing.enterprise,
            home=home,
            grant=token.grant,
            scopes=scopes,
            is_admin=standing.is_admin,
            token=token.id,
            expires_at=token.expires_at,
            item=token.item,
            app=standing.app,
        )
        return identity, worth

    # --- grants ---

    def known_grant(self, grant: int) -> Worth | None:
        """What a grant is worth, if that is cached (see `load_grant`)."""
        return self._grants.get(grant)

    def may_follow(self, grant: int, stream: int) -> bool | None:
        """Whether a channel of *grant* on *stream* is worth anything; None where that is not
        cached (see `load_grant`). The stream of an enterprise has the enterprise's id."""
        worth = self._grants.get(grant)
        return None if worth is None else worth.may_follow(stream)

    async def load_grant(self, grant: int) -> Worth:
        """What a grant is worth, which `may_follow` knows from then on."""
        worth = self._grants.get(grant)
        while worth is None:
            withdrawals = self._withdrawals
            found, _ = await self._load_worth(grant)
            if withdrawals != self._withdrawals:
                continue
            worth = found
            self._keep(grant, worth)
        return worth

    def _keep(self, grant: int, worth: Worth) -> None:
        if len(self._grants) >= _MOST_CACHED:
            self._grants.clear()
            self._standings.clear()
        self._grants.setdefault(grant, worth)

    async def _load_worth(self, id: int) -> tuple[Worth, int]:
        """With the home of its user."""
        grant = await self._store.ask(GrantById(id))
        if grant is None:
            return _NOTHING, 0
        user: User | None = await self._store.ask(UserById(grant.user))
        if user is None:
            return _NOTHING, 0
        is_alive = grant.revoked_at is None and user.disabled_at is None
        if grant.app_id is not None:
            app: App | None = await self._store.ask(AppById(grant.app_id))
            is_alive = is_alive and app is not None and app.disabled_at is None
        standing = Standing(
            enterprise=user.enterprise,
            app=grant.app_id,
            is_alive=is_alive,
            is_admin=user.is_admin,
            scopes=included(grant.scopes),
            is_disabled=user.disabled_at is not None,
        )
        if standing.acts_for_others:
            disabled = await self._store.ask(DisabledUsers(user.enterprise))
            standing = replace(standing, disabled=disabled)
        return Worth(user.id, self._standings.setdefault(standing, standing)), user.home

    # --- withdrawal ---

    @property
    def withdrawals(self) -> int:
        """How often something was taken away. While it stays the same, an identity holds."""
        return self._withdrawals

    def on_withdrawal(self, heard: Callable[[], None]) -> None:
        """Call *heard* whenever grants may be worth less than before, to end the polls of which
        `may_follow` no longer holds."""
        self._withdrawn.append(heard)

    async def revoke_token(self, token: int) -> Token:
        """End a token at once, with its line, and with its grant where that was the last (see
        `core.accounts.revoke_token`). Raises NotFound."""
        await self.revoking(revoke_token(token))
        found = await self._store.ask(TokenById(token))
        assert found is not None, "what was revoked is still there"
        return found

    async def revoke_grant(self, grant: int) -> Grant:
        """End a grant, its tokens, its channels and its parked polls at once. Raises NotFound."""
        return await self.changing(revoke_grant(grant), Concerned(grant=grant))

    async def revoking(self, command: Command[T]) -> T:
        """Carry out a command, of which the result is Revoked if it ended tokens."""

        async def end() -> T:
            result = await self._store.commit(command)
            if isinstance(result, Revoked):
                self._withdrawals += 1
                for token in result.tokens:
                    self._identities.pop(token.digest[:_KEY_BYTES], None)
                if result.grant is not None:
                    await self._forget(Concerned(grant=result.grant.id))
            return result

        return await self._to_the_end(end())

    async def changing(self, command: Command[T], concerned: Concerned) -> T:
        """Carry out a command that changes a grant, a user or an app. Their tokens and polls are
        worth at once what they are worth after it."""

        async def change() -> T:
            result = await self._store.commit(command)
            await self._forget(concerned)
            return result

        return await self._to_the_end(change())

    async def _forget(self, concerned: Concerned) -> None:
        self._withdrawals += 1
        self._identities = {
            key: who
            for key, who in self._identities.items()
            if not concerned.has(who.grant, who.user, who.app)
        }
        stale = [
            grant
            for grant, worth in self._grants.items()
            if concerned.has(grant, worth.user, worth.app)
            # In the name of a user who is disabled nobody acts, an admin neither.
            or (concerned.user is not None and worth.standing.acts_for_others)
        ]
        for grant in stale:
            del self._grants[grant]
        self._standings.clear()  # those that nobody has any more would stay for ever
        # Read again before anybody is told, so that the polls can be judged at once. What the
        # store does not tell now is judged when it does.
        await asyncio.gather(*map(self.load_grant, stale), return_exceptions=True)
        for heard in self._withdrawn:
            heard()

    async def _to_the_end(self, withdrawal: Coroutine[None, None, T]) -> T:
        """Carry out *withdrawal*, though who asked for it may be cancelled: what is gone from
        the store must not live on in the cache."""
        task = asyncio.create_task(withdrawal, name="withdrawal")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return await asyncio.shield(task)


async def open_access(store: Store, clock: Callable[[], int] = wall_clock) -> Access:
    """The gate of a store, with its secret, which is made when there is none."""
    secret = await store.commit(own_secret)
    return Access(store, secret, clock)
