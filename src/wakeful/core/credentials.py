"""Apps, and by what users and apps get in: plain records.

Passwords, keys, grants, tokens and codes; what is secret is kept as a hash only.
Ids and times are those of `core.items`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Password(msgspec.Struct, frozen=True):
    """By what a user logs in to the pages, as `core.passwords` hashed it."""

    user: int
    hashed: str
    set_at: int


class App(msgspec.Struct, frozen=True):
    """A program that signs in for users of its enterprise; in OAuth terms a client.

    `scopes` is the most that any of its grants has. Its service account is the user that it
    is when it acts for nobody else: an admin, within those scopes.
    """

    id: int
    enterprise: int
    client_id: str
    secret: bytes  # SHA-256 of the client secret; empty: it cannot keep one
    name: str
    scopes: tuple[str, ...]
    service_account: int  # user id
    redirect_uris: tuple[str, ...]
    created_at: int
    disabled_at: int | None = None

    @property
    def is_public(self) -> bool:
        """Whether it runs where others can read it, so that it has no secret (RFC 6749, 2.1)."""
        return not self.secret


class PublicKey(msgspec.Struct, frozen=True):
    """A key by which an app's assertions are checked; `kid` names it within the app."""

    app: int
    kid: str
    pem: str
    created_at: int


class Grant(msgspec.Struct, frozen=True):
    """What a user allowed an app; tokens come and go under it.

    `app` is the app's name, `app_id` the app itself where it is registered. A `standing`
    grant is the one that an app made with its own credentials: the app can always get
    another token under it, so it ends with the app and not with its last token.
    """

    id: int
    user: int
    enterprise: int
    app: str
    scopes: tuple[str, ...]
    created_at: int
    revoked_at: int | None
    app_id: int | None = None
    standing: bool = False


class TokenKind(StrEnum):
    """What a token is good for."""

    ACCESS = "access"  # it is shown with each request
    REFRESH = "refresh"  # it is given for the next access token


class Token(msgspec.Struct, frozen=True):
    """A token, known by the SHA-256 of its text only.

    `scopes` and `item` narrow what the grant allows: to these scopes, None for all of the
    grant's, and to one item with all below it. `family` is the first refresh token of the
    line that this token belongs to, `parent` the refresh token that was given for it, and
    `used_at` when a refresh token was first given for others.
    """

    id: int
    digest: bytes  # 32 bytes
    grant: int
    label: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    kind: TokenKind = TokenKind.ACCESS
    scopes: tuple[str, ...] | None = None
    item: int | None = None
    family: int | None = None
    parent: int | None = None
    used_at: int | None = None


class Flow(StrEnum):
    """The dialect in which an app asked for a user's consent."""

    BOX = "box"
    DROPBOX = "dropbox"
    DROPBOX_1 = "dropbox_1"  # version 1 of its API


class AccessType(StrEnum):
    """Which tokens a code is given for (Dropbox's names, but for the first)."""

    ROTATING = "rotating"  # an access token, and a refresh token for the next pair
    OFFLINE = "offline"  # an access token, and a refresh token that stays
    ONLINE = "online"  # an access token
    LEGACY = "legacy"  # an access token that does not expire


class Code(msgspec.Struct, frozen=True):
    """An authorization code, known by the SHA-256 of its text only: what a user allowed an app,
    for which that gets its tokens once.

    `redirect_uri` is the one that the app asked for, None where it named none. `challenge` is
    PKCE's, by `challenge_method` (RFC 7636), empty where there is none. `grant` is the one that
    was made of it when it was used.
    """

    digest: bytes  # 32 bytes
    app: int
    user: int
    scopes: tuple[str, ...]
    flow: Flow
    access_type: AccessType
    redirect_uri: str | None
    challenge: str
    challenge_method: str
    created_at: int
    expires_at: int
    grant: int | None = None
