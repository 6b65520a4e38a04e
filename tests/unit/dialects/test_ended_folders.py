"""What is read while a shared folder ends, between any two look-ups."""

from __future__ import annotations

import contextlib
from typing import TypeVar

import pytest

from tests.model.world import World, by_id
from wakeful.core.changes import ById, Trash
from wakeful.core.listings import BY_NAME
from wakeful.core.people import Role
from wakeful.core.view import Told
from wakeful.core.writes import Steps
from wakeful.dialects.box import reads
from wakeful.dialects.box.reads import Asked, Listing
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.locating import file_at, locate
from wakeful.stores.driver import drive

T = TypeVar("T")

ALL = Asked(0, 100, BY_NAME)


class Stage:
    """Ann shares a folder with Bob, in which there are a file and something in the trash."""

    def __init__(self) -> None:
        self.world = World()
        self.bob = self.world.bob
        self.team = self.world.shared(self.world.ann, "Team", bob=Role.EDITOR)
        self.file = self.world.file("a.txt", namespace=self.team)
        gone = self.world.file("gone.txt", namespace=self.team)
        self.world.do(Trash(item=by_id(gone)))
        self.root = self.world.root(self.team).id

    def end(self) -> None:
        self.world.do(Trash(item=ById(self.root)))

    def after(self, look_ups: int, steps: Steps[T]) -> T:
        """The result of *steps*, when the folder ends after so many look-ups."""
        left = look_ups

        def ask(step: object) -> object:
            nonlocal left
            if left == 0:
                self.end()
            left -= 1
            return self.world.answer(step)

        return drive(steps, ask)


def listed(listing: Listing) -> list[str]:
    return [entry.name for entry in listing.entries]


@pytest.mark.parametrize("look_ups", range(12))
def test_a_home_is_listed_with_the_folder_or_without(look_ups: int) -> None:
    stage = Stage()

    _, listing = stage.after(look_ups, reads.read_folder(stage.bob.id, "0", ALL))

    assert listed(listing) in ([], ["Team"])


@pytest.mark.parametrize("look_ups", range(12))
def test_the_trash_is_listed_with_what_is_in_it_or_without(look_ups: int) -> None:
    stage = Stage()

    listing = stage.after(look_ups, reads.read_trash(stage.bob.id, ALL))

    assert listed(listing) in ([], ["gone.txt"])


@pytest.mark.parametrize("look_ups", range(12))
@pytest.mark.parametrize("keys", ["team", "team/a.txt"])
def test_a_path_leads_to_what_was_there_or_to_nothing(look_ups: int, keys: str) -> None:
    stage = Stage()
    told: Told | None = None

    with contextlib.suppress(Refused):
        told = stage.after(look_ups, locate(stage.bob, Path(keys)))

    assert told is None or told.item is None or told.item.id in (stage.root, stage.file.id)


@pytest.mark.parametrize("look_ups", range(12))
def test_a_file_in_it_is_found_as_it_was_or_not_at_all(look_ups: int) -> None:
    stage = Stage()
    found: int | None = None

    with contextlib.suppress(Refused):
        _, lineage, owner = stage.after(look_ups, file_at(stage.bob, Path("team/a.txt")))
        found = lineage[-1].id
        assert owner == stage.world.ann.id

    assert found in (None, stage.file.id)
