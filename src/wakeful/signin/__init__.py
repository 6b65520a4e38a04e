"""How apps get tokens: by their own credentials, by an assertion, for a code, by refresh, by
exchange.

Rule 1: who is refused is not told which of two things was wrong: no client and a wrong secret
are one answer, so are all reasons against a subject. Only the assertion, which the app has made
and signed itself, is explained.

Rule 2: texts of tokens and secrets come in and go out, and are kept nowhere.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection

import msgspec

from wakeful.access import Access, Identity
from wakeful.core import signin as rules
from wakeful.core.accounts import Revoked, digest_of, new_token
from wakeful.core.clock import wall_clock
from wakeful.core.consent import redeem
from wakeful.core.credentials import App, Code, Grant, Token
from wakeful.core.errors import Unauthenticated
from wakeful.core.lookups.credentials import AppByClientId, GrantById, PublicKeys, TokenByDigest
from wakeful.core.ports import Store
from wakeful.core.signin import Assertion, InvalidClient, InvalidGrant
from wakeful.signin.assertions import check_assertion

USER, ENTERPRISE = "user", "enterprise"
"""What an app can sign in as: one of the users, or itself."""

_MOST_DIGITS = 18
_NO_SECRET = b"\0" * 32


class Issued(msgspec.Struct, frozen=True):
    """A token with its text, and that of the refresh token that came with it."""

    text: str
    token: Token
    refresh: str | None = None


class SignIn:
    """The token endpoint of one process, whatever its wire form."""

    def __init__(self, store: Store, access: Access, clock: Callable[[], int] = wall_clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock

    async def authenticate(self, client_id: str, secret: str | None) -> App:
        """The app with these credentials: its secret, or none where it is public.

        Raises InvalidClient.
        """
        app = await self._store.ask(AppByClientId(client_id))
        if secret is None:
            is_right = app is not None and app.is_public
        else:
            expected = _NO_SECRET if app is None else app.secret
            is_right = hmac.compare_digest(expected, digest_of(secret))
        if app is None or not is_right or app.disabled_at is not None:
            raise InvalidClient("the client id or the client secret is wrong")
        return app

    async def by_credentials(
        self,
        app: App,
        subject_type: str,
        subject: str,
        scopes: tuple[str, ...] | None = None,
        assertion: Assertion | None = None,
    ) -> Issued:
        """A token for a user, or as the service account for the enterprise.

        Raises InvalidClient, InvalidGrant and InvalidScope.
        """
        if subject_type == ENTERPRISE and subject == str(app.enterprise):
            user = app.service_account
        elif subject_type == USER and _is_id(subject):
            user = int(subject)
        else:
            raise InvalidGrant("the app cannot sign in for this subject")
        text = new_token()
        token = await self._store.commit(
            rules.sign_in(app.id, user, digest_of(text), scopes, assertion)
        )
        return Issued(text, token)

    async def by_assertion(
        self,
        app: App,
        text: str,
        audiences: Collection[str],
        scopes: tuple[str, ...] | None = None,
    ) -> Issued:
        """A token for the subject of an assertion. Raises as `by_credentials`."""
        keys = await self._store.ask(PublicKeys(app.id))
        claims = check_assertion(text, keys, app.client_id, audiences, self._clock())
        return await self.by_credentials(
            app, claims.subject_type, claims.subject, scopes, claims.assertion
        )

    async def by_code(
        self, app: App, text: str, redirect_uri: str | None, verifier: str | None
    ) -> tuple[Issued, Code]:
        """The tokens for an authorization code, and the code. Raises InvalidClient and
        InvalidGrant; one that was used before has ended what came of it."""
        access, refresh = new_token(), new_token()
        found = await self._access.revoking(
            redeem(
                app.id,
                digest_of(text),
                digest_of(access),
                digest_of(refresh),
                redirect_uri=redirect_uri,
                verifier=verifier,
            )
        )
        if isinstance(found, Revoked):
            raise InvalidGrant("the code was used before: what it was given for is void now")
        issued = Issued(access, found.access, None if found.refresh is None else refresh)
        return issued, found.code

    async def by_refresh(
        self, app: App, text: str, scopes: tuple[str, ...] | None = None
    ) -> Issued:
        """The next access and refresh token, or only an access token for a refresh token that
        stays. Raises InvalidClient, InvalidGrant and InvalidScope; one that was used before
        may have ended its whole line."""
        access, refresh = new_token(), new_token()
        given = digest_of(text)
        pair = await self._access.revoking(
            rules.refresh(app.id, given, digest_of(access), digest_of(refresh), scopes)
        )
        if isinstance(pair, Revoked):
            raise InvalidGrant("the refresh token was used before: sign in again")
        return Issued(access, pair.access, None if pair.refresh.digest == given else refresh)

    async def bearer(self, subject: str) -> Identity:
        """Who bears the access token *subject*. Raises InvalidGrant."""
        try:
            return await self._access.identify(subject)
        except Unauthenticated:
            raise InvalidGrant("the subject token is not valid") from None

    async def by_exchange(
        self, app: App | None, subject: str, scopes: tuple[str, ...], item: int | None
    ) -> Issued:
        """A token that may do less than *subject*, whose bearer needs no other credentials.

        Raises InvalidGrant, InvalidScope and InvalidTarget.
        """
        identity = await self.bearer(subject)
        if app is not None and identity.app not in (None, app.id):
            raise InvalidGrant("the subject token is not valid")
        text = new_token()
        token = await self._store.commit(
            rules.exchange(identity.token, digest_of(text), scopes, item)
        )
        return Issued(text, token)

    async def revoke(self, app: App | None, text: str) -> None:
        """End a token, of either kind, at the wish of its bearer. What is no token, or that of
        another app, is left alone and not told (RFC 7009, 2.2).

        One that has expired counts, too: what it is shown for is to end its line.
        """
        token = await self._store.ask(TokenByDigest(digest_of(text)))
        if token is None or token.revoked_at is not None:
            return
        grant: Grant | None = await self._store.ask(GrantById(token.grant))
        if grant is None or (app is not None and grant.app_id not in (None, app.id)):
            return
        await self._access.revoke_token(token.id)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
