"""Items and users as Box writes them.

One function makes the object of an item for an event's `source` and for a read: `etag` and
`sequence_id` are equal in both because they come from here.

The fields and their order are those of recorded Box events (box.md 2.5); ids, `etag` and
`sequence_id` are strings, for the TypeScript SDK refuses a whole page with one that is not.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wakeful.core.accounts import HOME_NAME
from wakeful.core.events import Ancestor, Person, Snapshot
from wakeful.core.items import ANONYMOUS, Item, Kind, User
from wakeful.core.notes import lock_at
from wakeful.dialects.times import text_of

ROOT = "0"
"""The id of the root of every home."""

PURGE_MS = 30 * 24 * 3600 * 1000
"""Box empties an item from the trash after 30 days."""


class UserMini(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    type: str = "user"
    id: str
    name: str
    login: str


class FolderMini(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    type: str = "folder"
    id: str
    sequence_id: str | None
    etag: str | None
    name: str


class FileVersion(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "file_version"
    id: str
    sha1: str


class FileMini(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "file"
    id: str
    file_version: FileVersion
    sequence_id: str
    etag: str
    sha1: str
    name: str


class PathCollection(msgspec.Struct, frozen=True, kw_only=True):
    total_count: int
    entries: tuple[FolderMini, ...]


class Order(msgspec.Struct, frozen=True):
    by: str
    direction: str = "ASC"


class ItemCollection(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what is in a folder, by offset."""

    total_count: int
    entries: tuple[object, ...]
    offset: int
    limit: int
    order: tuple[Order, ...] = (Order("type"), Order("name"))


