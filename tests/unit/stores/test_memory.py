"""What the memory store has of its own, beside the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from wakeful.core.positions import LAST_EPOCH
from wakeful.stores.memory import MemoryStore


async def test_an_epoch_is_beyond_all_that_clients_may_have_seen(tmp_path: Path) -> None:
    store = MemoryStore(epoch=5)
    await store.backup(tmp_path / "copy")

    assert MemoryStore.restored(tmp_path / "copy", after=0).epoch == 6
    assert MemoryStore.restored(tmp_path / "copy", after=9).epoch == 10
    assert MemoryStore.restored(tmp_path / "copy", after=LAST_EPOCH - 1).epoch == LAST_EPOCH
    with pytest.raises(ValueError, match="used up"):
        MemoryStore.restored(tmp_path / "copy", after=LAST_EPOCH)
