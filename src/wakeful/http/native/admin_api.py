"""The operations by which admins manage their enterprise, as `/openapi.json` describes them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wakeful.administration import (
    AppRecord,
    Done,
    KeyRecord,
    MemberRecord,
    NamespaceRecord,
    NewApp,
    NewToken,
    TokenRecord,
    UserRecord,
)
from wakeful.core.quotas import GREATEST
from wakeful.core.scopes import ENTERPRISE_SCOPE, USERS_SCOPE, WRITE_SCOPE
from wakeful.http.description import Answer, Body, Operation, Parameter

Quota = Annotated[int, Meta(ge=0, le=GREATEST)]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quota` is how many bytes their own namespaces may hold: 0 without limit, null as many as the
    server says."""

    login: str
    name: str = ""
    is_admin: bool = False
    quota: Quota | None = None


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is null stays, but for the quota, which is then what the server says."""

    name: str | None = None
    is_admin: bool | None = None
    is_disabled: bool | None = None
    quota: Quota | msgspec.UnsetType | None = msgspec.UNSET


class AppWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`public_key` in PEM; `is_public` for an app that cannot keep a secret."""

    name: str
    scopes: tuple[str, ...] = (WRITE_SCOPE,)
    redirect_uris: tuple[str, ...] = ()
    public_key: str | None = None
    is_public: bool = False


class AppChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is null stays."""

    is_disabled: bool | None = None
    redirect_uris: tuple[str, ...] | None = None


class KeyWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`public_key` in PEM."""

    public_key: str


class TokenWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user` is a login or an id; `app` a registered app or any word; `lifetime` in seconds."""

    user: str
    app: str = "wakeful"
    label: str = ""
    scopes: tuple[str, ...] | None = None
    lifetime: Annotated[int, Meta(ge=1)] | None = None
    is_refreshed: bool = False


class MemberWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user` is a login or an id."""

    user: str
    role: Literal[
        "co-owner",
        "editor",
        "viewer uploader",
        "previewer uploader",
        "viewer",
        "previewer",
        "uploader",
    ] = "editor"


class NamespaceWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`owner` is a login or an id."""

    owner: str
    name: str


class UserList(msgspec.Struct, frozen=True):
    users: tuple[UserRecord, ...]


class NamespaceList(msgspec.Struct, frozen=True):
    namespaces: tuple[NamespaceRecord, ...]


class MemberList(msgspec.Struct, frozen=True):
    members: tuple[MemberRecord, ...]


class AppList(msgspec.Struct, frozen=True):
    apps: tuple[AppRecord, ...]


class TokenList(msgspec.Struct, frozen=True):
    tokens: tuple[TokenRecord, ...]


def _named(name: str, what: str, example: str) -> Parameter:
    return Parameter(name, what, where="path", example=example)


_USER = _named("user", "A login or an id", "ann@example.com")
_APP = _named("app", "An id, a client id or a name", "1007")
_NAMESPACE = _named("namespace", "An id, or the name of a shared namespace", "1009")

