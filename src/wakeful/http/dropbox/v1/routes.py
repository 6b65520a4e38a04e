"""Version 1 of Dropbox's API, apart from the long poll, which the front answers."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from wakeful.core.lookups.trees import SpaceOf
from wakeful.core.quotas import usage
from wakeful.core.scopes import DOWNLOAD_SCOPE, READ_SCOPE
from wakeful.core.view import Told
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.following import Asker
from wakeful.dialects.dropbox.headers import METADATA_V1, REQUEST_ID
from wakeful.dialects.dropbox.locating import file_at, find_read_only, locate
from wakeful.dialects.dropbox.revisions import at_revision, read_revisions
from wakeful.dialects.dropbox.v1 import parameters, shapes
from wakeful.dialects.dropbox.v1.deltas import entries_of, follow_of, latest_of, read_delta, sealed
from wakeful.dialects.dropbox.v1.metadata import hash_of, metadata_of
from wakeful.dialects.dropbox.v1.reads import read_contents
from wakeful.http.content import give
from wakeful.http.dialect import new_request_id
from wakeful.http.downloads import Downloads
from wakeful.http.dropbox.answers import DropboxDialect
from wakeful.http.dropbox.content import in_header
from wakeful.http.dropbox.v1 import api
from wakeful.http.dropbox.v1.answers import Call, Calls, V1Errors
from wakeful.http.dropbox.v1.writes import writing_routes
from wakeful.http.reading import read
from wakeful.http.requests import client_ip
from wakeful.http.services import Services


def dropbox_v1(services: Services) -> DropboxDialect:
    """The app to mount at `/1`."""
    calls, routes = Calls(services), _Routes(services)
    reading = READ_SCOPE
    return DropboxDialect(
        [
            calls.route("/delta", routes.delta, scope=reading, POST=api.DELTA),
            calls.route(
                "/delta/latest_cursor", routes.latest_cursor, scope=reading, POST=api.LATEST_CURSOR
            ),
            calls.route("/disable_access_token", routes.disable_token, POST=api.DISABLE_TOKEN),
            calls.route("/account/info", routes.account_info, GET=api.ACCOUNT_INFO),
            calls.route("/metadata/{root}", routes.metadata, scope=reading, GET=api.ROOT_METADATA),
            calls.route(
                "/metadata/{root}/{path:path}", routes.metadata, scope=reading, GET=api.METADATA
            ),
            calls.route(
                "/files/{root}/{path:path}", routes.file, scope=DOWNLOAD_SCOPE, GET=api.FILE
            ),
            calls.route(
                "/revisions/{root}/{path:path}",
                routes.revisions,
                scope=reading,
                GET=api.REVISIONS,
            ),
            *writing_routes(calls, services),
        ],
        V1Errors(),
    )


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._access = services.access
        self._store = services.feed.store
        self._downloads = Downloads(services.feed, services.access, services.clock.wall)

    async def delta(self, call: Call) -> shapes.Delta:
        text = call.given.get("cursor")
        page = await read(
            self._store,
            read_delta(self._access.unseal, self._asker(call), text, follow_of(call.given)),
        )
        entries = await read(self._store, entries_of(page.view, self._asker(call)))
        cursor = sealed(self._access.seal, page.view.cursor)
        return shapes.Delta(entries, page.reset, cursor, page.view.has_more)

    async def latest_cursor(self, call: Call) -> shapes.LatestCursor:
        last = await read(self._store, latest_of(call.given, self._asker(call)))
        return shapes.LatestCursor(sealed(self._access.seal, last))

    async def metadata(self, call: Call) -> shapes.Metadata | Response:
        given = call.given
        wants_list = parameters.parse_flag(given, "list", True)
        deleted = bool(parameters.parse_flag(given, "include_deleted"))
        most = parameters.parse_file_limit(given)
        path = _path(call)
        told = await read(self._store, locate(call.user, Path(path)))
        told = await read(self._store, at_revision(told, given.get("rev")))
        tell = await self._telling(call)
        found = tell(told)
        if not found.is_dir or not wants_list:
            return found
        steps = read_contents(call.user, self._store.epoch, path, most, deleted=deleted)
        contents = [tell(each) for each in await read(self._store, steps)]
        found.hash = hash_of(contents)
        if given.get("hash") == found.hash:
            return Response(status_code=HTTPStatus.NOT_MODIFIED)
        found.contents = contents
        return found

    async def file(self, call: Call) -> Response:
        told, lineage, owner = await read(self._store, file_at(call.user, Path(_path(call))))
        told = await read(self._store, at_revision(told, call.given.get("rev")))
        file, request = told.item or lineage[-1], call.request
        lineage = (*lineage[:-1], file)
        tell = await self._telling(call)
        ticket = self._downloads.begin(
            call.identity.grant,
            call.user.id,
            file.id,
            file.version,
            in_ranges="range" in request.headers,
        )
        return await give(
            request,
            file,
            await self._services.contents.open(lineage),
            lambda: self._downloads.tell(ticket, owner, client_ip(self._services, request)),
            {
                METADATA_V1: in_header(tell(told)),
                REQUEST_ID: new_request_id(),
            },
        )

    async def revisions(self, call: Call) -> list[shapes.Metadata]:
        most = parameters.parse_rev_limit(call.given)
        found = await read(self._store, read_revisions(call.user, Path(_path(call)), most, None))
        tell = await self._telling(call)
        entries = [tell(told) for told in found.entries]
        if found.deleted_at is not None:
            for entry in entries:
                entry.is_deleted = True
        return entries

    async def _telling(self, call: Call) -> Callable[[Told], shapes.Metadata]:
        """How the user is told of a path."""
        read_only = await read(self._store, find_read_only(call.user))
        return lambda told: metadata_of(told, call.user.home, read_only)

    async def disable_token(self, call: Call) -> dict[str, Any]:
        await self._access.revoke_token(call.identity.token)
        return {}

    async def account_info(self, call: Call) -> shapes.AccountInfo:
        user = call.user
        given, _, surname = user.name.partition(" ")
        services = self._services
        spaces = await self._store.ask(SpaceOf((user.id,)))
        used, allowed = usage(user, spaces, services.quota, services.watched)
        home = sum(space.used for space in spaces if space.namespace == user.home)
        return shapes.AccountInfo(
            uid=user.id,
            display_name=user.name,
            name_details=shapes.NameDetails(given, given, surname),
            email=user.login,
            email_verified=True,
            referral_link=self._services.public_url or "",
            locale="en",
            country=None,
            is_paired=False,
            team=None,
            quota_info=shapes.QuotaInfo(home, used - home, allowed),
        )

    def _asker(self, call: Call) -> Asker:
        return Asker(call.user.id, call.user.home, call.identity.grant, self._store.epoch)


def _path(call: Call) -> str:
    """The path in the URL, in journal keys."""
    parameters.check_root(call.request.path_params["root"])
    # What the server unquoted has a mark in the place of what is not UTF-8, which a name may have.
    parameters.check_encoding(call.request.scope["raw_path"])
    return parameters.keys_of(call.request.path_params.get("path", ""))
