"""Follow a feed, and publish to it: the library for programs that use Wakeful.

    with Client("http://127.0.0.1:8787", token) as client:
        for event in client.events(since="now"):
            print(event.type, event.source)

`AsyncClient` is the same for asyncio. Following goes on through restarts and lost connections
by itself, without losing an event or repeating one; a `PositionStore` makes it go on where it
stopped when the program itself starts again.

What can go wrong (a `ValueError` tells of a wrong argument):

    ClientError
    ├── Refused                  the server said no: `status`, `code`, and its sentence
    │   └── AuthenticationFailed     it does not accept the token
    ├── Unavailable              publishing gave up; following never does
    └── PositionUnreadable       a position store holds something else

What is worth knowing, but no error, comes as a `Notice`: `Started`, `Gap` (events may be
missing), `Lost` and `Back` (the connection).
"""

from __future__ import annotations

from wakeful.client.asynchronous import AsyncClient, AsyncEvents
from wakeful.client.errors import (
    AuthenticationFailed,
    ClientError,
    PositionUnreadable,
    Refused,
    Unavailable,
)
from wakeful.client.events import Actor, Event, Item
from wakeful.client.follow import Stream
from wakeful.client.notices import Back, Gap, Lost, Notice, Started
from wakeful.client.positions import FilePositions, MemoryPositions, PositionStore
from wakeful.client.synchronous import Client, Events
from wakeful.dialects.native.results import (
    ChangeResult,
    ChangesAnswer,
    EventResult,
    EventsAnswer,
    ItemResult,
)

__all__ = [
    "Actor",
    "AsyncClient",
    "AsyncEvents",
    "AuthenticationFailed",
    "Back",
    "ChangeResult",
    "ChangesAnswer",
    "Client",
    "ClientError",
    "Event",
    "EventResult",
    "Events",
    "EventsAnswer",
    "FilePositions",
    "Gap",
    "Item",
    "ItemResult",
    "Lost",
    "MemoryPositions",
    "Notice",
    "PositionStore",
    "PositionUnreadable",
    "Refused",
    "Started",
    "Stream",
    "Unavailable",
]
