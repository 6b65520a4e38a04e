"""Carries out operations about enterprises, users, namespaces and members."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wakeful.access import Access, Concerned
from wakeful.administration.finder import Finder
from wakeful.administration.operations import (
    AddEnterprise,
    AddMember,
    AddNamespace,
    AddUser,
    ListEnterprises,
    ListMembers,
    ListNamespaces,
    ListUsers,
    RemoveMember,
    SetPassword,
    UpdateUser,
)
from wakeful.administration.records import (
    Done,
    EnterpriseRecord,
    MemberRecord,
    NamespaceRecord,
    UserRecord,
)
from wakeful.core import accounts
from wakeful.core.errors import Conflict
from wakeful.core.lookups.people import Members, UserById
from wakeful.core.lookups.trees import Space, SpaceOf
from wakeful.core.passwords import hash_password, set_password
from wakeful.core.people import Enterprise, Member, Namespace, User
from wakeful.core.ports import Store
from wakeful.core.scopes import ALL_SCOPES

FIRST_ENTERPRISE = "Wakeful"
"""What the enterprise is called that is made for the first user."""


class People:
    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    async def add_enterprise(self, asked: AddEnterprise, finder: Finder) -> EnterpriseRecord:
        return enterprise_record(await self._store.commit(accounts.create_enterprise(asked.name)))

    async def list_enterprises(
        self, asked: ListEnterprises, finder: Finder
    ) -> tuple[EnterpriseRecord, ...]:
        return tuple(enterprise_record(each) for each in await finder.enterprises())

    async def add_user(self, asked: AddUser, finder: Finder) -> UserRecord:
        enterprise = await finder.enterprise(asked.enterprise)
        if enterprise is None:
            enterprise = await self._store.commit(accounts.create_enterprise(FIRST_ENTERPRISE))
        return await self._user_record(
            await self._store.commit(
                accounts.create_user(
                    enterprise.id,
                    asked.login,
                    asked.name,
                    is_admin=asked.is_admin,
                    quota=asked.quota,
                )
            )
        )

    async def update_user(self, asked: UpdateUser, finder: Finder) -> UserRecord:
        user = await finder.user(asked.user)
        if user.id == asked.by and (asked.is_admin is False or asked.is_disabled):
            raise Conflict("nobody takes their own rights away")
        return await self._user_record(
            await self._access.changing(
                accounts.update_user(
                    user.id,
                    name=asked.name,
                    is_admin=asked.is_admin,
                    is_disabled=asked.is_disabled,
                    quota=asked.quota,
                ),
                Concerned(user=user.id),
            )
        )

    async def set_password(self, asked: SetPassword, finder: Finder) -> UserRecord:
        user = await finder.user(asked.user)
        finder.may_give(ALL_SCOPES)  # who can log in can allow an app whatever it asks for
        hashed = await asyncio.to_thread(hash_password, asked.password)
        return await self._user_record(await self._store.commit(set_password(user.id, hashed)))

    async def list_users(self, asked: ListUsers, finder: Finder) -> tuple[UserRecord, ...]:
        users = await finder.users()
        spaces = await self._store.ask(SpaceOf(tuple(user.id for user in users)))
        return tuple(_user_record(user, spaces) for user in users)

    async def add_namespace(self, asked: AddNamespace, finder: Finder) -> NamespaceRecord:
        owner = await finder.user(asked.owner)
        namespace = await self._store.commit(accounts.create_namespace(owner.id, asked.name))
        return await self._namespace_record(namespace, finder)

    async def list_namespaces(
        self, asked: ListNamespaces, finder: Finder
    ) -> tuple[NamespaceRecord, ...]:
        return tuple(
            [await self._namespace_record(each, finder) for each in await finder.namespaces()]
        )

    async def add_member(self, asked: AddMember, finder: Finder) -> MemberRecord:
        namespace = await finder.namespace(asked.namespace)
        user = await finder.user(asked.user)
        member = await self._store.commit(
            accounts.add_member(namespace.id, user.id, asked.role, by=asked.by)
        )
        return _member(member, user.login)

    async def list_members(self, asked: ListMembers, finder: Finder) -> tuple[MemberRecord, ...]:
        return await self._members(await finder.namespace(asked.namespace))

    async def remove_member(self, asked: RemoveMember, finder: Finder) -> Done:
        namespace = await finder.namespace(asked.namespace)
        user = await finder.user(asked.user)
        await self._store.commit(accounts.remove_member(namespace.id, user.id, by=asked.by))
        return Done()

    async def _user_record(self, user: User) -> UserRecord:
        spaces = await self._store.ask(SpaceOf((user.id,)))
        return _user_record(user, spaces)

    async def _namespace_record(self, namespace: Namespace, finder: Finder) -> NamespaceRecord:
        name = await finder.name_of(namespace)
        members = await self._members(namespace)
        return NamespaceRecord(namespace.id, name, namespace.is_home, members)

    async def _members(self, namespace: Namespace) -> tuple[MemberRecord, ...]:
        members = []
        for member in await self._store.ask(Members(namespace.id)):
            user = await self._store.ask(UserById(member.user))
            members.append(_member(member, user.login if user else ""))
        return tuple(members)


def enterprise_record(enterprise: Enterprise) -> EnterpriseRecord:
    return EnterpriseRecord(enterprise.id, enterprise.name, enterprise.created_at)


def _user_record(user: User, spaces: Iterable[Space]) -> UserRecord:
    return UserRecord(
        id=user.id,
        enterprise=user.enterprise,
        login=user.login,
        name=user.name,
        is_admin=user.is_admin,
        home=user.home,
        created_at=user.created_at,
        disabled_at=user.disabled_at,
        app=user.app,
        quota=user.quota,
        used=sum(space.used for space in spaces if space.owner == user.id),
    )


def _member(member: Member, login: str) -> MemberRecord:
    return MemberRecord(member.namespace, member.user, login, member.role.value)
