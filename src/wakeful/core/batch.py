"""What the tree rules share while they work on one batch: who, when, and what was told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from wakeful.core.census import Census
from wakeful.core.changes import Facts
from wakeful.core.errors import InvalidName, NameTaken
from wakeful.core.events import Entry, Event, ItemEvent, Person
from wakeful.core.finding import Finder, Lineage
from wakeful.core.items import Item, JournalRow, Kind, Seen, fresh_item
from wakeful.core.journal import fold, free_key, join, place_of, spelling
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.lookups.trees import ItemById
from wakeful.core.names import DEEPEST
from wakeful.core.people import User
from wakeful.core.terms import FREELY, Terms
from wakeful.core.writes import JournalPut, Steps


class Batch:
    """All changes of one command, by one actor at one time.

    *now* is the time of the commit (ms); *event_ids* gives 40 hex digits each. `results[i]`
    is the item of change i; `baseline_ids` are those that baselines made; `entries` are the
    events with their audiences, in order.
    """

    def __init__(
        self, actor: User, now: int, event_ids: Iterator[str], terms: Terms = FREELY
    ) -> None:
        self.actor = actor
        self.now = now
        self.event_ids = event_ids
        self.census = Census(actor, terms)
        self.results: list[Item | None] = []
        self.baseline_ids: list[int] = []
        self.finder = Finder(self.census, self.results)
        self.entries: list[Entry] = []

    def at(self, at: int | None) -> int:
        return self.now if at is None else at

    def acting(self) -> Steps[Person | None]:
        """Who acted in the actor's name, as events remember them."""
        action_by = self.census.terms.action_by
        return None if action_by is None else (yield from self.census.person(action_by))

    def new_item(
        self, id: int, parent: Item, kind: Kind, name: str, at: int, seen: Seen | None
    ) -> Item:
        item = fresh_item(id, parent.namespace, parent.id, kind, name, at, self.actor.id)
        return replace(item, seen=seen) if seen is not None else item

    def placed(self, above: Lineage, item: Item, *, is_copied: bool = False) -> Steps[Item]:
        """Give *item* its key in a folder and its journal row. The caller puts the item.

        *is_copied*: with the folder that it is in, where two names may differ only by case.
        """
        if len(above) > DEEPEST:
            raise InvalidName(f"a path has at most {DEEPEST} names", field="path")
        folder = place_of(above)
        if self.census.terms.folds and not is_copied:
            yield from self.check_case(item.namespace, folder, item.name, item)
        key = yield from free_key(item.namespace, folder, item.name, item=item.id)
        spelled = spelling(item.name, key)
        yield JournalPut(item.namespace, join(folder, key), item.id, spelling=spelled)
        return replace(item, key=key)

    def check_case(self, namespace: int, folder: str, name: str, item: Item) -> Steps[None]:
        """Raise NameTaken if *name* is taken by another item for whoever does not tell cases
        apart, and the terms say so."""
        if not self.census.terms.folds:
            return
        row: JournalRow | None = yield JournalAt(namespace, join(folder, fold(name)))
        if row is not None and row.item not in (None, item.id):
            taken: Item = yield ItemById(row.item)
            raise NameTaken(f"{name!r} is there already", item=taken, wanted=item.kind)

    def tell_item(
        self,
        type: ItemEvent,
        item: Item,
        above: Lineage,
        at: int,
        correlation: str | None = None,
        before: Lineage = (),
    ) -> Steps[None]:
        """Tell of a change of *item*, which is below *above* now. *before*: where it was, or
        what it was copied from."""
        census = self.census
        event = Event(
            id=next(self.event_ids),
            type=type,
            created_at=at,
            recorded_at=self.now,
            enterprise=self.actor.enterprise,
            actor=census.people[self.actor.id],
            source=(yield from census.snapshot(item, above)),
            namespace=item.namespace,
            correlation=correlation,
            whence=(yield from census.whence(before)) if before else None,
            action_by=None if census.terms.action_by is None else (yield from self.acting()),
            ip=census.terms.ip,
        )
        # The folder that the change happened in decides who may know: of a move across
        # namespaces the old audience learns of the trash, the new one of the arrival.
        self.entries.append(Entry(event, (yield from census.audience(item.namespace))))


def with_facts(item: Item, facts: Facts, at: int, **others: Any) -> Item:
    """*item* with content of which *facts* are known, and *others* of its fields."""
    return replace(
        item,
        **others,
        size=facts.size,
        sha1=facts.sha1,
        content_hash=facts.content_hash,
        content=facts.content,
        content_created_at=(
            facts.content_created_at
            if facts.content_created_at is not None
            else (item.content_created_at if others.get("revision", item.revision) else at)
        ),
        content_modified_at=facts.content_modified_at
        if facts.content_modified_at is not None
        else at,
    )
