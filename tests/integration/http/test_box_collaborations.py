"""Collaborations through the Box dialect: who is let in, what they may do, and what everybody is
told and sees."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.http.conftest import Client, Json, World
from tests.integration.http.test_box_actions import content, done, folder, multipart, uploaded
from wakeful.core.people import Role

ROLES = [role.value for role in Role if role is not Role.OWNER]


async def invited(by: Client, item: str, user: Client, role: str = "editor", **more: Any) -> Json:
    """A collaboration, which has to be made."""
    wish = {
        "item": {"type": "folder", "id": item},
        "accessible_by": {"type": "user", "id": str(user.id)},
        "role": role,
    }
    return await done(by, "POST", "/2.0/collaborations", wish, **more)


@dataclass
class Docs:
    """A folder of Ann's with a file in it, and who may follow what happens to it."""

    world: World
    id: str
    file: str

    async def position(self, client: Client, stream: str = "all") -> int:
        page = await client.get("/2.0/events", stream_position="now", stream_type=stream)
        position: int = page["next_stream_position"]
        return position

    async def told(self, client: Client, position: int, stream: str = "all") -> list[Json]:
        page = await client.get("/2.0/events", stream_position=position, stream_type=stream)
        entries: list[Json] = page["entries"]
        return entries


@pytest.fixture
async def docs(world: World) -> Docs:
    id = await folder(world.ann, "Docs")
    file = await uploaded(world.ann, id, "a.txt")
    return Docs(world, id, file["id"])


async def names(client: Client, id: str = "0") -> dict[str, str]:
    page = await client.get(f"/2.0/folders/{id}/items")
    return {entry["name"]: entry["id"] for entry in page["entries"]}


async def delta(client: Client, cursor: str) -> tuple[dict[str, str], str]:
    """What Dropbox's clients are told: tags by path."""
    answer = await client.ask("POST", "/2/files/list_folder/continue", json={"cursor": cursor})
    page = answer.json()
    assert not page["has_more"]
    return {each["path_display"]: each[".tag"] for each in page["entries"]}, page["cursor"]


async def listed(client: Client, path: str = "") -> tuple[dict[str, Json], str]:
    answer = await client.ask(
        "POST", "/2/files/list_folder", json={"path": path, "recursive": True}
    )
    page = answer.json()
    return {each["path_display"]: each for each in page["entries"]}, page["cursor"]


# --- letting in ---


async def test_who_is_let_in_sees_the_folder_and_all_that_is_in_it(docs: Docs) -> None:
    ann, bob = docs.world.ann, docs.world.bob

    made = await invited(ann, docs.id, bob)

    assert made["item"] | {"etag": "", "sequence_id": ""} == {
        "type": "folder",
        "id": docs.id,
        "name": "Docs",
        "etag": "",
        "sequence_id": "",
    }
    assert (made["role"], made["status"]) == ("editor", "accepted")
    assert made["accessible_by"]["login"] == "bob"
    assert made["created_by"]["login"] == "ann"
    for client in (ann, bob):
        assert (await names(client))["Docs"] == docs.id
        assert await names(client, docs.id) == {"a.txt": docs.file}
        read = await client.get(f"/2.0/folders/{docs.id}")
        assert (read["parent"]["id"], read["owned_by"]["login"]) == ("0", "ann")
        assert await content(client, docs.file) == b"hello, world"
        assert await client.get(f"/2.0/collaborations/{made['id']}") == made


