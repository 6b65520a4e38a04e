"""How much a user's own namespaces may hold.

Rule 1: what lies in a namespace counts for its owner, whoever put it there, in the trash too. The
store counts it in the transaction that changes it (`core.lookups.trees.SpaceOf`).

Rule 2: a change that adds bytes is refused where the owner would hold more than their quota. One
that adds none never is, however much they hold already.

Rule 3: in a watched folder the disk is the limit. What lies there counts for no quota; where it is
told how much somebody has and may have, it is in both numbers, for clients look at what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import NamedTuple

from wakeful.core.census import Census
from wakeful.core.errors import InvalidRequest, QuotaExceeded
from wakeful.core.items import Item
from wakeful.core.lookups.trees import Space, SpaceOf, SubtreeSize
from wakeful.core.people import User
from wakeful.core.writes import Steps

WITHOUT_LIMIT = 1 << 50
"""How much is told that somebody may have who may have anything. Clients divide by it and compare
with it, so it is a number: a pebibyte."""


GREATEST = 2**53 - 1
"""Bytes that a quota can be; clients in JavaScript would round what is more."""


class Usage(NamedTuple):
    """What a user's own namespaces hold and may hold, in bytes, as clients are told."""

    used: int
    allowed: int


def check_quota(quota: int | None) -> int | None:
    """Return *quota* if a user can have it: bytes, 0 without limit, None that of the server. Raises
    InvalidRequest."""
    if quota is not None and not 0 <= quota <= GREATEST:
        raise InvalidRequest(f"a quota is 0 to {GREATEST} bytes", field="quota")
    return quota


def quota_of(user: User, default: int) -> int:
    """How much the own namespaces of *user* may hold, 0 without limit; *default* is how much where
    nothing else was said."""
    return default if user.quota is None else user.quota


def usage(user: User, spaces: Iterable[Space], default: int, watched: Set[int]) -> Usage:
    """What *user* has and may have; *spaces* are those of their own namespaces, if not of others
    too."""
    own = [space for space in spaces if space.owner == user.id]
    used = sum(space.used for space in own)
    quota = quota_of(user, default)
    if not quota:
        return Usage(used, max(WITHOUT_LIMIT, used))
    return Usage(used, quota + sum(space.used for space in own if space.namespace in watched))


def check_room(census: Census, namespace: int, more: int) -> Steps[None]:
    """Raise QuotaExceeded where *more* bytes in *namespace* are more than its owner may hold."""
    if namespace not in census.terms.watched:
        yield from check_room_of(census, (yield from census.owner(namespace)), more)


def check_room_of(census: Census, owner: User, more: int) -> Steps[None]:
    """The same for *more* bytes in any namespace of *owner*, if no watched folder is there."""
    terms = census.terms
    if more <= 0 or terms.quota is None:
        return
    quota = quota_of(owner, terms.quota)
    if not quota:
        return
    spaces: tuple[Space, ...] = yield SpaceOf((owner.id,))
    used = sum(space.used for space in spaces if space.namespace not in terms.watched)
    if used + more > quota:
        raise QuotaExceeded(
            f"{max(0, quota - used)} bytes are left of the {quota} that the owner may have"
        )


def check_room_to_move(census: Census, item: Item, namespace: int) -> Steps[None]:
    """The same where *item* comes into *namespace* from another, with all below it."""
    terms = census.terms
    if terms.quota is None:
        return
    before = yield from census.owner(item.namespace)
    after = yield from census.owner(namespace)
    # What comes out of a watched folder counted for nobody's quota there.
    if before.id != after.id or item.namespace in terms.watched:
        size: int = yield SubtreeSize(item.id)
        yield from check_room(census, namespace, size)
