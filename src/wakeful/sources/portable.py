"""Notices of other systems, by watchfiles: they say of which paths something changed, no more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from watchfiles import awatch

from wakeful.sources.notices import Notice, Sign, Trouble


class PortableWatcher:
    """Watches the whole tree at once; every notice is 'look at this path again'."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._paths: deque[str] = deque()
        self._failed = False
        self._wake: Callable[[], None] = lambda: None

    def open(self, root: str, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._task = asyncio.create_task(self._follow(root), name="watchfiles")

    def add(self, path: str) -> None:
        return None

    def remove(self, wd: int) -> None:
        pass

    def take(self) -> list[Notice | tuple[Trouble, int]]:
        if self._failed:
            # Without the task nothing is noticed any more: the source starts over.
            return [(Trouble.ROOT, 0)]
        count = min(len(self._paths), 500)
        return [Notice(Sign.CHANGED, None, self._paths.popleft()) for _ in range(count)]

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _follow(self, root: str) -> None:
        try:
            # Short times: what is held back, and for how long, is the source's decision.
            async for changes in awatch(root, debounce=20, step=5, recursive=True):
                for _, path in changes:
                    self._paths.append(path.removeprefix(root).strip("/") or ".")
                self._wake()
        finally:
            self._failed = True
            self._wake()
