"""What looks mean: a table of the rules in wakeful.sources.plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from wakeful.core.changes import (
    Change,
    CreateFolder,
    Move,
    NewVersion,
    Observe,
    Trash,
    Upload,
)
from wakeful.core.items import Item, Kind
from wakeful.sources.looks import Shape, Sight
from wakeful.sources.marks import Mark, Marks
from wakeful.sources.notices import Sign
from wakeful.sources.plan import Planner
from wakeful.sources.plan_files import LARGE_BYTES, PACE_SECONDS
from wakeful.sources.round import Round
from wakeful.sources.skipped import Reason, Skipped
from wakeful.sources.snapshot import NEVER_SEEN, Folder, Snapshot, pack

NOW = 1000.0


class World:
    """The files "old" (item 3, inode 10) and "other" (5, 12), a folder "folder" (2, inode 200)
    with the file "inner" (4, 11) in it."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(Folder(1, None, "", 100))
        self.root = self.snapshot.root
        self.folder = Folder(2, self.root, "folder", 200)
        self.folder.listed = True
        self.snapshot.put_folder(self.folder)
        self.snapshot.set_watch(self.folder, 7)
        self.snapshot.put_file(self.root, "old", pack(3, 10, 5, 50))
        self.snapshot.put_file(self.root, "other", pack(5, 12, 5, 50))
        self.snapshot.put_file(self.folder, "inner", pack(4, 11, 5, 50))
        self.marks = Marks()
        self.skipped = Skipped("test")
        self.round = Round(self.snapshot, self.marks, self.skipped)
        self.planner = Planner(self.round, by_path=False)

    def mark(self, name: str, sign: Sign = Sign.CLOSED, folder: Folder | None = None) -> Mark:
        self.marks.notice(folder or self.root, name, sign, NOW)
        mark = self.marks.get(folder or self.root, name)
        assert mark is not None
        return mark

    def plan(self, mark: Mark, sight: Sight, sha1s: dict[int, str] | None = None) -> list[str]:
        self.round.begin()
        self.planner.plan(mark, sight, sha1s or {}, NOW)
        return said(op.change for op in self.round.ops)


@pytest.fixture
def world() -> World:
    return World()


def said(changes: Iterable[Change]) -> list[str]:
    """Changes in a short form: what, which item or name."""
    found = []
    for change in changes:
        match change:
            case Upload() | CreateFolder():
                found.append(f"{type(change).__name__} {change.name}")
            case Move():
                to = "" if change.parent is None else f" to {getattr(change.parent, 'id', '')}"
                found.append(f"Move {getattr(change.item, 'id', '')}{to} {change.name}")
            case NewVersion() | Trash() | Observe():
                found.append(f"{type(change).__name__} {getattr(change.item, 'id', '')}")
    return found


def file(**facts: Any) -> Sight:
    usual: dict[str, Any] = {"inode": 99, "size": 6, "mtime_ns": 60, "hashed": True, "sha1": "s"}
    return Sight(Shape.FILE, **(usual | facts))


@pytest.mark.parametrize(
    ("name", "sight", "planned"),
    [
        pytest.param("new", file(), ["Upload new"], id="a new file"),
        pytest.param("old", file(), ["NewVersion 3"], id="another content"),
        pytest.param("old", file(same=True), [], id="as recorded"),
        pytest.param("new", Sight(Shape.ABSENT), [], id="nothing where nothing was"),
        pytest.param("new", Sight(Shape.FOLDER, 300, wd=9), ["CreateFolder new"], id="a folder"),
        pytest.param(
            "new", Sight(Shape.LEFT_OUT, reason=Reason.LINK), [], id="a link under a new name"
        ),
        pytest.param(
            "old",
            Sight(Shape.LEFT_OUT, reason=Reason.OTHER_DISK),
            [],
            id="a disk mounted over it hides it",
        ),
        pytest.param("folder", file(), ["Trash 2", "Upload folder"], id="a file for a folder"),
        pytest.param(
            "old", Sight(Shape.FOLDER, 300), ["Trash 3", "CreateFolder old"], id="the reverse"
        ),
        pytest.param("new", file(hashed=False, unreadable=True), ["Upload new"], id="unreadable"),
        pytest.param(
            "new", file(hashed=False, big=True, size=LARGE_BYTES + 1), ["Upload new"], id="large"
        ),
        pytest.param("new", file(hashed=False, big=True), [], id="big: hashed first"),
        pytest.param("new", file(hashed=False, busy=True), [], id="somebody writes"),
    ],
)
def test_what_one_look_means(world: World, name: str, sight: Sight, planned: list[str]) -> None:
    assert world.plan(world.mark(name), sight) == planned


