"""The objects that Box's API answers with.

The fields and their order are those of recorded Box events (box.md 2.5); ids, `etag` and
`sequence_id` are strings, for the TypeScript SDK refuses a whole page with one that is not.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wakeful.core.events import Described

ROOT = "0"
"""The id of the root of every home."""


def copied(described: Described) -> dict[str, Any]:
    """What *described* says, for a field that shows it: the encoder copies its text."""
    return msgspec.Raw(described)  # type: ignore[return-value]  # its JSON is that of a map


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


class FileVersion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    type: str = "file_version"
    id: str
    sha1: str


class FileMini(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    type: str = "file"
    id: str
    file_version: FileVersion
    sequence_id: str
    etag: str
    sha1: str
    name: str


class PathCollection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """What an upload made."""

    total_count: int = 1
    entries: tuple[object, ...]


class UploadUrl(msgspec.Struct, frozen=True, kw_only=True):
    """Where to upload to. No token is needed beside the usual one."""

    upload_url: str
    upload_token: str = ""


class FileLock(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    type: str = "lock"
    id: str
    created_by: UserMini
    created_at: str
    expired_at: str | None
    is_download_prevented: bool


class LinkPermissions(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    can_preview: bool = True
    can_download: bool
    can_edit: bool = False


class SharedLink(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`download_url` is there for a file that everybody may download without a password."""

    url: str
    download_url: str | None
    vanity_url: None = None
    vanity_name: None = None
    effective_access: str
    effective_permission: str
    unshared_at: str | None
    is_password_enabled: bool
    access: str
    permissions: LinkPermissions
    download_count: int = 0
    preview_count: int = 0


class File(msgspec.Struct, frozen=True, gc=False):
    """Made by position: by so many names it would take eight times as long, and pages are full of
    files."""

    type: str
    id: str
    file_version: FileVersion
    sequence_id: str
    etag: str
    sha1: str
    name: str
    description: str
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
    shared_link: SharedLink | None
    parent: FolderMini | None
    item_status: str
    synced: bool = True
    lock: FileLock | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    comment_count: int | msgspec.UnsetType = msgspec.UNSET


class Folder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
    shared_link: SharedLink | None = None
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
    space_amount: int
    space_used: int
    max_upload_size: int
    status: str = "active"
