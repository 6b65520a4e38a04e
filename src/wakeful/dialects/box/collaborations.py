"""Collaborations, as Box calls memberships: what is asked for, what is shown, and by whom.

Rule 1: a collaboration is the membership of somebody who does not own the folder. Everybody in the
folder may see all of them. Of a folder or file in a shared folder they are those of the shared one.

Rule 2: whoever is invited is in the folder at once, as with Box where invitations are accepted by
themselves; there is none that waits. Who is not of the enterprise cannot be invited.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from wakeful.core.batch import Batch
from wakeful.core.census import Census
from wakeful.core.changes import ById
from wakeful.core.errors import InvalidRequest, NotFound
from wakeful.core.events import Person
from wakeful.core.items import Item, Kind
from wakeful.core.lookups.people import MemberById, Members, UserById, UserByLogin
from wakeful.core.members import find_member, invite, part, regrade
from wakeful.core.people import Member, Role, User
from wakeful.core.publish import begin_batch
from wakeful.core.terms import Terms
from wakeful.core.writes import Command, Steps
from wakeful.dialects.box import reads
from wakeful.dialects.box.items import mini_of
from wakeful.dialects.box.shapes import FolderMini, UserMini
from wakeful.dialects.box.users import user_mini
from wakeful.dialects.times import text_of

_MOST_DIGITS = 18


class SharedItem(msgspec.Struct, frozen=True):
    """What somebody is let into."""

    id: str | int
    type: Kind = Kind.FOLDER


class Grantee(msgspec.Struct, frozen=True):
    """Who is let in: a user, by id or by login."""

    id: str | int | None = None
    login: str | None = None
    type: str = "user"


class NewCollaboration(msgspec.Struct, frozen=True):
    """The body of `POST /2.0/collaborations`."""

    item: SharedItem
    accessible_by: Grantee
    role: Role
    can_view_path: bool | None = None
    is_access_only: bool | None = None
    expires_at: str | None = None


class CollaborationUpdate(msgspec.Struct, frozen=True):
    """The body of `PUT /2.0/collaborations/:id`."""

    role: Role | None = None
    status: str | None = None
    can_view_path: bool | None = None
    expires_at: str | None = None


class Collaboration(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "collaboration"
    id: str
    created_by: UserMini
    created_at: str
    modified_at: str
    expires_at: None = None
    status: str = "accepted"
    accessible_by: UserMini
    invite_email: None = None
    role: str
    acknowledged_at: str
    item: FolderMini
    is_access_only: bool = False


class Collaborations(msgspec.Struct, frozen=True, kw_only=True):
    """A page of collaborations; no marker on the last."""

    total_count: int
    entries: tuple[object, ...]
    limit: int
    next_marker: str | None = None


class PendingCollaborations(msgspec.Struct, frozen=True, kw_only=True):
    """The invitations that wait to be accepted: none ever do."""

    total_count: int = 0
    entries: tuple[Collaboration, ...] = ()
    offset: int
    limit: int


def create(actor: int, asked: NewCollaboration, terms: Terms) -> Command[Collaboration]:
    """Let somebody in. Raises InvalidRequest for what there is not here, and as
    `core.members.invite`."""
    seed = secrets.token_bytes(16)

    def steps(now: int) -> Steps[Collaboration]:
        _check_plain(asked)
        batch = yield from begin_batch(actor, now, seed, terms)
        id = str(asked.item.id)
        lineage, _ = yield from reads.read_lineage(actor, id, asked.item.type)
        user = yield from _colleague(batch.actor, asked.accessible_by)
        member = yield from invite(batch, ById(lineage[-1].id), user, asked.role)
        return (yield from _shown(batch.census, member))

    return steps


def update(
    actor: int, id: str, asked: CollaborationUpdate, terms: Terms
) -> Command[Collaboration | None]:
    """Give a member another role; None where they own the folder now, which is no collaboration.

    Raises as `create`, and NotFound.
    """
    seed = secrets.token_bytes(16)

    def steps(now: int) -> Steps[Collaboration | None]:
        _check_plain(asked)
        if asked.status not in (None, "accepted"):
            raise InvalidRequest("no invitation waits to be accepted or rejected", field="status")
        batch = yield from begin_batch(actor, now, seed, terms)
        member = yield from _named(batch, id)
        if asked.role is not None:
            member = yield from regrade(batch, member, asked.role)
            batch.census.forget_places()
        if member.role is Role.OWNER:
            return None
        return (yield from _shown(batch.census, member))

    return steps


def remove(actor: int, id: str, terms: Terms) -> Command[None]:
    """Put a member out, or leave. Raises NotFound and Forbidden."""
    seed = secrets.token_bytes(16)

    def steps(now: int) -> Steps[None]:
        batch = yield from begin_batch(actor, now, seed, terms)
        yield from part(batch, (yield from _named(batch, id)))

    return steps


def read_collaboration(user: int, id: str) -> Steps[Collaboration]:
    """Raises NotFound."""
    census = Census((yield from reads.read_user(user)))
    member: Member | None = yield MemberById(_number(id))
    if member is None or member.role is Role.OWNER:
        raise NotFound("Not Found")
    if all(each.user != user for each in (yield from census.members(member.namespace))):
        raise NotFound("Not Found")
    return (yield from _shown(census, member))


def read_collaborations(
    user: int, id: str, kind: Kind, after: int, limit: int
) -> Steps[tuple[tuple[Collaboration, ...], int, int | None]]:
    """A page of those who are in an item beside its owner: after that id, how many there are, and
    the id to go on after, None at the end. Raises NotFound."""
    lineage, _ = yield from reads.read_lineage(user, id, kind)
    census = Census((yield from reads.read_user(user)))
    members: tuple[Member, ...] = yield Members(lineage[-1].namespace)
    found = sorted(
        (each for each in members if each.role is not Role.OWNER), key=lambda each: each.id
    )
    left = [each for each in found if each.id > after]
    entries = []
    for member in left[:limit]:
        entries.append((yield from _shown(census, member)))
    more = limit > 0 and len(left) > limit
    return tuple(entries), len(found), left[limit - 1].id if more else None


def _named(batch: Batch, id: str) -> Steps[Member]:
    try:
        return (yield from find_member(batch, _number(id)))
    except NotFound:
        raise NotFound("Not Found") from None


def _number(id: str) -> int:
    if not (id.isascii() and id.isdigit()) or len(id) > _MOST_DIGITS:
        raise NotFound("Not Found")
    return int(id)


def _check_plain(asked: NewCollaboration | CollaborationUpdate) -> None:
    """Raise InvalidRequest for what a collaboration cannot have here."""
    refused: dict[str, Any] = {
        "can_view_path": "a shared folder stands at the top: there is no path to see",
        "is_access_only": "a shared folder stands in the files of everybody who is in it",
        "expires_at": "a collaboration ends when somebody ends it",
    }
    for field, why in refused.items():
        if getattr(asked, field, None):
            raise InvalidRequest(why, field=field)


def _colleague(actor: User, asked: Grantee) -> Steps[User]:
    """Who is to be let in. Raises NotFound for anybody but a user of the enterprise."""
    if asked.type != "user":
        raise InvalidRequest("only users are let in: there are no groups", field="accessible_by")
    user: User | None = None
    if asked.login is not None:
        user = yield UserByLogin(asked.login)
    elif asked.id is not None:
        user = yield UserById(_number(str(asked.id)))
    else:
        raise InvalidRequest("a user has an id or a login", field="accessible_by")
    if user is None or user.enterprise != actor.enterprise:
        raise NotFound("Not Found")
    return user


def _shown(census: Census, member: Member) -> Steps[Collaboration]:
    namespace = yield from census.namespace(member.namespace)
    root: Item = (yield from census.lineage(namespace.root))[-1]
    user: Person = yield from census.person(member.user)
    created_by: Person = yield from census.person(member.invited_by)
    item = mini_of(root)
    assert isinstance(item, FolderMini), "a root is a folder"
    return Collaboration(
        id=str(member.id),
        created_by=user_mini(created_by),
        created_at=text_of(member.created_at),
        modified_at=text_of(member.modified_at),
        accessible_by=user_mini(user),
        role=member.role.value,
        acknowledged_at=text_of(member.created_at),
        item=item,
    )
