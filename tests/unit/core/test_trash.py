"""Into the trash, back from it, and gone for good."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core.changes import (
    ByPath,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Observe,
    Restore,
    Trash,
    Upload,
)
from wakeful.core.errors import (
    Conflict,
    Forbidden,
    ImpossibleMove,
    InvalidName,
    InvalidRequest,
    NameTaken,
    NotFound,
)
from wakeful.core.items import Item
from wakeful.core.lookups.trees import ItemById
from wakeful.core.names import DEEPEST
from wakeful.core.people import Role


@pytest.fixture
def world() -> World:
    return World()


def trashed(world: World, path: str) -> Item:
    return world.do(Trash(item=world.home(path)))


# --- into the trash ---


def test_a_folder_goes_with_all_that_is_in_it_in_one_event(world: World) -> None:
    world.file("a/b/c.txt")
    number, events = world.journal_head(), world.count()

    item = world.do(Trash(item=world.home("a"), at=9))

    assert world.paths() == set()
    assert [(row.path, row.item) for row in world.journal(after=number)] == [
        ("a", None),
        ("a/b", None),
        ("a/b/c.txt", None),
    ]
    assert world.count() == events + 1
    assert world.types()[-1] == "item.trash"
    assert (item.trashed_at, item.revision) == (9, 1)
    assert snapshot(world.last()).trashed_at == 9


def test_the_name_of_what_is_in_the_trash_is_free(world: World) -> None:
    first = world.file("a.txt")
    trashed(world, "a.txt")

    second = world.file("a.txt")

    assert second.id != first.id
    assert world.live() == {"a.txt": second.id}


def test_what_is_in_the_trash_cannot_be_changed(world: World) -> None:
    file, folder = world.file("a/b.txt"), world.at("a")
    trashed(world, "a")
    for item in (file, folder):
        changes: list[Change] = [
            NewVersion(item=by_id(item), facts=Facts()),
            Move(item=by_id(item), name="x"),
            Copy(item=by_id(item), parent=world.home()),
            Trash(item=by_id(item)),
        ]
        for change in changes:
            with pytest.raises(NotFound, match="in the trash"):
                world.do(change)

    for into in (CreateFolder(parent=by_id(folder), name="x"), Move(item=by_id(file))):
        with pytest.raises(NotFound, match="in the trash"):
            world.do(into)


def test_what_a_source_learns_of_an_item_in_the_trash_is_kept(world: World) -> None:
    file = world.file("a.txt")
    trashed(world, "a.txt")

    world.do(Observe(item=by_id(file), sha1="aa"))

    assert world.item(file.id).sha1 == "aa"
    assert world.paths() == set()


# --- back from it ---


def test_a_folder_comes_back_with_all_that_was_in_it(world: World) -> None:
    world.file("a/b/c.txt")
    tree = world.tree()
    trashed(world, "a")
    number = world.journal_head()

    item = world.do(Restore(item=by_id(tree["a"]), at=9))

    assert world.paths() == set(tree)
    assert [(row.path, row.item) for row in world.journal(after=number)] == [
        ("a", tree["a"].id),
        ("a/b", tree["a/b"].id),
        ("a/b/c.txt", tree["a/b/c.txt"].id),
    ]
    assert world.types()[-1] == "item.restore"
    assert (item.trashed_at, item.revision, item.modified_at) == (None, 2, 9)


def test_what_was_trashed_before_its_folder_stays_in_the_trash(world: World) -> None:
    file = world.file("a/b.txt")
    trashed(world, "a/b.txt")
    folder = trashed(world, "a")

    world.do(Restore(item=by_id(folder)))

    assert world.paths() == {"a"}
    assert world.live() == {"a": folder.id}
    assert world.do(Restore(item=by_id(file))).parent == folder.id


def test_an_item_comes_back_to_another_folder_under_another_name(world: World) -> None:
    file, folder = world.file("a.txt"), world.folder("x")
    trashed(world, "a.txt")

    item = world.do(Restore(item=by_id(file), parent=by_id(folder), name="b.txt"))

    assert (item.parent, item.name) == (folder.id, "b.txt")
    assert world.live() == {"x": folder.id, "x/b.txt": file.id}


def test_an_item_does_not_come_back_over_another(world: World) -> None:
    file = world.file("a.txt")
    trashed(world, "a.txt")
    taken = world.file("a.txt")

    with pytest.raises(NameTaken) as caught:
        world.do(Restore(item=by_id(file)))
    world.do(Restore(item=by_id(file), name="b.txt"))

    assert caught.value.item.id == taken.id
    assert world.live() == {"a.txt": taken.id, "b.txt": file.id}


def test_an_item_whose_folder_is_in_the_trash_comes_back_only_elsewhere(world: World) -> None:
    file = world.file("a/b.txt")
    trashed(world, "a/b.txt")
    trashed(world, "a")

    with pytest.raises(NotFound, match="name another"):
        world.do(Restore(item=by_id(file)))
    world.do(Restore(item=by_id(file), parent=world.home()))

    assert world.paths() == {"b.txt"}


def test_what_is_not_in_the_trash_cannot_come_back(world: World) -> None:
    file, below = world.file("a.txt"), world.file("x/b.txt")
    trashed(world, "x")

    for item in (file, below):
        with pytest.raises(Conflict, match="not in the trash"):
            world.do(Restore(item=by_id(item)))


def test_an_item_comes_back_within_its_namespace(world: World) -> None:
    team = world.shared(world.ann, "Team")
    file = world.file("a.txt")
    trashed(world, "a.txt")

    with pytest.raises(ImpossibleMove):
        world.do(Restore(item=by_id(file), parent=ByPath(team, ())))


def test_a_folder_comes_back_neither_into_itself_nor_into_a_file(world: World) -> None:
    world.file("x.txt")
    inside = world.folder("a/b")
    folder = trashed(world, "a")

    with pytest.raises(NotFound, match="in the trash"):
        world.do(Restore(item=by_id(folder), parent=by_id(inside)))
    with pytest.raises(InvalidRequest, match="no folder"):
        world.do(Restore(item=by_id(folder), parent=world.home("x.txt")))


def test_a_name_that_no_item_can_have_brings_nothing_back(world: World) -> None:
    file = world.file("a.txt")
    trashed(world, "a.txt")

    with pytest.raises(InvalidName):
        world.do(Restore(item=by_id(file), name="../b"))


def test_what_comes_back_is_not_deeper_than_the_limit(world: World) -> None:
    half = "/".join(["d"] * (DEEPEST // 2))
    world.folder(half)
    world.file("x/" + half)
    folder = trashed(world, "x")

    with pytest.raises(InvalidName):
        world.do(Restore(item=by_id(folder), parent=world.home(half)))

    assert world.item(folder.id).trashed_at is not None


def test_only_who_may_change_things_brings_them_back_or_deletes_them(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    file = world.file("a.txt", namespace=team)
    world.do(Trash(item=by_id(file)))

    for change in (Restore(item=by_id(file)), Delete(item=by_id(file))):
        with pytest.raises(Forbidden):
            world.do(change, world.bob)
        with pytest.raises(NotFound, match=r"^no such item$"):
            world.do(change, world.eve)


def test_a_namespace_takes_along_what_is_in_the_trash_of_a_folder(world: World) -> None:
    team = world.shared(world.ann, "Team")
    file = world.file("a/b.txt")
    trashed(world, "a/b.txt")

    world.do(Move(item=world.home("a"), parent=ByPath(team, ())))
    world.do(Restore(item=by_id(file)))

    assert world.live(team) == {path.lower(): item.id for path, item in world.tree(team).items()}
    assert world.paths(team) == {"a", "a/b.txt"}


# --- gone ---


def test_what_is_deleted_from_the_trash_is_gone_without_another_word(world: World) -> None:
    file = world.file("a/b.txt")
    folder = trashed(world, "a")
    number, events = world.journal_head(), world.count()

    world.publish(world.ann, Delete(item=by_id(folder)))

    assert world.ask(ItemById(folder.id)) is None
    assert world.ask(ItemById(file.id)) is None
    assert (world.journal_head(), world.count()) == (number, events)


def test_what_is_deleted_directly_is_told_as_trashed(world: World) -> None:
    file = world.file("a/b.txt")
    number, events = world.journal_head(), world.count()

    published = world.publish(world.ann, Delete(item=world.home("a"), at=9))

    assert published.applied.items == (None,)
    assert world.ask(ItemById(file.id)) is None
    assert [(row.path, row.item) for row in world.journal(after=number)] == [
        ("a", None),
        ("a/b.txt", None),
    ]
    assert world.types()[events:] == ["item.trash"]
    assert snapshot(world.last()).trashed_at == 9


def test_an_item_in_a_folder_in_the_trash_can_be_deleted_alone(world: World) -> None:
    file = world.file("a/b.txt")
    folder = trashed(world, "a")
    events = world.count()

    world.publish(world.ann, Delete(item=by_id(file)))
    world.do(Restore(item=by_id(folder)))

    assert world.paths() == {"a"}
    assert world.types()[events:] == ["item.restore"]


def test_what_is_gone_is_not_found_by_the_rest_of_the_batch(world: World) -> None:
    folder = world.folder("a")

    with pytest.raises(NotFound):
        world.publish(
            world.ann,
            Upload(parent=by_id(folder), name="in", facts=Facts()),
            Delete(item=by_id(folder)),
            Upload(parent=by_id(folder), name="late", facts=Facts()),
        )

    assert world.paths() == {"a"}
