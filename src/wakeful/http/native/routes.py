"""The native dialect, and its routes for producers: changes and events."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.errors import Unauthenticated, WakefulError
from wakeful.core.publish import Changes, Published
from wakeful.core.scopes import WRITE_SCOPE
from wakeful.dialects.native import errors
from wakeful.http.description import Answer, Described
from wakeful.http.dialect import Dialect
from wakeful.http.native import api, publishing
from wakeful.http.native.admin import admin_routes
from wakeful.http.requests import identify, read_body
from wakeful.http.services import Services


class NativeErrors:
    """Also the form of errors outside of every dialect."""

    def error(self, error: WakefulError, request_id: str) -> Response:
        status, _ = errors.answer_for(error)
        response = _json(errors.error_body(error, request_id), status)
        if isinstance(error, Unauthenticated):
            response.headers["WWW-Authenticate"] = 'Bearer realm="Wakeful"'
        return response

    def status(self, status: int, request_id: str) -> Response:
        return _json(errors.status_body(status, request_id), status)

    def answer(self, status: int) -> Answer:
        headers = {"WWW-Authenticate": "`Bearer`"} if status == 401 else {}
        return Answer(errors.ErrorAnswer, headers=headers)


def native(services: Services) -> Dialect:
    """The app to mount at `/v1`."""
    routes = _Routes(services)
    return Dialect(
        [
            Described("/changes", routes.changes, POST=api.PUBLISH_CHANGES),
            Described("/events", routes.events, POST=api.PUBLISH_EVENTS),
            *admin_routes(services),
        ],
        NativeErrors(),
        services.load,
    )


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._feed = services.feed

    async def changes(self, request: Request) -> Response:
        identity, body = await self._producer(request)
        changes = publishing.changes_in(identity, body)
        published = await self._publish(request, identity, changes, body)
        return _json(publishing.changes_told(identity, published, self._feed.store.epoch))

    async def events(self, request: Request) -> Response:
        identity, body = await self._producer(request)
        changes = publishing.events_in(identity, body)
        published = await self._publish(request, identity, changes, body)
        return _json(publishing.events_told(identity, published, self._feed.store.epoch))

    async def _producer(self, request: Request) -> tuple[Identity, bytes]:
        # Who may not write is told so before a byte of the body is read.
        identity = await identify(self._services, request)
        identity.require(WRITE_SCOPE)
        return identity, await read_body(request, self._services.body_limit)

    async def _publish(
        self, request: Request, identity: Identity, changes: Changes, body: bytes
    ) -> Published:
        key = publishing.key_of(identity, request.headers.get("idempotency-key"), body)
        return await self._feed.publish(identity.user, changes, key, publishing.terms_of(identity))


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
