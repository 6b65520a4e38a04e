"""Which names are looked at, and when: a table of the rules in wakeful.sources.marks."""

from __future__ import annotations

import pytest

from wakeful.sources.marks import GONE_HOLD, GONE_LIMIT, NEW_HOLD, Mark, Marks, looks_like_backup
from wakeful.sources.notices import Sign
from wakeful.sources.snapshot import Folder, Snapshot, pack


class World:
    """A root with the known file "known" (inode 10), a folder "folder" with "inner" (11) in it."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(Folder(1, None, "", 100))
        self.root = self.snapshot.root
        self.folder = Folder(2, self.root, "folder", 200)
        self.snapshot.put_folder(self.folder)
        self.snapshot.put_file(self.root, "known", pack(3, 10, 1, 1))
        self.snapshot.put_file(self.folder, "inner", pack(4, 11, 1, 1))
        self.marks = Marks()

    def due(self, name: str) -> float | None:
        """When *name* in the root is due, in seconds; None where it is not marked."""
        mark = self.marks.get(self.root, name)
        return None if mark is None else mark.due


@pytest.fixture
def world() -> World:
    return World()


Said = tuple[str, Sign, float, int]


@pytest.mark.parametrize(
    ("said", "name", "due"),
    [
        pytest.param([("known", Sign.CLOSED, 5.0, 0)], "known", 5.0, id="a known file is closed"),
        pytest.param(
            [("new", Sign.CREATED, 5.0, 0)], "new", 5.0 + NEW_HOLD, id="a new name appears"
        ),
        pytest.param(
            [("new", Sign.CREATED, 5.0, 0), ("new", Sign.CLOSED, 5.004, 0)],
            "new",
            5.0 + NEW_HOLD,
            id="a new file is closed: held from its first notice on",
        ),
        pytest.param(
            [("known", Sign.DELETED, 5.0, 0)], "known", 5.0 + GONE_HOLD, id="a name vanishes"
        ),
        pytest.param(
            [("known", Sign.DELETED, 5.0, 0), ("known", Sign.CREATED, 5.1, 0)],
            "known",
            5.1 + NEW_HOLD,
            id="it comes back, and is not closed yet",
        ),
        pytest.param(
            [("known", Sign.LEFT, 5.0, 1), ("known", Sign.CLOSED, 5.1, 0)],
            "known",
            5.1,
            id="it comes back, closed",
        ),
        pytest.param(
            [("temp", Sign.LEFT, 5.0, 1), ("known", Sign.ARRIVED, 5.0, 1)],
            "known",
            5.0,
            id="something arrives over a known file",
        ),
        pytest.param(
            [("known", Sign.LEFT, 5.0, 1), ("other", Sign.ARRIVED, 5.0, 1)],
            "other",
            5.0,
            id="a known file arrives under another name",
        ),
        pytest.param(
            [("known", Sign.LEFT, 5.0, 1), ("known.bak", Sign.ARRIVED, 5.0, 1)],
            "known.bak",
            5.0 + GONE_HOLD,
            id="a known file becomes what looks like its backup",
        ),
        pytest.param(
            [("x", Sign.ARRIVED, 5.0, 9)], "x", 5.0 + NEW_HOLD, id="something arrives from outside"
        ),
        pytest.param(
            [("new", Sign.CREATED, 5.0, 0), ("new", Sign.DELETED, 5.001, 0)],
            "new",
            None,
            id="a new name comes and goes",
        ),
        pytest.param(
            [("new", Sign.CREATED, 5.0, 0), ("new", Sign.LEFT, 5.001, 1)],
            "new",
            None,
            id="a temporary file gets its name",
        ),
    ],
)
def test_when_a_name_is_due(world: World, said: list[Said], name: str, due: float | None) -> None:
    for each, sign, now, cookie in said:
        world.marks.notice(world.root, each, sign, now, cookie)

    assert world.due(name) == (due if due is None else pytest.approx(due))


def test_origins_follow_a_chain_of_names(world: World) -> None:
    marks, root = world.marks, world.root
    for cookie, (old, new) in enumerate([("known", "a"), ("a", "b"), ("b", "c")], 1):
        marks.notice(root, old, Sign.LEFT, 5.0, cookie)
        marks.notice(root, new, Sign.ARRIVED, 5.0, cookie)

    mark = marks.get(root, "c")
    assert mark is not None
    assert mark.origins == ((root, "known"),)
    assert world.due("a") is None
    assert world.due("b") is None


def test_a_vanished_file_is_known_by_its_inode_until_it_is_settled(world: World) -> None:
    world.marks.notice(world.root, "known", Sign.DELETED, 5.0)
    assert world.marks.vanished == {10: (world.root, "known")}

    (mark,) = world.marks.take(6.0, 10)
    world.marks.settle(mark)

    assert world.marks.vanished == {}
    assert len(world.marks) == 0


def test_what_is_due_comes_in_order_and_bounded(world: World) -> None:
    for number, name in enumerate("cab"):
        world.marks.notice(world.root, name, Sign.CREATED, 5.0 + number)

    first = world.marks.take(10.0, 2)
    rest = world.marks.take(10.0, 2)

    assert [mark.name for mark in first] == ["c", "a"]
    assert [mark.name for mark in rest] == ["b"]
    assert world.marks.take(10.0, 2) == []


def test_two_notices_of_one_moment_are_one_look(world: World) -> None:
    world.marks.notice(world.root, "known", Sign.CLOSED, 5.0)
    world.marks.notice(world.root, "known", Sign.CLOSED, 5.0)

    assert len(world.marks.take(5.0, 10)) == 1


def test_nothing_is_due_before_its_time(world: World) -> None:
    world.marks.notice(world.root, "new", Sign.CREATED, 5.0)

    assert world.marks.next_due() == pytest.approx(5.0 + NEW_HOLD)
    assert world.marks.take(5.005, 10) == []


def test_a_vanished_name_waits_for_what_appeared_before_it(world: World) -> None:
    """It may have been found elsewhere."""
    marks = world.marks
    marks.notice(world.root, "known", Sign.DELETED, 5.0)
    marks.notice(world.root, "appeared", Sign.CREATED, 5.1)
    (appeared,) = marks.take(6.0, 10)
    marks.put_off(appeared, 6.0)

    assert [mark.name for mark in marks.take(6.0, 10)] == ["appeared"]
    marks.settle(appeared)
    assert [mark.name for mark in marks.take(6.02, 10)] == ["known"]


def test_a_vanished_name_waits_for_folders_that_are_not_listed(world: World) -> None:
    world.marks.notice(world.root, "known", Sign.DELETED, 5.0)
    world.marks.must_list(world.folder, 5.1)

    assert world.marks.take(6.0, 10) == []
    world.marks.unlisted.clear()
    assert len(world.marks.take(6.02, 10)) == 1


def test_a_vanished_name_does_not_wait_for_what_came_later(world: World) -> None:
    world.marks.notice(world.root, "known", Sign.DELETED, 5.0)
    world.marks.notice(world.root, "later", Sign.CREATED, 5.3)

    assert [mark.name for mark in world.marks.take(5.301, 10)] == ["known"]


@pytest.mark.parametrize("how", ["writing", "waiting"])
def test_a_vanished_name_does_not_wait_for_what_may_take_for_ever(world: World, how: str) -> None:
    marks = world.marks
    marks.notice(world.root, "slow", Sign.CREATED, 5.0)
    (slow,) = marks.take(5.1, 10)
    slow.writing = int(how == "writing")
    marks.put_off(slow, 9.0, waiting=how == "waiting")
    marks.notice(world.root, "known", Sign.DELETED, 5.1)

    assert [mark.name for mark in marks.take(5.3, 10)] == ["known"]


def test_a_name_in_a_vanished_folder_waits_for_the_folder(world: World) -> None:
    marks = world.marks
    marks.notice(world.folder, "inner", Sign.DELETED, 5.0)
    marks.notice(world.root, "folder", Sign.DELETED, 5.01)

    (first,) = marks.take(5.2, 10)

    assert first.name == "folder"
    world.snapshot.drop_folder(world.folder)
    marks.settle(first)
    assert marks.take(9.0, 10) == []
    assert len(marks) == 0


def test_while_more_vanishes_below_a_folder_all_of_it_is_held(world: World) -> None:
    marks = world.marks
    marks.notice(world.folder, "inner", Sign.DELETED, 5.0)
    for number in range(1, 30):
        world.snapshot.put_file(world.folder, str(number), pack(50 + number, 500 + number, 1, 1))
        marks.notice(world.folder, str(number), Sign.DELETED, 5.0 + number * 0.1)

    assert marks.take(5.0 + GONE_LIMIT - 0.01, 100) == []
    assert [mark.name for mark in marks.take(5.0 + GONE_LIMIT + 0.01, 100)] == ["inner"]


def test_a_scan_does_not_overrule_a_notice(world: World) -> None:
    world.marks.notice(world.root, "known", Sign.CLOSED, 5.0)

    world.marks.found(world.root, "known", 6.0, gone=True, since=6.0)

    mark = world.marks.get(world.root, "known")
    assert isinstance(mark, Mark)
    assert not mark.gone


def test_a_look_that_finds_nothing_holds_the_name_as_vanished(world: World) -> None:
    world.marks.notice(world.root, "known", Sign.CLOSED, 5.0)
    (mark,) = world.marks.take(5.0, 10)

    world.marks.take_for_gone(mark, 5.0)

    assert mark.gone
    assert world.due("known") == pytest.approx(5.0 + GONE_HOLD)
    assert 10 in world.marks.vanished


def test_halves_of_moves_that_nobody_finishes_are_forgotten(world: World) -> None:
    for cookie in range(3000):
        world.marks.notice(world.root, "known", Sign.LEFT, 5.0, cookie)

    world.marks.notice(world.root, "a", Sign.ARRIVED, 5.0, 1)
    world.marks.notice(world.root, "b", Sign.ARRIVED, 5.0, 2999)

    early, late = world.marks.get(world.root, "a"), world.marks.get(world.root, "b")
    assert early is not None
    assert late is not None
    assert early.origins == ()
    assert late.origins == ((world.root, "known"),)


@pytest.mark.parametrize(
    ("name", "backup", "is_one"),
    [
        ("a.txt", "a.txt~", True),
        ("a.txt", "a.txt.bak", True),
        ("log", "log.1", True),
        ("a.txt", "#a.txt#", True),
        ("report.txt", "report.bak", True),
        ("report.txt", "report.old", True),
        ("a.txt", "b.txt", False),
        ("report.txt", "report.md", False),
        ("report.txt", "old report", False),
    ],
)
def test_what_looks_like_a_backup(name: str, backup: str, is_one: bool) -> None:
    assert looks_like_backup(name, backup) is is_one
