"""Nothing that a producer posts makes an SDK refuse a page.

Sources in every form that Box has, each with every field replaced by something else: what the
door lets in is given to the SDKs' own parsers, as both streams show it. The SDKs that refuse
one event refuse its page, again and again, or end (see docs/box.md).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.box_samples import BOB, event, folder, snapshot
from tests.sdk.followers import SDKS, Sdk
from wakeful.core.errors import InvalidRequest
from wakeful.core.events import Event, ItemEvent, MemberEvent
from wakeful.dialects.box.catalogue import ENTERPRISE
from wakeful.dialects.box.enterprise import render_enterprise_event
from wakeful.dialects.box.events import render_user_event
from wakeful.dialects.box.types import USER_TYPES
from wakeful.dialects.native.events import parse_events

pytestmark = pytest.mark.sdk

_PARSERS = Path(__file__).with_name("parsers")
# The others give their users what JSON.parse gives.
PARSE = [sdk for sdk in SDKS if (_PARSERS / sdk.program).exists()]

FORMS: list[dict[str, Any]] = [
    json.loads(render_user_event(event(source=snapshot())))["source"],
    json.loads(render_user_event(event(source=folder())))["source"],
    json.loads(render_enterprise_event(event(source=snapshot())))["source"],
    json.loads(render_enterprise_event(event(MemberEvent.ADD, folder(), accessible_by=BOB)))[
        "source"
    ],
    {"type": "user", "id": "1", "name": "Ann", "login": "a", "status": "active", "language": "en"},
    {
        "type": "app_item",
        "id": "1",
        "app_item_type": "hubs",
        "user": {"type": "user", "id": "1"},
        "group": {"type": "group", "id": "2", "name": "Staff", "group_type": "managed_group"},
    },
    {"type": "comment", "id": "1", "item": {"type": "file", "id": "2"}, "message": "m"},
    {"type": "web_link", "id": "1", "url": "https://example.com"},
    {"type": "collaboration", "id": "1", "item": {"type": "folder", "id": "2"}},
    {"barrier_id": 1, "barrier_segments": [{"name": "8", "member_count": 1}]},
    {"group_id": "1", "group_name": "Staff"},
]

STRANGE: list[Any] = [
    None, True, 5, 1.5, "x", "", [], ["file"], [[]], {}, {"a": 1}, {"type": ["user"]}, {"type": {}},
    {"type": "file", "id": 5}, [{"type": "user", "id": []}], [{"type": []}],
]  # fmt: skip


@pytest.mark.parametrize("sdk", PARSE, ids=lambda sdk: sdk.name)
def test_what_the_door_lets_in_is_read_by_every_sdk_that_parses(tmp_path: Path, sdk: Sdk) -> None:
    parser = _PARSERS / sdk.program
    assert faults(sdk, parser, tmp_path) == []


def faults(sdk: Sdk, parser: Path, folder: Path) -> list[Any]:
    """The events that an SDK refuses, with what it says."""
    shown = list(all_shown())
    file = folder / "events.json"
    file.write_bytes(b"[" + b",".join(shown) + b"]")
    told = subprocess.run(
        sdk.command({"file": str(file)}, parser),
        check=True,
        capture_output=True,
        timeout=300,
    )
    answer = json.loads(told.stdout)
    assert answer["read"] == len(shown) > 1000
    return [(json.loads(shown[index]), error) for index, error in answer["faults"]]


def all_shown() -> Iterator[bytes]:
    """Events as both streams show them."""
    for one in all_events():
        yield render_user_event(one)
        yield render_enterprise_event(one)


def all_events() -> Iterator[Event]:
    for type in sorted(USER_TYPES | ENTERPRISE | {*ItemEvent, *MemberEvent}):
        yield event(type, snapshot(), accessible_by=BOB, action_by=BOB, ip="192.0.2.1")
        yield event(type, None)
    for form in FORMS:
        yield from posted(source=form)
        for source in changed(form):
            yield from posted(source=source)
            yield from posted(details=source)
    for party in changed({"type": "group", "id": "1", "name": "Staff", "login": ""}):
        yield from posted(accessible_by=party)


def posted(**fields: Any) -> Iterator[Event]:
    """The event that a producer's *fields* make, unless they are refused."""
    body = json.dumps({"type": "COLLABORATION_INVITE", **fields}).encode()
    try:
        (asked,) = parse_events(body, 0)
    except InvalidRequest:
        return
    tell = asked.tell
    if tell.item is not None:
        return
    access = tell.accessible_by
    yield event(tell.type, tell.source, details=tell.details, accessible_by=access)


def changed(form: Any) -> Iterator[Any]:
    """*form* with one field, however deep, left out or replaced by something strange."""
    if isinstance(form, dict):
        for name, value in form.items():
            yield {key: kept for key, kept in form.items() if key != name}
            for other in (*STRANGE, *changed(value)):
                yield form | {name: other}
        for other in STRANGE:
            yield form | {"type": other}
            yield form | {"item_type": other}
    elif isinstance(form, list):
        for index, value in enumerate(form):
            for other in (*STRANGE, *changed(value)):
                yield [*form[:index], other, *form[index + 1 :]]
