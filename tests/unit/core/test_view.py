"""Pages of a view, case by case; whatever else can happen is in `test_view_histories`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.model.world import by_id
from tests.unit.core.gardens import Garden, cursor, own
from wakeful.core.changes import CreateFolder, Facts, Move, Trash, Upload
from wakeful.core.cursors import Cursor, Reached, Scope
from wakeful.core.errors import CursorExpired, NotFound, Unavailable
from wakeful.core.lookups.journals import JournalAt, JournalListing, ListJournal
from wakeful.core.places import places_of
from wakeful.core.view import ViewPage, begin, latest, read_first, read_page
from wakeful.core.writes import Steps
from wakeful.stores.driver import drive


@pytest.fixture
def garden() -> Garden:
    return Garden()


def page(garden: Garden, at: Cursor, limit: int = 100) -> ViewPage:
    return garden.drive(read_page(at, limit))


def paths(page: ViewPage) -> list[str]:
    return [("-" if told.item is None else "") + told.shown for told in page.entries]


def test_an_empty_view_has_an_empty_page(garden: Garden) -> None:
    first = page(garden, cursor(garden))
    assert (first.entries, first.has_more) == ((), False)
    assert page(garden, first.cursor).cursor == first.cursor


def test_a_listing_begins_anew_where_its_path_leads_elsewhere_meanwhile(garden: Garden) -> None:
    own(garden, "b")
    joins = [lambda: garden.join(garden.team)]

    first = drive(read_first(garden.world.bob.id, 7, 1, Scope("a"), 100), meanwhile(garden, joins))

    assert paths(first) == ["A"]


def test_what_changes_at_each_look_cannot_be_listed_now(garden: Garden) -> None:
    swaps = [
        lambda: garden.join(garden.team),
        lambda: garden.leave(garden.team),
    ] * 20

    with pytest.raises(Unavailable):
        drive(read_first(garden.world.bob.id, 7, 1, Scope("a"), 100), meanwhile(garden, swaps))


def meanwhile(garden: Garden, acts: list[Callable[[], None]]) -> Callable[[object], object]:
    """Answers look-ups; one of *acts* happens after each look at what the path leads to."""

    def answer(step: object) -> object:
        found = garden.world.answer(step)
        if isinstance(step, JournalAt) and acts:
            acts.pop(0)()
        return found

    return answer


def test_a_mounted_namespace_that_is_empty_is_told_once(garden: Garden) -> None:
    garden.join(garden.team)
    first = page(garden, cursor(garden, Scope("a")), limit=1)
    assert (paths(first), first.has_more) == (["A"], False)
    again = page(garden, first.cursor, limit=1)
    assert (paths(again), again.has_more) == ([], False)


def test_the_name_of_a_mount_is_what_the_home_calls_it(garden: Garden) -> None:
    own(garden, "a")
    garden.join(garden.team)
    garden.world.file("x", namespace=garden.team)
    assert paths(page(garden, cursor(garden))) == ["a", "A (case conflict)", "A (case conflict)/x"]


def test_what_became_of_a_former_mount_is_deleted_first_if_it_is_a_folder(garden: Garden) -> None:
    garden.join(garden.team)
    garden.world.file("x", namespace=garden.team)
    before = page(garden, cursor(garden))
    assert paths(before) == ["A", "A/x"]
    garden.leave(garden.team)
    own(garden, "a", folder=True)

    first = page(garden, before.cursor)
    assert (paths(first), first.has_more) == (["-a"], True)
    assert paths(page(garden, first.cursor)) == ["a"]


def test_p9_a_mount_that_a_folder_replaces_between_two_looks_is_deleted_first(
    garden: Garden,
) -> None:
    garden.join(garden.team)
    garden.world.file("x", namespace=garden.team)
    before = page(garden, cursor(garden))
    has_changed = False

    def answer(step: object) -> object:
        nonlocal has_changed
        if isinstance(step, ListJournal) and not has_changed:
            has_changed = True
            garden.leave(garden.team)
            own(garden, "a", folder=True)
        return garden.world.answer(step)

    first = drive(read_page(before.cursor, 100), answer)
    assert (paths(first), first.has_more) == (["-a"], True)
    assert paths(page(garden, first.cursor)) == ["a"]


@pytest.mark.parametrize("limit", [1, 100])
def test_p9_a_mount_that_came_back_elsewhere_is_deleted_where_it_was(
    garden: Garden, limit: int
) -> None:
    garden.join(garden.team)
    garden.world.file("x", namespace=garden.team)
    before = page(garden, cursor(garden))
    garden.leave(garden.team)
    own(garden, "a", folder=True)
    garden.join(garden.team)

    first = page(garden, before.cursor, limit)
    assert (paths(first), first.has_more) == (["-a", "-A (case conflict)"], True)
    again = paths(page(garden, first.cursor))
    assert again == ["a", "A (case conflict)", "A (case conflict)/x"]


def test_what_a_mount_took_the_place_of_is_deleted_for_who_is_not_shown_mounts(
    garden: Garden,
) -> None:
    own(garden, "a", folder=True)
    before = page(garden, cursor(garden, Scope(mounted=False)))
    assert paths(before) == ["a"]
    mine = by_id(garden.world.tree(garden.world.bob.home)["a"])
    garden.world.do(Trash(item=mine), garden.world.bob)
    garden.join(garden.team)

    assert paths(page(garden, before.cursor)) == ["-A"]
    assert paths(page(garden, cursor(garden, Scope(mounted=False)))) == []


def test_a_namespace_that_was_left_is_deleted_once(garden: Garden) -> None:
    garden.join(garden.team)
    before = page(garden, cursor(garden))
    garden.leave(garden.team)
    own(garden, "file")
    after = page(garden, before.cursor)
    assert (paths(after), after.has_more) == (["-A", "file"], False)
    assert after.cursor.mounts == ()


def test_what_is_to_be_deleted_first_waits_for_a_page_of_its_own(garden: Garden) -> None:
    garden.join(garden.team)
    before = page(garden, cursor(garden))
    own(garden, "file")
    garden.leave(garden.team)
    garden.join(garden.team)

    first = page(garden, before.cursor)
    assert (paths(first), first.has_more) == (["file"], True)
    second = page(garden, first.cursor)
    assert (paths(second), second.has_more) == (["-A"], True)
    third = page(garden, second.cursor)
    assert (paths(third), third.has_more) == (["A"], False)


def test_a_path_that_changes_while_a_page_is_made_ends_it(garden: Garden) -> None:
    """A namespace is told only when the home has nothing more to say, so that is asked twice."""
    garden.join(garden.team)
    own(garden, "x")
    asked: list[ListJournal] = []

    def meanwhile(step: object) -> object:
        if isinstance(step, ListJournal):
            asked.append(step)
            if len(asked) == 2:
                own(garden, "x")
        return garden.world.answer(step)

    first = drive(read_page(cursor(garden), 100), meanwhile)
    assert (paths(first), first.has_more) == (["A", "x"], True)
    assert paths(page(garden, first.cursor)) == ["x"]


@pytest.mark.parametrize("becomes", ["nothing", "a file"])
def test_a_folder_that_goes_while_a_page_is_made_waits_if_something_in_it_was_told(
    garden: Garden, becomes: str
) -> None:
    """Whoever deletes first would else have a file without its folder."""
    world, root = garden.world, by_id(garden.world.root(garden.world.bob.home))
    garden.join(garden.team)
    folder = world.do(CreateFolder(parent=root, name="x"), world.bob)
    before = page(garden, cursor(garden)).cursor
    world.do(Upload(parent=by_id(folder), name="y", facts=Facts()), world.bob)
    asked: list[ListJournal] = []

    def meanwhile(step: object) -> object:
        if isinstance(step, ListJournal):
            asked.append(step)
            if len(asked) == 2:
                world.do(Trash(item=by_id(folder)), world.bob)
                if becomes == "a file":
                    own(garden, "x")
        return world.answer(step)

    first = drive(read_page(before, 100), meanwhile)
    assert (paths(first), first.has_more) == (["x/y"], True)
    assert set(paths(page(garden, first.cursor))) == {"-x" if becomes == "nothing" else "x", "-x/y"}


def test_what_is_gone_is_told_as_it_was_spelled_as_far_as_that_is_known(garden: Garden) -> None:
    garden.join(garden.team)
    file = garden.world.file("Sub/Deep/Read.Me", namespace=garden.team)
    before = page(garden, cursor(garden)).cursor
    garden.world.do(Trash(item=by_id(file)))
    assert paths(page(garden, before)) == ["-A/Sub/Deep/Read.Me"]

    def trimmed(step: object) -> object:
        if isinstance(step, JournalAt) and step.path == "sub":
            return None
        return garden.world.answer(step)

    assert paths(drive(read_page(before, 100), trimmed)) == ["-A/sub/Deep/Read.Me"]


def test_a_page_that_found_nothing_for_long_says_that_there_may_be_more(garden: Garden) -> None:
    own(garden, "mine")
    start = cursor(garden)

    def far(step: object) -> object:
        if isinstance(step, ListJournal):
            return JournalListing((), {}, step.after + 1, 100, 0)
        return garden.world.answer(step)

    first = drive(read_page(start, 10, looks=2), far)
    assert (first.entries, first.has_more) == ((), True)
    assert first.cursor.base.number == 2


@pytest.mark.parametrize(
    ("trimmed", "reached", "expires"),
    [
        (5, Reached(0, 4), True),
        (5, Reached(0, 5), False),
        (5, Reached(0, 4, 5), False),
        (5, Reached(0, 4, 1), True),
        (0, Reached(0, 7), True),  # beyond the head: of another store
        (0, Reached(0, 6), False),
    ],
)
def test_p9_a_cursor_expires_with_the_tombstones_that_it_missed(
    garden: Garden, trimmed: int, reached: Reached, expires: bool
) -> None:
    bob = garden.world.bob
    at = Cursor(bob.id, 7, 1, Scope(), reached._replace(namespace=bob.home))

    def answer(step: object) -> object:
        if isinstance(step, ListJournal):
            return JournalListing((), {}, 6, 6, trimmed)
        return garden.world.answer(step)

    if expires:
        with pytest.raises(CursorExpired):
            drive(read_page(at, 10), answer)
    else:
        assert not drive(read_page(at, 10), answer).has_more


def test_p9_a_cursor_that_would_be_begun_anew_expires_with_them_too(garden: Garden) -> None:
    garden.join(garden.team)
    before = page(garden, cursor(garden))
    garden.leave(garden.team)
    own(garden, "a", folder=True)
    looks = 0

    def answer(step: object) -> object:
        nonlocal looks
        if isinstance(step, ListJournal):
            looks += 1
            if looks == 2:
                return JournalListing((), {}, 99, 99, 99)
        return garden.world.answer(step)

    with pytest.raises(CursorExpired):
        drive(read_page(before.cursor, 10), answer)


def test_a_reader_who_is_gone_is_told_nothing(garden: Garden) -> None:
    at = Cursor(999_999, 7, 1, Scope("a"), Reached(garden.world.bob.home))
    rules: tuple[Steps[object], ...] = (
        read_page(at, 1),
        places_of(at),
        begin(999_999, 7, 1, Scope()),
    )
    for rule in rules:
        with pytest.raises(NotFound):
            garden.drive(rule)


def test_a_page_is_full_at_its_limit_and_goes_on_exactly_there(garden: Garden) -> None:
    for name in "abc":
        own(garden, name)
    first = page(garden, cursor(garden), limit=2)
    assert (paths(first), first.has_more) == (["a", "b"], True)
    second = page(garden, first.cursor, limit=2)
    assert (paths(second), second.has_more) == (["c"], False)


def test_mounts_are_told_page_by_page(garden: Garden) -> None:
    garden.join(garden.team)
    garden.join(garden.other)
    for namespace in (garden.team, garden.other):
        for name in "xy":
            garden.world.file(name, namespace=namespace)
    at, told = cursor(garden), []
    has_more = True
    while has_more:
        each = page(garden, at, limit=1)
        assert len(each.entries) <= 1
        at, has_more = each.cursor, each.has_more
        told += paths(each)
    assert told == ["A", "a.b", "A/x", "A/y", "a.b/x", "a.b/y"]


def test_a_move_out_of_a_mounted_namespace_leaves_a_tombstone_there(garden: Garden) -> None:
    world = garden.world
    garden.join(garden.team)
    moved = world.file("x", namespace=garden.team)
    before = page(garden, cursor(garden))
    world.do(Move(item=by_id(moved), parent=by_id(world.root(world.ann.home))))
    assert paths(page(garden, before.cursor)) == ["-A/x"]
    world.do(Trash(item=by_id(moved)))
    assert paths(page(garden, page(garden, before.cursor).cursor)) == []


def test_a_folder_that_is_read_without_what_is_deeper_is_not_told_itself(garden: Garden) -> None:
    own(garden, "docs", folder=True)
    at = garden.drive(latest(cursor(garden, Scope("docs", recursive=False))))
    docs = by_id(garden.world.tree(garden.world.bob.home)["docs"])
    garden.world.do(Move(item=docs, name="Docs"), garden.world.bob)
    assert paths(page(garden, at)) == []
