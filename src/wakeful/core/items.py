"""What the store keeps about people, trees and access: plain records.

Ids are integers from one counter, unique across all kinds of record. A stream
is named by the id of its owner (a user or an enterprise), a journal by the id
of its namespace, so that one integer is enough wherever something is waited for.

Times are integers: milliseconds since 1970-01-01 UTC, unless a name says otherwise.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

FIRST_ID = 1001
"""The first id that a store gives. Smaller ones mean something on the wire: 0 is the root of
a home, 2 is somebody whom nobody knows."""

ANONYMOUS = 2
"""The user id of somebody who is not signed in (Box's, too)."""


class Kind(StrEnum):
    """What an item is."""

    FILE = "file"
    FOLDER = "folder"


class Role(StrEnum):
    """What a member may do in a namespace."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a folder source last saw of an item on the disk.

    Recorded in the same commit as the change that it belongs to, so that a
    crash neither doubles nor loses a change.
    """

    inode: int
    size: int
    mtime_ns: int


class Lock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What keeps everybody but user `by` from changing a file, until a time (ms) or for ever."""

    id: int
    by: int
    at: int
    until: int | None = None
    no_download: bool = False  # told to clients, who mind it


class Notes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What people note on an item beside its name and its content."""

    description: str = ""
    tags: tuple[str, ...] = ()
    lock: Lock | None = None


NO_NOTES = Notes()


class Item(msgspec.Struct, frozen=True, gc=False):
    """A file or a folder, as it is now.

    `name` is exact; `key` is its segment in the journal (see `core.journal`).
    `revision` rises by one with every change of the item: it is both `etag`
    and `sequence_id` on the wire. A trashed item keeps its parent; whatever
    lies below a trashed folder is not marked itself.
    `version` is the id of the file's present content (0 for folders);
    `sha1` and `content_hash` (Dropbox's block hash) are lower-case hex, empty
    while not yet known. `content` is the address at which this server keeps the content
    (`core.contents`), empty where it does not: it is never what anybody claims.
    """

    id: int
    namespace: int
    parent: int | None  # None: the root of its namespace
    kind: Kind
    name: str
    key: str
    revision: int
    version: int
    size: int  # bytes
    sha1: str
    content_hash: str
    created_at: int
    modified_at: int
    content_created_at: int
    content_modified_at: int
    created_by: int  # user id
    modified_by: int  # user id
    trashed_at: int | None
    seen: Seen | None = None
    content: str = ""
    notes: Notes = NO_NOTES

    @property
    def is_folder(self) -> bool:
        return self.kind is Kind.FOLDER

    @property
    def is_first_version(self) -> bool:
        """Whether a file has the content that it came with: that version's id was taken together
        with its own, right behind it."""
        return self.version == self.id + 1


def fresh_item(
    id: int, namespace: int, parent: int | None, kind: Kind, name: str, at: int, by: int
) -> Item:
    """An item as it begins: revision 0, without content, not yet placed in the journal."""
    return Item(
        id=id,
        namespace=namespace,
        parent=parent,
        kind=kind,
        name=name,
        key="",
        revision=0,
        version=0,
        size=0,
        sha1="",
        content_hash="",
        created_at=at,
        modified_at=at,
        content_created_at=at,
        content_modified_at=at,
        created_by=by,
        modified_by=by,
        trashed_at=None,
    )


class Enterprise(msgspec.Struct, frozen=True):
    """A tenant."""

    id: int
    name: str
    created_at: int


class User(msgspec.Struct, frozen=True):
    """Somebody with a stream of their own and a home namespace.

    A user who is disabled keeps everything, but neither they nor anybody in their name gets in.
    `app` is the app whose service account this is, None for people.
    """

    id: int
    enterprise: int
    login: str
    name: str
    is_admin: bool
    home: int  # namespace id
    created_at: int
    disabled_at: int | None = None
    app: int | None = None


class Password(msgspec.Struct, frozen=True):
    """By what a user logs in to the pages, as `core.passwords` hashed it."""

    user: int
    hashed: str
    set_at: int


class Namespace(msgspec.Struct, frozen=True):
    """A tree of items with an owner and members.

    `root` is the id of its root folder; a home's root is shown as "All Files",
    a shared namespace's root as a top-level folder of each member's home.
    """

    id: int
    enterprise: int
    owner: int  # user id
    root: int  # item id
    is_home: bool
    created_at: int


class Member(msgspec.Struct, frozen=True):
    """One user in one namespace. `mount_key` is the journal segment of the
    mount in the user's home (empty in their own home)."""

    namespace: int
    user: int
    role: Role
    mount_key: str
    created_at: int


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


class JournalRow(msgspec.Struct, frozen=True):
    """The latest change at one path of a namespace.

    `item` is None in a tombstone; `mount` is the namespace that a mount row
    shows (the row then stands in a home's journal). `spelling` is the last part of the
    path as it is or was shown, None where that is the part itself.
    """

    path: str  # journal keys joined by "/", no leading slash
    number: int
    item: int | None
    mount: int | None
    spelling: str | None = None
