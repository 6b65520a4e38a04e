"""The native routes by which admins manage their enterprise.

Rule 1: they do what the `wakeful` commands do, through the same administration, and within their
own enterprise only.

Rule 2: nobody gives what they do not have: an app, a secret, a key or a token has no scope that
the token of who asks has not.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.administration import (
    AddKey,
    AddMember,
    AddNamespace,
    AddUser,
    Administration,
    CreateApp,
    CreateToken,
    DeleteApp,
    ListApps,
    ListMembers,
    ListNamespaces,
    ListTokens,
    ListUsers,
    Operation,
    RemoveKey,
    RemoveMember,
    RenewSecret,
    RevokeToken,
    ShowApp,
    UpdateApp,
    UpdateUser,
)
from wakeful.core.errors import Forbidden, InvalidRequest, NotFound
from wakeful.core.people import Role
from wakeful.core.scopes import ENTERPRISE_SCOPE, USERS_SCOPE
from wakeful.http.description import Described
from wakeful.http.native import admin_api as api
from wakeful.http.requests import identify, read_body
from wakeful.http.services import Services

T = TypeVar("T")

_BODY_LIMIT = 64 * 1024
_MOST_DIGITS = 18


def admin_routes(services: Services) -> list[Described]:
    """Below the prefix of the native dialect."""
    users, apps, tokens = _Users(services), _Apps(services), _Tokens(services)
    return [
        Described("/users", users.users, GET=api.LIST_USERS, POST=api.ADD_USER),
        Described("/users/{user}", users.user, PATCH=api.UPDATE_USER),
        Described("/namespaces", users.namespaces, GET=api.LIST_NAMESPACES, POST=api.ADD_NAMESPACE),
        Described(
            "/namespaces/{namespace}/members",
            users.members,
            GET=api.LIST_MEMBERS,
            POST=api.ADD_MEMBER,
        ),
        Described("/namespaces/{namespace}/members/{user}", users.leave, DELETE=api.REMOVE_MEMBER),
        Described("/apps", apps.apps, GET=api.LIST_APPS, POST=api.CREATE_APP),
        Described(
            "/apps/{app}",
            apps.app,
            GET=api.SHOW_APP,
            PATCH=api.UPDATE_APP,
            DELETE=api.DELETE_APP,
        ),
        Described("/apps/{app}/keys", apps.keys, POST=api.ADD_KEY),
        Described("/apps/{app}/keys/{kid}", apps.key, DELETE=api.REMOVE_KEY),
        Described("/apps/{app}/secret", apps.secret, POST=api.RENEW_SECRET),
        Described("/tokens", tokens.tokens, GET=api.LIST_TOKENS, POST=api.CREATE_TOKEN),
        Described("/tokens/{token}", tokens.token, DELETE=api.REVOKE_TOKEN),
    ]


class _Desk:
    """Admins with one scope, and what they ask for."""

    scope: str

    def __init__(self, services: Services) -> None:
        self._services = services
        self._administration = Administration(services.feed.store, services.access)

    async def admin(self, request: Request) -> Identity:
        """Who asks. Raises as `identify` does, and Forbidden."""
        identity = await identify(self._services, request)
        identity.require(self.scope)
        if not identity.is_admin:
            raise Forbidden("only an admin manages the enterprise")
        return identity

    async def body(self, request: Request, form: type[T]) -> T:
        """The JSON of an admin's request. Raises InvalidRequest, and as `read_body`."""
        raw = await read_body(request, _BODY_LIMIT)
        try:
            return msgspec.json.decode(raw, type=form)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(str(error)) from None

    async def carry_out(self, identity: Identity, operation: Operation[T]) -> T:
        return await self._administration.carry_out(operation, identity.enterprise, identity.scopes)

    async def answer(
        self, identity: Identity, operation: Operation[Any], status: int = 200
    ) -> Response:
        result: object = await self.carry_out(identity, operation)
        return _json(result, status)


