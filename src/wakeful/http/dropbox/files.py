"""The functions of the Dropbox dialect about files: listing, following, looking up."""

from __future__ import annotations

from wakeful.access import Identity
from wakeful.core.cursors import Cursor, Scope
from wakeful.core.errors import InvalidRequest
from wakeful.core.items import User
from wakeful.core.view import ViewPage, begin, latest, read_first, read_page
from wakeful.dialects.dropbox.arguments import (
    MOST_ENTRIES,
    Path,
    parse_limit,
    parse_path,
    parse_path_or_rev,
)
from wakeful.dialects.dropbox.cursors import opened, sealed
from wakeful.dialects.dropbox.errors import InvalidCursor, Refused
from wakeful.dialects.dropbox.locating import NOT_FOUND, folder_at, locate
from wakeful.dialects.dropbox.metadata import metadata_of
from wakeful.dialects.dropbox.shapes import (
    GetMetadata,
    GivenCursor,
    LatestCursor,
    ListFolder,
    ListFolderResult,
    Metadata,
)
from wakeful.http.reading import read
from wakeful.http.services import Services

CONTINUE = "files/list_folder/continue"


class Files:
    """Each method is a function of the API."""

    def __init__(self, services: Services) -> None:
        self._access = services.access
        self._store = services.feed.store

    async def list_folder(
        self, user: User, identity: Identity, asked: ListFolder
    ) -> ListFolderResult:
        scope = await self._scope(user, asked)
        most = scope.limit or MOST_ENTRIES
        steps = read_first(user.id, identity.grant, self._store.epoch, scope, most)
        return self._result(user, await read(self._store, steps))

    async def latest_cursor(
        self, user: User, identity: Identity, asked: ListFolder
    ) -> LatestCursor:
        scope = await self._scope(user, asked)
        steps = begin(user.id, identity.grant, self._store.epoch, scope)
        cursor = await read(self._store, latest(await read(self._store, steps)))
        return LatestCursor(self._sealed(cursor))

    async def go_on(self, user: User, identity: Identity, asked: GivenCursor) -> ListFolderResult:
        epoch = self._store.epoch
        cursor = opened(self._access.unseal, asked.cursor, CONTINUE, epoch)
        if (cursor.user, cursor.grant) != (user.id, identity.grant):
            raise InvalidCursor(CONTINUE, asked.cursor)
        # That the folder is gone is said so, and not that it is empty.
        await read(self._store, folder_at(user, Path(cursor.scope.path)))
        page = await read(self._store, read_page(cursor, cursor.scope.limit or MOST_ENTRIES))
        return self._result(user, page)

    async def get_metadata(self, user: User, identity: Identity, asked: GetMetadata) -> Metadata:
        if asked.path == "":
            raise InvalidRequest("request body: path: The root folder is unsupported.")
        told = await read(self._store, locate(user, parse_path_or_rev(asked.path)))
        if told.item is None and not asked.include_deleted:
            raise Refused(*NOT_FOUND)
        if not told.path:
            raise InvalidRequest("request body: path: The root folder is unsupported.")
        return metadata_of(told, user.home)

    async def _scope(self, user: User, asked: ListFolder) -> Scope:
        if asked.shared_link is not None:
            raise InvalidRequest("request body: shared_link: there are no shared links here")
        limit = parse_limit(asked.limit)
        path = await read(self._store, folder_at(user, parse_path(asked.path)))
        return Scope(
            path=path,
            recursive=asked.recursive,
            mounted=asked.include_mounted_folders,
            deleted=asked.include_deleted,
            media=asked.include_media_info,
            limit=limit,
        )

    def _result(self, user: User, page: ViewPage) -> ListFolderResult:
        entries = [metadata_of(told, user.home) for told in page.entries]
        return ListFolderResult(entries, self._sealed(page.cursor), page.has_more)

    def _sealed(self, cursor: Cursor) -> str:
        return sealed(self._access.seal, cursor)
