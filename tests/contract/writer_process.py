"""A program that writes to a store until it is killed, and prints what was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from wakeful.core.events import EVERY_CLASS, Entry, Event, Person
from wakeful.core.lookups import NewIds
from wakeful.core.writes import Append, JournalPut, Steps
from wakeful.stores.sqlite import SqliteStore

ANNA, BERT, HOME = 2, 3, 10
WRITERS = 8


async def write(store: SqliteStore, begun: int, writer: int) -> None:
    turn = 0
    while True:
        turn += 1
        name = f"{begun}.{writer}.{turn}"
        event = Event(name, name, 0, 0, 1, Person(ANNA, "Anna", "anna"), None)

        def steps(_now: int, event: Event = event) -> Steps[int]:
            yield JournalPut(HOME, event.id, 1)
            audience = {ANNA: EVERY_CLASS, BERT: EVERY_CLASS}
            [numbers] = yield Append((Entry(event, audience),))
            return int(numbers[ANNA])

        number = await store.commit(steps)
        sys.stdout.write(f"{number} {name}\n")
        sys.stdout.flush()


async def main(data: Path) -> None:
    store = await SqliteStore.open(data)
    # Each life of the program gives its events names of their own.
    begun = await store.commit(_a_fresh_id)
    await asyncio.gather(*(write(store, begun, writer) for writer in range(WRITERS)))


def _a_fresh_id(_now: int) -> Steps[int]:
    fresh: int = yield NewIds()
    return fresh


asyncio.run(main(Path(sys.argv[1])))
