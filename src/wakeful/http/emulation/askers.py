"""Whose request it is, as far as that can be told."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from wakeful.access import Access
from wakeful.core.accounts import digest_of
from wakeful.core.cursors import Cursor
from wakeful.core.errors import WakefulError
from wakeful.dialects.dropbox import cursors
from wakeful.dialects.dropbox.v1 import deltas

_MOST_REMEMBERED = 10_000
_MOST_DIGITS = 18

K = TypeVar("K")


class _GivenCursor(msgspec.Struct):
    cursor: str


class Askers:
    """Tells the user of a request. One who acts for another counts as that other: it is theirs
    that is read."""

    def __init__(self, access: Access) -> None:
        self._access = access
        # A token that has expired is still somebody's, and so is a channel of theirs.
        self._by_token: OrderedDict[bytes, int] = OrderedDict()
        self._by_grant: OrderedDict[int, int] = OrderedDict()

    async def of_request(self, headers: Mapping[bytes, bytes]) -> int | None:
        """The user of a request with a token; None where it has none that is known."""
        token = _token(headers)
        if token is None:
            return None
        digest = digest_of(token)
        try:
            identity = await self._access.identify(token)
        except WakefulError:
            return self._by_token.get(digest)
        _remember(self._by_token, digest, identity.user)
        _remember(self._by_grant, identity.grant, identity.user)
        other = headers.get(b"as-user", b"")
        is_user = other.isdigit() and len(other) <= _MOST_DIGITS
        return int(other) if identity.is_admin and is_user else identity.user

    def of_channel(self, text: str, headers: Mapping[bytes, bytes]) -> int | None:
        """The user of a poll of Box."""
        try:
            channel = self._access.open_channel(text)
        except WakefulError:
            token = _token(headers)
            return None if token is None else self._by_token.get(digest_of(token))
        if not channel.is_enterprise:
            return channel.stream
        return self._by_grant.get(channel.grant)

    def of_cursor(self, text: str, epoch: int) -> int | None:
        """The user of a poll of Dropbox."""
        cursor: Cursor
        try:
            cursor = cursors.opened(self._access.unseal, text, "", epoch)
        except WakefulError:
            try:
                cursor = deltas.opened(self._access.unseal, text)
            except WakefulError:
                return None
        return cursor.user


def cursor_in(body: bytes) -> str:
    """The cursor in the argument of a call, empty where there is none."""
    try:
        return msgspec.json.decode(body, type=_GivenCursor).cursor
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _token(headers: Mapping[bytes, bytes]) -> str | None:
    words = headers.get(b"authorization", b"").decode("latin-1").split()
    return words[-1] if words else None


def _remember(table: OrderedDict[K, int], key: K, user: int) -> None:
    table[key] = user
    while len(table) > _MOST_REMEMBERED:
        table.popitem(last=False)