def test_the_same_content_is_observed_and_not_told(world: World) -> None:
    mark = world.mark("old")

    assert world.plan(mark, file(size=5, sha1="same"), {3: "same"}) == ["Observe 3"]
    assert world.root.entries["old"] == pack(3, 99, 5, 60)


def test_an_unknown_hash_tells_nothing(world: World) -> None:
    assert world.plan(world.mark("old"), file(size=5, sha1=""), {3: ""}) != []
    assert world.plan(world.mark("other"), file(size=5, sha1="s"), {5: ""}) == ["NewVersion 5"]


def test_a_vanished_name_is_trashed_at_the_second_look(world: World) -> None:
    mark = world.mark("old")

    assert world.plan(mark, Sight(Shape.ABSENT)) == []
    assert world.plan(mark, Sight(Shape.ABSENT)) == ["Trash 3"]
    assert "old" not in world.root.entries
    assert len(world.marks) == 0


def test_a_trashed_folder_ends_its_watches(world: World) -> None:
    mark = world.mark("folder", Sign.DELETED)

    assert world.plan(mark, Sight(Shape.ABSENT)) == ["Trash 2"]
    assert world.round.to_unwatch == [7]
    assert world.round.trashes


def test_what_never_was_on_the_disk_is_not_missed(world: World) -> None:
    world.snapshot.put_file(world.root, "published", pack(8, 0, NEVER_SEEN, 0))

    assert world.plan(world.mark("published", Sign.DELETED), Sight(Shape.ABSENT)) == []
    assert "published" in world.root.entries


def new_item(id: int) -> Item:
    return Item(
        id=id,
        namespace=1,
        parent=1,
        kind=Kind.FILE,
        name="",
        key="",
        revision=0,
        version=0,
        size=0,
        sha1="",
        content_hash="",
        created_at=0,
        modified_at=0,
        content_created_at=0,
        content_modified_at=0,
        created_by=1,
        modified_by=1,
        trashed_at=None,
    )


def moved(world: World, **facts: Any) -> Sight:
    world.marks.notice(world.root, "old", Sign.DELETED, NOW)
    return file(**({"inode": 10, "size": 5, "mtime_ns": 50, "origin": (world.root, "old")} | facts))


def test_a_file_that_moved_keeps_its_item(world: World) -> None:
    mark = world.mark("inside", folder=world.folder)

    assert world.plan(mark, moved(world, hashed=False)) == ["Move 3 to 2 inside"]
    assert world.folder.entries["inside"] == pack(3, 10, 5, 50)
    assert "old" not in world.root.entries


def test_a_file_that_changed_as_well_is_moved_first(world: World) -> None:
    sight = moved(world, size=9)

    assert world.plan(world.mark("renamed"), sight) == ["Move 3 renamed", "NewVersion 3"]


def test_a_second_hard_link_is_another_file(world: World) -> None:
    sight = moved(world, origin_inode=10)

    assert world.plan(world.mark("link"), sight) == ["Upload link"]


def test_the_old_name_keeps_the_item_where_a_new_file_took_it(world: World) -> None:
    mark = world.mark("old.bak")
    mark.tries = 1  # it was looked at twice, in case a notice was on its way

    assert world.plan(mark, moved(world, origin_inode=77)) == ["Upload old.bak"]


def test_a_name_that_was_taken_a_moment_ago_is_looked_at_again(world: World) -> None:
    assert world.plan(world.mark("old.bak"), moved(world, origin_inode=77)) == []
    assert world.marks.get(world.root, "old.bak") is not None


def test_the_item_moves_on_where_another_known_file_took_its_name(world: World) -> None:
    sight = moved(world, origin_inode=12)
    world.marks.notice(world.root, "other", Sign.DELETED, NOW)

    assert world.plan(world.mark("third"), sight) == ["Move 3 third"]


def test_a_person_moves_one_file_over_another(world: World) -> None:
    assert world.plan(world.mark("other"), moved(world)) == ["Trash 5", "Move 3 other"]


def test_the_replaced_file_may_still_be_found_elsewhere(world: World) -> None:
    world.mark("third", Sign.CREATED)  # not looked at yet: it may be what "other" was

    assert world.plan(world.mark("other"), moved(world)) == []
    assert world.root.entries["other"] == pack(5, 12, 5, 50)


