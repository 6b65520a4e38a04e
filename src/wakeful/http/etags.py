"""Whether a client has what it asks for already (RFC 9110, 13.1.2)."""

from __future__ import annotations

from collections.abc import Iterable


def matches(headers: Iterable[str], etag: str) -> bool:
    """Whether `If-None-Match` names *etag*: in quotes, weak, or bare as Box's SDKs send it."""
    for header in headers:
        for each in header.split(","):
            named = each.strip()
            if named == "*" or named.removeprefix("W/").strip('"') == etag:
                return True
    return False
