"""Rendered events, kept for as long as they are likely to be read again.

Many members read the same newest events: each is decoded and rendered once, and a page is
a join of bytes. What is read far from the head of a stream is not put here: it would only push
out what is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from wakeful.core.events import Event, StoredEvent, decode

MOST_BYTES = 8 * 1024 * 1024

FAR = 4096
"""Events behind the head."""

# What a dictionary entry, its key and the object around the bytes take beside the bytes.
_OVERHEAD_BYTES = 200


class Rendered:
    """The renderings of one view, by the store's key of the event; the oldest go first."""

    def __init__(self, render: Callable[[Event], bytes], *, most_bytes: int = MOST_BYTES) -> None:
        self._render = render
        self._most = most_bytes
        self._size = 0
        # Not a dict: to find its oldest entry, each removal would step over all removed before.
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Rendered [{len(self._kept)} events, {self._size} bytes]>"

    def all(self, events: Sequence[StoredEvent]) -> list[bytes]:
        """The renderings of *events*."""
        kept = self._kept
        return [kept.get(event.key) or self._add(event) for event in events]

    def _add(self, event: StoredEvent) -> bytes:
        text = self._render(decode(event.body))
        self._size += len(text) + _OVERHEAD_BYTES
        self._kept[event.key] = text
        while self._size > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest) + _OVERHEAD_BYTES
        return text
