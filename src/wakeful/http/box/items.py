"""The routes of the Box dialect about files and folders, and the trash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.core.events import Snapshot
from wakeful.core.items import Kind
from wakeful.core.lookups.trees import CountComments
from wakeful.dialects.box import parameters, reads, shapes
from wakeful.dialects.box.items import item_full, item_mini, item_noted, item_trashed
from wakeful.dialects.box.markers import marker_of, parse_marker
from wakeful.dialects.box.parameters import Fields
from wakeful.dialects.box.reads import Asked, Listing, Place
from wakeful.http.acting import by_method
from wakeful.http.box import api
from wakeful.http.box import writes_api as writes
from wakeful.http.box.answers import content_reader, json_answer
from wakeful.http.box.fields import asked_fields, chosen
from wakeful.http.box.files import FileActions
from wakeful.http.box.folders import FolderActions
from wakeful.http.box.shared_items import SharedItems
from wakeful.http.box.versions import version_routes
from wakeful.http.description import Described
from wakeful.http.etags import matches
from wakeful.http.reading import read
from wakeful.http.services import Services

_encode = msgspec.json.Encoder().encode


def item_routes(services: Services) -> list[BaseRoute]:
    routes = _Routes(services)
    files, folders = FileActions(services), FolderActions(services)
    return [
        Described(
            "/files/{id}",
            by_method(GET=routes.file, PUT=files.update, DELETE=files.trash, POST=files.restore),
            GET=api.READ_FILE,
            PUT=writes.UPDATE_FILE,
            DELETE=writes.TRASH_FILE,
            POST=writes.RESTORE_FILE,
        ),
        Described("/files/{id}/copy", files.copy, POST=writes.COPY_FILE),
        Described(
            "/files/{id}/trash",
            by_method(GET=routes.trashed_file, DELETE=files.purge),
            GET=api.READ_TRASHED_FILE,
            DELETE=writes.PURGE_FILE,
        ),
        *version_routes(services),
        Described("/folders/trash/items", routes.trash, GET=api.LIST_TRASH),
        Described("/folders", folders.create, POST=writes.CREATE_FOLDER),
        Described(
            "/folders/{id}",
            by_method(
                GET=routes.folder, PUT=folders.update, DELETE=folders.trash, POST=folders.restore
            ),
            GET=api.READ_FOLDER,
            PUT=writes.UPDATE_FOLDER,
            DELETE=writes.TRASH_FOLDER,
            POST=writes.RESTORE_FOLDER,
        ),
        Described("/folders/{id}/copy", folders.copy, POST=writes.COPY_FOLDER),
        Described("/folders/{id}/items", routes.items, GET=api.LIST_ITEMS),
        Described(
            "/folders/{id}/trash",
            by_method(GET=routes.trashed_folder, DELETE=folders.purge),
            GET=api.READ_TRASHED_FOLDER,
            DELETE=writes.PURGE_FOLDER,
        ),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._shared_items = SharedItems(services)

    async def file(self, request: Request) -> Response:
        reading = await self._shared_items.reading(request)
        item = await read(
            self._store,
            reads.read_item(
                reading.user, request.path_params["id"], Kind.FILE, within=reading.within
            ),
        )
        shown = self._asked(request, item)
        counts = await self._comment_counts(asked_fields(request), (item,))
        if item.id in counts:
            shown = msgspec.structs.replace(shown, comment_count=counts[item.id])
        return _item(request, shown)

    async def folder(self, request: Request) -> Response:
        page = _page(request)
        item, listing = await self._folder(request, page)
        folder = self._asked(request, item)
        assert isinstance(folder, shapes.Folder)
        minis = tuple(item_mini(entry) for entry in listing.entries)
        collection = _collection(listing, page, minis)
        return _item(request, msgspec.structs.replace(folder, item_collection=collection))

    async def items(self, request: Request) -> Response:
        page = _page(request)
        _, listing = await self._folder(request, page)
        fields, now = asked_fields(request), self._services.clock.wall()
        counts = await self._comment_counts(fields, listing.entries)
        entries = tuple(_entry(item, fields, now, counts) for item in listing.entries)
        return json_answer(_encode(_collection(listing, page, entries)))

    async def _folder(self, request: Request, page: _Page) -> tuple[Snapshot, Listing]:
        reading = await self._shared_items.reading(request)
        return await read(
            self._store,
            reads.read_folder(
                reading.user, request.path_params["id"], page.asked, within=reading.within
            ),
        )

    async def trash(self, request: Request) -> Response:
        identity = await content_reader(self._services, request)
        page = _page(request)
        listing = await read(self._store, reads.read_trash(identity.user, page.asked))
        fields = asked_fields(request)
        entries = tuple(
            item_mini(item) if fields is None else chosen(item_trashed(item), fields)
            for item in listing.entries
        )
        return json_answer(_encode(_collection(listing, page, entries)))

    async def trashed_file(self, request: Request) -> Response:
        return await self._trashed(request, Kind.FILE)

    async def trashed_folder(self, request: Request) -> Response:
        return await self._trashed(request, Kind.FOLDER)

    async def _trashed(self, request: Request, kind: Kind) -> Response:
        identity = await content_reader(self._services, request)
        item = await read(
            self._store, reads.read_trashed(identity.user, request.path_params["id"], kind)
        )
        return _item(request, item_trashed(item))

    async def _comment_counts(
        self, fields: Fields | None, items: Iterable[Snapshot]
    ) -> Mapping[int, int]:
        """How many comments are on those of *items* that are files, where that is asked for."""
        if fields is None or "comment_count" not in fields:
            return {}
        files = tuple(item.id for item in items if item.kind is Kind.FILE)
        return await self._store.ask(CountComments(files))

    def _asked(self, request: Request, item: Snapshot) -> shapes.File | shapes.Folder:
        """All of an item, or with `fields` all that may be asked for."""
        if asked_fields(request) is None:
            return item_full(item, self._services.clock.wall())
        return item_noted(item, self._services.clock.wall())


class _Page(NamedTuple):
    """Which page a request asks for, and in which form."""

    asked: Asked
    by_marker: bool


def _page(request: Request) -> _Page:
    query = request.query_params
    limit = parameters.parse_limit(query.get("limit"), most=parameters.MOST_ITEMS)
    sorting = parameters.parse_sorting(query.get("sort"), query.get("direction"))
    offset = parameters.parse_offset(query.get("offset"))  # judged although a marker overrules it
    if not parameters.parse_flag(query.get("usemarker"), "usemarker"):
        return _Page(Asked(offset, limit, sorting), False)
    start: int | Place = 0
    if query.get("marker"):
        start, sorting = parse_marker(query["marker"])
    # A page of nothing would have no marker to go on from, as if it were the last.
    return _Page(Asked(start, max(1, limit), sorting), True)


def _collection(
    listing: Listing,
    page: _Page,
    entries: tuple[object, ...],
) -> shapes.ItemCollection | shapes.MarkedItems:
    start, limit, sorting = page.asked
    if page.by_marker:
        after = listing.next
        return shapes.MarkedItems(
            entries=entries,
            limit=limit,
            next_marker=None if after is None else marker_of(after, sorting),
        )
    assert isinstance(start, int)
    assert listing.total is not None
    way = "DESC" if sorting.descending else "ASC"
    return shapes.ItemCollection(
        total_count=listing.total,
        entries=entries,
        offset=start,
        limit=limit,
        order=(shapes.Order("type"), shapes.Order(sorting.by.value, way)),
    )


def _entry(item: Snapshot, fields: Fields | None, now: int, counts: Mapping[int, int]) -> object:
    if fields is None:
        return item_mini(item)
    shown = item_noted(item, now)
    if item.id in counts:
        shown = msgspec.structs.replace(shown, comment_count=counts[item.id])
    return chosen(shown, fields)


def _item(request: Request, item: shapes.File | shapes.Folder) -> Response:
    """One item; 304 where the client has it already."""
    headers = {} if item.etag is None else {"ETag": f'"{item.etag}"'}
    if item.etag is not None and matches(request.headers.getlist("if-none-match"), item.etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return json_answer(_encode(chosen(item, asked_fields(request))), headers)
