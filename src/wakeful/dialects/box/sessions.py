"""Upload sessions: files that come in parts, as Box's SDKs send those that are large.

The shapes and the headers are those of Box's OpenAPI (`/files/upload_sessions`).

Rule 1: the server says how long each part is, all but the last; a part begins where such a part
can begin. So parts need no names of their own: each is known by its place.

Rule 2: what a session is for is judged when it is begun and again when it is committed, by the
rules that hold for any upload.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

import msgspec

from wakeful.core.changes import Change, Facts
from wakeful.core.drafts import LIFETIME_MS, Draft, NoDraft, Part
from wakeful.core.errors import InvalidRequest
from wakeful.core.items import Item
from wakeful.dialects.box import actions
from wakeful.dialects.box.errors import InvalidSessionId, RangeMismatch, SessionExpired
from wakeful.dialects.times import text_of

PART_BYTES = 8 * 1024 * 1024
"""As long as Box's parts are, for files that are not very large."""

MOST_PARTS = 10_000
"""Of one file, as in Box."""

LEAST_PARTS = 4
"""Of a smaller file, so that those who test with one see it come in parts too."""

LEAST_PART_BYTES = 4 * 1024

_RANGE = re.compile(r"bytes\s+([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", re.IGNORECASE)
_ID = re.compile(r"[0-9A-Za-z]{1,64}")


class NewSession(msgspec.Struct, frozen=True):
    """The body of `POST /2.0/files/upload_sessions`."""

    folder_id: str | int
    file_name: str
    file_size: int


class NewVersionSession(msgspec.Struct, frozen=True):
    """The body of `POST /2.0/files/:id/upload_sessions`."""

    file_size: int
    file_name: str | None = None


class GivenPart(msgspec.Struct, frozen=True):
    """A part as a client names it."""

    offset: int | None = None
    size: int | None = None
    part_id: str | None = None
    sha1: str | None = None


class Attributes(msgspec.Struct, frozen=True):
    """What else the file is to have."""

    content_created_at: str | None = None
    content_modified_at: str | None = None


class Commit(msgspec.Struct, frozen=True):
    """The body of a commit."""

    parts: tuple[GivenPart, ...] | None = None
    attributes: Attributes | None = None


class PlannedPart(msgspec.Struct, frozen=True):
    """A part that a client asks for before it sends it."""

    offset: int
    size: int
    sha512: str


class Plan(msgspec.Struct, frozen=True):
    """The body of a plan."""

    parts: tuple[PlannedPart, ...]


class Planned(msgspec.Struct, frozen=True):
    """The answer to a plan: what need not be sent, and what has to be."""

    upload_session_id: str
    hits: tuple[PlannedPart, ...]
    misses: tuple[PlannedPart, ...]


class UploadPart(msgspec.Struct, frozen=True):
    part_id: str
    offset: int
    size: int
    sha1: str


class UploadedPart(msgspec.Struct, frozen=True):
    part: UploadPart


