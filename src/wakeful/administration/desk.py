"""The one place where operations are carried out.

Whoever may reach it may do everything: there is no further check here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from wakeful.access import ALL_SCOPES, Access, Concerned
from wakeful.administration.operations import (
    AddMember,
    AddNamespace,
    AddUser,
    Backup,
    BackupRecord,
    CreateToken,
    Done,
    ListNamespaces,
    ListTokens,
    ListUsers,
    MemberRecord,
    NamespaceRecord,
    NewToken,
    Operation,
    RemoveMember,
    RevokeToken,
    Status,
    TokenRecord,
    UpdateUser,
    UserRecord,
)
from wakeful.core import accounts
from wakeful.core.errors import Conflict, InvalidRequest, NotFound, Unavailable
from wakeful.core.items import Grant, Item, Member, Namespace, Token, User
from wakeful.core.lookups import (
    Enterprises,
    GrantById,
    ItemById,
    Members,
    Namespaces,
    Tokens,
    UserById,
    UserByLogin,
    Users,
)
from wakeful.core.ports import Store

T = TypeVar("T")

FIRST_ENTERPRISE = "Wakeful"
"""What the enterprise is called that is made for the first user."""

_MOST_DIGITS = 18

LONGEST_LIFETIME_SECONDS = 100 * 366 * 86_400  # what is beyond the year 9999 nobody can show


class Administration:
    """Carries out operations on a store; *status* tells what the whole program knows of itself."""

    def __init__(
        self, store: Store, access: Access, status: Callable[[], dict[str, Any]] = dict
    ) -> None:
        self._store = store
        self._access = access
        self._status = status
        self._doing: dict[type[Operation[Any]], Callable[[Any], Awaitable[Any]]] = {
            AddUser: self._add_user,
            UpdateUser: self._update_user,
            ListUsers: self._list_users,
            AddNamespace: self._add_namespace,
            ListNamespaces: self._list_namespaces,
            AddMember: self._add_member,
            RemoveMember: self._remove_member,
            CreateToken: self._create_token,
            ListTokens: self._list_tokens,
            RevokeToken: self._revoke_token,
            Backup: self._backup,
            Status: self._tell_status,
        }

    async def carry_out(self, operation: Operation[T]) -> T:
        """Raises InvalidRequest, NotFound, Conflict and Unavailable."""
        result: T = await self._doing[type(operation)](operation)
        return result

    async def _add_user(self, asked: AddUser) -> UserRecord:
        enterprises = await self._store.ask(Enterprises())
        enterprise = (
            enterprises[0]
            if enterprises
            else await self._store.commit(accounts.create_enterprise(FIRST_ENTERPRISE))
        )
        return _user(
            await self._store.commit(
                accounts.create_user(
                    enterprise.id, asked.login, asked.name, is_admin=asked.is_admin
                )
            )
        )

    async def _update_user(self, asked: UpdateUser) -> UserRecord:
        user = await self._find_user(asked.user)
        return _user(
            await self._access.changing(
                accounts.update_user(
                    user.id,
                    name=asked.name,
                    is_admin=asked.is_admin,
                    is_disabled=asked.is_disabled,
                ),
                Concerned(user=user.id),
            )
        )

    async def _list_users(self, asked: ListUsers) -> tuple[UserRecord, ...]:
        return tuple(_user(user) for user in await self._users())

    async def _add_namespace(self, asked: AddNamespace) -> NamespaceRecord:
        owner = await self._find_user(asked.owner)
        namespace = await self._store.commit(accounts.create_namespace(owner.id, asked.name))
        return await self._namespace_record(namespace)

    async def _list_namespaces(self, asked: ListNamespaces) -> tuple[NamespaceRecord, ...]:
        return tuple([await self._namespace_record(each) for each in await self._namespaces()])

    async def _add_member(self, asked: AddMember) -> MemberRecord:
        namespace = await self._find_namespace(asked.namespace)
        user = await self._find_user(asked.user)
        member = await self._store.commit(accounts.add_member(namespace.id, user.id, asked.role))
        return _member(member, user.login)

    async def _remove_member(self, asked: RemoveMember) -> Done:
        namespace = await self._find_namespace(asked.namespace)
        user = await self._find_user(asked.user)
        await self._store.commit(accounts.remove_member(namespace.id, user.id))
        return Done()

    async def _create_token(self, asked: CreateToken) -> NewToken:
        user = await self._find_user(asked.user)
        for scope in asked.scopes:
            if scope not in ALL_SCOPES:
                known = ", ".join(ALL_SCOPES)
                raise InvalidRequest(f"no scope {scope!r}; there are {known}", field="scopes")
        lifetime = asked.lifetime
        if lifetime is not None and not 0 < lifetime <= LONGEST_LIFETIME_SECONDS:
            raise InvalidRequest(
                "a lifetime is between a second and a hundred years", field="lifetime"
            )
        text = accounts.new_token()
        grant = await self._store.commit(accounts.create_grant(user.id, asked.app, asked.scopes))
        token = await self._store.commit(
            accounts.create_token(
                grant.id,
                accounts.digest_of(text),
                label=asked.label,
                lifetime=None if lifetime is None else lifetime * 1000,
            )
        )
        return NewToken(text, _token(token, grant, user.login))

    async def _list_tokens(self, asked: ListTokens) -> tuple[TokenRecord, ...]:
        return tuple([await self._token_record(token) for token in await self._tokens()])

    async def _revoke_token(self, asked: RevokeToken) -> TokenRecord:
        return await self._token_record(await self._access.revoke_token(asked.token))

    async def _backup(self, asked: Backup) -> BackupRecord:
        file = Path(asked.file)
        if not file.is_absolute():
            raise InvalidRequest("name the file by its full path", field="file")
        try:
            await self._store.backup(file)
        except FileExistsError:
            raise Conflict(f"{file} is there already") from None
        except OSError as error:
            raise Unavailable(f"cannot write {file}: {error.strerror}") from error
        return BackupRecord(str(file))

    async def _tell_status(self, asked: Status) -> dict[str, Any]:
        return {
            "store": {"health": self._store.health.value, "epoch": self._store.epoch},
            **self._status(),
        }

    # --- finding ---

    async def _users(self) -> tuple[User, ...]:
        found: list[User] = []
        for enterprise in await self._store.ask(Enterprises()):
            users = await self._store.ask(Users(enterprise.id))
            found += users
        return tuple(found)

    async def _namespaces(self) -> tuple[Namespace, ...]:
        found: list[Namespace] = []
        for enterprise in await self._store.ask(Enterprises()):
            namespaces = await self._store.ask(Namespaces(enterprise.id))
            found += namespaces
        return tuple(found)

    async def _tokens(self) -> tuple[Token, ...]:
        found: list[Token] = []
        for enterprise in await self._store.ask(Enterprises()):
            tokens = await self._store.ask(Tokens(enterprise.id))
            found += tokens
        return tuple(found)

    async def _find_user(self, text: str) -> User:
        user = await self._store.ask(UserByLogin(text))
        if user is None and (id := _id(text)) is not None:
            user = await self._store.ask(UserById(id))
        if user is None:
            raise NotFound(f"no user {text!r}")
        return user

    async def _find_namespace(self, text: str) -> Namespace:
        namespaces = await self._namespaces()
        for namespace in namespaces:
            if namespace.id == _id(text):
                return namespace
        named = [
            namespace
            for namespace in namespaces
            if not namespace.is_home and await self._name_of(namespace) == text
        ]
        if not named:
            raise NotFound(f"no shared namespace {text!r}")
        if len(named) > 1:
            ids = ", ".join(str(namespace.id) for namespace in named)
            raise Conflict(f"several namespaces are called {text!r}: name one by its id ({ids})")
        return named[0]

    async def _name_of(self, namespace: Namespace) -> str:
        root: Item | None = await self._store.ask(ItemById(namespace.root))
        return root.name if root else ""

    async def _namespace_record(self, namespace: Namespace) -> NamespaceRecord:
        members = []
        for member in await self._store.ask(Members(namespace.id)):
            user = await self._store.ask(UserById(member.user))
            members.append(_member(member, user.login if user else ""))
        name = await self._name_of(namespace)
        return NamespaceRecord(namespace.id, name, namespace.is_home, tuple(members))

    async def _token_record(self, token: Token) -> TokenRecord:
        grant = await self._store.ask(GrantById(token.grant))
        assert grant is not None, "a token has a grant"
        user = await self._store.ask(UserById(grant.user))
        return _token(token, grant, user.login if user else "")


def _id(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return None


def _user(user: User) -> UserRecord:
    return UserRecord(
        user.id,
        user.login,
        user.name,
        user.is_admin,
        user.home,
        user.created_at,
        user.disabled_at,
    )


def _member(member: Member, login: str) -> MemberRecord:
    return MemberRecord(member.namespace, member.user, login, member.role.value)


def _token(token: Token, grant: Grant, login: str) -> TokenRecord:
    return TokenRecord(
        token.id,
        grant.user,
        login,
        grant.app,
        token.label,
        grant.scopes,
        token.created_at,
        token.expires_at,
        # A token under a grant that is revoked is void, too.
        token.revoked_at if token.revoked_at is not None else grant.revoked_at,
    )
