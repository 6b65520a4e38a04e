"""What makes a shared link, changes it, and takes it off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core.changes import UNLINK, Annotate, ById, Copy, LinkWish, Noted
from wakeful.core.errors import Forbidden, InvalidRequest
from wakeful.core.events import EVERY_CLASS, ONLY_ALL
from wakeful.core.items import Item, Link, LinkAccess, Lock
from wakeful.core.links import link_at
from wakeful.core.people import Role, User

TYPES = {
    Noted.DESCRIBED: ("ITEM_MODIFY", EVERY_CLASS),
    Noted.LOCKED: ("LOCK_CREATE", EVERY_CLASS),
    Noted.LINKED: ("ITEM_SHARED_CREATE", ONLY_ALL),
    Noted.RELINKED: ("ITEM_SHARED_UPDATE", ONLY_ALL),
    Noted.UNLINKED: ("ITEM_SHARED_UNSHARE", ONLY_ALL),
}
WISH = LinkWish("key", "http://x/s/key")
HOUR = 3_600_000


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def file(world: World) -> Item:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR, eve=Role.VIEWER)
    return world.file("a.txt", namespace=team)


def note(world: World, item: Item, by: User | None = None, **changes: Any) -> Item:
    return world.do(Annotate(item=ById(item.id), types=TYPES, **changes), by)


def link_of(item: Item) -> Link:
    assert item.notes.link is not None
    return item.notes.link


def test_a_link_is_a_note_that_everybody_is_told_of(world: World, file: Item) -> None:
    linked = note(world, file, world.eve, link=WISH)

    link = link_of(linked)
    assert (link.key, link.by, link.access, link.can_download) == (
        "key",
        world.eve.id,
        LinkAccess.OPEN,
        True,
    )
    assert linked.revision == file.revision + 1
    for user in (world.ann, world.bob, world.eve):
        assert world.last(user).type == "ITEM_SHARED_CREATE"
        assert snapshot(world.last(user)).notes.link == link


def test_what_is_not_wished_stays_and_the_enterprise_alone_is_told(
    world: World, file: Item
) -> None:
    until = world.clock.now + HOUR
    first = note(world, file, link=LinkWish("a", "url", hashed="hash", until=until))
    number, log = world.count(), world.page(world.enterprise).state.last

    same = note(world, first, link=WISH)
    other = note(world, first, link=LinkWish("b", "url", LinkAccess.COMPANY, can_download=False))
    free = note(world, other, link=LinkWish("b", "url", hashed="", until=None))

    assert same == first
    assert link_of(other) == Link(
        "a", "url", world.ann.id, link_of(first).at, LinkAccess.COMPANY, until, "hash", False
    )
    assert (link_of(free).hashed, link_of(free).until) == ("", None)
    assert world.count() == number
    assert world.page(world.enterprise).state.last == log + 2


def test_events_remember_no_password(world: World, file: Item) -> None:
    linked = note(world, file, link=LinkWish("a", "url", hashed="hash"))

    assert link_of(linked).hashed == "hash"
    told = snapshot(world.last()).notes.link
    assert told is not None
    assert told.hashed == "told"


def test_a_link_is_taken_off_for_good(world: World, file: Item) -> None:
    linked = note(world, file, link=WISH)

    free = note(world, linked, link=UNLINK)
    number = world.count()
    again = note(world, free, link=UNLINK)

    assert free.notes.link is None
    assert world.last().type == "ITEM_SHARED_UNSHARE"
    assert again == free
    assert world.count() == number


def test_a_link_whose_time_is_over_is_none(world: World, file: Item) -> None:
    until = world.clock.now + HOUR
    linked = note(world, file, link=LinkWish("a", "url", until=until))
    world.clock.now += 2 * HOUR

    assert link_at(linked.notes, until - 1) == link_of(linked)
    assert link_at(linked.notes, until) is None
    number = world.count()
    ended = note(world, linked, world.eve, link=UNLINK)
    assert ended.notes.link is None
    assert world.count() == number
    fresh = note(world, ended, link=LinkWish("b", "url"))
    assert link_of(fresh).key == "b"


def test_whoever_made_it_and_who_may_edit_change_it(world: World, file: Item) -> None:
    note(world, file, world.bob, link=WISH)

    for wish in (UNLINK, LinkWish("b", "url", LinkAccess.COMPANY)):
        with pytest.raises(Forbidden):
            note(world, file, world.eve, link=wish)
    note(world, file, world.ann, link=UNLINK)
    note(world, file, world.eve, link=WISH)

    assert link_of(note(world, file, world.eve, link=LinkWish("b", "url"))).key == "key"


def test_a_link_takes_the_right_to_it_and_other_notes_theirs(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.PREVIEWER, eve=Role.VIEWER)
    file = world.file("a.txt", namespace=team)

    with pytest.raises(Forbidden):
        note(world, file, world.bob, link=WISH)
    with pytest.raises(Forbidden):
        note(world, file, world.eve, link=WISH, description="x")

    assert world.item(file.id) == file


def test_a_locked_file_can_be_linked(world: World, file: Item) -> None:
    note(world, file, lock=Lock(id=0, by=0, at=0))

    assert link_of(note(world, file, world.bob, link=WISH)).key == "key"


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param(LinkWish("a", "url", LinkAccess.COMPANY, "hash"), id="a password for some"),
        pytest.param(LinkWish("a", "url", until=1), id="an end in the past"),
    ],
)
def test_a_link_that_makes_no_sense_is_refused(world: World, file: Item, wish: LinkWish) -> None:
    with pytest.raises(InvalidRequest):
        note(world, file, link=wish)

    assert world.item(file.id) == file


def test_a_home_has_no_link_and_neither_has_a_copy(world: World, file: Item) -> None:
    note(world, file, link=WISH)

    with pytest.raises(Forbidden, match="home"):
        note(world, world.root(world.ann.home), link=WISH)
    copied = world.do(Copy(item=by_id(file), parent=world.home()))

    assert copied.notes.link is None
    root = world.root(file.namespace)
    assert link_of(note(world, root, link=WISH)).key == "key"
