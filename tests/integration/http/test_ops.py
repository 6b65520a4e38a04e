"""What operators ask: /healthz, /readyz, /metrics, the control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest

from tests.integration.http.conftest import Client, World
from wakeful.administration import (
    AddMember,
    AddNamespace,
    AddUser,
    Administration,
    Backup,
    CreateToken,
    Done,
    ListNamespaces,
    ListTokens,
    ListUsers,
    Operation,
    RemoveMember,
    RevokeToken,
    Status,
    decode_result,
    encode_operation,
)
from wakeful.core.accounts import create_token, digest_of
from wakeful.core.people import Role
from wakeful.core.ports import Health, Store
from wakeful.http.control import build_control_app
from wakeful.http.metrics import Metrics

T = TypeVar("T")


async def test_it_is_alive_and_ready(world: World) -> None:
    alive = await world.nobody.ask("GET", "/healthz")
    ready = await world.nobody.ask("GET", "/readyz")

    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "reasons": []})


async def test_what_keeps_it_from_being_ready_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.store), "health", Health.FULL)
    client = await world.client(None, missing=lambda: ("the first scan is under way",))

    answer = await client.ask("GET", "/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "reasons": ["the disk is full", "the first scan is under way"],
    }
    assert answer.headers["Retry-After"] == "1"
    assert (await client.ask("GET", "/healthz")).status_code == 200


def numbers(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


async def test_requests_are_counted_by_route_and_not_by_path(world: World, ann: Client) -> None:
    await ann.ask("GET", "/2.0/files/123")
    await ann.ask("GET", "/2.0/files/456")
    await ann.ask("PATCH", "/2.0/files/456")
    await ann.ask("MADE-UP", "/2.0/files/456")
    await ann.ask("GET", "/2.0/made/up")
    await ann.ask("GET", "/made/up")
    await ann.publish({"kind": "upload", "path": "/a"})

    answer = await world.nobody.ask("GET", "/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = numbers(answer.text)
    requests = {
        name.removeprefix("wakeful_http_requests_total"): value
        for name, value in found.items()
        if name.startswith("wakeful_http_requests_total")
    }
    assert requests == {
        '{route="GET /2.0/files/{id}",status="404"}': 2,
        '{route="other /2.0/files/{id}",status="405"}': 2,
        '{route="none",status="404"}': 2,
        '{route="POST /v1/changes",status="200"}': 1,
    }


def test_every_number_that_operators_need() -> None:
    metrics = Metrics()
    metrics.parked(3)
    metrics.parked(-1)
    metrics.woken(2)
    metrics.wake_latency(0.002)
    metrics.ended("woken", 3.0)
    metrics.gap_served()
    metrics.backstop_found(4)
    metrics.committed(5, 0.004)
    metrics.trimmed("user", 6)
    metrics.watch_sources(lambda: {"home": {"scans_total": 2.0, "skipped": 1.0}})

    found = numbers(metrics.text().decode())

    expected = {
        "wakeful_polls_parked": 2,
        "wakeful_wakes_total": 2,
        "wakeful_wake_latency_seconds_count": 1,
        'wakeful_poll_held_seconds_sum{ended="woken"}': 3,
        "wakeful_gaps_served_total": 1,
        "wakeful_backstop_streams_found_total": 4,
        "wakeful_commands_committed_total": 5,
        "wakeful_commit_group_size_sum": 5,
        "wakeful_commit_seconds_count": 1,
        'wakeful_trimmed_total{of="user"}': 6,
        'wakeful_source_scans_total{source="home"}': 2,
        'wakeful_source_skipped{source="home"}': 1,
    }
    assert {name: found[name] for name in expected} == expected


# --- the control socket ---


class Desk:
    """Sends operations through the app of the control socket."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def do(self, operation: Operation[T]) -> T:
        answer = await self.http.post("/", content=encode_operation(operation))
        assert answer.status_code == 200, answer.text
        return decode_result(operation, answer.content)

    async def refused(self, operation: Operation[Any]) -> tuple[int, str]:
        answer = await self.http.post("/", content=encode_operation(operation))
        return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
async def desk(world: World) -> Any:
    administration = Administration(world.store, world.access, lambda: {"version": "1"})
    transport = httpx2.ASGITransport(app=build_control_app(administration))
    async with httpx2.AsyncClient(transport=transport, base_url="http://control") as http:
        yield Desk(http)


