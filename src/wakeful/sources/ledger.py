"""What a source needs of the rest: a place that records changes and answers look-ups."""

from __future__ import annotations

from typing import Protocol, TypeVar

from wakeful.core.changes import Applied, Change
from wakeful.core.lookups import Lookup, NewIds
from wakeful.core.writes import Steps

T = TypeVar("T")


class Ledger(Protocol):
    """The recorded tree of one namespace, written in the name of its owner.

    `apply` and `remember` return after what they did is durable, and raise what `core`
    raises: `Unavailable` is tried again, any other error makes the source read the
    recorded tree anew and compare it with the disk.
    """

    async def apply(self, changes: tuple[Change, ...]) -> Applied:
        """Carry out *changes* in their order, all or none."""
        ...

    async def ask(self, lookup: Lookup[T]) -> T: ...

    async def remember(self, name: str, value: bytes) -> None:
        """Keep a small value, found again by the look-up `Setting(name)`."""
        ...

    async def next_id(self) -> int:
        """An id that is greater than all that were ever given to an item."""
        ...


def fresh_id(now: int) -> Steps[int]:
    """The command that answers `Ledger.next_id`."""
    id: int = yield NewIds()
    return id
