"""`POST /v1/events`: what both streams show of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.box_rules import check_page
from tests.integration.http.conftest import Client, World
from wakeful.core.accounts import add_member, remove_member
from wakeful.core.people import Role
from wakeful.dialects.box.catalogue import ENTERPRISE, IN_EVERY_VIEW
from wakeful.dialects.box.types import (
    ENTERPRISE_ONLY,
    USER_TYPES,
    enterprise_name,
    user_name,
)


async def told(client: Client) -> list[dict[str, Any]]:
    page = await client.get("/2.0/events", limit=500)
    entries: list[dict[str, Any]] = page["entries"]
    return entries


async def test_an_event_is_told_to_its_actor(world: World, bob: Client) -> None:
    answer = await bob.tell(
        {
            "type": "invoice.paid",
            "source": {"invoice": 17, "lines": [{"sum": 1.5}]},
            "details": {"currency": "EUR"},
            "created_at": "2026-01-01T00:00:00Z",
            "session": "s1",
        }
    )

    (event,) = await told(bob)
    assert event["event_id"] == answer["events"][0]["id"]
    assert event["event_type"] == "invoice.paid"
    assert event["source"] == {"invoice": 17, "lines": [{"sum": 1.5}]}
    assert event["additional_details"] == {"currency": "EUR"}
    assert event["created_at"] == "2026-01-01T00:00:00+00:00"
    assert event["session_id"] == "s1"
    assert event["created_by"]["login"] == "bob"
    assert await told(world.ann) == []


async def test_a_source_is_as_deep_as_every_reader_bears(bob: Client) -> None:
    def nested(levels: int) -> dict[str, Any]:
        source: dict[str, Any] = {}
        for _ in range(levels - 1):
            source = {"in": source}
        return source

    await bob.tell({"type": "own.type", "source": nested(100), "details": nested(100)})
    for field in ("source", "details"):
        deeper = {"type": "own.type", field: nested(101)}
        answer = await bob.ask("POST", "/v1/events", json=deeper)
        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == field

    (event,) = await told(bob)
    assert event["source"] == event["additional_details"] == nested(100)


async def test_an_event_about_an_item_is_told_to_all_who_see_it(
    world: World, ann: Client, bob: Client
) -> None:
    await world.shared(ann, "team", bob)
    file = await ann.made(kind="upload", path="/team/a.txt")

    await bob.tell({"type": "COMMENT_CREATE", "source": {"item": file}})

    for client in (ann, bob):
        event = (await told(client))[-1]
        assert event["event_type"] == "COMMENT_CREATE"
        assert event["source"] == await client.get(f"/2.0/files/{file}")
    assert await told(world.cat) == []


async def test_the_root_of_a_home_can_be_told_of(ann: Client) -> None:
    await ann.tell({"type": "TAG_ITEM_CREATE", "source": {"item": "0"}})

    (event,) = await told(ann)
    assert event["source"]["id"] == "0"


async def test_an_admin_tells_for_and_to_others(world: World, ann: Client, bob: Client) -> None:
    answer = await ann.tell(
        {"type": "LOGIN", "actor": "bob", "audience": ["bob", str(world.cat.id)]},
        {"type": "FAILED_LOGIN", "actor": bob.id, "audience": []},
    )

    for client in (bob, world.cat):
        (event,) = await told(client)
        assert (event["event_type"], event["created_by"]["login"]) == ("LOGIN", "bob")
    assert await told(ann) == []
    assert [event["position"] for event in answer["events"]] == [None, None]
    assert all(event["enterprise_position"] for event in answer["events"])


async def test_naming_oneself_needs_no_admin(bob: Client) -> None:
    await bob.tell({"type": "LOGIN", "actor": "bob", "audience": [bob.id]})

    assert len(await told(bob)) == 1


async def test_box_types_are_shown_by_the_views_that_box_says(bob: Client) -> None:
    await bob.tell({"type": "LOCK_CREATE"}, {"type": "COMMENT_CREATE"}, {"type": "own.type"})

    for stream_type, expected in (
        ("all", ["LOCK_CREATE", "COMMENT_CREATE", "own.type"]),
        ("changes", ["LOCK_CREATE"]),
        ("sync", ["LOCK_CREATE"]),
    ):
        page = await bob.get("/2.0/events", stream_type=stream_type)
        assert [event["event_type"] for event in page["entries"]] == expected


async def test_p3_a_repeated_event_is_told_once(bob: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"type": "COMMENT_CREATE"}

    first = await bob.ask("POST", "/v1/events", json=body, headers=headers)
    again = await bob.ask("POST", "/v1/events", json=body, headers=headers)

    assert again.json() == first.json() | {"replayed": True}
    assert len(await told(bob)) == 1


async def logged(world: World) -> list[dict[str, Any]]:
    """What the enterprise's stream shows, oldest first."""
    page = await world.ann.get("/2.0/events", limit=500, stream_type="admin_logs_streaming")
    check_page(page)
    entries: list[dict[str, Any]] = page["entries"]
    return entries


