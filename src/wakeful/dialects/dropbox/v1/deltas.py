"""The delta of version 1: cursors that name what is followed, and pages after them.

Rule 1: where the pages of version 2 end in `reset`, this one begins anew by itself, and says so
on the first page. A client that only ever asks for the next page ends with the right tree.

Rule 2: a prefix is a filter. It need not exist, may be a file, and what is at it is told with
what is below. A cursor may go on with a narrower one.

Rule 3: cursors of the two versions do not open each other: a client of one would not
understand what the other leaves out.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from wakeful.core import errors
from wakeful.core.cursors import Cursor, Scope, pack, unpack
from wakeful.core.errors import CursorExpired
from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.view import MOST_LOOKS, ViewPage, begin, latest, read_first, read_page
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.arguments import MOST_ENTRIES
from wakeful.dialects.dropbox.cursors import Seal, Unseal
from wakeful.dialects.dropbox.following import Asker
from wakeful.dialects.dropbox.locating import find_read_only_among
from wakeful.dialects.dropbox.v1 import parameters
from wakeful.dialects.dropbox.v1.errors import BadParameter, ForeignCursor, UnknownCursor
from wakeful.dialects.dropbox.v1.metadata import metadata_of
from wakeful.dialects.dropbox.v1.shapes import Metadata

PURPOSE = b"cursor of v1"


class Follow(NamedTuple):
    """What is to be followed; None: as the cursor has it, or the whole view without media.

    `limit`: the most entries of a page, 0 where that was not said.
    """

    prefix: str | None = None
    media: bool | None = None
    limit: int = 0

    def scope(self) -> Scope:
        return Scope(self.prefix or "", media=bool(self.media), limit=self.limit)


def follow_of(given: parameters.Parameters) -> Follow:
    """What is to be followed. Raises BadParameter."""
    return Follow(
        prefix=parameters.parse_prefix(given),
        media=parameters.parse_flag(given, "include_media_info", None),
        limit=parameters.parse_limit(given),
    )


class Page(NamedTuple):
    view: ViewPage
    reset: bool


def sealed(seal: Seal, cursor: Cursor) -> str:
    """The opaque text of *cursor*."""
    return seal(PURPOSE, pack(cursor))


def opened(unseal: Unseal, text: str) -> Cursor:
    """The cursor in *text*, of whatever epoch. Raises UnknownCursor, and CursorExpired for one
    whose form is not known any more."""
    packed = unseal(PURPOSE, text)
    if packed is None:
        raise UnknownCursor(text)
    try:
        return unpack(packed)
    except errors.InvalidCursor:
        raise CursorExpired("the cursor has a form of another version") from None


def read_delta(unseal: Unseal, asker: Asker, text: str | None, follow: Follow) -> Steps[Page]:
    """The page after the cursor in *text*, or the first one where there is none.

    Raises InvalidCursor, BadParameter for what is another than the cursor's, and as `read_first`.
    """
    scope = follow.scope()
    if text:
        try:
            cursor = opened_by(unseal, asker, text, follow)
            scope = scope_after(cursor, follow)
            return Page((yield from read_on(cursor, asker, scope, MOST_ENTRIES)), False)
        except CursorExpired:
            pass
    first = yield from read_first(
        asker.id, asker.grant, asker.epoch, scope, scope.limit or MOST_ENTRIES
    )
    return Page(first, True)


def latest_of(given: parameters.Parameters, asker: Asker) -> Steps[Cursor]:
    """The cursor of the present state. Raises BadParameter."""
    scope = follow_of(given).scope()
    first = yield from begin(asker.id, asker.grant, asker.epoch, scope)
    return (yield from latest(first))


def opened_by(unseal: Unseal, asker: Asker, text: str, follow: Follow) -> Cursor:
    """The cursor in *text*, if *asker* may go on with it like that.

    Raises as `opened`, and BadParameter.
    """
    cursor = opened(unseal, text)
    _check(cursor, asker, follow)
    return cursor


def scope_after(cursor: Cursor, follow: Follow) -> Scope:
    """The scope in which *cursor* is gone on with."""
    return replace(
        cursor.scope,
        path=cursor.scope.path if follow.prefix is None else follow.prefix,
        limit=follow.limit or cursor.scope.limit,
    )


def read_on(
    cursor: Cursor, asker: Asker, scope: Scope, most: int, looks: int = MOST_LOOKS
) -> Steps[ViewPage]:
    """The page after *cursor*, which is within *scope*: of *most* entries, or as many as the scope
    says if that is less. Raises CursorExpired."""
    if cursor.epoch != asker.epoch:
        raise CursorExpired("the cursor is from before the server was restored")
    cursor = yield from _narrowed(cursor, asker.home, scope)
    return (yield from read_page(cursor, min(scope.limit or most, most), asker.home, looks))


def entries_of(view: ViewPage, asker: Asker) -> Steps[list[tuple[str, Metadata | None]]]:
    """What *asker* is told of a page."""
    read_only = yield from find_read_only_among(asker, view.entries)
    return [
        (f"/{told.path}", None if told.item is None else metadata_of(told, asker.home, read_only))
        for told in view.entries
    ]


def _check(cursor: Cursor, asker: Asker, follow: Follow) -> None:
    """Raise an error unless *asker* may go on with *cursor* like that."""
    if cursor.user != asker.id:
        raise ForeignCursor("user")
    if cursor.grant != asker.grant:
        raise ForeignCursor("app")
    if follow.media not in (None, cursor.scope.media):
        raise BadParameter("include_media_info", "the cursor was made with another one")
    if follow.prefix is not None and not _is_within(follow.prefix, cursor.scope.path):
        raise BadParameter("path_prefix", "the cursor is for another one")


def _is_within(path: str, folder: str) -> bool:
    return folder in ("", path) or path.startswith(folder + "/")


def _narrowed(cursor: Cursor, home: int, scope: Scope) -> Steps[Cursor]:
    """*cursor* for *scope*, which is within its own.

    Raises CursorExpired where it cannot be said what its reader was told of the place: by what
    the home has at the top of it now, something else may have been there.
    """
    if scope.path == cursor.scope.path or not cursor.scope.is_whole:
        return replace(cursor, scope=scope)
    row: JournalRow | None = yield JournalAt(home, scope.path.partition("/")[0])
    mount = None if row is None or row.item is None else row.mount
    reached = {each.namespace: each for each in cursor.mounts}
    is_new = row is not None and row.number > cursor.base.number
    if (is_new and reached) or (mount is not None and mount not in reached):
        raise CursorExpired("what is at the top of the prefix is new to the reader")
    base = cursor.base if mount is None else reached[mount]
    return replace(cursor, scope=scope, base=base, mounts=())