class MarkedItems(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what is in a folder, by marker; no marker on the last."""

    entries: tuple[object, ...]
    limit: int
    next_marker: str | None


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """A page of users, by offset or by marker."""

    total_count: int | msgspec.UnsetType = msgspec.UNSET
    entries: tuple[object, ...]
    limit: int
    offset: int | msgspec.UnsetType = msgspec.UNSET
    next_marker: str | msgspec.UnsetType | None = msgspec.UNSET


class NoVersions(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a file before the present one, where there were none."""

    total_count: int = 0
    entries: tuple[object, ...] = ()


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """What an upload made."""

    total_count: int = 1
    entries: tuple[object, ...]


class UploadUrl(msgspec.Struct, frozen=True, kw_only=True):
    """Where to upload to. No token is needed beside the usual one."""

    upload_url: str
    upload_token: str = ""


class FileLock(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "lock"
    id: str
    created_by: UserMini
    created_at: str
    expired_at: str | None
    is_download_prevented: bool


class File(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "file"
    id: str
    file_version: FileVersion
    sequence_id: str
    etag: str
    sha1: str
    name: str
    description: str = ""
    size: int
    path_collection: PathCollection
    created_at: str
    modified_at: str
    trashed_at: str | None
    purged_at: str | None
    content_created_at: str
    content_modified_at: str
    created_by: UserMini
    modified_by: UserMini
    owned_by: UserMini
    shared_link: None = None
    parent: FolderMini | None
    item_status: str
    synced: bool = True
    lock: FileLock | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """`item_collection` is there in reads only, `tags` where they are asked for."""

    type: str = "folder"
    id: str
    sequence_id: str | None
    etag: str | None
    name: str
    created_at: str | None
    modified_at: str | None
    description: str = ""
    size: int
    path_collection: PathCollection
    created_by: UserMini
    modified_by: UserMini
    trashed_at: str | None
    purged_at: str | None
    content_created_at: str | None
    content_modified_at: str | None
    owned_by: UserMini
    shared_link: None = None
    folder_upload_email: None = None
    parent: FolderMini | None
    item_status: str
    synced: bool = True
    item_collection: ItemCollection | MarkedItems | msgspec.UnsetType = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class FullUser(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "user"
    id: str
    name: str
    login: str
    created_at: str
    modified_at: str
    status: str = "active"


UNKNOWN_USER = "Unknown User"
"""What Box calls somebody who is not signed in."""


def user_mini(person: Person) -> UserMini:
    if person.id == ANONYMOUS:
        return UserMini(id=str(ANONYMOUS), name=UNKNOWN_USER, login="")
    return UserMini(id=str(person.id), name=person.name, login=person.login)


def party(accessible_by: Person | dict[str, Any]) -> UserMini | dict[str, Any]:
    """Who gained or lost access: a user, or a group or a stranger as they were described."""
    return user_mini(accessible_by) if isinstance(accessible_by, Person) else accessible_by


def user_full(user: User) -> FullUser:
    """A user as `GET /2.0/users/:id` answers."""
    at = text_of(user.created_at)
    return FullUser(
        id=str(user.id),
        name=user.name,
        login=user.login,
        created_at=at,
        modified_at=at,
        status="active" if user.disabled_at is None else "inactive",
    )


TRASH = FolderMini(id="1", sequence_id=None, etag=None, name="Trash")
"""The folder that Box shows above what is in the trash (`GET /2.0/files/:id/trash`)."""

HOME = FolderMini(id=ROOT, sequence_id=None, etag=None, name=HOME_NAME)
"""The root of a home has no `etag` and no `sequence_id` (recorded, box.md 6.8)."""


def item_full(item: Snapshot) -> File | Folder:
    """All of an item, as in the source of an event in a user's stream."""
    above = path_above(item)
    trashed = item.trashed_at is not None
    parent = above[-1] if above and not trashed else None
    path = () if trashed else above
    status = "deleted" if trashed else "active"
    trashed_at = None if item.trashed_at is None else text_of(item.trashed_at)
    purged_at = None if item.trashed_at is None else text_of(item.trashed_at + PURGE_MS)
    collection = PathCollection(total_count=len(path), entries=path)
    owned_by = user_mini(item.owned_by)
    created_by = owned_by if item.created_by == item.owned_by else user_mini(item.created_by)
    modified_by = owned_by if item.modified_by == item.owned_by else user_mini(item.modified_by)
    revision = str(item.revision)
    if item.kind is Kind.FILE:
        return File(
            id=str(item.id),
            file_version=FileVersion(id=str(item.version), sha1=item.sha1),
            sequence_id=revision,
            etag=revision,
            sha1=item.sha1,
            name=item.name,
            description=item.notes.description,
            size=item.size,
            path_collection=collection,
            created_at=text_of(item.created_at),
            modified_at=text_of(item.modified_at),
            trashed_at=trashed_at,
            purged_at=purged_at,
            content_created_at=text_of(item.content_created_at),
            content_modified_at=text_of(item.content_modified_at),
            created_by=created_by,
            modified_by=modified_by,
            owned_by=owned_by,
            parent=parent,
            item_status=status,
        )
    mini = folder_mini(item)
    is_home = is_home_root(item)
    return Folder(
        id=mini.id,
        sequence_id=mini.sequence_id,
        etag=mini.etag,
        name=mini.name,
        created_at=None if is_home else text_of(item.created_at),
        modified_at=None if is_home else text_of(item.modified_at),
        description=item.notes.description,
        size=item.size,
        path_collection=collection,
        created_by=created_by,
        modified_by=modified_by,
        trashed_at=trashed_at,
        purged_at=purged_at,
        content_created_at=None if is_home else text_of(item.content_created_at),
        content_modified_at=None if is_home else text_of(item.content_modified_at),
        owned_by=owned_by,
        parent=parent,
        item_status=status,
    )


def item_noted(item: Snapshot, now: int) -> File | Folder:
    """The same with what stands there only where it is asked for: tags, and the lock that is on
    at the time *now*."""
    full = item_full(item)
    if isinstance(full, Folder):
        return msgspec.structs.replace(full, tags=item.notes.tags)
    lock = lock_at(item.notes, now)
    shown: FileLock | None = None
    if lock is not None:
        assert item.locked_by is not None, "a lock has a user"
        shown = FileLock(
            id=str(lock.id),
            created_by=user_mini(item.locked_by),
            created_at=text_of(lock.at),
            expired_at=None if lock.until is None else text_of(lock.until),
            is_download_prevented=lock.no_download,
        )
    return msgspec.structs.replace(full, lock=shown, tags=item.notes.tags)


def item_trashed(item: Snapshot) -> File | Folder:
    """All of an item in the trash, as a read of the trash answers. In events it is `deleted`."""
    return msgspec.structs.replace(
        item_full(item),
        item_status="trashed",
        parent=TRASH,
        path_collection=PathCollection(total_count=1, entries=(TRASH,)),
    )


def item_mini(item: Snapshot) -> FileMini | FolderMini:
    """An item as an entry of a listing that asked for no fields."""
    return folder_mini(item) if item.kind is Kind.FOLDER else _file_mini(item)


def mini_of(item: Item) -> FileMini | FolderMini:
    """The same of an item below a root."""
    if item.is_folder:
        revision = str(item.revision)
        return FolderMini(id=str(item.id), sequence_id=revision, etag=revision, name=item.name)
    return _file_mini(item)


def _file_mini(item: Snapshot | Item) -> FileMini:
    revision = str(item.revision)
    return FileMini(
        id=str(item.id),
        file_version=FileVersion(id=str(item.version), sha1=item.sha1),
        sequence_id=revision,
        etag=revision,
        sha1=item.sha1,
        name=item.name,
    )


def folder_mini(item: Snapshot) -> FolderMini:
    if is_home_root(item):
        return HOME
    revision = str(item.revision)
    return FolderMini(id=str(item.id), sequence_id=revision, etag=revision, name=item.name)


def is_home_root(item: Snapshot) -> bool:
    """Whether *item* is what its owner sees as "All Files"."""
    return item.in_home and not item.path and item.kind is Kind.FOLDER


def path_above(item: Snapshot) -> tuple[FolderMini, ...]:
    """The folders above an item, as each member sees them: a shared namespace is a folder at
    the top of their home."""
    if is_home_root(item):
        return ()
    below = item.path[1:] if item.in_home else item.path
    return (HOME, *(_ancestor(folder) for folder in below))


def parent_above(item: Snapshot) -> FolderMini | None:
    """The last of `path_above`, made alone."""
    if is_home_root(item):
        return None
    below = item.path[1:] if item.in_home else item.path
    return _ancestor(below[-1]) if below else HOME


def _ancestor(folder: Ancestor) -> FolderMini:
    revision = str(folder.revision)
    return FolderMini(id=str(folder.id), sequence_id=revision, etag=revision, name=folder.name)
