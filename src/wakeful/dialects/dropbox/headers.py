"""Headers of Dropbox's answers, and what browsers may do with them (dropbox.md 2.4, 2.5)."""

from __future__ import annotations

REQUEST_ID = "X-Dropbox-Request-Id"
RESULT = "Dropbox-API-Result"
METADATA_V1 = "X-Dropbox-Metadata"

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": f"{REQUEST_ID}, {RESULT}, {METADATA_V1}",
}
PREFLIGHT = CORS | {
    "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Dropbox-API-Arg, Dropbox-API-Path-Root, "
        "Dropbox-API-Select-Admin, Dropbox-API-Select-User, X-Dropbox-User-Agent"
    ),
    "Access-Control-Max-Age": "86400",
}
