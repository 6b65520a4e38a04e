"""The log of an enterprise by event time: a page of a filter in a window, out of a million events.

Prints JSON. The server's own part is measured: the app is called in this process, without a
network. `page` asks for another window each time, whose events were never rendered; `page_again`
for one that was.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from wakeful.access import ALL_SCOPES, open_access
from wakeful.core.accounts import (
    create_enterprise,
    create_grant,
    create_token,
    create_user,
    digest_of,
    new_token,
)
from wakeful.core.events import ONLY_ALL, Ancestor, Entry, Event, Person, Snapshot
from wakeful.core.items import Kind
from wakeful.core.lookups.streams import ReadStream, ReadTimeline
from wakeful.core.people import User
from wakeful.core.positions import Marker, position
from wakeful.core.writes import Append, Steps
from wakeful.dialects.times import precise_text_of
from wakeful.feed import Feed
from wakeful.http.app import build_app
from wakeful.http.metrics import Metrics
from wakeful.http.services import Services
from wakeful.stores.sqlite import SqliteStore
from wakeful.wakeups.hub import Hub

EVENTS = 1_000_000
BATCH = 1_000
PAGES = 200
PAGE = 500

BEGIN = 1_760_000_000_000
SPACING_MS = 2_600  # a million in 30 days
LATEST_BY_MS = 3_600_000  # a fifth of all events are late by up to an hour
WINDOW_MS = 4 * 3_600_000  # some 5,500 events, of which a page is one in ten
TYPES = tuple(f"TYPE_{number}" for number in range(60))
WANTED = ("TYPE_7", "TYPE_20", "TYPE_41")
SHARE = 0.05  # of all events, for each of those


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory(prefix="wakeful-bench-") as folder:
        data = Path(folder)
        result = asyncio.run(measure(data, events))
        size = sum(file.stat().st_size for file in data.iterdir())
        result["bytes_per_event"] = round(size / events)
        print(json.dumps(result, indent=2))


class Clock:
    """Goes on by the spacing of as many events as were recorded."""

    now = BEGIN

    def __call__(self) -> int:
        return self.now


async def measure(data: Path, events: int) -> dict[str, Any]:
    """Times in ms, sizes in bytes."""
    clock = Clock()
    store = await SqliteStore.open(data, clock=clock)
    try:
        enterprise = await store.commit(create_enterprise("bench"))
        admin = await store.commit(create_user(enterprise.id, "bench", is_admin=True))
        began = time.perf_counter()
        body = await _fill(store, clock, admin, events)
        filled = time.perf_counter() - began
        result: dict[str, Any] = {
            "events": events,
            "fill_us_per_event": round(filled / events * 1e6, 1),
            "bytes_of_its_body": body,
            "page_of": PAGE,
        }
        result["store"] = await _ask_store(store, enterprise.id, clock)
        result |= await _ask_server(store, admin, clock)
    finally:
        await store.close()
    return result


async def _fill(store: SqliteStore, clock: Clock, admin: User, events: int) -> int:
    """Record *events*; returns the mean size of a body."""
    chance = random.Random(0)
    others = [name for name in TYPES if name not in WANTED]
    for start in range(0, events, BATCH):
        clock.now = BEGIN + start * SPACING_MS
        entries = []
        for number in range(start, min(start + BATCH, events)):
            at = BEGIN + number * SPACING_MS
            if chance.random() < 0.2:
                at -= chance.randrange(LATEST_BY_MS)
            draw = chance.random()
            which = int(draw / SHARE)
            name = WANTED[which] if which < len(WANTED) else chance.choice(others)
            entries.append(Entry(_event(admin, number, name, at), {admin.enterprise: ONLY_ALL}))

        def append(_now: int, entries: tuple[Entry, ...] = tuple(entries)) -> Steps[None]:
            yield Append(entries)

        await store.commit(append)
    page = await store.ask(ReadStream(admin.enterprise, Marker.START, 100))
    return round(statistics.mean(len(event.body) for event in page.events))


def _event(admin: User, number: int, type: str, at: int) -> Event:
    person = Person(admin.id, "Anna Example", "anna@example.com")
    item = Snapshot(
        id=1_000_000 + number,
        kind=Kind.FILE,
        namespace=admin.home,
        in_home=True,
        name=f"report {number}.pdf",
        revision=3,
        version=2_000_000 + number,
        size=123_456,
        sha1=f"{number:040x}",
        content_hash="",
        created_at=at,
        modified_at=at,
        content_created_at=at,
        content_modified_at=at,
        trashed_at=None,
        created_by=person,
        modified_by=person,
        owned_by=person,
        path=(Ancestor(1_001, "All Files", 0), Ancestor(1_002, "projects", 12)),
    )
    return Event(
        id=f"{number:040x}",
        type=type,
        created_at=at,
        recorded_at=at,
        enterprise=admin.enterprise,
        actor=person,
        source=item,
        namespace=admin.home,
        ip="192.0.2.7",
    )


def _windows(clock: Clock, count: int) -> list[int]:
    """Times at which windows begin."""
    chance = random.Random(1)
    last = max(BEGIN + 1, clock.now - WINDOW_MS)
    return [chance.randrange(BEGIN, last) for _ in range(count)]


async def _ask_store(store: SqliteStore, enterprise: int, clock: Clock) -> dict[str, float]:
    types = frozenset(WANTED)

    async def by_time(after: int) -> None:
        await store.ask(
            ReadTimeline(enterprise, Marker.START, PAGE, types, after, after + WINDOW_MS)
        )

    async def any_type(after: int) -> None:
        await store.ask(ReadTimeline(enterprise, Marker.START, PAGE, None, after))

    async def by_arrival(after: int) -> None:
        asked = position(store.epoch, 1 + (after - BEGIN) // SPACING_MS)
        await store.ask(ReadStream(enterprise, asked, PAGE, types=types))

    windows = _windows(clock, PAGES)
    return {
        "window_of_three_types_ms": await _median(by_time, windows),
        "window_of_all_types_ms": await _median(any_type, windows),
        "three_types_by_arrival_ms": await _median(by_arrival, windows),
    }


async def _ask_server(store: SqliteStore, admin: User, clock: Clock) -> dict[str, float]:
    token = new_token()
    grant = await store.commit(create_grant(admin.id, "bench", ALL_SCOPES))
    await store.commit(create_token(grant.id, digest_of(token)))
    metrics = Metrics()
    async with Feed(store, Hub(), metrics) as feed:
        app = build_app(Services(feed, await open_access(store), metrics))

        async def get(after: int) -> None:
            query = {
                "stream_type": "admin_logs",
                "event_type": ",".join(WANTED),
                "created_after": precise_text_of(after),
                "created_before": precise_text_of(after + WINDOW_MS),
                "limit": PAGE,
            }
            answer: list[dict[str, Any]] = []
            await app(_scope(urlencode(query), token), _no_body, _keep(answer))
            assert answer[0]["status"] == 200, answer
            assert answer[1]["body"].startswith(b'{"chunk_size":%d,' % PAGE), answer[1]["body"][:99]

        windows = _windows(clock, PAGES)
        return {
            "page_ms": await _median(get, windows),
            "page_again_ms": await _median(get, windows[-1:] * PAGES),
        }


def _scope(query: str, token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/2.0/events",
        "raw_path": b"/2.0/events",
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"here"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }


async def _no_body() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _keep(answer: list[dict[str, Any]]) -> Callable[[Any], Awaitable[None]]:
    async def send(message: Any) -> None:
        answer.append(message)

    return send


async def _median(ask: Callable[[int], Awaitable[None]], windows: list[int]) -> float:
    """Milliseconds."""
    times = []
    for window in windows:
        began = time.perf_counter()
        await ask(window)
        times.append(time.perf_counter() - began)
    return round(statistics.median(times) * 1e3, 2)


if __name__ == "__main__":
    main()
