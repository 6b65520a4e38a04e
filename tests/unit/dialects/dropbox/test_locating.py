"""What a client points at, also while it changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.model.world import by_id
from tests.unit.core.gardens import Garden
from wakeful.core.changes import Delete, Move, Trash
from wakeful.core.errors import Unavailable
from wakeful.core.items import Item
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.lookups.trees import Lineage
from wakeful.core.view import Told
from wakeful.dialects.dropbox.arguments import Path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.locating import folder_at, locate
from wakeful.dialects.dropbox.names import item_id
from wakeful.stores.driver import drive


class Stage:
    """Ann's folder `docs`, which changes before a look-up of one kind is answered."""

    def __init__(self) -> None:
        self.garden = Garden()
        self.world = self.garden.world
        self.docs: Item = self.world.folder("docs")

    def locate(self, path: Path, before: type[object], *changes: Callable[[], object]) -> Told:
        left = list(changes)

        def ask(step: object) -> object:
            if isinstance(step, before) and left:
                left.pop(0)()
            return self.world.answer(step)

        return drive(locate(self.world.ann, path), ask)

    def move(self, name: str) -> Callable[[], object]:
        return lambda: self.world.do(Move(item=by_id(self.docs), name=name))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_what_is_deleted_for_good_between_two_look_ups_is_not_there(stage: Stage) -> None:
    gone = stage.locate(
        Path("docs"),
        Lineage,
        lambda: stage.world.publish(stage.world.ann, Delete(item=by_id(stage.docs))),
    )

    assert (gone.path, gone.item) == ("docs", None)


def test_what_is_trashed_between_two_look_ups_is_not_there(stage: Stage) -> None:
    gone = stage.locate(
        Path("docs"), Lineage, lambda: stage.world.do(Trash(item=by_id(stage.docs)))
    )

    assert (gone.path, gone.item) == ("docs", None)


def test_what_is_moved_between_two_look_ups_is_not_shown_at_a_path_where_it_never_was(
    stage: Stage,
) -> None:
    gone = stage.locate(Path("docs"), Lineage, stage.move("papers"))

    assert (gone.path, gone.item) == ("docs", None)


def test_what_is_named_by_its_id_is_found_though_it_moves(stage: Stage) -> None:
    named = Path(id=item_id(stage.docs.id))

    found = stage.locate(named, JournalAt, stage.move("papers"))

    assert found.item is not None
    assert (found.item.id, found.path, found.shown) == (stage.docs.id, "papers", "papers")


def test_what_took_the_place_of_an_id_is_not_taken_for_it(stage: Stage) -> None:
    def swap() -> None:
        stage.move("papers")()
        stage.world.folder("docs")

    found = stage.locate(Path(id=item_id(stage.docs.id)), JournalAt, swap)

    assert found.item is not None
    assert (found.item.id, found.path) == (stage.docs.id, "papers")


def test_what_changes_all_the_time_is_said_to(stage: Stage) -> None:
    moves = [stage.move(f"docs {number}") for number in range(20)]

    with pytest.raises(Unavailable, match="being changed"):
        stage.locate(Path(id=item_id(stage.docs.id)), JournalAt, *moves)


def test_a_version_that_is_replaced_between_two_look_ups_is_not_found(stage: Stage) -> None:
    file = stage.world.file("a")
    assert file.version is not None
    named = Path(revision=(file.id, file.version))

    with pytest.raises(Refused):
        stage.locate(named, JournalAt, lambda: stage.world.file("a", 2))


def test_what_never_was_is_refused(stage: Stage) -> None:
    with pytest.raises(Refused):
        stage.garden.drive(folder_at(stage.world.ann, Path("never")))
