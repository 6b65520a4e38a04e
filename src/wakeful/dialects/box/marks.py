"""Positions that say which stream they are of.

The generated SDKs name a stream type when they read, and none when they ask for a channel: they
would wait for the enterprise on the channel of its admin (box.md 3.3). So positions of an
enterprise carry a mark, in bits of the number that no number reaches, and a poll at a position
with a mark waits for that stream.
"""

from __future__ import annotations

from wakeful.core.positions import NUMBER_BITS, Asked
from wakeful.dialects.box.parameters import EnterpriseStream

_ENTERPRISE = 1 << (NUMBER_BITS - 1)
_BY_TIME = 1 << (NUMBER_BITS - 2)
_MARKS = {
    EnterpriseStream.BY_ARRIVAL: _ENTERPRISE,
    EnterpriseStream.BY_TIME: _ENTERPRISE | _BY_TIME,
}


def marked(position: int, stream: EnterpriseStream) -> int:
    """*position*, as the readers of *stream* are given it."""
    return position | _MARKS[stream]


def unmarked(asked: Asked) -> Asked:
    """*asked*, without the mark if it has one."""
    return asked & ~(_ENTERPRISE | _BY_TIME) if isinstance(asked, int) else asked


def stream_of(asked: Asked) -> EnterpriseStream | None:
    """The stream whose mark *asked* has."""
    if not isinstance(asked, int) or not asked & _ENTERPRISE:
        return None
    return EnterpriseStream.BY_TIME if asked & _BY_TIME else EnterpriseStream.BY_ARRIVAL
