"""What can be asked about apps, and by what users and apps get in."""

from __future__ import annotations

from wakeful.core.credentials import App, Code, Grant, Password, PublicKey, Token
from wakeful.core.lookups import Lookup


class AppById(Lookup[App | None], frozen=True):
    id: int


class AppByClientId(Lookup[App | None], frozen=True):
    """Client ids are unique in a store."""

    client_id: str


class Apps(Lookup[tuple[App, ...]], frozen=True):
    """All apps of an enterprise."""

    enterprise: int


class PublicKeys(Lookup[tuple[PublicKey, ...]], frozen=True):
    """The keys of an app, in the order of their names."""

    app: int


class GrantById(Lookup[Grant | None], frozen=True):
    id: int


class Grants(Lookup[tuple[Grant, ...]], frozen=True):
    """The grants of a user, revoked ones too."""

    user: int


class GrantsOfApp(Lookup[tuple[Grant, ...]], frozen=True):
    """The grants of a registered app, revoked ones too."""

    app: int


class StandingGrant(Lookup[Grant | None], frozen=True):
    """The standing grant of a user and an app that is not revoked; there is one at most."""

    user: int
    app: int


class TokenByDigest(Lookup[Token | None], frozen=True):
    digest: bytes


class TokenById(Lookup[Token | None], frozen=True):
    id: int


class Tokens(Lookup[tuple[Token, ...]], frozen=True):
    """All tokens of an enterprise, revoked ones too.

    Those that expired a while ago may be gone, here and in every other look-up.
    """

    enterprise: int


class TokensOfGrant(Lookup[tuple[Token, ...]], frozen=True):
    """All tokens under a grant, revoked ones too."""

    grant: int


class PasswordOf(Lookup[Password | None], frozen=True):
    """The password of a user, None where there is none."""

    user: int


class CodeByDigest(Lookup[Code | None], frozen=True):
    """An authorization code. One that expired a while ago may be gone."""

    digest: bytes


class AssertionUsed(Lookup[bool], frozen=True):
    """Whether an assertion of this app with this `jti` is remembered."""

    app: int
    jti: str
