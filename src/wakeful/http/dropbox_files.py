"""The functions of the Dropbox dialect about files: listing, following, looking up."""

from __future__ import annotations

from wakeful.access import Identity
from wakeful.core.cursors import Cursor, Scope
from wakeful.core.errors import InvalidRequest
from wakeful.core.items import User
from wakeful.core.view import begin, latest, read_page
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
        return await self._page(user, await self._cursor(user, identity, asked))

    async def latest_cursor(
        self, user: User, identity: Identity, asked: ListFolder
    ) -> LatestCursor:
        cursor = await self._cursor(user, identity, asked)
        return LatestCursor(self._sealed(await read(self._store, latest(cursor))))

    async def go_on(self, user: User, identity: Identity, asked: GivenCursor) -> ListFolderResult:
        epoch = self._store.epoch
        cursor = opened(self._access.unseal, asked.cursor, CONTINUE, epoch)
        if (cursor.user, cursor.grant) != (user.id, identity.grant):
            raise InvalidCursor(CONTINUE, asked.cursor)
        # That the folder is gone is said so, and not that it is empty.
        await read(self._store, folder_at(user, Path(cursor.scope.path)))
        return await self._page(user, cursor)

    async def get_metadata(self, user: User, identity: Identity, asked: GetMetadata) -> Metadata:
        if asked.path == "":
            raise InvalidRequest("request body: path: The root folder is unsupported.")
        told = await read(self._store, locate(user, parse_path_or_rev(asked.path)))
        if told.item is None and not asked.include_deleted:
            raise Refused(*NOT_FOUND)
        if not told.path:
            raise InvalidRequest("request body: path: The root folder is unsupported.")
        return metadata_of(told, user.home)

    async def _cursor(self, user: User, identity: Identity, asked: ListFolder) -> Cursor:
        if asked.shared_link is not None:
            raise InvalidRequest("request body: shared_link: there are no shared links here")
        limit = parse_limit(asked.limit)
        path = await read(self._store, folder_at(user, parse_path(asked.path)))
        scope = Scope(
            path=path,
            recursive=asked.recursive,
            mounted=asked.include_mounted_folders,
            deleted=asked.include_deleted,
            media=asked.include_media_info,
            limit=limit,
        )
        return await read(self._store, begin(user.id, identity.grant, self._store.epoch, scope))

    async def _page(self, user: User, cursor: Cursor) -> ListFolderResult:
        page = await read(self._store, read_page(cursor, cursor.scope.limit or MOST_ENTRIES))
        entries = [metadata_of(told, user.home) for told in page.entries]
        return ListFolderResult(entries, self._sealed(page.cursor), page.has_more)

    def _sealed(self, cursor: Cursor) -> str:
        return sealed(self._access.seal, cursor)
