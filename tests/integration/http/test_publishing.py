"""`POST /v1/changes`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.http.conftest import Client, World
from wakeful.core.accounts import add_member
from wakeful.core.people import Role


async def tree(client: Client) -> dict[str, Any]:
    """Everything in a client's home by path, with etags."""
    found: dict[str, Any] = {}

    async def walk(folder: str, path: str) -> None:
        page = await client.get(f"/2.0/folders/{folder}/items", limit=1000)
        for entry in page["entries"]:
            below = f"{path}/{entry['name']}"
            found[below] = entry["etag"]
            if entry["type"] == "folder":
                await walk(entry["id"], below)

    await walk("0", "")
    return found


async def test_each_kind_of_change(ann: Client) -> None:
    await ann.publish(
        {"kind": "create_folder", "path": "/docs/deep"},
        {"kind": "upload", "path": "docs/a.txt", "size": 1},
        {"kind": "upload", "parent": "/docs", "name": "b.txt"},
        {"kind": "upload", "name": "top.txt"},
    )
    assert await tree(ann) == {
        "/docs": "0",
        "/docs/deep": "0",
        "/docs/a.txt": "0",
        "/docs/b.txt": "0",
        "/top.txt": "0",
    }

    await ann.publish(
        {"kind": "upload", "path": "/docs/a.txt", "size": 2},
        {"kind": "rename", "path": "/docs/a.txt", "name": "A.txt"},
        {"kind": "move", "path": "/top.txt", "parent": "/docs/deep"},
        {"kind": "move", "path": "/docs/b.txt", "to": "/c.txt"},
        {"kind": "copy", "path": "/docs/A.txt", "name": "copy.txt"},
        {"kind": "copy", "path": "/docs/deep", "to": "/deeper"},
    )
    assert await tree(ann) == {
        "/docs": "0",
        "/docs/deep": "0",
        "/docs/deep/top.txt": "1",
        "/docs/A.txt": "2",
        "/docs/copy.txt": "0",
        "/c.txt": "1",
        "/deeper": "0",
        "/deeper/top.txt": "0",
    }

    trashed = await ann.made(kind="trash", path="/docs")
    await ann.publish({"kind": "delete", "path": "/deeper"})
    assert await tree(ann) == {"/c.txt": "1"}

    await ann.publish({"kind": "restore", "item": trashed, "name": "back"})
    assert await tree(ann) == {
        "/back": "2",
        "/back/deep": "0",
        "/back/deep/top.txt": "1",
        "/back/A.txt": "2",
        "/back/copy.txt": "0",
        "/c.txt": "1",
    }


async def test_items_are_named_by_id_and_by_what_was_made(ann: Client) -> None:
    answer = await ann.publish(
        {"kind": "create_folder", "path": "/docs"},
        {"kind": "upload", "parent": {"change": 0}, "name": "a.txt"},
        {"kind": "upload", "item": {"change": 1}, "size": 4},
        {"kind": "create_folder", "parent": "0", "name": "other"},
        {"kind": "copy", "item": {"change": 1}, "parent": {"change": 3}},
    )
    file = answer["changes"][1]["item"]["id"]
    folder = answer["changes"][3]["item"]["id"]

    await ann.publish(
        {"kind": "move", "item": file, "parent": int(folder), "name": "moved.txt"},
        {"kind": "upload", "item": int(file), "size": 5},
    )

    assert await tree(ann) == {
        "/docs": "0",
        "/other": "0",
        "/other/a.txt": "0",
        "/other/moved.txt": "3",
    }
    assert (await ann.get(f"/2.0/files/{file}"))["size"] == 5


async def test_the_answer_tells_items_and_positions(ann: Client) -> None:
    answer = await ann.publish(
        {"kind": "upload", "path": "/docs/a.txt"}, {"kind": "delete", "path": "/docs/a.txt"}
    )

    made, gone = answer["changes"]
    assert made["item"] | {"id": ""} == {
        "id": "",
        "type": "file",
        "name": "a.txt",
        "etag": "0",
        "sequence_id": "0",
    }
    assert gone == {"item": None}
    page = await ann.get("/2.0/events")
    assert [event["id"] for event in answer["events"]] == [
        event["event_id"] for event in page["entries"]
    ]
    for index, event in enumerate(answer["events"]):
        after = await ann.get("/2.0/events", stream_position=event["position"])
        assert after["entries"] == page["entries"][index + 1 :]
    assert answer["replayed"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "upload", "path": "/a"},
        [{"kind": "upload", "path": "/a"}],
        {"changes": [{"kind": "upload", "path": "/a"}]},
    ],
)
async def test_one_change_or_many(ann: Client, body: Any) -> None:
    answer = await ann.ask("POST", "/v1/changes", json=body)

    assert len(answer.json()["changes"]) == 1


