"""Errors as Box writes them (box.md 7).

The table maps classes to status and code, once; a class that is not in it is answered as the
nearest one above it that is.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from wakeful.core import errors
from wakeful.core.errors import WakefulError
from wakeful.core.items import Kind
from wakeful.core.names import NameTooLong
from wakeful.dialects.box.items import mini_of
from wakeful.dialects.box.parameters import InvalidLimit

HELP_URL = "https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/"


class BadDigest(errors.InvalidRequest):
    """An upload is not what its hash says."""


class MetadataAfterFile(errors.InvalidRequest):
    """The attributes of an upload do not come before its file."""


class WrongDigest(errors.Conflict):
    """A part of a file, or the file, is not what its Digest header says."""


class RangeMismatch(errors.InvalidRequest):
    """No part of an upload session stands where its Content-Range says."""


class InvalidSessionId(errors.InvalidRequest):
    """This can be no id of an upload session."""


class SessionExpired(errors.NotFound):
    """The upload session was begun too long ago."""


class WrongLinkPassword(errors.Forbidden):
    """The password of a shared link is another."""


ERRORS: dict[type[WakefulError], tuple[int, str]] = {
    WakefulError: (500, "internal_server_error"),
    errors.InvalidRequest: (400, "bad_request"),
    errors.InvalidPosition: (400, "bad_request"),
    errors.InvalidCursor: (400, "bad_request"),
    errors.InvalidName: (400, "item_name_invalid"),
    NameTooLong: (400, "item_name_too_long"),
    errors.TooLarge: (413, "request_entity_too_large"),
    BadDigest: (400, "bad_digest"),
    InvalidSessionId: (400, "invalid_upload_session_id"),
    RangeMismatch: (416, "bad_request"),
    SessionExpired: (410, "session_expired"),
    WrongDigest: (412, "precondition_failed"),
    MetadataAfterFile: (400, "metadata_after_file_contents"),
    InvalidLimit: (400, "invalid_limit"),
    errors.Unauthenticated: (401, "unauthorized"),
    errors.TokenExpired: (401, "unauthorized"),
    errors.UserDisabled: (401, "unauthorized"),
    errors.Forbidden: (403, "access_denied_insufficient_permissions"),
    errors.Locked: (403, "access_denied_item_locked"),
    WrongLinkPassword: (403, "incorrect_shared_item_password"),
    errors.NotFound: (404, "not_found"),
    errors.Conflict: (409, "conflict"),
    errors.NameTaken: (409, "item_name_in_use"),
    errors.Outdated: (412, "precondition_failed"),
    errors.NotEmpty: (400, "folder_not_empty"),
    errors.QuotaExceeded: (403, "storage_limit_exceeded"),
    errors.AlreadyMember: (400, "user_already_collaborator"),
    errors.KeyReused: (409, "conflict"),
    errors.CursorExpired: (409, "conflict"),
    errors.ImpossibleMove: (400, "cyclical_folder_structure"),
    errors.RootStays: (403, "access_denied_insufficient_permissions"),
    errors.RateLimited: (429, "rate_limit_exceeded"),
    errors.Unavailable: (503, "unavailable"),
    errors.StoreFull: (503, "unavailable"),
    errors.StoreFailed: (503, "unavailable"),
    errors.Draining: (503, "unavailable"),
}

_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    429: "rate_limit_exceeded",
    500: "internal_server_error",
}


class ClientError(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "error"
    status: int
    code: str
    context_info: dict[str, Any] = msgspec.field(default_factory=dict)
    help_url: str = HELP_URL
    message: str
    request_id: str


def answer_for(error: WakefulError) -> tuple[int, str]:
    """The status and the code of *error*."""
    return next(ERRORS[cls] for cls in type(error).__mro__ if cls in ERRORS)


def error_body(error: WakefulError, request_id: str) -> bytes:
    """The JSON of *error*. A 401 has none: an SDK tells an expired token by the empty body."""
    status, code = answer_for(error)
    return msgspec.json.encode(
        ClientError(
            status=status,
            code=code,
            context_info=_context(error),
            message=str(error),
            request_id=request_id,
        )
    )


def _context(error: WakefulError) -> dict[str, Any]:
    if isinstance(error, errors.NameTaken):
        # Box tells of one file where a file was to have the name, of a list for a folder: SDKs'
        # users read `conflicts["id"]` and `conflicts[0]["id"]`.
        taken = mini_of(error.item)
        return {"conflicts": taken if error.wanted is Kind.FILE else [taken]}
    if isinstance(error, errors.InvalidRequest) and error.field:
        return {"errors": [{"reason": "invalid_parameter", "name": error.field}]}
    return {}


def status_body(status: int, request_id: str) -> bytes:
    """The JSON of an error that is nothing but an HTTP status."""
    return msgspec.json.encode(
        ClientError(
            status=status,
            code=_CODES.get(status, "bad_request"),
            message=HTTPStatus(status).phrase,
            request_id=request_id,
        )
    )
