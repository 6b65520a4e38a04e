"""Comments through the Box dialect: said, answered, changed, taken back, counted and told."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.http.conftest import Client, Json, World
from tests.integration.http.test_box_actions import Scene, done, uploaded
from wakeful.core.accounts import create_grant, create_token, digest_of, new_token
from wakeful.core.lookups.credentials import TokenByDigest
from wakeful.core.writes import PutToken, Steps


@pytest.fixture
async def scene(world: World) -> Scene:
    """A folder of Ann's in which Bob may do everything, and Cat may look."""
    scene = Scene(world)
    await scene.settle()
    return scene


async def said(client: Client, file: str, text: str, **more: Any) -> Json:
    wish = {"item": {"type": "file", "id": file}, "message": text, **more}
    return await done(client, "POST", "/2.0/comments", wish)


async def now(client: Client, stream: str = "all") -> int:
    page = await client.get("/2.0/events", stream_position="now", stream_type=stream)
    position: int = page["next_stream_position"]
    return position


async def test_a_comment_is_answered_read_listed_and_counted(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]

    first = await said(world.cat, file, "Good.")
    second = await said(world.bob, file, "Better.")

    assert first == {
        "type": "comment",
        "id": first["id"],
        "is_reply_comment": False,
        "message": "Good.",
        "created_by": first["created_by"],
        "created_at": first["created_at"],
        "modified_at": first["created_at"],
        "item": {"id": file, "type": "file"},
    }
    assert first["created_by"]["login"] == "cat"
    for client in (world.ann, world.bob, world.cat):
        assert await client.get(f"/2.0/comments/{first['id']}") == first
        page = await client.get(f"/2.0/files/{file}/comments")
        assert page == {"total_count": 2, "entries": [first, second], "offset": 0, "limit": 100}
        read = await client.get(f"/2.0/files/{file}", fields="comment_count,name")
        assert read["comment_count"] == 2
        items = await client.get(f"/2.0/folders/{scene.ids['docs']}/items", fields="comment_count")
        assert [each["comment_count"] for each in items["entries"]] == [2]
    one = await world.bob.get(f"/2.0/files/{file}/comments", offset=1, limit=1, fields="message")
    assert one["entries"] == [{"type": "comment", "id": second["id"], "message": "Better."}]
    assert "comment_count" not in await world.bob.get(f"/2.0/files/{file}")


