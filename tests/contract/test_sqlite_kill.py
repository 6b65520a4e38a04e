"""kill -9 in the middle of writing: what was acknowledged is there, and nothing is half done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.contract.things import BERT, HOME, names, state
from wakeful.core.lookups.journals import ReadJournal
from wakeful.stores.sqlite import SqliteStore

WRITER = Path(__file__).with_name("writer_process.py")
ROUNDS = 3
ACKNOWLEDGED = 300


def killed_after(data: Path, lines: int) -> list[str]:
    """Run a writer and kill it when it has acknowledged so much; returns what it acknowledged."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(data)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(lines)]
    process.kill()
    acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.wait()
    return acknowledged


async def test_no_acknowledged_event_is_lost_and_none_is_half_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    acknowledged: list[str] = []

    for _ in range(ROUNDS):
        acknowledged += killed_after(data, ACKNOWLEDGED)

    store = await SqliteStore.open(data)
    events = await names(store, limit=100_000)
    numbered = {f"{number} {name}" for number, name in enumerate(events, 1)}
    assert store.epoch == 1
    assert len(acknowledged) >= ROUNDS * ACKNOWLEDGED
    assert set(acknowledged) <= numbered
    assert len(set(events)) == len(events)
    assert await names(store, BERT, limit=100_000) == events
    assert (await state(store)).head == (len(events),) * 3
    # The journal was written by the same commands.
    paths = [row.path for row in (await store.ask(ReadJournal(HOME, 0, 100_000))).rows]
    assert paths == events
    await store.close()
