"""The routes of the Box dialect that give the content of files, and take it."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.core.contents import ContentChanged
from wakeful.core.errors import Forbidden, NotFound
from wakeful.core.items import Kind
from wakeful.core.roles import Right
from wakeful.core.scopes import DOWNLOAD_SCOPE
from wakeful.dialects.box import reads
from wakeful.dialects.box.versions import with_version
from wakeful.http.acting import by_method
from wakeful.http.box import api
from wakeful.http.box import writes_api as writes
from wakeful.http.box.answers import item_reader
from wakeful.http.box.sessions import session_routes
from wakeful.http.box.shared_items import SharedItems
from wakeful.http.box.uploads import Uploads
from wakeful.http.content import give
from wakeful.http.description import Described
from wakeful.http.downloads import Downloads
from wakeful.http.links import PREFIX as LINKS
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
        *session_routes(services),
        Described("/downloads/{ticket}", routes.download, GET=api.DOWNLOAD),
    ]


def upload_routes(services: Services) -> list[BaseRoute]:
    """What SDKs look for at the URL that they upload to."""
    uploads = Uploads(services)
    return [
        Described("/files/content", uploads.upload, POST=writes.UPLOAD),
        Described("/files/{id}/content", uploads.version, POST=writes.UPLOAD_VERSION),
        *session_routes(services),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._downloads = Downloads(services.feed, services.access, services.clock.wall)
        self._shared_items = SharedItems(services)

    async def content(self, request: Request) -> Response:
        identity = await item_reader(self._services, request)
        identity.require(DOWNLOAD_SCOPE)
        reading = await self._shared_items.reading(request, identity)
        if not reading.downloads:
            raise Forbidden("the shared link does not let download")
        lineage, _ = await read(
            self._store,
            reads.read_lineage(
                reading.user,
                request.path_params["id"],
                Kind.FILE,
                within=reading.within,
                right=Right.DOWNLOAD,
            ),
        )
        version = request.query_params.get("version", str(lineage[-1].version))
        if reading.key is not None and version != str(lineage[-1].version):
            raise NotFound("A shared link leads to the present version")
        lineage = await read(self._store, with_version(lineage, version))
        file = lineage[-1]
        # Who cannot be given the content is told so here, where all SDKs look.
        (await self._services.contents.open(lineage)).close()
        base = base_url(self._services, request)
        if reading.key is not None:
            path = f"{LINKS}/{reading.key}/{file.id}/content?pass={reading.links_pass}"
            return _leads_to(base + path)
        ticket = self._downloads.begin(
            identity.grant,
            identity.user,
            file.id,
            file.version,
            in_ranges="range" in request.headers,
        )
        path = f"/2.0/downloads/{self._downloads.sealed(ticket)}"
        return _leads_to(base + path)

    async def download(self, request: Request) -> Response:
        ticket = await self._downloads.opened(request.path_params["ticket"])
        lineage, owner = await read(
            self._store,
            reads.read_lineage(ticket.user, str(ticket.item), Kind.FILE, right=Right.DOWNLOAD),
        )
        try:
            lineage = await read(self._store, with_version(lineage, str(ticket.version)))
        except NotFound:
            raise ContentChanged("The file has another version by now") from None
        file = lineage[-1]
        return await give(
            request,
            file,
            await self._services.contents.open(lineage),
            lambda: self._downloads.tell(ticket, owner, client_ip(self._services, request)),
        )


def _leads_to(location: str) -> Response:
    return Response(
        status_code=HTTPStatus.FOUND,
        headers={"Location": location, "Cache-Control": "no-store"},
    )