def test_a_young_file_over_another_was_a_temporary_one(world: World) -> None:
    world.plan(world.mark("temp"), file(inode=33))
    (op,) = world.round.ops
    world.planner.recorded(op, new_item(9), NOW - 10)
    assert world.root.entries["temp"] == pack(9, 33, 6, 60)
    world.marks.notice(world.root, "temp", Sign.DELETED, NOW)

    sight = file(inode=33, origin=(world.root, "temp"))

    assert world.plan(world.mark("old"), sight) == ["NewVersion 3", "Trash 9"]


def test_two_files_that_changed_places_are_two_versions(world: World) -> None:
    sight = moved(world, origin_inode=12)
    world.marks.notice(world.root, "other", Sign.DELETED, NOW)

    assert world.plan(world.mark("other"), sight) == ["NewVersion 5"]


def test_an_origin_that_the_same_round_moved_is_none(world: World) -> None:
    sight = moved(world)
    world.snapshot.put_file(world.root, "old", pack(3, 55, 1, 1))

    assert world.plan(world.mark("elsewhere"), sight) == ["Upload elsewhere"]


def test_a_moved_folder_is_one_change(world: World) -> None:
    sight = Sight(Shape.FOLDER, 200, node=world.folder, wd=7)

    assert world.plan(world.mark("renamed"), sight) == ["Move 2 renamed"]
    assert world.folder.path("inner") == "renamed/inner"
    assert world.marks.unlisted == {}


def test_a_folder_that_moved_before_it_was_listed_is_listed_then(world: World) -> None:
    world.folder.listed = False

    world.plan(world.mark("renamed"), Sight(Shape.FOLDER, 200, node=world.folder, wd=7))

    assert list(world.marks.unlisted) == [world.folder]


def test_a_new_folder_of_the_same_name_keeps_the_item(world: World) -> None:
    world.snapshot.forget_watch(7)  # the old one is gone for good

    assert world.plan(world.mark("folder"), Sight(Shape.FOLDER, 201, wd=8)) == ["Observe 2"]
    assert world.folder.inode == 201
    assert list(world.marks.unlisted) == [world.folder]


def test_a_folder_that_lives_on_outside_is_trashed_for_a_new_one(world: World) -> None:
    planned = world.plan(world.mark("folder"), Sight(Shape.FOLDER, 201, wd=8))

    assert planned == ["Trash 2", "CreateFolder folder"]


def test_two_folders_that_change_places_are_three_renames(world: World) -> None:
    second = Folder(6, world.root, "second", 600)
    world.snapshot.put_folder(second)
    world.snapshot.set_watch(second, 9)
    one = Sight(Shape.FOLDER, 600, node=second, wd=9, origin_inode=200)

    first = world.plan(world.mark("folder"), one)
    other = Sight(Shape.FOLDER, 200, node=world.folder, wd=7)
    last = world.plan(world.mark("second"), other)

    assert first == ["Move 2 folder.moving-2", "Move 6 folder"]
    assert last == ["Move 2 second"]
    assert world.marks.get(world.root, "folder.moving-2") is None


def test_a_folder_that_came_out_of_what_it_replaced_is_kept(world: World) -> None:
    inner = Folder(6, world.folder, "inner folder", 600)
    world.snapshot.put_folder(inner)
    world.snapshot.forget_watch(7)

    planned = world.plan(world.mark("folder"), Sight(Shape.FOLDER, 600, node=inner))

    assert planned == ["Move 2 folder.moving-2", "Move 6 to 1 folder"]


def test_a_lost_folder_is_looked_for(world: World) -> None:
    mark = world.mark("inner", folder=world.folder)

    assert world.plan(mark, Sight(Shape.LOST)) == []
    assert world.marks.get(world.root, "folder") is not None
    assert not world.round.lost

    mark.tries = 1000
    world.plan(mark, Sight(Shape.LOST))
    assert world.round.lost


def test_a_file_that_is_still_written_is_told_at_a_pace(world: World) -> None:
    mark = world.mark("new")
    assert world.plan(mark, file(hashed=False, busy=True)) == []
    assert mark.due == NOW + PACE_SECONDS

    assert world.plan(mark, file(busy=True)) == ["Upload new"]
    assert mark.due == NOW + PACE_SECONDS
    assert world.plan(mark, file(busy=True, same=True)) == []
    assert mark.due > NOW + PACE_SECONDS
    assert world.plan(mark, file(same=True)) == []
    assert len(world.marks) == 0


def test_a_mount_that_shows_a_folder_twice_is_left_out(world: World) -> None:
    mark = world.mark("again")
    for _ in range(11):
        assert world.plan(mark, Sight(Shape.TWICE)) == []

    assert world.skipped.counts() == {Reason.OTHER_DISK.value: 1}
    assert len(world.marks) == 0
