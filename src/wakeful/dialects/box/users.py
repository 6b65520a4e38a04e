"""Users as Box writes them."""

from __future__ import annotations

from typing import Any

from wakeful.core.events import Person
from wakeful.core.people import ANONYMOUS, User
from wakeful.core.quotas import Usage
from wakeful.dialects.box.shapes import FullUser, UserMini
from wakeful.dialects.times import text_of

UNKNOWN_USER = "Unknown User"
"""What Box calls somebody who is not signed in."""


def user_mini(person: Person) -> UserMini:
    if person.id == ANONYMOUS:
        return UserMini(id=str(ANONYMOUS), name=UNKNOWN_USER, login="")
    return UserMini(id=str(person.id), name=person.name, login=person.login)


def party(accessible_by: Person | dict[str, Any]) -> UserMini | dict[str, Any]:
    """Who gained or lost access: a user, or a group or a stranger as they were described."""
    return user_mini(accessible_by) if isinstance(accessible_by, Person) else accessible_by


def user_full(user: User, usage: Usage, most_uploaded: int) -> FullUser:
    """A user as `GET /2.0/users/:id` answers, with what their own namespaces hold and how large a
    file may be that is uploaded."""
    at = text_of(user.created_at)
    return FullUser(
        id=str(user.id),
        name=user.name,
        login=user.login,
        created_at=at,
        modified_at=at,
        space_amount=usage.allowed,
        space_used=usage.used,
        max_upload_size=most_uploaded,
        status="active" if user.disabled_at is None else "inactive",
    )
