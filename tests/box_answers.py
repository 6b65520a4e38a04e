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
    "item_name_too_long",
    "invalid_upload_session_id",
    "incorrect_shared_item_password",
    "rate_limit_exceeded",
    "session_expired",
    "storage_limit_exceeded",
    "user_already_collaborator",
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
    elif kind == "collaborations" or rest.endswith("collaborations"):
        for each in found.get("entries", [found]):
            check_collaboration(each)
    elif kind == "shared_items":
        check(_ONE[f"{found['type']}s"], found)
        strict_item(found)
    elif kind == "comments" or rest.endswith("comments"):
        for each in found.get("entries", [found]):
            check_comment(each)
    elif kind == "folders" and rest.endswith("items"):
        _check_items(found)
    elif re.search(r"(^|/)versions$", rest):
        assert found["total_count"] >= len(found["entries"])
        for version in found["entries"]:
            check("FileVersion--Mini", version)
    elif "/versions/" in rest:
        check("FileVersion--Mini", found)
    elif rest.endswith("content") and method == "OPTIONS":
        assert found["upload_url"].startswith("http")
        assert isinstance(found["upload_token"], str)  # the TypeScript SDK refuses anything else
    elif "upload_sessions" in rest and not rest.endswith("commit"):
        _check_session(rest, method, found)
    elif rest.endswith(("content", "commit")):
        _check_items(found)
    elif rest or method == "POST":
        check(_ONE[kind], found)
        strict_item(found)
        if "item_collection" in found:
            _check_items(found["item_collection"])
    else:
        for user in found["entries"]:
            check("User", user)


def _check_session(rest: str, method: str, found: Json) -> None:
    """The forms that the generated SDKs assert, beyond which Box's schemas say little."""
    if rest.endswith("parts"):
        assert found["total_count"] >= len(found["entries"])
        parts = found["entries"]
    elif rest.endswith("plan"):
        assert found.keys() == {"upload_session_id", "hits", "misses"}
        parts = []
    elif method == "PUT":
        parts = [found["part"]]
    else:
        assert found["type"] == "upload_session"
        assert found["part_size"] > 0
        assert 0 <= found["num_parts_processed"] <= found["total_parts"]
        assert all(url.startswith("http") for url in found["session_endpoints"].values())
        parts = []
    for part in parts:
        assert re.fullmatch("[0-9A-F]{8}", part["part_id"])
        assert re.fullmatch("[0-9a-f]{40}", part["sha1"])


def check_collaboration(found: Json) -> None:
    """What box-node-sdk 10 demands of one, and what people look for."""
    assert found["type"] == "collaboration"
    assert isinstance(found["id"], str)
    for name in ("accessible_by", "created_by"):
        if name in found:
            check("User--Mini", found[name])
    if "item" in found:
        check("Folder--Mini", found["item"])
    assert found.get("status", "accepted") == "accepted"
    assert found.get("role", "editor") in ROLES


def check_comment(found: Json) -> None:
    """What box-node-sdk 10 demands of one."""
    assert found["type"] == "comment"
    assert isinstance(found["id"], str)
    assert isinstance(found.get("is_reply_comment", False), bool)
    for name in ("message", "tagged_message", "created_at", "modified_at"):
        assert isinstance(found.get(name, ""), str)
    if "created_by" in found:
        check("User--Mini", found["created_by"])
    if "item" in found:
        assert isinstance(found["item"].get("id", ""), str)


ROLES = {
    "editor",
    "viewer",
    "previewer",
    "uploader",
    "previewer uploader",
    "viewer uploader",
    "co-owner",
    "owner",
}
"""What box-node-sdk 10 takes for a role."""


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
