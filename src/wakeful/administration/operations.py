"""What an operator can ask for, as values with a wire form."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from wakeful.administration.records import (
    AppRecord,
    BackupRecord,
    Done,
    EnterpriseRecord,
    KeyRecord,
    MemberRecord,
    NamespaceRecord,
    NewApp,
    NewToken,
    TokenRecord,
    UserRecord,
)
from wakeful.core.errors import InvalidRequest
from wakeful.core.people import Role
from wakeful.core.scopes import WRITE_SCOPE

T = TypeVar("T")


class Operation(
    msgspec.Struct,
    Generic[T],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="operation",
):
    """Something to do, whose result has type T."""

    result: ClassVar[Any]


class AddEnterprise(Operation[EnterpriseRecord], frozen=True, kw_only=True, tag="enterprise.add"):
    result = EnterpriseRecord
    name: str


class ListEnterprises(
    Operation[tuple[EnterpriseRecord, ...]], frozen=True, kw_only=True, tag="enterprise.list"
):
    result = tuple[EnterpriseRecord, ...]


class AddUser(Operation[UserRecord], frozen=True, kw_only=True, tag="user.add"):
    """`enterprise` is an id or a name, None for the first one; `quota` in bytes, 0 without limit,
    None for that of the server."""

    result = UserRecord
    login: str
    name: str = ""
    is_admin: bool = False
    enterprise: str | None = None
    quota: int | None = None


class UpdateUser(Operation[UserRecord], frozen=True, kw_only=True, tag="user.update"):
    """`user` is a login or an id; what is None stays as it is, but for the quota, which is then
    that of the server. `by` is the user who asks, if it is one: nobody takes their own rights
    away."""

    result = UserRecord
    user: str
    by: int | None = None
    name: str | None = None
    is_admin: bool | None = None
    is_disabled: bool | None = None
    quota: int | msgspec.UnsetType | None = msgspec.UNSET


class SetPassword(Operation[UserRecord], frozen=True, kw_only=True, tag="user.passwd"):
    """Let `password` be the one by which a user logs in, and end where they are logged in."""

    result = UserRecord
    user: str
    password: str


class ListUsers(Operation[tuple[UserRecord, ...]], frozen=True, kw_only=True, tag="user.list"):
    result = tuple[UserRecord, ...]


class AddNamespace(Operation[NamespaceRecord], frozen=True, kw_only=True, tag="namespace.add"):
    """`owner` is a login or an id."""

    result = NamespaceRecord
    owner: str
    name: str


class ListNamespaces(
    Operation[tuple[NamespaceRecord, ...]], frozen=True, kw_only=True, tag="namespace.list"
):
    result = tuple[NamespaceRecord, ...]


class AddMember(Operation[MemberRecord], frozen=True, kw_only=True, tag="member.add"):
    """`namespace` is an id, or the name of a shared one; `user` a login or an id. `by` is the user
    who asks; of the operator's own doings the owner of the namespace is told to be the actor."""

    result = MemberRecord
    namespace: str
    user: str
    by: int | None = None
    role: Role = Role.EDITOR


class ListMembers(
    Operation[tuple[MemberRecord, ...]], frozen=True, kw_only=True, tag="member.list"
):
    """`namespace` is an id, or the name of a shared one."""

    result = tuple[MemberRecord, ...]
    namespace: str


class RemoveMember(Operation[Done], frozen=True, kw_only=True, tag="member.remove"):
    """As `AddMember`."""

    result = Done
    namespace: str
    user: str
    by: int | None = None


class CreateApp(Operation[NewApp], frozen=True, kw_only=True, tag="app.create"):
    """`public_key` in PEM, None for an app that signs in without assertions; `is_public` for one
    that cannot keep a secret."""

    result = NewApp
    name: str
    scopes: tuple[str, ...] = (WRITE_SCOPE,)
    redirect_uris: tuple[str, ...] = ()
    public_key: str | None = None
    enterprise: str | None = None
    is_public: bool = False


