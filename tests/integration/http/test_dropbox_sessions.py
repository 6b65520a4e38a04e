"""Files that are uploaded in parts by Dropbox's API."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.integration.http.conftest import MOST_UPLOADED, Client, Json, World
from tests.integration.http.test_dropbox import call, done, is_refused
from tests.integration.http.test_dropbox_actions import (
    Told,
    content,
    hash_of,
    sent,
    tree,
    uploaded,
)
from wakeful.cli.contents import ServedContents
from wakeful.contents.bench import MemoryBench
from wakeful.contents.drafts import KeptDrafts
from wakeful.contents.memory import MemoryShelf
from wakeful.core.clock import Clock
from wakeful.core.drafts import LIFETIME_MS
from wakeful.http.app import build_app
from wakeful.http.dropbox import acting

SESSION = "files/upload_session"
BLOCK = 4 * 1024 * 1024


async def begun(client: Client, data: bytes = b"", **more: Any) -> str:
    answer = await sent(client, f"{SESSION}/start", more, data)
    assert answer.status_code == 200, answer.text
    id: str = answer.json()["session_id"]
    return id


def at(session: str, offset: int, **more: Any) -> Json:
    return {"cursor": {"session_id": session, "offset": offset}, **more}


async def append(client: Client, session: str, offset: int, data: bytes, **more: Any) -> Any:
    return await sent(client, f"{SESSION}/append_v2", at(session, offset, **more), data)


async def finish(
    client: Client, session: str, offset: int, path: str, data: bytes = b"", **commit: Any
) -> Any:
    wanted = at(session, offset, commit={"path": path, **commit})
    return await sent(client, f"{SESSION}/finish", wanted, data)


async def test_a_file_is_made_of_parts_and_told_once(ann: Client) -> None:
    told = await Told.begin(ann)
    session = await begun(ann, b"one ")
    for offset, data in ((4, b"two "), (8, b"three ")):
        answer = await append(ann, session, offset, data, content_hash=hash_of(data))
        assert (answer.status_code, answer.content) == (200, b"null")

    answer = await finish(ann, session, 14, "/Deep/er/parts.txt", b"four", mute=True)

    assert answer.status_code == 200, answer.text
    assert answer.json()["path_display"] == "/Deep/er/parts.txt"
    assert answer.json()["content_hash"] == hash_of(b"one two three four")
    assert await told.types() == ["ITEM_CREATE", "ITEM_CREATE", "ITEM_UPLOAD"]
    assert await content(ann, "/deep/er/parts.txt") == b"one two three four"
    again = await finish(ann, session, 14, "/again.txt", b"four")
    is_refused(again, 409, "lookup_failed", "not_found")
    assert await told.delta() == ["/Deep", "/Deep/er", "/Deep/er/parts.txt"]


async def test_the_first_version_appends_too(ann: Client) -> None:
    session = await begun(ann)
    first = {"session_id": session, "offset": 0}
    assert (await sent(ann, f"{SESSION}/append", first, b"a")).status_code == 200

    assert (await finish(ann, session, 1, "/a")).status_code == 200

    assert await content(ann, "/a") == b"a"


async def test_a_session_says_where_it_goes_on(ann: Client) -> None:
    session = await begun(ann, b"0123")

    for offset in (0, 3, 5, 99):
        answer = await append(ann, session, offset, b"more")
        is_refused(answer, 409, "incorrect_offset")
        assert answer.json()["error"]["correct_offset"] == 4
    answer = await finish(ann, session, 3, "/a", b"more")
    error = is_refused(answer, 409, "lookup_failed", "incorrect_offset")
    assert error["correct_offset"] == 4

    assert (await append(ann, session, 4, b"4")).status_code == 200
    assert (await finish(ann, session, 5, "/a")).status_code == 200
    assert await content(ann, "/a") == b"01234"


async def test_two_parts_at_once_at_one_place_are_one_and_a_wrong_offset(ann: Client) -> None:
    session = await begun(ann)

    both = await asyncio.gather(append(ann, session, 0, b"aa"), append(ann, session, 0, b"bb"))

    assert sorted(answer.status_code for answer in both) == [200, 409]
    refused = next(answer for answer in both if answer.status_code == 409)
    is_refused(refused, 409, "incorrect_offset")
    assert refused.json()["error"]["correct_offset"] == 2


async def test_nothing_is_added_to_a_closed_session(ann: Client) -> None:
    session = await begun(ann, b"all", close=True)

    is_refused(await append(ann, session, 3, b"more"), 409, "closed")
    is_refused(await finish(ann, session, 3, "/a", b"more"), 409, "lookup_failed", "closed")

    assert (await finish(ann, session, 3, "/a")).status_code == 200


async def test_who_is_refused_can_finish_the_session_elsewhere(ann: Client) -> None:
    await uploaded(ann, "/there.txt", b"other")
    session = await begun(ann, b"parts")

    refused = await finish(ann, session, 5, "/there.txt", b" more")
    is_refused(refused, 409, "path", "conflict", "file")
    wrong = at(session, 5, commit={"path": "/b.txt"}, content_hash=hash_of(b"other"))
    answer = await sent(ann, f"{SESSION}/finish", wrong, b" more")
    is_refused(answer, 409, "content_hash_mismatch")
    assert await tree(ann) == ["/there.txt"]

    made = await finish(ann, session, 5, "/there.txt", b" more", autorename=True)

    assert made.json()["path_display"] == "/there (1).txt"
    assert await content(ann, "/there (1).txt") == b"parts more"


async def test_a_session_belongs_to_who_began_it(ann: Client, world: World) -> None:
    session = await begun(ann, b"mine", close=True)
    bob = Client(ann.http, world.bob.token, world.bob.user)

    for answer in (await append(bob, session, 4, b"x"), await append(ann, "none", 0, b"x")):
        is_refused(answer, 409, "not_found")
    is_refused(await finish(bob, session, 4, "/a"), 409, "lookup_failed", "not_found")
    batch = {"entries": [at(session, 4, commit={"path": "/a"})]}
    (entry,) = (await done(bob, f"{SESSION}/finish_batch_v2", batch))["entries"]
    assert entry["failure"] == {".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}}

    assert await tree(bob) == []


async def test_a_session_is_over_after_a_week(ann: Client, world: World) -> None:
    ahead = Clock(lambda: Clock().wall() + LIFETIME_MS + 1_000, Clock().monotonic)
    later = await world.client(ann.token, ann.user, clock=ahead)
    session = await begun(ann, b"old")

    is_refused(await append(later, session, 3, b"x"), 409, "not_found")
    is_refused(await finish(later, session, 3, "/a"), 409, "lookup_failed", "not_found")

    assert (await append(ann, session, 3, b"x")).status_code == 200


async def test_parts_that_are_too_large_or_other_than_said_are_not_taken(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await begun(ann, b"x" * (MOST_UPLOADED - 10))
    end = MOST_UPLOADED - 10

    is_refused(await append(ann, session, end, b"x" * 11), 409, "too_large")
    is_refused(await finish(ann, session, end, "/a", b"x" * 11), 409, "lookup_failed", "too_large")
    answer = await append(ann, session, end, b"x", content_hash=hash_of(b"y"))
    is_refused(answer, 409, "content_hash_mismatch")
    monkeypatch.setattr(acting, "MOST_UPLOADED", 5)
    for answer in (
        await append(ann, session, end, b"x" * 6),
        await finish(ann, session, end, "/a", b"x" * 6),
        await sent(ann, f"{SESSION}/start", {}, b"x" * 6),
    ):
        is_refused(answer, 409, "payload_too_large")

    assert (await finish(ann, session, end, "/a", b"x" * 5)).status_code == 200
    assert await tree(ann) == ["/a"]


@pytest.fixture
async def large(world: World, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Ann, of an app that takes larger files."""
    most = 4 * BLOCK
    return await world.client(
        world.ann.token,
        world.ann.user,
        drafts=KeptDrafts(MemoryBench(), most),
        contents=ServedContents(lambda: (), frozenset(), MemoryShelf(most)),
        upload_limit=most,
    )


