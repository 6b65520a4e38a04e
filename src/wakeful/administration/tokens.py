"""Carries out operations about tokens."""

from __future__ import annotations

from wakeful.access import Access
from wakeful.administration.finder import Finder
from wakeful.administration.operations import CreateToken, ListTokens, RevokeToken
from wakeful.administration.records import NewToken, TokenRecord
from wakeful.core import accounts
from wakeful.core.apps import check_scopes
from wakeful.core.credentials import App, Grant, Token
from wakeful.core.errors import InvalidRequest
from wakeful.core.lookups.credentials import GrantById, TokenById
from wakeful.core.lookups.people import UserById
from wakeful.core.people import User
from wakeful.core.ports import Store
from wakeful.core.scopes import ALL_SCOPES, included
from wakeful.core.signin import issue_pair

LONGEST_LIFETIME_SECONDS = 100 * 366 * 86_400  # what is beyond the year 9999 nobody can show


class Tokens:
    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    async def create(self, asked: CreateToken, finder: Finder) -> NewToken:
        user = await finder.user(asked.user)
        app = await finder.registered(asked.app)
        scopes = _scopes(asked, user, app, finder)
        lifetime = asked.lifetime
        if lifetime is not None and not 0 < lifetime <= LONGEST_LIFETIME_SECONDS:
            raise InvalidRequest(
                "a lifetime is between a second and a hundred years", field="lifetime"
            )
        label = accounts.check_line(asked.label, "label") if asked.label else ""
        name = accounts.check_line(asked.app, "app") if app is None else app.name
        if asked.is_refreshed and app is None:
            raise InvalidRequest("only a registered app can use a refresh token", field="app")
        if asked.is_refreshed and lifetime is not None:
            raise InvalidRequest("what is refreshed has the lifetimes of sign-in", field="lifetime")
        grant = await self._store.commit(
            accounts.create_grant(
                user.id,
                name,
                scopes,
                app_id=None if app is None else app.id,
            )
        )
        text = accounts.new_token()
        if asked.is_refreshed:
            refresh = accounts.new_token()
            pair = await self._store.commit(
                issue_pair(
                    grant.id,
                    accounts.digest_of(text),
                    accounts.digest_of(refresh),
                    label=label,
                )
            )
            return NewToken(text, _record(pair.access, grant, user.login), refresh)
        token = await self._store.commit(
            accounts.create_token(
                grant.id,
                accounts.digest_of(text),
                label=label,
                lifetime=None if lifetime is None else lifetime * 1000,
            )
        )
        return NewToken(text, _record(token, grant, user.login))

    async def list(self, asked: ListTokens, finder: Finder) -> tuple[TokenRecord, ...]:
        return tuple([await self._record(token) for token in await finder.tokens()])

    async def revoke(self, asked: RevokeToken, finder: Finder) -> TokenRecord:
        token, grant = await finder.token(asked.token)
        await self._access.revoke_token(token.id)
        if asked.whole_grant:
            await self._access.revoke_grant(grant.id)
        found = await self._store.ask(TokenById(token.id))
        return await self._record(token if found is None else found)

    async def _record(self, token: Token) -> TokenRecord:
        grant = await self._store.ask(GrantById(token.grant))
        assert grant is not None, "a token has a grant"
        user = await self._store.ask(UserById(grant.user))
        return _record(token, grant, user.login if user else "")


def _scopes(asked: CreateToken, user: User, app: App | None, finder: Finder) -> tuple[str, ...]:
    """The scopes of a new grant. Raises InvalidRequest and Forbidden."""
    if asked.scopes is None:
        scopes = finder.givable(ALL_SCOPES if app is None else app.scopes)
    else:
        scopes = tuple(dict.fromkeys(asked.scopes))
        finder.may_give(scopes)
    check_scopes(scopes)
    if app is not None:
        if app.enterprise != user.enterprise:
            raise InvalidRequest("the app belongs to another enterprise", field="app")
        for scope in scopes:
            if scope not in included(app.scopes):
                raise InvalidRequest(f"the app does not have the scope {scope}", field="scopes")
    return scopes


def _record(token: Token, grant: Grant, login: str) -> TokenRecord:
    return TokenRecord(
        id=token.id,
        kind=token.kind.value,
        user=grant.user,
        login=login,
        app=grant.app,
        label=token.label,
        scopes=grant.scopes if token.scopes is None else token.scopes,
        item=token.item,
        created_at=token.created_at,
        expires_at=token.expires_at,
        # A token under a grant that is revoked is void, too.
        revoked_at=token.revoked_at if token.revoked_at is not None else grant.revoked_at,
    )
