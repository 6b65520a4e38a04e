"""Enterprises with their users, and namespaces with their members: plain records.

Ids and times are those of `core.items`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

ANONYMOUS = 2
"""The user id of somebody who is not signed in (Box's, too)."""


class Role(StrEnum):
    """What a member is in a namespace (Box's roles); `core.roles` has what each may do."""

    OWNER = "owner"
    CO_OWNER = "co-owner"
    EDITOR = "editor"
    VIEWER_UPLOADER = "viewer uploader"
    PREVIEWER_UPLOADER = "previewer uploader"
    VIEWER = "viewer"
    PREVIEWER = "previewer"
    UPLOADER = "uploader"


class Enterprise(msgspec.Struct, frozen=True):
    """A tenant."""

    id: int
    name: str
    created_at: int


class User(msgspec.Struct, frozen=True):
    """Somebody with a stream of their own and a home namespace.

    A user who is disabled keeps everything, but neither they nor anybody in their name gets in.
    `app` is the app whose service account this is, None for people. `quota` is how much the
    namespaces that they own may hold (`core.quotas`): 0 is without limit, None the server's.
    """

    id: int
    enterprise: int
    login: str
    name: str
    is_admin: bool
    home: int  # namespace id
    created_at: int
    disabled_at: int | None = None
    app: int | None = None
    quota: int | None = None  # bytes


class Namespace(msgspec.Struct, frozen=True):
    """A tree of items with an owner and members.

    `root` is the id of its root folder; a home's root is shown as "All Files",
    a shared namespace's root as a top-level folder of each member's home.
    """

    id: int
    enterprise: int
    owner: int  # user id
    root: int  # item id
    is_home: bool
    created_at: int


class Member(msgspec.Struct, frozen=True):
    """One user in one namespace. `mount_key` is the journal segment of the
    mount in the user's home (empty in their own home).

    `id` names the membership itself, 0 in the user's own home. `invited_by` is who let the user
    in; `modified_at` is when they got their present role.
    """

    namespace: int
    user: int
    role: Role
    mount_key: str
    created_at: int
    id: int = 0
    invited_by: int = 0  # user id
    modified_at: int = 0
