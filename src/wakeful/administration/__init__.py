"""What an operator does: users, namespaces, members, tokens, backups.

An operation is a value with a wire form, and is carried out in one place, whether it came
through the socket of a running server or from a command that opened the store itself.
"""

from __future__ import annotations

from wakeful.administration.desk import Administration
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
    decode_operation,
    decode_result,
    encode_operation,
)

__all__ = [
    "AddMember",
    "AddNamespace",
    "AddUser",
    "Administration",
    "Backup",
    "BackupRecord",
    "CreateToken",
    "Done",
    "ListNamespaces",
    "ListTokens",
    "ListUsers",
    "MemberRecord",
    "NamespaceRecord",
    "NewToken",
    "Operation",
    "RemoveMember",
    "RevokeToken",
    "Status",
    "TokenRecord",
    "UpdateUser",
    "UserRecord",
    "decode_operation",
    "decode_result",
    "encode_operation",
]
