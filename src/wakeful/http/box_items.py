"""The routes of the Box dialect about files and folders."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.core.events import Snapshot
from wakeful.core.items import Kind
from wakeful.dialects.box import parameters, reads, shapes
from wakeful.http import box_api as api
from wakeful.http.box_answers import content_reader, json_answer
from wakeful.http.box_fields import asked_fields, chosen
from wakeful.http.description import Described
from wakeful.http.reading import read
from wakeful.http.services import Services

_encode = msgspec.json.Encoder().encode


def item_routes(services: Services) -> list[BaseRoute]:
    routes = _Routes(services)
    return [
        Described("/files/{id}", routes.file, GET=api.READ_FILE),
        Described("/folders/{id}", routes.folder, GET=api.READ_FOLDER),
        Described("/folders/{id}/items", routes.items, GET=api.LIST_ITEMS),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store

    async def file(self, request: Request) -> Response:
        identity = await content_reader(self._services, request)
        item = await read(
            self._store,
            reads.read_item(identity.user, request.path_params["id"], Kind.FILE),
        )
        return json_answer(_encode(chosen(shapes.item_full(item), asked_fields(request))))

    async def folder(self, request: Request) -> Response:
        identity = await content_reader(self._services, request)
        offset, limit = 0, parameters.DEFAULT_LIMIT
        listing = await read(
            self._store,
            reads.read_folder(identity.user, request.path_params["id"], offset, limit),
        )
        folder = shapes.item_full(listing.folder)
        assert isinstance(folder, shapes.Folder)
        collection = _by_offset(listing, offset, limit, None)
        folder = msgspec.structs.replace(folder, item_collection=collection)
        return json_answer(_encode(chosen(folder, asked_fields(request))))

    async def items(self, request: Request) -> Response:
        identity = await content_reader(self._services, request)
        query = request.query_params
        limit = parameters.parse_limit(query.get("limit"), most=parameters.MOST_ITEMS)
        by_marker = parameters.parse_flag(query.get("usemarker"))
        if by_marker:
            offset = parameters.parse_marker(query.get("marker"))
        else:
            offset = parameters.parse_offset(query.get("offset"))
        listing = await read(
            self._store,
            reads.read_folder(identity.user, request.path_params["id"], offset, limit),
        )
        fields = asked_fields(request)
        if not by_marker:
            return json_answer(_encode(_by_offset(listing, offset, limit, fields)))
        after = offset + len(listing.entries)
        marked = shapes.MarkedItems(
            entries=_entries(listing.entries, fields),
            limit=limit,
            next_marker=str(after) if after < listing.total else None,
        )
        return json_answer(_encode(marked))


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
    return tuple(chosen(shapes.item_full(item), fields) for item in items)
