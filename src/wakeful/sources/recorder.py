"""Having changes recorded: in a rhythm that leaves the disk to others, and until it succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from wakeful.core.changes import Applied, Change
from wakeful.core.errors import Unavailable
from wakeful.sources.ledger import Ledger

COMMIT_SPACING = 0.005
"""Seconds between commits under load: many tiny ones would slow down whoever writes the files."""

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 5.0

log = structlog.get_logger()


class Recorder:
    """Hands changes to *ledger*. *waiting* is called with True when they cannot be recorded
    at present, and with False when they can again."""

    def __init__(self, ledger: Ledger, waiting: Callable[[bool], None]) -> None:
        self._ledger = ledger
        self._waiting = waiting
        self._last = 0.0

    async def apply(self, changes: tuple[Change, ...]) -> Applied:
        """Record *changes*, however long it takes. Raises what is not `Unavailable`."""
        loop = asyncio.get_running_loop()
        wait = self._last + COMMIT_SPACING - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        delay = 0.0
        while True:
            self._last = loop.time()
            try:
                applied = await self._ledger.apply(changes)
            except Unavailable as error:
                if not delay:
                    log.warning("cannot record changes", reason=str(error))
                    self._waiting(True)
                delay = min(max(delay * 2, _FIRST_DELAY), _LONGEST_DELAY)
                await asyncio.sleep(delay)
                continue
            if delay:
                self._waiting(False)
            return applied
