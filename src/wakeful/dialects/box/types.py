"""Box's event types: their names, their twins, and which views show them.

Facts from Box's guides: `events/user-events/for-user.md` (which view shows a user event),
`events/enterprise-events/for-enterprise.md` (the names in the enterprise's stream).

Rule 1: what happens is one event. A user's stream and the enterprise's show it under
different names; the pairs stand in one table here.

Rule 2: a type that is not in the table is shown under its own name.
"""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.events import EVERY_CLASS, ONLY_ALL, ItemEvent, MemberEvent


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
    MemberEvent.ADD: Names("COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT"),
    MemberEvent.REMOVE: Names("COLLAB_REMOVE_COLLABORATOR", "COLLABORATION_REMOVE"),
}
"""The types that the feed itself makes."""

TWINS: dict[str, str] = {
    **{names.user: names.enterprise for names in CORE_NAMES.values()},
    "COLLAB_INVITE_COLLABORATOR": "COLLABORATION_INVITE",
    "COLLAB_ROLE_CHANGE": "COLLABORATION_ROLE_CHANGE",
    "ITEM_DOWNLOAD": "DOWNLOAD",
    "ITEM_MAKE_CURRENT_VERSION": "FILE_VERSION_RESTORE",
    "ITEM_PREVIEW": "PREVIEW",
    "ITEM_SHARED": "SHARE",
    "ITEM_SHARED_CREATE": "SHARE",
    "ITEM_SHARED_UNSHARE": "UNSHARE",
    "LOCK_CREATE": "LOCK",
    "LOCK_DESTROY": "UNLOCK",
}
"""A user's event type to the enterprise's, where the two have different names."""

IN_EVERY_VIEW = frozenset(
    {
        "COLLAB_ADD_COLLABORATOR",
        "COLLAB_INVITE_COLLABORATOR",
        "COLLAB_REMOVE_COLLABORATOR",
        "COLLAB_ROLE_CHANGE",
        "GROUP_ADD_USER",
        "GROUP_REMOVE_USER",
        "ITEM_COPY",
        "ITEM_CREATE",
        "ITEM_MAKE_CURRENT_VERSION",
        "ITEM_MOVE",
        "ITEM_RENAME",
        "ITEM_SYNC",
        "ITEM_TRASH",
        "ITEM_UNDELETE_VIA_TRASH",
        "ITEM_UNSYNC",
        "ITEM_UPLOAD",
        "LOCK_CREATE",
        "LOCK_DESTROY",
        # Not in Box's list, which is "not exhaustive": rclone takes it from `changes`.
        "ITEM_MODIFY",
    }
)
"""What `all`, `changes` and `sync` show; everything else is in `all` only."""

ONLY_IN_ALL = frozenset(
    {
        "ACCESS_GRANTED",
        "ACCESS_REVOKED",
        "COMMENT_CREATE",
        "COMMENT_DELETE",
        "ENABLE_TWO_FACTOR_AUTH",
        "ITEM_DOWNLOAD",
        "ITEM_OPEN",
        "ITEM_PREVIEW",
        "ITEM_SHARED",
        "ITEM_SHARED_CREATE",
        "ITEM_SHARED_UNSHARE",
        "MASTER_INVITE_ACCEPT",
        "MASTER_INVITE_REJECT",
        "TAG_ITEM_CREATE",
        "TASK_ASSIGNMENT_CREATE",
        "TASK_CREATE",
    }
)
"""User events that `all` alone shows."""


def classes_of(type: str) -> int:
    """The mask of the stream classes that show an event of *type*, by its name in Box."""
    return EVERY_CLASS if type in IN_EVERY_VIEW else ONLY_ALL


def user_name(type: str) -> str:
    """What an event of the stored *type* is called in a user's stream."""
    names = CORE_NAMES.get(type)
    return type if names is None else names.user


def enterprise_name(type: str) -> str:
    """What an event of the stored *type* is called in the enterprise's stream."""
    name = user_name(type)
    return TWINS.get(name, name)
