"""Version 1 of Dropbox's API, apart from the long poll, which the front answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from wakeful.core.errors import NotFound
from wakeful.core.scopes import DOWNLOAD_SCOPE, READ_SCOPE
from wakeful.core.view import begin, latest
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.headers import METADATA_V1, REQUEST_ID
from wakeful.dialects.dropbox.locating import file_at, locate
from wakeful.dialects.dropbox.v1 import parameters, shapes
from wakeful.dialects.dropbox.v1.deltas import Asker, Follow, read_delta, sealed
from wakeful.dialects.dropbox.v1.metadata import hash_of, metadata_of, revision_of
from wakeful.dialects.dropbox.v1.reads import read_contents, read_usage
from wakeful.http.content import give
from wakeful.http.dialect import new_request_id
from wakeful.http.downloads import Downloads
from wakeful.http.dropbox.answers import DropboxDialect
from wakeful.http.dropbox.content import in_header
from wakeful.http.dropbox.users import NO_QUOTA
from wakeful.http.dropbox.v1 import api
from wakeful.http.dropbox.v1.answers import Call, Calls, V1Errors
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
            read_delta(self._access.unseal, self._asker(call), text, _follow(call)),
        )
        home = call.user.home
        return shapes.Delta(
            entries=[
                (f"/{told.path}", None if told.item is None else metadata_of(told, home))
                for told in page.view.entries
            ],
            reset=page.reset,
            cursor=sealed(self._access.seal, page.view.cursor),
            has_more=page.view.has_more,
        )

    async def latest_cursor(self, call: Call) -> shapes.LatestCursor:
        first = await read(self._store, begin(*self._asker(call), _follow(call).scope()))
        last = await read(self._store, latest(first))
        return shapes.LatestCursor(sealed(self._access.seal, last))

    async def metadata(self, call: Call) -> shapes.Metadata | Response:
        given = call.given
        wants_list = parameters.parse_flag(given, "list", True)
        deleted = bool(parameters.parse_flag(given, "include_deleted"))
        most = parameters.parse_file_limit(given)
        path = _path(call)
        told = await read(self._store, locate(call.user, Path(path)))
        found = metadata_of(told, call.user.home)
        _check_rev(call, found.rev)
        if not found.is_dir or not wants_list:
            return found
        steps = read_contents(call.user, self._store.epoch, path, most, deleted=deleted)
        contents = [metadata_of(each, call.user.home) for each in await read(self._store, steps)]
        found.hash = hash_of(contents)
        if given.get("hash") == found.hash:
            return Response(status_code=HTTPStatus.NOT_MODIFIED)
        found.contents = contents
        return found

    async def file(self, call: Call) -> Response:
        told, lineage, owner = await read(self._store, file_at(call.user, Path(_path(call))))
        file, request = lineage[-1], call.request
        _check_rev(call, revision_of(file))
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
                METADATA_V1: in_header(metadata_of(told, call.user.home)),
                REQUEST_ID: new_request_id(),
            },
        )

    async def disable_token(self, call: Call) -> dict[str, Any]:
        await self._access.revoke_token(call.identity.token)
        return {}

    async def account_info(self, call: Call) -> shapes.AccountInfo:
        user = call.user
        given, _, surname = user.name.partition(" ")
        used = await read(self._store, read_usage(user))
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
            quota_info=shapes.QuotaInfo(used.home, used.shared, max(NO_QUOTA, sum(used))),
        )

    def _asker(self, call: Call) -> Asker:
        return Asker(call.user.id, call.identity.grant, self._store.epoch)


def _follow(call: Call) -> Follow:
    return Follow(
        prefix=parameters.parse_prefix(call.given),
        media=parameters.parse_flag(call.given, "include_media_info", None),
        limit=parameters.parse_limit(call.given),
    )


def _check_rev(call: Call, present: object) -> None:
    """Raise NotFound for another revision than the *present* one."""
    if call.given.get("rev") not in (None, "", present):
        raise NotFound("other versions are not kept")


def _path(call: Call) -> str:
    """The path in the URL, in journal keys."""
    parameters.check_root(call.request.path_params["root"])
    # What the server unquoted has a mark in the place of what is not UTF-8, which a name may have.
    parameters.check_encoding(call.request.scope["raw_path"])
    return parameters.keys_of(call.request.path_params.get("path", ""))
