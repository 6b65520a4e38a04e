"""What a user may read of users: rules that look things up and change nothing.

Rule 1: an admin knows everybody in the enterprise. Others know themselves, and of those with
whom they share a namespace the name and the login, which Box calls a mini user. Of anybody else
they are told the same as of a user who never was.
"""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.errors import NotFound
from wakeful.core.lookups.people import Members, MembershipsOf, UserById, Users
from wakeful.core.people import Member, User
from wakeful.core.writes import Steps
from wakeful.dialects.box.parameters import UserType

_MOST_DIGITS = 18


class Page(NamedTuple):
    """A page of users by id. `total` counts all that match; `next` is the id to go on after,
    None at the end."""

    users: tuple[User, ...]
    total: int
    next: int | None


def read_colleague(enterprise: int, id: str) -> Steps[User]:
    """The user *id* of the enterprise, for an admin of it. Raises NotFound."""
    user = yield from _user(id)
    if user.enterprise != enterprise:
        raise NotFound("Not Found")
    return user


def read_fellow(reader: int, id: str) -> Steps[User]:
    """The user *id*, if they share a namespace with *reader*. Raises NotFound."""
    user = yield from _user(id)
    memberships: tuple[Member, ...] = yield MembershipsOf(reader)
    for membership in memberships:
        members: tuple[Member, ...] = yield Members(membership.namespace)
        if any(member.user == user.id for member in members):
            return user
    raise NotFound("Not Found")


def read_users(
    enterprise: int,
    term: str,
    *,
    kind: UserType = UserType.ALL,
    after: int | None = None,
    offset: int = 0,
    limit: int,
) -> Steps[Page]:
    """The users of an enterprise whose name or login begins with *term*, whatever its case."""
    if kind is UserType.EXTERNAL:
        return Page((), 0, None)  # nobody is a member of another enterprise's namespace
    users: tuple[User, ...] = yield Users(enterprise)
    folded = term.casefold()
    found = [
        user
        for user in users
        if user.name.casefold().startswith(folded) or user.login.casefold().startswith(folded)
    ]
    left = [user for user in found if user.id > (after or 0)][offset:]
    shown = tuple(left[:limit])
    more = bool(shown) and len(left) > limit
    return Page(shown, len(found), shown[-1].id if more else None)


def _user(id: str) -> Steps[User]:
    user: User | None = None
    if id.isascii() and id.isdigit() and len(id) <= _MOST_DIGITS:
        user = yield UserById(int(id))
    if user is None:
        raise NotFound("Not Found")
    return user