async def test_each_change_of_a_collaboration_is_one_event_for_everybody_in_the_folder(
    docs: Docs,
) -> None:
    ann, bob, cat = docs.world.ann, docs.world.bob, docs.world.cat
    await invited(ann, docs.id, bob, "co-owner")
    places = {client.id: await docs.position(client) for client in (ann, bob)}
    log = await docs.position(ann, "admin_logs_streaming")
    headers = {"As-User": str(bob.id)}

    made = await invited(ann, docs.id, cat, "viewer", headers=headers)
    path = f"/2.0/collaborations/{made['id']}"
    await done(bob, "PUT", path, {"role": "previewer uploader"})
    await done(bob, "PUT", path, {"role": "previewer uploader"})  # tells nobody anything
    await done(cat, "DELETE", path)

    expected = [
        ("COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT", "bob", {"role": "viewer"}),
        (
            "COLLAB_ROLE_CHANGE",
            "COLLABORATION_ROLE_CHANGE",
            "bob",
            {"role": "previewer uploader", "previous_role": "viewer"},
        ),
        (
            "COLLAB_REMOVE_COLLABORATOR",
            "COLLABORATION_REMOVE",
            "cat",
            {"role": "previewer uploader"},
        ),
    ]
    for client in (ann, bob):
        for stream in ("all", "changes", "sync"):
            events = await docs.told(client, places[client.id], stream)
            assert [
                (each["event_type"], each["created_by"]["login"], each["additional_details"])
                for each in events
            ] == [(user, by, details) for user, _, by, details in expected]
            assert {each["source"]["id"] for each in events} == {docs.id}
            assert {each["accessible_by"]["login"] for each in events} == {"cat"}
    hers = await cat.get("/2.0/events")
    assert [each["event_type"] for each in hers["entries"]] == [each[0] for each in expected]
    whole = await docs.told(ann, log, "admin_logs_streaming")
    assert [each["event_type"] for each in whole] == [each[1] for each in expected]
    assert [each["event_id"] for each in whole] == [each["event_id"] for each in hers["entries"]]
    for event in whole:
        assert event["source"]["folder_id"] == docs.id
        assert event["source"]["user_id"] == str(cat.id)
    assert whole[0]["action_by"]["login"] == "ann"
    assert whole[1]["action_by"] is None


async def test_somebody_is_named_by_login_too_and_fields_choose(docs: Docs) -> None:
    wish = {
        "item": {"type": "folder", "id": docs.id},
        "accessible_by": {"type": "user", "login": "BOB"},
        "role": "viewer uploader",
    }

    made = await done(
        docs.world.ann,
        "POST",
        "/2.0/collaborations?notify=true&fields=role,accessible_by.login",
        wish,
    )

    assert made == {
        "type": "collaboration",
        "id": made["id"],
        "role": "viewer uploader",
        "accessible_by": {"type": "user", "id": str(docs.world.bob.id), "login": "bob"},
    }


async def test_members_are_listed_by_everybody_in_the_folder_page_by_page(docs: Docs) -> None:
    ann, bob, cat = docs.world.ann, docs.world.bob, docs.world.cat
    first = await invited(ann, docs.id, bob)
    second = await invited(bob, docs.id, cat, "uploader")

    for path in (f"folders/{docs.id}", f"files/{docs.file}"):
        for client in (ann, bob, cat):
            page = await client.get(f"/2.0/{path}/collaborations")
            assert page["entries"] == [first, second]
            assert (page["total_count"], page["next_marker"]) == (2, None)
    one = await ann.get(f"/2.0/folders/{docs.id}/collaborations", limit=1)
    rest = await ann.get(
        f"/2.0/folders/{docs.id}/collaborations", limit=1, marker=one["next_marker"]
    )
    assert [*one["entries"], *rest["entries"]] == [first, second]
    assert rest["next_marker"] is None
    assert (await ann.get("/2.0/folders/0/collaborations"))["entries"] == []
    waiting = await ann.get("/2.0/collaborations", status="pending")
    assert (waiting["total_count"], waiting["entries"]) == (0, [])


async def test_what_the_operator_did_is_a_collaboration_as_any_other(world: World) -> None:
    team = await world.shared(world.ann, "Team", world.bob)

    page = await world.bob.get(f"/2.0/folders/{team.root}/collaborations")

    (found,) = page["entries"]
    assert (found["role"], found["accessible_by"]["login"]) == ("editor", "bob")
    await done(world.bob, "DELETE", f"/2.0/collaborations/{found['id']}")
    assert "Team" not in await names(world.bob)