async def test_parts_of_a_concurrent_session_come_in_any_order_and_at_once(large: Client) -> None:
    session = await begun(large, session_type={".tag": "concurrent"})
    first, second, last = b"a" * BLOCK, b"b" * BLOCK, b"c" * 5

    answers = await asyncio.gather(
        append(large, session, 2 * BLOCK, last, close=True),
        append(large, session, BLOCK, second),
        append(large, session, 0, first),
        append(large, session, BLOCK, second),
    )

    assert [answer.status_code for answer in answers] == [200] * 4
    is_refused(
        await append(large, session, BLOCK, b"d" * BLOCK),
        409,
        "concurrent_session_invalid_offset",
    )
    made = await finish(large, session, 2 * BLOCK + 5, "/large")
    assert made.status_code == 200, made.text
    assert made.json()["size"] == 2 * BLOCK + 5
    assert await content(large, "/large") == first + second + last


async def test_what_a_concurrent_session_does_not_take_is_told(large: Client) -> None:
    concurrent: Json = {"session_type": "concurrent"}
    for answer, tag in (
        (await sent(large, f"{SESSION}/start", concurrent, b"x"), "data_not_allowed"),
        (
            await sent(large, f"{SESSION}/start", {**concurrent, "close": True}),
            "close_not_allowed",
        ),
    ):
        is_refused(answer, 409, f"concurrent_session_{tag}")
    session = await begun(large, **concurrent)
    is_refused(await append(large, session, 7, b"x"), 409, "concurrent_session_invalid_offset")
    is_refused(await append(large, session, 0, b"x"), 409, "concurrent_session_invalid_data_size")
    is_refused(await finish(large, session, 0, "/a"), 409, "concurrent_session_not_closed")
    assert (await append(large, session, BLOCK, b"x", close=True)).status_code == 200
    is_refused(await append(large, session, 2 * BLOCK, b"x", close=True), 409, "closed")
    is_refused(await finish(large, session, 1, "/a"), 409, "concurrent_session_missing_data")
    is_refused(
        await finish(large, session, 1, "/a", b"x"), 409, "concurrent_session_data_not_allowed"
    )
    assert await tree(large) == []


