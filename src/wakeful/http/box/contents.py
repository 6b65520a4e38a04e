"""The routes of the Box dialect that give the content of files, and take it."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.core.contents import ContentChanged
from wakeful.core.errors import NotFound
from wakeful.core.items import Kind
from wakeful.core.scopes import DOWNLOAD_SCOPE
from wakeful.dialects.box import reads
from wakeful.http.box import api
from wakeful.http.box import writes_api as writes
from wakeful.http.box.actions import by_method
from wakeful.http.box.answers import item_reader
from wakeful.http.box.uploads import Uploads
from wakeful.http.content import give
from wakeful.http.description import Described
from wakeful.http.downloads import Downloads
from wakeful.http.reading import read
from wakeful.http.requests import base_url, client_ip
from wakeful.http.services import Services


def content_routes(services: Services) -> list[BaseRoute]:
    routes = _Routes(services)
    uploads = Uploads(services)
    return [
        Described(
            "/files/content",
            by_method(POST=uploads.upload, OPTIONS=uploads.check),
            POST=writes.UPLOAD,
            OPTIONS=writes.CHECK_UPLOAD,
        ),
        Described(
            "/files/{id}/content",
            by_method(GET=routes.content, POST=uploads.version, OPTIONS=uploads.check_version),
            GET=api.READ_CONTENT,
            POST=writes.UPLOAD_VERSION,
            OPTIONS=writes.CHECK_VERSION,
        ),
        Described("/downloads/{ticket}", routes.download, GET=api.DOWNLOAD),
    ]


def upload_routes(services: Services) -> list[BaseRoute]:
    """What SDKs look for at the URL that they upload to."""
    uploads = Uploads(services)
    return [
        Described("/files/content", uploads.upload, POST=writes.UPLOAD),
        Described("/files/{id}/content", uploads.version, POST=writes.UPLOAD_VERSION),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._downloads = Downloads(services.feed, services.access, services.clock.wall)

    async def content(self, request: Request) -> Response:
        identity = await item_reader(self._services, request)
        identity.require(DOWNLOAD_SCOPE)
        lineage, _ = await read(
            self._store,
            reads.read_lineage(
                identity.user, request.path_params["id"], Kind.FILE, within=identity.item
            ),
        )
        file = lineage[-1]
        if request.query_params.get("version", str(file.version)) != str(file.version):
            raise NotFound("Earlier versions of this file are not kept")
        # Who cannot be given the content is told so here, where all SDKs look.
        (await self._services.contents.open(lineage)).close()
        ticket = self._downloads.begin(
            identity.grant,
            identity.user,
            file.id,
            file.version,
            in_ranges="range" in request.headers,
        )
        path = f"/2.0/downloads/{self._downloads.sealed(ticket)}"
        location = base_url(self._services, request) + path
        return Response(
            status_code=HTTPStatus.FOUND,
            headers={"Location": location, "Cache-Control": "no-store"},
        )

    async def download(self, request: Request) -> Response:
        ticket = await self._downloads.opened(request.path_params["ticket"])
        lineage, owner = await read(
            self._store, reads.read_lineage(ticket.user, str(ticket.item), Kind.FILE)
        )
        file = lineage[-1]
        if file.version != ticket.version:
            raise ContentChanged("The file has another version by now")
        return await give(
            request,
            file,
            await self._services.contents.open(lineage),
            lambda: self._downloads.tell(ticket, owner, client_ip(self._services, request)),
        )
