"""Short words for what the contract tests write and ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from wakeful.core.events import EVERY_CLASS, Entry, Event, Person, StreamClass, decode, describe
from wakeful.core.items import Item, Kind
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.journals import JournalPage, ReadJournal
from wakeful.core.lookups.streams import Page, ReadStream, StreamStates
from wakeful.core.people import Enterprise
from wakeful.core.ports import Store
from wakeful.core.positions import Asked, Marker, Since, StreamState
from wakeful.core.writes import (
    Append,
    Command,
    JournalPut,
    PutEnterprise,
    PutItems,
    Steps,
    Write,
)

ENTERPRISE, ANNA, BERT, CARL = 1, 2, 3, 4
HOME, SHARED = 10, 11

ANYTHING = Event(
    id="0" * 40,
    type="item.upload",
    created_at=1_000,
    recorded_at=0,
    enterprise=ENTERPRISE,
    actor=Person(ANNA, "Anna", "anna@example.com"),
    source=describe({"name": "a.txt"}),
)

A_FILE = Item(
    id=100,
    namespace=HOME,
    parent=99,
    kind=Kind.FILE,
    name="a.txt",
    key="a.txt",
    revision=1,
    version=101,
    size=5,
    sha1="",
    content_hash="",
    created_at=1_000,
    modified_at=1_000,
    content_created_at=1_000,
    content_modified_at=1_000,
    created_by=ANNA,
    modified_by=ANNA,
    trashed_at=None,
)
A_FOLDER = replace(A_FILE, kind=Kind.FOLDER, version=0, size=0)


class Wrong(Exception):
    """What a rule raises in these tests."""


def do(*steps: Lookup[Any] | Write | Exception) -> Command[list[Any]]:
    """A command that takes *steps* (and raises an error among them); returns the answers."""

    def command(_now: int) -> Steps[list[Any]]:
        answers = []
        for step in steps:
            if isinstance(step, Exception):
                raise step
            answers.append((yield step))
        return answers

    return command


def told(*names: str, to: Iterable[int] = (ANNA,), classes: int = EVERY_CLASS) -> tuple[Entry, ...]:
    """Entries of one event for each of *names*, shown to all of *to*."""
    return tuple(entry(name, dict.fromkeys(to, classes)) for name in names)


def entry(name: str, audience: Mapping[int, int], created_at: int = 1_000) -> Entry:
    return Entry(replace(ANYTHING, type=name, created_at=created_at), audience)


async def tell(
    store: Store, *names: str, to: Iterable[int] = (ANNA,), classes: int = EVERY_CLASS
) -> list[dict[int, int]]:
    """Append events of these types in one command; returns their numbers."""
    [numbers] = await store.commit(do(Append(told(*names, to=to, classes=classes))))
    return list(numbers)


async def read(
    store: Store,
    stream: int = ANNA,
    asked: Asked | Since = Marker.START,
    *,
    limit: int = 100,
    cls: StreamClass = StreamClass.ALL,
) -> Page:
    return await store.ask(ReadStream(stream, asked, limit, cls))


async def names(
    store: Store,
    stream: int = ANNA,
    asked: Asked | Since = Marker.START,
    *,
    limit: int = 100,
    cls: StreamClass = StreamClass.ALL,
) -> list[str]:
    """The types of the events on one page."""
    page = await read(store, stream, asked, limit=limit, cls=cls)
    return [decode(event.body).type for event in page.events]


async def state(store: Store, stream: int = ANNA) -> StreamState:
    [answer] = await store.ask(StreamStates((stream,)))
    return answer


async def journal(store: Store, namespace: int = HOME, after: int = 0) -> JournalPage:
    return await store.ask(ReadJournal(namespace, after, 1_000))


async def rows(store: Store, namespace: int = HOME, after: int = 0) -> list[tuple[int, str, Any]]:
    """What a journal says: number, path and item of each row; the item is None in tombstones."""
    page = await journal(store, namespace, after)
    return [(row.number, row.path, row.item) for row in page.rows]


async def put_paths(store: Store, *paths: str, namespace: int = HOME) -> None:
    """Put a row for each of *paths*; the items are 1, 2, 3, ..."""
    await store.commit(
        do(*(JournalPut(namespace, path, item) for item, path in enumerate(paths, 1)))
    )


async def put_items(store: Store, *items: Item) -> None:
    await store.commit(do(PutItems(items)))


def an_enterprise(id: int = ENTERPRISE) -> PutEnterprise:
    return PutEnterprise(Enterprise(id, "Acme", 1_000))