# --- what a role allows ---


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_do_what_it_may_in_both_dialects(docs: Docs, role: str) -> None:
    ann, bob = docs.world.ann, docs.world.bob
    await invited(ann, docs.id, bob, role)
    reads = "view" in role.split()[0] and role != "previewer uploader" and role != "previewer"
    reads = reads or role in ("co-owner", "editor")
    adds = "uploader" in role or role in ("co-owner", "editor")
    edits = role in ("co-owner", "editor")
    wishes: list[tuple[str, str, Any, bool]] = [
        ("GET", f"/2.0/files/{docs.file}", {}, True),
        ("GET", f"/2.0/folders/{docs.id}/items", {}, True),
        ("GET", f"/2.0/files/{docs.file}/content", {}, reads),
        (
            "POST",
            "/2.0/files/content",
            multipart({"name": "new.txt", "parent": {"id": docs.id}}),
            adds,
        ),
        ("POST", f"/2.0/files/{docs.file}/content", multipart({}), edits),
        ("POST", "/2.0/folders", {"json": {"name": "x", "parent": {"id": docs.id}}}, adds),
        ("POST", f"/2.0/files/{docs.file}/copy", {"json": {"parent": {"id": "0"}}}, reads),
        ("PUT", f"/2.0/files/{docs.file}", {"json": {"name": "b.txt"}}, edits),
        ("PUT", f"/2.0/files/{docs.file}", {"json": {"description": "x"}}, edits),
        ("DELETE", f"/2.0/files/{docs.file}", {}, edits),
    ]

    shown, _ = await listed(bob, "/docs")
    downloaded = await bob.ask(
        "POST",
        "/2/files/download",
        headers={"Dropbox-API-Arg": json.dumps({"path": "/docs/a.txt"})},
    )
    v1 = await bob.ask("GET", "/1/metadata/auto/docs/a.txt")
    for method, path, options, allowed in wishes:
        answer = await bob.ask(method, path, **options)
        if allowed:
            assert answer.status_code < 400, (path, answer.text)
        else:
            assert answer.status_code == 403, (path, answer.text)
            assert answer.json()["code"] == "access_denied_insufficient_permissions"

    info = shown["/Docs/a.txt"]["sharing_info"]
    assert info["read_only"] is not edits
    assert info["parent_shared_folder_id"] == shown["/Docs"]["shared_folder_id"]
    assert shown["/Docs"]["sharing_info"]["read_only"] is not edits
    assert v1.json()["read_only"] is not edits
    if reads:
        assert downloaded.content == b"hello, world"
    else:
        assert downloaded.json()["error_summary"] == "path/restricted_content/.."


async def test_another_role_counts_at_once_also_for_a_download_url(docs: Docs) -> None:
    ann, bob = docs.world.ann, docs.world.bob
    made = await invited(ann, docs.id, bob, "viewer")
    found = await bob.ask("GET", f"/2.0/files/{docs.file}/content")

    await done(ann, "PUT", f"/2.0/collaborations/{made['id']}", {"role": "previewer"})

    answer = await bob.ask("GET", found.headers["location"])
    assert answer.status_code == 403


async def test_the_owner_gives_the_folder_to_another(docs: Docs) -> None:
    ann, bob, cat = docs.world.ann, docs.world.bob, docs.world.cat
    made = await invited(ann, docs.id, bob)
    other = await invited(ann, docs.id, cat, "co-owner")

    refused = await cat.ask("PUT", f"/2.0/collaborations/{made['id']}", json={"role": "owner"})
    answer = await ann.ask("PUT", f"/2.0/collaborations/{made['id']}", json={"role": "owner"})

    assert refused.status_code == 403
    assert (answer.status_code, answer.content) == (204, b"")
    read = await cat.get(f"/2.0/files/{docs.file}")
    assert read["owned_by"]["login"] == "bob"
    page = await bob.get(f"/2.0/folders/{docs.id}/collaborations")
    assert {each["accessible_by"]["login"]: each["role"] for each in page["entries"]} == {
        "ann": "co-owner",
        "cat": "co-owner",
    }
    gone = await bob.ask("GET", f"/2.0/collaborations/{made['id']}")
    assert gone.status_code == 404
    (mine,) = (each for each in page["entries"] if each["accessible_by"]["login"] == "ann")
    await done(bob, "DELETE", f"/2.0/collaborations/{mine['id']}")
    await done(cat, "DELETE", f"/2.0/collaborations/{other['id']}")
    assert "Docs" not in await names(ann)
    assert (await names(bob))["Docs"] == docs.id


