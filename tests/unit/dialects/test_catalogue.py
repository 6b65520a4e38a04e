"""Every event type that Box has: posted, kept, and shown in both streams."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.box_rules import check_event
from tests.model.world import World
from wakeful.core.events import Event, StreamClass, decode
from wakeful.core.people import Role, User
from wakeful.dialects.box.catalogue import ENTERPRISE, IN_EVERY_VIEW, ONLY_IN_ALL
from wakeful.dialects.box.enterprise import render_enterprise_event
from wakeful.dialects.box.events import render_user_event
from wakeful.dialects.box.types import TWINS, enterprise_name, user_name
from wakeful.dialects.native.events import parse_events

USER_TYPES = IN_EVERY_VIEW | ONLY_IN_ALL
EVERY_TYPE = sorted(USER_TYPES | ENTERPRISE)

TOLD_TO_THE_OWNER = {"ITEM_DOWNLOAD", "ITEM_PREVIEW", "DOWNLOAD", "PREVIEW"}
TOLD_TO_WHOM_IT_CONCERNS = {
    "COLLAB_ADD_COLLABORATOR",
    "COLLAB_INVITE_COLLABORATOR",
    "COLLAB_REMOVE_COLLABORATOR",
    "COLLAB_ROLE_CHANGE",
    "COLLABORATION_ACCEPT",
    "COLLABORATION_INVITE",
    "COLLABORATION_REMOVE",
    "COLLABORATION_ROLE_CHANGE",
    "GROUP_ADD_USER",
    "GROUP_REMOVE_USER",
}


def hearers_of(type: str) -> set[str]:
    """Who is to hear of a file of Ann's that Bob sees, where Eve gains access to it."""
    if type in TOLD_TO_THE_OWNER:
        return {"ann"}
    if type in TOLD_TO_WHOM_IT_CONCERNS:
        return {"ann", "bob", "eve"}
    return {"ann", "bob"} if type in USER_TYPES or type in TWINS.values() else set()


def shown(event: Event, *, enterprise: bool = False) -> dict[str, Any]:
    """What a stream shows of *event*; every client can read it."""
    render = render_enterprise_event if enterprise else render_user_event
    raw: dict[str, Any] = json.loads(render(event))
    check_event(raw)
    return raw


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def file(world: World) -> str:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    return str(world.file("a.txt", namespace=team).id)


def publish(world: World, by: User, **fields: Any) -> None:
    """Publish an event as a producer writes it."""
    (asked,) = parse_events(json.dumps(fields).encode(), by.home)
    world.publish(by, asked.tell)


@pytest.mark.parametrize("type", EVERY_TYPE)
def test_every_type_reaches_those_whom_box_tells(world: World, file: str, type: str) -> None:
    people = (world.ann, world.bob, world.eve)
    before = {user.login: world.count(user) for user in people}
    (asked,) = parse_events(json.dumps({"type": type, "source": {"item": file}}).encode(), 0)

    world.publish(world.bob, replace(asked.tell, accessible_by=world.eve.id))

    heard = {user.login for user in people if world.count(user) > before[user.login]}
    assert heard == hearers_of(type)
    page = world.page(world.enterprise)
    event = decode(page.events[-1].body)
    raw = shown(event, enterprise=True)
    assert raw["event_type"] == enterprise_name(type)
    assert raw["event_type"] in ENTERPRISE or type not in TWINS
    if world.ann.login in heard:
        raw = shown(world.last())
        assert raw["event_type"] == user_name(type)
        assert raw["source"]["id"] == file
        views = [cls for cls in StreamClass if world.events(cls=cls)[-1].id == event.id]
        every = raw["event_type"] in IN_EVERY_VIEW
        assert views == (list(StreamClass) if every else [StreamClass.ALL])


@pytest.mark.parametrize("type", EVERY_TYPE)
@pytest.mark.parametrize(
    "source",
    [
        None,
        {"type": "user", "id": "11", "name": "Ann", "login": "ann@example.com"},
        {"type": "file", "id": "5", "name": "a.txt", "etag": "1", "sequence_id": "1"},
        {"item_type": "folder", "item_id": "5", "item_name": "docs", "parent": None},
        {"type": "app_item", "id": "7", "app_item_type": "hubs"},
        {"group_id": "9", "group_name": "Staff"},
        {"barrier_id": 1, "barrier_status": "ENABLED", "barrier_segments": []},
        {"type": "web_link", "id": "8", "name": "link"},
    ],
    ids=["none", "user", "file", "short", "app_item", "group", "barrier", "web_link"],
)
def test_every_type_may_be_about_anything_that_box_tells_of(
    world: World, type: str, source: dict[str, Any] | None
) -> None:
    before = world.count(world.bob)

    publish(world, world.bob, type=type, source=source, ip="192.0.2.1", details={"n": 1})

    event = decode(world.page(world.enterprise).events[-1].body)
    raw = shown(event, enterprise=True)
    assert (raw["ip_address"], raw["additional_details"]) == ("192.0.2.1", {"n": 1})
    assert (world.count(world.bob) > before) == bool(hearers_of(type))
    shown(event)
