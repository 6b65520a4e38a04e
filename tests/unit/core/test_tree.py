"""Making, changing, moving and copying items: the tree, the journal and the feed afterwards."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core.accounts import remove_member
from wakeful.core.changes import (
    Baseline,
    BaselineEntry,
    ById,
    ByPath,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Made,
    Move,
    NewVersion,
    Observe,
    Ref,
    Trash,
    Upload,
)
from wakeful.core.errors import (
    Forbidden,
    ImpossibleMove,
    InvalidName,
    InvalidRequest,
    NameTaken,
    NotFound,
    WakefulError,
)
from wakeful.core.events import ItemEvent, Whence
from wakeful.core.items import Item, Kind, Seen
from wakeful.core.names import DEEPEST
from wakeful.core.people import Role


@pytest.fixture
def world() -> World:
    return World()


def facts(size: int) -> Facts:
    return Facts(size=size)


# --- making ---


def test_a_new_folder_is_in_the_tree_the_journal_and_the_feed(world: World) -> None:
    item = world.do(CreateFolder(parent=world.home(), name="Docs", at=5))

    assert world.tree() == {"Docs": item}
    assert world.live() == {"docs": item.id}
    assert world.types() == [ItemEvent.CREATE]
    assert (item.kind, item.revision, item.version, item.created_at) == (Kind.FOLDER, 0, 0, 5)


def test_a_new_file_has_the_facts_that_are_known_of_it(world: World) -> None:
    known = Facts(size=9, sha1="aa", content_hash="bb", content_created_at=1, content_modified_at=2)

    item = world.do(Upload(parent=world.home(), name="a.txt", facts=known, at=5))

    assert world.types() == [ItemEvent.UPLOAD]
    assert (item.size, item.sha1, item.content_hash) == (9, "aa", "bb")
    assert (item.content_created_at, item.content_modified_at) == (1, 2)
    assert (item.created_at, item.modified_at, item.revision) == (5, 5, 0)
    assert item.version not in (0, item.id)


def test_what_is_not_known_of_a_file_is_taken_from_the_time_of_the_change(world: World) -> None:
    item = world.do(Upload(parent=world.home(), name="a.txt", facts=facts(1), at=5))
    later = world.do(Upload(parent=world.home(), name="a.txt", facts=facts(2), at=7))

    assert (item.content_created_at, item.content_modified_at) == (5, 5)
    assert (later.content_created_at, later.content_modified_at) == (5, 7)


def test_an_upload_over_a_file_is_a_new_version_of_it(world: World) -> None:
    first = world.file("a.txt", 1)
    number = world.journal_head()

    second = world.file("a.txt", 2)

    assert (second.id, second.revision, second.size) == (first.id, 1, 2)
    assert second.version != first.version
    assert world.types() == [ItemEvent.UPLOAD, ItemEvent.UPLOAD]
    assert world.live(after=number) == {"a.txt": first.id}


def test_a_new_version_is_a_change_of_the_file(world: World) -> None:
    file = world.file("a.txt")

    changed = world.do(NewVersion(item=by_id(file), facts=Facts(size=7, sha1="cc"), at=9))

    assert (changed.size, changed.sha1, changed.revision, changed.modified_at) == (7, "cc", 1, 9)
    assert world.types() == [ItemEvent.UPLOAD, ItemEvent.UPLOAD]


def test_a_folder_has_no_content(world: World) -> None:
    folder = world.folder("Docs")

    with pytest.raises(InvalidRequest) as caught:
        world.do(NewVersion(item=by_id(folder), facts=facts(1)))

    assert caught.value.field == "item"


def test_a_file_cannot_take_the_place_of_a_folder(world: World) -> None:
    folder = world.folder("Docs")

    with pytest.raises(NameTaken) as caught:
        world.file("Docs")

    assert caught.value.item.id == folder.id


@pytest.mark.parametrize("taken_by", ["folder", "file"])
def test_a_folder_cannot_take_the_name_of_another_item(world: World, taken_by: str) -> None:
    taken = world.folder("x") if taken_by == "folder" else world.file("x")

    with pytest.raises(NameTaken) as caught:
        world.do(CreateFolder(parent=world.home(), name="x"))

    assert caught.value.item.id == taken.id


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\0b", "\ud800"])
def test_a_name_that_no_item_can_have_changes_nothing(world: World, name: str) -> None:
    file = world.file("a.txt")
    seen = Seen(inode=1, size=1, mtime_ns=1)
    changes: list[Change] = [
        CreateFolder(parent=world.home(), name=name),
        CreateFolder(parent=ByPath(world.ann.home, (name,)), name="b", parents=True),
        Upload(parent=world.home(), name=name, facts=facts(1)),
        Move(item=by_id(file), name=name),
        Copy(item=by_id(file), parent=world.home(), name=name),
        Baseline(parent=world.home(), entries=(BaselineEntry(Kind.FILE, name, facts(1), seen),)),
    ]

    for change in changes:
        with pytest.raises(InvalidName):
            world.do(change)

    assert world.paths() == {"a.txt"}
    assert len(world.events()) == 1


def test_folders_that_are_missing_are_made_on_the_way_and_each_is_told(world: World) -> None:
    world.folder("a")

    world.file("a/b/c/d.txt")

    assert world.paths() == {"a", "a/b", "a/b/c", "a/b/c/d.txt"}
    assert world.types() == [ItemEvent.CREATE] * 3 + [ItemEvent.UPLOAD]


def test_without_leave_no_folder_is_made_on_the_way(world: World) -> None:
    with pytest.raises(NotFound, match="no item at /a"):
        world.do(Upload(parent=world.home("a/b"), name="c.txt", facts=facts(1)))

    assert world.paths() == set()


@pytest.mark.parametrize("parents", [True, False])
@pytest.mark.parametrize("below", ["a.txt", "a.txt/b", "a.txt/b/c"])
def test_nothing_is_made_below_a_file(world: World, below: str, *, parents: bool) -> None:
    world.file("a.txt")

    with pytest.raises((InvalidRequest, NotFound)):
        world.do(Upload(parent=world.home(below), name="x.txt", facts=facts(1), parents=parents))

    assert world.paths() == {"a.txt"}


def test_parents_are_no_matter_where_the_folder_is_named_by_id(world: World) -> None:
    folder = world.folder("a")

    world.do(CreateFolder(parent=by_id(folder), name="b", parents=True))

    assert world.paths() == {"a", "a/b"}


def test_no_item_is_deeper_than_the_limit(world: World) -> None:
    deepest = "/".join(["d"] * DEEPEST)
    world.folder(deepest)

    with pytest.raises(InvalidName):
        world.do(CreateFolder(parent=world.home(deepest), name="d"))

    assert deepest in world.paths()


# --- naming items ---


def test_a_change_names_its_item_by_id_by_path_or_as_made_before(world: World) -> None:
    folder = world.folder("a")
    refs: tuple[Ref, ...] = (by_id(folder), world.home("a"))

    published = world.publish(
        world.ann,
        *(Upload(parent=ref, name="in.txt", facts=facts(1)) for ref in refs),
        Upload(parent=world.home("b"), name="out.txt", facts=facts(1), parents=True),
        Move(item=Made(2), parent=world.home("a")),
        Trash(item=Made(0)),
    )

    first, second, out, moved, trashed = (item.id for item in published.applied.items if item)
    assert first == second == trashed
    assert out == moved
    assert world.paths() == {"a", "a/out.txt", "b"}


@pytest.mark.parametrize("index", [-1, 1, 2])
def test_a_change_can_name_only_an_earlier_one(world: World, index: int) -> None:
    with pytest.raises(InvalidRequest, match="earlier"):
        world.publish(
            world.ann,
            CreateFolder(parent=world.home(), name="a"),
            CreateFolder(parent=Made(index), name="b"),
        )

    assert world.paths() == set()


def test_what_is_gone_cannot_be_named_by_the_change_that_made_it_go(world: World) -> None:
    file = world.file("a.txt")

    with pytest.raises(InvalidRequest, match="left no item"):
        world.publish(world.ann, Delete(item=by_id(file)), Trash(item=Made(0)))


def test_a_baseline_stands_for_the_folder_that_it_fills(world: World) -> None:
    folder = world.folder("a")

    published = world.publish(
        world.ann,
        Baseline(parent=by_id(folder), entries=()),
        CreateFolder(parent=Made(0), name="b"),
    )

    assert published.applied.items[0] == folder
    assert "a/b" in world.paths()


@pytest.mark.parametrize("ref", [ById(999_999), ByPath(999_999, ()), ByPath(999_999, ("a",))])
def test_what_is_not_there_is_not_found(world: World, ref: Ref) -> None:
    with pytest.raises(NotFound):
        world.do(Trash(item=ref))


def test_paths_are_exact(world: World) -> None:
    world.file("Read.me")

    with pytest.raises(NotFound):
        world.do(Trash(item=world.home("read.me")))


# --- moving ---


def test_a_new_name_is_a_rename(world: World) -> None:
    file = world.file("a.txt")
    number = world.journal_head()

    renamed = world.do(Move(item=by_id(file), name="b.txt", at=9))

    assert world.types()[-1] == "item.rename"
    assert (renamed.id, renamed.name, renamed.revision) == (file.id, "b.txt", 1)
    assert (renamed.modified_at, renamed.content_modified_at) == (9, file.content_modified_at)
    assert [(row.path, row.item) for row in world.journal(after=number)] == [
        ("a.txt", None),
        ("b.txt", file.id),
    ]


def test_a_new_parent_is_a_move_whatever_the_name(world: World) -> None:
    folder = world.folder("x")
    file = world.file("a.txt")

    moved = world.do(Move(item=by_id(file), parent=by_id(folder), name="b.txt"))

    assert world.types()[-1] == "item.move"
    assert moved.parent == folder.id
    assert world.paths() == {"x", "x/b.txt"}
    assert [folder.name for folder in snapshot(world.last()).path] == ["All Files", "x"]


def test_what_was_renamed_moved_or_copied_is_told_with_where_it_came_from(world: World) -> None:
    team = world.shared(world.ann, "Team")
    file = world.file("docs/a.txt")
    world.do(CreateFolder(parent=world.home(), name="Safe"))

    world.do(Move(item=ById(file.id), name="b.txt"))
    renamed = world.last().whence
    world.do(Move(item=ById(file.id), parent=world.home("Safe")))
    moved = world.last().whence
    world.do(Copy(item=ById(file.id), parent=ByPath(team, ())))
    copied = world.last().whence

    home = world.ann.home
    assert renamed == Whence(file.id, home, True, ("All Files", "docs", "a.txt"))
    assert moved == Whence(file.id, home, True, ("All Files", "docs", "b.txt"))
    assert copied == Whence(file.id, home, True, ("All Files", "Safe", "b.txt"))


def test_a_folder_moves_with_all_that_is_in_it_in_one_event(world: World) -> None:
    world.file("a/b/c.txt")
    world.folder("x")
    number, events = world.journal_head(), world.count()

    world.do(Move(item=world.home("a"), parent=world.home("x"), name="A2"))

    assert world.paths() == {"x", "x/A2", "x/A2/b", "x/A2/b/c.txt"}
    assert set(world.live()) == {"x", "x/a2", "x/a2/b", "x/a2/b/c.txt"}
    assert [row.path for row in world.journal(after=number)] == [
        "a",
        "a/b",
        "a/b/c.txt",
        "x/a2",
        "x/a2/b",
        "x/a2/b/c.txt",
    ]
    assert world.count() == events + 1


def test_a_change_of_case_renumbers_the_folder_with_all_below(world: World) -> None:
    world.file("a/b.txt")
    number = world.journal_head()

    world.do(Move(item=world.home("a"), name="A"))

    assert world.paths() == {"A", "A/b.txt"}
    assert [row.path for row in world.journal(after=number)] == ["a", "a/b.txt"]
    assert all(row.item is not None for row in world.journal())


def test_a_move_to_where_it_is_is_no_change(world: World) -> None:
    file = world.file("a.txt")
    number, events = world.journal_head(), world.count()

    same = world.do(Move(item=by_id(file), parent=world.home(), name="a.txt"))

    assert same == file
    assert (world.journal_head(), world.count()) == (number, events)


def test_a_move_to_where_it_is_keeps_what_its_source_saw(world: World) -> None:
    file = world.file("a.txt")
    seen = Seen(inode=2, size=1, mtime_ns=3)

    world.do(Move(item=by_id(file), name="a.txt", seen=seen))

    assert world.item(file.id).seen == seen


def test_a_move_replaces_what_a_source_saw_only_with_something(world: World) -> None:
    seen, later = Seen(inode=1, size=1, mtime_ns=1), Seen(inode=2, size=1, mtime_ns=1)
    file = world.do(Upload(parent=world.home(), name="a", facts=facts(1), seen=seen))

    renamed = world.do(Move(item=by_id(file), name="b"))
    again = world.do(Move(item=by_id(file), name="c", seen=later))

    assert (renamed.seen, again.seen) == (seen, later)


@pytest.mark.parametrize("into", ["a", "a/b", "a/b/c"])
@pytest.mark.parametrize("kind", [Move, Copy])
def test_a_folder_does_not_go_into_itself(
    world: World, kind: type[Move] | type[Copy], into: str
) -> None:
    world.folder("a/b/c")

    with pytest.raises(ImpossibleMove, match="into itself"):
        world.do(kind(item=world.home("a"), parent=world.home(into), name="x"))

    assert world.paths() == {"a", "a/b", "a/b/c"}


def test_the_root_stays_where_it_is(world: World) -> None:
    folder = world.folder("a")
    changes: list[Change] = [
        Move(item=world.home(), name="x"),
        Move(item=world.home(), parent=by_id(folder)),
        Copy(item=world.home(), parent=by_id(folder)),
        Trash(item=world.home()),
        Delete(item=world.home()),
    ]

    for change in changes:
        with pytest.raises(ImpossibleMove):
            world.do(change)

    assert world.root(world.ann.home).revision == 0


@pytest.mark.parametrize("kind", [Move, Copy])
def test_a_name_that_is_taken_stays_with_its_item(
    world: World, kind: type[Move] | type[Copy]
) -> None:
    file, taken = world.file("a.txt"), world.file("x/b.txt")

    with pytest.raises(NameTaken) as caught:
        world.do(kind(item=by_id(file), parent=world.home("x"), name="b.txt"))

    assert caught.value.item.id == taken.id
    assert world.paths() == {"a.txt", "x", "x/b.txt"}


@pytest.mark.parametrize("kind", [Move, Copy])
def test_nothing_goes_into_a_file(world: World, kind: type[Move] | type[Copy]) -> None:
    world.file("a.txt")
    world.file("b.txt")

    with pytest.raises(InvalidRequest, match="no folder"):
        world.do(kind(item=world.home("a.txt"), parent=world.home("b.txt")))


def test_a_move_cannot_put_what_is_below_deeper_than_the_limit(world: World) -> None:
    half = "/".join(["d"] * (DEEPEST // 2))
    world.file("x/" + half)
    world.folder(half)

    with pytest.raises(InvalidName):
        world.do(Move(item=world.home("x"), parent=world.home(half)))
    world.do(Move(item=world.home("x"), parent=world.home(half.removesuffix("/d"))))

    assert max(path.count("/") for path in world.paths()) == DEEPEST - 1


def test_a_move_counts_the_levels_of_however_many_folders(world: World) -> None:
    deep = "/".join(["d"] * (DEEPEST - 1))
    world.folder(deep)
    entries = tuple(entry(Kind.FOLDER, f"{n:03}") for n in range(500))
    wide = world.folder("wide")
    world.publish(world.ann, Baseline(parent=by_id(wide), entries=entries))

    moved = world.do(Move(item=by_id(wide), parent=world.home("d/d")))
    with pytest.raises(InvalidName):
        world.do(Move(item=by_id(wide), parent=world.home(deep)))
    world.folder("d/d/wide/zzz/in")
    with pytest.raises(InvalidName):
        world.do(Move(item=by_id(wide), parent=world.home(deep.removesuffix("/d"))))

    assert world.item(wide.id) == moved


def test_a_move_upwards_never_meets_the_limit(world: World) -> None:
    world.folder("/".join(["d"] * DEEPEST))

    moved = world.do(Move(item=world.home("d/d"), parent=world.home(), name="e"))

    assert moved.parent == world.root(world.ann.home).id


# --- moving between namespaces ---


def test_a_file_that_changes_namespace_goes_for_some_and_comes_for_others(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    file = world.file("a.txt")

    moved = world.do(Move(item=by_id(file), parent=ByPath(team, ()), name="b.txt", at=9))

    assert world.types(world.bob)[-1] == "item.upload"
    assert world.types(world.ann)[-2:] == ["item.trash", "item.upload"]
    gone, come = world.events()[-2:]
    assert gone.correlation == come.correlation
    assert gone.correlation is not None
    assert snapshot(gone).namespace == world.ann.home
    assert (snapshot(gone).trashed_at, snapshot(gone).revision) == (9, 1)
    assert snapshot(come).namespace == team
    assert (moved.namespace, moved.trashed_at, moved.revision) == (team, None, 2)
    assert world.paths() == set()
    assert world.live(team) == {"b.txt": file.id}
    assert [(row.path, row.item) for row in world.journal() if row.mount is None] == [
        ("a.txt", None)
    ]


def test_a_folder_that_changes_namespace_takes_along_all_that_is_in_it(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    file = world.file("a/b/c.txt")
    trashed = world.file("a/old.txt")
    world.do(Trash(item=by_id(trashed)))
    events = world.count(world.bob)

    world.do(Move(item=world.home("a"), parent=ByPath(team, ())))

    assert world.types(world.bob)[events:] == ["item.create"]
    assert world.paths() == set()
    assert world.paths(team) == {"a", "a/b", "a/b/c.txt"}
    assert world.live(team) == {path: item.id for path, item in world.tree(team).items()}
    assert world.item(file.id).namespace == team
    assert world.item(trashed.id).namespace == team
    assert world.live() == {}


def test_nobody_hears_of_a_side_of_a_move_that_is_not_theirs(world: World) -> None:
    one = world.shared(world.ann, "One", bob=Role.VIEWER)
    other = world.shared(world.ann, "Other", eve=Role.VIEWER)
    world.file("a.txt", namespace=one)

    world.do(Move(item=ByPath(one, ("a.txt",)), parent=ByPath(other, ())))

    assert world.types(world.bob)[-1] == "item.trash"
    assert [event.namespace for event in world.events(world.bob)] == [one] * 3
    assert [event.namespace for event in world.events(world.eve)] == [other] * 2


def test_a_move_between_namespaces_gives_way_to_a_name_of_other_case(world: World) -> None:
    team = world.shared(world.ann, "Team")
    world.file("A.txt", namespace=team)
    world.file("a.txt")

    moved = world.do(Move(item=world.home("a.txt"), parent=ByPath(team, ())))

    assert moved.key == "a (case conflict).txt"


@pytest.mark.parametrize(
    "roles", [(Role.VIEWER, Role.EDITOR), (Role.EDITOR, Role.VIEWER)], ids=["from", "to"]
)
def test_a_move_between_namespaces_needs_leave_on_both_sides(
    world: World, roles: tuple[Role, Role]
) -> None:
    one = world.shared(world.ann, "One", bob=roles[0])
    other = world.shared(world.ann, "Other", bob=roles[1])
    world.file("a.txt", namespace=one)

    with pytest.raises(Forbidden):
        world.do(Move(item=ByPath(one, ("a.txt",)), parent=ByPath(other, ())), world.bob)

    assert world.paths(one) == {"a.txt"}


# --- copying ---


def test_a_copy_of_a_file_is_an_item_of_its_own(world: World) -> None:
    file = world.do(
        Upload(
            parent=world.home(),
            name="a.txt",
            facts=Facts(
                size=3, sha1="aa", content_hash="bb", content_created_at=1, content_modified_at=2
            ),
            seen=Seen(inode=1, size=3, mtime_ns=2),
        )
    )

    copied = world.do(Copy(item=by_id(file), parent=world.home(), name="b.txt", at=9))

    assert world.types()[-1] == "item.copy"
    assert copied.id != file.id
    assert copied.version not in (0, file.version)
    assert (copied.size, copied.sha1, copied.content_hash) == (3, "aa", "bb")
    assert (copied.content_created_at, copied.content_modified_at) == (1, 2)
    assert (copied.created_at, copied.revision, copied.seen) == (9, 0, None)
    assert world.item(file.id) == file


def test_a_copy_of_a_folder_is_one_event_and_a_row_for_each_path(world: World) -> None:
    world.file("a/b/c.txt")
    world.file("a/d.txt")
    world.do(Trash(item=world.home("a/d.txt")))
    number, events = world.journal_head(), world.count()

    world.do(Copy(item=world.home("a"), parent=world.home(), name="z"))

    assert world.paths() == {"a", "a/b", "a/b/c.txt", "z", "z/b", "z/b/c.txt"}
    assert [row.path for row in world.journal(after=number)] == ["z", "z/b", "z/b/c.txt"]
    assert world.count() == events + 1
    assert snapshot(world.last()).name == "z"


def test_a_folder_can_be_copied_beside_itself_under_another_name(world: World) -> None:
    world.file("x/a/b.txt")

    world.do(Copy(item=world.home("x/a"), parent=world.home("x"), name="a2"))

    assert world.paths() == {"x", "x/a", "x/a/b.txt", "x/a2", "x/a2/b.txt"}


def test_a_viewer_may_copy_what_they_see_to_where_they_may_write(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    world.file("a.txt", namespace=team)

    copied = world.do(
        Copy(item=ByPath(team, ("a.txt",)), parent=ByPath(world.bob.home, ())), world.bob
    )

    assert copied.namespace == world.bob.home
    assert world.types(world.bob)[-1] == "item.copy"
    assert "item.copy" not in world.types(world.ann)


def test_many_children_are_all_copied(world: World) -> None:
    entries = tuple(
        BaselineEntry(Kind.FILE, f"{n}", facts(n), Seen(inode=n, size=n, mtime_ns=0))
        for n in range(1001)
    )
    folder = world.folder("a")
    world.publish(world.ann, Baseline(parent=by_id(folder), entries=entries))

    world.do(Copy(item=by_id(folder), parent=world.home(), name="b"))

    assert len(world.paths()) == 2 * 1001 + 2


# --- mounts ---


def test_a_path_leads_through_a_mount(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    through = ByPath(world.bob.home, ("Team", "in"))

    item = world.do(Upload(parent=through, name="a", facts=facts(1), parents=True), world.bob)

    assert item.namespace == team
    assert world.paths(team) == {"in", "in/a"}
    assert world.types(world.ann)[-1] == "item.upload"


def test_an_item_of_the_home_goes_before_a_mount_of_that_name(world: World) -> None:
    world.folder("Team")
    team = world.shared(world.ann, "Team")

    world.file("Team/a")

    assert "Team/a" in world.paths()
    assert world.paths(team) == set()


@pytest.mark.parametrize("parents", [False, True])
def test_what_follows_in_a_batch_goes_into_what_took_the_name_of_a_mount(
    world: World, parents: bool
) -> None:
    team = world.shared(world.ann, "Team")
    place = world.home("Team")

    world.publish(
        world.ann,
        Upload(parent=place, name="a", facts=facts(1), parents=parents),
        CreateFolder(parent=world.home(), name="Team"),
        Upload(parent=place, name="b", facts=facts(1), parents=parents),
    )

    assert world.paths(team) == {"a"}
    assert world.paths() == {"Team", "Team/b"}


def test_a_mount_whose_name_was_taken_is_reached_by_what_the_journal_calls_it(
    world: World,
) -> None:
    world.folder("Team")
    team = world.shared(world.ann, "Team")

    world.file("Team (case conflict)/a")

    assert world.paths(team) == {"a"}


def test_mounts_that_differ_by_case_do_not_stand_for_each_other(world: World) -> None:
    upper = world.shared(world.ann, "TEAM")
    lower = world.shared(world.ann, "team")

    world.file("TEAM/a")
    world.file("team/b")
    world.file("Team/c")

    assert world.paths(upper) == {"a"}
    assert world.paths(lower) == {"b"}
    assert world.paths() == {"Team", "Team/c"}


def test_a_mount_is_found_by_its_name_when_what_had_taken_it_is_gone(world: World) -> None:
    folder = world.folder("Team")
    team = world.shared(world.ann, "Team")
    world.do(Trash(item=by_id(folder)))

    world.file("Team/a")

    assert world.paths(team) == {"a"}


def test_a_mount_is_followed_at_the_top_of_a_home_only(world: World) -> None:
    world.shared(world.ann, "Team")
    world.folder("x")

    with pytest.raises(NotFound):
        world.do(Trash(item=world.home("x/Team")))


def test_who_was_put_out_finds_no_mount_any_more(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    world.commit(remove_member(team, world.bob.id))

    item = world.do(
        CreateFolder(parent=ByPath(world.bob.home, ("Team",)), name="a", parents=True), world.bob
    )

    assert item.namespace == world.bob.home


# --- who may ---


def every_change(item: Ref, folder: Ref, mine: Ref) -> list[Change]:
    """One change of each kind to what is in a namespace of another."""
    seen = Seen(inode=1, size=1, mtime_ns=1)
    return [
        CreateFolder(parent=folder, name="new"),
        Upload(parent=folder, name="new", facts=facts(1)),
        NewVersion(item=item, facts=facts(9)),
        Move(item=item, name="new"),
        Move(item=item, parent=mine),
        Copy(item=item, parent=folder, name="new"),
        Trash(item=item),
        Delete(item=item),
        Observe(item=item, sha1="ff"),
        Baseline(parent=folder, entries=(BaselineEntry(Kind.FILE, "new", facts(1), seen),)),
    ]


def test_a_viewer_changes_nothing(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    file = world.file("a.txt", namespace=team)
    mine = ByPath(world.bob.home, ())

    for change in every_change(by_id(file), ByPath(team, ()), mine):
        with pytest.raises(Forbidden):
            world.do(change, world.bob)

    assert world.tree(team) == {"a.txt": file}


@pytest.mark.parametrize("by_path", [True, False])
def test_who_is_no_member_is_told_the_same_as_of_what_does_not_exist(
    world: World, *, by_path: bool
) -> None:
    team = world.shared(world.ann, "Team")
    file = world.file("a.txt", namespace=team)
    item: Ref = ByPath(team, ("a.txt",)) if by_path else ById(file.id)
    folder: Ref = ByPath(team, ()) if by_path else ById(world.root(team).id)
    nothing: Ref = ByPath(999_999, ("a.txt",)) if by_path else ById(999_999)
    mine = ByPath(world.eve.home, ())

    for real, unreal in zip(
        every_change(item, folder, mine), every_change(nothing, nothing, mine), strict=True
    ):
        assert refusal(world, real) == refusal(world, unreal)

    assert world.tree(team) == {"a.txt": file}


def refusal(world: World, change: Change) -> tuple[type[WakefulError], str]:
    """What Eve is told of a change that she may not make."""
    with pytest.raises(NotFound) as caught:
        world.do(change, world.eve)
    return type(caught.value), str(caught.value)


def test_an_owner_and_an_editor_may_change_things(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)

    for user in (world.ann, world.bob):
        world.do(CreateFolder(parent=ByPath(team, ()), name=user.name), user)

    assert world.paths(team) == {"Ann", "Bob"}


# --- what sources learn ---


def test_what_a_source_learned_is_kept_without_telling_anybody(world: World) -> None:
    file = world.file("a.txt")
    number, events = world.journal_head(), world.count()
    seen = Seen(inode=1, size=2, mtime_ns=3)

    world.do(Observe(item=by_id(file), sha1="aa", seen=seen))
    world.do(Observe(item=by_id(file), content_hash="bb"))

    learned = world.item(file.id)
    assert (learned.sha1, learned.content_hash, learned.seen) == ("aa", "bb", seen)
    assert learned.revision == file.revision
    assert (world.journal_head(), world.count()) == (number, events)


def test_what_was_learned_of_a_folder_is_not_lost_to_a_later_change_of_the_batch(
    world: World,
) -> None:
    folder = world.folder("a")
    seen = Seen(inode=1, size=2, mtime_ns=3)

    world.publish(
        world.ann,
        CreateFolder(parent=by_id(folder), name="in"),
        Observe(item=by_id(folder), seen=seen),
        Move(item=by_id(folder), name="b"),
    )

    assert world.item(folder.id).seen == seen


def entry(kind: Kind, name: str, facts: Facts | None = None) -> BaselineEntry:
    return BaselineEntry(kind, name, facts or Facts(), Seen(inode=1, size=1, mtime_ns=1))


def test_a_baseline_makes_items_and_rows_but_no_events(world: World) -> None:
    folder = world.folder("a")
    events = world.count()

    published = world.publish(
        world.ann,
        Baseline(
            parent=by_id(folder),
            entries=(
                entry(Kind.FOLDER, "d"),
                entry(Kind.FILE, "f", Facts(size=4, content_modified_at=8)),
                entry(Kind.FILE, "F"),
            ),
        ),
    )

    tree = world.tree()
    assert published.applied.made == tuple(tree[f"a/{name}"].id for name in "dfF")
    assert published.receipts == ()
    assert world.count() == events
    assert set(world.live()) == {"a", "a/d", "a/f", "a/f (case conflict)"}
    assert (tree["a/f"].size, tree["a/f"].content_modified_at) == (4, 8)
    assert tree["a/f"].version not in (0, tree["a/f"].id)
    assert (tree["a/d"].version, tree["a/d"].seen is None) == (0, False)


def test_a_file_of_1970_is_as_old_in_a_baseline_as_on_the_disk(world: World) -> None:
    world.publish(
        world.ann,
        Baseline(
            parent=world.home(),
            entries=(entry(Kind.FILE, "old", Facts(content_modified_at=0)),),
        ),
    )

    old = world.at("old")
    assert (old.created_at, old.modified_at, old.content_created_at) == (0, 0, 0)


def test_a_baseline_gives_no_name_twice(world: World) -> None:
    taken = world.file("a.txt")

    with pytest.raises(NameTaken) as caught:
        world.publish(
            world.ann, Baseline(parent=world.home(), entries=(entry(Kind.FILE, "a.txt"),))
        )
    with pytest.raises(NameTaken):
        world.publish(
            world.ann,
            Baseline(parent=world.home(), entries=(entry(Kind.FILE, "b"), entry(Kind.FOLDER, "b"))),
        )

    assert caught.value.item.id == taken.id
    assert world.paths() == {"a.txt"}


def test_the_first_new_version_after_a_baseline_is_revision_one(world: World) -> None:
    world.publish(world.ann, Baseline(parent=world.home(), entries=(entry(Kind.FILE, "a"),)))

    changed = world.file("a", 9)

    assert changed.revision == 1


# --- events ---


def test_an_event_remembers_the_item_as_it_is_read_afterwards(world: World) -> None:
    file = world.file("a/b.txt", 7)

    event = world.last()
    told = snapshot(event)

    for field in (
        "id",
        "kind",
        "namespace",
        "name",
        "revision",
        "version",
        "size",
        "sha1",
        "content_hash",
        "created_at",
        "modified_at",
        "content_created_at",
        "content_modified_at",
        "trashed_at",
    ):
        assert getattr(told, field) == getattr(file, field)
    assert [(folder.id, folder.revision) for folder in told.path] == [
        (world.root(world.ann.home).id, 0),
        (world.at("a").id, 0),
    ]
    assert told.in_home
    assert {told.created_by.login, told.modified_by.login, told.owned_by.login} == {"ann"}
    assert (event.actor.login, event.enterprise) == ("ann", world.enterprise)


def test_a_change_is_told_to_the_members_and_to_the_enterprise_alone(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    before = world.page(world.enterprise).state.last

    world.file("a.txt", namespace=team)

    assert world.types(world.ann)[-1] == world.types(world.bob)[-1] == "item.upload"
    assert world.types(world.eve) == []
    assert world.page(world.enterprise).state.last == before + 1


def test_a_folder_below_a_folder_that_changed_in_the_same_batch_is_told_as_it_then_is(
    world: World,
) -> None:
    folder = world.folder("a")

    world.publish(
        world.ann,
        CreateFolder(parent=by_id(folder), name="one"),
        Move(item=by_id(folder), name="b"),
        CreateFolder(parent=by_id(folder), name="two"),
    )

    one, _, two = (snapshot(event) for event in world.events()[-3:])
    assert [(above.name, above.revision) for above in one.path][1:] == [("a", 0)]
    assert [(above.name, above.revision) for above in two.path][1:] == [("b", 1)]


def test_a_batch_that_fails_at_its_end_leaves_nothing_behind(world: World) -> None:
    file = world.file("a.txt")
    number, events = world.journal_head(), world.count()

    with pytest.raises(NotFound):
        world.publish(
            world.ann,
            Move(item=by_id(file), name="b.txt"),
            CreateFolder(parent=world.home(), name="c"),
            Trash(item=ById(999_999)),
        )

    assert world.tree() == {"a.txt": file}
    assert (world.journal_head(), world.count()) == (number, events)


def test_each_change_raises_the_revision_by_exactly_one(world: World) -> None:
    item: Item = world.file("a.txt")
    ref = by_id(item)
    changes: list[Change] = [
        NewVersion(item=ref, facts=facts(2)),
        Move(item=ref, name="b.txt"),
        Move(item=ref, name="B.txt"),
        Move(item=ref, parent=by_id(world.folder("x"))),
        Trash(item=ref),
    ]

    for revision, change in enumerate(changes, start=1):
        world.do(change)
        assert world.item(item.id).revision == revision
        assert snapshot(world.last()).revision == revision


def test_an_error_names_the_change_of_a_batch_that_is_at_fault(world: World) -> None:
    fine = CreateFolder(parent=world.home(), name="fine")

    with pytest.raises(NameTaken) as caught:
        world.publish(world.ann, fine, fine)

    assert caught.value.change == 1
