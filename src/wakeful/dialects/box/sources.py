"""What producers may put into an event, so that no SDK chokes on it (box.md 2.5).

Rule 1: a `type`, wherever it stands, is neither a list nor an object. boxsdk 3 looks each up in
a dictionary and ends its stream at one that cannot be a key. Read in boxsdk 3.14,
`util/translator.py`.

Rule 2: what looks like one of Box's own shapes is one. The TypeScript SDK takes an object whose
`type` is `file`, `folder`, `user` or `app_item`, or whose `item_type` is `file` or `folder`, for
Box's own shape and refuses the whole page if a field of it has another form. Fields that Box
does not know, and any other object, pass. Read in box-node-sdk 10.12,
`schemas/eventSourceResource.ts` and its neighbours.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from wakeful.core.errors import InvalidRequest

Text = str | None
Number = int | float | None


class _UserMini(msgspec.Struct, kw_only=True):
    type: Literal["user"]
    id: str
    name: Text = None
    login: Text = None


class _FolderMini(msgspec.Struct, kw_only=True):
    type: Literal["folder"]
    id: str
    etag: Text = None
    sequence_id: Text = None
    name: Text = None


class _FileVersion(msgspec.Struct, kw_only=True):
    type: Literal["file_version"]
    id: str
    sha1: Text = None


class _PathCollection(msgspec.Struct, kw_only=True):
    total_count: int | float
    entries: list[_FolderMini]


class _Item(msgspec.Struct, kw_only=True):
    id: str
    etag: Text = None
    sequence_id: Text = None
    name: Text = None
    description: Text = None
    size: Number = None
    path_collection: _PathCollection | None = None
    created_at: Text = None
    modified_at: Text = None
    trashed_at: Text = None
    purged_at: Text = None
    content_created_at: Text = None
    content_modified_at: Text = None
    created_by: _UserMini | None = None
    modified_by: _UserMini | None = None
    owned_by: _UserMini | None = None
    parent: _FolderMini | None = None
    item_status: Text = None
    shared_link: None = None


class _File(_Item, kw_only=True):
    sha1: Text = None
    file_version: _FileVersion | None = None


class _Folder(_Item, kw_only=True):
    folder_upload_email: None = None
    item_collection: None = None


class _User(msgspec.Struct, kw_only=True):
    id: str
    name: Text = None
    login: Text = None
    created_at: Text = None
    modified_at: Text = None
    language: Text = None
    timezone: Text = None
    space_amount: Number = None
    space_used: Number = None
    max_upload_size: Number = None
    status: Text = None
    job_title: Text = None
    phone: Text = None
    address: Text = None
    avatar_url: Text = None
    notification_email: None = None


class _Group(msgspec.Struct, kw_only=True):
    type: Literal["group"]
    id: str
    name: Text = None
    group_type: Text = None


class _AppItem(msgspec.Struct, kw_only=True):
    id: str
    app_item_type: str
    user: _UserMini | None = None
    group: _Group | None = None


class _Classification(msgspec.Struct, kw_only=True):
    name: Text = None


class _EventSource(msgspec.Struct, kw_only=True):
    item_id: str
    item_name: str
    classification: _Classification | None = None
    parent: _FolderMini | None = None
    owned_by: _UserMini | None = None


_BY_TYPE: dict[object, type[msgspec.Struct]] = {
    "file": _File,
    "folder": _Folder,
    "user": _User,
    "app_item": _AppItem,
}
_BY_ITEM_TYPE: dict[object, type[msgspec.Struct]] = {"file": _EventSource, "folder": _EventSource}


def check_source(source: dict[str, Any] | None) -> None:
    """Raise InvalidRequest if an SDK would refuse a page with *source* in it."""
    if source is None:
        return
    check_types(source, "source")
    form = _BY_TYPE.get(source.get("type")) or _BY_ITEM_TYPE.get(source.get("item_type"))
    if form is None:
        return
    try:
        msgspec.convert(source, form)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        raise InvalidRequest(
            f"a source of this type has Box's form: {text}", field=f"source{place.rstrip('`')}"
        ) from None


def check_types(value: dict[str, Any] | None, field: str) -> None:
    """Raise InvalidRequest if some `type` in *value*, the content of *field*, is a list or an
    object; for `item_type`, JavaScript takes a list with one word for that word."""
    waiting: list[tuple[Any, str]] = [(value, field)]
    while waiting:
        found, place = waiting.pop()
        if isinstance(found, dict):
            for name in ("type", "item_type"):
                if isinstance(found.get(name), list | dict):
                    raise InvalidRequest("a type is a word", field=f"{place}.{name}")
            waiting.extend((below, f"{place}.{name}") for name, below in found.items())
        elif isinstance(found, list):
            waiting.extend((below, f"{place}[{index}]") for index, below in enumerate(found))
