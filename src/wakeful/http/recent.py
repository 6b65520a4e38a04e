"""A small memory that forgets what was set longest ago."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

REMEMBERED = 4096  # some 200 bytes each

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values last set, up to a number of them. What falls out is forgotten."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        # Not a dict: to find its oldest entry, each removal would step over all removed before.
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def set(self, key: K, value: V) -> None:
        values = self._values
        values[key] = value
        values.move_to_end(key)
        if len(values) > self._most:
            values.popitem(last=False)
