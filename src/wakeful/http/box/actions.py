"""What all routes of the Box dialect do that change something: who asks, for what, and how it is
carried out and answered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.changes import Change
from wakeful.core.events import Snapshot
from wakeful.core.items import Item, Kind
from wakeful.core.terms import Terms
from wakeful.dialects.bodies import decode
from wakeful.dialects.box import reads, shapes
from wakeful.dialects.box.actions import Reference
from wakeful.http.box.fields import shown
from wakeful.http.etags import revisions
from wakeful.http.reading import read
from wakeful.http.requests import client_ip, identify, read_body
from wakeful.http.services import Services

T = TypeVar("T")

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]

_encode = msgspec.json.Encoder().encode


def by_method(**endpoints: Endpoint) -> Endpoint:
    """One endpoint of a route with several methods."""

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return answer


class Acting:
    """Carries out what was asked for."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store

    async def actor(self, request: Request, scope: str) -> Identity:
        """Who asks, with a token that may have *scope* for one item only."""
        identity = await identify(self._services, request, minds_item=True)
        identity.require(scope)
        return identity

    async def body(self, request: Request, type: type[T]) -> T:
        """The JSON of a request; none stands for an empty object."""
        raw = await read_body(request, self._services.body_limit)
        return decode(raw or b"{}", msgspec.json.Decoder(type))

    async def found(self, identity: Identity, id: str | int, kind: Kind) -> Item:
        """The item *id*, if it may be seen. Raises NotFound."""
        lineage, _ = await read(
            self._store, reads.read_lineage(identity.user, str(id), kind, within=identity.item)
        )
        return lineage[-1]

    async def parent(self, identity: Identity, named: Reference | None) -> Item | None:
        return None if named is None else await self.found(identity, named.id, Kind.FOLDER)

    async def trashed(self, identity: Identity, id: str, kind: Kind) -> int:
        """The id of what must be in the trash itself. Raises NotFound."""
        item = await read(
            self._store, reads.read_trashed(identity.user, id, kind, within=identity.item)
        )
        return item.id

    def only_if(self, request: Request) -> tuple[int, ...] | None:
        return revisions(request.headers.get("if-match"))

    def terms(self, request: Request, identity: Identity) -> Terms:
        return Terms(
            self._services.watched,
            identity.item,
            client_ip(self._services, request),
            identity.action_by,
        )

    async def act(self, request: Request, identity: Identity, *changes: Change) -> None:
        """Carry out *changes*, all or none."""
        await self._services.feed.act(identity.user, changes, self.terms(request, identity))

    async def changed(self, request: Request, identity: Identity, *changes: Change) -> Snapshot:
        """The same; what the last of them changed, as it is now."""
        lineage = await self._services.feed.act(
            identity.user, changes, self.terms(request, identity)
        )
        return await read(
            self._store, reads.read_changed(identity.user, lineage, within=identity.item)
        )

    def shown(self, request: Request, item: Snapshot) -> object:
        """*item* with the fields that *request* asks for."""
        return shown(request, item, self._services.clock.wall())

    def answer(self, request: Request, item: Snapshot, status: int = HTTPStatus.OK) -> Response:
        """The answer to whoever made or changed *item*."""
        headers = {} if shapes.is_home_root(item) else {"ETag": f'"{item.revision}"'}
        body = _encode(self.shown(request, item))
        return Response(body, status, headers=headers, media_type="application/json")


def nothing_answer() -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT)
