"""A user allows an app what it asks for: the code, and what the app gets for it.

Rule 1: a code is bound to the app, the user, the redirect URI and the PKCE challenge with which
it was asked for, and lives for ten minutes, where Box's clients asked for half a minute.

Rule 2: it is used once. One that comes again was stolen, before or now: what it was given for
the first time ends (RFC 6749, 4.1.2).

Rule 3: each consent makes a grant of its own, with what was allowed and no more. What only an
admin can allow is not in that of others: an app gets nothing for later, when they are one.

Rule 4: a browser is sent to a URI that was registered for the app, to the letter; but on this
machine to any port, for a program takes the one that is free (RFC 8252, 7.3).

Rule 5: an app without a secret needs PKCE (RFC 8252, 8.1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from msgspec.structs import replace

from wakeful.core.accounts import Revoked
from wakeful.core.credentials import AccessType, App, Code, Flow, Grant, Token, TokenKind
from wakeful.core.errors import InvalidRequest
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.credentials import CodeByDigest, GrantById, TokensOfGrant
from wakeful.core.lookups.people import UserById
from wakeful.core.people import User
from wakeful.core.scopes import ADMIN_SCOPES, GRANT_SCOPES, included
from wakeful.core.signin import InvalidClient, InvalidGrant, enabled_app, put_pair, put_short
from wakeful.core.writes import Command, PutCode, PutGrant, PutToken, Steps

CODE_MS = 10 * 60 * 1000
"""How long a code lives that people may have to carry by hand."""

BOX_CODE_MS = 30 * 1000
"""The same for Box's clients, whose browser is sent back with it (Box's own)."""

S256, PLAIN = "S256", "plain"

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names of this machine, to which a browser may be sent without TLS."""

_ALPHABET = string.ascii_lowercase + string.digits
_CODE_LENGTH = 24
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")  # RFC 3986, 2
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_LONGEST_URI = 2000


class Challenge(NamedTuple):
    """PKCE's (RFC 7636): what the app shows first of the secret that it keeps for later."""

    text: str
    method: str


class Consent(NamedTuple):
    """What a user allowed."""

    app: int
    user: int
    scopes: tuple[str, ...]
    flow: Flow
    access_type: AccessType
    redirect_uri: str | None = None
    challenge: Challenge | None = None


class Redeemed(NamedTuple):
    """What an app got for a code."""

    code: Code
    access: Token
    refresh: Token | None


def new_code() -> str:
    """The text of a fresh code: 24 small letters and digits, 124 random bits, which are easily
    copied and fit into a line."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))


def parse_challenge(text: str | None, method: str | None) -> Challenge | None:
    """The challenge of a request. Raises InvalidRequest."""
    if text is None:
        if method is not None:
            raise InvalidRequest("code_challenge is missing", field="code_challenge")
        return None
    if method not in (None, S256, PLAIN):
        raise InvalidRequest(
            "code_challenge_method is S256 or plain", field="code_challenge_method"
        )
    if not _VERIFIER.fullmatch(text):
        raise InvalidRequest(
            "code_challenge has 43 to 128 letters, digits, or -._~", field="code_challenge"
        )
    return Challenge(text, method or PLAIN)


def is_redirect(registered: Iterable[str], asked: str) -> bool:
    """Whether a browser may be sent to *asked*, of the URIs that are *registered*."""
    return any(asked == uri or _differs_in_port(uri, asked) for uri in registered)


def check_redirect_uri(uri: str) -> None:
    """Raise InvalidRequest unless browsers may be sent to *uri* for an app (RFC 6749, 3.1.2;
    RFC 8252, 7): by TLS, or to a program on the user's own machine."""
    parts = _split(uri)
    if parts is None or not (parts.scheme == "https" or _loopback(uri) is not None):
        raise InvalidRequest(
            f"{uri!r} is no redirect URI: it is https, or http on localhost, has no user, and has "
            "neither a fragment nor a wildcard",
            field="redirect_uris",
        )


def is_loopback(uri: str) -> bool:
    """Whether *uri* is that of a program on the user's own machine."""
    return _loopback(uri) is not None


def _differs_in_port(registered: str, asked: str) -> bool:
    known = _loopback(registered)
    return known is not None and known == _loopback(asked)


def _loopback(uri: str) -> tuple[str, str, str] | None:
    """What has to be the same in a URI on this machine, None where it is on another."""
    parts = _split(uri)
    if parts is None or parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        return None
    return parts.hostname, parts.path, parts.query