async def test_each_is_told_once_to_everybody_who_sees_the_file(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    places = [(client, await now(client)) for client in (world.ann, world.bob, world.cat)]
    log = await now(world.ann, "admin_logs_streaming")

    first = await said(world.cat, file, "Good.")
    path = f"/2.0/comments/{first['id']}"
    reply = {"item": {"type": "comment", "id": first["id"]}, "message": "Indeed."}
    second = await done(world.bob, "POST", "/2.0/comments", reply)
    await done(world.cat, "PUT", path, {"message": "Fine."})
    await done(world.cat, "PUT", path, {"message": "Fine."})
    await done(world.cat, "DELETE", path)

    expected = [
        ("COMMENT_CREATE", "cat", first["id"], "Good."),
        ("COMMENT_CREATE", "bob", second["id"], "Indeed."),
        ("COMMENT_EDIT", "cat", first["id"], "Fine."),
        ("COMMENT_DELETE", "cat", second["id"], "Indeed."),
        ("COMMENT_DELETE", "cat", first["id"], "Fine."),
    ]
    ids = []
    for client, position in places:
        page = await client.get("/2.0/events", stream_position=position)
        assert told(page) == [each for each in expected if each[0] != "COMMENT_EDIT"]
        assert {event["source"]["id"] for event in page["entries"]} == {file}
        ids.append([event["event_id"] for event in page["entries"]])
        for stream in ("changes", "sync"):
            found = await client.get("/2.0/events", stream_position=position, stream_type=stream)
            assert found["entries"] == []
    whole = await world.ann.get(
        "/2.0/events", stream_position=log, stream_type="admin_logs_streaming"
    )
    assert told(whole) == expected
    assert {event["source"]["item_id"] for event in whole["entries"]} == {file}
    assert ids[0] == ids[1] == ids[2]
    by_everybody = [
        each["event_id"] for each in whole["entries"] if each["event_type"] != "COMMENT_EDIT"
    ]
    assert by_everybody == ids[0]
    assert whole["entries"][2]["additional_details"]["previous_message"] == "Good."
    assert (await world.bob.get(f"/2.0/files/{file}/comments"))["entries"] == []


def told(page: Json) -> list[tuple[str, str, str, str]]:
    return [
        (
            each["event_type"],
            each["created_by"]["login"],
            each["additional_details"]["comment_id"],
            each["additional_details"]["message"],
        )
        for each in page["entries"]
    ]


async def test_mentions_stand_in_the_tagged_message(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    text = f"See this, @[{world.bob.id}:Bob B.] and @[x]"

    made = await done(
        world.cat,
        "POST",
        "/2.0/comments",
        {"item": {"type": "file", "id": file}, "tagged_message": text},
    )
    full = await world.bob.get(f"/2.0/comments/{made['id']}", fields="message,tagged_message")
    plain = await done(
        world.cat,
        "PUT",
        f"/2.0/comments/{made['id']}?fields=tagged_message,message",
        {"message": text},
    )

    assert made["message"] == "See this, @Bob B. and @[x]"
    assert "tagged_message" not in made
    assert (full["message"], full["tagged_message"]) == (made["message"], text)
    assert (plain["message"], plain["tagged_message"]) == (text, "")


async def test_a_reply_names_the_comment_that_began_the_thread(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    first = await said(world.cat, file, "Good.")

    reply = {"item": {"type": "comment", "id": first["id"]}, "message": "Why?"}
    second = await done(world.bob, "POST", "/2.0/comments", reply)
    reply = {"item": {"type": "comment", "id": second["id"]}, "message": "Because."}
    third = await done(world.cat, "POST", "/2.0/comments", reply)

    for each in (second, third):
        assert each["is_reply_comment"] is True
        assert each["item"] == {"id": first["id"], "type": "comment"}
    page = await world.ann.get(f"/2.0/files/{file}/comments")
    assert page["entries"] == [first, second, third]


async def test_a_comment_is_changed_by_its_author_and_taken_back_by_the_owner_too(
    scene: Scene,
) -> None:
    world, file = scene.world, scene.ids["file"]
    hers = await said(world.cat, file, "Good.")
    path = f"/2.0/comments/{hers['id']}"

    refused = [
        await world.bob.ask("PUT", path, json={"message": "Bad."}),
        await world.ann.ask("PUT", path, json={"message": "Bad."}),
        await world.bob.ask("DELETE", path),
    ]
    await done(world.ann, "DELETE", path)

    assert [answer.status_code for answer in refused] == [403] * 3
    assert (await world.cat.ask("GET", path)).status_code == 404


async def test_comments_go_with_the_file_and_come_back_with_it(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    made = await said(world.bob, file, "Good.")
    path = f"/2.0/comments/{made['id']}"

    await done(world.bob, "DELETE", f"/2.0/files/{file}")
    in_trash = [await world.bob.ask("GET", p) for p in (path, f"/2.0/files/{file}/comments")]
    await done(world.bob, "POST", f"/2.0/files/{file}")
    back = await world.bob.get(path)
    await done(world.bob, "DELETE", f"/2.0/files/{file}")
    await done(world.bob, "DELETE", f"/2.0/files/{file}/trash")

    assert [answer.status_code for answer in in_trash] == [404, 404]
    assert back == made
    assert (await world.bob.ask("GET", path)).status_code == 404


async def test_a_watched_folder_can_be_talked_about(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    watched = frozenset({scene.namespace})
    bob = await world.client(world.bob.token, world.bob.user, watched=watched)

    made = await said(bob, file, "Good.")
    await done(bob, "PUT", f"/2.0/files/{file}", {"tags": ["x"], "description": "mine"})
    refused = await bob.ask("PUT", f"/2.0/files/{file}", json={"name": "x", "tags": ["y"]})

    assert (await bob.get(f"/2.0/comments/{made['id']}"))["message"] == "Good."
    assert refused.status_code == 403
    read = await bob.get(f"/2.0/files/{file}", fields="tags,description,name")
    assert (read["tags"], read["description"], read["name"]) == (["x"], "mine", "a.txt")


async def test_a_token_that_is_restricted_to_a_folder_talks_about_what_is_in_it(
    scene: Scene,
) -> None:
    world, file = scene.world, scene.ids["file"]
    outside = await uploaded(world.bob, scene.ids["other"], "b.txt")
    beyond = await said(world.bob, outside["id"], "there")
    text = new_token()
    grant = await world.store.commit(create_grant(world.bob.id, "tests", ("root_readwrite",)))
    await world.store.commit(create_token(grant.id, digest_of(text)))
    token = await world.store.ask(TokenByDigest(digest_of(text)))
    assert token is not None

    def narrow(_now: int) -> Steps[None]:
        scopes = ("item_readwrite",)
        yield PutToken(replace(token, item=int(scene.ids["docs"]), scopes=scopes))

    await world.store.commit(narrow)
    client = await world.client(text)

    made = await said(client, file, "here")
    wish = {"item": {"type": "file", "id": outside["id"]}, "message": "x"}
    refused = [
        await client.ask("POST", "/2.0/comments", json=wish),
        await client.ask("GET", f"/2.0/comments/{beyond['id']}"),
        await client.ask("PUT", f"/2.0/comments/{beyond['id']}", json={"message": "x"}),
        await client.ask("DELETE", f"/2.0/comments/{beyond['id']}"),
        await client.ask("GET", f"/2.0/files/{outside['id']}/comments"),
    ]

    assert (await client.get(f"/2.0/comments/{made['id']}"))["message"] == "here"
    assert [answer.status_code for answer in refused] == [404] * 5


REFUSED: dict[str, tuple[str, str, Any, int, str]] = {
    "nothing": ("POST", "", {}, 400, "bad_request"),
    "no text": ("POST", "", {"item": {"type": "file", "id": "{file}"}}, 400, "bad_request"),
    "an empty text": (
        "POST",
        "",
        {"item": {"type": "file", "id": "{file}"}, "message": " "},
        400,
        "bad_request",
    ),
    "too long a text": (
        "POST",
        "",
        {"item": {"type": "file", "id": "{file}"}, "message": "x" * 10_001},
        400,
        "bad_request",
    ),
    "a folder": (
        "POST",
        "",
        {"item": {"type": "folder", "id": "{docs}"}, "message": "x"},
        400,
        "bad_request",
    ),
    "a folder as a file": (
        "POST",
        "",
        {"item": {"type": "file", "id": "{docs}"}, "message": "x"},
        404,
        "not_found",
    ),
    "a file in the trash": (
        "POST",
        "",
        {"item": {"type": "file", "id": "{gone}"}, "message": "x"},
        404,
        "not_found",
    ),
    "a reply to nothing": (
        "POST",
        "",
        {"item": {"type": "comment", "id": "{file}"}, "message": "x"},
        404,
        "not_found",
    ),
    "a reply to what is no number": (
        "POST",
        "",
        {"item": {"type": "comment", "id": "x"}, "message": "x"},
        404,
        "not_found",
    ),
    "another text for nothing": ("PUT", "/999999", {"message": "x"}, 404, "not_found"),
    "no other text": ("PUT", "/{comment}", {}, 400, "bad_request"),
    "a text that is none": ("PUT", "/{comment}", {"message": 7}, 400, "bad_request"),
    "the end of nothing": ("DELETE", "/x", None, 404, "not_found"),
    "nothing to read": ("GET", "/999999", None, 404, "not_found"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(scene: Scene, case: str) -> None:
    world = scene.world
    made = await said(world.bob, scene.ids["file"], "Good.")
    named = scene.ids | {"comment": made["id"]}
    method, path, body, status, code = REFUSED[case]
    for name, id in named.items():
        path = path.replace("{" + name + "}", id)
    if body and "item" in body:
        item = body["item"]
        body = body | {"item": item | {"id": named.get(item["id"].strip("{}"), item["id"])}}
    before = await world.state()

    options = {} if body is None else {"json": body}
    answer = await world.bob.ask(method, f"/2.0/comments{path}", **options)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await world.state() == before
    page = await world.bob.get(f"/2.0/files/{scene.ids['file']}/comments")
    assert page["entries"] == [made]
