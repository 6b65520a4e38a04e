"""Quotas, in every dialect: what is told of them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import httpx2
import pytest

from tests.integration.http.conftest import Client, Json, World
from wakeful.core.accounts import update_user
from wakeful.core.contents import NoContents
from wakeful.core.people import User
from wakeful.http.multipart import MOST_BESIDE

PEBIBYTE = 1 << 50


@pytest.fixture
async def ann(world: World) -> Client:
    """Ann of a server whose users may have 1,000 bytes."""
    return await world.client(world.ann.token, world.ann.user, quota=1_000)


async def upload(client: Client, name: str, size: int, parent: str = "0") -> httpx2.Response:
    attributes = {"name": name, "parent": {"id": parent}}
    form: Any = {"attributes": (None, json.dumps(attributes)), "file": (name, b"x" * size)}
    return await client.ask("POST", "/2.0/files/content", files=form)


async def uploaded(client: Client, name: str, size: int) -> str:
    answer = await upload(client, name, size)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["entries"][0]["id"]
    return id


def is_refused(answer: httpx2.Response) -> None:
    assert answer.status_code == 403, answer.text
    assert answer.json()["code"] == "storage_limit_exceeded"


async def me(client: Client) -> tuple[int, int]:
    user = await client.get("/2.0/users/me")
    return user["space_used"], user["space_amount"]


# --- the Box dialect ---


async def test_a_user_is_told_what_they_have_and_may_have(world: World, ann: Client) -> None:
    await uploaded(ann, "a", 7)

    user = await ann.get("/2.0/users/me")
    assert (user["space_used"], user["space_amount"]) == (7, 1_000)
    assert user["max_upload_size"] == world.services.upload_limit

    assert await me(world.ann) == (7, PEBIBYTE)


async def test_users_are_listed_with_what_each_has(world: World, ann: Client) -> None:
    await uploaded(ann, "a", 7)
    await world.store.commit(update_user(world.bob.id, quota=5))

    users = (await ann.get("/2.0/users", fields="login,space_used,space_amount"))["entries"]

    assert {user["login"]: (user["space_used"], user["space_amount"]) for user in users} == {
        "ann": (7, 1_000),
        "bob": (0, 5),
        "cat": (0, 1_000),
    }


async def test_an_upload_beyond_the_quota_changes_nothing(world: World, ann: Client) -> None:
    await uploaded(ann, "a", 600)
    before = await world.state()

    is_refused(await upload(ann, "b", 401))

    assert await world.state() == before
    await uploaded(ann, "b", 400)
    assert await me(ann) == (1_000, 1_000)


async def test_a_new_version_and_a_copy_count_too(world: World, ann: Client) -> None:
    id = await uploaded(ann, "a", 600)
    before = await world.state()

    form: Any = {"file": ("a", b"x" * 1_001)}
    is_refused(await ann.ask("POST", f"/2.0/files/{id}/content", files=form))
    copy = {"parent": {"id": "0"}, "name": "copy"}
    is_refused(await ann.ask("POST", f"/2.0/files/{id}/copy", json=copy))

    assert await world.state() == before


async def test_it_is_the_owner_of_a_folder_who_needs_the_room(world: World, ann: Client) -> None:
    team = await world.shared(ann, "Team", world.bob)
    bob = await world.client(world.bob.token, world.bob.user, quota=1_000)
    await uploaded(ann, "mine", 600)

    is_refused(await upload(bob, "his", 401, parent=str(team.root)))

    answer = await upload(bob, "his", 400, parent=str(team.root))
    assert answer.status_code == 201
    assert await me(ann) == (1_000, 1_000)
    assert await me(bob) == (0, 1_000)


async def test_the_trash_counts_until_it_is_emptied(ann: Client) -> None:
    id = await uploaded(ann, "a", 1_000)
    assert (await ann.ask("DELETE", f"/2.0/files/{id}")).status_code == 204
    is_refused(await upload(ann, "b", 1))

    assert (await ann.ask("DELETE", f"/2.0/files/{id}/trash")).status_code == 204

    await uploaded(ann, "b", 1_000)


async def test_a_check_beforehand_refuses_what_an_upload_would_be_refused(ann: Client) -> None:
    id = await uploaded(ann, "a", 600)

    async def check(path: str, size: int) -> httpx2.Response:
        asked: Json = {"name": "b", "parent": {"id": "0"}, "size": size}
        return await ann.ask("OPTIONS", f"/2.0/files/{path}", json=asked)

    assert (await check("content", 400)).status_code == 200
    is_refused(await check("content", 401))
    assert (await check(f"{id}/content", 1_000)).status_code == 200
    is_refused(await check(f"{id}/content", 1_001))


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [
        pytest.param(1_001, 403, "storage_limit_exceeded", id="quota"),
        pytest.param(1_000_001, 413, "request_entity_too_large", id="limit"),
    ],
)
async def test_an_upload_that_says_its_length_is_refused_before_it_came(
    ann: Client, length: int, status: int, code: str
) -> None:
    """The file never begins to come: a server that waited for it would wait for ever."""
    said = MOST_BESIDE + length
    attributes = json.dumps({"name": "a", "parent": {"id": "0"}})
    head = (
        '--b\r\nContent-Disposition: form-data; name="attributes"\r\n\r\n'
        f"{attributes}\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )

    async def body() -> AsyncIterator[bytes]:
        yield head.encode()
        yield b"x" * 10

    answer = await ann.ask(
        "POST",
        "/2.0/files/content",
        content=body(),
        headers={
            "Content-Type": "multipart/form-data; boundary=b",
            "Content-Length": str(said),
        },
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_what_a_form_has_beside_its_file_has_a_bound(world: World, ann: Client) -> None:
    before = await world.state()
    attributes = json.dumps({"name": "a", "parent": {"id": "0"}})
    form: Any = [
        ("attributes", (None, attributes)),
        ("other", (None, b"x" * (MOST_BESIDE + 1))),
        ("file", ("a", b"x")),
    ]

    answer = await ann.ask("POST", "/2.0/files/content", files=form)

    assert answer.status_code == 413
    assert await world.state() == before


# --- the Dropbox dialect ---


async def test_dropbox_clients_are_told_the_same(world: World, ann: Client) -> None:
    await world.shared(ann, "Team")
    await uploaded(ann, "a", 7)
    await ann.publish({"kind": "upload", "path": "/Team/b", "size": 5})

    usage = (await ann.ask("POST", "/2/users/get_space_usage", content=b"null")).json()
    assert usage["used"] == 12
    assert usage["allocation"]["allocated"] == 1_000
    info = await ann.get("/1/account/info")
    assert info["quota_info"] == {"normal": 7, "shared": 5, "quota": 1_000}


async def sent(client: Client, path: str, data: bytes, mode: str = "add") -> httpx2.Response:
    argument = json.dumps({"path": path, "mode": mode})
    headers = {"Dropbox-API-Arg": argument, "Content-Type": "application/octet-stream"}
    return await client.ask("POST", "/2/files/upload", content=data, headers=headers)


def tags(answer: httpx2.Response) -> str:
    assert answer.status_code == 409, answer.text
    summary: str = answer.json()["error_summary"]
    return summary


async def test_dropbox_clients_are_refused_in_their_words(world: World, ann: Client) -> None:
    assert (await sent(ann, "/a", b"x" * 600)).status_code == 200
    before = await world.state()

    answer = await sent(ann, "/b", b"x" * 401)
    assert tags(answer).startswith("path/insufficient_space")
    assert tags(await sent(ann, "/a", b"x" * 1_001, "overwrite")).startswith("path/insufficient")
    copy = {"from_path": "/a", "to_path": "/copy"}
    answer = await ann.ask("POST", "/2/files/copy_v2", json=copy)
    assert tags(answer).startswith("to/insufficient_space")
    answer = await ann.ask("PUT", "/1/files_put/auto/b", content=b"x" * 401)
    assert answer.status_code == 507

    assert await world.state() == before
    assert (await sent(ann, "/a", b"x" * 1_000, "overwrite")).status_code == 200


class Deaf(NoContents):
    """Nothing may come here."""

    def receive(self, namespace: int) -> NoReturn:
        raise AssertionError("a place was made for what is refused")


async def test_what_dropbox_clients_announce_is_refused_before_it_comes(world: World) -> None:
    ann = await world.client(world.ann.token, world.ann.user, quota=1_000, contents=Deaf())

    answer = await sent(ann, "/a", b"x" * 1_001)

    assert tags(answer).startswith("path/insufficient_space")


# --- the native dialect ---


async def test_producers_have_no_quota(ann: Client) -> None:
    await ann.publish({"kind": "upload", "path": "/a", "size": 2_000})

    assert await me(ann) == (2_000, 1_000)
    is_refused(await upload(ann, "b", 1))


async def test_an_admin_gives_quotas(world: World, ann: Client) -> None:
    made = await ann.ask("POST", "/v1/users", json={"login": "new", "quota": 50})
    assert (made.status_code, made.json()["quota"], made.json()["used"]) == (201, 50, 0)

    async def change(body: Json) -> int | None:
        answer = await ann.ask("PATCH", "/v1/users/new", json=body)
        assert answer.status_code == 200, answer.text
        quota: int | None = answer.json()["quota"]
        return quota

    assert await change({"name": "New"}) == 50
    assert await change({"quota": 0}) == 0
    assert await change({"quota": None}) is None
    refused = await ann.ask("PATCH", "/v1/users/new", json={"quota": -1})
    assert refused.status_code == 400


async def test_what_lies_in_a_watched_folder_is_no_ones_quota(world: World) -> None:
    assert isinstance(world.ann.user, User)
    team = await world.shared(world.ann, "Team")
    watched = frozenset({team.id})
    ann = await world.client(world.ann.token, world.ann.user, quota=1_000, watched=watched)
    await ann.publish({"kind": "upload", "path": "/Team/large", "size": 5_000})

    assert await me(ann) == (5_000, 6_000)
    await uploaded(ann, "a", 1_000)
    is_refused(await upload(ann, "b", 1))
