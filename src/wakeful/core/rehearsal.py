"""What a batch of changes would do, found out without doing it.

A disk has to act before the commit that tells of it, and has to be told exactly what. The only
judge of that are the rules of the tree. So they carry out the whole batch, in a transaction that is
taken back: what would be refused is refused here, and nothing is decided twice.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from msgspec.structs import replace

from wakeful.core.batch import Batch
from wakeful.core.changes import (
    Change,
    Copy,
    CreateFolder,
    Delete,
    Move,
    NewVersion,
    Restore,
    Trash,
    Upload,
)
from wakeful.core.errors import WakefulError
from wakeful.core.finding import Lineage
from wakeful.core.items import Item
from wakeful.core.lookups import NewIds
from wakeful.core.publish import begin_batch
from wakeful.core.subtrees import all_below
from wakeful.core.terms import Terms
from wakeful.core.tree import TreeRules
from wakeful.core.writes import Command, Steps

Below = tuple[tuple[Item, tuple[str, ...]], ...]
"""An item and all in it, parents first, each with the names that lead to it from there."""


class Act(msgspec.Struct, frozen=True):
    """One change, as it was rehearsed.

    `before` is the item with all above it before the change (of a Copy what is copied), empty
    where it is new; `after` the same afterwards, empty where it is gone for good. The last `made`
    folders above are new, too. `below` is all that is copied, moved to another namespace, or
    restored where it never was seen on a disk.
    Ids of what is new are not those that it will have.
    """

    change: Change
    before: Lineage
    after: Lineage
    made: int = 0
    below: Below = ()

    @property
    def namespaces(self) -> frozenset[int]:
        """Those that it concerns."""
        return frozenset(each[-1].namespace for each in (self.before, self.after) if each)

    @property
    def moves(self) -> bool:
        """Whether a place is another than before."""
        return _place(self.before) != _place(self.after)


class Rehearsed(Exception):
    """A batch came to its end, and is taken back."""

    def __init__(self, acts: tuple[Act, ...]) -> None:
        super().__init__("rehearsed")
        self.acts = acts


_OF_ITEM = (Copy, Delete, Move, NewVersion, Restore, Trash)


def rehearse(actor: int, changes: tuple[Change, ...], terms: Terms) -> Command[None]:
    """The command that raises Rehearsed, or what *changes* would be refused with.

    What is below is told only where one of the namespaces is that of a watched folder.
    """
    seed = secrets.token_bytes(16)

    def steps(now: int) -> Steps[None]:
        batch = yield from begin_batch(actor, now, seed, terms)
        rules = TreeRules(batch)
        acts: list[Act] = []
        for change in changes:
            first: int = yield NewIds()
            before = yield from _before(batch, change)
            item = yield from rules.apply_one(change)
            batch.census.forget_lineages()
            acts.append((yield from _act(batch, change, before, item, first)))
        raise Rehearsed(tuple(acts))

    return steps


def _before(batch: Batch, change: Change) -> Steps[Lineage]:
    if not isinstance(change, _OF_ITEM):
        return ()
    batch.census.forget_lineages()
    try:
        return (yield from batch.finder.found(change.item))
    except WakefulError:
        return ()  # which the rule says better


def _act(
    batch: Batch, change: Change, before: Lineage, item: Item | None, first: int
) -> Steps[Act]:
    if item is None or not isinstance(change, (*_OF_ITEM, CreateFolder, Upload)):
        return Act(change, before, ())
    after: Lineage = yield from batch.census.lineage(item.id)
    made = 0
    if isinstance(change, CreateFolder | Upload):
        made = sum(folder.id > first for folder in after[:-1]) if change.parents else 0
        before = after if item.id < first else ()
    below: Any = ()
    moves_away = isinstance(change, Move) and item.namespace != before[-1].namespace
    comes_back = isinstance(change, Restore) and item.seen is None
    if moves_away or comes_back or isinstance(change, Copy):
        act = Act(change, before, after)
        if act.namespaces & batch.census.terms.watched:
            tree = yield from all_below(before[-1] if isinstance(change, Copy) else item)
            # As it was before, of which only the namespace changed.
            whence = before[-1].namespace
            below = tuple((replace(each, namespace=whence), names) for each, names in tree[1:])
            below = ((before[-1], ()), *below)
    return Act(change, before, after, made, below)


def _place(lineage: Lineage) -> tuple[int, tuple[str, ...]] | None:
    if not lineage:
        return None
    return lineage[0].id, tuple(item.name for item in lineage[1:])
