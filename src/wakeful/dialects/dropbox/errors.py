"""Errors as Dropbox writes them (dropbox.md 2.5).

What makes no sense is 400 with a text that names the function; what the state forbids is 409
with a union; who asks is 401 with a tag. Each kind of error stands in the table once; a class
that is not in it is answered as the nearest one above it that is.

No tag is `other`: that is what clients make of one that they do not know, and the Python SDK
refuses to parse an answer that says it itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from wakeful.core import errors
from wakeful.core.errors import WakefulError
from wakeful.core.scopes import (
    CHANGE_SCOPE,
    DELETE_SCOPE,
    DOWNLOAD_SCOPE,
    ENTERPRISE_SCOPE,
    READ_SCOPE,
    UPLOAD_SCOPE,
)
from wakeful.dialects.dropbox.names import zulu

_MOST_ECHOED = 200

_SCOPES = {
    READ_SCOPE: "files.metadata.read",
    DOWNLOAD_SCOPE: "files.content.read",
    ENTERPRISE_SCOPE: "events.read",
    UPLOAD_SCOPE: "files.content.write",
    CHANGE_SCOPE: "files.content.write",
    DELETE_SCOPE: "files.content.write",
}
"""What Dropbox calls the scopes that its functions need here."""


class BadCall(errors.InvalidRequest):
    """A call that makes no sense. *function* as in its URL: `files/list_folder`."""

    def __init__(self, function: str, about: str) -> None:
        super().__init__(f'Error in call to API function "{function}": {about}')


class Refused(WakefulError):
    """What a function's own error union has a word for; *tags* from the outermost inwards, *more*
    what belongs to the last."""

    def __init__(self, *tags: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__("/".join(tags))
        self.tags = tags
        self.more = dict(more or {})

    @property
    def union(self) -> dict[str, Any]:
        """The union as JSON has it."""
        return union_of(*self.tags, **self.more)


class UploadRefused(Refused):
    """A path that an upload cannot have: the one place where a union has a structure around it."""

    @property
    def union(self) -> dict[str, Any]:
        reason = union_of(*self.tags[1:], **self.more)
        # What was sent is not kept, so no session has it.
        return {".tag": self.tags[0], "reason": reason, "upload_session_id": ""}


class MissingScope(errors.Forbidden):
    """The grant does not allow this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the grant does not have the scope {scope}")
        self.scope = _SCOPES.get(scope, scope)


class NoTeamAdmin(errors.Forbidden):
    """A function for the admins of a team, asked by somebody else."""


class LogReset(errors.CursorExpired):
    """What came after a place in the team log is gone. `latest` is the time (ms) of the newest
    event given before, from which the reader may begin anew."""

    def __init__(self, latest: int) -> None:
        super().__init__("what came after the cursor is no longer known")
        self.latest = latest


class InvalidSelectUser(errors.Unauthenticated):
    """`Dropbox-API-Select-User` names nobody whom the asker may act for."""


class InvalidSelectAdmin(errors.Unauthenticated):
    """The same of `Dropbox-API-Select-Admin`."""


class InvalidRoot(errors.InvalidRequest):
    """`Dropbox-API-Path-Root` is not the root of the asker's home."""

    def __init__(self, home: int) -> None:
        super().__init__("this is not the root of the user's namespaces")
        self.home = home


class InvalidCursor(errors.InvalidCursor):
    """As Dropbox says it of a cursor that it did not give, or gave another."""

    def __init__(self, function: str, cursor: str) -> None:
        super().__init__(
            f'Error in call to API function "{function}": '
            f"Invalid \"cursor\" parameter: '{cursor[:_MOST_ECHOED]}'"
        )


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The JSON of an error. `error` has a `.tag`, and under the name of its tag what belongs
    to it."""

    error_summary: str
    error: dict[str, Any]


_ACCESS: dict[type[WakefulError], tuple[int, tuple[str, ...]]] = {
    errors.Unauthenticated: (401, ("invalid_access_token",)),
    errors.TokenExpired: (401, ("expired_access_token",)),
    errors.UserDisabled: (401, ("user_suspended",)),
    InvalidSelectUser: (401, ("invalid_select_user",)),
    InvalidSelectAdmin: (401, ("invalid_select_admin",)),
    MissingScope: (401, ("missing_scope",)),
    NoTeamAdmin: (403, ("invalid_account_type", "endpoint")),
    errors.Forbidden: (403, ("not_allowed",)),
    errors.NotFound: (409, ("path", "not_found")),
    errors.Conflict: (409, ("path", "locked")),
    errors.QuotaExceeded: (409, ("path", "insufficient_space")),
    errors.CursorExpired: (409, ("reset",)),
}


def answer_for(error: WakefulError) -> tuple[int, ErrorAnswer | str]:
    """The status and the body of *error*: JSON, or plain text."""
    match error:
        case Refused(tags=tags, union=union):
            return 409, ErrorAnswer(_summary(tags), union)
        case LogReset(latest=latest):
            return 409, _union("reset", reset=zulu(latest))
        case InvalidRoot(home=home):
            return 422, _union("invalid_root", invalid_root=root_info(home))
        case errors.InvalidRequest():
            return 400, str(error)
        case errors.RateLimited(retry_after=seconds):
            answer = _union("too_many_requests")
            reason = {"reason": answer.error, "retry_after": seconds}
            return 429, ErrorAnswer(answer.error_summary, reason)
        case errors.Unavailable():
            return 503, str(error)
    for cls in type(error).__mro__:
        if cls in _ACCESS:
            status, tags = _ACCESS[cls]
            more = {"required_scope": error.scope} if isinstance(error, MissingScope) else {}
            return status, _union(*tags, **more)
    return 500, "Internal server error"


def body_of(answer: ErrorAnswer | str) -> tuple[bytes, str]:
    """The bytes of a body, and their media type."""
    if isinstance(answer, str):
        return answer.encode(errors="replace"), "text/plain; charset=utf-8"
    return msgspec.json.encode(answer), "application/json"


def root_info(home: int) -> dict[str, Any]:
    """What a client needs to know of the one root that a user has."""
    return {".tag": "user", "root_namespace_id": str(home), "home_namespace_id": str(home)}


def union_of(*tags: str, **more: Any) -> dict[str, Any]:
    """A union: under the name of each tag the next, beside the last *more*."""
    union: dict[str, Any] = {".tag": tags[-1], **more}
    for tag in reversed(tags[:-1]):
        union = {".tag": tag, tag: union}
    return union


def _union(*tags: str, **more: Any) -> ErrorAnswer:
    return ErrorAnswer(_summary(tags), union_of(*tags, **more))


def _summary(tags: tuple[str, ...]) -> str:
    return f"{'/'.join(tags)}/.."
