"""What an operation answers."""

from __future__ import annotations

import msgspec


class EnterpriseRecord(msgspec.Struct, frozen=True):
    """A tenant. Times in ms since 1970 here and below."""

    id: int
    name: str
    created_at: int


class UserRecord(msgspec.Struct, frozen=True):
    """A user; `app` is the app whose service account it is. `quota` is how many bytes their own
    namespaces may hold, 0 without limit, None for what the server says; `used` what they do."""

    id: int
    enterprise: int
    login: str
    name: str
    is_admin: bool
    home: int
    created_at: int
    disabled_at: int | None
    app: int | None
    quota: int | None
    used: int


class MemberRecord(msgspec.Struct, frozen=True):
    """Somebody in a namespace."""

    namespace: int
    user: int
    login: str
    role: str


class NamespaceRecord(msgspec.Struct, frozen=True):
    """A tree, with those who see it."""

    id: int
    name: str
    is_home: bool
    members: tuple[MemberRecord, ...]


class KeyRecord(msgspec.Struct, frozen=True):
    """A public key of an app; `fingerprint` is the SHA-256 of the key, in hex."""

    kid: str
    fingerprint: str
    created_at: int


class AppRecord(msgspec.Struct, frozen=True):
    """An app, but for its client secret."""

    id: int
    enterprise: int
    name: str
    client_id: str
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    service_account: int
    keys: tuple[KeyRecord, ...]
    created_at: int
    disabled_at: int | None
    is_public: bool


class NewApp(msgspec.Struct, frozen=True):
    """An app with its client secret, which is told this once; None for one that has none."""

    client_secret: str | None
    app: AppRecord


class TokenRecord(msgspec.Struct, frozen=True):
    """A token, but for its text, which its bearer alone has. `app` is what the program is called,
    `item` the file or folder that the token is restricted to."""

    id: int
    kind: str
    user: int
    login: str
    app: str
    label: str
    scopes: tuple[str, ...]
    item: int | None
    created_at: int
    expires_at: int | None
    revoked_at: int | None


class NewToken(msgspec.Struct, frozen=True):
    """A token with its text, which is told this once, and that of its refresh token, if any."""

    text: str
    token: TokenRecord
    refresh_token: str | None = None


class BackupRecord(msgspec.Struct, frozen=True):
    """A copy of the store."""

    file: str


class Done(msgspec.Struct, frozen=True):
    """There is nothing to tell."""
