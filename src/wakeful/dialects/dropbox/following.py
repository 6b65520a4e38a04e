"""How a reader of version 2 begins to follow, and goes on after a cursor."""

from __future__ import annotations

from typing import NamedTuple

from wakeful.core.cursors import Cursor, Scope
from wakeful.core.errors import InvalidRequest
from wakeful.core.view import MOST_LOOKS, ViewPage, begin, latest, read_page
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.arguments import Path, parse_limit, parse_path
from wakeful.dialects.dropbox.errors import InvalidCursor
from wakeful.dialects.dropbox.locating import find_read_only_among, folder_at
from wakeful.dialects.dropbox.metadata import metadata_of
from wakeful.dialects.dropbox.shapes import ListFolder, Metadata

CONTINUE = "files/list_folder/continue"


class Asker(NamedTuple):
    """Who asks, under which grant, and in which life of the store."""

    id: int  # of the user
    home: int
    grant: int
    epoch: int


def check_reader(cursor: Cursor, asker: Asker, text: str) -> None:
    """Raise InvalidCursor unless *cursor*, which is in *text*, is one of *asker*'s."""
    if (cursor.user, cursor.grant) != (asker.id, asker.grant):
        raise InvalidCursor(CONTINUE, text)


def scope_of(asked: ListFolder, asker: Asker) -> Steps[Scope]:
    """What *asker* wants to follow. Raises InvalidRequest, and as `folder_at`."""
    if asked.shared_link is not None:
        raise InvalidRequest("request body: shared_link: there are no shared links here")
    limit = parse_limit(asked.limit)
    path = parse_path(asked.path)
    return Scope(
        path="" if path.is_root else (yield from folder_at(asker, path)),
        recursive=asked.recursive,
        mounted=asked.include_mounted_folders,
        deleted=asked.include_deleted,
        media=asked.include_media_info,
        limit=limit,
    )


def latest_of(asked: ListFolder, asker: Asker) -> Steps[Cursor]:
    """The cursor of the present state. Raises as `scope_of`."""
    scope = yield from scope_of(asked, asker)
    first = yield from begin(asker.id, asker.grant, asker.epoch, scope)
    return (yield from latest(first))


def read_on(cursor: Cursor, asker: Asker, limit: int, looks: int = MOST_LOOKS) -> Steps[ViewPage]:
    """The page after *cursor*, of *limit* entries or somewhat more, as `read_page`.

    Raises as `read_page`, and Refused and Unavailable where the folder is not there.
    """
    if cursor.scope.path:
        # That the folder is gone is said so, and not that it is empty.
        yield from folder_at(asker, Path(cursor.scope.path))
    return (yield from read_page(cursor, limit, asker.home, looks))


def entries_of(page: ViewPage, asker: Asker) -> Steps[list[Metadata]]:
    """What *asker* is told of a page."""
    read_only = yield from find_read_only_among(asker, page.entries)
    return [metadata_of(told, asker.home, read_only) for told in page.entries]
