"""What version 1 gives, as its clients read it (dropbox.md 1.1, 1.5)."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType


class SharedFolder(msgspec.Struct):
    """Stands in the metadata of a shared namespace."""

    id: str


class Metadata(msgspec.Struct, kw_only=True):
    """A file or a folder. Java's client throws at a `hash` or `contents`, and at a deleted
    entry, in a delta."""

    path: str
    is_dir: bool
    size: str
    bytes: int
    rev: str | UnsetType = UNSET  # the root has none
    revision: int | UnsetType = UNSET
    root: str = "dropbox"
    icon: str
    thumb_exists: bool = False
    modified: str | UnsetType = UNSET
    client_mtime: str | UnsetType = UNSET  # of files
    mime_type: str | UnsetType = UNSET
    is_deleted: bool | UnsetType = UNSET
    shared_folder: SharedFolder | UnsetType = UNSET
    parent_shared_folder_id: str | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET  # of what is shared
    hash: str | UnsetType = UNSET  # of a folder that is listed
    contents: list[Metadata] | UnsetType = UNSET


class Delta(msgspec.Struct):
    """A page: paths in lower case, each with what is there now, or null.

    `reset`: forget everything before.
    """

    entries: list[tuple[str, Metadata | None]]
    reset: bool
    cursor: str
    has_more: bool


class Chunk(msgspec.Struct):
    """How far an upload has come, and until when it may be gone on with."""

    upload_id: str
    offset: int
    expires: str


class LatestCursor(msgspec.Struct):
    cursor: str


class NameDetails(msgspec.Struct):
    familiar_name: str
    given_name: str
    surname: str


class QuotaInfo(msgspec.Struct):
    """In bytes: what is in the home, in shared namespaces of their own, and what there may be."""

    normal: int
    shared: int
    quota: int


class AccountInfo(msgspec.Struct):
    uid: int
    display_name: str
    name_details: NameDetails
    email: str
    email_verified: bool
    referral_link: str
    locale: str
    country: str | None
    is_paired: bool
    team: None
    quota_info: QuotaInfo
