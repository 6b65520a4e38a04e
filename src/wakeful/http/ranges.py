"""Which part of some bytes a request asks for (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class Part(NamedTuple):
    """From `start` up to, but without, `end`."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """There is nothing where the range begins."""


def parse_range(header: str | None, size: int) -> Part | None:
    """The part of *size* bytes that `Range` asks for; None for all of them.

    Several ranges, other units and what makes no sense count as no range at all, which HTTP
    allows. Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        if not last:
            return None
        start, end = max(0, size - int(last)), size
    else:
        start = int(first)
        end = size if not last else min(size, int(last) + 1)
        if last and int(last) < start:
            return None
    if start >= end:
        raise Unsatisfiable
    return Part(start, end)
