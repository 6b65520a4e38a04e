"""How a folder of a home is shared, named, and ends."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core.changes import (
    ById,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Restore,
    Trash,
)
from wakeful.core.errors import Forbidden, NameTaken, NotEmpty, NotFound, Outdated, RootStays
from wakeful.core.lookups.people import Members, MembershipsOf, NamespaceById, Namespaces
from wakeful.core.lookups.trees import Trashed
from wakeful.core.members import invite
from wakeful.core.people import Role, User
from wakeful.core.terms import Terms


@pytest.fixture
def world() -> World:
    return World()


def mounts(world: World, user: User) -> dict[str, int | None]:
    return {row.path: row.item for row in world.journal(user.home) if row.mount is not None}


def shared(world: World) -> list[int]:
    return [each.id for each in world.ask(Namespaces(world.enterprise)) if not each.is_home]


# --- a folder becomes a namespace ---


def test_a_folder_keeps_its_id_and_all_that_is_in_it(world: World) -> None:
    file = world.file("Docs/old/a.txt")
    docs = world.at("Docs")
    gone = world.file("Docs/gone.txt")
    world.do(Trash(item=by_id(gone)))
    number = world.journal_head()

    member = world.share(by_id(docs), world.bob)

    root = world.item(docs.id)
    assert (root.parent, root.revision, root.name) == (None, docs.revision, "Docs")
    assert world.paths(member.namespace) == {"old", "old/a.txt"}
    assert world.at("old/a.txt", member.namespace).id == file.id
    for id in (docs.id, file.id, gone.id):
        assert world.item(id).namespace == member.namespace
    assert world.paths() == set()
    assert mounts(world, world.ann) == mounts(world, world.bob) == {"docs": docs.id}
    assert world.live(member.namespace).keys() == {"old", "old/a.txt"}
    rows = [(row.path, row.item, row.mount) for row in world.journal(after=number)]
    assert rows == [
        ("docs/old", None, None),
        ("docs/old/a.txt", None, None),
        ("docs", docs.id, member.namespace),
    ]
    assert world.do(Restore(item=by_id(gone))).parent == docs.id


def test_what_happens_in_it_is_told_to_both_from_then_on(world: World) -> None:
    docs = world.folder("Docs")

    member = world.share(by_id(docs), world.bob, Role.EDITOR)
    file = world.file("a.txt", namespace=member.namespace)
    world.publish(world.bob, NewVersion(item=by_id(file), facts=Facts(size=2)))

    assert world.types() == ["item.create", "member.add", "item.upload", "item.upload"]
    assert world.types(world.bob) == ["member.add", "item.upload", "item.upload"]
    assert snapshot(world.last(world.bob)).owned_by.login == "ann"
    roles = {each.user: each.role for each in world.ask(Members(member.namespace))}
    assert roles == {world.ann.id: Role.OWNER, world.bob.id: Role.EDITOR}


def test_who_is_let_in_next_joins_the_same_namespace(world: World) -> None:
    docs = world.folder("Docs")

    first = world.share(by_id(docs), world.bob)
    second = world.share(by_id(docs), world.eve, by=world.bob)

    assert first.namespace == second.namespace
    assert len(world.ask(Members(first.namespace))) == 3


def test_a_folder_with_a_taken_name_keeps_its_place_in_the_journal(world: World) -> None:
    world.folder("docs")
    other = world.folder("DOCS")

    world.share(by_id(other), world.bob)

    assert mounts(world, world.ann) == {"docs (case conflict)": other.id}
    assert mounts(world, world.bob) == {"docs": other.id}


def test_only_a_folder_at_the_top_of_ones_own_home_can_be_shared(world: World) -> None:
    deep = world.folder("a/b")
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    inner = world.folder("inner", namespace=team)
    watched = Terms(frozenset({world.ann.home}))

    for folder, why in (
        (deep, "at the top"),
        (inner, "in a shared one"),
        (world.root(world.ann.home), "a home"),
    ):
        with pytest.raises(Forbidden, match=why):
            world.share(by_id(folder), world.eve)
    with pytest.raises(NotFound):
        world.share(by_id(deep), world.eve, by=world.bob)
    with pytest.raises(Forbidden, match="watched"):
        world.acting(
            lambda batch: invite(batch, by_id(world.at("a")), world.eve, Role.EDITOR), terms=watched
        )

    assert shared(world) == [team]
    assert world.paths() == {"a", "a/b"}


# --- its name ---


def test_a_shared_folder_gets_another_name_for_everybody(world: World) -> None:
    docs = world.folder("Docs")
    team = world.share(by_id(docs), world.bob).namespace
    taken = world.do(
        CreateFolder(parent=ById(world.root(world.bob.home).id), name="PAPERS"), world.bob
    )

    named = world.do(Move(item=by_id(docs), name="papers"))

    assert (named.name, named.revision) == ("papers", docs.revision + 1)
    assert mounts(world, world.ann) == {"papers": docs.id}
    assert mounts(world, world.bob) == {"papers (case conflict)": docs.id}
    assert world.live(world.bob.home) == {"papers": taken.id}
    keys = {each.user: each.mount_key for each in world.ask(Members(team))}
    assert keys == {world.ann.id: "papers", world.bob.id: "papers (case conflict)"}
    for user in (world.ann, world.bob):
        event = world.last(user)
        assert (event.type, snapshot(event).name) == ("item.rename", "papers")
        assert event.whence is not None
        assert event.whence.names == ("Docs",)


def test_another_case_of_a_name_leaves_the_mounts_where_they_are(world: World) -> None:
    docs = world.folder("Docs")
    world.share(by_id(docs), world.bob)
    number = world.journal_head(world.bob.home)

    world.do(Move(item=by_id(docs), name="DOCS"))

    (row,) = world.journal(world.bob.home, number)
    assert (row.path, row.spelling, row.item) == ("docs", "DOCS", docs.id)


def test_the_same_name_again_changes_nothing(world: World) -> None:
    docs = world.folder("Docs")
    world.share(by_id(docs), world.bob)
    number, home = world.count(), ById(world.root(world.ann.home).id)

    same = world.do(Move(item=by_id(docs), parent=home, name="Docs"))

    assert same == world.item(docs.id)
    assert world.count() == number


def test_only_who_decides_on_members_names_the_folder(world: World) -> None:
    docs = world.folder("Docs")
    team = world.share(by_id(docs), world.bob, Role.CO_OWNER).namespace
    world.share(by_id(docs), world.eve, Role.EDITOR)
    mine = ById(world.root(world.bob.home).id)

    with pytest.raises(Forbidden):
        world.do(Move(item=by_id(docs), name="x"), world.eve)
    with pytest.raises(RootStays):
        world.do(Move(item=by_id(docs), parent=ById(world.folder("a").id)))
    named = world.do(Move(item=by_id(docs), parent=mine, name="y"), world.bob)

    assert (named.name, named.modified_by) == ("y", world.bob.id)
    assert world.root(team).name == "y"


def test_a_name_that_is_taken_at_the_top_of_ones_home_is_refused(world: World) -> None:
    docs = world.folder("Docs")
    world.folder("taken")
    world.share(by_id(docs), world.bob)

    with pytest.raises(NameTaken):
        world.do(Move(item=by_id(docs), name="taken"))


def test_a_shared_folder_can_be_copied_and_not_into_itself(world: World) -> None:
    docs = world.folder("Docs")
    world.file("Docs/a.txt")
    world.share(by_id(docs), world.bob)

    world.do(Copy(item=by_id(docs), parent=world.home(), name="Copy"))

    assert world.paths() == {"Copy", "Copy/a.txt"}


# --- its end ---


def test_in_the_trash_it_is_the_folder_of_its_owner_again(world: World) -> None:
    file = world.file("Docs/a.txt")
    docs = world.at("Docs")
    team = world.share(by_id(docs), world.bob).namespace

    gone = world.do(Trash(item=by_id(docs)))

    for user in (world.ann, world.bob):
        assert world.last(user).type == "item.trash"
        assert snapshot(world.last(user)).revision == gone.revision == docs.revision + 1
        assert mounts(world, user) == {}
        assert [each.namespace for each in world.ask(MembershipsOf(user.id))] == [user.home]
    assert world.ask(NamespaceById(team)) is None
    assert world.ask(Members(team)) == ()
    assert world.live(team) == {}
    assert world.ask(Trashed((world.ann.home,), 0, 10)) == (gone,)
    assert world.item(file.id).namespace == world.ann.home
    with pytest.raises(NotFound):
        world.do(Restore(item=by_id(docs)), world.bob)

    world.do(Restore(item=by_id(docs)))

    assert world.paths() == {"Docs", "Docs/a.txt"}
    assert world.live().keys() == {"docs", "docs/a.txt"}
    assert world.types(world.bob)[-1] == "item.trash"


def test_it_is_removed_for_good_from_the_trash(world: World) -> None:
    docs = world.folder("Docs")
    world.share(by_id(docs), world.bob)
    world.do(Trash(item=by_id(docs)))

    world.publish(world.ann, Delete(item=by_id(docs), from_trash=True))

    assert world.paths() == set()
    assert world.ask(Trashed((world.ann.home,), 0, 10)) == ()


@pytest.mark.parametrize("role", [Role.CO_OWNER, Role.EDITOR])
def test_nobody_but_its_owner_deletes_it(world: World, role: Role) -> None:
    docs = world.folder("Docs")
    team = world.share(by_id(docs), world.bob, role).namespace

    with pytest.raises(Forbidden, match="owner"):
        world.do(Trash(item=by_id(docs)), world.bob)

    assert shared(world) == [team]


def test_what_it_must_be_to_be_deleted_is_judged_as_of_any_folder(world: World) -> None:
    world.file("Docs/a.txt")
    docs = world.at("Docs")
    team = world.share(by_id(docs), world.bob).namespace

    with pytest.raises(NotEmpty):
        world.do(Trash(item=by_id(docs), recursive=False))
    with pytest.raises(Outdated):
        world.do(Trash(item=by_id(docs), only_if=(docs.revision + 1,)))

    assert shared(world) == [team]


def test_what_a_watched_folder_fills_is_neither_named_nor_ended(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    root = by_id(world.root(team))
    watched = Terms(frozenset({team}), done=frozenset({team}))

    for change in (Move(item=root, name="x"), Trash(item=root)):
        with pytest.raises(Forbidden, match="watched"):
            world.publish(world.ann, change, terms=watched)

    assert shared(world) == [team]
    assert world.root(team).name == "Team"
