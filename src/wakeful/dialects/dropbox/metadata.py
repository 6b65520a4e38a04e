"""Entries of a view as Dropbox's metadata."""

from __future__ import annotations

from collections.abc import Set

from msgspec import UNSET, UnsetType

from wakeful.core.view import Told
from wakeful.dialects.dropbox.names import file_revision, item_id, zulu
from wakeful.dialects.dropbox.shapes import (
    DeletedMetadata,
    FileMetadata,
    FolderMetadata,
    Metadata,
    SharingInfo,
)


def metadata_of(told: Told, home: int, read_only: Set[int] = frozenset()) -> Metadata:
    """What is told of a path, to the user with that home. In the namespaces *read_only* they may
    not edit."""
    path, shown, item, mount = told
    name = shown[shown.rfind("/") + 1 :]
    if item is None:
        return DeletedMetadata(name=name, path_lower=f"/{path}", path_display=f"/{shown}")
    is_shared = item.namespace != home and mount is None
    shared = str(item.namespace) if is_shared else UNSET
    info: SharingInfo | UnsetType = UNSET
    if item.namespace != home:
        mounted = UNSET if mount is None else str(mount)
        info = SharingInfo(item.namespace in read_only, shared, mounted)
    if item.is_folder:
        return FolderMetadata(
            name=name,
            id=item_id(item.id),
            path_lower=f"/{path}",
            path_display=f"/{shown}",
            parent_shared_folder_id=shared,
            shared_folder_id=UNSET if mount is None else str(mount),
            sharing_info=info,
        )
    return FileMetadata(
        name=name,
        id=item_id(item.id),
        client_modified=zulu(item.content_modified_at),
        server_modified=zulu(item.modified_at),
        rev=file_revision(item.id, item.version),
        size=item.size,
        path_lower=f"/{path}",
        path_display=f"/{shown}",
        # What a watched folder showed has content there, what was uploaded has it here; of the
        # rest only the facts are known.
        is_downloadable=item.seen is not None or bool(item.content),
        parent_shared_folder_id=shared,
        sharing_info=info,
        content_hash=item.content_hash or UNSET,
    )