async def test_facts_reach_the_event(ann: Client) -> None:
    await ann.publish(
        {
            "kind": "upload",
            "path": "/a.txt",
            "at": "2026-11-21T12:00:00+01:00",
            "size": 7,
            "sha1": "AB" * 20,
            "content_hash": "CD" * 32,
            "content_created_at": 1_000,
            "content_modified_at": "1970-01-01T00:00:02Z",
        }
    )

    (event,) = (await ann.get("/2.0/events"))["entries"]
    source = event["source"]
    assert event["created_at"] == "2026-11-21T11:00:00+00:00"
    assert (source["size"], source["sha1"]) == (7, "ab" * 20)
    assert source["content_created_at"] == "1970-01-01T00:00:01+00:00"
    assert source["content_modified_at"] == "1970-01-01T00:00:02+00:00"


async def test_missing_folders_are_made_unless_told_otherwise(ann: Client) -> None:
    answer = await ann.ask(
        "POST", "/v1/changes", json={"kind": "upload", "path": "/x/y/z", "parents": False}
    )
    assert answer.status_code == 404
    assert await tree(ann) == {}

    answer_made = await ann.publish({"kind": "upload", "path": "/x/y/z"})
    assert len(answer_made["events"]) == 3


async def test_a_thousand_changes_are_one_commit(ann: Client) -> None:
    answer = await ann.publish(*({"kind": "upload", "path": f"/{n}"} for n in range(1000)))

    assert len(answer["events"]) == 1000
    assert (await ann.get("/2.0/folders/0/items"))["total_count"] == 1000


async def test_p3_a_repeated_request_gets_the_same_answer(ann: Client) -> None:
    body = {"kind": "upload", "path": "/a.txt"}
    headers = {"Idempotency-Key": "k" * 255}

    first = await ann.ask("POST", "/v1/changes", json=body, headers=headers)
    again = await ann.ask("POST", "/v1/changes", json=body, headers=headers)

    assert again.json() == first.json() | {"replayed": True}
    assert (await ann.get("/2.0/events"))["chunk_size"] == 1


async def test_p3_a_key_is_the_grants_own(world: World, ann: Client, bob: Client) -> None:
    for client in (ann, bob):
        answer = await client.ask(
            "POST",
            "/v1/changes",
            json={"kind": "upload", "path": "/a.txt"},
            headers={"Idempotency-Key": "one"},
        )
        assert answer.json()["replayed"] is False


# --- who may ---


async def test_a_shared_namespace_by_its_mount_and_by_its_id(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "team", bob)
    await bob.publish(
        {"kind": "upload", "path": "/team/by-mount.txt"},
        {"kind": "upload", "path": "/by-id.txt", "namespace": str(team.id)},
        {"kind": "upload", "name": "root.txt", "parent": "0", "namespace": team.id},
    )

    assert await tree(ann) == await tree(bob)
    assert (await tree(ann)).keys() == {
        "/team",
        "/team/by-mount.txt",
        "/team/by-id.txt",
        "/team/root.txt",
    }


async def test_p7_what_others_have_cannot_be_touched_nor_told_from_nothing(
    world: World, ann: Client, bob: Client
) -> None:
    assert ann.user is not None
    file = await ann.made(kind="upload", path="/a.txt")
    folder = await ann.made(kind="create_folder", path="/docs")
    mine = await bob.made(kind="upload", path="/mine.txt")
    before = await world.state()

    def tries(file: str, folder: str, namespace: str) -> list[dict[str, Any]]:
        return [
            {"kind": "trash", "item": file},
            {"kind": "delete", "item": file},
            {"kind": "restore", "item": file},
            {"kind": "rename", "item": file, "name": "x"},
            {"kind": "move", "item": file, "parent": "0"},
            {"kind": "copy", "item": file, "parent": "0"},
            {"kind": "upload", "item": file},
            {"kind": "upload", "name": "x", "parent": folder},
            {"kind": "move", "item": mine, "parent": folder},
            {"kind": "upload", "path": "/x", "namespace": namespace},
        ]

    known = tries(file, folder, str(ann.user.home))
    unknown = tries("99998", "99999", "99997")
    for there, nowhere in zip(known, unknown, strict=True):
        answers = [await bob.ask("POST", "/v1/changes", json=body) for body in (there, nowhere)]
        assert [answer.status_code for answer in answers] == [404, 404]
        told, said = (answer.json()["error"] for answer in answers)
        assert told | {"request_id": ""} == said | {"request_id": ""}
    assert await world.state() == before


async def test_a_viewer_changes_nothing(world: World, ann: Client, bob: Client) -> None:
    team = await world.shared(ann, "team")
    await world.store.commit(add_member(team.id, bob.id, Role.VIEWER))

    answer = await bob.ask("POST", "/v1/changes", json={"kind": "upload", "path": "/team/a"})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden"


async def test_p7_only_admins_learn_positions_of_the_enterprise(ann: Client, bob: Client) -> None:
    body = {"kind": "upload", "path": "/a.txt"}

    assert "enterprise_position" in (await ann.publish(body))["events"][0]
    assert "enterprise_position" not in (await bob.publish(body))["events"][0]
