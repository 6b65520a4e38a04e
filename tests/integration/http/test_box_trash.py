"""The trash: found there and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.box_rules import check
from tests.integration.http.conftest import Client, World
from wakeful.core.accounts import remove_member

TRASH = {"type": "folder", "id": "1", "sequence_id": None, "etag": None, "name": "Trash"}


async def trash_of(client: Client, **params: Any) -> list[str]:
    page = await client.get("/2.0/folders/trash/items", **params)
    check("Items", page)
    return [entry["name"] for entry in page["entries"]]


async def test_what_was_trashed_is_in_the_trash(world: World, ann: Client) -> None:
    await world.shared(ann, "team")
    await ann.publish(
        {"kind": "upload", "path": "/a.txt"},
        {"kind": "upload", "path": "/team/b.txt"},
        {"kind": "upload", "path": "/docs/deep/c.txt"},
        {"kind": "upload", "path": "/docs/d.txt"},
        {"kind": "upload", "path": "/stays.txt"},
        {"kind": "trash", "path": "/docs/d.txt"},
        {"kind": "trash", "path": "/docs"},
        {"kind": "trash", "path": "/team/b.txt"},
        {"kind": "trash", "path": "/a.txt"},
    )

    assert await trash_of(ann) == ["docs", "a.txt", "b.txt", "d.txt"]
    page = await ann.get("/2.0/folders/trash/items", limit=2, offset=1)
    assert (page["total_count"], page["offset"], page["limit"]) == (4, 1, 2)
    assert [entry["name"] for entry in page["entries"]] == ["a.txt", "b.txt"]


@pytest.mark.parametrize("kind", ["files", "folders"])
async def test_an_item_in_the_trash_is_read_there(ann: Client, kind: str) -> None:
    change = {"files": "upload", "folders": "create_folder"}[kind]
    item = await ann.made(kind=change, path="/docs/it")
    before = await ann.get(f"/2.0/{kind}/{item}")
    await ann.publish({"kind": "trash", "path": "/docs/it"})

    read = await ann.get(f"/2.0/{kind}/{item}/trash")

    assert read["item_status"] == "trashed"
    assert read["parent"] == TRASH
    assert read["path_collection"] == {"total_count": 1, "entries": [TRASH]}
    assert read["etag"] == read["sequence_id"] == str(int(before["etag"]) + 1)
    assert read["trashed_at"] < read["purged_at"]
    check(kind.removesuffix("s").capitalize(), read)
    listed = await ann.get("/2.0/folders/trash/items", fields=",".join(read))
    assert listed["entries"] == [read]
    assert (await ann.ask("GET", f"/2.0/{kind}/{item}")).status_code == 404


async def test_what_is_not_in_the_trash_itself_is_not_found_there(ann: Client) -> None:
    below = await ann.made(kind="upload", path="/docs/a.txt")
    alone = await ann.made(kind="upload", path="/b.txt")
    gone = await ann.made(kind="upload", path="/c.txt")
    await ann.publish({"kind": "trash", "path": "/docs"}, {"kind": "trash", "item": gone})

    for path in (f"files/{below}", f"files/{alone}", f"folders/{gone}", "folders/0", "files/x"):
        assert (await ann.ask("GET", f"/2.0/{path}/trash")).status_code == 404


async def test_what_is_restored_or_deleted_for_good_leaves_the_trash(ann: Client) -> None:
    one = await ann.made(kind="upload", path="/a.txt")
    two = await ann.made(kind="upload", path="/b.txt")
    await ann.publish({"kind": "trash", "item": one}, {"kind": "trash", "item": two})
    assert await trash_of(ann) == ["a.txt", "b.txt"]

    await ann.publish({"kind": "restore", "item": one}, {"kind": "delete", "item": two})

    assert await trash_of(ann) == []
    assert (await ann.ask("GET", f"/2.0/files/{one}/trash")).status_code == 404
    assert (await ann.ask("GET", f"/2.0/files/{two}/trash")).status_code == 404


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_the_trash_is_paged_by_marker(ann: Client, limit: int) -> None:
    for name in "adbc":
        item = await ann.made(kind="upload", path=f"/{name}")
        await ann.publish({"kind": "trash", "item": item})
    names: list[str] = []
    marker: str | None = ""

    while marker is not None:
        page = await ann.get(
            "/2.0/folders/trash/items",
            usemarker="true",
            marker=marker,
            limit=limit,
            direction="DESC",
        )
        names += [entry["name"] for entry in page["entries"]]
        marker = page["next_marker"]

    assert names == ["d", "c", "b", "a"]


async def test_p7_the_trash_is_that_of_the_namespaces_one_is_in(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "team", bob)
    mine = await ann.made(kind="upload", path="/mine.txt")
    ours = await ann.made(kind="upload", path="/team/ours.txt")
    await ann.publish({"kind": "trash", "item": mine}, {"kind": "trash", "item": ours})

    assert await trash_of(ann) == ["mine.txt", "ours.txt"]
    assert await trash_of(bob) == ["ours.txt"]
    assert (await bob.ask("GET", f"/2.0/files/{ours}/trash")).status_code == 200
    assert (await bob.ask("GET", f"/2.0/files/{mine}/trash")).status_code == 404
    assert await trash_of(world.cat) == await trash_of(world.eve) == []

    await world.store.commit(remove_member(team.id, bob.id))

    assert await trash_of(bob) == []
    assert (await bob.ask("GET", f"/2.0/files/{ours}/trash")).status_code == 404