async def test_each_event_of_a_request_has_its_own_actor(world: World, ann: Client) -> None:
    await ann.tell(
        {"type": "COMMENT_CREATE", "actor": "bob"},
        {"type": "COMMENT_CREATE", "actor": "cat", "action_by": "ann", "ip": "192.0.2.1"},
        {"type": "DOWNLOAD", "actor": 2},
    )

    by_bob, by_cat, by_nobody = await logged(world)
    assert (by_bob["created_by"]["login"], by_bob["action_by"]) == ("bob", None)
    assert (by_cat["created_by"]["login"], by_cat["action_by"]["login"]) == ("cat", "ann")
    assert by_cat["ip_address"] == "192.0.2.1"
    assert by_nobody["created_by"] == {
        "type": "user",
        "id": "2",
        "name": "Unknown User",
        "login": "",
    }
    assert [len(await told(client)) for client in (ann, world.bob, world.cat)] == [0, 1, 1]


async def test_p7_an_admin_tells_in_nobodys_name_of_what_they_may_not_see(
    world: World, ann: Client, bob: Client
) -> None:
    file = await ann.made(kind="upload", path="/a.txt")
    await bob.made(kind="upload", path="/b.txt")
    before = await world.state()

    body = {"type": "COMMENT_CREATE", "source": {"item": file}, "actor": "bob"}
    answer = await ann.ask("POST", "/v1/events", json=body)

    assert answer.status_code == 404
    assert await world.state() == before


async def test_a_download_is_told_to_the_owner_alone(
    world: World, ann: Client, bob: Client
) -> None:
    await world.shared(ann, "team", bob, world.cat)
    file = await ann.made(kind="upload", path="/team/a.txt", size=7)
    seen = {client.id: len(await told(client)) for client in (ann, bob, world.cat)}

    answer = await bob.tell(
        {"type": "ITEM_DOWNLOAD", "source": {"item": file}},
        {"type": "PREVIEW", "source": {"item": file}},
    )

    assert [event["position"] for event in answer["events"]] == [None, None]
    assert [event["event_type"] for event in (await told(ann))[-2:]] == [
        "ITEM_DOWNLOAD",
        "ITEM_PREVIEW",
    ]
    assert [len(await told(client)) for client in (bob, world.cat)] == [
        seen[bob.id],
        seen[world.cat.id],
    ]
    event = (await logged(world))[-2]
    assert event["event_type"] == "DOWNLOAD"
    assert (event["source"]["item_id"], event["source"]["parent"]["name"]) == (file, "team")
    assert event["additional_details"]["size"] == 7


async def test_who_is_let_in_hears_of_it(world: World, ann: Client, bob: Client) -> None:
    await world.shared(ann, "team", bob)
    folder = await ann.made(kind="create_folder", path="/team/docs")

    await ann.tell(
        {
            "type": "COLLABORATION_INVITE",
            "source": {"item": folder},
            "accessible_by": "cat",
            "details": {"role": "viewer"},
        }
    )

    for client in (ann, bob, world.cat):
        event = (await told(client))[-1]
        assert event["event_type"] == "COLLAB_INVITE_COLLABORATOR"
        assert event["accessible_by"]["login"] == "cat"
    event = (await logged(world))[-1]
    assert event["source"]["folder_id"] == folder
    assert event["source"]["user_name"] == "Cat"


@pytest.mark.parametrize("type", ["LOGIN", "ADMIN_LOGIN", "FAILED_LOGIN", "SHIELD_ALERT"])
async def test_what_is_the_enterprises_is_told_to_no_user(
    world: World, bob: Client, type: str
) -> None:
    answer = await bob.tell({"type": type})

    assert answer["events"][0]["position"] is None
    assert [await told(client) for client in (world.ann, bob, world.cat)] == [[], [], []]
    (event,) = await logged(world)
    assert event["event_type"] == type
    assert event["created_by"]["login"] == "bob"


