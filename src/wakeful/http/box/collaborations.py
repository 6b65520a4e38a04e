"""The routes of the Box dialect about collaborations: who is in a folder, and with which role."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.access import Identity
from wakeful.core.errors import InvalidRequest
from wakeful.core.items import Kind
from wakeful.core.scopes import READ_SCOPE, WRITE_SCOPE
from wakeful.dialects.box import collaborations, parameters
from wakeful.http.acting import by_method
from wakeful.http.box import collaborations_api as api
from wakeful.http.box.actions import BoxActing, nothing_answer
from wakeful.http.box.answers import json_answer
from wakeful.http.box.fields import asked_fields, chosen
from wakeful.http.description import Described
from wakeful.http.reading import read
from wakeful.http.requests import identify
from wakeful.http.services import Services

_encode = msgspec.json.Encoder().encode


def collaboration_routes(services: Services) -> list[BaseRoute]:
    routes = _Routes(services)
    return [
        Described(
            "/collaborations",
            by_method(POST=routes.create, GET=routes.pending),
            POST=api.CREATE,
            GET=api.LIST_PENDING,
        ),
        Described(
            "/collaborations/{id}",
            by_method(GET=routes.one, PUT=routes.update, DELETE=routes.remove),
            GET=api.READ,
            PUT=api.UPDATE,
            DELETE=api.REMOVE,
        ),
        Described("/folders/{id}/collaborations", routes.of_folder, GET=api.LIST_OF_FOLDER),
        Described("/files/{id}/collaborations", routes.of_file, GET=api.LIST_OF_FILE),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._acting = BoxActing(services)

    async def create(self, request: Request) -> Response:
        identity = await self._identified(request, WRITE_SCOPE)
        # Nobody is mailed. That clients may wish for it is judged all the same.
        parameters.parse_flag(request.query_params.get("notify"), "notify")
        asked = await self._acting.body(request, collaborations.NewCollaboration)
        terms = self._acting.terms(request, identity)
        made = await self._store.commit(collaborations.create(identity.user, asked, terms))
        return self._answer(request, made, HTTPStatus.CREATED)

    async def update(self, request: Request) -> Response:
        identity = await self._identified(request, WRITE_SCOPE)
        asked = await self._acting.body(request, collaborations.CollaborationUpdate)
        terms = self._acting.terms(request, identity)
        id = request.path_params["id"]
        changed = await self._store.commit(collaborations.update(identity.user, id, asked, terms))
        return nothing_answer() if changed is None else self._answer(request, changed)

    async def remove(self, request: Request) -> Response:
        identity = await self._identified(request, WRITE_SCOPE)
        terms = self._acting.terms(request, identity)
        id = request.path_params["id"]
        await self._store.commit(collaborations.remove(identity.user, id, terms))
        return nothing_answer()

    async def one(self, request: Request) -> Response:
        identity = await self._identified(request, READ_SCOPE)
        steps = collaborations.read_collaboration(identity.user, request.path_params["id"])
        return self._answer(request, await read(self._store, steps))

    async def of_folder(self, request: Request) -> Response:
        return await self._of(request, Kind.FOLDER)

    async def of_file(self, request: Request) -> Response:
        return await self._of(request, Kind.FILE)

    async def _of(self, request: Request, kind: Kind) -> Response:
        identity = await self._identified(request, READ_SCOPE)
        query = request.query_params
        # With none there would be no marker to go on from, as if it were the last page.
        limit = max(1, parameters.parse_limit(query.get("limit"), most=parameters.MOST_ITEMS))
        after = parameters.parse_id_marker(query.get("marker"))
        steps = collaborations.read_collaborations(
            identity.user, request.path_params["id"], kind, after, limit
        )
        entries, total, next = await read(self._store, steps)
        fields = asked_fields(request)
        page = collaborations.Collaborations(
            total_count=total,
            entries=tuple(chosen(each, fields) for each in entries),
            limit=limit,
            next_marker=None if next is None else str(next),
        )
        return json_answer(_encode(page))

    async def pending(self, request: Request) -> Response:
        await self._identified(request, READ_SCOPE)
        query = request.query_params
        if query.get("status") != "pending":
            raise InvalidRequest("status is pending", field="status")
        limit = parameters.parse_limit(query.get("limit"), most=parameters.MOST_ITEMS)
        offset = parameters.parse_offset(query.get("offset"))
        page = collaborations.PendingCollaborations(limit=limit, offset=offset)
        return json_answer(_encode(page))

    async def _identified(self, request: Request, scope: str) -> Identity:
        identity = await identify(self._services, request)
        identity.require(scope)
        return identity

    def _answer(
        self, request: Request, shape: collaborations.Collaboration, status: int = HTTPStatus.OK
    ) -> Response:
        body = _encode(chosen(shape, asked_fields(request)))
        return Response(body, status, media_type="application/json")
