"""Earlier versions of files by Dropbox's API: listed, read, and restored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.http.conftest import Client, Json, World
from tests.integration.http.test_dropbox import call, done, is_refused
from tests.integration.http.test_dropbox_actions import Told, content, sent, tree, uploaded
from wakeful.collection import Collection
from wakeful.core.accounts import add_member
from wakeful.core.clock import wall_clock
from wakeful.core.drafts import NoDrafts
from wakeful.core.people import Role

LIST = "files/list_revisions"


async def revisions(client: Client, path: str, **more: Any) -> Json:
    return await done(client, LIST, {"path": path, **more})


async def restored(client: Client, path: str, rev: str) -> Json:
    return await done(client, "files/restore", {"path": path, "rev": rev})


@pytest.fixture
async def revs(ann: Client) -> list[str]:
    """The revisions of `/docs/a.txt`, which held `0`, `1` and `2`, from the oldest."""
    made = [
        await uploaded(ann, "/docs/a.txt", data, mode="overwrite", client_modified=time)
        for data, time in (
            (b"0", "2015-01-01T00:00:00Z"),
            (b"1", "2015-01-02T00:00:00Z"),
            (b"2", "2015-01-03T00:00:00Z"),
        )
    ]
    return [each["rev"] for each in made]


async def test_revisions_are_listed_from_the_newest(ann: Client, revs: list[str]) -> None:
    found = await revisions(ann, "/DOCS/a.txt")

    assert (found["is_deleted"], found["has_more"]) == (False, False)
    entries = found["entries"]
    assert [entry["rev"] for entry in entries] == revs[::-1]
    assert [entry["client_modified"][:10] for entry in entries] == [
        "2015-01-03",
        "2015-01-02",
        "2015-01-01",
    ]
    assert {entry["path_display"] for entry in entries} == {"/docs/a.txt"}
    assert {entry["is_downloadable"] for entry in entries} == {True}
    by_id = await revisions(ann, entries[0]["id"], mode={".tag": "id"})
    assert by_id == found
    page = await revisions(ann, "/docs/a.txt", limit=2)
    assert (len(page["entries"]), page["has_more"]) == (2, True)
    rest = await revisions(ann, "/docs/a.txt", limit=2, before_rev=page["entries"][-1]["rev"])
    assert ([entry["rev"] for entry in rest["entries"]], rest["has_more"]) == ([revs[0]], False)


async def test_an_earlier_revision_is_read_as_it_was(ann: Client, revs: list[str]) -> None:
    for number, rev in enumerate(revs):
        assert await content(ann, f"rev:{rev}") == b"%d" % number
        shown = await done(ann, "files/get_metadata", {"path": f"rev:{rev}"})
        assert (shown["rev"], shown["path_display"]) == (rev, "/docs/a.txt")


async def test_a_revision_is_restored_as_a_new_one(ann: Client, revs: list[str]) -> None:
    told = await Told.begin(ann)

    back = await restored(ann, "/docs/a.txt", revs[0])

    assert back["rev"] not in revs
    assert back["client_modified"] == "2015-01-01T00:00:00Z"
    assert await told.types() == ["ITEM_MAKE_CURRENT_VERSION"]
    assert await told.delta() == ["/docs/a.txt"]
    assert await content(ann, "/docs/a.txt") == b"0"
    listed = await revisions(ann, "/docs/a.txt")
    assert [entry["rev"] for entry in listed["entries"]] == [back["rev"], *revs[::-1]]


async def test_the_present_revision_is_restored_by_doing_nothing(
    ann: Client, revs: list[str]
) -> None:
    before = await done(ann, "files/get_metadata", {"path": "/docs/a.txt"})
    told = await Told.begin(ann)

    assert await restored(ann, "/docs/a.txt", revs[-1]) == before

    assert await told.types() == []


@pytest.mark.parametrize(
    ("number", "types"),
    [
        pytest.param(2, ["ITEM_UNDELETE_VIA_TRASH"], id="the last"),
        pytest.param(
            0, ["ITEM_UNDELETE_VIA_TRASH", "ITEM_MAKE_CURRENT_VERSION"], id="an earlier one"
        ),
    ],
)
async def test_what_was_deleted_comes_back_from_the_trash(
    ann: Client, revs: list[str], number: int, types: list[str]
) -> None:
    before = await done(ann, "files/get_metadata", {"path": "/docs/a.txt"})
    await done(ann, "files/delete_v2", {"path": "/docs/a.txt"})
    listed = await revisions(ann, "/docs/a.txt")
    assert listed["is_deleted"]
    assert listed["server_deleted"]
    assert [entry["rev"] for entry in listed["entries"]] == revs[::-1]
    told = await Told.begin(ann)

    back = await restored(ann, "/docs/a.txt", revs[number])

    assert back["id"] == before["id"]
    assert await told.types() == types
    assert await content(ann, "/docs/a.txt") == b"%d" % number
    assert (await ann.get("/2.0/folders/trash/items"))["entries"] == []


async def test_what_went_with_its_folder_comes_back_as_a_new_file(
    ann: Client, revs: list[str]
) -> None:
    await done(ann, "files/delete_v2", {"path": "/docs"})
    told = await Told.begin(ann)

    await restored(ann, "/docs/a.txt", revs[1])

    assert await tree(ann) == ["/docs", "/docs/a.txt"]
    assert await told.types() == ["ITEM_CREATE", "ITEM_UPLOAD"]
    assert await content(ann, "/docs/a.txt") == b"1"


async def test_a_revision_may_be_restored_to_another_path(ann: Client, revs: list[str]) -> None:
    other = await uploaded(ann, "/other.txt", b"other")

    new = await restored(ann, "/New/copy.txt", revs[0])
    over = await restored(ann, "/other.txt", revs[1])

    assert (new["path_display"], over["id"]) == ("/New/copy.txt", other["id"])
    assert await content(ann, "/new/copy.txt") == b"0"
    assert await content(ann, "/other.txt") == b"1"


@pytest.mark.parametrize(
    ("path", "rev", "tags"),
    [
        pytest.param("/docs/a.txt", "f" * 18, ("invalid_revision",), id="of no file"),
        pytest.param("/docs/a.txt", "0" * 9, ("invalid_revision",), id="none of ours"),
        pytest.param("/docs/a.txt", "f" * 60, ("invalid_revision",), id="too long"),
        pytest.param("/docs", "", ("path_write", "conflict", "folder"), id="a folder is there"),
        pytest.param("/docs/a.txt/b", "", ("path_write", "conflict", "file_ancestor"), id="below"),
        pytest.param("/a\\b", "", ("path_write", "malformed_path"), id="no path"),
    ],
)
async def test_what_cannot_be_restored_is_told(
    ann: Client, revs: list[str], path: str, rev: str, tags: tuple[str, ...]
) -> None:
    told = await Told.begin(ann)

    answer = await call(ann, "files/restore", {"path": path, "rev": rev or revs[0]})

    is_refused(answer, 409, *tags)
    assert await told.types() == []


@pytest.mark.parametrize(
    ("argument", "tags"),
    [
        ({"path": "/none"}, ("path", "not_found")),
        ({"path": "/docs"}, ("path", "not_file")),
        ({"path": "id:77777"}, ("path", "not_found")),
        ({"path": "/docs/a.txt", "before_rev": "0" * 9}, ("invalid_before_rev",)),
    ],
)
async def test_what_has_no_revisions_is_told(
    ann: Client, revs: list[str], argument: Json, tags: tuple[str, ...]
) -> None:
    is_refused(await call(ann, LIST, argument), 409, *tags)


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        ("list_revisions", {"path": "/a", "limit": 0}),
        ("list_revisions", {"path": "/a", "limit": 101}),
        ("list_revisions", {"path": "/a", "mode": "name"}),
        ("list_revisions", {"path": "/a", "before_rev": "Z"}),
        ("restore", {"path": "/a", "rev": "Z"}),
        ("restore", {"path": "id:5", "rev": "0" * 9}),
    ],
)
async def test_a_call_that_makes_no_sense_is_400(
    ann: Client, function: str, argument: Json
) -> None:
    answer = await call(ann, f"files/{function}", argument)

    assert answer.status_code == 400, answer.text


async def test_a_revision_of_somebody_else_is_none(
    ann: Client, world: World, revs: list[str]
) -> None:
    for rev in revs:
        answer = await call(world.bob, "files/restore", {"path": "/a", "rev": rev})
        is_refused(answer, 409, "invalid_revision")
        answer = await sent(world.bob, "files/download", {"path": f"rev:{rev}"})
        is_refused(answer, 409, "path", "not_found")
    file = await done(ann, "files/get_metadata", {"path": "/docs/a.txt"})
    folder = await done(ann, "files/get_metadata", {"path": "/docs"})
    for each in (file, folder):
        is_refused(await call(world.bob, LIST, {"path": each["id"]}), 409, "path", "not_found")


async def test_p7_who_reads_no_contents_restores_none(
    ann: Client, bob: Client, world: World
) -> None:
    team = await world.shared(ann, "Team")
    await world.store.commit(add_member(team.id, bob.id, Role.PREVIEWER_UPLOADER))
    made = [await uploaded(ann, "/Team/a", data, mode="overwrite") for data in (b"1", b"2")]
    assert len((await revisions(bob, "/Team/a"))["entries"]) == 2

    for each in made:
        for path in ("/mine", "/Team/b"):
            answer = await call(bob, "files/restore", {"path": path, "rev": each["rev"]})
            is_refused(answer, 409, "path_lookup", "restricted_content")
    assert await tree(bob) == ["/Team", "/Team/a"]


async def test_versions_that_are_too_old_go_with_their_contents(
    ann: Client, world: World, revs: list[str]
) -> None:
    contents: Any = world.services.contents
    shelf = contents._shelf
    collection = Collection(world.store, shelf, NoDrafts(), world.services.metrics, wall_clock)
    assert await collection.round() == 0
    assert len(await shelf.after("", 10)) == 3

    assert await world.store.trim_versions(wall_clock() + 1_000, 10) == 2
    assert await collection.round() == 2

    listed = await revisions(ann, "/docs/a.txt")
    assert [entry["rev"] for entry in listed["entries"]] == [revs[2]]
    answer = await call(ann, "files/restore", {"path": "/docs/a.txt", "rev": revs[0]})
    is_refused(answer, 409, "invalid_revision")
    assert await content(ann, "/docs/a.txt") == b"2"


async def test_what_is_purged_takes_its_versions_along(ann: Client, revs: list[str]) -> None:
    await done(ann, "files/permanently_delete", {"path": "/docs/a.txt"})

    for rev in revs:
        answer = await call(ann, "files/restore", {"path": "/docs/a.txt", "rev": rev})
        is_refused(answer, 409, "invalid_revision")
    is_refused(await call(ann, LIST, {"path": "/docs/a.txt"}), 409, "path", "not_found")


async def test_the_first_version_lists_reads_and_restores_too(ann: Client, revs: list[str]) -> None:
    async def asked(path: str, **parameters: Any) -> Any:
        return await ann.ask("GET", f"/1/{path}", params=parameters)

    listed = (await asked("revisions/auto/docs/a.txt", rev_limit=2)).json()
    assert [entry["rev"] for entry in listed] == [revs[2], revs[1]]
    assert (await asked("files/auto/docs/a.txt", rev=revs[0])).content == b"0"
    shown = (await asked("metadata/auto/docs/a.txt", rev=revs[0])).json()
    assert shown["rev"] == revs[0]
    other = await uploaded(ann, "/other", b"x")
    for bad in ("0" * 9, "Z", other["rev"]):
        assert (await asked("files/auto/docs/a.txt", rev=bad)).status_code == 404
    assert (await asked("revisions/auto/none")).status_code == 404
    await done(ann, "files/delete_v2", {"path": "/docs/a.txt"})
    listed = (await asked("revisions/auto/docs/a.txt")).json()
    assert [entry["is_deleted"] for entry in listed] == [True] * 3

    answer = await ann.ask("POST", "/1/restore/auto/docs/a.txt", data={"rev": revs[1]})

    assert answer.status_code == 200, answer.text
    assert (answer.json()["path"], answer.json()["bytes"]) == ("/docs/a.txt", 1)
    assert await content(ann, "/docs/a.txt") == b"1"
    for rev, status in (("0" * 9, 404), ("Z", 400), ("", 400)):
        bad = await ann.ask("POST", "/1/restore/auto/docs/a.txt", data={"rev": rev})
        assert bad.status_code == status


async def test_a_temporary_link_gives_the_content_without_a_token(
    ann: Client, world: World, revs: list[str]
) -> None:
    for path, data in (("/docs/a.txt", b"2"), (f"rev:{revs[0]}", b"0")):
        told = await Told.begin(ann)
        given = await done(ann, "files/get_temporary_link", {"path": path})
        assert given["metadata"] == await done(ann, "files/get_metadata", {"path": path})
        answer = await world.nobody.ask("GET", given["link"])
        assert (answer.status_code, answer.content) == (200, data)
        assert await told.types() == ["ITEM_DOWNLOAD"]

    await ann.made(kind="upload", path="/published", size=3)
    for path, tags in (
        ("/none", ("path", "not_found")),
        ("/docs", ("path", "not_file")),
        ("/published", ("unsupported_file",)),
    ):
        is_refused(await call(ann, "files/get_temporary_link", {"path": path}), 409, *tags)
