"""Waking: many at once, in slices, so that others get their turn in between."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

SLICE = 200
"""Waiters woken, or streams looked at, before the loop gets its turn again."""

# Places of waiters that stand nowhere: not to be woken by a hint.
NOT_YET = 1 << 62
"""The place of a waiter that is registered, but not yet looked for; and of one that has left."""

_CALLED = NOT_YET + 1  # in the queue of those to be woken

WOKEN = NOT_YET + 2
"""The place of a waiter whose `wake` was called: nowhere any more."""

log = structlog.get_logger()


class Waiter(Protocol):
    """Somebody who waits for a stream to grow past a place.

    `wake` is called on the loop, once, when the feed has forgotten the waiter; it must not
    raise. `since` is when the growth was heard of, by `time.monotonic`. Whoever goes away
    before calls `Feed.leave`, after which no wake comes, and may wait again.
    """

    stream: int
    cls: int  # a StreamClass, as the index into a head
    after: int  # set by the feed: woken by a number greater than this

    def wake(self, since: float) -> None: ...


class Called(Protocol):
    """Somebody who is to be woken."""

    after: int  # set by the queue

    def wake(self, since: float) -> None: ...


class WakeQueue:
    """Waiters that the feed has forgotten, and that are to be woken. *woken* is told of how many
    were, after each slice.

    Whoever leaves before sets `after` to anything else: nothing is searched for it here.
    """

    def __init__(self, woken: Callable[[int], None]) -> None:
        self._woken = woken
        self._queue: deque[tuple[Called, float]] = deque()
        self._waking = False

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, waiters: Iterable[Called]) -> None:
        """Wake *waiters* soon, each once."""
        since = time.monotonic()  # uvloop's own time stands still within a turn
        for waiter in waiters:
            waiter.after = _CALLED
            self._queue.append((waiter, since))
        if not self._waking:
            self._waking = True
            asyncio.get_running_loop().call_soon(self._wake_slice)

    def _wake_slice(self) -> None:
        queue = self._queue
        woken = 0
        for _ in range(min(SLICE, len(queue))):
            waiter, since = queue.popleft()
            if waiter.after != _CALLED:  # it left, and may wait again by now
                continue
            waiter.after = WOKEN
            woken += 1
            try:
                waiter.wake(since)
            except Exception:
                # One that breaks its word must not take all others with it.
                log.exception("a waiter failed")
        self._woken(woken)
        if queue:
            # Through the loop, so that reads and other answers get their turn in between.
            asyncio.get_running_loop().call_soon(self._wake_slice)
        else:
            self._waking = False
