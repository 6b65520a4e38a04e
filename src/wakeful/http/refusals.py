"""What a client is told whose request cannot be understood, or goes beyond the limits."""

from __future__ import annotations

import msgspec

from wakeful.dialects.box.errors import ClientError
from wakeful.http.poll import Answer


def _error(status: int, code: str, message: str) -> Answer:
    """Made once, so without the id of a request. In Box's form, whoever asked: it is read by
    people, and by Box's SDKs."""
    error = ClientError(status=status, code=code, message=message, request_id="")
    return Answer(status, msgspec.json.encode(error))


BAD_REQUEST = _error(400, "bad_request", "This is no HTTP request that can be understood")
BAD_HOST = _error(400, "bad_request", "An HTTP/1.1 request names one host")  # RFC 9112, 3.2
TOO_SLOW = _error(408, "request_timeout", "The request took too long to arrive")
BODY_TOO_LONG = _error(413, "request_too_large", "The body of this request is too long")
URL_TOO_LONG = _error(414, "uri_too_long", "The URL is too long")
HEAD_TOO_LONG = _error(431, "headers_too_large", "The headers of this request are too large")
FAILED = _error(500, "internal_server_error", "Something went wrong here; it was logged")
BAD_VERSION = _error(505, "http_version_not_supported", "This server speaks HTTP/1.1 and 1.0")
