"""Box's event types: their twins, and which views show them.

Rule 1: what happens is one event. A user's stream and the enterprise's show it under
different names; the pairs stand in one table here.

Rule 2: whose streams show an event that names no audience depends on its type. A download or
a preview is told to the owner of the content alone; what happens to somebody's access, to
those who have it and to them; what is the enterprise's alone, to no user.

Rule 3: an event is stored under the name that it came with, which may be either twin's. A
name that has no twin is the same in both streams.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wakeful.core.changes import Circle
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, ItemEvent, MemberEvent
from wakeful.dialects.box.catalogue import ENTERPRISE, IN_EVERY_VIEW, ONLY_IN_ALL


class Names(NamedTuple):
    """What an event is called in a user's stream and in the enterprise's."""

    user: str
    enterprise: str


CORE_NAMES: dict[str, Names] = {
    ItemEvent.CREATE: Names("ITEM_CREATE", "UPLOAD"),
    ItemEvent.UPLOAD: Names("ITEM_UPLOAD", "UPLOAD"),
    ItemEvent.RENAME: Names("ITEM_RENAME", "RENAME"),
    ItemEvent.MOVE: Names("ITEM_MOVE", "MOVE"),
    ItemEvent.COPY: Names("ITEM_COPY", "COPY"),
    ItemEvent.TRASH: Names("ITEM_TRASH", "DELETE"),
    ItemEvent.RESTORE: Names("ITEM_UNDELETE_VIA_TRASH", "UNDELETE"),
    ItemEvent.REVERT: Names("ITEM_MAKE_CURRENT_VERSION", "FILE_VERSION_RESTORE"),
    MemberEvent.ADD: Names("COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT"),
    MemberEvent.ROLE: Names("COLLAB_ROLE_CHANGE", "COLLABORATION_ROLE_CHANGE"),
    MemberEvent.REMOVE: Names("COLLAB_REMOVE_COLLABORATOR", "COLLABORATION_REMOVE"),
}
"""The types that the feed itself makes."""

TWINS: dict[str, str] = {
    **{names.user: names.enterprise for names in CORE_NAMES.values()},
    "COLLAB_INVITE_COLLABORATOR": "COLLABORATION_INVITE",
    "ENABLE_TWO_FACTOR_AUTH": "ENABLE_MULTI_FACTOR_AUTH",
    "ITEM_DOWNLOAD": "DOWNLOAD",
    "ITEM_PREVIEW": "PREVIEW",
    "ITEM_SHARED": "SHARE",
    "ITEM_SHARED_CREATE": "SHARE",
    "ITEM_SHARED_UNSHARE": "UNSHARE",
    "LOCK_CREATE": "LOCK",
    "LOCK_DESTROY": "UNLOCK",
}
"""A user's event type to the enterprise's, where the two have different names."""

_USER_TWINS: dict[str, str] = {
    **{enterprise: user for user, enterprise in TWINS.items()},
    # Box has two of these for users and one for the enterprise.
    "UPLOAD": "ITEM_UPLOAD",
    "SHARE": "ITEM_SHARED_CREATE",
}

USER_TYPES = IN_EVERY_VIEW | ONLY_IN_ALL
"""What a user's stream may show, by the names that it has there."""

ENTERPRISE_ONLY = ENTERPRISE - USER_TYPES - _USER_TWINS.keys()
"""Events of the enterprise's stream that no user's stream shows."""


_CIRCLES: dict[str, Circle] = {
    "COLLAB_ADD_COLLABORATOR": Circle.CONCERNED,
    "COLLAB_INVITE_COLLABORATOR": Circle.CONCERNED,
    "COLLAB_REMOVE_COLLABORATOR": Circle.CONCERNED,
    "COLLAB_ROLE_CHANGE": Circle.CONCERNED,
    "GROUP_ADD_USER": Circle.CONCERNED,
    "GROUP_REMOVE_USER": Circle.CONCERNED,
    "ITEM_DOWNLOAD": Circle.OWNER,
    "ITEM_PREVIEW": Circle.OWNER,
}


def classes_of(type: str) -> int:
    """The mask of the stream classes that show an event of the stored *type*."""
    return EVERY_CLASS if user_name(type) in IN_EVERY_VIEW else ONLY_ALL


def circle_of(type: str) -> Circle:
    """Whose streams show an event of the stored *type* that names no audience."""
    if type in ENTERPRISE_ONLY:
        return Circle.NOBODY
    return _CIRCLES.get(user_name(type), Circle.MEMBERS)


def user_name(type: str) -> str:
    """What an event of the stored *type* is called in a user's stream."""
    names = CORE_NAMES.get(type)
    return _USER_TWINS.get(type, type) if names is None else names.user


def enterprise_name(type: str) -> str:
    """What an event of the stored *type* is called in the enterprise's stream."""
    names = CORE_NAMES.get(type)
    return TWINS.get(type, type) if names is None else names.enterprise


def _by_name() -> dict[str, frozenset[str]]:
    """The stored types that are shown under each name that Box has."""
    found: dict[str, set[str]] = {}
    for type in map(str, (*CORE_NAMES, *USER_TYPES, *ENTERPRISE)):
        for name in (user_name(type), enterprise_name(type)):
            found.setdefault(name, {name}).add(type)
    return {name: frozenset(types) for name, types in found.items()}


_STORED = _by_name()


def stored_types(names: Iterable[str]) -> frozenset[str]:
    """The stored types of the events that either stream shows under one of *names*.

    A name that Box does not have stands for itself.
    """
    found: set[str] = set()
    for name in names:
        found |= _STORED.get(name, {name})
    return frozenset(found)
