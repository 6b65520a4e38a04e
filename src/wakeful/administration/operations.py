"""What an operator can ask for, as values with a wire form, and what is answered."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from wakeful.access import ALL_SCOPES
from wakeful.core.errors import InvalidRequest
from wakeful.core.items import Role

T = TypeVar("T")

# --- what is answered ---


class UserRecord(msgspec.Struct, frozen=True):
    """A user. Times in ms since 1970 here and below."""

    id: int
    login: str
    name: str
    is_admin: bool
    home: int
    created_at: int
    disabled_at: int | None


class MemberRecord(msgspec.Struct, frozen=True):
    """Somebody in a namespace."""

    namespace: int
    user: int
    login: str
    role: str


class NamespaceRecord(msgspec.Struct, frozen=True):
    """A tree, with those who see it."""

    id: int
    name: str
    is_home: bool
    members: tuple[MemberRecord, ...]


class TokenRecord(msgspec.Struct, frozen=True):
    """A token, but for its text, which its bearer alone has."""

    id: int
    user: int
    login: str
    app: str
    label: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None


class NewToken(msgspec.Struct, frozen=True):
    """A token with its text, which is told this once."""

    text: str
    token: TokenRecord


class BackupRecord(msgspec.Struct, frozen=True):
    """A copy of the store."""

    file: str


class Done(msgspec.Struct, frozen=True):
    """There is nothing to tell."""


# --- what can be asked for ---


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


class AddUser(Operation[UserRecord], frozen=True, kw_only=True, tag="user.add"):
    result = UserRecord
    login: str
    name: str = ""
    is_admin: bool = False


class UpdateUser(Operation[UserRecord], frozen=True, kw_only=True, tag="user.update"):
    """`user` is a login or an id; what is None stays as it is."""

    result = UserRecord
    user: str
    name: str | None = None
    is_admin: bool | None = None
    is_disabled: bool | None = None


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
    """`namespace` is an id, or the name of a shared one; `user` a login or an id."""

    result = MemberRecord
    namespace: str
    user: str
    role: Role = Role.EDITOR


class RemoveMember(Operation[Done], frozen=True, kw_only=True, tag="member.remove"):
    result = Done
    namespace: str
    user: str


class CreateToken(Operation[NewToken], frozen=True, kw_only=True, tag="token.create"):
    """A token under a grant of its own; `lifetime` in seconds, None for one that stays."""

    result = NewToken
    user: str
    app: str = "wakeful"
    label: str = ""
    scopes: tuple[str, ...] = ALL_SCOPES
    lifetime: int | None = None


class ListTokens(Operation[tuple[TokenRecord, ...]], frozen=True, kw_only=True, tag="token.list"):
    result = tuple[TokenRecord, ...]


class RevokeToken(Operation[TokenRecord], frozen=True, kw_only=True, tag="token.revoke"):
    """End a token, and its grant with all parked polls unless another token lives under it."""

    result = TokenRecord
    token: int


class Backup(Operation[BackupRecord], frozen=True, kw_only=True, tag="backup"):
    """`file` is an absolute path on the server's machine."""

    result = BackupRecord
    file: str


class Status(Operation[dict[str, Any]], frozen=True, kw_only=True, tag="status"):
    result = dict[str, Any]


AnyOperation = (
    AddUser
    | UpdateUser
    | ListUsers
    | AddNamespace
    | ListNamespaces
    | AddMember
    | RemoveMember
    | CreateToken
    | ListTokens
    | RevokeToken
    | Backup
    | Status
)

_decoder: msgspec.json.Decoder[AnyOperation] = msgspec.json.Decoder(AnyOperation)


def encode_operation(operation: Operation[T]) -> bytes:
    return msgspec.json.encode(operation)


def decode_operation(body: bytes) -> Operation[Any]:
    """Raises InvalidRequest."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"no such operation: {error}") from None


def decode_result(operation: Operation[T], body: bytes) -> T:
    """The result of *operation* in an answer. Raises msgspec.DecodeError."""
    result: T = msgspec.json.decode(body, type=operation.result)
    return result
