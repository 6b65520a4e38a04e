"""Events as Box writes them in the enterprise's stream (box.md 2.4 and 2.5).

Rule 1: an event is stored once; its form in the enterprise's stream is made from what the
user's is made from. Both have the same id.

Rule 2: a file or a folder is told of in short (`item_type`, `item_id`, `item_name`), with the
folder that it is in, or was in when it went to the trash. Who joined or left a folder is told
of in the form of recorded Box events, by which the .NET SDK knows them.

Rule 3: fields that Box fills always are always there, for SDKs read them without looking:
`ip_address` is the text "Unknown IP" where nobody knows it, `additional_details`,
`action_by` and `session_id` are null. `accessible_by`, which an SDK takes for an object
wherever it stands, is left out where there is nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from wakeful.core.events import Described, Event, Person, Snapshot, said
from wakeful.core.items import Kind
from wakeful.dialects.box.items import folder_mini, parent_above
from wakeful.dialects.box.shapes import FolderMini, UserMini, copied
from wakeful.dialects.box.types import enterprise_name
from wakeful.dialects.box.users import party, user_mini
from wakeful.dialects.times import text_of

UNKNOWN_IP = "Unknown IP"

ABOUT_CONTENT = frozenset(
    {
        "CONTENT_ACCESS",
        "COPY",
        "DOWNLOAD",
        "EDIT",
        "FILE_VERSION_RESTORE",
        "FILE_WATERMARKED_DOWNLOAD",
        "PREVIEW",
        "UPLOAD",
    }
)
"""Events that say which content they are about: its size and the id of the version."""

ABOUT_ACCESS = frozenset(
    {
        "COLLABORATION_ACCEPT",
        "COLLABORATION_EXPIRATION",
        "COLLABORATION_INVITE",
        "COLLABORATION_REMOVE",
        "COLLABORATION_ROLE_CHANGE",
        "UPDATE_COLLABORATION_EXPIRATION",
    }
)
"""Events about somebody's access to a file or a folder."""

ABOUT_THEIR_ACTOR = frozenset(
    {
        "ACCESS_GRANTED",
        "ACCESS_REVOKED",
        "ADD_DEVICE_ASSOCIATION",
        "ADD_LOGIN_ACTIVITY_DEVICE",
        "ADMIN_LOGIN",
        "DEVICE_TRUST_CHECK_FAILED",
        "DISABLE_MULTI_FACTOR_AUTH",
        "EMAIL_ALIAS_CONFIRM",
        "EMAIL_ALIAS_PRIMARY",
        "EMAIL_ALIAS_REMOVE",
        "ENABLE_MULTI_FACTOR_AUTH",
        "FAILED_LOGIN",
        "LOGIN",
        "OAUTH2_ACCESS_TOKEN_REVOKE",
        "OAUTH2_REFRESH_TOKEN_REVOKE",
        "REMOVE_DEVICE_ASSOCIATION",
        "REMOVE_LOGIN_ACTIVITY_DEVICE",
        "TERMS_OF_SERVICE_ACCEPT",
        "TERMS_OF_SERVICE_REJECT",
        "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE",
    }
)
"""Events whose source is the user who did it, where the producer gave no other."""


