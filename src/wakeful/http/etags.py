"""Whether a client has what it asks for already (RFC 9110, 13.1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_REVISION = re.compile(r"[0-9]{1,18}")


def revisions(header: str | None) -> tuple[int, ...] | None:
    """The revisions that `If-Match` names: None for any, none where it names nothing that a
    revision could be."""
    if header is None:
        return None
    named = [each.strip().removeprefix("W/").strip('"') for each in header.split(",")]
    if "*" in named:
        return None
    return tuple(int(each) for each in named if _REVISION.fullmatch(each))


def matches(headers: Iterable[str], etag: str) -> bool:
    """Whether `If-None-Match` names *etag*: in quotes, weak, or bare as Box's SDKs send it."""
    for header in headers:
        for each in header.split(","):
            named = each.strip()
            if named == "*" or named.removeprefix("W/").strip('"') == etag:
                return True
    return False
