"""Cursors on the wire: sealed, and opened for nobody but their reader."""

from __future__ import annotations

from collections.abc import Callable

from wakeful.core import errors
from wakeful.core.cursors import Cursor, pack, unpack
from wakeful.core.errors import CursorExpired
from wakeful.dialects.dropbox.errors import InvalidCursor

PURPOSE = b"cursor"

Seal = Callable[[bytes, bytes], str]
Unseal = Callable[[bytes, str], bytes | None]


def sealed(seal: Seal, cursor: Cursor) -> str:
    """The opaque text of *cursor*."""
    return seal(PURPOSE, pack(cursor))


def opened(unseal: Unseal, text: str, function: str, epoch: int) -> Cursor:
    """The cursor in *text*. Raises InvalidCursor for a text that this server never gave, and
    CursorExpired for a cursor from before it was restored."""
    packed = unseal(PURPOSE, text)
    if packed is None:
        raise InvalidCursor(function, text)
    try:
        cursor = unpack(packed)
    except errors.InvalidCursor:
        raise InvalidCursor(function, text) from None
    if cursor.epoch != epoch:
        raise CursorExpired("the cursor is from before the server was restored")
    return cursor
