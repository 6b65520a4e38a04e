"""Members: who comes into a namespace, gets another role, and goes.

Rule 1: who joins or leaves a namespace, or gets another role in it, is told, and so is everybody
in it; the event, the membership and the journal row are one commit, so that nobody falls between
them.

Rule 2: a namespace has one owner. Another member may become it, and then whoever was it is a
co-owner.

Rule 3: an operator may do all of this. A member may do what their role allows; everybody may
leave, and only the owner gives the namespace to another.
"""

from __future__ import annotations

import secrets
from typing import Any

from msgspec.structs import replace

from wakeful.core.batch import Batch
from wakeful.core.census import NOT_THERE, Census
from wakeful.core.changes import Ref
from wakeful.core.errors import AlreadyMember, Conflict, Forbidden, InvalidRequest, NotFound
from wakeful.core.events import (
    EVERY_CLASS,
    ONLY_ALL,
    Entry,
    Event,
    MemberEvent,
    Person,
    describe,
)
from wakeful.core.items import Item
from wakeful.core.journal import free_key, spelling
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.people import MemberById, Members, NamespaceById, UserById
from wakeful.core.lookups.trees import ItemById, SpaceUsed
from wakeful.core.people import Member, Namespace, Role, User
from wakeful.core.publish import event_ids
from wakeful.core.quotas import check_room_of
from wakeful.core.roles import Right
from wakeful.core.sharing import shared
from wakeful.core.terms import FREELY, Terms
from wakeful.core.watched import check_unwatched
from wakeful.core.writes import (
    Append,
    JournalDrop,
    JournalPut,
    PutMember,
    PutNamespace,
    RemoveMember,
    Steps,
)

ONE_OWNER = "a namespace has one owner, who stays"


class Joined:
    """What is needed of a namespace and one user to change what that is in it.

    `by` is who does it, under *terms*; the owner where it is an operator.
    """

    def __init__(
        self,
        namespace: Namespace,
        members: tuple[Member, ...],
        user: User,
        by: User,
        terms: Terms = FREELY,
    ) -> None:
        self.namespace = namespace
        self.members = members
        self.user = user
        self._by = by
        self._terms = terms

    @property
    def member(self) -> Member | None:
        """What the user is in the namespace; None for somebody who is not in it."""
        return next((each for each in self.members if each.user == self.user.id), None)

    def let_in(self, role: Role, now: int) -> Steps[Member]:
        """Make the user a member. Raises Conflict for an owner."""
        if role is Role.OWNER:
            raise Conflict(ONE_OWNER)
        member = yield from mount(self.namespace, self.user, role, now, by=self._by.id)
        audience = (*(each.user for each in self.members), self.user.id)
        details = {"role": role.value}
        yield from self._tell(((MemberEvent.ADD, self.user, details),), audience, now)
        return member

    def change_role(self, role: Role, now: int) -> Steps[Member]:
        """Let the member have *role*, which may be what they have. Raises Conflict where an owner
        would go or come."""
        member = self._present()
        if Role.OWNER in (role, member.role):
            raise Conflict(ONE_OWNER)
        if role is member.role:
            return member
        changed = replace(member, role=role, modified_at=now)
        yield PutMember(changed)
        details = {"role": role.value, "previous_role": member.role.value}
        yield from self._tell(((MemberEvent.ROLE, self.user, details),), self._everybody(), now)
        return changed

    def hand_over(self, now: int) -> Steps[Member]:
        """Make the member the owner, and whoever was it a co-owner."""
        member = self._present()
        former = next(each for each in self.members if each.role is Role.OWNER)
        if member == former:
            return member
        owner: User = yield UserById(former.user)
        yield PutNamespace(replace(self.namespace, owner=self.user.id))
        changed = replace(member, role=Role.OWNER, modified_at=now)
        yield PutMember(changed)
        yield PutMember(replace(former, role=Role.CO_OWNER, modified_at=now))
        self.namespace = replace(self.namespace, owner=self.user.id)
        roles = (
            (self.user, {"role": Role.OWNER.value, "previous_role": member.role.value}),
            (owner, {"role": Role.CO_OWNER.value, "previous_role": Role.OWNER.value}),
        )
        told = tuple((MemberEvent.ROLE, user, details) for user, details in roles)
        yield from self._tell(told, self._everybody(), now)
        return changed

    def put_out(self, now: int) -> Steps[None]:
        """Raises Conflict for the owner."""
        member = self._present()
        if member.role is Role.OWNER:
            raise Conflict(ONE_OWNER)
        yield RemoveMember(self.namespace.id, self.user.id)
        yield JournalDrop(self.user.home, member.mount_key)
        # Those of before: who leaves is told as well, of the folder as they last might see it.
        details = {"role": member.role.value}
        yield from self._tell(((MemberEvent.REMOVE, self.user, details),), self._everybody(), now)

    def _present(self) -> Member:
        if self.member is None:
            raise NotFound(f"user {self.user.id} is no member of namespace {self.namespace.id}")
        return self.member

    def _everybody(self) -> tuple[int, ...]:
        return tuple(each.user for each in self.members)

    def _tell(
        self,
        told: tuple[tuple[MemberEvent, User, dict[str, Any]], ...],
        audience: tuple[int, ...],
        now: int,
    ) -> Steps[None]:
        census = Census(self._by, self._terms)
        root: Item = yield ItemById(self.namespace.root)
        streams = dict.fromkeys(audience, EVERY_CLASS)
        streams[self.namespace.enterprise] = ONLY_ALL
        ids = event_ids(secrets.token_bytes(16))
        by = self._terms.action_by
        entries = []
        for type, user, details in told:
            event = Event(
                id=next(ids),
                type=type,
                created_at=now,
                recorded_at=now,
                enterprise=self.namespace.enterprise,
                actor=(yield from census.person(self._by.id)),
                source=(yield from census.snapshot(root, ())),
                namespace=self.namespace.id,
                details=describe(details),
                ip=self._terms.ip,
                action_by=None if by is None else (yield from census.person(by)),
                accessible_by=Person(user.id, user.name, user.login),
            )
            entries.append(Entry(event, streams))
        yield Append(tuple(entries))


