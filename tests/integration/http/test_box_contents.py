"""Downloads: Box's redirect, ranges, and each told once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.box_rules import check, check_event
from tests.integration.http.conftest import Client, World
from tests.integration.http.test_asgi import answer
from wakeful.core.accounts import remove_member
from wakeful.core.clock import VirtualTime
from wakeful.core.contents import Content, ContentChanged, NoContent, NoContents
from wakeful.core.errors import StoreFull
from wakeful.core.items import Item
from wakeful.http import content as given
from wakeful.http.app import build_app
from wakeful.http.downloads import LIFE_MS

DATA = bytes(range(256)) * 40


class Bytes:
    """Content in memory, that counts who has it open and what is read of it."""

    def __init__(self, shelf: Shelf, data: bytes) -> None:
        self._shelf = shelf
        self._data = data
        shelf.open_now += 1

    @property
    def size(self) -> int:
        return len(self._data)

    def fileno(self) -> int | None:
        return None

    async def read(self, offset: int, most: int) -> bytes:
        if self._shelf.reads_left == 0:
            raise ContentChanged("it changed")
        self._shelf.reads_left -= 1
        await asyncio.sleep(0)  # as a thread would, it lets others have their turn
        self._shelf.longest = max(self._shelf.longest, most)
        return self._data[offset : offset + most]

    def close(self) -> None:
        self._shelf.open_now -= 1


class Shelf(NoContents):
    """A `Contents` of files by their names."""

    def __init__(self, **files: bytes | Exception) -> None:
        self.files = files
        self.open_now = 0
        self.longest = 0
        self.reads_left = -1

    async def open(self, lineage: tuple[Item, ...]) -> Content:
        found = self.files.get(lineage[-1].name, NoContent("Not on this server"))
        if isinstance(found, Exception):
            raise found
        return Bytes(self, found)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(a=DATA, empty=b"", changing=ContentChanged("it is being written"))


@pytest.fixture
async def ann(world: World, shelf: Shelf) -> Client:
    return await world.client(world.ann.token, world.ann.user, contents=shelf)


@pytest.fixture
async def file(ann: Client) -> str:
    return await ann.made(kind="upload", path="/a", size=len(DATA))


async def url_of(client: Client, file: str, **headers: str) -> str:
    redirect = await client.ask("GET", f"/2.0/files/{file}/content", headers=headers)
    assert redirect.status_code == 302, redirect.text
    assert redirect.content == b""
    location = redirect.headers["Location"]
    assert isinstance(location, str)
    return location


async def by_url(client: Client, url: str, method: str = "GET", **headers: str) -> httpx2.Response:
    """The answer to who has the URL and nothing else."""
    return await client.http.request(method, url, headers=headers)


async def told(client: Client) -> list[dict[str, Any]]:
    page = await client.get("/2.0/events", limit=500)
    return [event for event in page["entries"] if event["event_type"] == "ITEM_DOWNLOAD"]


async def test_a_file_is_downloaded_by_a_url_of_its_own(ann: Client, file: str) -> None:
    url = await url_of(ann, file)
    assert url.startswith("http://feed.test:8787/2.0/downloads/")

    answer = await by_url(ann, url)

    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename=\"a\"; filename*=UTF-8''a"


async def test_an_empty_file_is_downloaded_too(ann: Client, shelf: Shelf) -> None:
    file = await ann.made(kind="upload", path="/empty")
    url = await url_of(ann, file)

    answer = await by_url(ann, url)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == "0"
    assert (await by_url(ann, url, range="bytes=0-")).status_code == 416
    assert len(await told(ann)) == 1
    assert shelf.open_now == 0


@pytest.mark.parametrize(
    ("range", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, len(DATA)),
        ("bytes=-5", len(DATA) - 5, len(DATA)),
        ("bytes=-99999999", 0, len(DATA)),
        ("bytes=5-99999999", 5, len(DATA)),
    ],
)
async def test_a_part_of_a_file(ann: Client, file: str, range: str, start: int, end: int) -> None:
    answer = await by_url(ann, await url_of(ann, file), range=range)

    assert answer.status_code == 206
    assert answer.content == DATA[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.headers["Content-Length"] == str(end - start)


async def test_a_part_that_is_not_there(ann: Client, file: str, shelf: Shelf) -> None:
    answer = await by_url(ann, await url_of(ann, file), range=f"bytes={len(DATA)}-")

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"
    check("ClientError", answer.json())
    assert shelf.open_now == 0
    assert await told(ann) == []


async def test_a_part_of_the_version_that_is_meant_and_no_other(ann: Client, file: str) -> None:
    url = await url_of(ann, file)
    whole = await by_url(ann, url)

    for condition, status in (
        (whole.headers["ETag"], 206),
        (whole.headers["Last-Modified"], 206),
        ('"other"', 200),
    ):
        answer = await by_url(ann, url, **{"range": "bytes=0-1", "if-range": condition})
        assert answer.status_code == status


async def test_head_sends_all_but_the_content_and_is_no_download(
    ann: Client, file: str, shelf: Shelf
) -> None:
    url = await url_of(ann, file)

    answer = await by_url(ann, url, "HEAD")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert (await by_url(ann, url, "HEAD", range="bytes=1-2")).status_code == 206
    assert (await ann.ask("HEAD", f"/2.0/files/{file}/content")).status_code == 302
    assert await told(ann) == []
    assert (shelf.open_now, shelf.longest) == (0, 0)


async def test_a_large_file_goes_in_pieces(
    world: World, ann: Client, file: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "CHUNK_BYTES", 1000)

    answer = await by_url(ann, await url_of(ann, file))

    assert answer.content == DATA
    assert shelf.longest == 1000


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [("unknown", 404, "Not on this server"), ("changing", 409, "it is being written")],
)
async def test_content_that_is_not_to_be_had_is_said_where_the_sdks_look(
    ann: Client, name: str, status: int, message: str
) -> None:
    file = await ann.made(kind="upload", path=f"/{name}")

    answer = await ann.ask("GET", f"/2.0/files/{file}/content")

    assert answer.status_code == status
    check("ClientError", answer.json())
    assert answer.json()["message"] == message


async def test_a_server_without_watched_folders_has_no_content(world: World) -> None:
    file = await world.ann.made(kind="upload", path="/a")

    answer = await world.ann.ask("GET", f"/2.0/files/{file}/content")

    assert answer.status_code == 404
    assert "not on this server" in answer.json()["message"]


async def test_the_present_version_is_the_only_one(ann: Client, file: str) -> None:
    read = await ann.get(f"/2.0/files/{file}")
    present = read["file_version"]["id"]

    assert (await ann.ask("GET", f"/2.0/files/{file}/content?version={present}")).status_code == 302
    other = await ann.ask("GET", f"/2.0/files/{file}/content?version={int(present) - 1}")
    assert other.status_code == 404
    assert "not kept" in other.json()["message"]


async def test_a_url_is_for_the_version_that_it_was_given_for(ann: Client, file: str) -> None:
    url = await url_of(ann, file)
    await ann.publish({"kind": "upload", "item": file})

    answer = await by_url(ann, url)

    assert answer.status_code == 409
    assert DATA not in answer.content


# --- told ---


async def test_a_download_is_told_to_the_owner_and_the_enterprise(
    world: World, ann: Client, shelf: Shelf
) -> None:
    await world.shared(ann, "team", world.bob)
    bob = await world.client(world.bob.token, world.bob.user, contents=shelf)
    file = await ann.made(kind="upload", path="/team/a")

    await by_url(bob, await url_of(bob, file))

    [event] = await told(ann)
    check_event(event)
    assert event["created_by"]["login"] == "bob"
    assert event["source"]["id"] == file
    assert await told(bob) == []
    changes = await ann.get("/2.0/events", stream_type="changes", limit=500)
    assert "ITEM_DOWNLOAD" not in str(changes)
    enterprise = await world.feed.read(ann.user.enterprise if ann.user else 0, 0, 500)
    assert sum(b"ITEM_DOWNLOAD" in each.body for each in enterprise.events) == 1


async def test_all_that_comes_by_one_url_is_one_download(ann: Client, file: str) -> None:
    url = await url_of(ann, file)

    await asyncio.gather(*(by_url(ann, url, range=f"bytes={n}-{n}") for n in range(5)))
    await by_url(ann, url)

    assert len(await told(ann)) == 1


async def test_ranges_by_urls_of_their_own_are_one_download(ann: Client, file: str) -> None:
    for start in range(0, 500, 100):
        asked = f"bytes={start}-{start + 99}"
        await by_url(ann, await url_of(ann, file, Range=asked), range=asked)
    assert len(await told(ann)) == 1

    await by_url(ann, await url_of(ann, file))
    assert len(await told(ann)) == 2

    await ann.publish({"kind": "upload", "item": file})
    await by_url(ann, await url_of(ann, file, Range="bytes=0-9"), range="bytes=0-9")
    assert len(await told(ann)) == 3


async def test_a_download_is_one_over_a_restart_too(world: World, ann: Client, file: str) -> None:
    url = await url_of(ann, file)
    await by_url(ann, url)
    after = await world.client(ann.token, ann.user, contents=Shelf(a=DATA))

    assert (await by_url(after, url)).status_code == 200

    assert len(await told(ann)) == 1


async def test_a_download_that_cannot_be_told_is_logged_and_goes_on(
    world: World, ann: Client, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await url_of(ann, file)
    commit = world.store.commit

    async def full(command: Any) -> Any:
        raise StoreFull("no room")

    monkeypatch.setattr(world.store, "commit", full)
    with capture_logs() as logged:
        answer = await by_url(ann, url)
    monkeypatch.setattr(world.store, "commit", commit)

    assert answer.content == DATA
    [entry] = [entry for entry in logged if entry["event"] == "download not told"]
    assert (entry["log_level"], entry["item"]) == ("error", int(file))
    await by_url(ann, url, range="bytes=0-0")
    assert len(await told(ann)) == 1


async def test_a_key_of_a_producer_cannot_hide_a_download(ann: Client, file: str) -> None:
    url = await url_of(ann, file)
    nonce = url[-40:]
    await ann.ask(
        "POST",
        "/v1/changes",
        headers={"Idempotency-Key": f"download {nonce}"},
        json={"kind": "upload", "path": "/b"},
    )

    await by_url(ann, url)

    assert len(await told(ann)) == 1


# --- what breaks off ---


async def asked_raw(ann: Client, shelf: Shelf, world: World, url: str, *more: Any) -> list[Any]:
    app = build_app(replace(world.services, contents=shelf))
    return await answer(app, *more, path=httpx2.URL(url).path, http_version="1.1")


async def test_a_file_that_changes_meanwhile_leaves_the_answer_incomplete(
    world: World, ann: Client, file: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "CHUNK_BYTES", 1000)
    url = await url_of(ann, file)
    shelf.reads_left = 3

    with capture_logs() as logged:
        sent = await asked_raw(ann, shelf, world, url)

    assert sent[0]["status"] == 200
    assert [message["more_body"] for message in sent[1:]] == [True] * 3
    assert "broken off" in str(logged)
    assert shelf.open_now == 0


async def test_a_file_that_changes_before_the_first_byte_is_an_error(
    ann: Client, file: str, shelf: Shelf
) -> None:
    url = await url_of(ann, file)
    shelf.reads_left = 0

    answer = await by_url(ann, url)

    assert answer.status_code == 409
    assert shelf.open_now == 0
    assert await told(ann) == []


async def test_for_a_client_that_has_gone_nothing_more_is_read(
    world: World, ann: Client, file: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "CHUNK_BYTES", 1000)
    url = await url_of(ann, file)
    shelf.reads_left = 10_000

    sent = await asked_raw(ann, shelf, world, url, {"type": "http.disconnect"})

    assert sent[-1].get("more_body", True)
    assert shelf.reads_left > 10_000 - 11
    assert shelf.open_now == 0


# --- who may ---


@pytest.mark.parametrize("ticket", ["", "x", "AAAA", "é", "A" * 200])
async def test_p7_a_ticket_that_is_not_ours_is_not_found(ann: Client, ticket: str) -> None:
    answer = await by_url(ann, f"http://feed.test:8787/2.0/downloads/{ticket}")

    assert answer.status_code == 404


async def test_p7_a_channel_is_no_ticket(world: World, ann: Client) -> None:
    options = await ann.ask("OPTIONS", "/2.0/events")
    channel = httpx2.URL(options.json()["entries"][0]["url"]).params["channel"]

    answer = await by_url(ann, f"http://feed.test:8787/2.0/downloads/{channel}")

    assert answer.status_code == 404


async def test_p7_a_url_ends_with_its_time(
    world: World, ann: Client, shelf: Shelf, file: str
) -> None:
    time = VirtualTime()
    client = await world.client(ann.token, ann.user, contents=shelf, clock=time.clock)
    url = await url_of(client, file)

    time.advance(LIFE_MS - 60_000)
    assert (await by_url(client, url)).status_code == 200
    time.advance(61_000)
    assert (await by_url(client, url)).status_code == 404


async def test_p7_a_url_ends_with_its_grant(world: World, ann: Client, file: str) -> None:
    url = await url_of(ann, file)
    assert ann.token is not None
    identity = await world.access.identify(ann.token)

    await world.access.revoke_grant(identity.grant)

    assert (await by_url(ann, url)).status_code == 404


async def test_p7_a_url_ends_when_its_user_may_no_longer_see_the_file(
    world: World, ann: Client, shelf: Shelf
) -> None:
    team = await world.shared(ann, "team", world.bob)
    bob = await world.client(world.bob.token, world.bob.user, contents=shelf)
    file = await ann.made(kind="upload", path="/team/a")
    url = await url_of(bob, file)

    await world.store.commit(remove_member(team.id, world.bob.id))

    assert (await by_url(bob, url)).status_code == 404


async def test_p7_others_get_no_url(world: World, ann: Client, shelf: Shelf, file: str) -> None:
    for other in (world.bob, world.eve):
        client = await world.client(other.token, other.user, contents=shelf)

        answer = await client.ask("GET", f"/2.0/files/{file}/content")

        unknown = await client.ask("GET", "/2.0/files/99999/content")
        assert answer.status_code == unknown.status_code == 404
        assert answer.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


async def test_an_admin_downloads_in_the_name_of_another(
    world: World, ann: Client, shelf: Shelf
) -> None:
    file = await world.bob.made(kind="upload", path="/a")

    url = await url_of(ann, file, **{"As-User": str(world.bob.id)})

    assert (await by_url(ann, url)).content == DATA
    [event] = await told(world.bob)
    assert event["created_by"]["login"] == "bob"
    assert "action_by" not in event
    log = await ann.get("/2.0/events", stream_type="admin_logs_streaming")
    assert log["entries"][-1]["event_type"] == "DOWNLOAD"
    assert log["entries"][-1]["action_by"]["login"] == "ann"


async def test_p7_a_url_in_the_name_of_another_ends_when_they_are_disabled(
    world: World, ann: Client, shelf: Shelf
) -> None:
    file = await world.bob.made(kind="upload", path="/a")
    url = await url_of(ann, file, **{"As-User": str(world.bob.id)})

    change = await world.ann.ask("PATCH", "/v1/users/bob", json={"is_disabled": True})

    assert change.status_code == 200
    assert (await by_url(ann, url)).status_code == 404
