"""What is done to files and folders by the first version of Dropbox's API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.http.conftest import MOST_UPLOADED, Client, Json, World
from tests.integration.http.test_dropbox_actions import Told, content, tree
from wakeful.core.clock import Clock
from wakeful.core.drafts import LIFETIME_MS
from wakeful.http.dropbox import acting


async def put(client: Client, path: str, data: bytes = b"data", **parameters: Any) -> Any:
    return await client.ask(
        "PUT", f"/1/files_put/auto{quote(path)}", content=data, params=parameters
    )


async def post(client: Client, route: str, **form: Any) -> Any:
    return await client.ask("POST", f"/1/{route}", data={"root": "auto"} | form)


async def done(answer: Any) -> Json:
    """The metadata of what has to succeed."""
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
async def told(ann: Client) -> Told:
    """After Ann has `/docs/a.txt` and `/b.txt`."""
    for path in ("/docs/a.txt", "/b.txt"):
        await done(await put(ann, path, path.encode()))
    return await Told.begin(ann)


THERE = ["/b.txt", "/docs", "/docs/a.txt"]


async def test_each_action_is_told_once(ann: Client, told: Told) -> None:
    made = await done(await post(ann, "fileops/create_folder", path="/new"))
    assert (made["path"], made["is_dir"]) == ("/new", True)
    put_there = await done(await put(ann, "/New/Résumé.txt", b"first"))
    assert (put_there["path"], put_there["bytes"]) == ("/new/Résumé.txt", 5)
    again = await done(await put(ann, "/new/résumé.txt", b"second", overwrite="True"))
    assert again["rev"] != put_there["rev"]
    moved = await done(
        await post(ann, "fileops/move", from_path="/new/Résumé.txt", to_path="/docs/r.txt")
    )
    assert moved["path"] == "/docs/r.txt"
    copied = await done(await post(ann, "fileops/copy", from_path="/docs", to_path="/new/docs"))
    assert (copied["path"], copied["is_dir"]) == ("/new/docs", True)
    gone = await done(await post(ann, "fileops/delete", path="/NEW/docs"))
    assert (gone["path"], gone["is_deleted"]) == ("/new/docs", True)

    assert await told.types() == [
        "ITEM_CREATE",
        "ITEM_UPLOAD",
        "ITEM_UPLOAD",
        "ITEM_MOVE",
        "ITEM_COPY",
        "ITEM_TRASH",
    ]
    assert await tree(ann) == sorted([*THERE, "/new", "/docs/r.txt"])
    assert await content(ann, "/docs/r.txt") == b"second"


@pytest.mark.parametrize(
    ("path", "parameters", "after"),
    [
        pytest.param("/B.txt", {}, THERE, id="overwrite, as nothing is said"),
        pytest.param("/b.txt", {"overwrite": "true"}, THERE, id="overwrite"),
        pytest.param("/b.txt", {"overwrite": "False"}, [*THERE, "/b (1).txt"], id="beside"),
        pytest.param("/b.txt", {"parent_rev": ""}, [*THERE, "/b (1).txt"], id="nothing there"),
        pytest.param(
            "/b.txt",
            {"parent_rev": "0" * 20},
            [*THERE, "/b (conflicted copy).txt"],
            id="of another revision",
        ),
        pytest.param("/docs", {}, [*THERE, "/docs (1)"], id="beside a folder"),
        pytest.param("/x/y.txt", {}, [*THERE, "/x", "/x/y.txt"], id="with the folder above"),
    ],
)
async def test_what_is_put_is_there_afterwards(
    ann: Client, told: Told, path: str, parameters: Json, after: list[str]
) -> None:
    made = await done(await put(ann, path, b"new", **parameters))

    assert await tree(ann) == sorted(after)
    assert await content(ann, made["path"]) == b"new"


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        pytest.param("/b.txt", {"overwrite": "false", "autorename": "false"}, 409, id="there"),
        pytest.param("/docs", {"autorename": "false"}, 409, id="a folder is there"),
        pytest.param("/b.txt/c", {}, 409, id="below a file"),
        pytest.param("/a\\b", {}, 400, id="a backslash"),
        pytest.param("/a//b", {}, 400, id="no name"),
        pytest.param("/" + "x" * 256, {}, 400, id="too long"),
        pytest.param("/thumbs.db", {}, 400, id="thumbs"),
        pytest.param("/a", {"overwrite": "perhaps"}, 400, id="no flag"),
        pytest.param("/a", {"parent_rev": "XYZ"}, 400, id="no rev"),
    ],
)
async def test_what_cannot_be_put_is_told_and_changes_nothing(
    ann: Client, told: Told, path: str, parameters: Json, status: int
) -> None:
    answer = await put(ann, path, b"new", **parameters)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert await tree(ann) == THERE
    assert await told.types() == []


@pytest.mark.parametrize(
    ("route", "form", "status"),
    [
        ("fileops/create_folder", {"path": "/docs"}, 403),
        ("fileops/create_folder", {"path": "/b.txt/c"}, 403),
        ("fileops/create_folder", {"path": "/a\\b"}, 400),
        ("fileops/create_folder", {}, 400),
        ("fileops/create_folder", {"path": "/a", "root": "mine"}, 400),
        ("fileops/delete", {"path": "/none"}, 404),
        ("fileops/delete", {"path": "/"}, 400),
        ("fileops/move", {"from_path": "/none", "to_path": "/a"}, 404),
        ("fileops/move", {"from_path": "/b.txt", "to_path": "/docs/a.txt"}, 403),
        ("fileops/move", {"from_path": "/docs", "to_path": "/docs/b"}, 403),
        ("fileops/move", {"from_path": "/b.txt"}, 400),
        ("fileops/copy", {"from_path": "/docs", "to_path": "/docs/b"}, 403),
        ("fileops/copy", {"from_copy_ref": "x", "to_path": "/docs/b"}, 400),
        ("commit_chunked_upload/auto/a", {"upload_id": "none"}, 404),
        ("commit_chunked_upload/auto/a", {}, 404),
        ("commit_chunked_upload/mine/a", {"upload_id": "none"}, 400),
    ],
)
async def test_what_cannot_be_done_is_told_and_changes_nothing(
    ann: Client, told: Told, route: str, form: Json, status: int
) -> None:
    answer = await post(ann, route, **form)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert await tree(ann) == THERE
    assert await told.types() == []


async def chunk(client: Client, data: bytes, upload: str | None = None, offset: int = 0) -> Any:
    parameters: Any = {} if upload is None else {"upload_id": upload, "offset": offset}
    return await client.ask("PUT", "/1/chunked_upload", content=data, params=parameters)


async def test_a_file_is_put_in_parts(ann: Client, world: World, told: Told) -> None:
    first = await done(await chunk(ann, b"one "))
    assert first["offset"] == 4
    assert first["expires"].endswith(" +0000")
    id = first["upload_id"]
    assert (await done(await chunk(ann, b"two", id, 4)))["offset"] == 7

    wrong = await chunk(ann, b"two", id, 4)
    assert (wrong.status_code, wrong.json()["offset"], wrong.json()["upload_id"]) == (400, 7, id)
    bob = Client(ann.http, world.bob.token, world.bob.user)
    assert (await chunk(bob, b"x", id, 7)).status_code == 404
    assert (await chunk(ann, b"x", "none", 7)).status_code == 404
    bad = await ann.ask("PUT", "/1/chunked_upload?offset=4", content=b"x")
    assert bad.status_code == 400
    made = await done(await post(ann, "commit_chunked_upload/auto/parts", upload_id=id))

    assert (made["path"], made["bytes"]) == ("/parts", 7)
    assert await told.types() == ["ITEM_UPLOAD"]
    assert await content(ann, "/parts") == b"one two"
    assert (await post(ann, "commit_chunked_upload/auto/b", upload_id=id)).status_code == 404


async def test_parts_may_be_gone_on_with_for_a_week(ann: Client, world: World) -> None:
    id = (await done(await chunk(ann, b"one")))["upload_id"]
    ahead = Clock(lambda: Clock().wall() + LIFETIME_MS + 1_000, Clock().monotonic)
    later = await world.client(ann.token, ann.user, clock=ahead)

    assert (await chunk(later, b"x", id, 3)).status_code == 404
    assert (await post(later, "commit_chunked_upload/auto/a", upload_id=id)).status_code == 404


async def test_what_is_too_large_leaves_nothing(
    ann: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await put(ann, "/a", b"x" * (MOST_UPLOADED + 1))).status_code == 413
    monkeypatch.setattr(acting, "MOST_UPLOADED", 10)
    assert (await put(ann, "/a", b"x" * 11)).status_code == 413
    assert (await chunk(ann, b"x" * 11)).status_code == 413

    assert await tree(ann) == []
    assert world.services.drafts.begun_before(2**62) == ()


async def test_a_token_has_to_allow_it(ann: Client, world: World) -> None:
    assert ann.user is not None
    reader = await world.client(await world.token(ann.user, ("root_readonly",)), ann.user)

    for answer in (
        await put(reader, "/a"),
        await chunk(reader, b"x"),
        await post(reader, "fileops/create_folder", path="/a"),
        await post(reader, "fileops/delete", path="/a"),
    ):
        assert answer.status_code == 403, answer.text
    assert (await put(world.nobody, "/a")).status_code == 401
    assert await tree(ann) == []