# --- what the others see of it ---


async def test_p9_the_cursors_of_everybody_follow_a_folder_that_is_shared_and_left(
    docs: Docs,
) -> None:
    ann, bob = docs.world.ann, docs.world.bob
    _, mine = await listed(ann)
    _, his = await listed(bob)

    made = await invited(ann, docs.id, bob)
    shown, his = await delta(bob, his)
    again, mine = await delta_of_all(ann, mine)
    await uploaded(ann, docs.id, "b.txt")
    both = [(await delta(bob, his))[0], (await delta(ann, mine))[0]]
    his = (await delta(bob, his))[1]
    await done(ann, "DELETE", f"/2.0/collaborations/{made['id']}")
    left, his = await delta(bob, his)

    assert shown == {"/Docs": "folder", "/Docs/a.txt": "file"}
    assert again == {"/Docs": "folder", "/Docs/a.txt": "file"}
    assert both == [{"/Docs/b.txt": "file"}] * 2
    assert left == {"/Docs": "deleted"}
    await uploaded(ann, docs.id, "c.txt")
    assert await delta(bob, his) == ({}, his)
    for path in (f"/2.0/files/{docs.file}", f"/2.0/folders/{docs.id}/collaborations"):
        assert (await bob.ask("GET", path)).status_code == 404


async def delta_of_all(client: Client, cursor: str) -> tuple[dict[str, str], str]:
    """Page after page, as a client keeps it: the last word on each path."""
    kept: dict[str, str] = {}
    while True:
        answer = await client.ask("POST", "/2/files/list_folder/continue", json={"cursor": cursor})
        page = answer.json()
        for each in page["entries"]:
            kept[each["path_display"]] = each[".tag"]
        cursor = page["cursor"]
        if not page["has_more"]:
            return kept, cursor


async def test_p7_a_download_url_is_worth_nothing_for_who_was_put_out(docs: Docs) -> None:
    ann, bob = docs.world.ann, docs.world.bob
    made = await invited(ann, docs.id, bob)
    found = await bob.ask("GET", f"/2.0/files/{docs.file}/content")
    position = await docs.position(bob)

    await done(ann, "DELETE", f"/2.0/collaborations/{made['id']}")
    await uploaded(ann, docs.id, "b.txt")

    assert (await bob.ask("GET", found.headers["location"])).status_code == 404
    (event,) = await docs.told(bob, position)
    assert event["event_type"] == "COLLAB_REMOVE_COLLABORATOR"


async def test_a_shared_folder_has_one_name_that_its_owner_gives(docs: Docs) -> None:
    ann, bob = docs.world.ann, docs.world.bob
    await invited(ann, docs.id, bob)
    position, (_, his) = await docs.position(bob), await listed(bob)

    refused = await bob.ask("PUT", f"/2.0/folders/{docs.id}", json={"name": "Bob's"})
    moved = await ann.ask("PUT", f"/2.0/folders/{docs.id}", json={"parent": {"id": docs.id}})
    named = await done(
        ann, "PUT", f"/2.0/folders/{docs.id}", {"name": "Papers", "parent": {"id": "0"}}
    )

    assert (refused.status_code, moved.status_code) == (403, 403)
    (event,) = await docs.told(bob, position)
    assert (event["event_type"], event["source"]["name"]) == ("ITEM_RENAME", "Papers")
    assert event["source"]["etag"] == named["etag"]
    assert list(await names(bob)) == ["Papers"]
    kept, _ = await delta_of_all(bob, his)
    assert kept == {"/Docs": "deleted", "/Papers": "folder", "/Papers/a.txt": "file"}


