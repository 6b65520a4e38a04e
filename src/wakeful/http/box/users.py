"""The routes of the Box dialect about users."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.access import Identity
from wakeful.core.errors import Forbidden
from wakeful.core.events import Person
from wakeful.core.lookups.trees import SpaceOf
from wakeful.core.people import User
from wakeful.core.quotas import usage
from wakeful.core.scopes import READ_SCOPE, USERS_SCOPE
from wakeful.dialects.box import parameters, people, reads, shapes
from wakeful.dialects.box.users import user_full, user_mini
from wakeful.http.box import api
from wakeful.http.box.answers import json_answer
from wakeful.http.box.fields import asked_fields, chosen
from wakeful.http.description import Described
from wakeful.http.reading import read
from wakeful.http.requests import identify
from wakeful.http.services import Services

_encode = msgspec.json.Encoder().encode


def user_routes(services: Services) -> list[BaseRoute]:
    routes = _Routes(services)
    return [
        Described("/users", routes.users, GET=api.LIST_USERS),
        Described("/users/{id}", routes.user, GET=api.READ_USER),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store

    async def _full(self, *users: User) -> tuple[shapes.FullUser, ...]:
        services = self._services
        spaces = await self._store.ask(SpaceOf(tuple(user.id for user in users)))
        return tuple(
            user_full(
                user,
                usage(user, spaces, services.quota, services.watched),
                services.upload_limit,
            )
            for user in users
        )

    async def user(self, request: Request) -> Response:
        identity = await identify(self._services, request)
        shape = await self._user(identity, request.path_params["id"])
        return json_answer(_encode(chosen(shape, asked_fields(request))))

    async def _user(self, identity: Identity, id: str) -> shapes.FullUser | shapes.UserMini:
        if id in ("me", str(identity.user)):
            (full,) = await self._full(await read(self._store, reads.read_user(identity.user)))
            return full
        if _manages_people(identity):
            user = await read(self._store, people.read_colleague(identity.enterprise, id))
            (full,) = await self._full(user)
            return full
        identity.require(READ_SCOPE)
        user = await read(self._store, people.read_fellow(identity.user, id))
        return user_mini(Person(user.id, user.name, user.login))

    async def users(self, request: Request) -> Response:
        identity = await identify(self._services, request)
        if not _manages_people(identity):
            raise Forbidden(f"only an admin with {USERS_SCOPE} lists the users")
        query = request.query_params
        limit = parameters.parse_limit(query.get("limit"), most=parameters.MOST_ITEMS)
        by_marker = parameters.parse_flag(query.get("usemarker"), "usemarker")
        # Both are judged, though only one of them counts.
        marker = parameters.parse_id_marker(query.get("marker"))
        offset = parameters.parse_offset(query.get("offset"))
        page = await read(
            self._store,
            people.read_users(
                identity.enterprise,
                query.get("filter_term") or "",
                kind=parameters.parse_user_type(query.get("user_type")),
                after=marker if by_marker else None,
                offset=0 if by_marker else offset,
                limit=max(1, limit) if by_marker else limit,
            ),
        )
        fields = asked_fields(request)
        entries = tuple(chosen(full, fields) for full in await self._full(*page.users))
        if by_marker:
            after = None if page.next is None else str(page.next)
            users = shapes.Users(entries=entries, limit=max(1, limit), next_marker=after)
        else:
            users = shapes.Users(
                total_count=page.total, entries=entries, limit=limit, offset=offset
            )
        return json_answer(_encode(users))


def _manages_people(identity: Identity) -> bool:
    return identity.is_admin and USERS_SCOPE in identity.scopes
