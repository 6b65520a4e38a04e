"""Whatever is done to the folder, while it is watched or not: the records end up as the disk,
and the events tell how."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integration.sources.churn import Churn, replay
from tests.integration.sources.watching import Watching
from wakeful.stores.memory import MemoryStore


@pytest.mark.parametrize("seed", range(4))
async def test_random_operations_end_in_the_same_tree(root: Path, outside: Path, seed: int) -> None:
    churn = Churn(root, outside, seed)
    churn.some(60)
    watching = await Watching.on(root, MemoryStore())
    known: dict[int, str] = {}
    folders: set[int] = set()
    for round in range(4):
        async with watching.live() as source:
            if not round:
                items = await watching.items()
                known = {item.id: path for path, item in items.items()}
            for _ in range(6):
                churn.some(churn.random.randrange(1, 40))
                # Nothing is waited for: bursts that lie so far apart are told in other ways.
                await asyncio.sleep(churn.random.choice((0, 0.003, 0.02, 0.2)))
            await watching.settled()
            assert source.status().failures == 0
        churn.some(30)  # while nobody watches

    async with watching.live():
        await watching.settled()
    paths = replay(await watching.events(), known, folders)
    items = await watching.items()
    assert sorted(paths.values()) == sorted(items)
    assert {path: id for id, path in paths.items()} == {p: i.id for p, i in items.items()}
