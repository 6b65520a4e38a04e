"""What clients of the Box dialect ask to be done to files and folders.

The shapes are those of Box's OpenAPI; what they name and this server does not have is left aside,
as Box itself leaves aside what it does not know.

Rule 1: what is asked for is found first, as it is found for a read: what its asker may not know
of, or is of another kind, is not there. The rules of the tree judge again in the commit.

Rule 2: a name is judged more strictly than a watched folder's names are: what Box refuses, its
clients could not use either.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from wakeful.core.census import Census
from wakeful.core.changes import (
    UNLINK,
    UNLOCK,
    Annotate,
    ById,
    Change,
    Copy,
    CreateFolder,
    Facts,
    LinkWish,
    Move,
    NewVersion,
    Noted,
    Restore,
    Tell,
    Upload,
)
from wakeful.core.errors import InvalidName, InvalidRequest, NotFound
from wakeful.core.finding import Finder, Lineage, check_free
from wakeful.core.items import Item, Kind, LinkAccess, Lock
from wakeful.core.names import check_name
from wakeful.core.quotas import check_room
from wakeful.core.terms import Terms
from wakeful.core.writes import Steps
from wakeful.dialects.box import parameters, reads
from wakeful.dialects.box.types import classes_of


class Reference(msgspec.Struct, frozen=True):
    """Something by its id."""

    id: str | int


class NewFolder(msgspec.Struct, frozen=True):
    """The body of `POST /2.0/folders`."""

    name: str
    parent: Reference


class LockWish(msgspec.Struct, frozen=True):
    """A lock on a file."""

    expires_at: str | None = None
    is_download_prevented: bool = False


class PermissionsWish(msgspec.Struct, frozen=True):
    """What a shared link allows."""

    can_download: bool | None = None
    can_preview: bool | None = None
    can_edit: bool | None = None


class SharedLinkWish(msgspec.Struct, frozen=True):
    """A shared link: what is not given stays, or is what a new one has."""

    access: LinkAccess | None = None
    password: str | msgspec.UnsetType | None = msgspec.UNSET
    unshared_at: str | msgspec.UnsetType | None = msgspec.UNSET
    vanity_name: str | None = None
    permissions: PermissionsWish | None = None


class FileUpdate(msgspec.Struct, frozen=True):
    """The body of `PUT /2.0/files/:id`: what is given changes."""

    name: str | None = None
    parent: Reference | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    lock: LockWish | msgspec.UnsetType | None = msgspec.UNSET
    shared_link: SharedLinkWish | msgspec.UnsetType | None = msgspec.UNSET


class SyncState(StrEnum):
    """Whether a folder is on the machines of a user."""

    SYNCED = "synced"
    PARTIALLY_SYNCED = "partially_synced"
    NOT_SYNCED = "not_synced"


class FolderUpdate(msgspec.Struct, frozen=True):
    """The body of `PUT /2.0/folders/:id`."""

    name: str | None = None
    parent: Reference | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    shared_link: SharedLinkWish | msgspec.UnsetType | None = msgspec.UNSET
    sync_state: SyncState | None = None


class NewCopy(msgspec.Struct, frozen=True):
    """The body of a copy; `version` is that of a file."""

    parent: Reference
    name: str | None = None
    version: str | int | None = None


class Restoring(msgspec.Struct, frozen=True):
    """The body of a restoration: name and parent for where the old ones are taken or gone."""

    name: str | None = None
    parent: Reference | None = None


class NewFile(msgspec.Struct, frozen=True):
    """The `attributes` of an uploaded file."""

    name: str
    parent: Reference
    content_created_at: str | None = None
    content_modified_at: str | None = None


class FileVersion(msgspec.Struct, frozen=True):
    """The `attributes` of a new version."""

    name: str | None = None
    content_modified_at: str | None = None


class Preflight(msgspec.Struct, frozen=True):
    """What is to be uploaded: the body of a check beforehand. A new version needs no place."""

    name: str | None = None
    parent: Reference | None = None
    size: int | None = None


_REFUSED = re.compile(r"[\\\x00-\x1f\x7f]")

SYNC_STATES = {
    SyncState.SYNCED: "ITEM_SYNC",
    SyncState.PARTIALLY_SYNCED: "ITEM_SYNC",
    SyncState.NOT_SYNCED: "ITEM_UNSYNC",
}
"""The event of each `sync_state`."""

NOTED = {
    noted: (type, classes_of(type))
    for noted, type in (
        (Noted.DESCRIBED, "ITEM_MODIFY"),
        (Noted.TAGGED, "TAG_ITEM_CREATE"),
        (Noted.LOCKED, "LOCK_CREATE"),
        (Noted.UNLOCKED, "LOCK_DESTROY"),
        (Noted.LINKED, "ITEM_SHARED_CREATE"),
        (Noted.RELINKED, "ITEM_SHARED_UPDATE"),
        (Noted.UNLINKED, "ITEM_SHARED_UNSHARE"),
    )
}
"""The event of each note."""


def check_box_name(name: str) -> str:
    """Return *name* if Box has it for a file or a folder, else raise InvalidName."""
    if _REFUSED.search(name) or name != name.strip():
        raise InvalidName(
            "a name has no slash or backslash, no control characters, and no blanks around it",
            field="name",
        )
    return check_name(name)


def create_folder(asked: NewFolder, parent: Item) -> CreateFolder:
    return CreateFolder(parent=ById(parent.id), name=check_box_name(asked.name))


def update(
    asked: FileUpdate | FolderUpdate,
    item: Item,
    parent: Item | None,
    only_if: tuple[int, ...] | None,
    link: LinkWish | None = None,
) -> tuple[Change, ...]:
    """The changes of *item* that are asked for; *parent* is the folder that is named, *link* the
    shared link that it is to have."""
    name = None if asked.name in (None, item.name) else check_box_name(asked.name or "")
    to = None if parent is None else ById(parent.id)
    move = Move(item=ById(item.id), parent=to, name=name, only_if=only_if)
    wish = asked.lock if isinstance(asked, FileUpdate) else msgspec.UNSET
    if (asked.description, asked.tags, wish, link) == (None, None, msgspec.UNSET, None):
        return (move,)
    lock: Lock | None = None
    if wish is None:
        lock = UNLOCK
    elif isinstance(wish, LockWish):
        until = _time(wish.expires_at, "expires_at")
        lock = Lock(id=0, by=0, at=0, until=until, no_download=wish.is_download_prevented)
    noted = Annotate(
        item=ById(item.id),
        types=NOTED,
        description=asked.description,
        tags=asked.tags,
        lock=lock,
        link=link,
    )
    if asked.name is None and to is None:  # no disk has to do anything
        return (msgspec.structs.replace(noted, only_if=only_if),)
    return (move, noted)


def update_folder(
    asked: FolderUpdate,
    item: Item,
    parent: Item | None,
    only_if: tuple[int, ...] | None,
    user: int,
    link: LinkWish | None = None,
) -> tuple[Change, ...]:
    """The same of a folder. Its `sync_state` is told to *user* alone, for it is the state of
    their own machines. Raises InvalidName."""
    if asked.sync_state is None:
        return update(asked, item, parent, only_if, link)
    event = SYNC_STATES[asked.sync_state]
    told = Tell(type=event, classes=classes_of(event), item=ById(item.id), audience=(user,))
    others = (asked.name, parent, only_if, asked.description, asked.tags, link)
    if all(each is None for each in others):
        return (told,)  # also of what only its source may change, and of a root
    return (*update(asked, item, parent, only_if, link), told)


def link_wish(asked: SharedLinkWish | None, key: str, url: str, hashed: str | None) -> LinkWish:
    """The shared link that is asked for: a new one has *key* and *url*. *hashed* is what is kept of
    the password that is asked for. Raises InvalidRequest."""
    if asked is None:
        return UNLINK
    if asked.vanity_name:
        raise InvalidRequest("links have no names of their own", field="shared_link.vanity_name")
    allowed = asked.permissions or PermissionsWish()
    if allowed.can_edit:
        raise InvalidRequest("nobody edits by a link", field="shared_link.permissions.can_edit")
    until = asked.unshared_at
    if isinstance(until, str):
        until_ms: int | msgspec.UnsetType | None = _time(until, "unshared_at")
    else:
        until_ms = until
    return LinkWish(
        key,
        url,
        access=asked.access,
        hashed="" if asked.password is None else hashed,
        until=until_ms,
        can_download=allowed.can_download,
    )


def copy(asked: NewCopy, item: Item, parent: Item) -> Copy:
    """Raises NotFound for an earlier version of a file."""
    if asked.version is not None and str(asked.version) != str(item.version):
        raise NotFound("Only the present version of a file is copied")
    name = None if asked.name is None else check_box_name(asked.name)
    return Copy(item=ById(item.id), parent=ById(parent.id), name=name)


def restore(asked: Restoring, item: int, parent: Item | None) -> Restore:
    return Restore(
        item=ById(item),
        parent=None if parent is None else ById(parent.id),
        name=None if asked.name is None else check_box_name(asked.name),
        if_needed=True,
    )


def upload(asked: NewFile, parent: Item, facts: Facts) -> Upload:
    """A new file with the content that *facts* are of."""
    return Upload(
        parent=ById(parent.id),
        name=check_box_name(asked.name),
        facts=msgspec.structs.replace(
            facts,
            content_created_at=_time(asked.content_created_at, "content_created_at"),
            content_modified_at=_time(asked.content_modified_at, "content_modified_at"),
        ),
        overwrite=False,
    )


def new_version(
    asked: FileVersion, item: Item, facts: Facts, only_if: tuple[int, ...] | None
) -> tuple[Change, ...]:
    """New content for *item*, and another name where one is given."""
    modified_at = _time(asked.content_modified_at, "content_modified_at")
    facts = msgspec.structs.replace(facts, content_modified_at=modified_at)
    changes: tuple[Change, ...] = (NewVersion(item=ById(item.id), facts=facts, only_if=only_if),)
    if asked.name not in (None, item.name):
        changes += (Move(item=ById(item.id), name=check_box_name(asked.name or "")),)
    return changes


def check_upload(user: int, parent: int, name: str, size: int, terms: Terms) -> Steps[None]:
    """Raise what an upload of a file *name* of *size* bytes into the folder *parent* would be
    refused with now."""
    census = Census((yield from reads.read_user(user)), terms)
    above: Lineage = yield from Finder(census, []).folder(ById(parent))
    yield from check_free(above[-1], check_box_name(name), Kind.FILE)
    yield from check_room(census, above[-1].namespace, size)


def check_new_version(
    user: int, file: int, name: str | None, size: int, terms: Terms
) -> Steps[None]:
    """The same for a new version of *file*."""
    census = Census((yield from reads.read_user(user)), terms)
    lineage: Lineage = yield from Finder(census, []).active(ById(file))
    if name is not None:
        yield from check_free(lineage[-2], check_box_name(name), Kind.FILE, file)
    yield from check_room(census, lineage[-1].namespace, size - lineage[-1].size)


def _time(text: str | None, field: str) -> int | None:
    return parameters.parse_time(text, field)