LIST_USERS = Operation("List the users", {200: Answer(UserList)}, scope=USERS_SCOPE)
ADD_USER = Operation(
    "Add a user",
    {201: Answer(UserRecord)},
    body=Body(NewUser, example={"login": "ann@example.com", "name": "Ann"}),
    refusals=(409, 413),
    scope=USERS_SCOPE,
)
UPDATE_USER = Operation(
    "Change a user, at once",
    {200: Answer(UserRecord)},
    about="Nobody takes their own rights away.",
    parameters=(_USER,),
    body=Body(UserChange, example={"is_disabled": True}),
    refusals=(404, 409, 413),
    scope=USERS_SCOPE,
)
LIST_APPS = Operation("List the apps", {200: Answer(AppList)}, scope=ENTERPRISE_SCOPE)
CREATE_APP = Operation(
    "Make an app",
    {201: Answer(NewApp, "With its client secret, which is told this once")},
    about="With no scopes but those of the token.",
    body=Body(AppWish, example={"name": "Mirror"}),
    refusals=(409, 413),
    scope=ENTERPRISE_SCOPE,
)
SHOW_APP = Operation(
    "Read an app",
    {200: Answer(AppRecord)},
    parameters=(_APP,),
    refusals=(404, 409),
    scope=ENTERPRISE_SCOPE,
)
UPDATE_APP = Operation(
    "Disable an app, enable it, or say where browsers may be sent for it",
    {200: Answer(AppRecord)},
    parameters=(_APP,),
    body=Body(AppChange, example={"is_disabled": True}),
    refusals=(404, 409, 413),
    scope=ENTERPRISE_SCOPE,
)
DELETE_APP = Operation(
    "Remove an app, with its tokens and polls",
    {200: Answer(AppRecord)},
    parameters=(_APP,),
    refusals=(404, 409),
    scope=ENTERPRISE_SCOPE,
)
ADD_KEY = Operation(
    "Add a public key to an app",
    {201: Answer(KeyRecord)},
    parameters=(_APP,),
    body=Body(KeyWish),
    refusals=(404, 409, 413),
    scope=ENTERPRISE_SCOPE,
)
REMOVE_KEY = Operation(
    "Remove a public key of an app",
    {200: Answer(KeyRecord)},
    parameters=(_APP, _named("kid", "What the key is called", "os6ava0i")),
    refusals=(404, 409),
    scope=ENTERPRISE_SCOPE,
)
RENEW_SECRET = Operation(
    "Give an app another client secret",
    {200: Answer(NewApp, "With its client secret, which is told this once")},
    parameters=(_APP,),
    refusals=(404, 409),
    scope=ENTERPRISE_SCOPE,
)
LIST_TOKENS = Operation("List the tokens", {200: Answer(TokenList)}, scope=USERS_SCOPE)
CREATE_TOKEN = Operation(
    "Make a token",
    {201: Answer(NewToken, "With its text, which is told this once")},
    about="With no scopes but those of the token that asks.",
    body=Body(TokenWish, example={"user": "ann@example.com", "label": "laptop"}),
    refusals=(404, 409, 413),
    scope=USERS_SCOPE,
)
REVOKE_TOKEN = Operation(
    "Revoke a token",
    {200: Answer(TokenRecord)},
    parameters=(
        _named("token", "An id", "1012"),
        Parameter("grant", "With all else under its grant.", {"type": "boolean"}),
    ),
    refusals=(404,),
    scope=USERS_SCOPE,
)
LIST_NAMESPACES = Operation(
    "List the namespaces with their members",
    {200: Answer(NamespaceList)},
    about="Each user's home, and the shared ones.",
    scope=USERS_SCOPE,
)
ADD_NAMESPACE = Operation(
    "Make a shared namespace",
    {201: Answer(NamespaceRecord)},
    about="It is a folder in the home of each of its members, first of its owner.",
    body=Body(NamespaceWish, example={"owner": "ann@example.com", "name": "Team"}),
    refusals=(404, 409, 413),
    scope=USERS_SCOPE,
)
LIST_MEMBERS = Operation(
    "List who is in a namespace",
    {200: Answer(MemberList)},
    parameters=(_NAMESPACE,),
    refusals=(404, 409),
    scope=USERS_SCOPE,
)
ADD_MEMBER = Operation(
    "Let a user into a shared namespace, or give them another role",
    {200: Answer(MemberRecord)},
    parameters=(_NAMESPACE,),
    body=Body(MemberWish, example={"user": "ann@example.com", "role": "viewer"}),
    refusals=(404, 409, 413),
    scope=USERS_SCOPE,
)
REMOVE_MEMBER = Operation(
    "Put a user out of a shared namespace",
    {200: Answer(Done)},
    parameters=(_NAMESPACE, _USER),
    refusals=(404, 409),
    scope=USERS_SCOPE,
)
