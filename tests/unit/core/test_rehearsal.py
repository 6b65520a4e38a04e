"""A rehearsal tells what a batch would do, leaves nothing, and refuses what the batch would."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core.changes import (
    ById,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Held,
    Move,
    NewVersion,
    Restore,
    Tell,
    Trash,
    Upload,
)
from wakeful.core.errors import Forbidden, NameTaken, NotFound
from wakeful.core.events import ONLY_ALL
from wakeful.core.finding import Lineage
from wakeful.core.items import Item, Seen
from wakeful.core.lookups.trees import ItemById
from wakeful.core.rehearsal import Act, Rehearsed, rehearse
from wakeful.core.terms import Terms
from wakeful.core.watched import Watched


@pytest.fixture
def world() -> World:
    return World()


def rehearsed(world: World, *changes: Change, terms: Terms | None = None) -> tuple[Act, ...]:
    home = frozenset({world.ann.home})
    terms = Terms(home, done=home) if terms is None else terms
    before = world.paths(), world.count(), world.journal()
    with pytest.raises(Rehearsed) as end:
        world.commit(rehearse(world.ann.id, changes, terms))
    assert (world.paths(), world.count(), world.journal()) == before
    return end.value.acts


def path(lineage: Lineage) -> str:
    return "/".join(item.name for item in lineage[1:])


def test_each_change_is_told_with_where_its_item_was_and_is(world: World) -> None:
    folder, file = world.folder("f"), world.file("a")
    acts = rehearsed(
        world,
        CreateFolder(parent=world.home("x/y"), name="z", parents=True),
        NewVersion(item=by_id(file), facts=Facts(size=2)),
        Move(item=by_id(file), parent=by_id(folder), name="b"),
        Move(item=by_id(file), name="b"),
        Trash(item=by_id(folder)),
        Delete(item=by_id(folder)),
    )

    told = [(path(act.before), path(act.after), act.made, act.moves) for act in acts]
    assert told == [
        ("", "x/y/z", 2, True),
        ("a", "a", 0, False),
        ("a", "f/b", 0, True),
        ("f/b", "f/b", 0, False),
        ("f", "f", 0, False),
        ("f", "", 0, True),
    ]
    assert acts[0].namespaces == frozenset({world.ann.home})
    assert acts[5].after == ()


def test_an_upload_over_a_file_is_told_with_what_is_there(world: World) -> None:
    world.file("a")
    world.do(Upload(parent=world.home(), name="a", facts=Facts(size=1), seen=Seen(7, 1, 3)))

    over, new = rehearsed(
        world,
        Upload(parent=world.home(), name="a", facts=Facts(size=2)),
        Upload(parent=world.home(), name="b", facts=Facts(size=2)),
    )

    assert (path(over.before), over.before[-1].seen) == ("a", Seen(7, 1, 3))
    assert (new.before, path(new.after)) == ((), "b")


def test_what_no_tree_shows_has_no_place(world: World) -> None:
    (told,) = rehearsed(world, Tell(type="x", classes=ONLY_ALL))

    assert (told.before, told.after, told.namespaces, told.moves) == ((), (), frozenset(), False)


def test_what_is_copied_or_goes_to_another_namespace_is_told_whole(world: World) -> None:
    team = world.shared(world.ann, "Team")
    world.folder("f")
    inner, file = world.folder("f/g"), world.file("f/g/a")
    gone = world.file("f/gone")
    world.do(Trash(item=by_id(gone)))
    folder = world.at("f")

    copied, moved = rehearsed(
        world,
        Copy(item=by_id(folder), parent=world.home(), name="h"),
        Move(item=by_id(folder), parent=ById(world.root(team).id)),
    )

    whole = [(folder.id, ()), (inner.id, ("g",)), (file.id, ("g", "a"))]
    for act in (copied, moved):
        assert [(item.id, names) for item, names in act.below] == whole
        assert {item.namespace for item, _ in act.below} == {world.ann.home}
    assert moved.namespaces == {world.ann.home, team}
    assert moved.moves
    (elsewhere,) = rehearsed(
        world, Copy(item=by_id(folder), parent=world.home(), name="h"), terms=Terms()
    )
    assert elsewhere.below == ()


def test_what_comes_back_without_having_been_on_a_disk_is_told_whole(world: World) -> None:
    world.folder("f")
    file = world.file("f/a")
    on_disk = world.do(CreateFolder(parent=world.home(), name="d", seen=Seen(5, 0, 0)))
    folder = world.at("f")
    for item in (folder, on_disk):
        world.do(Trash(item=by_id(item)))

    back, there = rehearsed(world, Restore(item=by_id(folder)), Restore(item=by_id(on_disk)))

    assert [item.id for item, _ in back.below] == [folder.id, file.id]
    assert there.below == ()


def test_what_would_be_refused_is_refused_with_its_place_in_the_batch(world: World) -> None:
    home = frozenset({world.ann.home})
    world.file("a")
    changes = (
        CreateFolder(parent=world.home(), name="b"),
        Upload(parent=world.home(), name="a", facts=Facts(), overwrite=False),
    )
    with pytest.raises(NameTaken) as refused:
        world.commit(rehearse(world.ann.id, changes, Terms(home, done=home)))
    assert refused.value.change == 1
    with pytest.raises(NotFound):
        world.commit(rehearse(world.ann.id, (Trash(item=ById(99_999)),), Terms()))
    with pytest.raises(Watched) as watched:
        world.commit(rehearse(world.ann.id, changes, Terms(home)))
    assert watched.value.namespace == world.ann.home


def test_a_shared_folder_that_is_watched_is_not_ended(world: World) -> None:
    team = world.shared(world.ann, "Team")
    watched = frozenset({team})

    with pytest.raises(Forbidden):
        world.commit(
            rehearse(
                world.ann.id,
                (Trash(item=ById(world.root(team).id)),),
                Terms(watched, done=watched),
            )
        )


# --- how things are kept, as the commit then records it ---


def fresh(world: World, id: int) -> Item:
    item = world.ask(ItemById(id))
    assert item is not None
    return item


def test_folders_made_on_the_way_are_recorded_as_they_were_seen(world: World) -> None:
    made = world.do(
        Upload(
            parent=world.home("a/b"),
            name="c",
            facts=Facts(size=1),
            parents=True,
            seen=Seen(3, 1, 1),
            above=(Seen(1, 0, 0), Seen(2, 0, 0), Seen(9, 0, 0)),
        )
    )

    assert made.seen == Seen(3, 1, 1)
    assert (world.at("a").seen, world.at("a/b").seen) == (Seen(1, 0, 0), Seen(2, 0, 0))


def test_copies_are_kept_as_is_said(world: World) -> None:
    folder, file = world.folder("f"), world.file("f/a")
    held = {
        folder.id: Held(Seen(1, 0, 0)),
        file.id: Held(Seen(2, 1, 1)),
        99_999: Held(),
    }

    world.do(Copy(item=by_id(folder), parent=world.home(), name="g", held=held))

    assert (world.at("g").seen, world.at("g/a").seen) == (Seen(1, 0, 0), Seen(2, 1, 1))
    assert world.at("f/a").seen is None


def test_what_moves_to_another_disk_is_kept_otherwise_from_then_on(world: World) -> None:
    team = world.shared(world.ann, "Team")
    folder, file = world.folder("f"), world.file("f/a")
    held = {folder.id: Held(), file.id: Held(content="ab"), 99_999: Held()}

    moved = world.do(Move(item=by_id(folder), parent=ById(world.root(team).id), held=held))

    assert (moved.namespace, moved.seen) == (team, None)
    kept = fresh(world, file.id)
    assert (kept.namespace, kept.content) == (team, "ab")
    assert snapshot(world.last()).name == "f"


def test_what_comes_back_is_kept_as_is_said(world: World) -> None:
    file = world.file("a")
    world.do(Trash(item=by_id(file)))

    back = world.do(Restore(item=by_id(file), held={file.id: Held(Seen(4, 1, 1))}))

    assert back.seen == Seen(4, 1, 1)
    assert back.trashed_at is None
