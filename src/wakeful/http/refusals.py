"""What a client is told whose request cannot be understood, or goes beyond the limits."""

from __future__ import annotations

from wakeful.http.poll import error

BAD_REQUEST = error(400, "bad_request", "This is no HTTP request that can be understood")
BAD_HOST = error(400, "bad_request", "An HTTP/1.1 request names one host")  # RFC 9112, 3.2
TOO_SLOW = error(408, "request_timeout", "The request took too long to arrive")
BODY_TOO_LONG = error(413, "request_too_large", "The body of this request is too long")
URL_TOO_LONG = error(414, "uri_too_long", "The URL is too long")
HEAD_TOO_LONG = error(431, "headers_too_large", "The headers of this request are too large")
FAILED = error(500, "internal_server_error", "Something went wrong here; it was logged")
BAD_VERSION = error(505, "http_version_not_supported", "This server speaks HTTP/1.1 and 1.0")
