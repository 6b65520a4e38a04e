"""Events that are no change of an item: who is in them, and whose streams show them.

Rule 1: an event is told in the name of one user. What it is about is something that they may
see; in the name of nobody who is known, something that whoever publishes may see.

Rule 2: an audience that is named is told, and no other user. Where none is named, the event's
circle decides. The enterprise's stream shows every event.

Rule 3: what is shown in the narrower classes says that something about the item has changed, and
clients act on it. So a viewer tells nobody else of it there.
"""

from __future__ import annotations

from wakeful.core.batch import Batch
from wakeful.core.census import Census
from wakeful.core.changes import Circle, Tell
from wakeful.core.errors import Forbidden, InvalidRequest
from wakeful.core.events import (
    EVERY_CLASS,
    ONLY_ALL,
    RESERVED_TYPES,
    Entry,
    Event,
    Person,
    Source,
    encode,
)
from wakeful.core.finding import Finder
from wakeful.core.items import ANONYMOUS, Item, Role, User
from wakeful.core.lookups import UserById
from wakeful.core.writes import Steps


def tell(batch: Batch, change: Tell) -> Steps[Item | None]:
    """The event of *change*, put into *batch*; returns the item that it is about.

    Raises InvalidRequest, NotFound for an item or a user that is not there or not seen, and
    Forbidden for a viewer who tells of a change.
    """
    classes = _checked_classes(change.classes)
    if change.type.startswith(RESERVED_TYPES) or not change.type:
        raise InvalidRequest(f"{change.type!r} is no type of your own", field="type")
    census, finder = yield from _sight(batch, change.actor)
    actor = change.actor if change.actor is not None else batch.actor.id
    item: Item | None = None
    source: Source = change.source
    if change.item is not None:
        lineage = yield from finder.seen(change.item)
        item = lineage[-1]
        source = yield from census.snapshot(item, lineage[:-1])
    hearers = yield from _hearers(census, change, actor, item)
    if item is not None and classes != ONLY_ALL and set(hearers) - {census.actor.id}:
        role = yield from census.check_member(item.namespace)
        if role is Role.VIEWER:
            raise Forbidden("a viewer tells others of no change")
    streams = dict.fromkeys(hearers, classes)
    streams[batch.actor.enterprise] = ONLY_ALL
    accessible_by: Person | dict[str, object] | None = None
    if isinstance(change.accessible_by, int):
        accessible_by = yield from _user(census, change.accessible_by)
    else:
        accessible_by = change.accessible_by
    action_by = yield from batch.acting()
    if change.action_by is not None:
        action_by = yield from _user(census, change.action_by)
    event = Event(
        id=next(batch.event_ids),
        type=change.type,
        created_at=batch.at(change.at),
        recorded_at=batch.now,
        enterprise=batch.actor.enterprise,
        actor=(yield from census.person(actor)),
        source=source,
        namespace=None if item is None else item.namespace,
        details=change.details,
        session=change.session,
        ip=census.terms.ip if change.ip is None else change.ip,
        action_by=action_by,
        accessible_by=accessible_by,
    )
    try:
        encode(event)
    except (OverflowError, RecursionError, TypeError, ValueError) as error:
        raise InvalidRequest(f"the event cannot be kept: {error}", field="source") from None
    batch.entries.append(Entry(event, streams))
    return item


def _sight(batch: Batch, actor: int | None) -> Steps[tuple[Census, Finder]]:
    """What is seen by *actor*."""
    if actor in (None, ANONYMOUS, batch.actor.id):
        return batch.census, batch.finder
    assert actor is not None
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
