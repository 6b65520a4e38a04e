"""Reads around events: `sequence_id` and `etag` as in the events, and only what one may see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.box_rules import check
from tests.integration.http.conftest import Client, World
from wakeful.core.accounts import remove_member
from wakeful.core.lookups.people import NamespaceById

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


async def by_marker(client: Client, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
    """The pages of a listing, one after the other."""
    marker: str | None = ""
    while marker is not None:
        page = await client.get(path, usemarker="true", marker=marker, **params)
        check("Items", page)
        assert "offset" not in page
        assert "total_count" not in page
        yield page
        marker = page["next_marker"]


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4, 6, 7, 8, 100])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("sort", ["id", "name", "date", "size"])
async def test_items_are_paged_by_marker(
    world: World, ann: Client, sort: str, direction: str, limit: int
) -> None:
    for name in ("team", "art"):
        await world.shared(ann, name)
    await ann.publish(
        {"kind": "create_folder", "path": "/z"},
        {"kind": "create_folder", "path": "/y"},
        *({"kind": "upload", "path": f"/{n * 7 % 4}.txt", "size": n % 3} for n in range(4)),
    )
    order = {"sort": sort, "direction": direction}
    whole = await ann.get("/2.0/folders/0/items", **order)

    paged: list[Any] = []
    async for page in by_marker(ann, "/2.0/folders/0/items", limit=limit, **order):
        assert len(page["entries"]) <= max(1, limit)
        paged += page["entries"]

    assert paged == whole["entries"]
    assert len(paged) == 8
    assert {entry["name"] for entry in paged[:2]} == {"art", "team"}
    assert {entry["name"] for entry in paged[2:4]} == {"y", "z"}


async def test_a_marker_stays_where_it_is_while_the_folder_changes(
    world: World, ann: Client
) -> None:
    await world.shared(ann, "team")
    await ann.publish(*({"kind": "upload", "path": f"/{n:02}.txt"} for n in range(0, 20, 2)))

    names: list[str] = []
    async for page in by_marker(ann, "/2.0/folders/0/items", limit=3):
        names += [entry["name"] for entry in page["entries"]]
        # Before the marker something comes and something goes, and what it names is gone.
        number = int(names[-1][:2])
        await ann.publish({"kind": "trash", "path": f"/{names[-1]}"})
        await ann.publish({"kind": "upload", "path": f"/{number - 1:02}.txt"})
        if len(names) == 3:
            await world.shared(ann, "art")

    assert names == ["team", *(f"{n:02}.txt" for n in range(0, 20, 2))]


@pytest.mark.parametrize("marker", ["x", "5", "W10", "é", "-1", "A" * 5000, "bnVsbA"])
async def test_a_marker_that_is_none_is_refused(ann: Client, marker: str) -> None:
    answer = await ann.ask(
        "GET", "/2.0/folders/0/items", params={"usemarker": "true", "marker": marker}
    )

    assert answer.status_code == 400
    told = answer.json()
    check("ClientError", told)
    assert told["context_info"]["errors"][0]["name"] == "marker"


async def test_a_folder_is_sorted_as_asked(ann: Client) -> None:
    await ann.publish(
        {"kind": "upload", "path": "/b", "size": 1, "at": 3_000},
        {"kind": "upload", "path": "/a", "size": 3, "at": 1_000},
        {"kind": "upload", "path": "/c", "size": 2, "at": 2_000},
        {"kind": "create_folder", "path": "/z"},
    )

    for sort, direction, expected in (
        ("name", "ASC", "zabc"),
        ("name", "desc", "zcba"),
        ("size", "ASC", "zbca"),
        ("date", "DESC", "zbca"),
        ("id", "ASC", "zbac"),
    ):
        page = await ann.get("/2.0/folders/0/items", sort=sort, direction=direction)
        assert "".join(entry["name"] for entry in page["entries"]) == expected
        assert page["order"] == [
            {"by": "type", "direction": "ASC"},
            {"by": sort, "direction": direction.upper()},
        ]
        check("Items", page)
        folder = await ann.get("/2.0/folders/0", sort=sort, direction=direction)
        assert folder["item_collection"] == page


@pytest.mark.parametrize(
    ("name", "value"), [("sort", "colour"), ("direction", "up"), ("offset", "x"), ("limit", "-1")]
)
async def test_a_listing_in_no_order_is_refused(ann: Client, name: str, value: str) -> None:
    for path in ("/2.0/folders/0", "/2.0/folders/0/items", "/2.0/folders/trash/items"):
        answer = await ann.ask("GET", path, params={name: value})

        assert answer.status_code == 400
        assert answer.json()["context_info"]["errors"][0]["name"] == name


async def test_fields_of_objects_within_are_chosen_by_a_dot(ann: Client) -> None:
    await ann.publish({"kind": "upload", "path": "/docs/a.txt"})

    page = await ann.get(
        "/2.0/folders/0/items",
        fields="owned_by.login,path_collection.entries.name,parent,parent.name,size.x,no.way",
    )
    docs = page["entries"][0]

    assert docs.keys() == {"type", "id", "etag", "owned_by", "path_collection", "parent", "size"}
    assert docs["owned_by"] == {"type": "user", "id": str(ann.id), "login": "ann"}
    assert docs["path_collection"] == {
        "total_count": 1,
        "entries": [{"type": "folder", "id": "0", "etag": None, "name": "All Files"}],
    }
    assert docs["parent"] == ALL_FILES
    assert docs["size"] == 0


async def test_many_dots_are_nothing_special(ann: Client) -> None:
    me = await ann.get("/2.0/users/me", fields="login" + ".x" * 3000)

    assert me["login"] == "ann"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("1", 304),
        ('"1"', 304),
        ('W/"1"', 304),
        ('"7", "1"', 304),
        ("*", 304),
        ("0", 200),
        ('"11"', 200),
        ("", 200),
    ],
)
async def test_what_the_client_has_already_is_not_sent_again(
    ann: Client, header: str, status: int
) -> None:
    file = await ann.made(kind="upload", path="/a.txt")
    folder = await ann.made(kind="create_folder", path="/docs")
    for item in (file, folder):
        await ann.publish({"kind": "rename", "item": item, "name": item})

    for path in (f"/2.0/files/{file}", f"/2.0/folders/{folder}"):
        answer = await ann.ask("GET", path, headers={"If-None-Match": header})

        assert answer.status_code == status
        assert answer.headers["ETag"] == '"1"'
        assert bool(answer.content) is (status == 200)


async def test_the_root_of_a_home_has_no_etag_to_match(ann: Client) -> None:
    answer = await ann.ask("GET", "/2.0/folders/0", headers={"If-None-Match": "*"})

    assert answer.status_code == 200
    assert "ETag" not in answer.headers


async def test_a_file_has_no_earlier_versions_as_long_as_that_is_true(ann: Client) -> None:
    file = await ann.made(kind="upload", path="/a.txt")
    await ann.publish({"kind": "rename", "item": file, "name": "b.txt"})
    listed = await ann.get(f"/2.0/files/{file}/versions")
    assert (listed["total_count"], listed["entries"]) == (0, [])

    await ann.publish({"kind": "upload", "item": file})

    answer = await ann.ask("GET", f"/2.0/files/{file}/versions")
    assert answer.status_code == 404
    assert "not kept" in answer.json()["message"]


async def test_fields_are_chosen(ann: Client) -> None:
    file = await ann.made(kind="upload", path="/docs/a.txt", size=3)

    read = await ann.get(f"/2.0/files/{file}", fields="size,parent,unknown")
    me = await ann.get("/2.0/users/me", fields="login")
    items = await ann.get("/2.0/folders/0/items", fields="name,item_status,path_collection")

    assert read.keys() == {"type", "id", "etag", "size", "parent"}
    assert me.keys() == {"type", "id", "login"}
    (entry,) = items["entries"]
    assert entry.keys() == {"type", "id", "etag", "name", "item_status", "path_collection"}


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
