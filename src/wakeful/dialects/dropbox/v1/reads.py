"""What version 1 reads of single paths and of who asks: rules that look things up."""

from __future__ import annotations

from wakeful.core.cursors import Scope
from wakeful.core.errors import CursorExpired, Unavailable
from wakeful.core.people import User
from wakeful.core.view import Told, read_first, read_page
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.arguments import MOST_ENTRIES
from wakeful.dialects.dropbox.v1.errors import TooManyEntries


def read_contents(
    user: User, epoch: int, path: str, most: int, *, deleted: bool
) -> Steps[list[Told]]:
    """What is directly in the folder at *path* (journal keys), in the order of the paths; with
    *deleted* what was there, too. Raises TooManyEntries where that is more than *most*, and
    Unavailable while it changes too fast."""
    scope = Scope(path, recursive=False, deleted=deleted)
    page = yield from read_first(user.id, 0, epoch, scope, MOST_ENTRIES)
    found: dict[str, Told] = {}
    while True:
        for told in page.entries:
            if told.item is None and not deleted:
                found.pop(told.path, None)  # gone since the page before
            else:
                found[told.path] = told
        if len(found) > most:
            raise TooManyEntries(f"The folder has more than {most} entries")
        if not page.has_more:
            return [found[each] for each in sorted(found)]
        try:
            page = yield from read_page(page.cursor, MOST_ENTRIES)
        except CursorExpired:
            raise Unavailable("the folder is being changed") from None
