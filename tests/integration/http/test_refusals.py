"""Bad input: the dialect's clear error, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.box_rules import check
from tests.integration.http.conftest import Client, World
from wakeful.core.accounts import create_token, digest_of
from wakeful.core.errors import StoreFull
from wakeful.core.lookups import Lookup
from wakeful.core.ports import Store
from wakeful.stores.memory import MemoryStore

BOX = ["/2.0/events", "/2.0/users/me", "/2.0/files/1", "/2.0/folders/0", "/2.0/folders/0/items"]


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """One store is enough: what is refused does not reach it, or the rules refuse it."""
    store = MemoryStore()
    yield store
    await store.close()


def fault(answer: Any) -> tuple[int, str, str | None]:
    """Status, code and field of a native error."""
    told = answer.json()["error"]
    assert told["message"]
    assert told["request_id"]
    return answer.status_code, told["code"], told.get("field")


# --- who asks ---


@pytest.mark.parametrize("path", BOX)
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic a b c", "nonsense", "é"]
)
async def test_a_401_is_empty(world: World, path: str, header: str | None) -> None:
    # An SDK takes a 401 with a body for something that it does not expect.
    headers = [] if header is None else [(b"Authorization", header.encode())]

    answer = await world.nobody.http.request("GET", path, headers=headers)

    assert answer.status_code == 401
    assert answer.content == b""
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {}", "{}", "  {}  "])
async def test_a_token_in_every_form_that_people_send(world: World, form: str) -> None:
    assert world.ann.token is not None
    headers = {"Authorization": form.format(world.ann.token)}

    answer = await world.nobody.ask("GET", "/2.0/users/me", headers=headers)

    assert answer.json()["login"] == "ann"


async def test_a_token_in_the_query_is_no_token(world: World, ann: Client) -> None:
    answer = await world.nobody.ask("GET", f"/2.0/users/me?access_token={ann.token}")

    assert answer.status_code == 401


async def test_a_revoked_token_is_unknown_at_once(world: World, ann: Client) -> None:
    assert (await ann.ask("GET", "/2.0/users/me")).status_code == 200
    assert ann.token is not None
    identity = await world.access.identify(ann.token)

    await world.access.revoke_token(identity.token)

    assert (await ann.ask("GET", "/2.0/users/me")).status_code == 401
    assert (await ann.ask("OPTIONS", "/2.0/events")).status_code == 401


async def test_an_expired_token_is_unknown(world: World, ann: Client) -> None:
    assert ann.token is not None
    grant = (await world.access.identify(ann.token)).grant
    await world.store.commit(create_token(grant, digest_of("short"), lifetime=0))
    client = await world.client("short")

    assert (await client.ask("GET", "/2.0/events")).status_code == 401


async def test_a_grant_without_the_scope_sees_and_changes_nothing(
    world: World, ann: Client
) -> None:
    assert ann.user is not None
    poor = await world.client(await world.token(ann.user, ("manage_groups",)))

    assert (await poor.ask("GET", "/2.0/users/me")).status_code == 200
    for method, path in [("GET", path) for path in BOX if "users" not in path] + [
        ("OPTIONS", "/2.0/events")
    ]:
        answer = await poor.ask(method, path)
        assert answer.status_code == 403
        assert answer.json()["code"] == "access_denied_insufficient_permissions"
    answer = await poor.ask("POST", "/v1/changes", json={"kind": "upload", "path": "/a"})
    assert fault(answer) == (403, "forbidden", None)


async def test_an_admin_acts_for_others_of_the_enterprise(world: World, ann: Client) -> None:
    await world.bob.publish({"kind": "upload", "path": "/bobs.txt"})
    as_bob = {"As-User": str(world.bob.id)}

    me = await ann.ask("GET", "/2.0/users/me", headers=as_bob)
    events = await ann.ask("GET", "/2.0/events", headers=as_bob)

    assert me.json()["login"] == "bob"
    assert events.json() == await world.bob.get("/2.0/events")


@pytest.mark.parametrize(
    ("who", "as_user", "status"),
    [
        ("bob", "ann", 403),
        ("bob", "cat", 403),
        ("ann", "eve", 403),
        ("ann", "99999", 403),
        ("ann", "x", 400),
        ("ann", "", 400),
        ("ann", "9" * 30, 400),
    ],
)
async def test_nobody_else_acts_for_others(
    world: World, who: str, as_user: str, status: int
) -> None:
    other = getattr(world, as_user, None)
    header = str(other.id) if isinstance(other, Client) else as_user

    answer = await getattr(world, who).ask("GET", "/2.0/events", headers={"As-User": header})

    assert answer.status_code == status
    assert answer.json()["type"] == "error"


# --- where and how ---


@pytest.mark.parametrize("path", ["/2.0/nothing", "/2.0/", "/2.0/files", "/2.0/folders/0/x"])
async def test_an_unknown_box_route(ann: Client, path: str) -> None:
    answer = await ann.ask("GET", path)

    assert answer.status_code == 404
    check("ClientError", answer.json())


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/2.0/events", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/2.0/files/1", {"DELETE", "GET", "HEAD", "POST", "PUT"}),
        ("HEAD", "/v1/changes", {"POST"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    ann: Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = await ann.ask(method, path)

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == allowed
    if path.startswith("/2.0"):
        check("ClientError", answer.json())


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/2.0/users/me", {"GET", "HEAD"}), ("/v1/changes", {"POST"}), ("/metrics", {"GET", "HEAD"})],
)
async def test_options_tells_what_is_allowed(world: World, path: str, allowed: set[str]) -> None:
    answer = await world.nobody.ask("OPTIONS", path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer.headers["Allow"].split(", ")) == allowed | {"OPTIONS"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/2.0", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/changes", 405),
        ("POST", "/healthz", 405),
    ],
)
async def test_outside_of_box_errors_have_the_native_form(
    ann: Client, method: str, path: str, status: int
) -> None:
    answer = await ann.ask(method, path)

    code = {404: "not_found", 405: "method_not_allowed"}[status]
    assert fault(answer) == (status, code, None)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/2.0/events?limit=many", "invalid_limit"),
        ("/2.0/events?limit=-1", "invalid_limit"),
        ("/2.0/folders/0/items?limit=1.5", "invalid_limit"),
        ("/2.0/folders/0/items?offset=-1", "bad_request"),
        ("/2.0/folders/0/items?usemarker=true&marker=x", "bad_request"),
    ],
)
async def test_a_bad_parameter_is_named(ann: Client, path: str, code: str) -> None:
    answer = await ann.ask("GET", path)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    (named,) = answer.json()["context_info"]["errors"]
    assert f"{named['name']}=" in path


# --- what is sent ---

UPLOAD = {"kind": "upload", "path": "/a.txt"}
DEEP = "/" + "/".join("d" * 10_000)


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"", 400, "invalid_request", None),
        (b"{", 400, "invalid_request", None),
        (b"null", 400, "invalid_request", None),
        (b"7", 400, "invalid_request", None),
        (b'"upload"', 400, "invalid_request", None),
        (b"\xff", 400, "invalid_request", None),
        (b'{"kind":"upload","path":"\xff"}', 400, "invalid_request", None),
        (b"[" * 100_000, 400, "invalid_request", None),
        (b'{"kind":' * 100_000, 400, "invalid_request", None),
        (b"[" * 100_000 + b"]" * 100_000, 400, "invalid_request", None),
        (b'{"kind":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "invalid_request", None),
        ({}, 400, "invalid_request", "kind"),
        ([], 400, "invalid_request", "changes"),
        ({"changes": []}, 400, "invalid_request", "changes"),
        ({"changes": {}}, 400, "invalid_request", None),
        ({"changes": [7]}, 400, "invalid_request", "changes[0]"),
        ({"changes": [UPLOAD], "extra": 1}, 400, "invalid_request", "extra"),
        ({"changes": [UPLOAD] * 1001}, 413, "too_large", "changes"),
        ({"kind": "burn"}, 400, "invalid_request", "kind"),
        (UPLOAD | {"colour": "red"}, 400, "invalid_request", "colour"),
        ([UPLOAD, UPLOAD | {"size": -1}], 400, "invalid_request", "changes[1].size"),
        (UPLOAD | {"size": "3"}, 400, "invalid_request", "size"),
        (UPLOAD | {"size": 2**53}, 400, "invalid_request", "size"),
        (UPLOAD | {"sha1": "xyz"}, 400, "invalid_request", "sha1"),
        (UPLOAD | {"content_hash": "ab" * 20}, 400, "invalid_request", "content_hash"),
        (UPLOAD | {"at": "yesterday"}, 400, "invalid_request", "at"),
        (UPLOAD | {"at": "2026-11-21T12:00:00"}, 400, "invalid_request", "at"),
        (UPLOAD | {"at": -1}, 400, "invalid_request", "at"),
        (UPLOAD | {"at": 10**18}, 400, "invalid_request", "at"),
        (UPLOAD | {"content_modified_at": []}, 400, "invalid_request", "content_modified_at"),
        (UPLOAD | {"name": "b"}, 400, "invalid_request", "name"),
        (UPLOAD | {"item": "5"}, 400, "invalid_request", "path"),
        (UPLOAD | {"namespace": "home"}, 400, "invalid_request", "namespace"),
        ({"kind": "upload"}, 400, "invalid_request", "path"),
        ({"kind": "upload", "path": "/"}, 400, "invalid_name", "path"),
        ({"kind": "upload", "path": "/../a"}, 400, "invalid_name", "path"),
        ({"kind": "upload", "path": "a/./b"}, 400, "invalid_name", "path"),
        ({"kind": "upload", "path": "//etc/passwd"}, 400, "invalid_name", "path"),
        ({"kind": "upload", "path": "/a\0b"}, 400, "invalid_name", "path"),
        ({"kind": "upload", "path": DEEP}, 400, "invalid_name", "path"),
        ({"kind": "upload", "path": "/" + "x" * 256}, 400, "invalid_name", "path"),
        (rb'{"kind":"upload","path":"/\ud800"}', 400, None, None),
        ({"kind": "upload", "name": "a/b"}, 400, "invalid_name", "name"),
        ({"kind": "upload", "name": ".."}, 400, "invalid_name", "name"),
        ({"kind": "upload", "name": "a", "parent": "x"}, 400, "invalid_request", "parent"),
        ({"kind": "upload", "name": "a", "parent": "/.."}, 400, "invalid_name", "parent"),
        ({"kind": "upload", "name": "a", "parent": "9" * 40}, 400, "invalid_request", "parent"),
        ({"kind": "upload", "name": "a", "parent": 2**70}, 400, None, None),
        ({"kind": "rename", "path": "/kept.txt"}, 400, "invalid_request", "name"),
        ({"kind": "rename", "name": "b"}, 400, "invalid_request", "item"),
        ({"kind": "rename", "path": "/kept.txt", "name": "a/b"}, 400, "invalid_name", "name"),
        ({"kind": "rename", "path": "/kept.txt", "item": "1", "name": "b"}, 400, None, "path"),
        ({"kind": "move", "path": "/kept.txt"}, 400, "invalid_request", "to"),
        ({"kind": "move", "path": "/kept.txt", "to": "/"}, 400, "invalid_name", "to"),
        ({"kind": "move", "path": "/kept.txt", "to": "/a", "name": "b"}, 400, None, "name"),
        ({"kind": "copy", "item": "5"}, 400, "invalid_request", "parent"),
        ({"kind": "restore", "path": "/kept.txt"}, 400, "invalid_request", "path"),
        ({"kind": "trash", "item": {"change": 0}}, 400, "invalid_request", "item"),
        ({"kind": "trash", "item": {"index": 0}}, 400, "invalid_request", None),
        ({"kind": "trash", "item": True}, 400, "invalid_request", "item"),
        ({"kind": "trash", "path": "/nothing"}, 404, "not_found", None),
        ({"kind": "trash", "item": "99999"}, 404, "not_found", None),
        ({"kind": "trash", "item": "0"}, 409, "root_stays", None),
        ({"kind": "move", "path": "/kept", "parent": "/kept"}, 409, "impossible_move", None),
        ({"kind": "create_folder", "path": "/kept"}, 409, "name_taken", None),
        ({"kind": "upload", "path": "/kept.txt/below"}, 400, "invalid_request", "parent"),
        ({"kind": "restore", "item": "0"}, 409, "conflict", None),
        ([UPLOAD, {"kind": "trash", "path": "/nothing"}], 404, "not_found", None),
    ],
)
async def test_bad_changes_are_refused_and_change_nothing(
    world: World, ann: Client, body: Any, status: int, code: str | None, field: str | None
) -> None:
    await ann.publish(
        {"kind": "upload", "path": "/kept.txt"}, {"kind": "create_folder", "path": "/kept"}
    )
    before = await world.state()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer = await ann.ask("POST", "/v1/changes", content=content)

    found = fault(answer)
    assert found[0] == status, answer.text
    assert code is None or found[1] == code, answer.text
    assert field is None or found[2] == field, answer.text
    assert await world.state() == before


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "invalid_request", "type"),
        ({"type": ""}, 400, "invalid_request", "type"),
        ({"type": "two words"}, 400, "invalid_request", "type"),
        ({"type": "X" * 101}, 400, "invalid_request", "type"),
        ({"type": "item.trash"}, 400, "invalid_request", "type"),
        ({"type": "LOGIN", "colour": "red"}, 400, "invalid_request", "colour"),
        ({"type": "LOGIN", "source": []}, 400, "invalid_request", "source"),
        ({"type": "LOGIN", "details": "x"}, 400, "invalid_request", "details"),
        ({"type": "LOGIN", "source": {"type": "file", "id": 5}}, 400, None, "source.id"),
        ([{"type": "LOGIN"}, {"type": 5}], 400, "invalid_request", "events[1].type"),
        ({"type": "LOGIN", "source": {"item": "x"}}, 400, "invalid_request", "source.item"),
        ({"type": "LOGIN", "source": {"item": True}}, 400, "invalid_request", "source.item"),
        ({"type": "LOGIN", "source": {"item": "99999"}}, 404, "not_found", None),
        ({"type": "LOGIN", "source": {"n": 2**70}}, 400, "invalid_request", None),
        ({"type": "LOGIN", "created_at": "x"}, 400, "invalid_request", "created_at"),
        ({"type": "LOGIN", "audience": ["nobody"]}, 400, "invalid_request", "audience"),
        ({"type": "LOGIN", "audience": ["eve"]}, 400, "invalid_request", "audience"),
        ({"type": "LOGIN", "actor": "eve"}, 400, "invalid_request", "actor"),
        ({"events": [{"type": "LOGIN"}] * 1001}, 413, "too_large", "events"),
        ([{"type": "A"}, {"type": "A", "actor": "eve"}], 400, None, "events[1].actor"),
        ({"type": "LOGIN", "actor": "3"}, 400, "invalid_request", "actor"),
        ({"type": "LOGIN", "action_by": "eve"}, 400, "invalid_request", "action_by"),
        ({"type": "LOGIN", "accessible_by": "eve"}, 400, "invalid_request", "accessible_by"),
        ({"type": "A", "accessible_by": {"type": "app"}}, 400, None, "accessible_by.type"),
        ({"type": "A", "accessible_by": {"type": "user", "id": 5}}, 400, None, "accessible_by.id"),
        ({"type": "LOGIN", "ip": "somewhere"}, 400, "invalid_request", "ip"),
    ],
)
async def test_bad_events_are_refused_and_change_nothing(
    world: World, ann: Client, body: Any, status: int, code: str | None, field: str | None
) -> None:
    before = await world.state()

    answer = await ann.ask("POST", "/v1/events", content=json.dumps(body).encode())

    found = fault(answer)
    assert found[0] == status, answer.text
    assert code is None or found[1] == code, answer.text
    assert field is None or found[2] == field, answer.text
    assert await world.state() == before


@pytest.mark.parametrize(
    "body",
    [
        {"audience": ["cat"]},
        {"actor": "ann"},
        {"actor": "nobody"},
        {"actor": 2},
        {"action_by": "ann"},
        {"accessible_by": "ann"},
    ],
)
async def test_only_admins_tell_for_and_to_others(
    world: World, bob: Client, body: dict[str, Any]
) -> None:
    before = await world.state()

    answer = await bob.ask("POST", "/v1/events", json={"type": "LOGIN"} | body)

    assert fault(answer) == (403, "forbidden", None)
    assert await world.state() == before


@pytest.mark.parametrize("sent", ["announced", "streamed"])
async def test_a_body_beyond_the_limit_is_not_read_to_its_end(world: World, sent: str) -> None:
    client = await world.client(world.ann.token, body_limit=1000)
    before = await world.state()
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 100
            yield b" " * 100

    headers = {"Content-Length": "100000"} if sent == "announced" else {}
    answer = await client.ask("POST", "/v1/changes", content=endless(), headers=headers)

    assert read <= (0 if sent == "announced" else 1100)
    assert fault(answer) == (413, "too_large", None)
    assert await world.state() == before


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_bad_idempotency_key(world: World, ann: Client, key: str) -> None:
    before = await world.state()

    answer = await ann.ask("POST", "/v1/changes", json=UPLOAD, headers={"Idempotency-Key": key})

    assert fault(answer) == (400, "invalid_request", "Idempotency-Key")
    assert await world.state() == before


async def test_p3_a_key_with_another_request_is_refused(world: World, ann: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    await ann.ask("POST", "/v1/changes", json=UPLOAD, headers=headers)
    before = await world.state()

    other_body = await ann.ask("POST", "/v1/changes", json=UPLOAD | {"size": 1}, headers=headers)
    other_route = await ann.ask("POST", "/v1/events", json={"type": "LOGIN"}, headers=headers)
    other_user = await ann.ask(
        "POST", "/v1/changes", json=UPLOAD, headers=headers | {"As-User": str(world.bob.id)}
    )

    for answer in (other_body, other_route, other_user):
        assert fault(answer) == (409, "key_reused", None)
    assert await world.state() == before


# --- what goes wrong inside ---


async def test_a_store_that_cannot_write_says_when_to_come_back(
    world: World, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(command: object) -> None:
        raise StoreFull("the disk is full", retry_after=7)

    monkeypatch.setattr(world.store, "commit", full)

    answer = await ann.ask("POST", "/v1/changes", json=UPLOAD)

    assert fault(answer) == (503, "store_full", None)
    assert answer.headers["Retry-After"] == "7"
    assert (b"Retry-After", b"7") in answer.headers.raw, "box-sdk-gen 1 minds the case"


async def test_a_bug_is_told_to_nobody(
    world: World, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(lookup: Lookup[object]) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.store, "ask", broken)

    with capture_logs() as logged:
        box = await ann.ask("GET", "/2.0/events")
        native = await ann.ask("POST", "/v1/changes", json=UPLOAD)

    check("ClientError", box.json())
    assert box.status_code == 500
    assert fault(native) == (500, "bug", None)
    assert "secret" not in box.text + native.text
    assert [(each["event"], str(each["exc_info"])) for each in logged] == [
        ("bug", "secret detail"),
        ("bug", "secret detail"),
    ]
    assert logged[0]["request_id"] == box.json()["request_id"]


@pytest.mark.parametrize("path", ["/2.0/files/%0A1", "/2.0/folders/1%0A/trash", "/2.0/%0A"])
async def test_a_path_with_a_line_break_is_refused_in_the_form_of_its_dialect(
    ann: Client, path: str
) -> None:
    answer = await ann.http.request("GET", path, headers={"Authorization": f"Bearer {ann.token}"})

    assert answer.status_code == 404
    assert answer.json()["type"] == "error"
