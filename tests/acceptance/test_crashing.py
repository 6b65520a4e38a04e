"""kill -9, again and again, while a folder changes: every change is told once all the same."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from tests.readers import Progress, Reader
from tests.sdk.changes import Changer
from tests.sdk.ledger import Ledger
from tests.servers import running

pytestmark = pytest.mark.acceptance

CRASHES = 10
BATCH = 25
SEED = 17


def test_p1_p3_whatever_the_moment_of_a_crash_every_change_is_told_once(tmp_path: Path) -> None:
    watched, outside = tmp_path / "watched", tmp_path / "outside"
    watched.mkdir()
    outside.mkdir()
    changer = Changer(watched, outside, SEED)
    changer.plant(20)
    moments = random.Random(SEED)
    with (
        running(tmp_path, watch=watched) as server,
        Reader(server.url, server.token) as reader,
    ):
        ledger = Ledger(reader, changer.root)
        begin = reader.now()
        progress = Progress(reader, begin)
        entered = 0

        def is_told() -> bool:
            nonlocal entered
            for event in progress.events[entered:]:
                ledger.enter(event)
                entered += 1
            return not ledger.missing

        for _ in range(CRASHES):
            batch = changer.batch(BATCH)
            for change in batch:
                ledger.expect(change)
            # Somewhere between the first change and the last one's commit.
            crash = threading.Timer(moments.uniform(0, 0.2), server.kill)
            crash.start()
            for change in batch:
                change.make()
            crash.join()
            server.start()
            progress.wait_until(is_told, "every change is told")

        assert ledger.paths() == changer.paths()
        told, end = reader.events(0)
        assert told == progress.events
        assert end - begin == len(told), "numbers are consecutive"
