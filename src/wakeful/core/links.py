"""Shared links: a note on an item that opens it to those who are no members.

Rule 1: an item has one link. Whoever may make links makes it; whoever made it, and who may edit,
changes it and takes it off. It is taken off for good: the next one is another.

Rule 2: a link is worth something until it is taken off, its time is over, or its item is in the
trash; it is there again when the item comes back. A copy has none.

Rule 3: what is changed of a link is told to the enterprise alone; that there is one, and that there
is none any more, to everybody who sees the item.
"""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from wakeful.core.batch import Batch
from wakeful.core.changes import LinkWish
from wakeful.core.errors import Forbidden, InvalidRequest
from wakeful.core.items import Item, Link, LinkAccess, Notes
from wakeful.core.roles import Right
from wakeful.core.writes import Steps


def link_at(notes: Notes, now: int) -> Link | None:
    """The link that is on at the time *now*."""
    link = notes.link
    return None if link is None or (link.until is not None and link.until <= now) else link


def linked(batch: Batch, item: Item, wish: LinkWish) -> Steps[Link]:
    """The link of *item* as it is wished. Raises Forbidden and InvalidRequest."""
    namespace = yield from batch.census.namespace(item.namespace)
    if namespace.is_home and item.id == namespace.root:
        raise Forbidden("a home has no link: share something in it")
    link = link_at(item.notes, batch.now)
    if link is None:
        link = Link(wish.key, wish.url, batch.actor.id, batch.now)
    else:
        yield from check_own(batch, item, link)
    if wish.access is not None:
        link = replace(link, access=wish.access)
    if wish.hashed and link.access is not LinkAccess.OPEN:
        raise InvalidRequest("only an open link has a password", field="shared_link.password")
    if wish.hashed is not None:
        link = replace(link, hashed=wish.hashed)
    if wish.can_download is not None:
        link = replace(link, can_download=wish.can_download)
    if wish.until is not UNSET:
        if wish.until is not None and wish.until <= batch.now:
            raise InvalidRequest("the link would be over", field="shared_link.unshared_at")
        link = replace(link, until=wish.until)
    return link


def check_own(batch: Batch, item: Item, link: Link) -> Steps[None]:
    """Raise Forbidden unless the actor may change *link*, which is on *item*."""
    if link.by != batch.actor.id:
        yield from batch.census.check_right(item.namespace, Right.EDIT)
