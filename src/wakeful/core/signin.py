"""Commands that give tokens to apps: by their own credentials, by refresh, by exchange.

Rule 1: an app has one standing grant for each user, under which it gets as many tokens as it
asks for. So a realtime URL, which is bound to the grant, outlives them all.

Rule 2: an assertion counts once: its `jti` is remembered in the commit that gives the token.

Rule 3: a refresh token is used once (RFC 6819, 5.2.2.3): it is given for an access token and
the next refresh token. One that comes again tells of a thief, and ends the whole line; but not
within a minute, while the one that it was given for was not used either: then the answer was
lost, or two threads asked at once, and there is another one. One that does not expire is
Dropbox's, which is used again and again: only access tokens come of it.

Rule 4: a token that is exchanged never has more than the one it is made from, and neither
outlives it nor its revocation.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from wakeful.core.accounts import Revoked, end_line, is_live
from wakeful.core.census import Census
from wakeful.core.changes import ById
from wakeful.core.credentials import App, Grant, Token, TokenKind
from wakeful.core.errors import InvalidRequest, NotFound
from wakeful.core.finding import Finder, check_active, is_within
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.credentials import (
    AppById,
    AssertionUsed,
    GrantById,
    StandingGrant,
    TokenByDigest,
    TokenById,
    TokensOfGrant,
)
from wakeful.core.lookups.people import UserById
from wakeful.core.people import User
from wakeful.core.scopes import KNOWN_SCOPES, included
from wakeful.core.writes import Command, PutAssertion, PutGrant, PutToken, Steps

ACCESS_MS = 3600 * 1000
"""How long an access token lives (Box's own; SDKs renew theirs three minutes before the end)."""

SHORT_MS = 4 * ACCESS_MS
"""The same where Dropbox's clients ask (dropbox.md 2.6)."""

REFRESH_MS = 60 * 24 * ACCESS_MS
"""How long a refresh token waits to be used (Box's own)."""

GRACE_MS = 60 * 1000
"""How long a used refresh token is answered again where the answer seems to have been lost."""


class SignInRefused(InvalidRequest):
    """The token endpoint says no (RFC 6749, 5.2): each class below is one of its codes."""


class InvalidClient(SignInRefused):
    """The app is not known, disabled, or did not prove that it is itself."""


class InvalidGrant(SignInRefused):
    """What was shown for a token (an assertion, a refresh token, a subject) is not valid."""


class InvalidScope(SignInRefused):
    """A scope that is not known, or more than there is to give."""


class InvalidTarget(SignInRefused):
    """The resource is none that the token could be restricted to (RFC 8693, 2.2.2)."""


class UnsupportedGrantType(SignInRefused):
    """There is no such way to get a token here."""


class Assertion(NamedTuple):
    """The proof by which an app signed in, and until when it could be shown again."""

    jti: str
    expires_at: int  # ms


class Pair(NamedTuple):
    """An access token and the refresh token that came with it."""

    access: Token
    refresh: Token


def sign_in(
    app: int,
    user: int,
    digest: bytes,
    scopes: tuple[str, ...] | None = None,
    assertion: Assertion | None = None,
) -> Command[Token]:
    """An access token for *app* to act for *user*, with fewer *scopes* where they are given.

    Raises InvalidClient, InvalidGrant and InvalidScope.
    """

    def steps(now: int) -> Steps[Token]:
        found = yield from enabled_app(app)
        subject: User | None = yield UserById(user)
        # One text for all reasons: which users there are is nobody's business.
        if (
            subject is None
            or subject.enterprise != found.enterprise
            or subject.disabled_at is not None
            or subject.app not in (None, app)
        ):
            raise InvalidGrant("the app cannot sign in for this subject")
        if scopes is not None:
            _check_scopes(scopes, found.scopes, "the app")
        if assertion is not None:
            used: bool = yield AssertionUsed(app, assertion.jti)
            if used:
                raise InvalidGrant("the assertion was used before: its jti has to be new")
            yield PutAssertion(app, assertion.jti, assertion.expires_at)
        grant: Grant | None = yield StandingGrant(user, app)
        fresh: int = yield NewIds(2)
        if grant is None:
            grant = Grant(
                id=fresh,
                user=user,
                enterprise=found.enterprise,
                app=found.name,
                scopes=found.scopes,
                created_at=now,
                revoked_at=None,
                app_id=app,
                standing=True,
            )
            yield PutGrant(grant)
        token = Token(fresh + 1, digest, grant.id, "", now, now + ACCESS_MS, None, scopes=scopes)
        yield PutToken(token)
        return token

    return steps


def issue_pair(grant: int, access: bytes, refresh: bytes, *, label: str = "") -> Command[Pair]:
    """The first access and refresh token under *grant*, known by their digests."""

    def steps(now: int) -> Steps[Pair]:
        found: Grant | None = yield GrantById(grant)
        if found is None or found.revoked_at is not None:
            raise NotFound(f"no grant {grant}")
        return (yield from put_pair(grant, access, refresh, now, label=label))

    return steps


def refresh(
    app: int,
    digest: bytes,
    access: bytes,
    refresh: bytes,
    scopes: tuple[str, ...] | None = None,
) -> Command[Pair | Revoked]:
    """The next pair for the refresh token with *digest*, or what its reuse has ended.

    One that stays is in the pair itself, with an access token of fewer *scopes* where they are
    given. Raises InvalidClient, InvalidGrant and InvalidScope.
    """

    def steps(now: int) -> Steps[Pair | Revoked]:
        yield from enabled_app(app)
        token: Token | None = yield TokenByDigest(digest)
        refused = InvalidGrant("the refresh token is not valid, or no more")
        if token is None or token.kind is not TokenKind.REFRESH or token.revoked_at is not None:
            raise refused
        if token.expires_at is not None and token.expires_at <= now:
            raise refused
        grant: Grant | None = yield GrantById(token.grant)
        if grant is None or grant.app_id != app or grant.revoked_at is not None:
            raise refused
        user: User | None = yield UserById(grant.user)
        if user is None or user.disabled_at is not None:
            raise refused
        if token.expires_at is None:
            if scopes is not None:
                _check_scopes(scopes, grant.scopes, "the refresh token")
            of = token.family, token.id
            short = yield from put_short(grant.id, access, now, of, scopes, token.label)
            return Pair(short, token)
        if token.used_at is None:
            yield PutToken(replace(token, used_at=now))
        else:
            siblings: tuple[Token, ...] = yield TokensOfGrant(token.grant)
            went_on = any(
                other.parent == token.id and other.used_at is not None for other in siblings
            )
            if went_on or now - token.used_at > GRACE_MS:
                return (yield from end_line(token, now))
        return (
            yield from put_pair(
                grant.id, access, refresh, now, label=token.label, family=token.family, of=token.id
            )
        )

    return steps


def exchange(
    token: int, digest: bytes, scopes: tuple[str, ...], item: int | None
) -> Command[Token]:
    """An access token that may do less than *token*, whose user and app are enabled.

    *item* restricts it to one file, or to one folder with all below. Raises InvalidGrant,
    InvalidScope and InvalidTarget.
    """

    def steps(now: int) -> Steps[Token]:
        subject: Token | None = yield TokenById(token)
        if subject is None or not is_live(subject, now):
            raise InvalidGrant("the subject token is not valid")
        grant: Grant | None = yield GrantById(subject.grant)
        if grant is None or grant.revoked_at is not None:
            raise InvalidGrant("the subject token is not valid")
        allowed = grant.scopes if subject.scopes is None else subject.scopes
        _check_scopes(scopes, allowed, "the subject token")
        if item is None:
            target = subject.item
        else:
            yield from _check_within(grant.user, item, subject.item)
            target = item
        fresh: int = yield NewIds()
        end = now + ACCESS_MS
        narrow = Token(
            id=fresh,
            digest=digest,
            grant=subject.grant,
            label=subject.label,
            created_at=now,
            expires_at=end if subject.expires_at is None else min(end, subject.expires_at),
            revoked_at=None,
            scopes=scopes,
            item=target,
            parent=subject.id,
        )
        yield PutToken(narrow)
        return narrow

    return steps


def put_short(
    grant: int,
    digest: bytes,
    now: int,
    of: tuple[int | None, int | None] = (None, None),
    scopes: tuple[str, ...] | None = None,
    label: str = "",
) -> Steps[Token]:
    """An access token as Dropbox gives them; *of*: the line and the refresh token it comes of."""
    family, parent = of
    fresh: int = yield NewIds()
    end = now + SHORT_MS
    token = Token(
        fresh, digest, grant, label, now, end, None, scopes=scopes, family=family, parent=parent
    )
    yield PutToken(token)
    return token


def put_pair(
    grant: int,
    access: bytes,
    refresh: bytes,
    now: int,
    *,
    label: str = "",
    family: int | None = None,
    of: int | None = None,
) -> Steps[Pair]:
    """An access token and the refresh token for the next pair, in a line of their own or in
    *family*, where they come of the refresh token *of*."""
    fresh: int = yield NewIds(2)
    line = fresh if family is None else family
    first = Token(
        fresh,
        refresh,
        grant,
        label,
        now,
        now + REFRESH_MS,
        None,
        kind=TokenKind.REFRESH,
        family=line,
        parent=of,
    )
    second = Token(
        fresh + 1, access, grant, label, now, now + ACCESS_MS, None, family=line, parent=of
    )
    yield PutToken(first)
    yield PutToken(second)
    return Pair(second, first)


def _check_scopes(asked: tuple[str, ...], allowed: tuple[str, ...], whose: str) -> None:
    if not asked:
        raise InvalidScope("there is at least one scope")
    known = included(allowed) & KNOWN_SCOPES
    for scope in asked:
        if scope not in known:
            raise InvalidScope(f"{whose} does not have the scope {scope[:80]!r}")


def enabled_app(id: int) -> Steps[App]:
    """Raises InvalidClient."""
    found: App | None = yield AppById(id)
    if found is None or found.disabled_at is not None:
        raise InvalidClient("the client is not known, or disabled")
    return found


def _check_within(user: int, item: int, outer: int | None) -> Steps[None]:
    """Raise InvalidTarget unless *user* sees *item*, within *outer*."""
    actor: User = yield UserById(user)
    census = Census(actor)
    try:
        lineage = yield from Finder(census, []).seen(ById(item))
        check_active(lineage)
    except NotFound:
        raise InvalidTarget("there is no such item") from None
    if not (yield from is_within(census, lineage, outer)):
        raise InvalidTarget("there is no such item")
