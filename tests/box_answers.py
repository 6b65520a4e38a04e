"""What every answer of the Box dialect must be, whatever a test asked it for.

The clients of the tests hand over all that they are answered, so that no answer is left out
because nobody thought of it. What is not of this dialect is not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tests.box_rules import check, check_event, check_page, strict_item

Json = dict[str, Any]

BEYOND_THE_SCHEMA = {
    "bad_digest",
    "folder_not_empty",
    "metadata_after_file_contents",
    "request_entity_too_large",
    "access_denied_insufficient_permissions",
    "access_denied_item_locked",
    "cyclical_folder_structure",
    "invalid_limit",
    "item_name_in_use",
    "rate_limit_exceeded",
}
"""Codes of errors that Box's guides name and its schema leaves out."""

OAUTH_ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_target",
    "unsupported_grant_type",
    "temporarily_unavailable",
    "server_error",
}
"""Of RFC 6749 and RFC 8693."""

_NO_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED, HTTPStatus.FOUND}

_ONE = {"files": "File", "folders": "Folder", "users": "User"}


def check_answer(
    method: str,
    path: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    seen: set[str] | None = None,
) -> None:
    """Raise unless an answer has the form that Box's clients read; *path* has no query.

    Of events that are read again and again, those that are in *seen* were looked at before.
    """
    if method == "HEAD" or status in _NO_BODY:
        if path.startswith("/2.0/"):
            assert not body
    elif path.startswith("/2.0/downloads/") and status < 400:
        assert headers["content-type"] != "application/json"
    elif path.startswith(("/2.0/", "/api/2.0/")) or path == "/subscribe":
        if status < 400:
            _check_found(method, path, _json(headers, body), set() if seen is None else seen)
        else:
            _check_refusal(status, headers, body)
    elif path.endswith(("/oauth2/token", "/oauth2/revoke")):
        _check_sign_in(path, status, _json(headers, body))


def _json(headers: Mapping[str, str], body: bytes) -> Json:
    assert headers["content-type"] == "application/json"
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


def _check_found(method: str, path: str, found: Json, seen: set[str]) -> None:
    kind, _, rest = path.removeprefix("/api").removeprefix("/2.0/").partition("/")
    if path == "/subscribe":
        assert found["message"] in ("new_change", "reconnect")
    elif kind == "events" and method == "OPTIONS":
        check("RealtimeServers", found)
        assert found["chunk_size"] == len(found["entries"]) > 0
        assert "?" in found["entries"][0]["url"]  # an SDK appends `&stream_position=`
    elif kind == "events":
        check_page(found | {"chunk_size": 0, "entries": []})
        assert found["chunk_size"] == len(found["entries"])
        for event in found["entries"]:
            known = f"{event['event_id']} {event['event_type']}"  # a twin has another form
            if known not in seen:
                check_event(event, own_types=True)
                seen.add(known)
    elif kind == "folders" and rest.endswith("items"):
        _check_items(found)
    elif re.search(r"(^|/)versions$", rest):
        assert found["total_count"] == len(found["entries"])
    elif rest.endswith("content") and method == "OPTIONS":
        assert found["upload_url"].startswith("http")
        assert isinstance(found["upload_token"], str)  # the TypeScript SDK refuses anything else
    elif rest.endswith("content"):
        _check_items(found)
    elif rest or method == "POST":
        check(_ONE[kind], found)
        strict_item(found)
        if "item_collection" in found:
            _check_items(found["item_collection"])
    else:
        for user in found["entries"]:
            check("User", user)


def _check_items(found: Json) -> None:
    check("Items", found)
    for item in found["entries"]:
        check(_ONE[f"{item['type']}s"], item)
        strict_item(item)


def _check_refusal(status: int, headers: Mapping[str, str], body: bytes) -> None:
    if status == HTTPStatus.UNAUTHORIZED:
        assert not body  # by this an SDK knows a token that is over
        assert headers["www-authenticate"].startswith("Bearer")
        return
    error = _json(headers, body)
    assert error["status"] == status
    assert error["message"]
    assert headers.get("box-request-id", error["request_id"]) == error["request_id"]
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        assert int(headers["retry-after"]) > 0  # whole seconds: an SDK reads no fraction
    if error["code"] in BEYOND_THE_SCHEMA:
        error["code"] = "bad_request"
    check("ClientError", error)


def _check_sign_in(path: str, status: int, found: Json) -> None:
    if status >= 400:
        assert found["error"] in OAUTH_ERRORS
        assert found["error_description"]
        return
    if path.endswith("/revoke"):
        assert found == {}
        return
    assert isinstance(found["access_token"], str)
    assert isinstance(found["expires_in"], int)  # an SDK refuses text
    assert found["token_type"] == "bearer"
    assert isinstance(found["restricted_to"], list)
    assert isinstance(found.get("refresh_token", ""), str)
