"""Errors in the native dialect: `{"error": {"code", "message", "field"?, "item"?, "change"?}}`."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from wakeful.core import errors
from wakeful.core.errors import WakefulError

ERRORS: dict[type[WakefulError], tuple[int, str]] = {
    WakefulError: (500, "bug"),
    errors.InvalidRequest: (400, "invalid_request"),
    errors.InvalidPosition: (400, "invalid_position"),
    errors.InvalidCursor: (400, "invalid_cursor"),
    errors.InvalidName: (400, "invalid_name"),
    errors.TooLarge: (413, "too_large"),
    errors.Unauthenticated: (401, "unauthenticated"),
    errors.TokenExpired: (401, "token_expired"),
    errors.UserDisabled: (401, "user_disabled"),
    errors.Forbidden: (403, "forbidden"),
    errors.Locked: (403, "locked"),
    errors.NotFound: (404, "not_found"),
    errors.Conflict: (409, "conflict"),
    errors.NameTaken: (409, "name_taken"),
    errors.Outdated: (409, "outdated"),
    errors.NotEmpty: (409, "not_empty"),
    errors.QuotaExceeded: (409, "quota_exceeded"),
    errors.AlreadyMember: (409, "already_member"),
    errors.KeyReused: (409, "key_reused"),
    errors.CursorExpired: (409, "cursor_expired"),
    errors.ImpossibleMove: (409, "impossible_move"),
    errors.RootStays: (409, "root_stays"),
    errors.RateLimited: (429, "rate_limited"),
    errors.Unavailable: (503, "unavailable"),
    errors.StoreFull: (503, "store_full"),
    errors.StoreFailed: (503, "store_failed"),
    errors.Draining: (503, "draining"),
}


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`field` is the part of the request at fault, `item` the id of the item in the way, `change`
    the index of the change of a batch that could not be carried out."""

    code: str
    message: str
    request_id: str
    field: str | None = None
    item: str | None = None
    change: int | None = None


class ErrorAnswer(msgspec.Struct, frozen=True):
    error: Told


def answer_for(error: WakefulError) -> tuple[int, str]:
    """The status and the code of *error*."""
    return next(ERRORS[cls] for cls in type(error).__mro__ if cls in ERRORS)


def error_body(error: WakefulError, request_id: str) -> bytes:
    _, code = answer_for(error)
    told = Told(
        code=code,
        message=str(error),
        request_id=request_id,
        field=error.field if isinstance(error, errors.InvalidRequest) else None,
        item=str(error.item.id) if isinstance(error, errors.NameTaken) else None,
        change=error.change,
    )
    return msgspec.json.encode(ErrorAnswer(told))


def status_body(status: int, request_id: str) -> bytes:
    """The JSON of an error that is nothing but an HTTP status."""
    phrase = HTTPStatus(status).phrase
    code = "bug" if status == 500 else phrase.lower().replace(" ", "_")
    return msgspec.json.encode(ErrorAnswer(Told(code=code, message=phrase, request_id=request_id)))
