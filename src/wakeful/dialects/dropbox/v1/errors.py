"""Errors of version 1: a status, and a text for the client's developer (dropbox.md 1.4)."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from wakeful.core import errors
from wakeful.core.errors import InvalidRequest, WakefulError
from wakeful.dialects.dropbox.errors import Refused

_MOST_ECHOED = 200


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The body of every error. The last two say where an upload goes on."""

    error: str
    offset: int | UnsetType = UNSET
    upload_id: str | UnsetType = UNSET


class BadParameter(InvalidRequest):
    """A parameter that makes no sense."""

    def __init__(self, name: str, about: str) -> None:
        super().__init__(f'Invalid "{name}" parameter: {about}', field=name)


class UnknownCursor(errors.InvalidCursor):
    """A cursor that this server never gave."""

    def __init__(self, cursor: str) -> None:
        about = "none given" if not cursor else f"'{cursor[:_MOST_ECHOED]}'"
        super().__init__(f'Invalid "cursor" parameter: {about}', field="cursor")


class ForeignCursor(errors.InvalidCursor):
    """A cursor that was given to somebody else; *what*: a user or an app."""

    def __init__(self, what: str) -> None:
        text = f'Invalid "cursor" parameter: this cursor is for a different {what}.'
        super().__init__(text, field="cursor")


class TooManyEntries(InvalidRequest):
    """A folder has more entries than its listing may have."""


class Denied(WakefulError):
    """What cannot be done at a path, or with what is there."""


class WrongOffset(InvalidRequest):
    """A part that does not begin where its upload ends."""

    def __init__(self, upload: str, offset: int) -> None:
        super().__init__("Submitted input out of alignment: got an offset that is not the end")
        self.upload = upload
        self.offset = offset


class NoToken(errors.Unauthenticated):
    """The request has no token at all."""


NOT_FOUND = "Path not found"
NOT_ALLOWED = "This token does not allow that."
NO_TOKEN = "No auth method found."
BAD_TOKEN = "The given OAuth 2 access token doesn't exist or has expired."

_STATUSES: dict[type[WakefulError], tuple[int, str | None]] = {
    InvalidRequest: (400, None),
    TooManyEntries: (406, None),
    errors.TooLarge: (413, None),
    NoToken: (401, NO_TOKEN),
    errors.Unauthenticated: (401, BAD_TOKEN),
    errors.Forbidden: (403, NOT_ALLOWED),
    Denied: (403, None),
    errors.NotFound: (404, NOT_FOUND),
    Refused: (404, NOT_FOUND),
    errors.Conflict: (409, None),
    errors.QuotaExceeded: (507, None),
    errors.RateLimited: (429, None),
    errors.Unavailable: (503, None),
}
"""With the text, where it is not the error's own: who may not know is told no more."""


def answer_for(error: WakefulError) -> tuple[int, ErrorAnswer]:
    """The status and the body of *error*."""
    if isinstance(error, WrongOffset):
        return 400, ErrorAnswer(str(error), error.offset, error.upload)
    for cls in type(error).__mro__:
        if cls in _STATUSES:
            status, text = _STATUSES[cls]
            return status, ErrorAnswer(str(error) if text is None else text)
    return 500, ErrorAnswer("Internal server error")
