"""Enterprises, users, namespaces and their members."""

from __future__ import annotations

from typing import Any

import apsw

from wakeful.core.errors import Conflict
from wakeful.core.lookups.people import (
    DisabledUsers,
    Enterprises,
    MemberById,
    Members,
    MembershipsOf,
    NamespaceById,
    Namespaces,
    UserById,
    UserByLogin,
    Users,
)
from wakeful.core.people import Enterprise, Member, Namespace, Role, User
from wakeful.core.writes import (
    PutEnterprise,
    PutMember,
    PutNamespace,
    PutUser,
    RemoveMember,
    RemoveNamespace,
)
from wakeful.stores.driver import LOGIN_TAKEN
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

Row = tuple[Any, ...]

_sql = load("people.sql")


def enterprises(at: Snapshot, _lookup: Enterprises) -> tuple[Enterprise, ...]:
    return tuple(Enterprise(*row) for row in at.db.execute(_sql.enterprises))


def user(at: Snapshot, lookup: UserById) -> User | None:
    row = at.db.execute(_sql.user, (lookup.id,)).fetchone()
    return None if row is None else _user(row)


def user_by_login(at: Snapshot, lookup: UserByLogin) -> User | None:
    row = at.db.execute(_sql.user_by_login, (lookup.login.casefold(),)).fetchone()
    return None if row is None else _user(row)


def users(at: Snapshot, lookup: Users) -> tuple[User, ...]:
    return tuple(map(_user, at.db.execute(_sql.users, (lookup.enterprise,))))


def disabled_users(at: Snapshot, lookup: DisabledUsers) -> frozenset[int]:
    return frozenset(id for (id,) in at.db.execute(_sql.disabled_users, (lookup.enterprise,)))


def namespace(at: Snapshot, lookup: NamespaceById) -> Namespace | None:
    row = at.db.execute(_sql.namespace, (lookup.id,)).fetchone()
    return None if row is None else _namespace(row)


def namespaces(at: Snapshot, lookup: Namespaces) -> tuple[Namespace, ...]:
    return tuple(map(_namespace, at.db.execute(_sql.namespaces, (lookup.enterprise,))))


def members(at: Snapshot, lookup: Members) -> tuple[Member, ...]:
    return tuple(map(_member, at.db.execute(_sql.members, (lookup.namespace,))))


def member(at: Snapshot, lookup: MemberById) -> Member | None:
    row = at.db.execute(_sql.member, (lookup.id,)).fetchone()
    return None if row is None else _member(row)


def memberships_of(at: Snapshot, lookup: MembershipsOf) -> tuple[Member, ...]:
    return tuple(map(_member, at.db.execute(_sql.memberships_of, (lookup.user,))))


def known_user(tx: Transaction, lookup: UserById) -> User | None:
    known = tx.known.users.get(lookup.id)
    if known is None and (known := user(tx, lookup)) is not None:
        tx.known.users[lookup.id] = known
    return known


def known_namespace(tx: Transaction, lookup: NamespaceById) -> Namespace | None:
    known = tx.known.namespaces.get(lookup.id)
    if known is None and (known := namespace(tx, lookup)) is not None:
        tx.known.namespaces[lookup.id] = known
    return known


def known_members(tx: Transaction, lookup: Members) -> tuple[Member, ...]:
    known = tx.known.members.get(lookup.namespace)
    if known is None and (known := members(tx, lookup)):
        tx.known.members[lookup.namespace] = known
    return known or ()


def put_enterprise(tx: Transaction, write: PutEnterprise) -> None:
    one = write.enterprise
    tx.db.execute(_sql.put_enterprise, (one.id, one.name, one.created_at))


def put_user(tx: Transaction, write: PutUser) -> None:
    """Raises Conflict where another user has the login."""
    one = write.user
    tx.known.users.pop(one.id, None)
    row = (
        one.id,
        one.enterprise,
        one.login,
        one.login.casefold(),
        one.name,
        one.is_admin,
        one.home,
        one.created_at,
        one.disabled_at,
        one.app,
        one.quota,
    )
    try:
        tx.db.execute(_sql.put_user, row)
    except apsw.ConstraintError as error:
        raise Conflict(LOGIN_TAKEN) from error


def put_namespace(tx: Transaction, write: PutNamespace) -> None:
    one = write.namespace
    tx.known.namespaces.pop(one.id, None)
    row = (one.id, one.enterprise, one.owner, one.root, one.is_home, one.created_at)
    tx.db.execute(_sql.put_namespace, row)


def remove_namespace(tx: Transaction, write: RemoveNamespace) -> None:
    tx.known.namespaces.pop(write.namespace, None)
    tx.db.execute(_sql.remove_namespace, (write.namespace,))


def put_member(tx: Transaction, write: PutMember) -> None:
    one = write.member
    tx.known.members.pop(one.namespace, None)
    row = (
        one.namespace,
        one.user,
        one.role,
        one.mount_key,
        one.created_at,
        one.id,
        one.invited_by,
        one.modified_at,
    )
    tx.db.execute(_sql.put_member, row)


def remove_member(tx: Transaction, write: RemoveMember) -> None:
    tx.known.members.pop(write.namespace, None)
    tx.db.execute(_sql.remove_member, (write.namespace, write.user))


def _user(row: Row) -> User:
    id, enterprise, login, name, is_admin, *rest = row
    return User(id, enterprise, login, name, bool(is_admin), *rest)


def _namespace(row: Row) -> Namespace:
    id, enterprise, owner, root, is_home, created_at = row
    return Namespace(id, enterprise, owner, root, bool(is_home), created_at)


def _member(row: Row) -> Member:
    namespace, user, role, *rest = row
    return Member(namespace, user, Role(role), *rest)
