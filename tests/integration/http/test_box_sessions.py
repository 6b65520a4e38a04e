"""Upload sessions: files that come in parts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
from typing import Any

import httpx2
import pytest

from tests.integration.http.conftest import MOST_UPLOADED, Client, Json, World
from wakeful.core.clock import VirtualTime
from wakeful.core.drafts import LIFETIME_MS
from wakeful.http.services import Services

DATA = random.Random(4).randbytes(50_001)
URL = "/2.0/files/upload_sessions"


def digest(data: bytes) -> str:
    return "sha=" + base64.b64encode(hashlib.sha1(data).digest()).decode()


async def begun(client: Client, data: bytes = DATA, name: str = "big", **more: Any) -> Json:
    asked = {"folder_id": "0", "file_name": name, "file_size": len(data)} | more
    answer = await client.ask("POST", URL, json=asked)
    assert answer.status_code == 201, answer.text
    session: Json = answer.json()
    return session


def cut(session: Json, data: bytes = DATA) -> list[tuple[int, bytes]]:
    """The parts of *data*, each with where it begins."""
    size = session["part_size"]
    return [(start, data[start : start + size]) for start in range(0, len(data), size)]


async def put(
    client: Client,
    session: Json,
    start: int,
    part: bytes,
    size: int = len(DATA),
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    sent = {
        "Digest": digest(part),
        "Content-Range": f"bytes {start}-{start + len(part) - 1}/{size}",
        "Content-Type": "application/octet-stream",
    }
    url = f"{URL}/{session['id']}"
    return await client.ask("PUT", url, content=part, headers=sent | (headers or {}))


async def sent(client: Client, session: Json, data: bytes = DATA) -> list[Json]:
    """All parts, which have to be taken."""
    parts = []
    for start, part in cut(session, data):
        answer = await put(client, session, start, part, len(data))
        assert answer.status_code == 200, answer.text
        parts.append(answer.json()["part"])
    return parts


async def commit(
    client: Client,
    session: Json,
    parts: list[Json] | None,
    data: bytes = DATA,
    attributes: Json | None = None,
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    body = {"parts": parts, "attributes": attributes}
    sent = {"Digest": digest(data)} | (headers or {})
    return await client.ask("POST", f"{URL}/{session['id']}/commit", json=body, headers=sent)


async def content(client: Client, id: str) -> bytes:
    redirect = await client.ask("GET", f"/2.0/files/{id}/content")
    assert redirect.status_code == 302
    return (await client.ask("GET", redirect.headers["location"])).content


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def uploads(client: Client) -> list[Json]:
    entries: list[Json] = (await client.get("/2.0/events"))["entries"]
    return [each for each in entries if each["event_type"] == "ITEM_UPLOAD"]


async def test_a_file_that_came_in_parts_is_told_once_and_whole(ann: Client) -> None:
    session = await begun(ann)
    assert session["total_parts"] > 4
    assert session["num_parts_processed"] == 0
    parts = await sent(ann, session)
    assert await uploads(ann) == []

    times = {"content_modified_at": "2017-04-08T00:58:08Z"}
    answer = await commit(ann, session, parts, attributes=times)

    assert answer.status_code == 201, answer.text
    (file,) = answer.json()["entries"]
    assert (file["name"], file["size"]) == ("big", len(DATA))
    assert file["sha1"] == hashlib.sha1(DATA).hexdigest()
    assert file["content_modified_at"].startswith("2017-04-08T00:58:08")
    assert await content(ann, file["id"]) == DATA
    (event,) = await uploads(ann)
    assert (event["source"]["id"], event["source"]["etag"]) == (file["id"], file["etag"])
    assert code(await ann.ask("GET", f"{URL}/{session['id']}")) == (404, "not_found")


async def test_parts_come_in_any_order_and_at_a_time(ann: Client) -> None:
    session = await begun(ann)
    parts = cut(session)
    random.Random(5).shuffle(parts)

    answers = await asyncio.gather(*(put(ann, session, *part) for part in parts))

    assert {answer.status_code for answer in answers} == {200}
    named = [answer.json()["part"] for answer in answers]
    assert (await commit(ann, session, named)).status_code == 201


async def test_a_session_says_how_far_it_has_come(ann: Client) -> None:
    session = await begun(ann)
    first, second, *_ = cut(session)
    await put(ann, session, *second)
    await put(ann, session, *first)

    status = await ann.get(f"{URL}/{session['id']}")
    assert status == session | {"num_parts_processed": 2}
    listed = await ann.get(f"{URL}/{session['id']}/parts")
    assert [part["offset"] for part in listed["entries"]] == [0, session["part_size"]]
    assert listed["total_count"] == 2
    page = await ann.get(f"{URL}/{session['id']}/parts", offset=1, limit=5)
    assert page["entries"] == listed["entries"][1:]


async def test_the_url_of_a_session_is_where_uploads_go(ann: Client) -> None:
    session = await begun(ann)
    ends = session["session_endpoints"]
    assert ends["upload_part"] == f"http://feed.test:8787/api{URL}/{session['id']}"
    start, part = cut(session)[0]
    headers = {"Digest": digest(part), "Content-Range": f"bytes 0-{len(part) - 1}/{len(DATA)}"}

    answer = await ann.ask("PUT", ends["upload_part"], content=part, headers=headers)

    assert answer.status_code == 200
    assert (await ann.ask("GET", ends["list_parts"])).json()["total_count"] == 1
    asked = {"parts": [{"offset": start, "size": 1, "sha512": "0" * 128}]}
    plan = (await ann.ask("POST", ends["plan"], json=asked)).json()
    assert (plan["hits"], plan["misses"]) == ([], asked["parts"])


async def test_a_part_that_comes_again_is_no_error_and_another_there_is(ann: Client) -> None:
    session = await begun(ann)
    start, part = cut(session)[0]
    first = await put(ann, session, start, part)

    assert (await put(ann, session, start, part)).json() == first.json()

    assert code(await put(ann, session, start, b"x" * len(part))) == (409, "conflict")
    assert (await ann.get(f"{URL}/{session['id']}"))["num_parts_processed"] == 1


async def test_a_new_version_comes_in_parts(ann: Client) -> None:
    session = await begun(ann, b"first")
    answer = await commit(ann, session, await sent(ann, session, b"first"), b"first")
    file = answer.json()["entries"][0]
    asked = {"file_size": len(DATA), "file_name": "bigger"}
    answer = await ann.ask("POST", f"/2.0/files/{file['id']}/upload_sessions", json=asked)
    session = answer.json()
    parts = await sent(ann, session)

    refused = await commit(ann, session, parts, headers={"If-Match": "7"})
    assert code(refused) == (412, "precondition_failed")
    answer = await commit(ann, session, parts, headers={"If-Match": file["etag"]})

    assert answer.status_code == 201, answer.text
    (changed,) = answer.json()["entries"]
    assert (changed["id"], changed["name"], changed["size"]) == (file["id"], "bigger", len(DATA))
    assert await content(ann, file["id"]) == DATA


async def test_a_session_that_is_given_up_is_gone_with_its_parts(ann: Client) -> None:
    session = await begun(ann)
    await sent(ann, session)

    assert (await ann.ask("DELETE", f"{URL}/{session['id']}")).status_code == 204

    assert code(await ann.ask("GET", f"{URL}/{session['id']}")) == (404, "not_found")
    assert code(await commit(ann, session, None)) == (404, "not_found")


async def test_nobody_else_finds_a_session(world: World, ann: Client, bob: Client) -> None:
    session = await begun(ann)
    start, part = cut(session)[0]

    assert code(await put(bob, session, start, part)) == (404, "not_found")
    assert code(await commit(bob, session, None)) == (404, "not_found")
    for method in ("GET", "DELETE"):
        assert code(await bob.ask(method, f"{URL}/{session['id']}")) == (404, "not_found")

    other = await world.services.drafts.begin(ann.id, "another dialect's", 0)
    assert code(await ann.ask("GET", f"{URL}/{other.id}")) == (404, "not_found")


@pytest.mark.parametrize("id", ["none", "x" * 65, "a-b", "%2e%2e", "a%2fb"])
async def test_what_is_no_id_of_a_session_is_refused(ann: Client, id: str) -> None:
    status, said = code(await ann.ask("GET", f"{URL}/{id}"))

    assert (status, said) in ((404, "not_found"), (400, "invalid_upload_session_id"))


async def test_a_session_ends_after_a_week(world: World) -> None:
    clock = VirtualTime()
    ann = await world.client(world.ann.token, world.ann.user, clock=clock.clock)
    session = await begun(ann)
    start, part = cut(session)[0]

    clock.advance(LIFETIME_MS)

    assert code(await put(ann, session, start, part)) == (410, "session_expired")


# --- what is refused ---


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"file_size": MOST_UPLOADED + 1}, 413, "request_entity_too_large"),
        ({"file_size": 0}, 400, "bad_request"),
        ({"file_size": -5}, 400, "bad_request"),
        ({"file_size": "5"}, 400, "bad_request"),
        ({"file_name": "a/b"}, 400, "item_name_invalid"),
        ({"file_name": ".."}, 400, "item_name_invalid"),
        ({"file_name": ""}, 400, "item_name_invalid"),
        ({"file_name": "taken"}, 409, "item_name_in_use"),
        ({"folder_id": "99999"}, 404, "not_found"),
        ({"folder_id": None}, 400, "bad_request"),
    ],
)
async def test_a_session_that_could_not_end_is_not_begun(
    ann: Client, asked: Json, status: int, said: str
) -> None:
    await ann.publish({"kind": "upload", "path": "/taken"})
    full = {"folder_id": "0", "file_name": "big", "file_size": 9} | asked

    assert code(await ann.ask("POST", URL, json=full)) == (status, said)


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        pytest.param({"Digest": ""}, 400, "bad_request", id="no digest"),
        pytest.param({"Digest": "md5=AAAA"}, 400, "bad_request", id="another digest"),
        pytest.param({"Digest": "sha=!"}, 400, "bad_request", id="no base64"),
        pytest.param({"Digest": "sha=AAAA"}, 400, "bad_request", id="too short a digest"),
        pytest.param({"Digest": digest(b"other")}, 412, "precondition_failed", id="wrong digest"),
        pytest.param({"Content-Range": ""}, 400, "bad_request", id="no range"),
        pytest.param({"Content-Range": "bytes 0-9/*"}, 400, "bad_request", id="no size"),
        pytest.param({"Content-Range": "bytes 0-9/50001"}, 416, "bad_request", id="short"),
        pytest.param({"Content-Range": "bytes 8192-16383/9"}, 416, "bad_request", id="other size"),
        pytest.param({"Content-Range": "bytes 1-8192/50001"}, 416, "bad_request", id="between"),
        pytest.param({"Content-Range": "bytes 8192-0/50001"}, 416, "bad_request", id="backwards"),
        pytest.param({"Content-Range": "bytes 81920-90111/50001"}, 416, "bad_request", id="beyond"),
    ],
)
async def test_a_part_that_is_not_what_it_says_leaves_nothing(
    ann: Client, headers: dict[str, str], status: int, said: str
) -> None:
    session = await begun(ann)
    start, part = cut(session)[1]

    assert code(await put(ann, session, start, part, headers=headers)) == (status, said)

    assert (await ann.get(f"{URL}/{session['id']}"))["num_parts_processed"] == 0


@pytest.mark.parametrize("more", [-1, 1])
async def test_a_part_has_as_many_bytes_as_it_says(ann: Client, more: int) -> None:
    session = await begun(ann)
    start, part = cut(session)[0]
    said = {"Content-Range": f"bytes 0-{len(part) - 1}/{len(DATA)}"}
    body = part[:more] if more < 0 else part + b"x"

    assert code(await put(ann, session, start, body, headers=said)) == (416, "bad_request")

    assert (await ann.get(f"{URL}/{session['id']}"))["num_parts_processed"] == 0


def without_last(parts: list[Json]) -> list[Json]:
    return parts[:-1]


def other_id(parts: list[Json]) -> list[Json]:
    return [parts[0] | {"part_id": "FFFFFFFF"}, *parts[1:]]


def other_hash(parts: list[Json]) -> list[Json]:
    return [parts[0] | {"sha1": "0" * 40}, *parts[1:]]


def other_size(parts: list[Json]) -> list[Json]:
    return [parts[0] | {"size": 1}, *parts[1:]]


@pytest.mark.parametrize("changed", [without_last, other_id, other_hash, other_size])
async def test_a_commit_names_the_parts_that_came(ann: Client, changed: Any) -> None:
    session = await begun(ann)
    parts = await sent(ann, session)

    assert code(await commit(ann, session, changed(parts))) == (400, "bad_request")

    assert await uploads(ann) == []
    few = [{"offset": part["offset"]} for part in reversed(parts)]
    assert (await commit(ann, session, few)).status_code == 201


async def test_what_is_not_whole_or_not_what_it_says_is_not_committed(
    world: World, ann: Client
) -> None:
    before = await world.state()
    session = await begun(ann)
    parts = cut(session)
    named = [(await put(ann, session, *part)).json()["part"] for part in parts[1:]]

    assert code(await commit(ann, session, named)) == (400, "bad_request")
    await put(ann, session, *parts[0])
    wrong = {"Digest": digest(b"other")}
    assert code(await commit(ann, session, None, headers=wrong)) == (412, "precondition_failed")
    empty = await ann.ask("POST", f"{URL}/{session['id']}/commit", headers={"Digest": digest(DATA)})
    assert code(empty) == (400, "bad_request")

    assert await world.state() == before
    assert (await commit(ann, session, None)).status_code == 201


async def test_a_name_that_was_taken_meanwhile_keeps_the_session(ann: Client) -> None:
    session = await begun(ann)
    parts = await sent(ann, session)
    taken = await ann.made(kind="upload", path="/big")

    assert code(await commit(ann, session, parts)) == (409, "item_name_in_use")

    await ann.publish({"kind": "trash", "item": taken})
    assert (await commit(ann, session, parts)).status_code == 201


async def test_a_folder_that_went_meanwhile_is_not_found(ann: Client) -> None:
    folder = await ann.made(kind="create_folder", path="/gone")
    session = await begun(ann, folder_id=folder)
    parts = await sent(ann, session)
    await ann.publish({"kind": "trash", "item": folder})

    assert code(await commit(ann, session, parts)) == (404, "not_found")


async def test_a_quota_is_judged_at_both_ends(world: World) -> None:
    ann = await world.client(world.ann.token, world.ann.user, quota=60_000)
    session = await begun(ann)
    parts = await sent(ann, session)
    await ann.publish({"kind": "upload", "path": "/other", "size": 20_000})

    assert code(await commit(ann, session, parts)) == (403, "storage_limit_exceeded")

    asked = {"folder_id": "0", "file_name": "b", "file_size": 40_001}
    assert code(await ann.ask("POST", URL, json=asked)) == (403, "storage_limit_exceeded")


async def test_of_two_commits_at_a_time_one_makes_the_file(ann: Client) -> None:
    session = await begun(ann)
    parts = await sent(ann, session)

    answers = await asyncio.gather(*(commit(ann, session, parts) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [201, 404, 404]
    assert len(await uploads(ann)) == 1


async def test_a_server_that_keeps_no_contents_begins_nothing(world: World) -> None:
    plain = Services(world.feed, world.access, world.services.metrics)
    ann = await world.client(world.ann.token, world.ann.user, drafts=plain.drafts)
    asked = {"folder_id": "0", "file_name": "big", "file_size": 9}

    answer = await ann.ask("POST", URL, json=asked)

    assert answer.status_code == 403


async def test_a_body_that_is_no_json_is_refused(ann: Client) -> None:
    for body in (b"", b"{", b"[]", json.dumps({"folder_id": "0"}).encode(), b'{"a":"\xff"}'):
        assert (await ann.ask("POST", URL, content=body)).status_code == 400
