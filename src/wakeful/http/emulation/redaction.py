"""Takes secrets out of what is kept of requests.

Rule: what opens something is never kept. In its place stands a short digest, by which two uses of
one secret can still be told to be the same.
"""

from __future__ import annotations

import hashlib
import re

_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})
_NAMES = (
    "access_token|refresh_token|client_secret|client_assertion|assertion|password|subject_token"
    "|actor_token|code_verifier|token|channel|enterprise|cursor|ticket|session|signature"
)
_IN_QUERY = re.compile(
    rf"((?:^|[?&\s\"])(?:{_NAMES}|code|authorization)=)([^&\s\"\\<>]+)", re.IGNORECASE
)
_IN_JSON = re.compile(rf"(\"(?:{_NAMES})\"\s*:\s*\")((?:[^\"\\]|\\.)+)", re.IGNORECASE)
_IN_PATH = re.compile(r"(/downloads/)([\w.~-]+)")


def hidden(secret: str) -> str:
    """What stands in the place of *secret*."""
    return f"[hidden {hashlib.sha256(secret.encode(errors='replace')).hexdigest()[:8]}]"


def clean(text: str) -> str:
    """*text*, a URL or a body, without secrets."""
    for pattern in (_IN_QUERY, _IN_JSON, _IN_PATH):
        text = pattern.sub(lambda found: found[1] + hidden(found[2]), text)
    return text


def clean_header(name: str, value: str) -> str:
    """The *value* of the header *name* without secrets."""
    if name not in _HEADERS:
        return clean(value)
    scheme, space, secret = value.partition(" ")
    if name == "authorization" and space:
        return f"{scheme} {hidden(secret.strip())}"
    return hidden(value)
