"""Where a reader waits; that it is enough to wait there is in `test_view_histories`."""

from __future__ import annotations

import pytest

from tests.model.world import by_id
from tests.unit.core.gardens import Garden, cursor, own
from wakeful.core.changes import CreateFolder
from wakeful.core.cursors import Scope
from wakeful.core.people import Role
from wakeful.core.places import Place, places_of
from wakeful.core.view import latest


@pytest.fixture
def garden() -> Garden:
    return Garden()


def test_a_view_waits_for_the_home_and_all_that_is_mounted(garden: Garden) -> None:
    garden.join(garden.team)
    at = garden.drive(latest(cursor(garden)))
    home = garden.world.bob.home
    head = garden.world.journal_head(home)
    assert garden.drive(places_of(at)) == (Place(home, head), Place(garden.team, 0))


def test_a_folder_waits_for_itself_and_where_it_is_mounted_for_that(garden: Garden) -> None:
    world = garden.world
    own(garden, "docs", folder=True)
    team = world.shared(world.ann, "Photos", bob=Role.VIEWER)
    world.do(CreateFolder(parent=by_id(world.root(team)), name="2026"))
    home = world.bob.home

    docs = garden.drive(latest(cursor(garden, Scope("docs", recursive=False))))
    photos = garden.drive(latest(cursor(garden, Scope("photos/2026"))))

    head = world.journal_head(home)
    assert garden.drive(places_of(docs)) == (Place(home, head, "docs", False),)
    assert garden.drive(places_of(photos)) == (Place(team, 1, "2026"), Place(home, head, "photos"))


def test_what_is_not_there_yet_may_come_with_a_mount_above_it(garden: Garden) -> None:
    world, home = garden.world, garden.world.bob.home
    own(garden, "docs", folder=True)
    head = world.journal_head(home)

    for path in ("docs/new", "photos/2026"):
        at = garden.drive(latest(cursor(garden, Scope(path))))
        top = path.partition("/")[0]
        assert garden.drive(places_of(at)) == (
            Place(home, head, path),
            Place(home, head, top, is_mount=True),
        )

    world.file("x", namespace=garden.team)
    waits = garden.drive(places_of(garden.drive(latest(cursor(garden, Scope("a/x"))))))
    own(garden, "b")
    assert not garden.has_grown_in(waits)
    garden.join(garden.team)
    assert garden.has_grown_in(waits)


def test_a_folder_below_the_top_waits_for_itself_alone(garden: Garden) -> None:
    home = garden.world.bob.home
    own(garden, "docs", folder=True)
    docs = by_id(garden.world.at("docs", home))
    garden.world.do(CreateFolder(parent=docs, name="new"), garden.world.bob)
    at = garden.drive(latest(cursor(garden, Scope("docs/new"))))
    head = garden.world.journal_head(home)
    assert garden.drive(places_of(at)) == (Place(home, head, "docs/new"),)
