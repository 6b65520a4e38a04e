"""What is older than the settings say is gone soon after the server starts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.readers import Reader
from tests.servers import eventually, running
from wakeful.cli.first_start import first_user
from wakeful.core.changes import Tell
from wakeful.core.clock import wall_clock
from wakeful.core.events import EVERY_CLASS
from wakeful.core.publish import publish
from wakeful.stores.sqlite import SqliteStore

DAY_MS = 24 * 3600 * 1000
TRIMMED = 'wakeful_trimmed_total{of="user"}'


def told_days_ago(data: Path, *days: int) -> None:
    """Put an event of each of these days into the first user's stream."""

    async def tell() -> None:
        now = wall_clock() - 1_000 * DAY_MS
        store = await SqliteStore.open(data, clock=lambda: now)
        try:
            user = await first_user(store)
            for day in days:
                now = wall_clock() - day * DAY_MS
                event = Tell(type=f"DAY_{day}", classes=EVERY_CLASS)
                await store.commit(publish(user.id, (event,)))
        finally:
            await store.close()

    asyncio.run(tell())


def kept_after_trimming(reader: Reader, rows: int) -> list[str]:
    eventually(lambda: reader.metrics().get(TRIMMED) == rows, f"{rows} rows are trimmed")
    return [event["event_type"] for event in reader.page(0).entries]


def test_what_is_older_than_its_days_goes_and_the_rest_stays(tmp_path: Path) -> None:
    told_days_ago(tmp_path / "data", 90, 61, 59, 10, 1)

    with running(tmp_path) as server, Reader(server.url, server.token) as reader:
        assert kept_after_trimming(reader, 2) == ["DAY_59", "DAY_10", "DAY_1"]

        server.arguments = ("--retention-user", "5")
        server.restart()

        assert kept_after_trimming(reader, 2) == ["DAY_1"]
        page = reader.page(reader.page(0).position - 3)
        assert page.headers["Wakeful-Gap"] == "true"