class _Users(_Desk):
    scope = USERS_SCOPE

    async def users(self, request: Request) -> Response:
        identity = await self.admin(request)
        if request.method == "GET":
            return _json(api.UserList(await self.carry_out(identity, ListUsers())))
        wish = await self.body(request, api.NewUser)
        operation = AddUser(
            login=wish.login, name=wish.name, is_admin=wish.is_admin, quota=wish.quota
        )
        return await self.answer(identity, operation, 201)

    async def user(self, request: Request) -> Response:
        identity = await self.admin(request)
        change = await self.body(request, api.UserChange)
        return await self.answer(
            identity,
            UpdateUser(
                user=request.path_params["user"],
                by=identity.user,
                name=change.name,
                is_admin=change.is_admin,
                is_disabled=change.is_disabled,
                quota=change.quota,
            ),
        )

    async def namespaces(self, request: Request) -> Response:
        identity = await self.admin(request)
        if request.method == "GET":
            return _json(api.NamespaceList(await self.carry_out(identity, ListNamespaces())))
        wish = await self.body(request, api.NamespaceWish)
        return await self.answer(identity, AddNamespace(owner=wish.owner, name=wish.name), 201)

    async def members(self, request: Request) -> Response:
        identity = await self.admin(request)
        namespace = request.path_params["namespace"]
        if request.method == "GET":
            found = await self.carry_out(identity, ListMembers(namespace=namespace))
            return _json(api.MemberList(found))
        wish = await self.body(request, api.MemberWish)
        return await self.answer(
            identity,
            AddMember(namespace=namespace, user=wish.user, role=Role(wish.role), by=identity.user),
        )

    async def leave(self, request: Request) -> Response:
        identity = await self.admin(request)
        return await self.answer(identity, RemoveMember(**request.path_params, by=identity.user))


class _Apps(_Desk):
    scope = ENTERPRISE_SCOPE

    async def apps(self, request: Request) -> Response:
        identity = await self.admin(request)
        if request.method == "GET":
            return _json(api.AppList(await self.carry_out(identity, ListApps())))
        wish = await self.body(request, api.AppWish)
        operation = CreateApp(
            name=wish.name,
            scopes=wish.scopes,
            redirect_uris=wish.redirect_uris,
            public_key=wish.public_key,
            is_public=wish.is_public,
        )
        return await self.answer(identity, operation, 201)

    async def app(self, request: Request) -> Response:
        identity = await self.admin(request)
        name = request.path_params["app"]
        if request.method == "DELETE":
            return await self.answer(identity, DeleteApp(app=name))
        if request.method == "PATCH":
            change = await self.body(request, api.AppChange)
            operation = UpdateApp(
                app=name, is_disabled=change.is_disabled, redirect_uris=change.redirect_uris
            )
            return await self.answer(identity, operation)
        return await self.answer(identity, ShowApp(app=name))

    async def keys(self, request: Request) -> Response:
        identity = await self.admin(request)
        wish = await self.body(request, api.KeyWish)
        name = request.path_params["app"]
        return await self.answer(identity, AddKey(app=name, public_key=wish.public_key), 201)

    async def key(self, request: Request) -> Response:
        return await self.answer(await self.admin(request), RemoveKey(**request.path_params))

    async def secret(self, request: Request) -> Response:
        return await self.answer(await self.admin(request), RenewSecret(**request.path_params))


class _Tokens(_Desk):
    scope = USERS_SCOPE

    async def tokens(self, request: Request) -> Response:
        identity = await self.admin(request)
        if request.method == "GET":
            return _json(api.TokenList(await self.carry_out(identity, ListTokens())))
        wish = await self.body(request, api.TokenWish)
        operation = CreateToken(
            user=wish.user,
            app=wish.app,
            label=wish.label,
            scopes=wish.scopes,
            lifetime=wish.lifetime,
            is_refreshed=wish.is_refreshed,
        )
        return await self.answer(identity, operation, 201)

    async def token(self, request: Request) -> Response:
        identity = await self.admin(request)
        id = request.path_params["token"]
        if not (id.isascii() and id.isdigit()) or len(id) > _MOST_DIGITS:
            raise NotFound(f"no token {id!r}")
        grant = request.query_params.get("grant", "false")
        if grant not in ("true", "false"):
            raise InvalidRequest("grant is true or false", field="grant")
        return await self.answer(identity, RevokeToken(token=int(id), whole_grant=grant == "true"))


def _json(shape: object, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(shape),
        status,
        media_type="application/json",
        # Some have secrets in them.
        headers={"Cache-Control": "no-store"},
    )
