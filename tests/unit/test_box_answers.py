"""The check that all answers to the tests go through finds what would trip a client."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from tests.box_answers import check_answer

EVENT = {
    "type": "event",
    "event_id": "1",
    "event_type": "A_TYPE_OF_MY_OWN",
    "created_at": "2026-11-21T08:00:00+00:00",
    "created_by": {"type": "user", "id": "7", "name": "Ann", "login": "ann"},
    "source": {"type": "file", "id": "9", "name": "a.txt", "size": 3},
}
PAGE = {"chunk_size": 1, "next_stream_position": 7, "entries": [EVENT]}
SERVER = {
    "type": "realtime_server",
    "url": "http://here/subscribe?channel=a",
    "ttl": "10",
    "max_retries": "10",
    "retry_timeout": 610,
}
TOKEN = {"access_token": "t", "expires_in": 3600, "token_type": "bearer", "restricted_to": []}
ERROR = {
    "type": "error",
    "status": 400,
    "code": "invalid_limit",
    "message": "no",
    "request_id": "a",
}
JSON = {"content-type": "application/json"}


def servers(**changed: Any) -> dict[str, Any]:
    return {"chunk_size": 1, "entries": [SERVER | changed]}


def page(**changed: Any) -> dict[str, Any]:
    return PAGE | {"entries": [EVENT | changed]}


@pytest.mark.parametrize(
    ("method", "path", "status", "found"),
    [
        ("GET", "/2.0/events", 200, PAGE),
        ("OPTIONS", "/2.0/events", 200, servers()),
        ("POST", "/oauth2/token", 200, TOKEN),
        ("POST", "/oauth2/revoke", 200, {}),
        ("GET", "/2.0/events", 400, ERROR),
        ("GET", "/subscribe", 200, {"message": "reconnect"}),
        ("GET", "/v1/users", 200, {"users": "whatever"}),
    ],
)
def test_what_clients_read_passes(method: str, path: str, status: int, found: object) -> None:
    check_answer(method, path, status, JSON, json.dumps(found).encode())


@pytest.mark.parametrize(
    ("method", "path", "status", "found"),
    [
        pytest.param("GET", "/2.0/events", 200, page(source=[]), id="a source that is a list"),
        pytest.param("GET", "/2.0/events", 200, page(created_by=None, event_id=7), id="an id"),
        pytest.param("GET", "/2.0/events", 200, page(source={"type": "file", "id": 9}), id="item"),
        pytest.param("GET", "/2.0/events", 200, PAGE | {"chunk_size": 2}, id="a size"),
        pytest.param("GET", "/2.0/events", 200, PAGE | {"next_stream_position": 0}, id="zero"),
        pytest.param("GET", "/2.0/events", 200, PAGE | {"next_stream_position": 2**53}, id="2^53"),
        pytest.param("OPTIONS", "/2.0/events", 200, servers(ttl=10), id="a ttl that is a number"),
        pytest.param("OPTIONS", "/2.0/events", 200, servers(retry_timeout="610"), id="text"),
        pytest.param("OPTIONS", "/2.0/events", 200, servers(url="http://here/a"), id="no query"),
        pytest.param("GET", "/2.0/folders/0/items", 200, {"entries": [{"type": "file"}]}, id="ls"),
        pytest.param("GET", "/2.0/users/me", 200, {"type": "user", "id": 7}, id="a user"),
        pytest.param("GET", "/2.0/files/1", 404, ERROR, id="another status"),
        pytest.param("GET", "/2.0/files/1", 429, ERROR | {"status": 429}, id="no Retry-After"),
        pytest.param("GET", "/2.0/files/1", 401, ERROR | {"status": 401}, id="a 401 with a body"),
        pytest.param("GET", "/2.0/files/1", 400, ERROR | {"code": "odd"}, id="an unknown code"),
        pytest.param("GET", "/subscribe", 200, {"message": "ping"}, id="an unknown message"),
        pytest.param("GET", "/subscribe", 200, {}, id="no message"),
        pytest.param("POST", "/oauth2/token", 200, TOKEN | {"expires_in": "60"}, id="expires_in"),
        pytest.param("POST", "/oauth2/token", 400, {"error": "odd"}, id="an unknown error"),
        pytest.param("POST", "/oauth2/revoke", 200, {"token": 1}, id="a revocation that tells"),
    ],
)
def test_what_trips_a_client_does_not(method: str, path: str, status: int, found: object) -> None:
    with pytest.raises((AssertionError, KeyError, jsonschema_rs.ValidationError)):
        check_answer(method, path, status, JSON, json.dumps(found).encode())
