"""What is done to files and folders by Dropbox's API: the answer, the tree, the events."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.http.conftest import MOST_UPLOADED, Client, Json, World
from tests.integration.http.test_dropbox import call, done, is_refused, paths
from wakeful.core.accounts import add_member
from wakeful.core.people import Role
from wakeful.dialects.dropbox.names import item_of
from wakeful.http.dropbox import acting
from wakeful.http.dropbox.jobs import MOST_JOBS

DATA = b"hello, world"


def hash_of(data: bytes) -> str:
    """Dropbox's hash of a content of less than 4 MiB."""
    return hashlib.sha256(hashlib.sha256(data).digest() if data else b"").hexdigest()


async def sent(client: Client, function: str, argument: Any, body: Any = b"") -> Any:
    """The answer of a call whose body is a content."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Dropbox-API-Arg": json.dumps(argument),
    }
    return await client.ask("POST", f"/2/{function}", content=body, headers=headers)


async def uploaded(client: Client, path: str, data: bytes = DATA, **more: Any) -> Json:
    """A file, which has to be taken."""
    answer = await sent(client, "files/upload", {"path": path, **more}, data)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


async def tree(client: Client, path: str = "") -> list[str]:
    page = await done(client, "files/list_folder", {"path": path, "recursive": True})
    return sorted(await paths(client, page))


async def content(client: Client, path: str) -> bytes:
    answer = await sent(client, "files/download", {"path": path})
    assert answer.status_code == 200, answer.text
    found: bytes = answer.content
    return found


class Told:
    """What Box's stream of a client has from here on, and Dropbox's cursor."""

    def __init__(self, client: Client, position: str, cursor: str) -> None:
        self._client = client
        self._position = position
        self._cursor = cursor

    @classmethod
    async def begin(cls, client: Client) -> Told:
        now = await client.get("/2.0/events", stream_position="now")
        latest = await done(
            client, "files/list_folder/get_latest_cursor", {"path": "", "recursive": True}
        )
        return cls(client, str(now["next_stream_position"]), latest["cursor"])

    async def events(self) -> list[Json]:
        page = await self._client.get("/2.0/events", stream_position=self._position)
        found: list[Json] = page["entries"]
        return found

    async def types(self) -> list[str]:
        return [event["event_type"] for event in await self.events()]

    async def delta(self) -> list[str]:
        page = await done(self._client, "files/list_folder/continue", {"cursor": self._cursor})
        return await paths(self._client, page)


@pytest.fixture
async def told(ann: Client) -> Told:
    """After Ann has `/docs/a.txt`, `/docs/sub/b.txt`, `/c.txt` and the empty `/empty`."""
    await uploaded(ann, "/docs/a.txt", b"a")
    await uploaded(ann, "/docs/sub/b.txt", b"b")
    await uploaded(ann, "/c.txt", b"c")
    await done(ann, "files/create_folder_v2", {"path": "/empty"})
    return await Told.begin(ann)


THERE = ["/c.txt", "/docs", "/docs/a.txt", "/docs/sub", "/docs/sub/b.txt", "/empty"]


async def test_a_file_is_uploaded_with_the_folders_above_it(ann: Client) -> None:
    told = await Told.begin(ann)

    made = await uploaded(
        ann,
        "/New/Er/Résumé.txt",
        client_modified="2015-05-12T15:50:38Z",
        content_hash=hash_of(DATA),
    )

    assert made["path_display"] == "/New/Er/Résumé.txt"
    assert made["path_lower"] == "/new/er/résumé.txt"
    assert (made["size"], made["content_hash"]) == (len(DATA), hash_of(DATA))
    assert made["client_modified"] == "2015-05-12T15:50:38Z"
    assert made == await done(ann, "files/get_metadata", {"path": made["path_lower"]})
    assert await told.types() == ["ITEM_CREATE", "ITEM_CREATE", "ITEM_UPLOAD"]
    assert await content(ann, made["id"]) == DATA
    assert await told.delta() == ["/New", "/New/Er", "/New/Er/Résumé.txt"]


async def test_each_action_is_told_once_and_in_its_own_words(ann: Client, told: Told) -> None:
    log = await ann.get("/2.0/events", stream_type="admin_logs_streaming", stream_position="now")

    await done(ann, "files/create_folder_v2", {"path": "/made"})
    await uploaded(ann, "/made/a.txt", b"first")
    await uploaded(ann, "/made/a.txt", b"second", mode="overwrite")
    await done(ann, "files/move_v2", {"from_path": "/made/a.txt", "to_path": "/made/b.txt"})
    await done(ann, "files/move_v2", {"from_path": "/made/b.txt", "to_path": "/empty/b.txt"})
    await done(ann, "files/copy_v2", {"from_path": "/empty/b.txt", "to_path": "/made/c.txt"})
    await done(ann, "files/delete_v2", {"path": "/made/c.txt"})
    await done(ann, "files/permanently_delete", {"path": "/made/c.txt"})
    await done(ann, "files/permanently_delete", {"path": "/made"})

    assert await told.types() == [
        "ITEM_CREATE",
        "ITEM_UPLOAD",
        "ITEM_UPLOAD",
        "ITEM_RENAME",
        "ITEM_MOVE",
        "ITEM_COPY",
        "ITEM_TRASH",
        "ITEM_TRASH",
    ]
    whole = await ann.get(
        "/2.0/events",
        stream_type="admin_logs_streaming",
        stream_position=str(log["next_stream_position"]),
    )
    mine = await told.events()
    assert [event["event_id"] for event in whole["entries"]] == [each["event_id"] for each in mine]
    gone = ("-/made", "-/made/a.txt", "-/made/b.txt", "-/made/c.txt")
    assert sorted(await told.delta()) == sorted(("/empty/b.txt", *gone))
    assert await content(ann, "/empty/b.txt") == b"second"


@pytest.mark.parametrize(
    ("function", "argument", "body", "after"),
    [
        pytest.param(
            "files/upload",
            {"path": "/C.TXT", "mode": {".tag": "overwrite"}},
            b"new",
            THERE,
            id="overwrite in another case",
        ),
        pytest.param(
            "files/upload",
            {"path": "/c.txt", "autorename": True},
            b"new",
            [*THERE, "/c (1).txt"],
            id="autorename",
        ),
        pytest.param(
            "files/upload",
            {"path": "/DOCS/Sub/new.txt"},
            b"new",
            [*THERE, "/docs/sub/new.txt"],
            id="into a folder in another case",
        ),
        pytest.param(
            "files/upload",
            {"path": "/docs", "autorename": True},
            b"new",
            [*THERE, "/docs (1)"],
            id="beside a folder",
        ),
        pytest.param(
            "files/upload",
            {"path": "/c.txt", "mode": {".tag": "update", "update": "0" * 18}, "autorename": True},
            b"new",
            [*THERE, "/c (conflicted copy).txt"],
            id="a conflicted copy",
        ),
        pytest.param(
            "files/upload",
            {"path": "/none.txt", "mode": {".tag": "update", "update": "0" * 18}},
            b"new",
            [*THERE, "/none.txt"],
            id="an update of nothing",
        ),
        pytest.param(
            "files/create_folder_v2",
            {"path": "/DOCS", "autorename": True},
            None,
            [*THERE, "/DOCS (1)"],
            id="a folder by another name",
        ),
        pytest.param(
            "files/create_folder_v2",
            {"path": "/x/y/z"},
            None,
            [*THERE, "/x", "/x/y", "/x/y/z"],
            id="a folder with those above it",
        ),
        pytest.param(
            "files/move_v2",
            {"from_path": "/docs/A.txt", "to_path": "/Empty/deep/Z.txt"},
            None,
            [
                *(each for each in THERE if each != "/docs/a.txt"),
                "/empty/deep",
                "/empty/deep/Z.txt",
            ],
            id="move",
        ),
        pytest.param(
            "files/move_v2",
            {"from_path": "/docs/a.txt", "to_path": "/docs/A.TXT"},
            None,
            [*(each for each in THERE if each != "/docs/a.txt"), "/docs/A.TXT"],
            id="another case",
        ),
        pytest.param(
            "files/move_v2",
            {"from_path": "/c.txt", "to_path": "/docs/a.txt", "autorename": True},
            None,
            [*THERE[1:], "/docs/a (1).txt"],
            id="move beside",
        ),
        pytest.param(
            "files/copy_v2",
            {"from_path": "/docs", "to_path": "/empty/docs"},
            None,
            [*THERE, *(f"/empty{each}" for each in THERE[1:5])],
            id="copy a folder",
        ),
        pytest.param(
            "files/copy_v2",
            {"from_path": "/c.txt", "to_path": "/c.txt", "autorename": True},
            None,
            [*THERE, "/c (1).txt"],
            id="copy beside itself",
        ),
        pytest.param(
            "files/delete_v2",
            {"path": "/DOCS"},
            None,
            ["/c.txt", "/empty"],
            id="delete a folder",
        ),
        pytest.param(
            "files/move",
            {"from_path": "/c.txt", "to_path": "/d.txt"},
            None,
            [*THERE[1:], "/d.txt"],
            id="move, first version",
        ),
        pytest.param(
            "files/copy",
            {"from_path": "/c.txt", "to_path": "/d.txt"},
            None,
            [*THERE, "/d.txt"],
            id="copy, first version",
        ),
        pytest.param(
            "files/delete", {"path": "/c.txt"}, None, THERE[1:], id="delete, first version"
        ),
        pytest.param(
            "files/create_folder",
            {"path": "/d"},
            None,
            [*THERE, "/d"],
            id="create folder, first version",
        ),
    ],
)
async def test_what_is_asked_for_is_there_afterwards(
    ann: Client, told: Told, function: str, argument: Json, body: bytes | None, after: list[str]
) -> None:
    if body is None:
        answer = await call(ann, function, argument)
    else:
        answer = await sent(ann, function, argument, body)

    assert answer.status_code == 200, answer.text
    assert await tree(ann) == sorted(after)
    made = answer.json().get("metadata", answer.json())
    if "delete" not in function:
        shown = await done(ann, "files/get_metadata", {"path": made["path_lower"]})
        assert shown == made
        assert made["path_display"] in after
    if body is not None:
        assert await content(ann, made["path_lower"]) == body


@pytest.mark.parametrize(
    ("argument", "data"),
    [
        pytest.param({"mode": "add"}, b"c", id="add"),
        pytest.param({"mode": "overwrite"}, b"c", id="overwrite"),
        pytest.param({"mode": "add", "autorename": True}, b"c", id="autorename"),
        pytest.param({"mode": {".tag": "update", "update": "0" * 18}}, b"c", id="update"),
    ],
)
async def test_the_same_content_again_changes_nothing(
    ann: Client, told: Told, argument: Json, data: bytes
) -> None:
    before = await done(ann, "files/get_metadata", {"path": "/c.txt"})

    assert await uploaded(ann, "/c.txt", data, **argument) == before

    assert await told.types() == []
    assert await told.delta() == []


async def test_an_update_replaces_the_revision_that_it_names_only(ann: Client, told: Told) -> None:
    first = await done(ann, "files/get_metadata", {"path": "/c.txt"})
    mode = {".tag": "update", "update": first["rev"]}

    second = await uploaded(ann, "/c.txt", b"second", mode=mode)

    assert second["id"] == first["id"]
    assert second["rev"] != first["rev"]
    refused = await sent(ann, "files/upload", {"path": "/c.txt", "mode": mode}, b"third")
    is_upload_refused(refused, "conflict", "file")
    assert (await done(ann, "files/get_metadata", {"path": "/c.txt"})) == second
    gone = await call(ann, "files/delete_v2", {"path": "/c.txt", "parent_rev": first["rev"]})
    is_refused(gone, 409, "path_write", "conflict", "file")
    await done(ann, "files/delete_v2", {"path": "/c.txt", "parent_rev": second["rev"]})
    assert await told.types() == ["ITEM_UPLOAD", "ITEM_TRASH"]


def is_upload_refused(answer: Any, *tags: str) -> None:
    """Check an answer that tells why an upload was not taken."""
    assert answer.status_code == 409, answer.text
    assert answer.json()["error_summary"] == "/".join(("path", *tags)) + "/.."
    error = answer.json()["error"]
    assert (error[".tag"], error["upload_session_id"]) == ("path", "")
    union = error["reason"]
    for tag in tags:
        assert union[".tag"] == tag
        union = union.get(tag)


LONG = "x" * 256
DEEP = "/x" * 300


@pytest.mark.parametrize(
    ("path", "tags", "more"),
    [
        pytest.param("/c.txt", ("conflict", "file"), {}, id="a file is there"),
        pytest.param("/C.txt", ("conflict", "file"), {}, id="in another case"),
        pytest.param("/docs", ("conflict", "folder"), {}, id="a folder is there"),
        pytest.param("/docs", ("conflict", "folder"), {"mode": "overwrite"}, id="to overwrite"),
        pytest.param("/c.txt/d.txt", ("conflict", "file_ancestor"), {}, id="below a file"),
        pytest.param("/c.txt/d/e", ("conflict", "file_ancestor"), {}, id="far below a file"),
        pytest.param("/", ("conflict", "folder"), {}, id="the root"),
        pytest.param("/a//b", ("malformed_path",), {}, id="no name"),
        pytest.param("/a/", ("malformed_path",), {}, id="a slash at the end"),
        pytest.param("/a/../c", ("malformed_path",), {}, id="up"),
        pytest.param("/./c", ("malformed_path",), {}, id="a dot"),
        pytest.param("/a\\b", ("malformed_path",), {}, id="a backslash"),
        pytest.param("/a\0b", ("malformed_path",), {}, id="NUL"),
        pytest.param("/a ", ("malformed_path",), {}, id="a blank at the end"),
        pytest.param(f"/{LONG}", ("malformed_path",), {}, id="too long"),
        pytest.param(f"/{LONG}/a", ("malformed_path",), {}, id="a folder too long"),
        pytest.param(DEEP, ("malformed_path",), {}, id="too deep"),
        pytest.param("/docs/Thumbs.db", ("disallowed_name",), {}, id="thumbs"),
        pytest.param("/.DS_Store", ("disallowed_name",), {}, id="store"),
        pytest.param("/.dropbox/a", ("disallowed_name",), {}, id="a folder of Dropbox's"),
        pytest.param("/~$a.doc", ("disallowed_name",), {}, id="temporary"),
        pytest.param("/~a.tmp", ("disallowed_name",), {}, id="temporary too"),
        pytest.param("id:999999", ("no_write_permission",), {}, id="no such item"),
        pytest.param("id:none", ("no_write_permission",), {}, id="no id"),
        pytest.param("ns:999999/a", ("no_write_permission",), {}, id="no such namespace"),
        pytest.param(
            "/none",
            ("conflict", "file"),
            {"mode": {".tag": "update", "update": "0" * 18}, "strict_conflict": True},
            id="strictly nothing",
        ),
    ],
)
async def test_a_path_that_an_upload_cannot_have_is_told_and_changes_nothing(
    ann: Client, told: Told, path: str, tags: tuple[str, ...], more: Json
) -> None:
    answer = await sent(ann, "files/upload", {"path": path, **more}, b"another")

    is_upload_refused(answer, *tags)
    assert await tree(ann) == THERE
    assert await told.types() == []


async def test_a_strict_upload_of_the_same_content_is_a_conflict(ann: Client, told: Told) -> None:
    strict = {"path": "/c.txt", "strict_conflict": True}

    is_upload_refused(await sent(ann, "files/upload", strict, b"c"), "conflict", "file")

    await uploaded(ann, "/c.txt", b"c", strict_conflict=True, mode="overwrite")
    assert await told.types() == ["ITEM_UPLOAD"]


@pytest.mark.parametrize(
    ("function", "argument", "tags"),
    [
        ("create_folder_v2", {"path": "/docs"}, ("path", "conflict", "folder")),
        ("create_folder_v2", {"path": "/c.txt"}, ("path", "conflict", "file")),
        ("create_folder_v2", {"path": "/c.txt/d"}, ("path", "conflict", "file_ancestor")),
        ("create_folder_v2", {"path": "/"}, ("path", "conflict", "folder")),
        ("create_folder_v2", {"path": "/a/"}, ("path", "malformed_path")),
        ("create_folder_v2", {"path": "/desktop.ini"}, ("path", "disallowed_name")),
        (
            "move_v2",
            {"from_path": "/none", "to_path": "/a"},
            ("from_lookup", "not_found"),
        ),
        (
            "move_v2",
            {"from_path": "/a/../b", "to_path": "/a"},
            ("from_lookup", "malformed_path"),
        ),
        (
            "move_v2",
            {"from_path": "/docs", "to_path": "/docs/sub/docs"},
            ("cant_move_folder_into_itself",),
        ),
        (
            "move_v2",
            {"from_path": "/docs", "to_path": "/DOCS/New/docs"},
            ("cant_move_folder_into_itself",),
        ),
        (
            "move_v2",
            {"from_path": "/docs", "to_path": "/docs"},
            ("duplicated_or_nested_paths",),
        ),
        (
            "move_v2",
            {"from_path": "/c.txt", "to_path": "/docs/a.txt"},
            ("to", "conflict", "file"),
        ),
        (
            "move_v2",
            {"from_path": "/c.txt", "to_path": "/EMPTY"},
            ("to", "conflict", "folder"),
        ),
        (
            "move_v2",
            {"from_path": "/docs", "to_path": "/c.txt/docs"},
            ("to", "conflict", "file_ancestor"),
        ),
        ("move_v2", {"from_path": "/docs", "to_path": "/a\\b"}, ("to", "malformed_path")),
        ("move_v2", {"from_path": "/docs", "to_path": "/DO\\CS"}, ("to", "malformed_path")),
        (
            "move_v2",
            {"from_path": "/docs", "to_path": "ns:999999/a"},
            ("to", "no_write_permission"),
        ),
        (
            "copy_v2",
            {"from_path": "/docs", "to_path": "/docs/docs"},
            ("duplicated_or_nested_paths",),
        ),
        (
            "copy_v2",
            {"from_path": "/c.txt", "to_path": "/c.txt"},
            ("duplicated_or_nested_paths",),
        ),
        (
            "copy_v2",
            {"from_path": "/c.txt", "to_path": "/docs/a.txt"},
            ("to", "conflict", "file"),
        ),
        ("delete_v2", {"path": "/none"}, ("path_lookup", "not_found")),
        ("delete_v2", {"path": "id:77777"}, ("path_lookup", "not_found")),
        (
            "delete_v2",
            {"path": "/docs", "parent_rev": "0" * 18},
            ("path_write", "conflict", "folder"),
        ),
        ("permanently_delete", {"path": "/none"}, ("path_lookup", "not_found")),
        ("delete_batch/check", {"async_job_id": "none"}, ("invalid_async_job_id",)),
    ],
)
async def test_what_cannot_be_done_is_told_and_changes_nothing(
    ann: Client, told: Told, function: str, argument: Json, tags: tuple[str, ...]
) -> None:
    is_refused(await call(ann, f"files/{function}", argument), 409, *tags)

    assert await tree(ann) == THERE
    assert await told.types() == []


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        ("create_folder_v2", {"path": ""}),
        ("create_folder_v2", {"path": "a"}),
        ("create_folder_v2", {"path": "id:5"}),
        ("create_folder_v2", {}),
        ("create_folder_v2", {"path": 5}),
        ("create_folder_batch", {"paths": ["/a", "b"]}),
        ("create_folder_batch", {"paths": ["/a"] * 10_001}),
        ("move_v2", {"from_path": "", "to_path": "/a"}),
        ("move_v2", {"from_path": "/c.txt", "to_path": "a"}),
        ("move_v2", {"from_path": "/", "to_path": "/a"}),
        ("move_batch_v2", {"entries": [{"from_path": "/c.txt", "to_path": "/d"}] * 1_001}),
        ("move_batch_v2", {"entries": [{"from_path": "/c.txt", "to_path": "d"}]}),
        ("delete_v2", {"path": ""}),
        ("delete_v2", {"path": "/c.txt", "parent_rev": "XYZ"}),
        ("delete_batch", {"entries": [{"path": "/c.txt"}, {"path": "c.txt"}]}),
        ("delete_batch", {"entries": [{"path": "/c.txt"}] * 1_001}),
    ],
)
async def test_a_call_that_makes_no_sense_is_400_and_changes_nothing(
    ann: Client, told: Told, function: str, argument: Json
) -> None:
    answer = await call(ann, f"files/{function}", argument)

    assert answer.status_code == 400, answer.text
    assert answer.text.startswith(f'Error in call to API function "files/{function}": ')
    assert await tree(ann) == THERE
    assert await told.types() == []


@pytest.mark.parametrize(
    ("argument", "body"),
    [
        pytest.param({"path": "a.txt"}, b"a", id="no path"),
        pytest.param({"path": ""}, b"a", id="empty"),
        pytest.param({"path": "/a", "mode": "replace"}, b"a", id="no mode"),
        pytest.param({"path": "/a", "mode": "update"}, b"a", id="no revision"),
        pytest.param({"path": "/a", "mode": {".tag": "update", "update": "Z"}}, b"a", id="no rev"),
        pytest.param({"path": "/a", "client_modified": "yesterday"}, b"a", id="no time"),
        pytest.param({"path": "/a", "content_hash": "123"}, b"a", id="no hash"),
        pytest.param("no argument", b"a", id="no argument"),
    ],
)
async def test_an_upload_that_makes_no_sense_is_400(
    ann: Client, told: Told, argument: Any, body: bytes
) -> None:
    answer = await sent(ann, "files/upload", argument, body)

    assert answer.status_code == 400, answer.text
    assert answer.text.startswith('Error in call to API function "files/upload": ')
    assert await tree(ann) == THERE


async def test_an_argument_that_is_not_utf_8_or_of_another_type_is_400(ann: Client) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    broken: Any = headers | {"Dropbox-API-Arg": b'{"path": "/\xff"}'}
    wrong = {"Content-Type": "application/json", "Dropbox-API-Arg": '{"path": "/a"}'}

    for each in (broken, wrong, headers):
        answer = await ann.ask("POST", "/2/files/upload", content=b"a", headers=each)
        assert answer.status_code == 400, answer.text

    assert await tree(ann) == []


async def test_a_content_that_is_not_what_its_hash_says_leaves_nothing(
    ann: Client, world: World
) -> None:
    answer = await sent(
        ann, "files/upload", {"path": "/a", "content_hash": hash_of(b"other")}, DATA
    )

    is_refused(answer, 409, "content_hash_mismatch")
    assert await tree(ann) == []


async def test_a_content_that_is_too_large_leaves_nothing(
    ann: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    too_large = await sent(ann, "files/upload", {"path": "/a"}, b"x" * (MOST_UPLOADED + 1))
    monkeypatch.setattr(acting, "MOST_UPLOADED", 1000)
    announced = await sent(ann, "files/upload", {"path": "/a"}, b"x" * 1001)
    unannounced = await sent(ann, "files/upload", {"path": "/a"}, drops())

    for answer in (too_large, announced, unannounced):
        is_refused(answer, 409, "payload_too_large")
    assert await tree(ann) == []
    await uploaded(ann, "/a", b"x" * 1000)


@pytest.mark.parametrize(
    ("function", "entries"),
    [
        ("move", [{"from_path": "/c.txt", "to_path": "/d"}, {"from_path": "/", "to_path": "/e"}]),
        ("copy", [{"from_path": "/c.txt", "to_path": "/d"}, {"from_path": "/", "to_path": "/e"}]),
        ("delete", [{"path": "/c.txt"}, {"path": "/"}]),
    ],
)
async def test_of_a_batch_that_makes_no_sense_nothing_is_done(
    ann: Client, told: Told, function: str, entries: list[Json]
) -> None:
    name = "files/delete_batch" if function == "delete" else f"files/{function}_batch_v2"

    answer = await call(ann, name, {"entries": entries})

    assert answer.status_code == 400, answer.text
    assert await tree(ann) == THERE
    assert await told.types() == []


async def test_of_many_who_want_one_name_each_gets_another(ann: Client) -> None:
    wish = {"path": "/a", "autorename": True}
    made = await asyncio.gather(
        *(sent(ann, "files/upload", wish, bytes([number])) for number in range(12))
    )

    names = {answer.json().get("name") for answer in made}
    assert names == {"a", *(f"a ({number})" for number in range(1, 12))}


async def test_what_is_locked_by_another_is_not_deleted_for_good(
    ann: Client, bob: Client, world: World
) -> None:
    await world.shared(world.cat, "Team", ann, bob)
    file = await uploaded(bob, "/Team/a.txt")
    item = f"/2.0/files/{item_of(file['id'])}"
    locked = await bob.ask("PUT", item, json={"lock": {"access": "lock"}})
    assert locked.status_code == 200, locked.text

    gone = await call(ann, "files/permanently_delete", {"path": "/Team/a.txt"})
    is_refused(gone, 409, "path_write", "no_write_permission")
    assert (await bob.ask("DELETE", item)).status_code == 204
    gone = await call(ann, "files/permanently_delete", {"path": "/Team/a.txt"})
    is_refused(gone, 409, "path_write", "no_write_permission")
    await done(bob, "files/permanently_delete", {"path": "/Team/a.txt"})


async def test_what_is_deleted_for_good_is_the_revision_that_was_meant(ann: Client) -> None:
    old = await uploaded(ann, "/a", b"1")
    new = await uploaded(ann, "/a", b"2", mode="overwrite")
    purge = "files/permanently_delete"

    for _ in range(2):  # where it stands, and in the trash
        gone = await call(ann, purge, {"path": "/a", "parent_rev": old["rev"]})
        is_refused(gone, 409, "path_write", "conflict", "file")
        await call(ann, "files/delete_v2", {"path": "/a"})
    await done(ann, purge, {"path": "/a", "parent_rev": new["rev"]})


async def test_properties_are_refused(ann: Client) -> None:
    groups = [{"template_id": "ptid:1a5n2i6d3OYEAAAAAAAAAYa", "fields": []}]

    answer = await sent(ann, "files/upload", {"path": "/a", "property_groups": groups}, DATA)

    is_refused(answer, 409, "properties_error", "template_not_found")
    error = answer.json()["error"]["properties_error"]
    assert error["template_not_found"] == groups[0]["template_id"]
    for no_group in ({}, {"template_id": ""}, {"template_id": "x"}, 1):
        argument = {"path": "/a", "property_groups": [no_group]}
        answer = await sent(ann, "files/upload", argument, DATA)
        assert answer.status_code == 400
    await uploaded(ann, "/a", property_groups=[], mute=True)


async def test_a_path_may_begin_at_an_item_or_a_namespace(ann: Client, world: World) -> None:
    team = await world.shared(ann, "Team", world.bob)
    folder = (await done(world.bob, "files/create_folder_v2", {"path": "/team/x"}))["metadata"]

    in_folder = await uploaded(ann, f"{folder['id']}/y/a.txt", b"first")
    in_team = await uploaded(world.bob, f"ns:{team.id}/b.txt")
    again = await uploaded(ann, in_folder["id"], b"second", mode="overwrite")

    assert in_folder["path_display"] == "/Team/x/y/a.txt"
    assert in_team["path_display"] == "/Team/b.txt"
    assert in_team["parent_shared_folder_id"] == str(team.id)
    assert again["path_display"] == "/Team/x/y/a.txt"
    assert await content(world.bob, "/team/x/y/a.txt") == b"second"


async def test_a_shared_namespace_stays_where_it_is(ann: Client, world: World) -> None:
    await world.shared(ann, "Team", world.bob)
    for function, argument, tags in (
        ("move_v2", {"from_path": "/team", "to_path": "/a"}, ("cant_move_shared_folder",)),
        ("copy_v2", {"from_path": "/team", "to_path": "/a"}, ("cant_copy_shared_folder",)),
        ("delete_v2", {"path": "/team"}, ("path_write", "no_write_permission")),
        ("create_folder_v2", {"path": "/TEAM"}, ("path", "conflict", "folder")),
    ):
        is_refused(await call(ann, f"files/{function}", argument), 409, *tags)

    beside = await done(ann, "files/create_folder_v2", {"path": "/TEAM", "autorename": True})

    assert beside["metadata"]["path_display"] == "/TEAM (1)"
    assert await tree(world.bob) == ["/Team"]


async def test_who_only_looks_may_write_nothing(ann: Client, world: World) -> None:
    team = await world.shared(ann, "Team")
    await world.store.commit(add_member(team.id, world.cat.id, Role.VIEWER))
    await uploaded(ann, "/Team/a.txt")

    is_upload_refused(
        await sent(world.cat, "files/upload", {"path": "/Team/b.txt"}, DATA), "no_write_permission"
    )
    for function, argument, tags in (
        ("create_folder_v2", {"path": "/Team/x"}, ("path", "no_write_permission")),
        (
            "move_v2",
            {"from_path": "/Team/a.txt", "to_path": "/a.txt"},
            ("to", "no_write_permission"),
        ),
        ("delete_v2", {"path": "/Team/a.txt"}, ("path_write", "no_write_permission")),
    ):
        is_refused(await call(world.cat, f"files/{function}", argument), 409, *tags)
    assert await tree(ann) == ["/Team", "/Team/a.txt"]


async def test_the_entries_of_a_batch_succeed_and_fail_by_themselves(
    ann: Client, told: Told
) -> None:
    moves = [
        {"from_path": "/c.txt", "to_path": "/docs/c.txt"},
        {"from_path": "/c.txt", "to_path": "/d.txt"},
        {"from_path": "/docs/c.txt", "to_path": "/docs/a.txt"},
        {"from_path": "/docs/c.txt", "to_path": "/e\\f"},
        {"from_path": "/docs/c.txt", "to_path": "/e.txt"},
    ]

    moved = await done(ann, "files/move_batch_v2", {"entries": moves})

    assert moved[".tag"] == "complete"
    first, *failed, last = moved["entries"]
    assert (first[".tag"], first["success"]["path_display"]) == ("success", "/docs/c.txt")
    assert (last[".tag"], last["success"]["path_display"]) == ("success", "/e.txt")
    assert [each["failure"]["relocation_error"] for each in failed] == [
        {".tag": "from_lookup", "from_lookup": {".tag": "not_found"}},
        {".tag": "to", "to": {".tag": "conflict", "conflict": {".tag": "file"}}},
        {".tag": "to", "to": {".tag": "malformed_path"}},
    ]
    assert [each["failure"][".tag"] for each in failed] == ["relocation_error"] * 3

    copied = await done(
        ann,
        "files/copy_batch_v2",
        {"entries": [{"from_path": "/e.txt", "to_path": "/docs"}], "autorename": True},
    )
    assert copied["entries"][0]["success"]["path_display"] == "/docs (1)"

    made = await done(ann, "files/create_folder_batch", {"paths": ["/f/g", "/docs", "/f/h"]})
    assert [each[".tag"] for each in made["entries"]] == ["success", "failure", "success"]
    assert made["entries"][0]["metadata"]["path_display"] == "/f/g"
    assert made["entries"][1]["failure"] == {
        ".tag": "path",
        "path": {".tag": "conflict", "conflict": {".tag": "folder"}},
    }

    gone = await done(ann, "files/delete_batch", {"entries": [{"path": "/f"}, {"path": "/f/g"}]})
    assert [each[".tag"] for each in gone["entries"]] == ["success", "failure"]
    assert gone["entries"][0]["metadata"]["path_display"] == "/f"
    assert gone["entries"][1]["failure"] == {
        ".tag": "path_lookup",
        "path_lookup": {".tag": "not_found"},
    }


async def test_the_outcome_of_a_batch_can_be_asked_for_later(
    ann: Client, bob: Client, told: Told
) -> None:
    folders = {"paths": ["/x", "/docs"], "force_async": True}
    launched = await done(ann, "files/create_folder_batch", folders)
    assert launched[".tag"] == "async_job_id"
    job = {"async_job_id": launched["async_job_id"]}

    outcome = await done(ann, "files/create_folder_batch/check", job)

    assert outcome[".tag"] == "complete"
    assert [each[".tag"] for each in outcome["entries"]] == ["success", "failure"]
    bob = Client(ann.http, bob.token, bob.user)  # of the same app, which has the outcomes
    theirs = await call(bob, "files/create_folder_batch/check", job)
    is_refused(theirs, 409, "invalid_async_job_id")
    for index in range(MOST_JOBS):
        await done(bob, "files/create_folder_batch", {"paths": [f"/{index}"], "force_async": True})
    is_refused(await call(ann, "files/create_folder_batch/check", job), 409, "invalid_async_job_id")


async def test_what_was_deleted_is_purged_from_the_trash(ann: Client, told: Told) -> None:
    for data in (b"first", b"second"):
        await uploaded(ann, "/twice.txt", data)
        await done(ann, "files/delete_v2", {"path": "/twice.txt"})

    await done(ann, "files/permanently_delete", {"path": "/TWICE.txt"})

    trash = await ann.get("/2.0/folders/trash/items", fields="name,size")
    assert [(each["name"], each["size"]) for each in trash["entries"]] == [("twice.txt", 5)]
    await done(ann, "files/permanently_delete", {"path": "/twice.txt"})
    refused = await call(ann, "files/permanently_delete", {"path": "/twice.txt"})
    is_refused(refused, 409, "path_lookup", "not_found")


async def test_of_two_that_were_deleted_at_one_moment_the_later_is_purged(ann: Client) -> None:
    await ann.publish(
        {"kind": "upload", "path": "/twice.txt", "size": 5},
        {"kind": "trash", "path": "/twice.txt"},
        {"kind": "upload", "path": "/twice.txt", "size": 6},
        {"kind": "trash", "path": "/twice.txt"},
    )

    await done(ann, "files/permanently_delete", {"path": "/twice.txt"})

    trash = await ann.get("/2.0/folders/trash/items", fields="size")
    assert [each["size"] for each in trash["entries"]] == [5]


async def test_uploads_at_once_to_one_path_in_two_cases_are_one_file(ann: Client) -> None:
    answers = await asyncio.gather(
        *(
            sent(ann, "files/upload", {"path": path}, path.encode())
            for path in ("/a.txt", "/A.txt", "/a.TXT", "/A.TXT")
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await tree(ann)) == 1


@pytest.mark.parametrize(
    "scopes",
    [
        pytest.param(("root_readonly",), id="who only reads"),
        pytest.param(("manage_managed_users",), id="who manages"),
    ],
)
async def test_a_token_without_the_scope_is_told_which_it_lacks(
    world: World, told: Told, scopes: tuple[str, ...]
) -> None:
    assert world.ann.user is not None
    client = await world.client(await world.token(world.ann.user, scopes), world.ann.user)
    for function, argument in (
        ("create_folder_v2", {"path": "/x"}),
        ("move_v2", {"from_path": "/c.txt", "to_path": "/d"}),
        ("copy_v2", {"from_path": "/c.txt", "to_path": "/d"}),
        ("delete_v2", {"path": "/c.txt"}),
    ):
        answer = await call(client, f"files/{function}", argument)
        is_refused(answer, 401, "missing_scope")
        assert answer.json()["error"]["required_scope"] == "files.content.write"
    answer = await sent(client, "files/upload", {"path": "/x"}, DATA)
    is_refused(answer, 401, "missing_scope")


async def test_a_watched_folder_is_not_written_to(world: World, ann: Client) -> None:
    team = await world.shared(ann, "Disk")
    disk = await world.client(ann.token, ann.user, watched=frozenset({team.id}))

    answer = await call(disk, "files/create_folder_v2", {"path": "/Disk/x"})

    is_refused(answer, 409, "path", "no_write_permission")
