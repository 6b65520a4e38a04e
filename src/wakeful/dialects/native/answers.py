"""The native answers as a client reads them."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from wakeful.dialects.native.errors import ErrorAnswer, Told
from wakeful.dialects.native.results import ChangesAnswer, EventsAnswer

T = TypeVar("T")

CHANGES_PATH = "/v1/changes"
EVENTS_PATH = "/v1/events"

_changes = msgspec.json.Decoder(ChangesAnswer)
_events = msgspec.json.Decoder(EventsAnswer)
_error = msgspec.json.Decoder(ErrorAnswer)


def read_changes_answer(body: bytes) -> ChangesAnswer:
    """What became of a batch of changes. Raises ValueError with a clause for people."""
    return _read(body, _changes)


def read_events_answer(body: bytes) -> EventsAnswer:
    """What became of a batch of events. Raises ValueError with a clause for people."""
    return _read(body, _events)


def read_error(body: bytes) -> Told | None:
    """What the body of an error says; None where it is not in this dialect's form."""
    try:
        return _error.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