class ItemSource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A file or a folder. `parent` is null for the root of a home; what a producer described
    itself has an owner only if it gave one."""

    item_type: str
    item_id: str
    item_name: str
    parent: FolderMini | dict[str, Any] | None
    owned_by: UserMini | dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class EnterpriseEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event in the enterprise's stream."""

    source: ItemSource | UserMini | dict[str, Any] | None
    created_by: UserMini
    action_by: UserMini | None
    created_at: str
    recorded_at: str
    event_id: str
    event_type: str
    ip_address: str
    type: str = "event"
    session_id: str | None
    additional_details: dict[str, Any] | None
    accessible_by: UserMini | dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class EnterpriseEvents(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the enterprise's stream."""

    chunk_size: int
    next_stream_position: int
    entries: tuple[EnterpriseEvent, ...]


_encoder = msgspec.json.Encoder()

_ITEM_TYPES = {kind: kind.value for kind in Kind}
"""Asking an enumeration for a value takes longer than to look it up."""


def enterprise_event(event: Event) -> EnterpriseEvent:
    """*event* as the enterprise's stream shows it."""
    name = enterprise_name(event.type)
    accessible_by = event.accessible_by
    created_at = text_of(event.created_at)
    is_late = event.recorded_at != event.created_at
    return EnterpriseEvent(
        source=_source(event, name),
        created_by=user_mini(event.actor),
        action_by=None if event.action_by is None else user_mini(event.action_by),
        created_at=created_at,
        recorded_at=text_of(event.recorded_at) if is_late else created_at,
        event_id=event.id,
        event_type=name,
        ip_address=event.ip or UNKNOWN_IP,
        session_id=event.session,
        additional_details=_details(event, name),
        accessible_by=msgspec.UNSET if accessible_by is None else party(accessible_by),
    )


def render_enterprise_event(event: Event) -> bytes:
    """The JSON of *event* in the enterprise's stream."""
    return _encoder.encode(enterprise_event(event))


def render_enterprise_page(events: Iterable[Event], next_position: int) -> bytes:
    """The JSON of a page of *events*, made in one go."""
    entries = tuple([enterprise_event(event) for event in events])
    return _encoder.encode(
        EnterpriseEvents(
            chunk_size=len(entries), next_stream_position=next_position, entries=entries
        )
    )


def _source(event: Event, name: str) -> ItemSource | UserMini | dict[str, Any] | None:
    source = event.source
    if source is None:
        return user_mini(event.actor) if name in ABOUT_THEIR_ACTOR else None
    item = _item(source) if isinstance(source, Snapshot) else _published_item(source)
    if item is None:
        assert isinstance(source, Described)
        return copied(source)
    if name in ABOUT_ACCESS and event.accessible_by is not None:
        return _access(item, event.accessible_by)
    return item


def _item(item: Snapshot) -> ItemSource:
    return ItemSource(
        item_type=_ITEM_TYPES[item.kind],
        item_id=folder_mini(item).id if item.kind is Kind.FOLDER else str(item.id),
        item_name=item.name,
        parent=parent_above(item),
        owned_by=user_mini(item.owned_by),
    )


class _Published(msgspec.Struct):
    """What a source has, as its producer gave it, that may be a file or a folder in full."""

    type: Any = None
    id: Any = None
    name: Any = None
    parent: Any = None
    owned_by: Any = None


_published = msgspec.json.Decoder(_Published)


def _published_item(source: Described) -> ItemSource | None:
    """A file or a folder in full, as its producer gave it; None for anything else."""
    given = _published.decode(source)
    if given.type not in ("file", "folder"):
        return None
    if not (isinstance(given.id, str) and isinstance(given.name, str)):
        return None
    return ItemSource(
        item_type=given.type,
        item_id=given.id,
        item_name=given.name,
        parent=given.parent,
        owned_by=msgspec.UNSET if given.owned_by is None else given.owned_by,
    )


def _access(item: ItemSource, accessible_by: Person | dict[str, Any]) -> dict[str, Any]:
    """The form of recorded events: `folder_id`, `folder_name`, `user_id`, `user_name`, or the
    same of a file or a group."""
    if isinstance(accessible_by, Person):
        kind, id, name = "user", str(accessible_by.id), accessible_by.name
    else:
        kind = "group" if accessible_by.get("type") == "group" else "user"
        id, name = accessible_by.get("id", ""), accessible_by.get("name", "")
    access = {
        f"{item.item_type}_id": item.item_id,
        f"{item.item_type}_name": item.item_name,
        f"{kind}_id": id,
        f"{kind}_name": name,
        "parent": item.parent,
    }
    return access if item.owned_by is msgspec.UNSET else access | {"owned_by": item.owned_by}


def _details(event: Event, name: str) -> dict[str, Any] | None:
    source = event.source
    if name in ABOUT_CONTENT and isinstance(source, Snapshot) and source.kind is Kind.FILE:
        content = {"size": source.size, "version_id": str(source.version)}
        return content if event.details is None else content | said(event.details)
    return None if event.details is None else copied(event.details)
