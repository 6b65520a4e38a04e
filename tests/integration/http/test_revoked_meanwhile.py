"""Who loses a token while the body of their request is coming is refused, and changes nothing.

A body may take minutes. Each way on which one is read has its row here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.integration.http.conftest import Client, Json, World
from wakeful.access import Concerned
from wakeful.core.accounts import update_user

DATA = b"0123456789" * 10

Meanwhile = Callable[[], Awaitable[object]]


class Asked(NamedTuple):
    """A request: how it is called, its headers, and its body."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Scene:
    """Ann with a file, and with a session of each dialect; who asks is Ann with another token."""

    def __init__(self, world: World, asker: Client, known: Json) -> None:
        self.world = world
        self.asker = asker
        self.known = known

    async def ask(
        self, way: str, meanwhile: Meanwhile, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """Ask on that *way*; *meanwhile* happens when half of the body is there."""
        asked = WAYS[way](self.known)

        async def halves() -> AsyncIterator[bytes]:
            middle = len(asked.body) // 2
            yield asked.body[:middle]
            await meanwhile()
            yield asked.body[middle:]

        return await self.asker.ask(
            asked.method, asked.url, headers=asked.headers | (headers or {}), content=halves()
        )

    async def revoke(self, client: Client) -> None:
        assert client.token is not None
        identity = await self.world.access.identify(client.token)
        await self.world.access.revoke_token(identity.token)

    async def update(self, client: Client, **change: Any) -> None:
        await self.world.access.changing(
            update_user(client.id, **change), Concerned(user=client.id)
        )

    async def state(self) -> list[object]:
        """All that could have changed."""
        drafts = self.world.services.drafts
        ids = [self.known[name] for name in ("box", "dropbox", "v1")]
        return [await self.world.state(), *(drafts.find(id) for id in ids)]


@pytest.fixture
async def scene(world: World) -> Scene:
    ann = world.ann
    asker = await world.client(await world.token(ann.user), ann.user) if ann.user else ann
    file = await ann.made(kind="upload", path="/a.txt", size=1)
    box = await ann.ask(
        "POST",
        "/2.0/files/upload_sessions",
        json={"folder_id": "0", "file_name": "box", "file_size": len(DATA)},
    )
    dropbox = await _with_argument(ann, "upload_session/start", {}, b"1234")
    v1 = await ann.ask("PUT", "/1/chunked_upload", content=b"1234")
    known = {
        "file": file,
        "box": box.json()["id"],
        "dropbox": dropbox.json()["session_id"],
        "v1": v1.json()["upload_id"],
    }
    return Scene(world, asker, known)


async def _with_argument(
    client: Client, function: str, argument: Json, data: bytes
) -> httpx2.Response:
    asked = _dropbox(function, argument, data)
    return await client.ask(asked.method, asked.url, headers=asked.headers, content=asked.body)


def _json(method: str, url: str, body: Json) -> Asked:
    return Asked(method, url, {"Content-Type": "application/json"}, json.dumps(body).encode())


def _form(url: str, attributes: Json) -> Asked:
    parts = (
        ("attributes", json.dumps(attributes).encode()),
        ('file"; filename="f', DATA),
    )
    lines = b"".join(
        b'--xx\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)
        for name, value in parts
    )
    return Asked(
        "POST", url, {"Content-Type": "multipart/form-data; boundary=xx"}, lines + b"--xx--\r\n"
    )


def _part(known: Json) -> Asked:
    headers = {
        "Digest": "sha=" + base64.b64encode(hashlib.sha1(DATA).digest()).decode(),
        "Content-Range": f"bytes 0-{len(DATA) - 1}/{len(DATA)}",
        "Content-Type": "application/octet-stream",
    }
    return Asked("PUT", f"/2.0/files/upload_sessions/{known['box']}", headers, DATA)


def _dropbox(function: str, argument: Json, data: bytes = DATA) -> Asked:
    headers = {
        "Content-Type": "application/octet-stream",
        "Dropbox-API-Arg": json.dumps(argument),
    }
    return Asked("POST", f"/2/files/{function}", headers, data)


def _at(known: Json) -> Json:
    return {"cursor": {"session_id": known["dropbox"], "offset": 4}}


def _v1(method: str, url: str, body: bytes = DATA) -> Asked:
    kind = "application/x-www-form-urlencoded" if method == "POST" else "text/plain"
    return Asked(method, f"/1/{url}", {"Content-Type": kind}, body)


WAYS: dict[str, Callable[[Json], Asked]] = {
    "native": lambda known: _json("POST", "/v1/events", {"type": "LOGIN"}),
    "admin": lambda known: _json("POST", "/v1/users", {"login": "dan", "name": "Dan"}),
    "box": lambda known: _json("POST", "/2.0/folders", {"name": "f", "parent": {"id": "0"}}),
    "box comment": lambda known: _json(
        "POST",
        "/2.0/comments",
        {"message": "hello", "item": {"type": "file", "id": known["file"]}},
    ),
    "box upload": lambda known: _form("/2.0/files/content", {"name": "new", "parent": {"id": "0"}}),
    "box version": lambda known: _form(f"/2.0/files/{known['file']}/content", {}),
    "box session": lambda known: _json(
        "POST",
        "/2.0/files/upload_sessions",
        {"folder_id": "0", "file_name": "more", "file_size": 10},
    ),
    "box part": _part,
    "dropbox": lambda known: _json("POST", "/2/files/create_folder_v2", {"path": "/d"}),
    "dropbox read": lambda known: _json("POST", "/2/files/list_folder", {"path": ""}),
    "dropbox upload": lambda known: _dropbox("upload", {"path": "/up"}),
    "dropbox start": lambda known: _dropbox("upload_session/start", {}),
    "dropbox append": lambda known: _dropbox("upload_session/append_v2", _at(known)),
    "dropbox finish": lambda known: _dropbox(
        "upload_session/finish", _at(known) | {"commit": {"path": "/whole"}}
    ),
    "v1": lambda known: _v1("POST", "fileops/create_folder", b"root=auto&path=/one"),
    "v1 upload": lambda known: _v1("PUT", "files_put/auto/put"),
    "v1 part": lambda known: _v1("PUT", f"chunked_upload?upload_id={known['v1']}&offset=4"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_p7_whose_token_is_revoked_while_the_body_comes_is_refused(
    scene: Scene, way: str
) -> None:
    before = await scene.state()

    answer = await scene.ask(way, lambda: scene.revoke(scene.asker))

    assert answer.status_code == 401
    if way.startswith("dropbox"):
        assert answer.json()["error"] == {".tag": "invalid_access_token"}
    elif way.startswith("v1"):
        assert answer.json()["error"]
    elif way.startswith("box"):
        assert answer.text == ""
    assert await scene.state() == before


@pytest.mark.parametrize("way", WAYS)
async def test_a_token_of_others_that_is_revoked_meanwhile_makes_no_difference(
    scene: Scene, way: str
) -> None:
    answer = await scene.ask(way, lambda: scene.revoke(scene.world.cat))

    assert answer.status_code < 300, answer.text


@pytest.mark.parametrize(
    ("way", "headers", "status"),
    [
        pytest.param("box upload", "As-User", 403, id="box"),
        pytest.param("dropbox upload", "Dropbox-API-Select-User", 401, id="dropbox"),
    ],
)
async def test_p7_whoever_is_acted_for_is_judged_again_as_well(
    scene: Scene, way: str, headers: str, status: int
) -> None:
    bob = scene.world.bob
    named = str(bob.id) if way.startswith("box") else f"dbmid:{bob.id}"

    answer = await scene.ask(
        way, lambda: scene.update(bob, is_disabled=True), headers={headers: named}
    )

    assert answer.status_code == status, answer.text
    await scene.update(bob, is_disabled=False)
    assert (await bob.get("/2.0/folders/0"))["item_collection"]["total_count"] == 0


async def test_p7_who_is_admin_no_more_asks_again_and_is_refused_then(scene: Scene) -> None:
    before = await scene.world.bob.get("/2.0/events")

    answer = await scene.ask("admin", lambda: scene.update(scene.asker, is_admin=False))
    again = await scene.ask("admin", lambda: scene.update(scene.world.bob, is_admin=False))

    assert (answer.status_code, again.status_code) == (503, 403)
    assert await scene.world.bob.get("/2.0/events") == before


async def test_p7_whose_token_is_revoked_while_a_content_is_kept_changes_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be long, and its disk slow."""
    before = await scene.state()
    contents = scene.world.services.contents
    receive = contents.receive

    def revoking(namespace: int) -> Any:
        return _Slow(receive(namespace), lambda: scene.revoke(scene.asker))

    monkeypatch.setattr(type(contents), "receive", lambda self, namespace: revoking(namespace))
    answer = await scene.ask("dropbox upload", _nothing)

    assert answer.status_code == 401
    assert await scene.state() == before


async def _nothing() -> None: ...


class _Slow:
    """A place for a content; *meanwhile* happens when it is kept."""

    def __init__(self, place: Any, meanwhile: Meanwhile) -> None:
        self._place = place
        self._meanwhile = meanwhile

    async def __aenter__(self) -> Any:
        incoming = await self._place.__aenter__()
        keep = incoming.keep

        async def slowly() -> None:
            await self._meanwhile()
            await keep()

        incoming.keep = slowly
        return incoming

    async def __aexit__(self, *error: Any) -> Any:
        return await self._place.__aexit__(*error)
