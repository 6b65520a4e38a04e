"""Reads around events: `sequence_id` and `etag` as in the events, and only what one may see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.box_rules import check
from tests.integration.http.conftest import Client, World
from wakeful.core.accounts import remove_member
from wakeful.core.lookups import NamespaceById

ALL_FILES = {"type": "folder", "id": "0", "sequence_id": None, "etag": None, "name": "All Files"}


async def last_source(client: Client) -> dict[str, Any]:
    page = await client.get("/2.0/events", limit=500)
    source: dict[str, Any] = page["entries"][-1]["source"]
    return source


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [{"kind": "rename", "name": "b.txt"}],
        [{"kind": "upload", "size": 9}],
        [{"kind": "move", "parent": "/other"}],
        [{"kind": "move", "parent": "/team"}],
        [{"kind": "rename", "name": "b"}, {"kind": "upload"}, {"kind": "rename", "name": "c"}],
    ],
)
async def test_a_file_reads_as_its_last_event_showed_it(
    world: World, ann: Client, changes: list[dict[str, Any]]
) -> None:
    await world.shared(ann, "team")
    await ann.made(kind="create_folder", path="/other")
    file = await ann.made(kind="upload", path="/docs/a.txt", size=3)
    for change in changes:
        await ann.publish({**change, "item": file})

    read = await ann.get(f"/2.0/files/{file}")

    assert read == await last_source(ann)
    check("File", read)
    assert read["etag"] == read["sequence_id"] == str(len(changes) + ("team" in str(changes)))


async def test_a_folder_reads_as_its_last_event_with_what_is_in_it(ann: Client) -> None:
    folder = await ann.made(kind="create_folder", path="/docs")
    shown = await last_source(ann)
    file = await ann.made(kind="upload", path="/docs/a.txt")

    read = await ann.get(f"/2.0/folders/{folder}")

    collection = read.pop("item_collection")
    assert read == shown
    assert collection["total_count"] == 1
    assert collection["entries"] == [
        {
            "type": "file",
            "id": file,
            "file_version": {
                "type": "file_version",
                "id": collection["entries"][0]["file_version"]["id"],
                "sha1": "",
            },
            "sequence_id": "0",
            "etag": "0",
            "sha1": "",
            "name": "a.txt",
        }
    ]


async def test_the_root_is_folder_0(world: World, ann: Client) -> None:
    team = await world.shared(ann, "team", world.bob)
    await ann.publish({"kind": "upload", "path": "/a.txt"}, {"kind": "upload", "path": "/b/c"})

    read = await ann.get("/2.0/folders/0")

    check("Folder", read)
    assert {name: read[name] for name in ALL_FILES} == ALL_FILES
    assert read["parent"] is None
    collection = read["item_collection"]
    assert [entry["name"] for entry in collection["entries"]] == ["team", "b", "a.txt"]
    assert collection["entries"][0]["id"] == str(team.root)
    assert collection["total_count"] == 3


async def test_a_home_by_the_id_of_its_root_is_folder_0_too(world: World, ann: Client) -> None:
    assert ann.user is not None
    home = await world.store.ask(NamespaceById(ann.user.home))
    assert home is not None

    read = await ann.get(f"/2.0/folders/{home.root}")

    assert read["id"] == "0"


async def test_a_shared_namespace_is_a_folder_in_the_home_of_each_member(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "team", bob)
    file = await ann.made(kind="upload", path="/team/deep/a.txt")

    for member in (ann, bob):
        root = await member.get(f"/2.0/folders/{team.root}")
        assert root["parent"] == ALL_FILES
        read = await member.get(f"/2.0/files/{file}")
        names = [folder["name"] for folder in read["path_collection"]["entries"]]
        assert names == ["All Files", "team", "deep"]
        assert read["owned_by"]["login"] == "ann"


async def test_items_are_paged_by_offset(world: World, ann: Client) -> None:
    await world.shared(ann, "team")
    await world.shared(ann, "art")
    await ann.publish(*({"kind": "upload", "path": f"/{n}.txt"} for n in range(5)))
    expected = ["art", "team", "0.txt", "1.txt", "2.txt", "3.txt", "4.txt"]

    for limit in (1, 2, 3, 7, 100):
        names: list[str] = []
        while len(names) < 7:
            page = await ann.get("/2.0/folders/0/items", offset=len(names), limit=limit)
            check("Items", page)
            assert (page["total_count"], page["offset"], page["limit"]) == (7, len(names), limit)
            assert 0 < len(page["entries"]) <= limit
            names += [entry["name"] for entry in page["entries"]]
        assert names == expected
    assert (await ann.get("/2.0/folders/0/items", offset=7))["entries"] == []


async def test_items_are_paged_by_marker(world: World, ann: Client) -> None:
    await world.shared(ann, "team")
    await ann.publish(*({"kind": "upload", "path": f"/{n}.txt"} for n in range(4)))

    names: list[str] = []
    marker: str | None = ""
    while marker is not None:
        page = await ann.get("/2.0/folders/0/items", usemarker="true", limit=2, marker=marker)
        check("Items", page)
        assert "offset" not in page
        names += [entry["name"] for entry in page["entries"]]
        marker = page["next_marker"]

    assert names == ["team", "0.txt", "1.txt", "2.txt", "3.txt"]


async def test_fields_are_chosen(ann: Client) -> None:
    file = await ann.made(kind="upload", path="/docs/a.txt", size=3)

    read = await ann.get(f"/2.0/files/{file}", fields="size,parent,unknown")
    me = await ann.get("/2.0/users/me", fields="login")
    items = await ann.get("/2.0/folders/0/items", fields="name,item_status,path_collection")

    assert read.keys() == {"type", "id", "etag", "size", "parent"}
    assert me.keys() == {"type", "id", "login"}
    (entry,) = items["entries"]
    assert entry.keys() == {"type", "id", "etag", "name", "item_status", "path_collection"}


async def test_me(ann: Client) -> None:
    me = await ann.get("/2.0/users/me")

    check("User", me)
    assert (me["id"], me["login"], me["name"]) == (str(ann.id), "ann", "Ann")
    assert await ann.get(f"/2.0/users/{ann.id}") == me


async def test_head_is_answered_where_get_is(ann: Client) -> None:
    for path in ("/2.0/users/me", "/2.0/folders/0", "/2.0/events", "/healthz"):
        assert (await ann.ask("HEAD", path)).status_code == 200


async def test_what_is_in_the_trash_is_not_found(ann: Client) -> None:
    folder = await ann.made(kind="create_folder", path="/docs")
    below = await ann.made(kind="create_folder", path="/docs/deep")
    file = await ann.made(kind="upload", path="/docs/deep/a.txt")
    await ann.publish({"kind": "trash", "path": "/docs"})

    for path in (
        f"files/{file}",
        f"folders/{below}",
        f"folders/{folder}",
        f"folders/{folder}/items",
    ):
        assert (await ann.ask("GET", f"/2.0/{path}")).status_code == 404


async def test_a_file_is_no_folder(ann: Client) -> None:
    file = await ann.made(kind="upload", path="/a.txt")
    folder = await ann.made(kind="create_folder", path="/docs")

    for path in (f"folders/{file}", f"folders/{file}/items", f"files/{folder}", "files/0"):
        assert (await ann.ask("GET", f"/2.0/{path}")).status_code == 404


@pytest.mark.parametrize("id", ["5", "99999999", "-1", "x", "9" * 400, "%00", "٣", "1.0"])
async def test_p7_an_item_of_others_is_told_from_nothing_by_nothing(
    world: World, ann: Client, bob: Client, id: str
) -> None:
    file = await ann.made(kind="upload", path="/secret.txt")
    folder = await ann.made(kind="create_folder", path="/secret")

    for route, private in (("files", file), ("folders", folder)):
        known = await bob.ask("GET", f"/2.0/{route}/{private}")
        unknown = await bob.ask("GET", f"/2.0/{route}/{id}")

        assert known.status_code == unknown.status_code == 404
        told, said = known.json(), unknown.json()
        assert told | {"request_id": ""} == said | {"request_id": ""}


async def test_p7_who_leaves_a_namespace_sees_it_no_more(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "team", bob)
    file = await ann.made(kind="upload", path="/team/a.txt")
    assert (await bob.ask("GET", f"/2.0/files/{file}")).status_code == 200

    await world.store.commit(remove_member(team.id, bob.id))

    assert (await bob.ask("GET", f"/2.0/files/{file}")).status_code == 404
    assert (await bob.get("/2.0/folders/0"))["item_collection"]["entries"] == []


async def test_p7_users_see_themselves_only(world: World, ann: Client, bob: Client) -> None:
    for id in (ann.id, world.eve.id, 99999, "x"):
        assert (await bob.ask("GET", f"/2.0/users/{id}")).status_code == 404
