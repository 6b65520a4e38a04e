"""What Dropbox's v2 API gives and takes, as its clients check it (dropbox.md 2.1, 2.6)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

_Optional = str | UnsetType


class SharingInfo(msgspec.Struct, gc=False):
    """Of what is in a shared folder, and of the folder itself (`shared_folder_id`)."""

    read_only: bool
    parent_shared_folder_id: _Optional = UNSET
    shared_folder_id: _Optional = UNSET


class FileMetadata(msgspec.Struct, tag_field=".tag", tag="file", kw_only=True, gc=False):
    name: str
    id: str
    client_modified: str
    server_modified: str
    rev: str
    size: int
    path_lower: str
    path_display: str
    is_downloadable: bool
    parent_shared_folder_id: _Optional = UNSET
    sharing_info: SharingInfo | UnsetType = UNSET
    content_hash: _Optional = UNSET


class FolderMetadata(msgspec.Struct, tag_field=".tag", tag="folder", kw_only=True, gc=False):
    name: str
    id: str
    path_lower: str
    path_display: str
    parent_shared_folder_id: _Optional = UNSET
    shared_folder_id: _Optional = UNSET
    sharing_info: SharingInfo | UnsetType = UNSET


class DeletedMetadata(msgspec.Struct, tag_field=".tag", tag="deleted", kw_only=True, gc=False):
    name: str
    path_lower: str
    path_display: str


Metadata = FileMetadata | FolderMetadata | DeletedMetadata


class ListFolderResult(msgspec.Struct):
    entries: list[Metadata]
    cursor: str
    has_more: bool


class TemporaryLink(msgspec.Struct):
    """A URL of the content of a file, which needs no token."""

    metadata: Metadata
    link: str


class LatestCursor(msgspec.Struct):
    cursor: str


class Changes(msgspec.Struct, omit_defaults=True):
    """The answer of a long poll. `backoff` in seconds, before the next one."""

    changes: bool
    backoff: int | None = None


class Name(msgspec.Struct):
    given_name: str
    surname: str
    familiar_name: str
    display_name: str
    abbreviated_name: str


class Account(msgspec.Struct):
    account_id: str
    name: Name
    email: str
    email_verified: bool
    disabled: bool
    locale: str
    referral_link: str
    is_paired: bool
    account_type: dict[str, str]
    root_info: dict[str, Any]


class Allocation(msgspec.Struct, tag_field=".tag", tag="individual"):
    allocated: int


class SpaceUsage(msgspec.Struct):
    used: int
    allocation: Allocation


class Echo(msgspec.Struct):
    result: str


class TeamEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event of the team log. What is a map here is a union of Dropbox's, under its `.tag`."""

    timestamp: str
    event_category: dict[str, str]
    actor: dict[str, Any]
    origin: dict[str, Any] | UnsetType = UNSET
    involve_non_team_member: bool
    context: dict[str, Any]
    participants: list[dict[str, Any]]
    assets: list[dict[str, Any]]
    event_type: dict[str, str]
    details: dict[str, Any]


class TeamEvents(msgspec.Struct):
    events: list[TeamEvent]
    cursor: str
    has_more: bool


class RenderedTeamEvents(msgspec.Struct):
    """`TeamEvents`, of which each event is JSON already."""

    events: list[msgspec.Raw]
    cursor: str
    has_more: bool


# --- arguments ---


class Tagged(msgspec.Struct):
    """A member of a union that has nothing but its name."""

    tag: str = msgspec.field(name=".tag")


class TimeRange(msgspec.Struct):
    """Times as `2015-05-12T15:50:38Z`: from the first on, and before the second."""

    start_time: str | None = None
    end_time: str | None = None


class GetTeamEvents(msgspec.Struct):
    limit: int = 1000
    account_id: str | None = None
    time: TimeRange | None = None
    category: str | Tagged | None = None
    event_type: str | Tagged | None = None


class ListFolder(msgspec.Struct):
    path: str
    recursive: bool = False
    include_deleted: bool = False
    include_mounted_folders: bool = True
    include_media_info: bool = False
    include_non_downloadable_files: bool = True
    limit: int | None = None
    shared_link: Any = None


class GivenCursor(msgspec.Struct):
    cursor: str


class LongPoll(msgspec.Struct):
    cursor: str
    timeout: int = 30


class GetMetadata(msgspec.Struct):
    path: str
    include_deleted: bool = False


class Download(msgspec.Struct):
    path: str


class Query(msgspec.Struct):
    query: str = ""


class PathRoot(msgspec.Struct):
    """The header `Dropbox-API-Path-Root`."""

    tag: Literal["home", "root", "namespace_id"] = msgspec.field(name=".tag")
    root: str = ""
    namespace_id: str = ""
