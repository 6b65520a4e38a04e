"""What a cursor says, and its packed form.

Rule 1: a cursor says whose view it is of, under which grant, in which scope, and up to which
number each journal of that view was told. Nothing is kept for it anywhere: it is good for as
often and as long as its journals know what came after it.

Rule 2: numbers mean nothing outside of their epoch.

Rule 3: it stays short, some five bytes for each mounted namespace: clients carry it in URLs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from wakeful.core.errors import InvalidCursor

_VERSION = 1
_RECURSIVE, _MOUNTED, _DELETED, _MEDIA, _LIMITED = 1, 2, 4, 8, 16


class Scope(msgspec.Struct, frozen=True):
    """Which part of a view is read.

    `path` is that of a folder in the view, in journal keys joined by "/"; empty: all of it.
    `mounted`: whether mounted namespaces are part of it. `deleted`: whether a first listing
    shows tombstones. `media` is the flag of a dialect, kept for it; `limit` is how many entries a
    page was asked to have, 0 where that was not said.
    """

    path: str = ""
    recursive: bool = True
    mounted: bool = True
    deleted: bool = False
    media: bool = False
    limit: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether what is in mounted namespaces belongs to it beside the home."""
        return not self.path and self.recursive and self.mounted


class Reached(NamedTuple):
    """How far a journal was told.

    While a first listing is under way, `since` is the number at which it began, 1 at least:
    tombstones up to it are of no interest. It means nothing once `number` has come so far.
    """

    namespace: int
    number: int = 0
    since: int = 0

    @property
    def has_begun(self) -> bool:
        """Whether anything was told yet, if only that there is nothing."""
        return bool(self.number or self.since)


class Cursor(msgspec.Struct, frozen=True):
    """A place in a view.

    `base` is the journal that the scope lies in; `mounts` are those of the namespaces that
    were told to be mounted, by id, where the scope is the whole view.
    """

    user: int
    grant: int
    epoch: int
    scope: Scope
    base: Reached
    mounts: tuple[Reached, ...] = ()


def pack(cursor: Cursor) -> bytes:
    """The packed form of *cursor*."""
    scope = cursor.scope
    path = scope.path.encode()
    flags = (
        _RECURSIVE * scope.recursive
        + _MOUNTED * scope.mounted
        + _DELETED * scope.deleted
        + _MEDIA * scope.media
        + _LIMITED * bool(scope.limit)
    )
    packed = bytearray((_VERSION, flags))
    for number in (cursor.user, cursor.grant, cursor.epoch, len(path)):
        _put(packed, number)
    packed += path
    if scope.limit:
        _put(packed, scope.limit)
    before = 0
    for reached in (cursor.base, *sorted(cursor.mounts)):
        _put(packed, reached.namespace - before)
        ahead = max(0, reached.since - reached.number)
        _put(packed, reached.number << 1 | bool(ahead))
        if ahead:
            _put(packed, ahead)
        before = 0 if reached is cursor.base else reached.namespace
    return bytes(packed)


def unpack(packed: bytes) -> Cursor:
    """The cursor in *packed*; raises InvalidCursor for a form that is not ours."""
    if packed[:1] != bytes((_VERSION,)):
        raise InvalidCursor("a cursor of another version", field="cursor")
    try:
        return _unpack(packed)
    except (IndexError, UnicodeDecodeError):
        raise InvalidCursor("no such cursor", field="cursor") from None


def _unpack(packed: bytes) -> Cursor:
    flags = packed[1]
    numbers = _Numbers(packed, 2)
    user, grant, epoch, size = (next(numbers) for _ in range(4))
    path = packed[numbers.at : numbers.at + size].decode()
    numbers.at += size
    limit = next(numbers) if flags & _LIMITED else 0
    base = _reached(numbers, 0)
    mounts = []
    before = 0
    while numbers.at < len(packed):
        mounts.append(_reached(numbers, before))
        before = mounts[-1].namespace
    scope = Scope(
        path=path,
        recursive=bool(flags & _RECURSIVE),
        mounted=bool(flags & _MOUNTED),
        deleted=bool(flags & _DELETED),
        media=bool(flags & _MEDIA),
        limit=limit,
    )
    return Cursor(user, grant, epoch, scope, base, tuple(mounts))


def _reached(numbers: _Numbers, before: int) -> Reached:
    namespace = before + next(numbers)
    number, is_listing = divmod(next(numbers), 2)
    return Reached(namespace, number, number + next(numbers) if is_listing else 0)


def _put(packed: bytearray, number: int) -> None:
    """Append a number in groups of seven bits, the lowest first (LEB128)."""
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)


class _Numbers(Iterator[int]):
    """Reads numbers that `_put` wrote; raises IndexError at the end."""

    def __init__(self, packed: bytes, at: int) -> None:
        self._packed = packed
        self.at = at

    def __next__(self) -> int:
        number = shift = 0
        while True:
            byte = self._packed[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
