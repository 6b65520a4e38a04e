"""The hidden place of a watched folder, from the first time that it is needed to the end of the
source: its name, what a crash left there, and its trash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import structlog

from wakeful.core.errors import Unavailable, WakefulError
from wakeful.core.lookups import Setting
from wakeful.core.lookups.trees import ItemById
from wakeful.sources.hidden import Hidden, new_mark
from wakeful.sources.holding import InThread
from wakeful.sources.ledger import Ledger

log = structlog.get_logger()


class Drop(Protocol):
    """Removes what has these names in `incoming/`."""

    def __call__(self, *names: str) -> Awaitable[None]: ...


class Upkeep:
    """Of the folder that *top* opens. *source* names it in the log; whoever holds *lock* has it for
    himself; *lasting* tells whether the records outlive the server."""

    def __init__(
        self,
        source: str,
        namespace: int,
        ledger: Ledger,
        top: Callable[[], int],
        in_thread: InThread,
        lock: asyncio.Lock,
        drop: Drop,
        *,
        lasting: bool,
    ) -> None:
        self._source = source
        self._namespace = namespace
        self._ledger = ledger
        self._top = top
        self._in_thread = in_thread
        self._lock = lock
        self._drop = drop
        self._lasting = lasting
        self._setting = f"hidden:{namespace}"
        self._hidden: Hidden | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._has_ended = False
        # Of the ids, the first that the records did not know at the start; None where that cannot
        # be told.
        self._first_unknown: int | None = None
        self._is_told_apart = False  # what they know in the trash from what they never knew of

    async def make(self) -> None:
        """Give the place its name, before it is first needed. Raises Unavailable at the end."""
        if self._has_ended:
            raise Unavailable("The server is going down")
        if self._hidden is None:
            kept = await self._ledger.ask(Setting(self._setting))
            mark = new_mark(lasting=self._lasting).encode() if kept is None else kept
            if kept is None:
                await self._ledger.remember(self._setting, mark)
            if self._hidden is None:  # else somebody else was quicker
                self._hidden = Hidden(self._top, mark.decode())

    def place(self) -> Hidden:
        """The place, which was made."""
        assert self._hidden is not None, "it is made before it is needed"
        return self._hidden

    async def tidy(self) -> None:
        """Remove what a crash left on its way, before the folder is first looked at."""
        try:
            kept = await self._ledger.ask(Setting(self._setting))
            hidden = Hidden(self._top, kept.decode() if kept is not None else "-")
            if kept is None:
                self._is_told_apart = True  # nothing is from before
            else:
                self._hidden = hidden
                self._first_unknown = await self._ledger.next_id()
            await asyncio.to_thread(hidden.clean)
        except (OSError, WakefulError) as error:
            log.warning("the hidden place was not tidied", source=self._source, error=str(error))

    def sweep_soon(self) -> None:
        """Remove what lies in the trash of nobody, after what is under way."""
        if self._hidden is not None and (self._sweeping is None or self._sweeping.done()):
            self._sweeping = asyncio.create_task(self._sweep(), name=f"sweep {self._source}")

    async def end(self) -> None:
        """Nothing is put there any more."""
        self._has_ended = True
        if self._sweeping is not None:
            await asyncio.wait([self._sweeping])
        if self._hidden is not None and not self._lasting:
            await self._sweep()  # what is in no trash does not go with it

    async def close(self) -> None:
        """Let go of the place, when nobody uses it any more."""
        if self._hidden is not None:
            await asyncio.to_thread(self._hidden.close)

    async def _keep_unknown(self, hidden: Hidden, first: int) -> None:
        """Take from the trash what the records never knew of, as where they are an older backup:
        what has an id from *first* on, and is not what has got that id since. Not at the start, for
        the disk may come later."""
        async with self._lock:
            for id in await self._in_thread(hidden.kept):
                if id >= first and not await self._is_recorded(hidden, id):
                    await self._in_thread(partial(hidden.keep, id))

    async def _is_recorded(self, hidden: Hidden, id: int) -> bool:
        item = await self._ledger.ask(ItemById(id))
        if item is None or item.seen is None:
            return False
        return item.seen.inode == await self._in_thread(partial(hidden.inode, id))

    async def _sweep(self) -> None:
        hidden = self.place()
        try:
            if not self._is_told_apart:
                if self._first_unknown is None:
                    return
                await self._keep_unknown(hidden, self._first_unknown)
                self._is_told_apart = True
            for id in await self._in_thread(hidden.kept):
                if await self._is_kept(id):
                    continue
                # Asked again while nobody puts anything there.
                async with self._lock:
                    if not await self._is_kept(id):
                        await self._remove_or_keep(hidden, id)
        except (OSError, WakefulError) as error:
            log.warning("the trash was not swept", source=self._source, error=str(error))

    async def _is_kept(self, id: int) -> bool:
        """Whether what lies under *id* is for its item: that is in the trash, or is still recorded
        as it is here, and will soon be told as gone."""
        item = await self._ledger.ask(ItemById(id))
        if item is None:
            return False
        if item.trashed_at is not None:
            return True
        if self._has_ended or item.namespace != self._namespace:
            return False
        inode = await self._in_thread(partial(self.place().inode, id))
        return item.seen is not None and item.seen.inode == inode

    async def _remove_or_keep(self, hidden: Hidden, id: int) -> None:
        """Remove what was purged, or copied to where its item is now. All else could not be taken
        back once, when others had its place."""
        item = await self._ledger.ask(ItemById(id))
        if item is not None and item.namespace == self._namespace:
            await self._in_thread(partial(hidden.keep, id))
            return
        name = await self._in_thread(partial(hidden.set_aside, id))
        if name is not None:
            await self._drop(name)
