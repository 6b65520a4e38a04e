"""The routes of the Box dialect about users."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.core.errors import NotFound
from wakeful.dialects.box import reads, shapes
from wakeful.http import box_api as api
from wakeful.http.box_answers import json_answer
from wakeful.http.box_fields import asked_fields, chosen
from wakeful.http.description import Described
from wakeful.http.reading import read
from wakeful.http.requests import identify
from wakeful.http.services import Services

_encode = msgspec.json.Encoder().encode


def user_routes(services: Services) -> list[BaseRoute]:
    routes = _Routes(services)
    return [Described("/users/{id}", routes.user, GET=api.READ_USER)]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store

    async def user(self, request: Request) -> Response:
        identity = await identify(self._services, request)
        # Others are for admins, who come with the enterprise's streams.
        if request.path_params["id"] not in ("me", str(identity.user)):
            raise NotFound("Not Found")
        user = await read(self._store, reads.read_user(identity.user))
        return json_answer(_encode(chosen(shapes.user_full(user), asked_fields(request))))
