"""Earlier versions of files, as Box lists and promotes them (its OpenAPI, `FileVersion--Full`).

Only those are told of that are kept. That a file had others is not denied: where none is kept of
several that there were, there is no list.
"""

from __future__ import annotations

import msgspec

from wakeful.core.census import Census
from wakeful.core.changes import ById, Recover
from wakeful.core.errors import InvalidRequest, NotFound
from wakeful.core.finding import Lineage
from wakeful.core.items import Item, Kind, Version, at_version
from wakeful.core.lookups.trees import VersionsOf
from wakeful.core.versions import NOT_KEPT, find_version
from wakeful.core.writes import Steps
from wakeful.dialects.box import reads
from wakeful.dialects.box.shapes import UserMini
from wakeful.dialects.box.users import user_mini
from wakeful.dialects.times import text_of

MOST_VERSIONS = 10_000
"""Of one file, that are looked at."""

_MOST_DIGITS = 18


class FileVersionFull(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "file_version"
    id: str
    sha1: str
    name: str
    size: int
    created_at: str
    modified_at: str
    modified_by: UserMini
    uploader_display_name: str
    trashed_at: None = None
    trashed_by: None = None
    restored_at: None = None
    restored_by: None = None
    purged_at: None = None


class FileVersions(msgspec.Struct, frozen=True, kw_only=True):
    total_count: int
    entries: tuple[FileVersionFull, ...]
    limit: int
    offset: int


class Promotion(msgspec.Struct, frozen=True):
    """The body of `POST /2.0/files/:id/versions/current`."""

    id: str | int | None = None


def read_versions(
    user: int, id: str, offset: int, limit: int, within: int | None = None
) -> Steps[FileVersions]:
    """The versions of the file *id* before its present one, the newest first. Raises NotFound."""
    lineage, _ = yield from reads.read_lineage(user, id, Kind.FILE, within=within)
    file = lineage[-1]
    kept: tuple[Version, ...] = yield VersionsOf(file.id, MOST_VERSIONS)
    if not kept and not file.is_first_version:
        raise NotFound("Earlier versions of this file are not kept")
    census = Census((yield from reads.read_user(user)))
    entries = []
    for version in kept[offset : offset + limit]:
        entries.append((yield from _told(census, at_version(file, version))))
    return FileVersions(total_count=len(kept), entries=tuple(entries), limit=limit, offset=offset)


def read_version(
    user: int, id: str, version: str, within: int | None = None
) -> Steps[FileVersionFull]:
    """One version of the file *id*. Raises NotFound."""
    lineage, _ = yield from reads.read_lineage(user, id, Kind.FILE, within=within)
    found = yield from with_version(lineage, version)
    census = Census((yield from reads.read_user(user)))
    return (yield from _told(census, found[-1]))


def read_promoted(user: int, lineage: Lineage) -> Steps[FileVersionFull]:
    """The present version of the last of *lineage*."""
    census = Census((yield from reads.read_user(user)))
    return (yield from _told(census, lineage[-1]))


def with_version(lineage: Lineage, version: str) -> Steps[Lineage]:
    """*lineage*, whose last is a file as it was with that version. Raises NotFound."""
    if str(lineage[-1].version) == version:
        return lineage
    if not (version.isascii() and version.isdigit()) or len(version) > _MOST_DIGITS:
        raise NotFound(NOT_KEPT)
    found = yield from find_version(lineage[-1].id, int(version))
    return (*lineage[:-1], found)


def promote(asked: Promotion, file: Item) -> Recover:
    """What makes a version the present one. Raises InvalidRequest, NotFound."""
    if asked.id is None:
        raise InvalidRequest("which version?", field="id")
    text = str(asked.id)
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise NotFound(NOT_KEPT)
    return Recover(of=file.id, version=int(text), item=ById(file.id))


def _told(census: Census, file: Item) -> Steps[FileVersionFull]:
    by = user_mini((yield from census.person(file.modified_by)))
    return FileVersionFull(
        id=str(file.version),
        sha1=file.sha1,
        name=file.name,
        size=file.size,
        created_at=text_of(file.modified_at),
        modified_at=text_of(file.content_modified_at),
        modified_by=by,
        uploader_display_name=by.name,
    )
