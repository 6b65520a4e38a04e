"""Whatever happens to trees and members, whoever folds the pages of a view has the view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import Applied, Entries, fold_in_order, fold_sorted
from tests.model.world import by_id
from tests.unit.core.gardens import Garden, Step, names, picks, steps
from wakeful.core.changes import Change, CreateFolder, Delete, Trash
from wakeful.core.cursors import Cursor, Scope, pack, unpack
from wakeful.core.errors import CursorExpired
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.lookups.trees import ItemById
from wakeful.core.mounts import find_base
from wakeful.core.people import Role, User
from wakeful.core.places import places_of
from wakeful.core.view import begin, latest, read_page
from wakeful.stores.driver import drive

SCOPES = (
    Scope(),
    Scope(recursive=False),
    Scope(mounted=False),
    Scope(deleted=True),
    Scope("a"),
    Scope("a", recursive=False),
    Scope("a/b"),
    Scope("a.b"),
)
EPOCH = 1

Gap = tuple[int, Sequence[Step]]
"""So many look-ups of a page are answered, then these steps happen before the next one."""

NEVER: Gap = (1_000_000, ())


class Reader:
    """A client that keeps a copy of a view, and of its copies with their cursors."""

    def __init__(self, garden: Garden, user: User, scope: Scope, *, sorts: bool) -> None:
        self._garden = garden
        self.user = user
        self._scope = scope
        self._fold = fold_sorted if sorts else fold_in_order
        self.state: Applied = {}
        self.cursor = self._begin()
        self.kept: list[tuple[Applied, Cursor]] = []

    def read(self, size: int, meanwhile: Sequence[Gap] = ()) -> bool:
        """Apply one page; whether there are more. *meanwhile* happens while it is made."""
        gaps = iter(meanwhile)
        wait, growing = next(gaps, NEVER)

        def ask(step: object) -> object:
            nonlocal wait, growing
            wait -= 1
            if wait < 0:
                for each in growing:
                    self._garden.grow(each)
                wait, growing = next(gaps, NEVER)
            return self._garden.world.answer(step)

        try:
            page = drive(read_page(unpack(pack(self.cursor)), size), ask)
        except CursorExpired:
            self.start_over()
            return True
        entries: Entries = [
            (told.path, None if told.item is None else (told.item.kind, told.item.id, told.shown))
            for told in page.entries
        ]
        self._fold(self.state, entries, self._scope.path)
        self.cursor = page.cursor
        self.kept.append((dict(self.state), self.cursor))
        return page.has_more

    def start_over(self) -> None:
        self.state = {}
        self.cursor = self._begin()

    def go_back(self, pick: int) -> None:
        """Use an earlier cursor again, with the copy that belongs to it."""
        if self.kept:
            state, self.cursor = self.kept[pick % len(self.kept)]
            self.state = dict(state)

    def catch_up(self, size: int) -> None:
        for _ in range(10_000):
            if not self.read(size):
                return
        raise AssertionError("the pages have no end")

    def _begin(self) -> Cursor:
        return self._garden.drive(begin(self.user.id, 7, EPOCH, self._scope))


gaps = st.tuples(st.integers(0, 5), st.lists(steps, min_size=1, max_size=4))
acts = st.one_of(
    steps.map(lambda step: ("grow", step)),
    st.tuples(
        st.just("read"),
        st.tuples(st.integers(0, 3), st.integers(1, 12), st.lists(gaps, max_size=6)),
    ),
    st.tuples(st.just("back"), st.tuples(st.integers(0, 3), st.integers(0, 30))),
    st.tuples(st.just("again"), st.integers(0, 3)),
)


@settings(max_examples=150)
@given(
    st.lists(acts, min_size=1, max_size=40),
    st.sampled_from(SCOPES),
    st.integers(1, 7),
    st.booleans(),
)
def test_p9_whoever_folds_the_pages_has_the_view(
    acts: Sequence[tuple[str, Any]], scope: Scope, size: int, has_mounts: bool
) -> None:
    garden = Garden()
    if has_mounts:
        join_all(garden)
    readers = [
        Reader(garden, user, scope, sorts=sorts)
        for user in (garden.world.ann, garden.world.bob)
        for sorts in (False, True)
    ]
    if has_mounts:
        for reader in readers:
            reader.catch_up(size)
    for act, what in acts:
        match act:
            case "grow":
                garden.grow(what)
            case "read":
                readers[what[0]].read(*what[1:])
            case "back":
                readers[what[0]].go_back(what[1])
            case "again":
                readers[what].start_over()
    for reader in readers:
        reader.catch_up(size)
        assert reader.state == garden.view(reader.user, scope)


mount_steps = st.tuples(st.sampled_from(("member", "replace")), picks, names, picks)
mount_gaps = st.tuples(st.integers(0, 5), st.lists(mount_steps, min_size=1, max_size=3))


@given(
    st.lists(st.lists(mount_gaps, min_size=1, max_size=3), min_size=1, max_size=4),
    st.integers(1, 7),
    st.booleans(),
)
def test_p9_whoever_joins_and_leaves_between_the_looks_of_a_page_keeps_nothing_that_is_gone(
    pages: list[list[Gap]], size: int, sorts: bool
) -> None:
    garden = Garden()
    reader = Reader(garden, garden.world.bob, Scope(), sorts=sorts)
    join_all(garden)
    reader.catch_up(size)
    for gaps in pages:
        reader.read(size, gaps)
    reader.catch_up(size)
    assert reader.state == garden.view(garden.world.bob, Scope())


def join_all(garden: Garden) -> None:
    """Bob joins every namespace; there is something in each."""
    for namespace in (garden.team, garden.other):
        garden.join(namespace)
        garden.world.file("x", namespace=namespace)


@given(st.lists(steps, max_size=15), st.lists(steps, max_size=15), st.sampled_from(SCOPES))
def test_the_latest_cursor_gives_what_comes_after_it_and_waits_for_nothing_else(
    before: list[Step], after: list[Step], scope: Scope
) -> None:
    garden = Garden()
    for step in before:
        garden.grow(step)
    reader = Reader(garden, garden.world.bob, scope, sorts=False)
    reader.cursor = garden.drive(latest(reader.cursor))
    reader.state = garden.view(garden.world.bob, scope)
    unread = reader.cursor
    assert not reader.read(100)
    assert reader.state == garden.view(garden.world.bob, scope)

    reader.cursor = unread
    for step in after:
        garden.grow(step)
    grown = garden.has_grown(unread, places_of)
    is_told_of_its_folder = scope.recursive or not scope.path
    if grown and is_told_of_its_folder and unread.base.number:  # not the first row of all
        assert shows_something(garden, unread), "it would have been woken for nothing"
    seen = dict(reader.state)
    reader.catch_up(3)

    assert reader.state == garden.view(garden.world.bob, scope)
    if reader.state != seen:
        assert grown, "it would have slept through it"


def shows_something(garden: Garden, cursor: Cursor) -> bool:
    """Whether the page after *cursor* tells of anything, if only that it begins anew."""
    try:
        page = garden.drive(read_page(cursor, 3))
    except CursorExpired:
        return True
    return bool(page.entries) or page.has_more


def test_a_mount_that_becomes_another_is_deleted_on_a_page_of_its_own() -> None:
    garden = Garden()
    world = garden.world
    first = world.shared(world.ann, "Photos", bob=Role.VIEWER)
    world.file("old.jpg", namespace=first)
    reader = Reader(garden, world.bob, Scope(), sorts=True)
    reader.catch_up(100)
    assert "photos/old.jpg" in reader.state

    garden.leave(first)
    second = world.shared(world.ann, "Photos", bob=Role.VIEWER)
    world.file("new.jpg", namespace=second)
    page = garden.drive(read_page(reader.cursor, 100))
    assert [(told.path, told.item) for told in page.entries] == [("photos", None)]
    assert page.has_more

    reader.catch_up(100)
    assert reader.state == garden.view(world.bob, Scope())
    assert "photos/new.jpg" in reader.state
    assert "photos/old.jpg" not in reader.state


def test_who_left_a_namespace_and_came_back_is_given_it_from_the_start() -> None:
    garden = Garden()
    world = garden.world
    team = world.shared(world.ann, "Photos", bob=Role.VIEWER)
    gone = world.file("gone.jpg", namespace=team)
    world.file("kept.jpg", namespace=team)
    reader = Reader(garden, world.bob, Scope(), sorts=True)
    reader.catch_up(1)

    garden.leave(team)
    world.do(Trash(item=by_id(gone)))
    garden.join(team)
    reader.catch_up(1)

    assert reader.state == garden.view(world.bob, Scope())


def test_a_cursor_in_a_namespace_that_was_left_expires() -> None:
    garden = Garden()
    world = garden.world
    team = world.shared(world.ann, "Photos", bob=Role.VIEWER)
    world.do(CreateFolder(parent=by_id(world.root(team)), name="a"))
    reader = Reader(garden, world.bob, Scope("photos/a"), sorts=False)
    reader.catch_up(1)
    assert set(reader.state) == {"photos/a"}
    garden.leave(team)

    for rule in (read_page(reader.cursor, 1), places_of(reader.cursor)):
        with pytest.raises(CursorExpired):
            garden.drive(rule)


def interrupted(garden: Garden, kind: type, *changes: Change) -> Callable[[object], object]:
    """Answers look-ups; Ann makes *changes* before the first of that *kind* is answered."""
    left = list(changes)

    def ask(step: object) -> object:
        while left and isinstance(step, kind):
            garden.world.publish(garden.world.ann, left.pop(0))
        return garden.world.answer(step)

    return ask


@pytest.mark.parametrize("is_purged", [False, True], ids=["trashed", "purged"])
def test_a_shared_folder_that_ends_between_two_looks_is_told_of_on_the_next_page(
    is_purged: bool,
) -> None:
    garden = Garden()
    world = garden.world
    team = world.shared(world.ann, "Photos", bob=Role.VIEWER)
    root = by_id(world.root(team))
    reader = Reader(garden, world.bob, Scope(), sorts=True)
    reader.catch_up(100)
    world.file("new.jpg", namespace=team)
    changes: list[Change] = [Trash(item=root)]
    if is_purged:
        changes.append(Delete(item=root, from_trash=True))

    page = drive(read_page(reader.cursor, 100), interrupted(garden, NamespaceById, *changes))

    assert (page.entries, page.has_more) == ((), True)
    reader.cursor = page.cursor
    reader.catch_up(100)
    assert reader.state == garden.view(world.bob, Scope()) == {}


def test_a_path_into_a_folder_that_is_purged_between_two_looks_leads_into_the_home() -> None:
    garden = Garden()
    world = garden.world
    root = by_id(world.root(world.shared(world.ann, "Photos", bob=Role.VIEWER)))
    purge = (Trash(item=root), Delete(item=root, from_trash=True))

    base = drive(find_base(world.bob.home, "photos/a"), interrupted(garden, ItemById, *purge))

    assert (base.namespace, base.under, base.mount) == (world.bob.home, "photos/a", None)
