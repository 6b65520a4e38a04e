"""Where a reader stands.

Rule 1: every decision about a position (what it means, whether it can still be
served, from where) is in this file. Stores and dialects call `place`; they
never compare positions themselves.

Rule 2: a position is `epoch * 2**40 + number`. A number means nothing without
its epoch: a store that was restored starts a new one, so that an old position is
recognised instead of pointing at other events. Epochs run from 1 to 8191, so a
position is never 0 and always below 2**53 (clients in JavaScript round beyond).

Rule 3: a position that cannot be served exactly is mapped to the oldest event
kept, and the answer says that there may be a gap. It is never refused, for an
SDK that is refused stops for good.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import Enum

import msgspec

from wakeful.core.errors import InvalidPosition
from wakeful.core.events import Head

NUMBER_BITS = 40
FIRST_EPOCH = 1
LAST_EPOCH = 8191

# No position that we ever gave has more digits; a longer exponent would only
# cost memory (int(Decimal("1e999999999")) has a billion digits).
_MOST_DIGITS = 30

MOST_ASKED = 10 ** (_MOST_DIGITS + 1) - 1
"""The largest number that a reader may send; those beyond `LAST_EPOCH` are gaps."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Marker(Enum):
    """Places that are asked for by name."""

    START = "start"  # the oldest event kept
    NOW = "now"  # after the newest event


Asked = Marker | int
"""What a reader asks for: a marker, or a position that we gave it once."""


class Since(msgspec.Struct, frozen=True):
    """The place before the first event that was recorded at `at` (ms) or later."""

    at: int


class StreamState(msgspec.Struct, frozen=True):
    """The part of a stream that decides where a position is served from."""

    epoch: int
    trimmed: int  # number of the newest event already removed, 0 if none
    head: Head  # last number per class

    @property
    def last(self) -> int:
        """The number of the newest event of any class, 0 if there was none."""
        return self.head[0]


class Place(msgspec.Struct, frozen=True):
    """The number after which a reader is served, and whether events may be missing before it."""

    number: int
    gap: bool = False


def position(epoch: int, number: int) -> int:
    """The wire form of a number: below 2**53, never 0."""
    return (epoch << NUMBER_BITS) | number


def split(value: int) -> tuple[int, int]:
    """The epoch and the number of a wire form."""
    return value >> NUMBER_BITS, value & ((1 << NUMBER_BITS) - 1)


def parse(text: str | None) -> Asked:
    """What a reader means by the `stream_position` that it sent.

    `now`, `0`, `null`, empty and missing are accepted, so are float and scientific
    notation (some clients read JSON numbers as floats). Raises InvalidPosition.
    """
    if text is None:
        return Marker.START
    text = text.strip()
    if text in ("", "0", "null"):
        return Marker.START
    if text == "now":
        return Marker.NOW
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text) or Marker.START
    # Decimal alone would also take underscores, digits of other scripts, "Infinity" and "NaN".
    if not _NUMBER.fullmatch(text):
        raise InvalidPosition("Invalid stream position", field="stream_position")
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond all bounds
        raise InvalidPosition("Invalid stream position", field="stream_position") from None
    if number.is_zero():  # whatever its exponent
        return Marker.START
    if number < 0 or number.adjusted() > _MOST_DIGITS:
        raise InvalidPosition("Invalid stream position", field="stream_position")
    return int(number) or Marker.START


def place(asked: Asked, state: StreamState) -> Place:
    """The place from which *asked* is served in a stream that is in *state*."""
    if asked is Marker.NOW:
        return Place(state.last)
    if asked is Marker.START:
        return Place(state.trimmed)
    epoch, number = split(asked)
    if epoch != state.epoch or number < state.trimmed or number > state.last:
        # Trimmed, of another epoch, or ahead of what exists: what the reader
        # has seen cannot be told, so it sees everything that is kept.
        return Place(state.trimmed, gap=True)
    return Place(number)


def place_since(
    since: Since, state: StreamState, trimmed_at: int, recorded_at: Callable[[int], int]
) -> Place:
    """The place from which *since* is served in a stream that is in *state*.

    *recorded_at* tells when the event of a number was recorded, which never falls with the
    number; *trimmed_at* is that of the newest event already removed, 0 if there is none.
    """
    older, newer = state.trimmed, state.last + 1
    while newer - older > 1:
        middle = (older + newer) // 2
        if recorded_at(middle) < since.at:
            older = middle
        else:
            newer = middle
    return Place(older, gap=state.trimmed > 0 and since.at <= trimmed_at)
