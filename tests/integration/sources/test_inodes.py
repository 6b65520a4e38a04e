"""A file system gives the number of what was deleted to what is made next (ext4 at once)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.sources.watching import Watching, until
from wakeful.stores.memory import MemoryStore


@pytest.mark.parametrize("pause", [False, True], ids=["at once", "after the notice"])
async def test_a_new_folder_with_the_inode_of_a_deleted_one_is_a_new_item(
    root: Path, pause: bool
) -> None:
    (root / "old").mkdir()
    watching = await Watching.on(root, MemoryStore())
    async with watching.live() as source:

        async def noticed() -> bool:
            return source.status().pending > 0

        (root / "old").rmdir()
        if pause:
            await until(noticed)
        (root / "new").mkdir()
        await watching.settled()

        told = await watching.told()

    assert {(event.type, event.path) for event in told} == {
        ("item.trash", "old"),
        ("item.create", "new"),
    }
