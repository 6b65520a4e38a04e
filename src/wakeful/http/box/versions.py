"""The routes of the Box dialect about earlier versions of files."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.items import Kind
from wakeful.core.scopes import UPLOAD_SCOPE
from wakeful.dialects.box import parameters, versions
from wakeful.http.box import versions_api as api
from wakeful.http.box.actions import BoxActing
from wakeful.http.box.answers import content_reader, json_answer
from wakeful.http.description import Described
from wakeful.http.reading import read
from wakeful.http.services import Services

_encode = msgspec.json.Encoder().encode


def version_routes(services: Services) -> list[Described]:
    routes = _Routes(services)
    path = "/files/{id}/versions"
    return [
        Described(path, routes.all, GET=api.LIST_VERSIONS),
        Described(f"{path}/current", routes.promote, POST=api.PROMOTE_VERSION),
        Described(f"{path}/{{version}}", routes.one, GET=api.READ_VERSION),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._acting = BoxActing(services)

    async def all(self, request: Request) -> Response:
        identity = await content_reader(self._services, request)
        offset = parameters.parse_offset(request.query_params.get("offset"))
        limit = parameters.parse_limit(request.query_params.get("limit"))
        steps = versions.read_versions(identity.user, request.path_params["id"], offset, limit)
        return json_answer(_encode(await read(self._store, steps)))

    async def one(self, request: Request) -> Response:
        identity = await content_reader(self._services, request)
        asked = request.path_params
        steps = versions.read_version(identity.user, asked["id"], asked["version"])
        return json_answer(_encode(await read(self._store, steps)))

    async def promote(self, request: Request) -> Response:
        acting = self._acting
        identity = await acting.actor(request, UPLOAD_SCOPE)
        asked = await acting.body(request, versions.Promotion)
        file = await acting.found(identity, request.path_params["id"], Kind.FILE)
        lineage = await acting.act(request, identity, versions.promote(asked, file))
        told = await read(self._store, versions.read_promoted(identity.user, lineage))
        return Response(_encode(told), HTTPStatus.CREATED, media_type="application/json")
