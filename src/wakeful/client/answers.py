"""What an answer that is no 200 means: give up, or try again."""

from __future__ import annotations

from http import HTTPStatus

from wakeful.client.errors import AuthenticationFailed, Refused
from wakeful.client.steps import Answer
from wakeful.dialects.box import answers as box
from wakeful.dialects.native import answers as native

TEMPORARY = frozenset({408, 425, 429})
"""The 4xx that a later try may not meet: time-out, too early, too many requests."""


def refusal(answer: Answer) -> Refused | None:
    """The error that *answer* ends everything with; None where trying again may help."""
    status = answer.status
    if status == 401:
        # Not the server's words: "unauthenticated" says less, and Box's 401 has none.
        code = _read(answer.body)[0]
        message = "the server does not accept the token"
        return AuthenticationFailed(message, status=401, code=code)
    if 300 <= status < 400:
        # Not followed: the token would go along, and a feed that moved is better named anew.
        place = answer.headers.get("location", "another place")
        return Refused(f"the server sends us to {place}: use that as its URL", status=status)
    if 400 <= status < 500 and status not in TEMPORARY:
        code, message, field = _read(answer.body)
        return Refused(message or bad_answer(answer), status=status, code=code, field=field)
    return None


def bad_answer(answer: Answer) -> str:
    """A clause for people about an answer that is no 200."""
    _, told, _ = _read(answer.body)
    try:
        phrase = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = str(answer.status)
    return f"the server answered {phrase}" + (f": {told}" if told else "")


def _read(body: bytes) -> tuple[str, str, str | None]:
    """The code, the message and the field that an error in either dialect tells."""
    if told := native.read_error(body):
        return told.code, told.message, told.field
    error = box.read_error(body)
    return error.code, error.message, None
