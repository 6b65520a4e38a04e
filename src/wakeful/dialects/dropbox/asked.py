"""What clients ask to be done: the arguments of those functions of Dropbox's API
(files.stone)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from wakeful.core.errors import InvalidRequest
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.names import of_file_revision
from wakeful.dialects.dropbox.shapes import Tagged

MOST_UPLOADED = 150 * 1024 * 1024
"""Bytes of one request."""

MOST_ENTRIES = 1_000
"""Of a batch."""

MOST_REVISIONS = 100
"""Of a file, that are told at once."""

MOST_FOLDERS = 10_000
"""Of a batch of new folders."""

_REV = re.compile(r"[0-9a-f]{9,}")
_HASH = re.compile(r"[0-9A-Fa-f]{64}")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Mode(msgspec.Struct):
    """A `WriteMode`; `update` is the revision that is replaced."""

    tag: str = msgspec.field(name=".tag")
    update: str | None = None


class Commit(msgspec.Struct, kw_only=True):
    """What is to become of a content (`CommitInfo`)."""

    path: str
    mode: str | Mode = "add"
    autorename: bool = False
    client_modified: str | None = None
    mute: bool = False  # clients are told whether to notify somebody: nobody is
    property_groups: list[Any] | None = None
    strict_conflict: bool = False


class Upload(Commit, kw_only=True):
    content_hash: str | None = None


class Start(msgspec.Struct):
    close: bool = False
    session_type: str | Tagged | None = None
    content_hash: str | None = None


class StartBatch(msgspec.Struct):
    num_sessions: int
    session_type: str | Tagged | None = None


class SessionCursor(msgspec.Struct):
    session_id: str
    offset: Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class Append(msgspec.Struct):
    cursor: SessionCursor
    close: bool = False
    content_hash: str | None = None


class Finish(msgspec.Struct):
    cursor: SessionCursor
    commit: Commit
    content_hash: str | None = None


class Finishes(msgspec.Struct):
    entries: list[Finish]


class NewFolder(msgspec.Struct):
    path: str
    autorename: bool = False


class NewFolders(msgspec.Struct):
    paths: list[str]
    autorename: bool = False
    force_async: bool = False


class Relocation(msgspec.Struct):
    from_path: str
    to_path: str
    autorename: bool = False
    allow_shared_folder: bool = False
    allow_ownership_transfer: bool = False


class Relocated(msgspec.Struct):
    from_path: str
    to_path: str


class Relocations(msgspec.Struct):
    entries: list[Relocated]
    autorename: bool = False
    allow_ownership_transfer: bool = False


class Deletion(msgspec.Struct):
    path: str
    parent_rev: str | None = None


class Deletions(msgspec.Struct):
    entries: list[Deletion]


class Restoring(msgspec.Struct):
    path: str
    rev: str


class ListRevisions(msgspec.Struct):
    path: str
    mode: str | Tagged = "path"
    limit: int = 10
    before_rev: str | None = None


class Job(msgspec.Struct):
    async_job_id: str


class Replacing(msgspec.Struct, frozen=True):
    """A `WriteMode`, read: what happens where a file is. With a `rev`, only that is replaced."""

    overwrites: bool = False
    rev: str | None = None


def parse_mode(mode: str | Mode) -> Replacing:
    """Raises InvalidRequest."""
    tag = mode if isinstance(mode, str) else mode.tag
    if tag == "add":
        return Replacing()
    if tag == "overwrite":
        return Replacing(overwrites=True)
    if tag == "update" and isinstance(mode, Mode) and mode.update is not None:
        return Replacing(rev=parse_rev(mode.update, "mode: update"))
    raise InvalidRequest(f"request body: mode: unknown tag '{tag[:50]}'")


def parse_revisions(wanted: ListRevisions) -> int | None:
    """The version before which those are that are *wanted*, None for all. Raises InvalidRequest,
    and Refused for one that no file ever had."""
    tag = wanted.mode if isinstance(wanted.mode, str) else wanted.mode.tag
    if tag not in ("path", "id"):
        raise InvalidRequest(f"request body: mode: unknown tag '{tag[:50]}'")
    if not 1 <= wanted.limit <= MOST_REVISIONS:
        raise InvalidRequest(f"request body: limit: {wanted.limit} is not in 1..{MOST_REVISIONS}")
    if wanted.before_rev is None:
        return None
    named = of_file_revision(parse_rev(wanted.before_rev, "before_rev"))
    if named is None:
        raise Refused("invalid_before_rev")
    return named[1]


def parse_rev(text: str, field: str) -> str:
    """A revision as clients write it. Raises InvalidRequest."""
    if not _REV.fullmatch(text):
        raise InvalidRequest(f"request body: {field}: '{text[:50]}' did not match [0-9a-f]{{9,}}")
    return text


def parse_content_hash(text: str | None) -> str | None:
    """Raises InvalidRequest for what is no hash."""
    if text is not None and not _HASH.fullmatch(text):
        raise InvalidRequest("request body: content_hash: expected 64 hex digits")
    return None if text is None else text.lower()


def parse_time(text: str | None, field: str) -> int | None:
    """A time as `2015-05-12T15:50:38Z`, in ms. Raises InvalidRequest."""
    if text is None:
        return None
    try:
        return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        raise InvalidRequest(
            f"request body: {field}: time data '{text[:50]}' does not match format '{_TIME}'"
        ) from None


def check_groups(groups: list[Any] | None) -> None:
    """Raise Refused where a file is to have properties: there are no templates here; and
    InvalidRequest for what is no id of one."""
    if groups:
        template = groups[0].get("template_id") if isinstance(groups[0], dict) else None
        if not isinstance(template, str) or not template.startswith(("/", "ptid:")):
            raise InvalidRequest("request body: property_groups: expected a 'template_id'")
        raise Refused(
            "properties_error", "template_not_found", more={"template_not_found": template}
        )


def check_count(entries: list[Any], most: int = MOST_ENTRIES, field: str = "entries") -> None:
    """Raise InvalidRequest for a batch that is too long."""
    if len(entries) > most:
        raise InvalidRequest(f"request body: {field}: more than {most} of them")
