"""Events that are no change of an item: who is in them, and whose streams show them.

Rule 1: an event is told in the name of one user. What it is about is something that they may
see; in the name of nobody who is known, something that whoever publishes may see.

Rule 2: an audience that is named is told, and no other user. Where none is named, the event's
circle decides. The enterprise's stream shows every event.

Rule 3: what is shown in the narrower classes says that something about the item has changed, and
clients act on it. So who may not edit tells nobody else of it there.
"""

from __future__ import annotations

from typing import Any

from wakeful.core.batch import Batch
from wakeful.core.census import Census
from wakeful.core.changes import Circle, Tell
from wakeful.core.errors import Forbidden, InvalidRequest
from wakeful.core.events import (
    EVERY_CLASS,
    ONLY_ALL,
    RESERVED_TYPES,
    Described,
    Entry,
    Event,
    Person,
    Source,
    describe,
    encode,
)
from wakeful.core.finding import Finder
from wakeful.core.items import Item
from wakeful.core.lookups.people import UserById
from wakeful.core.people import ANONYMOUS, User
from wakeful.core.roles import RIGHTS, Right
from wakeful.core.writes import Steps

_UNFIT = (OverflowError, RecursionError, TypeError, ValueError)
"""What is raised for that which has no stored form."""


def tell(batch: Batch, change: Tell) -> Steps[Item | None]:
    """The event of *change*, put into *batch*; returns the item that it is about.

    Raises InvalidRequest, NotFound for an item or a user that is not there or not seen, and
    Forbidden for a viewer who tells of a change.
    """
    classes = _checked_classes(change.classes)
    if change.type.startswith(RESERVED_TYPES) or not change.type:
        raise InvalidRequest(f"{change.type!r} is no type of your own", field="type")
    census, finder = batch.census, batch.finder
    actor = change.actor if change.actor is not None else batch.actor.id
    if actor not in (batch.actor.id, ANONYMOUS):
        census, finder = yield from _sight(batch, actor)
    item: Item | None = None
    source: Source = _described(change.source)
    if change.item is not None:
        lineage = yield from finder.seen(change.item)
        item = lineage[-1]
        source = yield from census.snapshot(item, lineage[:-1])
    hearers: tuple[int, ...] = (actor,)
    if (
        item is not None
        or change.audience is not None
        or change.circle is not Circle.MEMBERS
        or actor == ANONYMOUS
    ):
        hearers = yield from _hearers(census, change, actor, item)
    if item is not None and classes != ONLY_ALL and set(hearers) - {census.actor.id}:
        role = yield from census.check_member(item.namespace)
        if Right.EDIT not in RIGHTS[role]:
            raise Forbidden("who changes nothing here tells others of no change")
    streams = dict.fromkeys(hearers, classes)
    streams[batch.actor.enterprise] = ONLY_ALL
    accessible_by: Person | dict[str, object] | None = None
    if isinstance(change.accessible_by, int):
        accessible_by = yield from _user(census, change.accessible_by)
    else:
        accessible_by = change.accessible_by
    action_by = None if batch.census.terms.action_by is None else (yield from batch.acting())
    if change.action_by is not None:
        action_by = yield from _user(census, change.action_by)
    event = Event(
        id=next(batch.event_ids),
        type=change.type,
        created_at=batch.now if change.at is None else change.at,
        recorded_at=batch.now,
        enterprise=batch.actor.enterprise,
        actor=census.people.get(actor) or (yield from census.person(actor)),
        source=source,
        namespace=None if item is None else item.namespace,
        details=_described(change.details),
        session=change.session,
        ip=census.terms.ip if change.ip is None else change.ip,
        action_by=action_by,
        accessible_by=accessible_by,
    )
    try:
        body = encode(event)
    except _UNFIT as error:
        raise _not_kept(error) from None
    batch.entries.append(Entry(event, streams, body))
    return item


def _described(given: dict[str, Any] | None) -> Described | None:
    try:
        return None if given is None else describe(given)
    except _UNFIT as error:
        raise _not_kept(error) from None


def _not_kept(error: Exception) -> InvalidRequest:
    return InvalidRequest(f"the event cannot be kept: {error}", field="source")


def _sight(batch: Batch, actor: int) -> Steps[tuple[Census, Finder]]:
    """What is seen by *actor*, another user than who publishes."""
    yield from batch.census.check_users((actor,))
    user: User = yield UserById(actor)
    # Of its own, and only for this event: what the batch changes later makes it forget nothing.
    census = Census(user)
    return census, Finder(census, batch.results)


def _hearers(census: Census, change: Tell, actor: int, item: Item | None) -> Steps[tuple[int, ...]]:
    """The users whose streams show the event."""
    if change.audience is not None:
        yield from census.check_users(change.audience)
        return change.audience
    if change.circle is Circle.NOBODY:
        return ()
    hearers: tuple[int, ...] = () if actor == ANONYMOUS else (actor,)
    if item is not None and change.circle is Circle.OWNER:
        hearers = ((yield from census.namespace(item.namespace)).owner,)
    elif item is not None:
        hearers = tuple(member.user for member in (yield from census.members(item.namespace)))
    if change.circle is Circle.CONCERNED and isinstance(change.accessible_by, int):
        hearers = (*hearers, change.accessible_by)
    return hearers


def _user(census: Census, id: int) -> Steps[Person]:
    yield from census.check_users((id,))
    return (yield from census.person(id))


def _checked_classes(classes: int) -> int:
    """The mask, in which what is in any class is in the class of all."""
    if classes <= 0 or classes & ~EVERY_CLASS:
        raise InvalidRequest("no such classes of streams", field="classes")
    return classes | ONLY_ALL
