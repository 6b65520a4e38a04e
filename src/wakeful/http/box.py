"""The routes of the Box dialect, apart from the realtime poll, which the front answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wakeful.access import Identity
from wakeful.core.errors import NotFound, Unauthenticated, WakefulError
from wakeful.core.events import Snapshot, StreamClass
from wakeful.core.items import Kind
from wakeful.core.lookups import Page
from wakeful.core.positions import parse, place, position
from wakeful.dialects.box import errors, parameters, reads, shapes
from wakeful.dialects.box.answers import GAP_HEADER
from wakeful.dialects.box.events import page as page_of
from wakeful.dialects.box.events import render_user_event
from wakeful.dialects.box.realtime import realtime_servers
from wakeful.http.dialect import Dialect
from wakeful.http.reading import read
from wakeful.http.rendered import Rendered
from wakeful.http.requests import CONTENT_SCOPE, base_url, identify
from wakeful.http.services import Services

PREFIX = "/2.0"

OLDEST_HEADER = "wakeful-oldest-position"
"""The position before the oldest event that the stream still has."""

REMAINING_HEADER = "wakeful-remaining"
"""How many events of the stream are behind a page; of `changes` and `sync`, which share the
numbers of `all`, at most so many."""

_encode = msgspec.json.Encoder().encode


def box(services: Services) -> Dialect:
    """The app to mount at `/2.0`."""
    routes = _Routes(services)
    return Dialect(
        [
            Route("/events", routes.events, methods=["GET", "OPTIONS"]),
            Route("/users/{id}", routes.user, methods=["GET"]),
            Route("/files/{id}", routes.file, methods=["GET"]),
            Route("/folders/{id}", routes.folder, methods=["GET"]),
            Route("/folders/{id}/items", routes.items, methods=["GET"]),
        ],
        _Errors(),
    )


class _Errors:
    def error(self, error: WakefulError, request_id: str) -> Response:
        if isinstance(error, Unauthenticated):
            # Empty: an SDK takes a 401 with a body for something unexpected (box.md 7).
            return Response(
                status_code=HTTPStatus.UNAUTHORIZED,
                headers={
                    "WWW-Authenticate": 'Bearer realm="Wakeful"',
                    "Box-Request-Id": request_id,
                },
            )
        status, _ = errors.answer_for(error)
        return _failure(errors.error_body(error, request_id), status, request_id)

    def status(self, status: int, request_id: str) -> Response:
        return _failure(errors.status_body(status, request_id), status, request_id)


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._feed = services.feed
        self._rendered = Rendered(render_user_event)

    async def events(self, request: Request) -> Response:
        identity = await self._content_reader(request)
        cls = parameters.parse_stream_type(request.query_params.get("stream_type"))
        if request.method == "OPTIONS":
            return await self._channel(request, identity, cls)
        return await self._page(request, identity, cls)

    async def _channel(self, request: Request, identity: Identity, cls: StreamClass) -> Response:
        head = await self._feed.head(identity.user)
        channel = self._services.access.channel(
            identity.user, identity.grant, cls, position(head.epoch, head.last)
        )
        return _json(
            realtime_servers(
                base_url(self._services, request),
                channel,
                cls.name.lower(),
                self._services.retry_timeout,
            )
        )

    async def _page(self, request: Request, identity: Identity, cls: StreamClass) -> Response:
        query = request.query_params
        asked = parse(query.get("stream_position"))
        limit = parameters.parse_limit(query.get("limit"))
        # Nothing is asked for with a limit of 0 but where one would go on: then what is read
        # is not given, and not passed by.
        page = await self._feed.read(identity.user, asked, limit or 1, cls)
        events, next_number = page.events, page.next
        if not limit:
            events, next_number = (), place(asked, page.state).number
        body = page_of(self._rendered.all(events), position(page.state.epoch, next_number))
        return _json(body, _page_headers(page, cls, next_number))

    async def user(self, request: Request) -> Response:
        identity = await identify(self._services, request)
        # Others are for admins, who come with the enterprise's streams.
        if request.path_params["id"] not in ("me", str(identity.user)):
            raise NotFound("Not Found")
        user = await read(self._feed.store, reads.read_user(identity.user))
        return _json(_encode(_chosen(shapes.user_full(user), _fields(request))))

    async def file(self, request: Request) -> Response:
        identity = await self._content_reader(request)
        item = await read(
            self._feed.store,
            reads.read_item(identity.user, request.path_params["id"], Kind.FILE),
        )
        return _json(_encode(_chosen(shapes.item_full(item), _fields(request))))

    async def folder(self, request: Request) -> Response:
        identity = await self._content_reader(request)
        offset, limit = 0, parameters.DEFAULT_LIMIT
        listing = await read(
            self._feed.store,
            reads.read_folder(identity.user, request.path_params["id"], offset, limit),
        )
        folder = shapes.item_full(listing.folder)
        assert isinstance(folder, shapes.Folder)
        collection = _by_offset(listing, offset, limit, None)
        folder = msgspec.structs.replace(folder, item_collection=collection)
        return _json(_encode(_chosen(folder, _fields(request))))

    async def items(self, request: Request) -> Response:
        identity = await self._content_reader(request)
        query = request.query_params
        limit = parameters.parse_limit(query.get("limit"), most=parameters.MOST_ITEMS)
        by_marker = parameters.parse_flag(query.get("usemarker"))
        if by_marker:
            offset = parameters.parse_marker(query.get("marker"))
        else:
            offset = parameters.parse_offset(query.get("offset"))
        listing = await read(
            self._feed.store,
            reads.read_folder(identity.user, request.path_params["id"], offset, limit),
        )
        fields = _fields(request)
        if not by_marker:
            return _json(_encode(_by_offset(listing, offset, limit, fields)))
        after = offset + len(listing.entries)
        marked = shapes.MarkedItems(
            entries=_entries(listing.entries, fields),
            limit=limit,
            next_marker=str(after) if after < listing.total else None,
        )
        return _json(_encode(marked))

    async def _content_reader(self, request: Request) -> Identity:
        identity = await identify(self._services, request)
        identity.require(CONTENT_SCOPE)
        return identity


def _page_headers(page: Page, cls: StreamClass, next_number: int) -> dict[str, str]:
    state = page.state
    headers = {
        OLDEST_HEADER: str(position(state.epoch, state.trimmed)),
        REMAINING_HEADER: str(max(0, state.head[cls] - next_number)),
    }
    if page.gap:
        headers[GAP_HEADER] = "true"
    return headers


def _by_offset(
    listing: reads.Listing, offset: int, limit: int, fields: frozenset[str] | None
) -> shapes.ItemCollection:
    return shapes.ItemCollection(
        total_count=listing.total,
        entries=_entries(listing.entries, fields),
        offset=offset,
        limit=limit,
    )


def _entries(items: tuple[Snapshot, ...], fields: frozenset[str] | None) -> tuple[object, ...]:
    if fields is None:
        return tuple(shapes.item_mini(item) for item in items)
    return tuple(_chosen(shapes.item_full(item), fields) for item in items)


def _fields(request: Request) -> frozenset[str] | None:
    return parameters.parse_fields(request.query_params.get("fields"))


def _chosen(shape: msgspec.Struct, fields: frozenset[str] | None) -> object:
    """The *fields* of *shape*, and those that Box always gives; all where none are named."""
    if fields is None:
        return shape
    wanted = fields | {"type", "id", "etag"}
    chosen: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(shape).items()
        if name in wanted and value is not msgspec.UNSET
    }
    return chosen


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers)


def _failure(body: bytes, status: int, request_id: str) -> Response:
    return Response(
        body, status, media_type="application/json", headers={"Box-Request-Id": request_id}
    )
