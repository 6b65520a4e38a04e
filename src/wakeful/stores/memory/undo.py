"""What takes back a command that fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Undo:
    """How to take back what the command at work has changed so far.

    Every change of a table goes through here; the values in the tables are
    immutable, so that the old one can be put back.
    """

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Set `table[key]`."""
        if key in table:
            self._steps.append(partial(table.__setitem__, key, table[key]))
        else:
            self._steps.append(partial(table.__delitem__, key))
        table[key] = value

    def drop(self, table: dict[K, V], key: K) -> None:
        """Remove `table[key]`, where it is there."""
        if key in table:
            self._steps.append(partial(table.__setitem__, key, table.pop(key)))

    def append(self, table: list[V], value: V) -> None:
        """Add *value* at the end of *table*."""
        self._steps.append(table.pop)
        table.append(value)

    def note(self, step: Callable[[], object]) -> None:
        """Remember that *step* takes back what is being done now."""
        self._steps.append(step)

    def take_back(self) -> None:
        """Undo everything since the last `forget`."""
        while self._steps:
            self._steps.pop()()

    def forget(self) -> None:
        """What was done stays."""
        self._steps.clear()
