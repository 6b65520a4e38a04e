"""What a client is told whose request cannot be understood, or goes beyond the limits."""

from __future__ import annotations

from typing import NamedTuple

import httptools
import msgspec
import structlog

from wakeful.dialects.box.errors import ClientError
from wakeful.dialects.dropbox import PREFIX as DROPBOX
from wakeful.dialects.dropbox.headers import CORS, REQUEST_ID
from wakeful.dialects.dropbox.v1 import PREFIX as DROPBOX_V1
from wakeful.dialects.dropbox.v1 import errors as v1
from wakeful.dialects.native import PREFIX as NATIVE
from wakeful.dialects.native.errors import ErrorAnswer, Told
from wakeful.http.dialect import new_request_id
from wakeful.http.front.poll import Answer

_NATIVE, _DROPBOX, _DROPBOX_V1 = (f"{prefix}/".encode() for prefix in (NATIVE, DROPBOX, DROPBOX_V1))

log = structlog.get_logger()


class Refusal(NamedTuple):
    """What is wrong with a request that never reaches a route."""

    status: int
    code: str
    message: str

    def answer(self, target: bytes = b"") -> Answer:
        """The answer to a request for *target*, as far as that is known. In the form of the API
        that it asks for, else in Box's: that is read by people, and by Box's SDKs."""
        request_id = new_request_id()
        log.debug("refused in the front", request_id=request_id, code=self.code)
        if target.startswith(_NATIVE):
            told = Told(code=self.code, message=self.message, request_id=request_id)
            return Answer(self.status, msgspec.json.encode(ErrorAnswer(told)))
        if target.startswith(_DROPBOX):
            text = f"Error in call to API function: {self.message}"
            headers = CORS | {REQUEST_ID: request_id}
            return Answer(self.status, text.encode(), headers, "text/plain; charset=utf-8")
        if target.startswith(_DROPBOX_V1):
            body = msgspec.json.encode(v1.ErrorAnswer(self.message))
            return Answer(self.status, body, CORS | {REQUEST_ID: request_id})
        error = ClientError(
            status=self.status, code=self.code, message=self.message, request_id=request_id
        )
        return Answer(self.status, msgspec.json.encode(error), {"Box-Request-Id": request_id})


BAD_REQUEST = Refusal(400, "bad_request", "This is no HTTP request that can be understood")
BAD_HOST = Refusal(400, "bad_request", "An HTTP/1.1 request names one host")  # RFC 9112, 3.2
TOO_SLOW = Refusal(408, "request_timeout", "The request took too long to arrive")
BODY_TOO_LONG = Refusal(413, "request_too_large", "The body of this request is too long")
URL_TOO_LONG = Refusal(414, "uri_too_long", "The URL is too long")
HEAD_TOO_LONG = Refusal(431, "headers_too_large", "The headers of this request are too large")
FAILED = Refusal(500, "internal_server_error", "Something went wrong here; it was logged")
BAD_VERSION = Refusal(505, "http_version_not_supported", "This server speaks HTTP/1.1 and 1.0")


class Refused(Exception):
    """Raised in the parser's callbacks to stop it."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def refusal_of(error: httptools.HttpParserError) -> Refusal:
    """What a client is told whose request the parser or one of its callbacks refused."""
    cause = error.__context__
    if isinstance(cause, Refused):
        return cause.refusal
    if cause is None or isinstance(cause, httptools.HttpParserError | UnicodeError):
        return BAD_REQUEST
    log.error("request failed in the front", exc_info=cause)
    return FAILED
