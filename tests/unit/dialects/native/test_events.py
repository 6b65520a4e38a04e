from __future__ import annotations

import json
from typing import Any

import pytest

from wakeful.core.changes import ById, ByPath, Circle
from wakeful.core.errors import InvalidRequest
from wakeful.core.events import EVERY_CLASS, ONLY_ALL
from wakeful.dialects.native.events import Asked, parse_events

HOME = 1003


def parsed(**event: Any) -> Asked:
    (asked,) = parse_events(json.dumps({"type": "own.type"} | event).encode(), HOME)
    return asked


def test_an_event_says_what_happened() -> None:
    asked = parsed(
        source={"n": 1}, details={"a": 1}, session="s", created_at=5, ip="2001:DB8::0001"
    )

    tell = asked.tell
    assert (tell.type, tell.source, tell.item) == ("own.type", {"n": 1}, None)
    assert (tell.details, tell.session, tell.at) == ({"a": 1}, "s", 5)
    assert tell.ip == "2001:db8::1"
    assert (tell.classes, tell.circle) == (ONLY_ALL, Circle.MEMBERS)


def test_people_are_still_to_be_found() -> None:
    asked = parsed(actor="ann", audience=["bob", 7], action_by=8, accessible_by="eve")

    assert (asked.actor, asked.audience) == ("ann", ("bob", 7))
    assert (asked.action_by, asked.accessible_by) == (8, "eve")
    assert (asked.tell.actor, asked.tell.audience, asked.tell.accessible_by) == (None, None, None)


@pytest.mark.parametrize(
    "party",
    [
        {"type": "group", "id": "9", "name": "Staff"},
        {"type": "user", "login": "stranger@example.com"},
    ],
)
def test_who_is_no_user_is_described(party: dict[str, str]) -> None:
    asked = parsed(accessible_by=party)

    assert asked.accessible_by is None
    assert asked.tell.accessible_by == party


@pytest.mark.parametrize(("id", "item"), [("5", ById(5)), (5, ById(5)), ("0", ByPath(HOME, ()))])
def test_a_source_may_be_an_item(id: object, item: object) -> None:
    tell = parsed(source={"item": id}).tell

    assert (tell.item, tell.source) == (item, None)


@pytest.mark.parametrize(
    ("type", "classes", "circle"),
    [
        ("ITEM_DOWNLOAD", ONLY_ALL, Circle.OWNER),
        ("COLLABORATION_INVITE", EVERY_CLASS, Circle.CONCERNED),
        ("LOCK", EVERY_CLASS, Circle.MEMBERS),
        ("LOGIN", ONLY_ALL, Circle.NOBODY),
    ],
)
def test_the_type_says_where_an_event_is_shown(type: str, classes: int, circle: Circle) -> None:
    tell = parsed(type=type).tell

    assert (tell.classes, tell.circle) == (classes, circle)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"type": "two words"}, "type"),
        ({"ip": "nowhere"}, "ip"),
        ({"ip": ""}, "ip"),
        ({"accessible_by": {"type": "robot"}}, "accessible_by.type"),
        ({"accessible_by": {"id": "5"}}, "accessible_by.type"),
        ({"source": {"type": "file", "id": 5}}, "source.id"),
        ({"source": {"item": "x"}}, "source.item"),
        ({"details": {"a": [{"type": []}]}}, "details.a[0].type"),
        ({"created_at": "soon"}, "created_at"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(event: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(**event)

    assert caught.value.field == field