async def test_a_viewer_tells_of_no_change(world: World, ann: Client, bob: Client) -> None:
    """Clients of the others would act on it."""
    team = await world.shared(ann, "team")
    file = await ann.made(kind="upload", path="/team/a")
    await world.store.commit(add_member(team.id, bob.id, Role.VIEWER))
    before = len(await told(ann))
    trashed = {"type": "ITEM_TRASH", "source": {"item": file}}

    answer = await bob.ask("POST", "/v1/events", json=trashed)
    for_bob = await ann.ask("POST", "/v1/events", json=trashed | {"actor": "bob"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert for_bob.status_code == 403
    assert len(await told(ann)) == before
    await bob.tell(trashed | {"audience": ["bob"]})
    await bob.tell({"type": "COMMENT_CREATE", "source": {"item": file}})
    await world.store.commit(add_member(team.id, bob.id, Role.EDITOR))
    await bob.tell(trashed)
    assert [event["event_type"] for event in (await told(ann))[before:]] == [
        "COMMENT_CREATE",
        "COLLAB_ROLE_CHANGE",
        "ITEM_TRASH",
    ]


async def test_the_enterprise_is_told_who_acted_in_the_name_of_another(
    world: World, ann: Client, bob: Client
) -> None:
    as_bob = {"As-User": str(bob.id)}
    change = {"kind": "create_folder", "path": "/a"}
    for headers in (as_bob, {"As-User": str(ann.id)}):
        for path, body in (("/v1/changes", change), ("/v1/events", {"type": "LOGIN"})):
            answer = await ann.ask("POST", path, json=body, headers=headers)
            assert answer.status_code == 200, answer.text
    named = {"type": "LOGIN", "action_by": bob.id}
    await ann.ask("POST", "/v1/events", json=named, headers=as_bob)

    shown = await logged(world)

    by = [each["action_by"] and each["action_by"]["login"] for each in shown]
    assert by == ["ann", "ann", None, None, "bob"]
    assert [each["created_by"]["login"] for each in shown] == ["bob", "bob", "ann", "ann", "bob"]
    assert all("action_by" not in event for event in await told(bob))


async def test_the_admin_who_lets_members_in_and_out_is_the_actor(
    world: World, ann: Client, bob: Client
) -> None:
    team = f"/v1/namespaces/{(await world.shared(bob, 'team')).id}/members"

    assert (await ann.ask("POST", team, json={"user": "cat"})).status_code == 200
    assert (await ann.ask("DELETE", f"{team}/cat")).status_code == 200

    for event in await told(world.cat):
        assert event["created_by"]["login"] == "ann"
        assert event["accessible_by"]["login"] == "cat"
    assert len(await told(bob)) == 2


async def test_members_are_told_of_who_comes_changes_and_goes(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "team", bob, world.cat)
    await world.store.commit(add_member(team.id, bob.id, Role.VIEWER))
    await world.store.commit(remove_member(team.id, bob.id))

    for client in (ann, bob, world.cat):
        page = await client.get("/2.0/events", stream_type="changes")
        check_page(page)
        last = page["entries"][-2:]
        assert [event["event_type"] for event in last] == [
            "COLLAB_ROLE_CHANGE",
            "COLLAB_REMOVE_COLLABORATOR",
        ]
        assert {event["accessible_by"]["login"] for event in last} == {"bob"}
        assert {event["source"]["name"] for event in last} == {"team"}
    shown = await logged(world)
    assert [event["event_type"] for event in shown] == [
        "COLLABORATION_ACCEPT",
        "COLLABORATION_ACCEPT",
        "COLLABORATION_ROLE_CHANGE",
        "COLLABORATION_REMOVE",
    ]
    assert {event["source"]["folder_name"] for event in shown} == {"team"}


async def test_p7_who_left_a_folder_is_told_no_more_than_that(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "team", bob)
    await world.store.commit(remove_member(team.id, bob.id))
    before = await bob.get("/2.0/events")

    await ann.publish({"kind": "upload", "path": "/team/secret.txt"})
    await world.store.commit(add_member(team.id, world.cat.id, Role.VIEWER))

    assert await bob.get("/2.0/events") == before
    assert before["entries"][-1]["event_type"] == "COLLAB_REMOVE_COLLABORATOR"


async def test_the_whole_catalogue_is_told_in_one_request(
    world: World, ann: Client, bob: Client
) -> None:
    await world.shared(ann, "team", bob)
    file = await ann.made(kind="upload", path="/team/a.txt")
    types = sorted(USER_TYPES | ENTERPRISE)

    await bob.tell(*({"type": type, "source": {"item": file}} for type in types))

    def of_users(*views: str) -> list[str]:
        names = (type for type in types if type not in ENTERPRISE_ONLY)
        return [user_name(name) for name in names if not views or user_name(name) in views]

    page = await ann.get("/2.0/events", limit=500)
    changes = await ann.get("/2.0/events", limit=500, stream_type="changes")
    check_page(page)
    assert [event["event_type"] for event in page["entries"]][-len(of_users()) :] == of_users()
    named = of_users(*IN_EVERY_VIEW)
    assert [event["event_type"] for event in changes["entries"]][-len(named) :] == named
    to_the_owner = {"ITEM_DOWNLOAD", "ITEM_PREVIEW"}
    theirs = [event["event_type"] for event in await told(bob)]
    assert not to_the_owner & set(theirs)
    shown = await logged(world)
    assert [event["event_type"] for event in shown][-len(types) :] == [
        enterprise_name(type) for type in types
    ]
    for name in ("UPLOAD", "LOGIN", "SHARE", "COLLABORATION_INVITE"):
        page = await ann.get(
            "/2.0/events", limit=500, stream_type="admin_logs_streaming", event_type=name
        )
        found = [event["event_id"] for event in page["entries"]]
        assert found == [event["event_id"] for event in shown if event["event_type"] == name]
        assert found
