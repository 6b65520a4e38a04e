"""What a server makes for the folders that it is to follow."""

from __future__ import annotations

from pathlib import Path

from tests.model.world import World, at_once
from wakeful.cli.first_start import place_watches
from wakeful.core.changes import ById, Trash
from wakeful.settings import Watch


def test_a_named_folder_keeps_its_namespace_until_that_is_ended(tmp_path: Path) -> None:
    world = World()
    watch = Watch(tmp_path, "photos")

    def place() -> int:
        (placed,) = at_once(place_watches(world.store, world.ann, (watch,)))
        return placed.namespace

    first, again = place(), place()
    world.do(Trash(item=ById(world.root(first).id)))
    other = place()

    assert first == again
    assert other not in (first, world.ann.home)
    assert world.root(other).name == "photos"
