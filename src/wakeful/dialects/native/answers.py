"""The native answers as a client reads them."""

from __future__ import annotations

import msgspec

from wakeful.dialects.native.errors import ErrorAnswer, Told
from wakeful.dialects.native.results import ChangesAnswer

CHANGES_PATH = "/v1/changes"

_changes = msgspec.json.Decoder(ChangesAnswer)
_error = msgspec.json.Decoder(ErrorAnswer)


def read_changes_answer(body: bytes) -> ChangesAnswer:
    """What became of a batch. Raises ValueError with a clause for people."""
    try:
        return _changes.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def read_error(body: bytes) -> Told | None:
    """What the body of an error says; None where it is not in this dialect's form."""
    try:
        return _error.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
