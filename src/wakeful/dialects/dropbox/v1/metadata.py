"""Entries of a view as version 1 tells them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from functools import cache
from mimetypes import MimeTypes

import msgspec
from msgspec import UNSET

from wakeful.core.items import Item
from wakeful.core.view import Told
from wakeful.dialects.dropbox.names import file_revision, revision
from wakeful.dialects.dropbox.v1.shapes import Metadata, SharedFolder
from wakeful.dialects.times import mail_text_of

_UNITS = ("KB", "MB", "GB", "TB", "PB")
_ICONS = {
    "application/msword": "page_white_word",
    "application/pdf": "page_white_acrobat",
    "application/vnd.ms-excel": "page_white_excel",
    "application/vnd.ms-powerpoint": "page_white_powerpoint",
    "application/x-gzip": "page_white_compressed",
    "application/x-tar": "page_white_compressed",
    "application/zip": "page_white_compressed",
    "audio": "page_white_sound",
    "image": "page_white_picture",
    "text": "page_white_text",
    "video": "page_white_film",
}
"""By media type, or by the first half of it."""

_ANY = "application/octet-stream"


@cache
def _types() -> MimeTypes:
    # Of its own, so that what a machine has in its files of media types makes no difference.
    return MimeTypes()


def metadata_of(told: Told, home: int, read_only: Set[int] = frozenset()) -> Metadata:
    """What is told of a path, to the user with that home. Of what is deleted only the path is
    known: that there was something. In the namespaces *read_only* they may not edit."""
    item = told.item
    if item is None:
        return Metadata(
            path=f"/{told.shown}",
            is_dir=False,
            size=size_text(0),
            bytes=0,
            icon="page_white",
            is_deleted=True,
        )
    if item.parent is None and told.mount is None and not told.path:
        return Metadata(path="/", is_dir=True, size=size_text(0), bytes=0, icon="folder")
    is_shared = item.namespace != home and told.mount is None
    shared = str(item.namespace) if is_shared else UNSET
    may_not_edit = UNSET if item.namespace == home else item.namespace in read_only
    modified = mail_text_of(item.modified_at)
    if item.is_folder:
        return Metadata(
            path=f"/{told.shown}",
            is_dir=True,
            size=size_text(0),
            bytes=0,
            rev=revision(item.revision),
            revision=item.revision,
            icon="folder" if told.mount is None else "folder_user",
            modified=modified,
            shared_folder=UNSET if told.mount is None else SharedFolder(str(told.mount)),
            parent_shared_folder_id=shared,
            read_only=may_not_edit,
        )
    media = media_type(told.shown)
    return Metadata(
        path=f"/{told.shown}",
        is_dir=False,
        size=size_text(item.size),
        bytes=item.size,
        rev=revision_of(item),
        revision=item.version,
        icon=_ICONS.get(media) or _ICONS.get(media.partition("/")[0], "page_white"),
        modified=modified,
        client_mtime=mail_text_of(item.content_modified_at),
        mime_type=media,
        parent_shared_folder_id=shared,
        read_only=may_not_edit,
    )


def revision_of(file: Item) -> str:
    """The `rev` of a file's content, as in version 2."""
    return file_revision(file.id, file.version)


def hash_of(contents: Sequence[Metadata]) -> str:
    """Another for each state of a folder's contents: 32 hex digits."""
    return hashlib.blake2b(msgspec.json.encode(contents), digest_size=16).hexdigest()


def size_text(size: int) -> str:
    """*size* for people: `225.4KB`."""
    if size < 1024:
        return "1 byte" if size == 1 else f"{size} bytes"
    power = min((size.bit_length() - 1) // 10, len(_UNITS))
    return f"{size / 1024**power:.1f}{_UNITS[power - 1]}"


def media_type(name: str) -> str:
    """The media type of a file of that name, as far as its ending tells."""
    # Not `guess_type`, which takes a name for a URL.
    media, packing = _types().guess_type(f"/{name}")
    return f"application/x-{packing}" if packing else media or _ANY
