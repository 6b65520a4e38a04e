"""What version 1 reads of a folder, also while it goes."""

from __future__ import annotations

import pytest

from tests.unit.core.gardens import Garden
from wakeful.core.errors import Unavailable
from wakeful.core.lookups.journals import ListJournal
from wakeful.dialects.dropbox.v1 import reads
from wakeful.stores.driver import drive


def test_a_folder_that_is_left_between_two_pages_cannot_be_listed_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reads, "MOST_ENTRIES", 1)
    garden = Garden()
    garden.join(garden.team)
    for name in ("x", "y"):
        garden.world.file(name, namespace=garden.team)

    def ask(step: object) -> object:
        found = garden.world.answer(step)
        if isinstance(step, ListJournal):
            garden.leave(garden.team)
        return found

    with pytest.raises(Unavailable):
        drive(reads.read_contents(garden.world.bob, 1, "a", 100, deleted=False), ask)
