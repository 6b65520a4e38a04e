"""The function of the Dropbox dialect that gives the content of files."""

from __future__ import annotations

import json

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.contents import NoContent
from wakeful.core.people import User
from wakeful.dialects.dropbox.arguments import parse_path_or_rev
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.headers import REQUEST_ID, RESULT
from wakeful.dialects.dropbox.locating import file_at, find_read_only
from wakeful.dialects.dropbox.metadata import metadata_of
from wakeful.dialects.dropbox.shapes import Download, TemporaryLink
from wakeful.http.content import give
from wakeful.http.dialect import new_request_id
from wakeful.http.downloads import Downloads
from wakeful.http.reading import read
from wakeful.http.requests import base_url, client_ip
from wakeful.http.services import Services

LINK_MS = 4 * 3600 * 1000
"""How long a temporary link can be used, as in Dropbox."""

LINKS = "/2.0/downloads"
"""Where a ticket is good, whatever dialect gave it."""


class FileContent:
    """Each method is a function of the API."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._downloads = Downloads(services.feed, services.access, services.clock.wall)

    async def download(
        self, request: Request, user: User, identity: Identity, asked: Download
    ) -> Response:
        told, lineage, owner = await read(self._store, file_at(user, parse_path_or_rev(asked.path)))
        file = lineage[-1]
        try:
            content = await self._services.contents.open(lineage)
        except NoContent:
            raise Refused("unsupported_file") from None
        metadata = metadata_of(told, user.home, await read(self._store, find_read_only(user)))
        ticket = self._downloads.begin(
            identity.grant,
            user.id,
            file.id,
            file.version,
            in_ranges="range" in request.headers,
        )
        return await give(
            request,
            file,
            content,
            lambda: self._downloads.tell(ticket, owner, client_ip(self._services, request)),
            {RESULT: in_header(metadata), REQUEST_ID: new_request_id()},
        )

    async def temporary_link(
        self, request: Request, user: User, identity: Identity, asked: Download
    ) -> TemporaryLink:
        told, lineage, _ = await read(self._store, file_at(user, parse_path_or_rev(asked.path)))
        file = lineage[-1]
        try:
            (await self._services.contents.open(lineage)).close()
        except NoContent:
            raise Refused("unsupported_file") from None
        ticket = self._downloads.begin(
            identity.grant, user.id, file.id, file.version, in_ranges=False
        )
        ticket = ticket._replace(until=self._services.clock.wall() + LINK_MS)
        link = f"{base_url(self._services, request)}{LINKS}/{self._downloads.sealed(ticket)}"
        metadata = metadata_of(told, user.home, await read(self._store, find_read_only(user)))
        return TemporaryLink(metadata, link)


def in_header(metadata: msgspec.Struct) -> str:
    """JSON in ASCII, as a header can have it."""
    text = json.dumps(msgspec.to_builtins(metadata), separators=(",", ":"))
    return text.replace("\x7f", "\\u007f")
