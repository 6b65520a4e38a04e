"""Changes that are held to something: a revision, a place, a folder that nobody else changes."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id
from wakeful.core.changes import (
    ById,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Made,
    Move,
    NewVersion,
    Restore,
    Tell,
    Trash,
    Upload,
)
from wakeful.core.errors import (
    Forbidden,
    InvalidName,
    NameTaken,
    NotEmpty,
    NotFound,
    Outdated,
    RootStays,
)
from wakeful.core.events import ONLY_ALL, ItemEvent
from wakeful.core.items import Kind
from wakeful.core.people import Role
from wakeful.core.terms import Terms

FACTS = Facts(size=1)


@pytest.fixture
def world() -> World:
    return World()


def changes_of(file: ById, folder: ById, only_if: tuple[int, ...] | None) -> list[Change]:
    return [
        NewVersion(item=file, facts=FACTS, only_if=only_if),
        Move(item=file, name="b", only_if=only_if),
        Move(item=file, name="a", only_if=only_if),
        Trash(item=file, only_if=only_if),
        Trash(item=folder, only_if=only_if),
    ]


@pytest.mark.parametrize("index", range(5))
def test_a_change_of_what_is_not_as_expected_is_refused(world: World, index: int) -> None:
    file, folder = world.file("a"), world.folder("f")
    change = changes_of(by_id(file), by_id(folder), (7, 9))[index]
    before = world.journal(), world.count()

    with pytest.raises(Outdated):
        world.do(change)

    assert (world.journal(), world.count()) == before


@pytest.mark.parametrize("index", range(5))
def test_a_change_of_what_is_as_expected_is_made(world: World, index: int) -> None:
    file, folder = world.file("a"), world.folder("f")

    world.do(changes_of(by_id(file), by_id(folder), (7, 0))[index])


def test_a_file_that_must_be_new_replaces_nothing(world: World) -> None:
    file, folder = world.file("a"), world.folder("f")

    for present in (file, folder):
        with pytest.raises(NameTaken) as caught:
            world.do(Upload(parent=world.home(), name=present.name, facts=FACTS, overwrite=False))
        assert (caught.value.item, caught.value.wanted) == (present, Kind.FILE)

    made = world.do(Upload(parent=world.home(), name="b", facts=FACTS, overwrite=False))
    assert world.paths() == {"a", "f", "b"}
    assert made.name == "b"


def test_a_conflict_of_names_says_what_was_wanted(world: World) -> None:
    file, folder = world.file("a"), world.folder("f")
    wishes: list[tuple[Change, Kind]] = [
        (CreateFolder(parent=world.home(), name="a"), Kind.FOLDER),
        (Move(item=by_id(folder), name="a"), Kind.FOLDER),
        (Move(item=by_id(file), name="f"), Kind.FILE),
        (Copy(item=by_id(folder), parent=world.home(), name="a"), Kind.FOLDER),
    ]

    for change, wanted in wishes:
        with pytest.raises(NameTaken) as caught:
            world.do(change)
        assert caught.value.wanted is wanted


def test_a_folder_may_have_to_be_empty_to_go(world: World) -> None:
    full, empty = world.folder("full"), world.folder("empty")
    below, file = world.file("full/a"), world.file("b")

    with pytest.raises(NotEmpty):
        world.do(Trash(item=by_id(full), recursive=False))
    world.do(Trash(item=by_id(empty), recursive=False))
    world.do(Trash(item=by_id(file), recursive=False))
    world.do(Trash(item=by_id(below)))
    world.do(Trash(item=by_id(full), recursive=False))

    assert world.paths() == set()


def test_only_what_is_in_the_trash_itself_is_purged(world: World) -> None:
    folder, below, other = world.folder("f"), world.file("f/a"), world.file("b")
    world.do(Trash(item=by_id(folder)))

    for item in (below, other):
        with pytest.raises(NotFound):
            world.publish(world.ann, Delete(item=by_id(item), from_trash=True))
    count = world.count()
    world.publish(world.ann, Delete(item=by_id(folder), from_trash=True))

    assert world.count() == count
    assert world.paths() == {"b"}


# --- coming back ---


def test_what_comes_back_to_its_place_has_its_own_name(world: World) -> None:
    file, other = world.file("f/a"), world.folder("other")
    world.do(Trash(item=by_id(file)))

    world.do(Restore(item=by_id(file), parent=by_id(other), name="b", if_needed=True))

    assert world.paths() == {"f", "f/a", "other"}


def test_what_comes_back_to_a_taken_name_has_the_other(world: World) -> None:
    file, other = world.file("f/a"), world.folder("other")
    world.do(Trash(item=by_id(file)))
    world.file("f/a")

    world.do(Restore(item=by_id(file), parent=by_id(other), name="b", if_needed=True))

    assert world.paths() == {"f", "f/a", "f/b", "other"}


def test_what_comes_back_from_a_folder_that_is_gone_has_the_other_place(world: World) -> None:
    file, folder, other = world.file("f/a"), world.at("f"), world.folder("other")
    world.do(Trash(item=by_id(file)))
    world.do(Trash(item=by_id(folder)))

    with pytest.raises(NotFound):
        world.do(Restore(item=by_id(file), name="b", if_needed=True))
    world.do(Restore(item=by_id(file), parent=by_id(other), name="b", if_needed=True))

    assert world.paths() == {"other", "other/a"}


def test_a_name_that_is_not_needed_is_still_judged(world: World) -> None:
    file = world.file("a")
    world.do(Trash(item=by_id(file)))

    with pytest.raises(InvalidName):
        world.do(Restore(item=by_id(file), name="a/b", if_needed=True))


# --- terms ---


def test_nothing_happens_in_a_watched_folder(world: World) -> None:
    home = world.shared(world.ann, "Mine")
    folder, file, gone = world.folder("f"), world.file("a"), world.file("gone")
    elsewhere = by_id(world.root(home))
    world.do(Trash(item=by_id(gone)))
    terms = Terms(watched=frozenset({world.ann.home}))
    wishes: list[Change] = [
        CreateFolder(parent=by_id(folder), name="x"),
        Upload(parent=by_id(folder), name="x", facts=FACTS),
        NewVersion(item=by_id(file), facts=FACTS),
        Move(item=by_id(file), name="x"),
        Move(item=by_id(file), parent=elsewhere),
        Copy(item=by_id(file), parent=by_id(folder)),
        Copy(item=by_id(file), parent=elsewhere),
        Trash(item=by_id(file)),
        Restore(item=by_id(gone)),
        Delete(item=by_id(gone)),
    ]
    before = world.journal(), world.journal(home), world.count()

    for change in wishes:
        with pytest.raises(Forbidden, match="watched folder"):
            world.publish(world.ann, change, terms=terms)
    assert (world.journal(), world.journal(home), world.count()) == before

    world.publish(world.ann, CreateFolder(parent=elsewhere, name="x"), terms=terms)
    assert world.paths(home) == {"x"}


def test_whoever_may_not_know_of_a_watched_folder_does_not_learn_of_it(world: World) -> None:
    folder = world.folder("f")
    terms = Terms(watched=frozenset({world.ann.home}))

    with pytest.raises(NotFound):
        world.publish(world.bob, CreateFolder(parent=by_id(folder), name="x"), terms=terms)


def test_a_viewer_hears_that_they_are_one_first(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    terms = Terms(watched=frozenset({team}))

    change = CreateFolder(parent=by_id(world.root(team)), name="x")
    with pytest.raises(Forbidden, match="viewer"):
        world.publish(world.bob, change, terms=terms)


def test_everything_happens_within_what_it_is_restricted_to(world: World) -> None:
    inner, outer = world.folder("inner"), world.folder("outer")
    inside, outside = world.file("inner/a"), world.file("outer/b")
    terms = Terms(within=inner.id)
    wishes: list[Change] = [
        CreateFolder(parent=by_id(outer), name="x"),
        CreateFolder(parent=world.home(), name="x"),
        Move(item=by_id(outside), name="x"),
        Move(item=by_id(inside), parent=by_id(outer)),
        Copy(item=by_id(outside), parent=by_id(inner)),
        Copy(item=by_id(inside), parent=by_id(outer)),
        Trash(item=by_id(outer)),
        Tell(type="X", classes=ONLY_ALL, item=by_id(outside)),
    ]

    for change in wishes:
        with pytest.raises(NotFound):
            world.publish(world.ann, change, terms=terms)

    world.publish(
        world.ann,
        CreateFolder(parent=by_id(inner), name="x"),
        Move(item=by_id(inside), parent=Made(0)),
        terms=terms,
    )
    assert world.paths() == {"inner", "outer", "inner/x", "inner/x/a", "outer/b"}


def test_an_event_says_where_its_actor_was(world: World) -> None:
    world.publish(
        world.ann, CreateFolder(parent=world.home(), name="x"), terms=Terms(ip="192.0.2.7")
    )

    assert (world.last().type, world.last().ip) == (ItemEvent.CREATE, "192.0.2.7")


def test_a_copy_names_the_same_content_and_a_claim_names_none(world: World) -> None:
    stored = Facts(size=1, sha1="aa", content="c" * 64)
    file = world.do(Upload(parent=world.home(), name="a", facts=stored))
    assert file.content == "c" * 64

    copy = world.do(Copy(item=by_id(file), parent=world.home(), name="b"))
    claimed = world.do(NewVersion(item=by_id(file), facts=Facts(size=1, sha1="aa")))

    assert (copy.content, claimed.content) == ("c" * 64, "")


def test_a_root_stays(world: World) -> None:
    team = by_id(world.root(world.shared(world.ann, "Team")))
    folder = by_id(world.folder("folder"))
    home = world.home()
    wishes: list[Change] = [
        Move(item=home, name="x"),
        Move(item=team, parent=folder),
        Copy(item=home, parent=folder),
        Trash(item=home),
        Delete(item=home),
        Delete(item=team),
    ]

    for change in wishes:
        with pytest.raises(RootStays):
            world.do(change)


def test_where_names_fold_one_in_another_case_is_taken(world: World) -> None:
    terms = Terms(folds=True)
    file, folder, other = world.file("a"), world.folder("f"), world.file("b")
    team = world.shared(world.ann, "Team")
    mine, elsewhere = world.file("A.txt", namespace=team), world.home("f")
    world.folder("F")  # beside f, for those who tell cases apart
    before = world.tree()
    changes: tuple[tuple[Change, int], ...] = (
        (CreateFolder(parent=world.home(), name="A"), file.id),
        (Upload(parent=world.home(), name="A", facts=FACTS, overwrite=False), file.id),
        (Move(item=by_id(other), name="A"), file.id),
        (Copy(item=by_id(folder), parent=world.home(), name="A"), file.id),
        (Copy(item=by_id(folder), parent=world.home(), name="TEAM"), world.root(team).id),
        (Move(item=by_id(mine), parent=world.home(), name="A"), file.id),
    )
    for change, taken in changes:
        with pytest.raises(NameTaken) as refused:
            world.publish(world.ann, change, terms=terms)
        assert refused.value.item.id == taken

    assert world.tree() == before
    world.publish(world.ann, Move(item=by_id(other), name="B"), terms=terms)
    world.publish(world.ann, Copy(item=elsewhere, parent=world.home(), name="g"), terms=terms)


def test_a_folder_is_copied_with_names_that_differ_by_case_even_where_names_fold(
    world: World,
) -> None:
    folder = world.folder("f")
    for name in ("f/a", "f/A"):
        world.file(name)

    world.publish(
        world.ann, Copy(item=by_id(folder), parent=world.home(), name="g"), terms=Terms(folds=True)
    )

    assert {"g/a", "g/A"} <= world.paths()