async def test_users_are_added_and_listed(desk: Desk, world: World) -> None:
    dan = await desk.do(AddUser(login="dan", name="Dan", is_admin=True))

    assert (dan.login, dan.name, dan.is_admin) == ("dan", "Dan", True)
    logins = [user.login for user in await desk.do(ListUsers())]
    assert sorted(logins) == ["ann", "bob", "cat", "dan", "eve"]
    assert await desk.refused(AddUser(login="DAN")) == (409, "conflict")
    assert await desk.refused(AddUser(login="two words")) == (400, "invalid_request")


async def test_namespaces_and_their_members(desk: Desk, world: World) -> None:
    team = await desk.do(AddNamespace(owner="ann", name="team"))
    await desk.do(AddMember(namespace="team", user="bob", role=Role.VIEWER))
    await desk.do(AddMember(namespace=str(team.id), user=str(world.cat.id)))

    (listed,) = [each for each in await desk.do(ListNamespaces()) if not each.is_home]
    assert [(member.login, member.role) for member in listed.members] == [
        ("ann", "owner"),
        ("bob", "viewer"),
        ("cat", "editor"),
    ]
    home = await world.bob.get("/2.0/folders/0/items")
    assert [entry["name"] for entry in home["entries"]] == ["team"]

    assert await desk.do(RemoveMember(namespace="team", user="bob")) == Done()
    assert (await world.bob.get("/2.0/folders/0/items"))["entries"] == []
    assert await desk.refused(RemoveMember(namespace="team", user="bob")) == (404, "not_found")
    assert await desk.refused(AddMember(namespace="nothing", user="bob")) == (404, "not_found")
    assert await desk.refused(AddMember(namespace="team", user="nobody")) == (404, "not_found")


async def test_a_name_that_two_namespaces_have_is_no_name(desk: Desk) -> None:
    await desk.do(AddNamespace(owner="ann", name="team"))
    await desk.do(AddNamespace(owner="bob", name="team"))

    assert await desk.refused(AddMember(namespace="team", user="cat")) == (409, "conflict")


async def test_a_token_works_until_it_is_revoked(desk: Desk, world: World) -> None:
    made = await desk.do(CreateToken(user="bob", label="laptop", lifetime=3600))
    client = await world.client(made.text)
    grant = (await world.access.identify(made.text)).grant
    await world.access.load_grant(grant)
    assert (await client.get("/2.0/users/me"))["login"] == "bob"
    assert made.token in await desk.do(ListTokens())
    assert made.token.expires_at == made.token.created_at + 3_600_000

    ended = await desk.do(RevokeToken(token=made.token.id))

    assert ended.revoked_at is not None
    assert (await client.ask("GET", "/2.0/users/me")).status_code == 401
    assert world.access.may_follow(grant, world.bob.id) is False, "its polls end with it"


async def test_a_grant_lives_while_one_of_its_tokens_does(desk: Desk, world: World) -> None:
    made = await desk.do(CreateToken(user="bob"))
    grant = (await world.access.identify(made.text)).grant
    await world.store.commit(create_token(grant, digest_of("other")))

    await desk.do(RevokeToken(token=made.token.id))

    assert (await world.access.load_grant(grant)).is_alive


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        (CreateToken(user="nobody"), (404, "not_found")),
        (CreateToken(user="bob", scopes=("everything",)), (400, "invalid_request")),
        (CreateToken(user="bob", lifetime=0), (400, "invalid_request")),
        (RevokeToken(token=99999), (404, "not_found")),
        (Backup(file="relative.db"), (400, "invalid_request")),
        (Backup(file="/nowhere/at/all.db"), (503, "unavailable")),
        (AddNamespace(owner="ann", name="a/b"), (400, "invalid_name")),
    ],
)
async def test_what_cannot_be_done_is_said(
    desk: Desk, operation: Operation[Any], refusal: tuple[int, str]
) -> None:
    assert await desk.refused(operation) == refusal


async def test_a_backup_is_a_file_that_was_not_there(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"

    made = await desk.do(Backup(file=str(file)))

    assert made.file == str(file)
    assert file.stat().st_size > 0
    assert await desk.refused(Backup(file=str(file))) == (409, "conflict")


async def test_status_is_what_the_program_says_and_the_store(desk: Desk, store: Store) -> None:
    status = await desk.do(Status())

    assert status == {"version": "1", "store": {"health": "writable", "epoch": store.epoch}}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"operation":"burn"}', b"[]", b"x" * 70_000])
async def test_no_such_operation(desk: Desk, body: bytes) -> None:
    answer = await desk.http.post("/", content=body)

    assert answer.status_code in (400, 413)
    assert answer.json()["error"]["message"]
