"""What has been in the trash for long enough goes for good.

Rule 1: it goes as if its owner had purged it: the same change, carried out by whatever carries out
what clients do. So a purge is nothing that anybody has to know of twice, and tells nothing, as in
Box.

Rule 2: a folder goes by itself, however much is in it; files of one namespace go together. Each
time is a transaction of its own.

Rule 3: what cannot go now stays, and does not keep others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import groupby

import structlog

from wakeful.core.changes import ById, Change, Delete
from wakeful.core.errors import StoreFailed, StoreFull, WakefulError
from wakeful.core.items import Item
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.lookups.trees import TrashedBefore
from wakeful.core.people import Namespace
from wakeful.core.ports import Store

Act = Callable[[int, tuple[Change, ...]], Awaitable[object]]
"""Carries out changes in the name of a user, all or none."""

log = structlog.get_logger()


class Emptying:
    """Purges what is old from the trash of *store*, by *act*."""

    def __init__(self, store: Store, act: Act) -> None:
        self._store = store
        self._act = act
        self._after = (0, 0)  # the last that was looked at, by when it was trashed and its id

    def __repr__(self) -> str:
        return f"<Emptying after {self._after}>"

    async def purge(self, before: int, limit: int) -> int:
        """Purge what went into the trash before *before* (ms), *limit* items at most; how many were
        looked at, fewer than *limit* at the end. Raises StoreFull and StoreFailed."""
        found = await self._store.ask(TrashedBefore(before, self._after, limit))
        for items in _together(found):
            await self._purge(items)
        last = found[-1] if len(found) == limit else None
        self._after = (0, 0) if last is None else (last.trashed_at or 0, last.id)
        return len(found)

    async def _purge(self, items: tuple[Item, ...]) -> None:
        place: Namespace | None = await self._store.ask(NamespaceById(items[0].namespace))
        if place is None:
            return  # it ended meanwhile
        changes = tuple(Delete(item=ById(item.id), from_trash=True) for item in items)
        try:
            await self._act(place.owner, changes)
        except (StoreFull, StoreFailed):
            raise
        except WakefulError as error:
            # Somebody was faster with one of them, or a disk is away: the next round sees.
            log.info("not purged", items=len(items), error=str(error))


def _together(items: tuple[Item, ...]) -> Iterator[tuple[Item, ...]]:
    """What goes in one transaction each."""
    for _, group in groupby(
        items, key=lambda item: (item.namespace, item.id if item.is_folder else None)
    ):
        yield tuple(group)
