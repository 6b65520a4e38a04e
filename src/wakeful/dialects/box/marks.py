"""Positions that say which stream they are of.

The generated SDKs name a stream type when they read, and none when they ask for a channel: they
would wait for the enterprise on the channel of its admin (box.md 3.3). So positions of an
enterprise carry a mark, in bits of the number that no number reaches, and a poll at a position
with a mark waits for that stream.

A position of another stream is none of this one, though its number may be: served exactly, it would
pass by whatever that number did. So it is a gap.
"""

from __future__ import annotations

from wakeful.core.positions import LAST_EPOCH, NUMBER_BITS, Asked, position
from wakeful.dialects.box.parameters import EnterpriseStream

_ENTERPRISE = 1 << (NUMBER_BITS - 1)
_BY_TIME = 1 << (NUMBER_BITS - 2)
_OF_NO_STREAM = position(LAST_EPOCH + 1, 0)
_MARKS = {
    EnterpriseStream.BY_ARRIVAL: _ENTERPRISE,
    EnterpriseStream.BY_TIME: _ENTERPRISE | _BY_TIME,
}


def marked(place: int, stream: EnterpriseStream) -> int:
    """The position *place*, as the readers of *stream* are given it."""
    return place | _MARKS[stream]


def unmarked(asked: Asked, stream: EnterpriseStream) -> Asked:
    """What a reader of *stream* asks for, without the mark; a position that is not of *stream*
    becomes one that no stream has."""
    if not isinstance(asked, int):
        return asked
    return asked & ~_MARKS[stream] if stream_of(asked) is stream else _OF_NO_STREAM


def stream_of(asked: Asked) -> EnterpriseStream | None:
    """The stream whose mark *asked* has."""
    if not isinstance(asked, int) or not asked & _ENTERPRISE:
        return None
    return EnterpriseStream.BY_TIME if asked & _BY_TIME else EnterpriseStream.BY_ARRIVAL
