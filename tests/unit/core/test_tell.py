"""Events that are no change of an item."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core.accounts import create_enterprise, create_user
from wakeful.core.changes import ById, ByPath, Circle, Facts, Made, Tell, Trash, Upload
from wakeful.core.errors import InvalidRequest, NotFound
from wakeful.core.events import (
    EVERY_CLASS,
    ONLY_ALL,
    ItemEvent,
    MemberEvent,
    Person,
    StreamClass,
)
from wakeful.core.people import ANONYMOUS, Role


@pytest.fixture
def world() -> World:
    return World()


def test_an_event_is_told_to_its_actor_and_the_enterprise(world: World) -> None:
    published = world.publish(
        world.ann,
        Tell(
            type="LOGIN",
            classes=ONLY_ALL,
            at=5,
            source={"type": "user"},
            details={"how": "password"},
            session="s",
            ip="::1",
        ),
    )

    event = world.last()
    (receipt,) = published.receipts
    assert published.applied.items == (None,)
    assert (event.type, event.created_at, event.source) == ("LOGIN", 5, b'{"type":"user"}')
    assert (event.details, event.session, event.ip) == (b'{"how":"password"}', "s", "::1")
    assert (event.actor.login, event.namespace) == ("ann", None)
    assert receipt.event == event.id
    assert receipt.numbers == {world.ann.id: 1, world.enterprise: 1}
    assert world.types(world.bob) == []


def test_an_event_about_an_item_is_told_to_those_who_may_see_it(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    file = world.file("a.txt", namespace=team)

    item = world.do(Tell(type="COMMENT_CREATE", classes=ONLY_ALL, item=by_id(file)), world.bob)

    assert item == file
    assert snapshot(world.last(world.ann)).id == file.id
    assert world.last(world.ann) == world.last(world.bob)
    assert (world.last().namespace, world.last().actor.login) == (team, "bob")
    assert world.types(world.eve) == []


def test_an_event_can_be_about_what_the_batch_made_and_about_what_is_trashed(
    world: World,
) -> None:
    file = world.file("a.txt")

    world.publish(
        world.ann,
        Trash(item=by_id(file)),
        Tell(type="NOTE", classes=ONLY_ALL, item=Made(0)),
    )

    assert snapshot(world.last()).trashed_at is not None


@pytest.mark.parametrize("there", [True, False])
def test_nobody_tells_of_an_item_that_they_may_not_see(world: World, *, there: bool) -> None:
    file = world.file("a.txt")
    item = by_id(file) if there else ById(999_999)

    with pytest.raises(NotFound, match=r"^no such item$"):
        world.publish(world.eve, Tell(type="NOTE", classes=ONLY_ALL, item=item))


def test_an_audience_is_told_instead_of_the_members(world: World) -> None:
    file = world.file("a.txt")

    world.publish(
        world.ann,
        Tell(type="TASK", classes=ONLY_ALL, item=by_id(file), audience=(world.bob.id,)),
    )

    assert world.types(world.bob) == ["TASK"]
    assert world.types(world.ann) == ["item.upload"]
    assert world.page(world.enterprise).state.last == 2


@pytest.mark.parametrize(
    ("circle", "hear"),
    [
        (Circle.MEMBERS, {"ann", "bob"}),
        (Circle.CONCERNED, {"ann", "bob", "eve"}),
        (Circle.OWNER, {"ann"}),
        (Circle.NOBODY, set()),
    ],
)
def test_a_circle_says_who_hears_of_an_item(world: World, circle: Circle, hear: set[str]) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    file = world.file("a.txt", namespace=team)
    before = world.page(world.enterprise).state.last

    world.publish(
        world.bob,
        Tell(
            type="NOTE",
            classes=ONLY_ALL,
            item=by_id(file),
            circle=circle,
            accessible_by=world.eve.id,
        ),
    )

    people = (world.ann, world.bob, world.eve)
    assert {user.login for user in people if "NOTE" in world.types(user)} == hear
    assert world.page(world.enterprise).state.last == before + 1


@pytest.mark.parametrize(
    ("circle", "hear"),
    [
        (Circle.MEMBERS, {"bob"}),
        (Circle.CONCERNED, {"bob", "eve"}),
        (Circle.OWNER, {"bob"}),
        (Circle.NOBODY, set()),
    ],
)
def test_without_an_item_the_actor_hears(world: World, circle: Circle, hear: set[str]) -> None:
    world.publish(
        world.bob,
        Tell(type="NOTE", classes=ONLY_ALL, circle=circle, accessible_by=world.eve.id),
    )

    people = (world.ann, world.bob, world.eve)
    assert {user.login for user in people if "NOTE" in world.types(user)} == hear


def test_an_audience_goes_before_a_circle(world: World) -> None:
    tell = Tell(type="NOTE", classes=ONLY_ALL, circle=Circle.NOBODY, audience=(world.eve.id,))

    world.publish(world.bob, tell)

    assert world.types(world.eve) == ["NOTE"]


def test_somebody_who_is_no_user_may_gain_access(world: World) -> None:
    group = {"type": "group", "name": "Staff"}

    world.publish(
        world.ann,
        Tell(type="NOTE", classes=ONLY_ALL, circle=Circle.CONCERNED, accessible_by=group),
    )

    assert world.last().accessible_by == group


def test_each_event_of_a_batch_has_its_own_actor(world: World) -> None:
    def tell(actor: int | None) -> Tell:
        return Tell(type="NOTE", classes=ONLY_ALL, actor=actor, action_by=world.eve.id)

    world.publish(world.ann, tell(world.bob.id), tell(None), tell(world.ann.id))

    assert [event.actor.login for event in world.events(world.bob)] == ["bob"]
    assert [event.actor.login for event in world.events(world.ann)] == ["ann", "ann"]
    assert world.last(world.bob).action_by == Person(world.eve.id, "Eve", "eve")


@pytest.mark.parametrize("field", ["actor", "action_by", "accessible_by"])
def test_only_users_of_the_enterprise_are_in_an_event(world: World, field: str) -> None:
    others = world.commit(create_enterprise("Other"))
    stranger = world.commit(create_user(others.id, "stranger"))

    for id in (stranger.id, 999_999, world.enterprise, 0):
        with pytest.raises(NotFound, match=f"no user {id}"):
            world.publish(world.ann, Tell(type="NOTE", classes=ONLY_ALL, **{field: id}))  # type: ignore[arg-type] # each of them takes an id


def test_an_actor_tells_of_what_they_see_themselves(world: World) -> None:
    mine = world.file("mine.txt")
    theirs = world.do(Upload(parent=ByPath(world.bob.home, ()), name="b", facts=Facts()), world.bob)

    world.publish(
        world.ann,
        Tell(type="NOTE", classes=ONLY_ALL, item=by_id(theirs), actor=world.bob.id),
        Trash(item=by_id(mine)),
        Tell(type="NOTE", classes=ONLY_ALL, item=Made(0), actor=world.bob.id),
    )
    with pytest.raises(NotFound, match=r"^no such item$"):
        world.publish(
            world.ann,
            Tell(type="NOTE", classes=ONLY_ALL, item=by_id(mine), actor=world.bob.id),
        )

    assert world.types(world.bob) == ["item.upload", "NOTE", "NOTE"]
    assert world.types(world.ann) == ["item.upload", "item.trash"]


def test_what_nobody_known_did_is_told_in_nobodys_stream_but_the_owners(world: World) -> None:
    file = world.file("a.txt")

    published = world.publish(
        world.ann,
        Tell(type="NOTE", classes=ONLY_ALL, actor=ANONYMOUS),
        Tell(type="NOTE", classes=ONLY_ALL, actor=ANONYMOUS, item=by_id(file)),
    )

    assert [receipt.numbers.keys() for receipt in published.receipts] == [
        {world.enterprise},
        {world.ann.id, world.enterprise},
    ]
    assert world.last().actor == Person(ANONYMOUS, "", "")
    with pytest.raises(NotFound, match=r"^no such item$"):
        world.publish(
            world.bob, Tell(type="NOTE", classes=ONLY_ALL, actor=ANONYMOUS, item=by_id(file))
        )


def test_only_users_of_the_enterprise_are_an_audience(world: World) -> None:
    others = world.commit(create_enterprise("Other"))
    stranger = world.commit(create_user(others.id, "stranger"))

    for id in (stranger.id, others.id, world.enterprise, world.ann.home, 999_999, -1):
        with pytest.raises(NotFound, match=f"no user {id}"):
            world.publish(
                world.ann, Tell(type="NOTE", classes=ONLY_ALL, audience=(world.bob.id, id))
            )

    assert world.types(stranger) == []
    assert world.page(others.id).state.last == 0
    assert world.types(world.bob) == []


@pytest.mark.parametrize("cls", StreamClass)
def test_an_event_of_any_class_is_among_all(world: World, cls: StreamClass) -> None:
    world.publish(world.ann, Tell(type="NOTE", classes=cls.bit))

    for each in StreamClass:
        shown = [event.type for event in world.events(cls=each)]
        assert shown == (["NOTE"] if each in (StreamClass.ALL, cls) else [])
    assert world.page(world.ann.id).state.last == 1


@pytest.mark.parametrize("classes", [0, -1, EVERY_CLASS + 1, 1 << 40])
def test_a_class_that_does_not_exist_is_refused(world: World, classes: int) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.publish(world.ann, Tell(type="NOTE", classes=classes))

    assert caught.value.field == "classes"


@pytest.mark.parametrize("type", ["", *ItemEvent, *MemberEvent, "item.other"])
def test_nobody_forges_the_events_of_trees(world: World, type: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.publish(world.ann, Tell(type=str(type), classes=EVERY_CLASS, source={"a": 1}))

    assert caught.value.field == "type"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param({"n": 2**64}, id="too large a number"),
        pytest.param({"text": "\ud800"}, id="half of a pair"),
        pytest.param({"thing": object()}, id="no plain value"),
    ],
)
def test_what_cannot_be_kept_is_refused(world: World, source: dict[str, Any]) -> None:
    for tell in (
        Tell(type="NOTE", classes=ONLY_ALL, source=source),
        Tell(type="NOTE", classes=ONLY_ALL, details=source),
    ):
        with pytest.raises(InvalidRequest, match="cannot be kept"):
            world.publish(world.ann, tell)

    assert world.types() == []
