"""What people note on items: descriptions, tags, locks, shared links.

Rule 1: a note is a change of its item like any other: its revision rises, and it is told, under
the names that the change brings for what it turns out to have changed. The journal does not know
of notes, and readers of the state by path are told nothing. Nor does a disk: what is in a watched
folder can be noted on like anything else.

Rule 2: a locked file is changed by whoever locked it and by the owner of the namespace, and by
nobody else until it is unlocked or the lock's time is over. (The owner, for what a source finds on
the disk has happened, whoever locked it.)
"""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.batch import Batch
from wakeful.core.changes import UNLINK, UNLOCK, Annotate, ById, Circle, Noted, Tell
from wakeful.core.errors import InvalidRequest, Locked
from wakeful.core.finding import check_revision
from wakeful.core.items import Item, Lock, Notes
from wakeful.core.links import check_own, link_at, linked
from wakeful.core.lookups import NewIds
from wakeful.core.roles import Right
from wakeful.core.telling import tell
from wakeful.core.writes import PutItems, Steps

LONGEST_DESCRIPTION = 255
"""In characters, as in Box."""

MOST_TAGS = 100
LONGEST_TAG = 255


def annotate(batch: Batch, change: Annotate) -> Steps[Item]:
    """Carry out *change*. Raises InvalidRequest, Outdated, Locked."""
    edits = (change.description, change.tags, change.lock) != (None, None, None)
    right = Right.EDIT if edits or change.link is None else Right.LINK
    item = (yield from batch.finder.noted(change.item, right))[-1]
    check_revision(item, change.only_if)
    if edits:
        yield from check_unlocked(batch, item)
    notes, noted = item.notes, []
    if change.description not in (None, notes.description):
        notes = replace(notes, description=_checked_description(change.description or ""))
        noted.append(Noted.DESCRIBED)
    if change.tags is not None:
        tags = _checked_tags(change.tags)
        if set(tags) - set(notes.tags):
            noted.append(Noted.TAGGED)
        notes = replace(notes, tags=tags)
    if change.lock is UNLOCK:
        if lock_at(notes, batch.now) is not None:
            noted.append(Noted.UNLOCKED)
        notes = replace(notes, lock=None)
    elif change.lock is not None:
        notes = replace(notes, lock=(yield from _new_lock(batch, item, change.lock)))
        noted.append(Noted.LOCKED)
    before = link_at(notes, batch.now)
    if change.link is UNLINK:
        if before is not None:
            yield from check_own(batch, item, before)
            noted.append(Noted.UNLINKED)
        notes = replace(notes, link=None)
    elif change.link is not None:
        link = yield from linked(batch, item, change.link)
        if link != before:
            noted.append(Noted.LINKED if before is None else Noted.RELINKED)
        notes = replace(notes, link=link)
    if notes == item.notes:
        return item
    item = replace(item, revision=item.revision + 1, notes=notes)
    yield PutItems((item,))
    batch.census.forget_lineages()
    for kind in noted:
        type, classes = change.types[kind]
        circle = Circle.NOBODY if kind is Noted.RELINKED else Circle.MEMBERS
        event = Tell(at=change.at, type=type, classes=classes, circle=circle, item=ById(item.id))
        yield from tell(batch, event)
    return item


def check_unlocked(batch: Batch, item: Item) -> Steps[None]:
    """Raise Locked if another user keeps the actor from changing *item*."""
    lock = lock_at(item.notes, batch.now)
    if lock is None or lock.by == batch.actor.id:
        return
    if (yield from batch.census.namespace(item.namespace)).owner != batch.actor.id:
        raise Locked("the file is locked by another user")


def lock_at(notes: Notes, now: int) -> Lock | None:
    """The lock that is on at the time *now*."""
    lock = notes.lock
    return None if lock is None or (lock.until is not None and lock.until <= now) else lock


def copied(notes: Notes) -> Notes:
    """What of *notes* a copy has: neither lock nor link."""
    return replace(notes, lock=None, link=None)


def _new_lock(batch: Batch, item: Item, wish: Lock) -> Steps[Lock]:
    if item.is_folder:
        raise InvalidRequest("a folder cannot be locked", field="lock")
    if wish.until is not None and wish.until <= batch.now:
        raise InvalidRequest("the lock would be over already", field="expires_at")
    fresh: int = yield NewIds()
    return replace(wish, id=fresh, by=batch.actor.id, at=batch.now)


def _checked_description(description: str) -> str:
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidRequest(
            f"a description has at most {LONGEST_DESCRIPTION} characters", field="description"
        )
    return description


def _checked_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    if len(tags) > MOST_TAGS:
        raise InvalidRequest(f"an item has at most {MOST_TAGS} tags", field="tags")
    if any(not 0 < len(tag) <= LONGEST_TAG for tag in tags):
        raise InvalidRequest(f"a tag has 1 to {LONGEST_TAG} characters", field="tags")
    return tuple(dict.fromkeys(tags))
