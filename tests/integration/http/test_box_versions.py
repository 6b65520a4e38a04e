"""Earlier versions of files by Box's API: listed, downloaded, promoted."""

from __future__ import annotations

import hashlib

import pytest

from tests.integration.http.conftest import Client, Json, World
from tests.integration.http.test_box_actions import content, done, multipart, uploaded


async def renewed(client: Client, file: str, data: bytes) -> Json:
    """A new version of a file, which has to be taken."""
    answer = await client.ask("POST", f"/2.0/files/{file}/content", **multipart(None, data))
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()["entries"][0]
    return made


@pytest.fixture
async def versions(ann: Client) -> tuple[str, list[str]]:
    """A file that held `0`, `1` and `2`, and its versions from the oldest."""
    first = await uploaded(ann, "0", "a.txt", b"0")
    made = [first, *[await renewed(ann, first["id"], data) for data in (b"1", b"2")]]
    return first["id"], [each["file_version"]["id"] for each in made]


async def test_earlier_versions_are_listed_from_the_newest(
    ann: Client, versions: tuple[str, list[str]]
) -> None:
    file, ids = versions

    listed = await ann.get(f"/2.0/files/{file}/versions")

    assert (listed["total_count"], listed["offset"]) == (2, 0)
    assert [entry["id"] for entry in listed["entries"]] == [ids[1], ids[0]]
    newest = listed["entries"][0]
    assert (newest["type"], newest["name"], newest["size"]) == ("file_version", "a.txt", 1)
    assert newest["sha1"] == hashlib.sha1(b"1").hexdigest()
    assert newest["modified_by"]["id"] == str(ann.id)
    page = await ann.get(f"/2.0/files/{file}/versions", offset=1, limit=1)
    assert [entry["id"] for entry in page["entries"]] == [ids[0]]
    one = await ann.get(f"/2.0/files/{file}/versions/{ids[0]}")
    assert (one["id"], one["sha1"]) == (ids[0], hashlib.sha1(b"0").hexdigest())


async def test_an_earlier_version_is_downloaded(
    ann: Client, versions: tuple[str, list[str]]
) -> None:
    file, ids = versions
    for number, version in enumerate(ids):
        answer = await ann.ask(
            "GET", f"/2.0/files/{file}/content?version={version}", follow_redirects=True
        )
        assert (answer.status_code, answer.content) == (200, b"%d" % number)


async def test_a_version_is_promoted_to_a_new_one(
    ann: Client, versions: tuple[str, list[str]]
) -> None:
    file, ids = versions
    begin = (await ann.get("/2.0/events", stream_position="now"))["next_stream_position"]
    body = {"type": "file_version", "id": ids[0]}

    made = await done(ann, "POST", f"/2.0/files/{file}/versions/current", body)

    assert made["id"] not in ids
    assert made["sha1"] == hashlib.sha1(b"0").hexdigest()
    assert await content(ann, file) == b"0"
    events = (await ann.get("/2.0/events", stream_position=str(begin)))["entries"]
    told = [event["event_type"] for event in events if event["event_type"] != "ITEM_DOWNLOAD"]
    assert told == ["ITEM_MAKE_CURRENT_VERSION"]
    listed = await ann.get(f"/2.0/files/{file}/versions")
    assert [entry["id"] for entry in listed["entries"]] == ids[::-1]


@pytest.mark.parametrize("version", ["999999", "none", "9" * 30])
async def test_a_version_that_is_not_there_is_not_found(
    ann: Client, versions: tuple[str, list[str]], version: str
) -> None:
    file, _ = versions
    other = (await uploaded(ann, "0", "b.txt"))["file_version"]["id"]
    for id in (version, other):
        for method, path, body in (
            ("GET", f"/2.0/files/{file}/versions/{id}", None),
            ("GET", f"/2.0/files/{file}/content?version={id}", None),
            ("POST", f"/2.0/files/{file}/versions/current", {"id": id}),
        ):
            answer = await ann.ask(method, path, **({} if body is None else {"json": body}))
            assert answer.status_code == 404, answer.text
    nothing = await ann.ask("POST", f"/2.0/files/{file}/versions/current", json={})
    assert nothing.status_code == 400
    assert await content(ann, file) == b"2"


async def test_somebody_else_learns_nothing(world: World, versions: tuple[str, list[str]]) -> None:
    file, ids = versions
    for method, path, body in (
        ("GET", f"/2.0/files/{file}/versions", None),
        ("GET", f"/2.0/files/{file}/versions/{ids[0]}", None),
        ("POST", f"/2.0/files/{file}/versions/current", {"id": ids[0]}),
    ):
        answer = await world.bob.ask(method, path, **({} if body is None else {"json": body}))
        assert answer.status_code == 404
