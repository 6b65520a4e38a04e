"""Every way to sign in that the SDKs have, prepared in the store of a server that does not run.

There are no commands for refresh tokens: with Box they come of a page in the browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sdk.followers import DEVELOPER_TOKEN
from wakeful.core.accounts import create_grant, create_token, digest_of, new_token
from wakeful.core.apps import add_key, create_app
from wakeful.core.credentials import App
from wakeful.core.lookups.people import Enterprises, Users
from wakeful.core.signin import issue_pair
from wakeful.stores.sqlite import SqliteStore

Json = dict[str, Any]

SCOPES = ("root_readwrite", "manage_managed_users", "manage_enterprise_properties")
KEY_ID = "key1"
PASSPHRASE = "open sesame"


@dataclass(frozen=True)
class Pair:
    """Tokens as somebody has them who signed in by a browser."""

    access: str
    refresh: str


class SignIns:
    """An app with a key, its secret, and pairs of tokens that its user has.

    *pairs* are for one client each: a refresh token is good for one use.
    """

    def __init__(
        self,
        app: App,
        user: int,
        secret: str,
        private_key: str,
        pairs: list[Pair],
        lifetime: int,
    ) -> None:
        self._app = app
        self._user = str(user)
        self._secret = secret
        self._private_key = private_key
        self._pairs = iter(pairs)
        self._lifetime = lifetime

    @property
    def app(self) -> str:
        """The name of the app."""
        return self._app.name

    @property
    def service_account(self) -> str:
        """Who acts where an app signs in for the enterprise."""
        return str(self._app.service_account)

    def ways(self, token: str) -> Iterator[tuple[str, Json]]:
        """Each way, as a token and the `sign_in` of a task (see `followers.py`)."""
        yield token, DEVELOPER_TOKEN
        yield "", self.ccg()
        yield "", self.ccg(is_for_user=True)
        yield "", {"way": "jwt", "config": self._config()}
        yield "", {"way": "jwt user", "config": self._config(), "user": self._user}
        yield self.refresh()

    def ccg(self, *, is_for_user: bool = False) -> Json:
        """Client credentials, for the service account or for the user."""
        if is_for_user:
            return {"way": "ccg user", "user": self._user} | self._credentials
        return {"way": "ccg", "enterprise": str(self._app.enterprise)} | self._credentials

    def refresh(self) -> tuple[str, Json]:
        """An access token, and the refresh token for the next."""
        pair = next(self._pairs)
        held = {"refresh_token": pair.refresh, "lifetime": self._lifetime}
        return pair.access, {"way": "refresh"} | held | self._credentials

    @property
    def _credentials(self) -> Json:
        return {"client_id": self._app.client_id, "client_secret": self._secret}

    def _config(self) -> Json:
        """The file of Box's developer console that the SDKs read."""
        return {
            "boxAppSettings": {
                "clientID": self._app.client_id,
                "clientSecret": self._secret,
                "appAuth": {
                    "publicKeyID": KEY_ID,
                    "privateKey": self._private_key,
                    "passphrase": PASSPHRASE,
                },
            },
            "enterpriseID": str(self._app.enterprise),
        }


def prepare(data: Path, *, pairs: int, lifetime: int = 3_600_000) -> SignIns:
    """Put an app and *pairs* of tokens into the store in *data*, all for its first user.

    Access tokens of the pairs live for *lifetime* ms.
    """
    return asyncio.run(_prepare(data, pairs, lifetime))


async def _prepare(data: Path, pairs: int, lifetime: int) -> SignIns:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = new_token()
    store = await SqliteStore.open(data)
    try:
        [enterprise] = await store.ask(Enterprises())
        user = (await store.ask(Users(enterprise.id)))[0]
        app = await store.commit(
            create_app(enterprise.id, "Mirror", SCOPES, new_token(), digest_of(secret))
        )
        await store.commit(add_key(app.id, KEY_ID, _public(key)))
        tokens = []
        for _ in range(pairs):
            pair = Pair(new_token(), new_token())
            grant = await store.commit(create_grant(user.id, app.name, SCOPES, app_id=app.id))
            unused = digest_of(new_token())
            await store.commit(issue_pair(grant.id, unused, digest_of(pair.refresh)))
            command = create_token(grant.id, digest_of(pair.access), lifetime=lifetime)
            await store.commit(command)
            tokens.append(pair)
    finally:
        await store.close()
    return SignIns(app, user.id, secret, _private(key), tokens, lifetime)


def _public(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE.encode()),
    ).decode()
