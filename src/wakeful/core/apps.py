"""Commands about apps: their secrets, their keys, their service accounts.

Rule 1: an app belongs to one enterprise and signs in for its users only, with no more than the
scopes that it was made with.

Rule 2: its service account is made with it and ends with it. It is an admin, and can do as such
what the app's scopes allow.

Rule 3: the store keeps the SHA-256 of the client secret, which is random, and public keys only.

Rule 4: an app that runs where others can read it is public: it has no secret, and gets tokens
only for what a user has allowed it.
"""

from __future__ import annotations

import secrets
import string

from msgspec.structs import replace

from wakeful.core.accounts import check_line, create_user
from wakeful.core.credentials import App, Grant, PublicKey
from wakeful.core.errors import Conflict, InvalidRequest, NotFound
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.credentials import AppById, GrantsOfApp, PublicKeys
from wakeful.core.lookups.people import UserById
from wakeful.core.people import User
from wakeful.core.scopes import GRANT_SCOPES
from wakeful.core.writes import (
    Command,
    PutApp,
    PutGrant,
    PutPublicKey,
    PutUser,
    RemoveApp,
    RemovePublicKey,
    Steps,
)

_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 32  # as Box's
_KID_LENGTH = 8  # as Box's
_MOST_KEYS = 20


def new_client_id() -> str:
    """A fresh client id: 32 letters and digits, as Box's."""
    return _random(_ID_LENGTH)


def new_client_secret() -> str:
    """A fresh client secret: 32 letters and digits, 165 random bits."""
    return _random(_ID_LENGTH)


def new_kid() -> str:
    """A fresh name for a public key."""
    return _random(_KID_LENGTH)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def create_app(
    enterprise: int,
    name: str,
    scopes: tuple[str, ...],
    client_id: str,
    secret: bytes,
    redirect_uris: tuple[str, ...] = (),
) -> Command[App]:
    """An app with its service account. *secret* is the SHA-256 of the client secret, empty for an
    app that runs where others can read it.

    Raises InvalidRequest, and NotFound for an enterprise that is not there.
    """

    def steps(now: int) -> Steps[App]:
        cleaned = check_line(name)
        check_scopes(scopes)
        fresh: int = yield NewIds()
        # The form by which programs tell Box's service accounts from people.
        login = f"AutomationUser_{fresh}_{_random(10)}@boxdevedition.com"
        account: User = yield from create_user(
            enterprise, login, cleaned, is_admin=True, app=fresh
        )(now)
        app = App(
            id=fresh,
            enterprise=enterprise,
            client_id=client_id,
            secret=secret,
            name=cleaned,
            scopes=scopes,
            service_account=account.id,
            redirect_uris=redirect_uris,
            created_at=now,
        )
        yield PutApp(app)
        return app

    return steps


def check_scopes(scopes: tuple[str, ...]) -> None:
    """Raise InvalidRequest unless a grant can have *scopes*."""
    if not scopes:
        raise InvalidRequest("there is at least one scope", field="scopes")
    for scope in scopes:
        if scope not in GRANT_SCOPES:
            known = ", ".join(GRANT_SCOPES)
            raise InvalidRequest(f"no scope {scope!r}; there are {known}", field="scopes")


def redirect_app(app: int, redirect_uris: tuple[str, ...]) -> Command[App]:
    """Let browsers be sent to these URIs, which were checked, and to no others."""

    def steps(now: int) -> Steps[App]:
        found = replace((yield from _app(app)), redirect_uris=redirect_uris)
        yield PutApp(found)
        return found

    return steps


def disable_app(app: int, *, is_disabled: bool) -> Command[App]:
    """While an app is disabled, neither it nor any of its tokens gets in."""

    def steps(now: int) -> Steps[App]:
        found = yield from _app(app)
        if is_disabled != (found.disabled_at is not None):
            found = replace(found, disabled_at=now if is_disabled else None)
            yield PutApp(found)
        return found

    return steps


def renew_secret(app: int, secret: bytes) -> Command[App]:
    """Another client secret. The one before is void; tokens stay. Raises Conflict for an app that
    is made to have none."""

    def steps(now: int) -> Steps[App]:
        present = yield from _app(app)
        if present.is_public:
            raise Conflict("the app is public: it has no secret")
        found = replace(present, secret=secret)
        yield PutApp(found)
        return found

    return steps


def delete_app(app: int) -> Command[App]:
    """Remove an app for good: its grants are revoked, its service account is disabled."""

    def steps(now: int) -> Steps[App]:
        found = yield from _app(app)
        grants: tuple[Grant, ...] = yield GrantsOfApp(app)
        for grant in grants:
            if grant.revoked_at is None:
                yield PutGrant(replace(grant, revoked_at=now))
        account: User | None = yield UserById(found.service_account)
        if account is not None:
            yield PutUser(replace(account, disabled_at=now))
        yield RemoveApp(app)
        return found

    return steps


def add_key(app: int, kid: str, pem: str) -> Command[PublicKey]:
    """Let assertions be signed with the private key of *pem*, which was checked to be one."""

    def steps(now: int) -> Steps[PublicKey]:
        yield from _app(app)
        present: tuple[PublicKey, ...] = yield PublicKeys(app)
        if any(key.pem == pem for key in present):
            raise Conflict("the app has this key already")
        if len(present) >= _MOST_KEYS:
            raise Conflict(f"an app has at most {_MOST_KEYS} keys")
        key = PublicKey(app, kid, pem, now)
        yield PutPublicKey(key)
        return key

    return steps


def remove_key(app: int, kid: str) -> Command[PublicKey]:
    """What is signed with this key counts no more. Tokens stay."""

    def steps(now: int) -> Steps[PublicKey]:
        yield from _app(app)
        present: tuple[PublicKey, ...] = yield PublicKeys(app)
        for key in present:
            if key.kid == kid:
                yield RemovePublicKey(app, kid)
                return key
        raise NotFound(f"no key {kid!r}")

    return steps


def _app(id: int) -> Steps[App]:
    found: App | None = yield AppById(id)
    if found is None:
        raise NotFound(f"no app {id}")
    return found
