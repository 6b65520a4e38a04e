"""Cursors of version 2 as the front meets them: each is given, polled with and gone on with."""

from __future__ import annotations

from wakeful.access import Access
from wakeful.core.cursors import Cursor
from wakeful.core.errors import CursorExpired
from wakeful.dialects.dropbox import cursors
from wakeful.http.recent import Recent

_LONGEST = 256
"""Characters of a cursor that is remembered: some 40 mounts, which take 7 KB. One of a thousand
takes 150 KB, and there may be thousands of them."""


class Cursors:
    """Seals and opens the cursors of a server, and remembers the latest of usual length: what a
    text says stays the same for good."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._recent: Recent[str, Cursor] = Recent()

    def sealed(self, cursor: Cursor) -> str:
        """As `cursors.sealed`."""
        text = cursors.sealed(self._access.seal, cursor)
        self._remember(text, cursor)
        return text

    def opened(self, text: str, function: str, epoch: int) -> Cursor:
        """As `cursors.opened`."""
        cursor = self._recent.get(text)
        if cursor is None:
            cursor = cursors.opened(self._access.unseal, text, function, epoch)
            self._remember(text, cursor)
        elif cursor.epoch != epoch:
            raise CursorExpired("the cursor is from before the server was restored")
        return cursor

    def _remember(self, text: str, cursor: Cursor) -> None:
        if len(text) <= _LONGEST:
            self._recent.set(text, cursor)
