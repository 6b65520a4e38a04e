"""The routes of the Box dialect about comments on files."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.core.scopes import CHANGE_SCOPE
from wakeful.dialects.box import comments, parameters
from wakeful.dialects.box.comments import BoxComment
from wakeful.http.acting import by_method
from wakeful.http.box import comments_api as api
from wakeful.http.box.actions import BoxActing, nothing_answer
from wakeful.http.box.answers import item_reader, json_answer
from wakeful.http.box.fields import asked_fields, chosen
from wakeful.http.description import Described
from wakeful.http.reading import read
from wakeful.http.services import Services

_encode = msgspec.json.Encoder().encode


def comment_routes(services: Services) -> list[BaseRoute]:
    routes = _Routes(services)
    return [
        Described("/comments", routes.create, POST=api.CREATE),
        Described(
            "/comments/{id}",
            by_method(GET=routes.one, PUT=routes.update, DELETE=routes.remove),
            GET=api.READ,
            PUT=api.UPDATE,
            DELETE=api.REMOVE,
        ),
        Described("/files/{id}/comments", routes.of_file, GET=api.LIST),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._acting = BoxActing(services)

    async def create(self, request: Request) -> Response:
        identity = await self._acting.actor(request, CHANGE_SCOPE)
        asked = await self._acting.body(request, comments.NewComment)
        terms = self._acting.terms(request, identity)
        made = await self._store.commit(comments.create(identity.user, asked, terms))
        return self._answer(request, made, HTTPStatus.CREATED)

    async def update(self, request: Request) -> Response:
        identity = await self._acting.actor(request, CHANGE_SCOPE)
        asked = await self._acting.body(request, comments.CommentUpdate)
        terms, id = self._acting.terms(request, identity), request.path_params["id"]
        changed = await self._store.commit(comments.update(identity.user, id, asked, terms))
        return self._answer(request, changed)

    async def remove(self, request: Request) -> Response:
        identity = await self._acting.actor(request, CHANGE_SCOPE)
        terms, id = self._acting.terms(request, identity), request.path_params["id"]
        await self._store.commit(comments.remove(identity.user, id, terms))
        return nothing_answer()

    async def one(self, request: Request) -> Response:
        identity = await item_reader(self._services, request)
        steps = comments.read_comment(identity.user, request.path_params["id"], identity.item)
        return self._answer(request, await read(self._store, steps))

    async def of_file(self, request: Request) -> Response:
        identity = await item_reader(self._services, request)
        query = request.query_params
        limit = parameters.parse_limit(query.get("limit"), most=parameters.MOST_ITEMS)
        offset = parameters.parse_offset(query.get("offset"))
        id = request.path_params["id"]
        steps = comments.read_comments(identity.user, id, offset, limit, identity.item)
        entries, total = await read(self._store, steps)
        page = comments.BoxComments(
            total_count=total,
            entries=tuple(_shown(request, each) for each in entries),
            offset=offset,
            limit=limit,
        )
        return json_answer(_encode(page))

    def _answer(
        self, request: Request, comment: BoxComment, status: int = HTTPStatus.OK
    ) -> Response:
        body = _encode(_shown(request, comment))
        return Response(body, status, media_type="application/json")


def _shown(request: Request, comment: BoxComment) -> object:
    fields = asked_fields(request)
    return comments.plain(comment) if fields is None else chosen(comment, fields)