class UploadParts(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the parts that have come."""

    entries: tuple[UploadPart, ...]
    offset: int
    limit: int
    total_count: int
    order: tuple[object, ...] = ()


class Endpoints(msgspec.Struct, frozen=True):
    upload_part: str
    commit: str
    abort: str
    list_parts: str
    status: str
    plan: str


class UploadSession(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "upload_session"
    id: str
    session_expires_at: str
    part_size: int
    total_parts: int
    num_parts_processed: int
    session_endpoints: Endpoints


class Wanted(msgspec.Struct, frozen=True, tag_field="dialect", tag="box"):
    """What a session is for, as its draft remembers it: a new file in the folder `parent`, or a
    new version of `file`; `name` is None where that keeps its own."""

    size: int
    part_size: int
    name: str | None
    parent: int | None = None
    file: int | None = None

    @property
    def total_parts(self) -> int:
        return -(-self.size // self.part_size)


class Span(NamedTuple):
    """Where a part stands in its file."""

    offset: int
    size: int


_wanted = msgspec.json.Decoder(Wanted)


def wanted(
    size: int, name: str | None, *, parent: int | None = None, file: int | None = None
) -> Wanted:
    """A session for a file of *size* bytes. Raises InvalidRequest."""
    if size < 1:
        raise InvalidRequest("a file that comes in parts has bytes", field="file_size")
    return Wanted(size, part_size_for(size), name, parent, file)


def part_size_for(size: int) -> int:
    """How long the parts of a file of *size* bytes are."""
    part = PART_BYTES
    while part * MOST_PARTS < size:
        part *= 2
    while part > LEAST_PART_BYTES and part * LEAST_PARTS > size:
        part //= 2
    return part


def note_of(wanted: Wanted) -> str:
    return msgspec.json.encode(wanted).decode()


def found(draft: Draft | None, user: int, now: int) -> tuple[Draft, Wanted]:
    """The session of *user* that *draft* is. Raises NoDraft, and SessionExpired."""
    if draft is None or draft.owner != user:
        raise NoDraft("no such upload session")
    try:
        wanted = _wanted.decode(draft.note)
    except msgspec.MsgspecError:
        raise NoDraft("no such upload session") from None  # another dialect's
    if now >= draft.begun_at + LIFETIME_MS:
        raise SessionExpired("the upload session has expired")
    return draft, wanted


def check_id(id: str) -> str:
    """Return *id* if it can be that of a session. Raises InvalidSessionId."""
    if not _ID.fullmatch(id):
        raise InvalidSessionId("no id of an upload session")
    return id


def session(draft: Draft, wanted: Wanted, url: str) -> UploadSession:
    """*draft* as Box tells of it; *url* is that of the session."""
    return UploadSession(
        id=draft.id,
        session_expires_at=text_of(draft.begun_at + LIFETIME_MS),
        part_size=wanted.part_size,
        total_parts=wanted.total_parts,
        num_parts_processed=len(draft.parts),
        session_endpoints=Endpoints(
            upload_part=url,
            commit=f"{url}/commit",
            abort=url,
            list_parts=f"{url}/parts",
            status=url,
            plan=f"{url}/plan",
        ),
    )


def part_of(part: Part, wanted: Wanted) -> UploadPart:
    return UploadPart(f"{part.offset // wanted.part_size:08X}", part.offset, part.size, part.sha1)


def parts_of(draft: Draft, wanted: Wanted, offset: int, limit: int) -> UploadParts:
    return UploadParts(
        entries=tuple(part_of(part, wanted) for part in draft.parts[offset : offset + limit]),
        offset=offset,
        limit=limit,
        total_count=len(draft.parts),
    )


def parse_range(header: str | None, wanted: Wanted) -> Span:
    """Where a part stands by its Content-Range. Raises InvalidRequest, and RangeMismatch where no
    part of the session is there."""
    match = _RANGE.fullmatch((header or "").strip())
    if match is None:
        raise InvalidRequest("Content-Range is bytes FIRST-LAST/SIZE", field="Content-Range")
    first, last, size = map(int, match.groups())
    if size != wanted.size:
        raise RangeMismatch(f"the file of this session has {wanted.size} bytes")
    if first % wanted.part_size or first >= wanted.size:
        raise RangeMismatch(f"a part begins at a multiple of {wanted.part_size}")
    if last + 1 != min(first + wanted.part_size, wanted.size):
        raise RangeMismatch(f"a part has {wanted.part_size} bytes, but for the last")
    return Span(first, last + 1 - first)


def parse_digest(header: str | None) -> str:
    """The SHA-1 in a Digest header (RFC 3230), in hex. Raises InvalidRequest."""
    for each in (header or "").split(","):
        name, _, value = each.strip().partition("=")
        if name.lower() == "sha":
            try:
                digest = base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                break
            if len(digest) == 20:
                return digest.hex()
    raise InvalidRequest("Digest is sha= and a SHA-1 in base64", field="Digest")


def check_parts(asked: Commit, draft: Draft, wanted: Wanted) -> None:
    """Raise InvalidRequest unless all parts have come, and are those that *asked* names."""
    if not draft.is_whole or draft.size != wanted.size:
        raise InvalidRequest("not all parts of the file have come", field="parts")
    if asked.parts is None:
        return
    there = [part_of(part, wanted) for part in draft.parts]
    named = sorted(asked.parts, key=lambda part: part.offset or 0)
    if len(named) != len(there) or not all(map(_is_meant, named, there)):
        raise InvalidRequest("these are not the parts that have come", field="parts")


def _is_meant(named: GivenPart, part: UploadPart) -> bool:
    return (
        named.offset == part.offset
        and named.size in (None, part.size)
        and named.part_id in (None, part.part_id)
        and (named.sha1 is None or named.sha1.lower() == part.sha1)
    )


def new_file(asked: Commit, wanted: Wanted, parent: Item, facts: Facts) -> Change:
    """The change that a session for a new file ends with."""
    attributes = asked.attributes or Attributes()
    new = actions.NewFile(
        name=wanted.name or "",
        parent=actions.Reference(parent.id),
        content_created_at=attributes.content_created_at,
        content_modified_at=attributes.content_modified_at,
    )
    return actions.upload(new, parent, facts)


def new_version(
    asked: Commit, wanted: Wanted, file: Item, facts: Facts, only_if: tuple[int, ...] | None
) -> tuple[Change, ...]:
    """The changes that a session for a new version ends with."""
    attributes = asked.attributes or Attributes()
    version = actions.FileVersion(wanted.name, attributes.content_modified_at)
    return actions.new_version(version, file, facts, only_if)
