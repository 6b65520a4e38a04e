"""Contents that no item names any more go, without anybody who uploads noticing.

Rule 1: what is named is asked of the store, by an index, a few addresses at a time. Nothing is
counted, so that no count can be wrong after a crash: what is on the shelf and not in the store is
looked for, at the start and then every few minutes.

Rule 2: who brings a content keeps it from being removed until its commit is done (`core.contents`).
What they leave is looked at at once: an upload that was refused leaves nothing.

Rule 3: drafts that are too old to be used go too.

Rule 4: what cannot be asked or removed now is found again in the next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from wakeful.core.contents import Shelf
from wakeful.core.drafts import LIFETIME_MS, Drafts
from wakeful.core.errors import Unavailable
from wakeful.core.lookups.trees import NamedContents
from wakeful.core.ports import Store

EVERY_SECONDS = 300.0
"""From the end of one round to the next."""

STEP = 250
"""Addresses asked for at a time: some milliseconds of a reader."""

_SOON_SECONDS = 1.0  # between two looks at what was released
_PAUSE_SECONDS = 0.02

log = structlog.get_logger()


class Observer(Protocol):
    """Told of what is worth counting."""

    def contents_removed(self, count: int) -> None: ...


class Collection:
    """Removes contents from *shelf*, and old *drafts*, for as long as it is entered."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        drafts: Drafts,
        observer: Observer,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._drafts = drafts
        self._observer = observer
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Collection:
        self._task = asyncio.create_task(self._run(), name="collection")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._try(self.round)
            until = loop.time() + EVERY_SECONDS
            while loop.time() < until:
                await asyncio.sleep(_SOON_SECONDS)
                await self._try(self.look)

    async def _try(self, work: Callable[[], Awaitable[int]]) -> None:
        try:
            removed = await work()
        except Unavailable as error:
            log.warning("contents not collected", error=str(error))
        except Exception:
            log.exception("collecting contents failed")
        else:
            if removed:
                log.info("contents removed", count=removed)

    async def round(self) -> int:
        """Remove all that no item names; how many contents went."""
        removed = 0
        for draft in self._drafts.begun_before(self._clock() - LIFETIME_MS):
            await self._drafts.drop(draft)
        last = ""
        while addresses := await self._shelf.after(last, STEP):
            removed += await self._remove_unnamed(addresses)
            last = addresses[-1]
            await asyncio.sleep(_PAUSE_SECONDS)
        return removed

    async def look(self) -> int:
        """The same, of what was released since the last look."""
        released = self._shelf.released()
        removed = 0
        for start in range(0, len(released), STEP):
            removed += await self._remove_unnamed(released[start : start + STEP])
        return removed

    async def _remove_unnamed(self, addresses: tuple[str, ...]) -> int:
        # Condemned before the store is asked: whoever brings one of them after its answer
        # pardons it.
        condemned = self._shelf.condemn(addresses)
        named = await self._store.ask(NamedContents(condemned))
        unnamed = tuple(address for address in condemned if address not in named)
        removed = await self._shelf.remove(unnamed) if unnamed else 0
        if removed:
            self._observer.contents_removed(removed)
        return removed
