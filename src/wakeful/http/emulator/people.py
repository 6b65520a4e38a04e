"""Users of an emulator."""

from __future__ import annotations

import secrets

import msgspec

from wakeful.access import ALL_SCOPES
from wakeful.core.accounts import (
    create_enterprise,
    create_grant,
    create_token,
    create_user,
    digest_of,
)
from wakeful.core.people import Enterprise, User
from wakeful.core.writes import Command, Steps

_APP = "emulator"


class Fresh(msgspec.Struct, frozen=True):
    """Who is to be made. Without an enterprise they get one of their own; `lifetime` in seconds."""

    login: str | None = None
    name: str = ""
    is_admin: bool = True
    enterprise: int | None = None
    scopes: tuple[str, ...] | None = None
    lifetime: int | None = None
    quota: int | None = None


def make_user(fresh: Fresh, token: str) -> Command[User]:
    """A user with that token, all in one commit. Raises what `core.accounts` raises."""

    def steps(now: int) -> Steps[User]:
        login = fresh.login or f"user-{secrets.token_hex(6)}@example.com"
        enterprise = fresh.enterprise
        if enterprise is None:
            made: Enterprise = yield from create_enterprise(f"Enterprise of {login}")(now)
            enterprise = made.id
        user = yield from create_user(
            enterprise, login, fresh.name, is_admin=fresh.is_admin, quota=fresh.quota
        )(now)
        scopes = ALL_SCOPES if fresh.scopes is None else fresh.scopes
        grant = yield from create_grant(user.id, _APP, scopes)(now)
        lifetime = None if fresh.lifetime is None else fresh.lifetime * 1000
        yield from create_token(grant.id, digest_of(token), label=_APP, lifetime=lifetime)(now)
        return user

    return steps
