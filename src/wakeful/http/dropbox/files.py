"""The functions of the Dropbox dialect about files: listing, following, looking up."""

from __future__ import annotations

from msgspec import UNSET

from wakeful.access import Identity
from wakeful.core.cursors import Cursor
from wakeful.core.errors import InvalidRequest
from wakeful.core.people import User
from wakeful.core.view import ViewPage, read_first
from wakeful.dialects.dropbox.arguments import (
    MOST_ENTRIES,
    parse_path,
    parse_path_or_rev,
)
from wakeful.dialects.dropbox.asked import ListRevisions, parse_revisions
from wakeful.dialects.dropbox.cursors import opened, sealed
from wakeful.dialects.dropbox.done import ListRevisionsResult
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.following import (
    CONTINUE,
    Asker,
    check_reader,
    entries_of,
    latest_of,
    read_on,
    scope_of,
)
from wakeful.dialects.dropbox.locating import NOT_FOUND, find_read_only, locate
from wakeful.dialects.dropbox.metadata import metadata_of
from wakeful.dialects.dropbox.names import zulu
from wakeful.dialects.dropbox.revisions import read_revisions
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


class Files:
    """Each method is a function of the API."""

    def __init__(self, services: Services) -> None:
        self._access = services.access
        self._store = services.feed.store

    async def list_folder(
        self, user: User, identity: Identity, asked: ListFolder
    ) -> ListFolderResult:
        asker = self._asker(user, identity)
        scope = await read(self._store, scope_of(asked, asker))
        most = scope.limit or MOST_ENTRIES
        steps = read_first(asker.id, asker.grant, asker.epoch, scope, most)
        return await self._result(asker, await read(self._store, steps))

    async def latest_cursor(
        self, user: User, identity: Identity, asked: ListFolder
    ) -> LatestCursor:
        cursor = await read(self._store, latest_of(asked, self._asker(user, identity)))
        return LatestCursor(self._sealed(cursor))

    async def go_on(self, user: User, identity: Identity, asked: GivenCursor) -> ListFolderResult:
        asker = self._asker(user, identity)
        cursor = opened(self._access.unseal, asked.cursor, CONTINUE, asker.epoch)
        check_reader(cursor, asker, asked.cursor)
        steps = read_on(cursor, asker, cursor.scope.limit or MOST_ENTRIES)
        return await self._result(asker, await read(self._store, steps))

    async def get_metadata(self, user: User, identity: Identity, asked: GetMetadata) -> Metadata:
        if asked.path == "":
            raise InvalidRequest("request body: path: The root folder is unsupported.")
        told = await read(self._store, locate(user, parse_path_or_rev(asked.path)))
        if told.item is None and not asked.include_deleted:
            raise Refused(*NOT_FOUND)
        if not told.path:
            raise InvalidRequest("request body: path: The root folder is unsupported.")
        return metadata_of(told, user.home, await read(self._store, find_read_only(user)))

    async def list_revisions(
        self, user: User, identity: Identity, asked: ListRevisions
    ) -> ListRevisionsResult:
        before = parse_revisions(asked)
        steps = read_revisions(user, parse_path(asked.path), asked.limit, before)
        found = await read(self._store, steps)
        return ListRevisionsResult(
            is_deleted=found.deleted_at is not None,
            entries=[metadata_of(told, user.home) for told in found.entries],
            has_more=found.has_more,
            server_deleted=UNSET if found.deleted_at is None else zulu(found.deleted_at),
        )

    def _asker(self, user: User, identity: Identity) -> Asker:
        return Asker(user.id, user.home, identity.grant, self._store.epoch)

    async def _result(self, asker: Asker, page: ViewPage) -> ListFolderResult:
        entries = await read(self._store, entries_of(page, asker))
        return ListFolderResult(entries, self._sealed(page.cursor), page.has_more)

    def _sealed(self, cursor: Cursor) -> str:
        return sealed(self._access.seal, cursor)
