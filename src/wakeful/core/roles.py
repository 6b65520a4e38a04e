"""What members may do in a namespace, by their roles.

Rule: whoever is in a namespace sees what is in it: names, sizes, events. All else is a right that a
role has or has not. The roles and their rights are Box's; to Dropbox's clients those who may not
edit read only.
"""

from __future__ import annotations

from enum import StrEnum

from wakeful.core.errors import Forbidden
from wakeful.core.people import Role


class Right(StrEnum):
    """One thing that a role allows; its value is how a refusal says it."""

    DOWNLOAD = "reads no contents"
    UPLOAD = "adds nothing"
    EDIT = "changes nothing"
    COMMENT = "comments on nothing"
    LINK = "makes no links"
    INVITE = "invites nobody"
    MANAGE = "decides neither on members nor on the folder that is shared"


_EVERY = frozenset(Right)
_READS = frozenset({Right.DOWNLOAD, Right.COMMENT, Right.LINK})

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: _EVERY,
    Role.CO_OWNER: _EVERY,
    Role.EDITOR: _EVERY - {Right.MANAGE},
    Role.VIEWER_UPLOADER: _READS | {Right.UPLOAD},
    Role.PREVIEWER_UPLOADER: frozenset({Right.UPLOAD, Right.COMMENT}),
    Role.VIEWER: _READS,
    Role.PREVIEWER: frozenset({Right.COMMENT}),
    Role.UPLOADER: frozenset({Right.UPLOAD}),
}


def check_right(role: Role, right: Right) -> None:
    """Raise Forbidden unless *role* has *right*."""
    if right not in RIGHTS[role]:
        raise Forbidden(f"the role {role} {right} here")