def join(namespace: int, user: int, by: int | None = None, terms: Terms = FREELY) -> Steps[Joined]:
    """The namespace with the user whose membership *by* changes, the owner where that is None.

    Raises NotFound for a namespace, or a user of its enterprise, that is not there, and Conflict
    for a home.
    """
    place: Namespace | None = yield NamespaceById(namespace)
    if place is None:
        raise NotFound(f"no namespace {namespace}")
    if place.is_home:
        raise Conflict("a home has one member: share a namespace instead")
    found: User | None = yield UserById(user)
    if found is None or found.enterprise != place.enterprise:
        raise NotFound(f"no user {user}")
    actor: User | None = yield UserById(place.owner if by is None else by)
    if actor is None:
        raise NotFound(f"no user {by}")
    members: tuple[Member, ...] = yield Members(namespace)
    return Joined(place, members, found, actor, terms)


def invite(batch: Batch, folder: Ref, user: User, role: Role) -> Steps[Member]:
    """Let *user* into a folder, which is shared from then on if it was not.

    Raises NotFound for what the actor may not know of, Forbidden, AlreadyMember, and InvalidRequest
    for a file or an owner.
    """
    census = batch.census
    lineage = yield from batch.finder.noted(folder, Right.INVITE)
    if not lineage[-1].is_folder:
        raise InvalidRequest("only folders are shared with members, not single files", field="item")
    if role is Role.OWNER:
        raise InvalidRequest("who is to own the folder has to be in it before", field="role")
    if role is Role.CO_OWNER:
        yield from census.check_right(lineage[-1].namespace, Right.MANAGE)
    namespace = yield from shared(batch, lineage)
    joined = yield from join(namespace.id, user.id, batch.actor.id, census.terms)
    if joined.member is not None:
        raise AlreadyMember(f"{user.login} is in this folder already")
    return (yield from joined.let_in(role, batch.now))


def find_member(batch: Batch, id: int) -> Steps[Member]:
    """The membership *id*, if the actor may know of it. An owner's is none that can be named.
    Raises NotFound."""
    member: Member | None = yield MemberById(id)
    if member is None or member.role is Role.OWNER:
        raise NotFound(NOT_THERE)
    yield from batch.census.check_member(member.namespace)
    return member


def regrade(batch: Batch, member: Member, role: Role) -> Steps[Member]:
    """Give *member* another role; that of the owner makes the actor a co-owner. Raises
    Forbidden, and QuotaExceeded where the new owner may not hold so much."""
    census = batch.census
    joined = yield from join(member.namespace, member.user, batch.actor.id, census.terms)
    if role is Role.OWNER:
        if joined.namespace.owner != batch.actor.id:
            raise Forbidden("only the owner makes another the owner")
        check_unwatched(member.namespace, census.terms.watched)
        if member.user != batch.actor.id:
            size: int = yield SpaceUsed(member.namespace)
            yield from check_room_of(census, joined.user, size)
        return (yield from joined.hand_over(batch.now))
    yield from census.check_right(member.namespace, Right.MANAGE)
    return (yield from joined.change_role(role, batch.now))


def part(batch: Batch, member: Member) -> Steps[None]:
    """Put *member* out, or let them leave. Raises Forbidden."""
    if member.user != batch.actor.id:
        yield from batch.census.check_right(member.namespace, Right.MANAGE)
    joined = yield from join(member.namespace, member.user, batch.actor.id, batch.census.terms)
    yield from joined.put_out(batch.now)


def mount(namespace: Namespace, user: User, role: Role, now: int, *, by: int) -> Steps[Member]:
    """The membership and its mount in the user's home, where the name may be taken already."""
    root: Item = yield ItemById(namespace.root)
    fresh: int = yield NewIds()
    key = yield from free_key(user.home, "", root.name, item=root.id)
    yield JournalPut(user.home, key, root.id, namespace.id, spelling(root.name, key))
    member = Member(namespace.id, user.id, role, key, now, fresh, by, now)
    yield PutMember(member)
    return member