async def test_in_the_trash_a_shared_folder_is_its_owners_alone(docs: Docs) -> None:
    ann, bob = docs.world.ann, docs.world.bob
    await invited(ann, docs.id, bob)
    position, (_, his) = await docs.position(bob), await listed(bob)

    refused = await bob.ask("DELETE", f"/2.0/folders/{docs.id}?recursive=true")
    await done(ann, "DELETE", f"/2.0/folders/{docs.id}?recursive=true")

    assert refused.status_code == 403
    (event,) = await docs.told(bob, position)
    assert (event["event_type"], event["source"]["id"]) == ("ITEM_TRASH", docs.id)
    assert (await delta(bob, his))[0] == {"/Docs": "deleted"}
    assert await names(bob) == {}
    trash = await ann.get("/2.0/folders/trash/items")
    assert [each["id"] for each in trash["entries"]] == [docs.id]
    assert (await bob.get("/2.0/folders/trash/items"))["entries"] == []
    await done(ann, "POST", f"/2.0/folders/{docs.id}")
    assert await names(ann, docs.id) == {"a.txt": docs.file}
    assert (await ann.get(f"/2.0/folders/{docs.id}/collaborations"))["entries"] == []


# --- what is refused ---


REFUSED: dict[str, tuple[str, Any, int, str]] = {
    "nothing": ("POST", {}, 400, "bad_request"),
    "a role that there is not": ("POST", {"role": "boss"}, 400, "bad_request"),
    "an owner": ("POST", {"role": "owner"}, 400, "bad_request"),
    "a group": ("POST", {"accessible_by": {"type": "group", "id": "{cat}"}}, 400, "bad_request"),
    "nobody": ("POST", {"accessible_by": {"type": "user"}}, 400, "bad_request"),
    "a stranger by id": (
        "POST",
        {"accessible_by": {"type": "user", "id": "{eve}"}},
        404,
        "not_found",
    ),
    "a stranger by login": (
        "POST",
        {"accessible_by": {"type": "user", "login": "eve"}},
        404,
        "not_found",
    ),
    "a login of nobody": (
        "POST",
        {"accessible_by": {"type": "user", "login": "zoe@example.com"}},
        404,
        "not_found",
    ),
    "an id that is none": (
        "POST",
        {"accessible_by": {"type": "user", "id": "x"}},
        404,
        "not_found",
    ),
    "a file": ("POST", {"item": {"type": "file", "id": "{file}"}}, 400, "bad_request"),
    "a folder that is not there": (
        "POST",
        {"item": {"type": "folder", "id": "999999"}},
        404,
        "not_found",
    ),
    "a web link": ("POST", {"item": {"type": "web_link", "id": "{docs}"}}, 400, "bad_request"),
    "the home": (
        "POST",
        {"item": {"type": "folder", "id": "0"}},
        403,
        "access_denied_insufficient_permissions",
    ),
    "a folder further down": (
        "POST",
        {"item": {"type": "folder", "id": "{deep}"}},
        403,
        "access_denied_insufficient_permissions",
    ),
    "a folder in a shared one": (
        "POST",
        {"item": {"type": "folder", "id": "{inner}"}},
        403,
        "access_denied_insufficient_permissions",
    ),
    "somebody who is in it": (
        "POST",
        {"item": {"type": "folder", "id": "{team}"}, "accessible_by": {"id": "{bob}"}},
        400,
        "user_already_collaborator",
    ),
    "the owner": ("POST", {"accessible_by": {"id": "{ann}"}}, 400, "user_already_collaborator"),
    "a path to see": ("POST", {"can_view_path": True}, 400, "bad_request"),
    "access only": ("POST", {"is_access_only": True}, 400, "bad_request"),
    "an end": ("POST", {"expires_at": "2030-01-01T00:00:00Z"}, 400, "bad_request"),
    "a role of nobody": ("PUT 999999", {"role": "viewer"}, 404, "not_found"),
    "a role of no number": ("PUT x", {"role": "viewer"}, 404, "not_found"),
    "another role that there is not": ("PUT {bobs}", {"role": "boss"}, 400, "bad_request"),
    "a rejection": ("PUT {bobs}", {"status": "rejected"}, 400, "bad_request"),
    "a later end": ("PUT {bobs}", {"expires_at": "2030-01-01T00:00:00Z"}, 400, "bad_request"),
    "the end of nothing": ("DELETE 999999", None, 404, "not_found"),
    "what waits for nothing": ("GET ?status=accepted", None, 400, "bad_request"),
    "what waits": ("GET ?x=1", None, 400, "bad_request"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(docs: Docs, case: str) -> None:
    world = docs.world
    deep = await folder(world.ann, "deep", docs.id)
    await folder(world.ann, "plain")
    team = await world.shared(world.ann, "Team", world.bob)
    inner = await folder(world.ann, "inner", str(team.root))
    (bobs,) = (await world.ann.get(f"/2.0/folders/{team.root}/collaborations"))["entries"]
    named = {
        "docs": docs.id,
        "file": docs.file,
        "deep": deep,
        "inner": inner,
        "team": str(team.root),
        "ann": str(world.ann.id),
        "bob": str(world.bob.id),
        "cat": str(world.cat.id),
        "eve": str(world.eve.id),
        "bobs": bobs["id"],
    }
    whole = {
        "item": {"type": "folder", "id": docs.id},
        "accessible_by": {"type": "user", "id": str(world.cat.id)},
        "role": "editor",
    }
    wish, body, status, code = REFUSED[case]
    method, _, rest = filled(wish, named).partition(" ")
    asked = filled(body, named)
    if method == "POST" and asked:
        asked = whole | asked
    before = await world.state()

    path = f"/2.0/collaborations{rest if rest.startswith('?') else f'/{rest}' if rest else ''}"
    answer = await world.ann.ask(method, path, **({} if asked is None else {"json": asked}))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await world.state() == before
    assert bobs in (await world.ann.get(f"/2.0/folders/{team.root}/collaborations"))["entries"]


def filled(value: Any, named: dict[str, str]) -> Any:
    """*value* with the ids for their names."""
    if isinstance(value, dict):
        return {key: filled(each, named) for key, each in value.items()}
    if isinstance(value, str):
        for name, id in named.items():
            value = value.replace("{" + name + "}", id)
    return value


async def test_who_may_not_change_members_is_refused(docs: Docs) -> None:
    ann, bob, cat = docs.world.ann, docs.world.bob, docs.world.cat
    made = await invited(ann, docs.id, bob, "viewer")
    other = await invited(ann, docs.id, cat, "editor")
    path = f"/2.0/collaborations/{other['id']}"

    answers = [
        await bob.ask("PUT", path, json={"role": "viewer"}),
        await bob.ask("DELETE", path),
        await cat.ask("PUT", f"/2.0/collaborations/{made['id']}", json={"role": "editor"}),
        await cat.ask("PUT", path, json={"role": "co-owner"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert (await ann.get(path))["role"] == "editor"


async def test_a_watched_folder_stays_with_its_disk(docs: Docs) -> None:
    """Who is in it is the store's matter; what becomes of a folder in it the disk's."""
    world = docs.world
    team = await world.shared(world.ann, "Team")
    assert world.ann.user is not None
    watched = frozenset({world.ann.user.home, team.id})
    ann = await world.client(world.ann.token, world.ann.user, watched=watched)
    wish = {"accessible_by": {"id": str(world.bob.id)}, "role": "viewer"}

    refused = await ann.ask("POST", "/2.0/collaborations", json={"item": {"id": docs.id}, **wish})
    made = await invited(ann, str(team.root), world.bob)
    kept = await ann.ask("PUT", f"/2.0/collaborations/{made['id']}", json={"role": "owner"})

    assert refused.status_code == 403
    assert "watched" in refused.json()["message"]
    assert kept.status_code == 403
    assert "Team" in await names(world.bob)


async def test_a_narrow_token_changes_no_members(docs: Docs) -> None:
    world = docs.world
    assert world.ann.user is not None
    reader = await world.client(await world.token(world.ann.user, ("root_readonly",)))
    wish = {
        "item": {"type": "folder", "id": docs.id},
        "accessible_by": {"id": str(world.bob.id)},
        "role": "viewer",
    }

    answer = await reader.ask("POST", "/2.0/collaborations", json=wish)

    assert answer.status_code == 403
    assert (await reader.get(f"/2.0/folders/{docs.id}/collaborations"))["entries"] == []
