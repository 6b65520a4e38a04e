"""What people note on items: descriptions, tags, locks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.world import World, by_id
from wakeful.core.changes import (
    UNLOCK,
    Annotate,
    Copy,
    Delete,
    Facts,
    Move,
    NewVersion,
    Noted,
    Restore,
    Trash,
    Upload,
)
from wakeful.core.errors import InvalidRequest, Locked, Outdated
from wakeful.core.events import EVERY_CLASS
from wakeful.core.items import NO_NOTES, Item, Lock, Notes
from wakeful.core.people import Role

TYPES = {noted: (noted.value.upper(), EVERY_CLASS) for noted in Noted}
LOCK = Lock(id=0, by=0, at=0)


@pytest.fixture
def world() -> World:
    return World()


def note(item: Item, **noted: Any) -> Annotate:
    return Annotate(item=by_id(item), types=TYPES, **noted)


def new_types(world: World, since: int) -> list[str]:
    return world.types()[since:]


def test_what_is_noted_is_told_by_what_is_new(world: World) -> None:
    file = world.file("a")
    since = world.count()

    changed = world.do(note(file, description="mine", tags=("a", "b", "a"), lock=LOCK))

    assert changed.revision == file.revision + 1
    assert (changed.notes.description, changed.notes.tags) == ("mine", ("a", "b"))
    assert changed.notes.lock is not None
    assert changed.notes.lock.by == world.ann.id
    assert new_types(world, since) == ["DESCRIBED", "TAGGED", "LOCKED"]
    assert world.item(file.id) == changed


def test_what_is_noted_already_is_not_told(world: World) -> None:
    file = world.file("a")
    world.do(note(file, description="mine", tags=("a", "b")))
    since = world.count()

    same = world.do(note(file, description="mine", tags=("a", "b"), lock=UNLOCK))
    fewer = world.do(note(file, tags=("b",)))

    assert new_types(world, since) == []
    assert (same.revision, fewer.revision) == (1, 2)


def test_a_lock_is_taken_off(world: World) -> None:
    file = world.file("a")
    world.do(note(file, lock=LOCK))
    since = world.count()

    unlocked = world.do(note(file, lock=UNLOCK))

    assert unlocked.notes == NO_NOTES
    assert new_types(world, since) == ["UNLOCKED"]


def test_the_journal_does_not_know_of_notes(world: World) -> None:
    file = world.file("a")
    head = world.journal_head()

    world.do(note(file, description="mine"))

    assert world.journal_head() == head


def test_a_locked_file_is_its_lockers_and_the_owners(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR, eve=Role.EDITOR)
    file = world.file("a", namespace=team)
    root = by_id(world.root(team))
    world.do(note(file, lock=LOCK), world.bob)

    for change in (
        NewVersion(item=by_id(file), facts=Facts(size=2)),
        Upload(parent=root, name="a", facts=Facts(size=2)),
        Move(item=by_id(file), name="b"),
        Trash(item=by_id(file)),
        Delete(item=by_id(file)),
        note(file, description="x"),
        note(file, lock=UNLOCK),
        note(file, lock=LOCK),
    ):
        with pytest.raises(Locked):
            world.publish(world.eve, change)

    world.do(Move(item=by_id(file), name="b"), world.bob)
    world.do(Move(item=by_id(file), name="c"), world.ann)
    copied = world.do(Copy(item=by_id(file), parent=root, name="d"), world.eve)
    assert copied.notes == NO_NOTES

    world.do(Trash(item=by_id(file)), world.bob)
    for trashed in (Restore(item=by_id(file)), Delete(item=by_id(file), from_trash=True)):
        with pytest.raises(Locked):
            world.publish(world.eve, trashed)
    world.do(Restore(item=by_id(file)), world.ann)


def test_a_lock_ends_with_its_time(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR, eve=Role.EDITOR)
    file = world.file("a", namespace=team)
    lock = Lock(id=0, by=0, at=0, until=world.clock.now + 1_000)
    world.do(note(file, lock=lock), world.bob)

    world.clock.now += 2_000

    world.do(Move(item=by_id(file), name="b"), world.eve)


def test_a_copy_has_the_description_and_the_tags(world: World) -> None:
    file = world.file("a")
    world.do(note(file, description="mine", tags=("a",), lock=LOCK))

    copied = world.do(Copy(item=by_id(file), parent=world.home(), name="b"))

    assert copied.notes == Notes("mine", ("a",))


@pytest.mark.parametrize(
    "noted",
    [
        {"description": "x" * 256},
        {"tags": tuple(map(str, range(101)))},
        {"tags": ("",)},
        {"tags": ("x" * 256,)},
        {"lock": Lock(id=0, by=0, at=0, until=5)},
    ],
)
def test_what_cannot_be_noted_changes_nothing(world: World, noted: dict[str, Any]) -> None:
    file = world.file("a")
    since = world.count()

    with pytest.raises(InvalidRequest):
        world.do(note(file, **noted))

    assert (world.item(file.id), world.count()) == (file, since)


def test_a_folder_cannot_be_locked(world: World) -> None:
    with pytest.raises(InvalidRequest):
        world.do(note(world.folder("f"), lock=LOCK))


def test_notes_on_what_changed_meanwhile_are_refused(world: World) -> None:
    file = world.file("a")

    with pytest.raises(Outdated):
        world.do(note(file, description="x", only_if=(7,)))
