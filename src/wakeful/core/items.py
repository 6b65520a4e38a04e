"""Items, and what the store keeps of them: plain records.

Ids are integers from one counter, unique across all kinds of record, here and in
`core.people` and `core.credentials`. A stream is named by the id of its owner (a user
or an enterprise), a journal by the id of its namespace, so that one integer is enough
wherever something is waited for.

Times are integers: milliseconds since 1970-01-01 UTC, unless a name says otherwise.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What an item is."""

    FILE = "file"
    FOLDER = "folder"


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


class LinkAccess(StrEnum):
    """Whom a shared link lets in, beside the members."""

    OPEN = "open"  # everybody
    COMPANY = "company"  # the users of the enterprise
    COLLABORATORS = "collaborators"  # nobody


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What opens an item to those who are no members: its URL has the `key`.

    `hashed` is kept of its password, empty where it has none (`core.passwords`).
    """

    key: str
    url: str
    by: int  # user id
    at: int
    access: LinkAccess = LinkAccess.OPEN
    until: int | None = None
    hashed: str = ""
    can_download: bool = True

    def told(self) -> Link:
        """The link as events remember it: that there is a password, and not what is kept of it."""
        return msgspec.structs.replace(self, hashed="told") if self.hashed else self


class Notes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What people note on an item beside its name and its content."""

    description: str = ""
    tags: tuple[str, ...] = ()
    lock: Lock | None = None
    link: Link | None = None


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


class Version(msgspec.Struct, frozen=True, gc=False):
    """An earlier content of a file, whose present one has taken its place.

    `modified_at` and `modified_by` are when it came and who brought it, `replaced_at` when
    another came; the rest is as the item had it.
    """

    item: int
    id: int  # the item's `version` then
    size: int
    sha1: str
    content_hash: str
    content_created_at: int
    content_modified_at: int
    modified_at: int
    modified_by: int
    content: str
    replaced_at: int


def version_of(file: Item, replaced_at: int) -> Version:
    """What *file* is now, as an earlier version."""
    return Version(
        item=file.id,
        id=file.version,
        size=file.size,
        sha1=file.sha1,
        content_hash=file.content_hash,
        content_created_at=file.content_created_at,
        content_modified_at=file.content_modified_at,
        modified_at=file.modified_at,
        modified_by=file.modified_by,
        content=file.content,
        replaced_at=replaced_at,
    )


def at_version(file: Item, version: Version) -> Item:
    """*file* as it was with that content, under its present name."""
    return msgspec.structs.replace(
        file,
        version=version.id,
        size=version.size,
        sha1=version.sha1,
        content_hash=version.content_hash,
        content_created_at=version.content_created_at,
        content_modified_at=version.content_modified_at,
        modified_at=version.modified_at,
        modified_by=version.modified_by,
        content=version.content,
    )


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


class Comment(msgspec.Struct, frozen=True):
    """What user `by` says about a file, or in reply to another comment on it.

    `is_tagged`: there may be mentions of users in the text, as Box's clients write them.
    """

    id: int
    item: int
    reply_to: int | None  # the id of a comment that is no reply itself
    by: int  # user id
    text: str
    is_tagged: bool
    created_at: int
    modified_at: int


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