def _split(uri: str) -> SplitResult | None:
    """The parts of a URI that browsers may be sent to, None where they may not.

    Browsers read what is no URI in ways of their own, and it goes into headers: so there is
    no character that has no place in one, and a host is a name or an address.
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.netloc, parts.port
    except ValueError:
        return None
    if len(uri) > _LONGEST_URI or not _URI.fullmatch(uri) or "#" in uri or "*" in uri:
        return None
    name = host if port is None else host.removesuffix(f":{port}")
    return parts if _HOST.fullmatch(name.lower()) else None


def with_granted(app: App, scopes: tuple[str, ...], grants: Iterable[Grant]) -> tuple[str, ...]:
    """*scopes* with those that the user allowed the app before, and that it still may have."""
    may = included(app.scopes)
    before = (
        scope
        for grant in grants
        if grant.app_id == app.id and grant.revoked_at is None and not grant.standing
        for scope in grant.scopes
        if scope in may and scope in GRANT_SCOPES
    )
    return tuple(dict.fromkeys((*scopes, *before)))


def allow(consent: Consent, digest: bytes) -> Command[Code]:
    """The code for *consent*, known by its digest. Raises InvalidClient, and InvalidGrant where
    the user cannot allow anything to this app."""

    def steps(now: int) -> Steps[Code]:
        app = yield from enabled_app(consent.app)
        user: User | None = yield UserById(consent.user)
        if user is None or not may_allow(user, app):
            raise InvalidGrant("the user is not of the enterprise of the app, or disabled")
        scopes = consent.scopes
        if not user.is_admin:
            scopes = tuple(scope for scope in scopes if scope not in ADMIN_SCOPES)
        text, method = consent.challenge or ("", "")
        lives = BOX_CODE_MS if consent.flow is Flow.BOX else CODE_MS
        code = Code(
            digest=digest,
            app=app.id,
            user=user.id,
            scopes=scopes,
            flow=consent.flow,
            access_type=consent.access_type,
            redirect_uri=consent.redirect_uri,
            challenge=text,
            challenge_method=method,
            created_at=now,
            expires_at=now + lives,
        )
        yield PutCode(code)
        return code

    return steps


def may_allow(user: User, app: App) -> bool:
    """Whether *user* is somebody who can allow something to *app*."""
    return user.disabled_at is None and user.app is None and user.enterprise == app.enterprise


def redeem(
    app: int,
    digest: bytes,
    access: bytes,
    refresh: bytes,
    *,
    redirect_uri: str | None = None,
    verifier: str | None = None,
) -> Command[Redeemed | Revoked]:
    """The tokens for the code with *digest*, or what its second use has ended.

    Raises InvalidClient and InvalidGrant.
    """

    def steps(now: int) -> Steps[Redeemed | Revoked]:
        found = yield from enabled_app(app)
        code: Code | None = yield CodeByDigest(digest)
        refused = InvalidGrant("the code is not valid, or no more")
        if code is None or code.app != app:
            raise refused
        if code.grant is not None:
            return (yield from _end(code.grant, now))
        if code.expires_at <= now:
            raise refused
        _check_redirect(code, redirect_uri)
        _check_verifier(code, verifier, found)
        user: User | None = yield UserById(code.user)
        if user is None or not may_allow(user, found):
            raise refused
        grant: int = yield NewIds()
        yield PutGrant(
            Grant(
                id=grant,
                user=user.id,
                enterprise=user.enterprise,
                app=found.name,
                scopes=code.scopes,
                created_at=now,
                revoked_at=None,
                app_id=app,
            )
        )
        used = replace(code, grant=grant)
        yield PutCode(used)
        return (yield from _tokens(used, grant, access, refresh, now))

    return steps


def _tokens(code: Code, grant: int, access: bytes, refresh: bytes, now: int) -> Steps[Redeemed]:
    if code.access_type is AccessType.ROTATING:
        pair = yield from put_pair(grant, access, refresh, now)
        return Redeemed(code, pair.access, pair.refresh)
    if code.access_type is AccessType.ONLINE:
        return Redeemed(code, (yield from put_short(grant, access, now)), None)
    fresh: int = yield NewIds()
    if code.access_type is AccessType.LEGACY:
        token = Token(fresh, access, grant, "", now, None, None)
        yield PutToken(token)
        return Redeemed(code, token, None)
    stays = Token(fresh, refresh, grant, "", now, None, None, kind=TokenKind.REFRESH, family=fresh)
    yield PutToken(stays)
    short = yield from put_short(grant, access, now, (fresh, fresh))
    return Redeemed(code, short, stays)


def _end(grant: int, now: int) -> Steps[Revoked]:
    """End all that came of a code that was used before."""
    tokens: tuple[Token, ...] = yield TokensOfGrant(grant)
    found: Grant | None = yield GrantById(grant)
    assert found is not None, "a code that was used has a grant"
    if found.revoked_at is None:
        found = replace(found, revoked_at=now)
        yield PutGrant(found)
    return Revoked(tokens, found)


def _check_redirect(code: Code, asked: str | None) -> None:
    """Raise InvalidGrant unless the app names the URI to which the code was sent. Box's clients
    need not (box.md 6)."""
    if asked == code.redirect_uri or (asked is None and code.flow is Flow.BOX):
        return
    raise InvalidGrant("the redirect_uri is not the one that the code was asked for with")


def _check_verifier(code: Code, verifier: str | None, app: App) -> None:
    if not code.challenge:
        if app.is_public:
            raise InvalidClient("an app without a secret needs PKCE")
        if verifier is not None:
            raise InvalidGrant("the code was asked for without a code_challenge")
        return
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant("the code_verifier is missing, or is none")
    shown = verifier
    if code.challenge_method == S256:
        hashed = hashlib.sha256(verifier.encode()).digest()
        shown = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    if not hmac.compare_digest(shown, code.challenge):
        raise InvalidGrant("the code_verifier is not that of the code_challenge")