async def test_of_sessions_begun_together_none_is_left_where_one_is_too_many(
    ann: Client, world: World
) -> None:
    for _ in range(2):
        await done(ann, f"{SESSION}/start_batch", {"num_sessions": 990})
    for _ in range(2):
        answer = await call(ann, f"{SESSION}/start_batch", {"num_sessions": 21})
        assert answer.status_code == 429, answer.text

    await done(ann, f"{SESSION}/start_batch", {"num_sessions": 20})


async def test_what_cannot_be_seen_is_no_place_for_a_session(ann: Client, bob: Client) -> None:
    theirs = await uploaded(bob, "/a")
    for path in ("ns:999999/a", f"{theirs['id']}/b"):
        session = await begun(ann, b"12", close=True)
        answer = await finish(ann, session, 2, path)
        is_refused(answer, 409, "path", "no_write_permission")


@pytest.mark.parametrize("version", ["", "_v2"])
async def test_sessions_are_finished_together(ann: Client, version: str) -> None:
    told = await Told.begin(ann)
    started = await done(ann, f"{SESSION}/start_batch", {"num_sessions": 3})
    one, two, three = started["session_ids"]
    for session, data in ((one, b"one"), (two, b"two")):
        assert (await append(ann, session, 0, data, close=True)).status_code == 200
    assert (await append(ann, three, 0, b"open")).status_code == 200
    entries = [
        at(one, 3, commit={"path": "/one"}),
        at(two, 3, commit={"path": "/one"}),
        at(three, 4, commit={"path": "/three"}),
        at(two, 3, commit={"path": "/a\\b"}),
        at(two, 3, commit={"path": "/two"}),
    ]

    batch = await done(ann, f"{SESSION}/finish_batch{version}", {"entries": entries})

    assert batch.get(".tag") == (None if version else "complete")
    first, *failed, last = batch["entries"]
    assert (first[".tag"], first["name"], first["size"]) == ("success", "one", 3)
    assert (last[".tag"], last["path_display"]) == ("success", "/two")
    assert [each["failure"] for each in failed] == [
        {".tag": "path", "path": {".tag": "conflict", "conflict": {".tag": "file"}}},
        {".tag": "lookup_failed", "lookup_failed": {".tag": "not_closed"}},
        {".tag": "path", "path": {".tag": "malformed_path"}},
    ]
    assert await told.types() == ["ITEM_UPLOAD"] * 2


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        ("start_batch", {"num_sessions": 0}),
        ("start_batch", {"num_sessions": 1_001}),
        ("start_batch", {"num_sessions": 1, "session_type": "parallel"}),
        ("finish_batch_v2", {"entries": [at("x", 0, commit={"path": "a"})]}),
        ("finish_batch_v2", {"entries": [at("x", -1, commit={"path": "/a"})]}),
        ("finish_batch_v2", {"entries": [at("x", 0, commit={"path": "/a", "mode": "no"})]}),
        ("finish_batch_v2", {"entries": [at("x", 0, commit={"path": "/a"})] * 1_001}),
    ],
)
async def test_a_call_about_sessions_that_makes_no_sense_is_400(
    ann: Client, function: str, argument: Json
) -> None:
    answer = await call(ann, f"{SESSION}/{function}", argument)

    assert answer.status_code == 400, answer.text
    assert answer.text.startswith(f'Error in call to API function "{SESSION}/{function}": ')


async def broken_off(world: World, client: Client, function: str, argument: Json) -> None:
    """A call whose client is gone in the middle of its body."""
    messages = iter(
        (
            {"type": "http.request", "body": b"some of it", "more_body": True},
            {"type": "http.disconnect"},
        )
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    headers = {
        "authorization": f"Bearer {client.token}",
        "content-type": "application/octet-stream",
        "content-length": "99",
        "dropbox-api-arg": json.dumps(argument),
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"/2/{function}",
        "raw_path": f"/2/{function}".encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await build_app(world.services)(scope, receive, send)


async def test_a_body_that_ends_early_adds_nothing(ann: Client, world: World) -> None:
    session = await begun(ann, b"0123")

    for function, argument in (
        (f"{SESSION}/append_v2", at(session, 4)),
        (f"{SESSION}/finish", at(session, 4, commit={"path": "/a"})),
        (f"{SESSION}/start", {}),
        ("files/upload", {"path": "/a"}),
    ):
        await broken_off(world, ann, function, argument)

    refused = await append(ann, session, 5, b"x")
    is_refused(refused, 409, "incorrect_offset")
    assert refused.json()["error"]["correct_offset"] == 4
    assert await tree(ann) == []
    assert world.services.drafts.begun_before(2**62) == (session,)
