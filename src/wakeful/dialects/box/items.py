"""Items as Box writes them.

One function makes the object of an item for an event's `source` and for a read: `etag` and
`sequence_id` are equal in both because they come from here.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from wakeful.core.accounts import HOME_NAME
from wakeful.core.events import Ancestor, Snapshot
from wakeful.core.items import Item, Kind, LinkAccess
from wakeful.core.links import link_at
from wakeful.core.notes import lock_at
from wakeful.dialects.box.shapes import (
    ROOT,
    File,
    FileLock,
    FileMini,
    FileVersion,
    Folder,
    FolderMini,
    LinkPermissions,
    PathCollection,
    SharedLink,
)
from wakeful.dialects.box.users import user_mini
from wakeful.dialects.times import text_of

PURGE_MS = 30 * 24 * 3600 * 1000
"""Box empties an item from the trash after 30 days."""


TRASH = FolderMini(id="1", sequence_id=None, etag=None, name="Trash")
"""The folder that Box shows above what is in the trash (`GET /2.0/files/:id/trash`)."""


HOME = FolderMini(id=ROOT, sequence_id=None, etag=None, name=HOME_NAME)
"""The root of a home has no `etag` and no `sequence_id` (recorded, box.md 6.8)."""


def shared_link(item: Snapshot, now: int | None) -> SharedLink | None:
    """The shared link of an item; at the time *now*, if that is given."""
    link = item.notes.link if now is None else link_at(item.notes, now)
    if link is None or item.trashed_at is not None:
        return None
    gives = item.kind is Kind.FILE and link.can_download and not link.hashed
    is_open = link.access is LinkAccess.OPEN
    return SharedLink(
        url=link.url,
        download_url=f"{link.url}/{item.id}/content" if gives and is_open else None,
        effective_access=link.access.value,
        effective_permission="can_download" if link.can_download else "can_preview",
        unshared_at=None if link.until is None else text_of(link.until),
        is_password_enabled=bool(link.hashed),
        access=link.access.value,
        permissions=LinkPermissions(can_download=link.can_download),
    )


def item_full(item: Snapshot, now: int | None = None) -> File | Folder:
    """All of an item, as in the source of an event in a user's stream; as a read answers it at the
    time *now*, by which its link may be over."""
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
            "file",
            str(item.id),
            FileVersion(id=str(item.version), sha1=item.sha1),
            revision,
            revision,  # etag
            item.sha1,
            item.name,
            item.notes.description,
            item.size,
            collection,
            text_of(item.created_at),
            text_of(item.modified_at),
            trashed_at,
            purged_at,
            text_of(item.content_created_at),
            text_of(item.content_modified_at),
            created_by,
            modified_by,
            owned_by,
            shared_link(item, now),
            parent,
            status,
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
        shared_link=shared_link(item, now),
        parent=parent,
        item_status=status,
    )


def item_noted(item: Snapshot, now: int) -> File | Folder:
    """The same with what stands there only where it is asked for: tags, and the lock that is on
    at the time *now*."""
    full = item_full(item, now)
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
    return _above(item.path[1:] if item.in_home else item.path)


@lru_cache(maxsize=1024)
def _above(path: tuple[Ancestor, ...]) -> tuple[FolderMini, ...]:
    # What happens in one folder is often on one page.
    return (HOME, *(_ancestor(folder) for folder in path))


def parent_above(item: Snapshot) -> FolderMini | None:
    """The last of `path_above`, made alone."""
    if is_home_root(item):
        return None
    below = item.path[1:] if item.in_home else item.path
    return _ancestor(below[-1]) if below else HOME


def _ancestor(folder: Ancestor) -> FolderMini:
    revision = str(folder.revision)
    return FolderMini(id=str(folder.id), sequence_id=revision, etag=revision, name=folder.name)