class ListApps(Operation[tuple[AppRecord, ...]], frozen=True, kw_only=True, tag="app.list"):
    result = tuple[AppRecord, ...]


class ShowApp(Operation[AppRecord], frozen=True, kw_only=True, tag="app.show"):
    """`app` is an id, a client id or a name, here and below."""

    result = AppRecord
    app: str


class UpdateApp(Operation[AppRecord], frozen=True, kw_only=True, tag="app.update"):
    """While an app is disabled, neither it nor any of its tokens gets in. What is None stays."""

    result = AppRecord
    app: str
    is_disabled: bool | None = None
    redirect_uris: tuple[str, ...] | None = None


class DeleteApp(Operation[AppRecord], frozen=True, kw_only=True, tag="app.delete"):
    """Remove an app with its grants, its tokens, its polls and its service account."""

    result = AppRecord
    app: str


class AddKey(Operation[KeyRecord], frozen=True, kw_only=True, tag="app.key.add"):
    """`public_key` in PEM."""

    result = KeyRecord
    app: str
    public_key: str


class RemoveKey(Operation[KeyRecord], frozen=True, kw_only=True, tag="app.key.remove"):
    result = KeyRecord
    app: str
    kid: str


class RenewSecret(Operation[NewApp], frozen=True, kw_only=True, tag="app.secret.new"):
    """Another client secret. The one before is void at once; tokens stay."""

    result = NewApp
    app: str


class CreateToken(Operation[NewToken], frozen=True, kw_only=True, tag="token.create"):
    """A token under a grant of its own; `lifetime` in seconds, None for one that stays.

    `app` is a registered app (an id, a client id or a name), or what an unregistered program is
    called. Without scopes it has all that the app may have. With `is_refreshed`, which needs
    a registered app, it is an access token as apps get them, with a refresh token.
    """

    result = NewToken
    user: str
    app: str = "wakeful"
    label: str = ""
    scopes: tuple[str, ...] | None = None
    lifetime: int | None = None
    is_refreshed: bool = False


class ListTokens(Operation[tuple[TokenRecord, ...]], frozen=True, kw_only=True, tag="token.list"):
    result = tuple[TokenRecord, ...]


class RevokeToken(Operation[TokenRecord], frozen=True, kw_only=True, tag="token.revoke"):
    """End a token, and its grant with all parked polls if that was the last; with `whole_grant`
    in any case, and all that is under it."""

    result = TokenRecord
    token: int
    whole_grant: bool = False


class Backup(Operation[BackupRecord], frozen=True, kw_only=True, tag="backup"):
    """`file` is an absolute path on the server's machine."""

    result = BackupRecord
    file: str


class Status(Operation[dict[str, Any]], frozen=True, kw_only=True, tag="status"):
    result = dict[str, Any]


AnyOperation = (
    AddEnterprise
    | ListEnterprises
    | AddUser
    | UpdateUser
    | SetPassword
    | ListUsers
    | AddNamespace
    | ListNamespaces
    | AddMember
    | ListMembers
    | RemoveMember
    | CreateApp
    | ListApps
    | ShowApp
    | UpdateApp
    | DeleteApp
    | AddKey
    | RemoveKey
    | RenewSecret
    | CreateToken
    | ListTokens
    | RevokeToken
    | Backup
    | Status
)


def encode_operation(operation: Operation[T]) -> bytes:
    return msgspec.json.encode(operation)


def decode_operation(body: bytes) -> Operation[Any]:
    """Raises InvalidRequest."""
    try:
        operation: Operation[Any] = msgspec.json.decode(body, type=AnyOperation)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"no such operation: {error}") from None
    return operation


def decode_result(operation: Operation[T], body: bytes) -> T:
    """The result of *operation* in an answer. Raises msgspec.DecodeError."""
    result: T = msgspec.json.decode(body, type=operation.result)
    return result
