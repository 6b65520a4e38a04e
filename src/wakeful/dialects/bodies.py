"""JSON that clients send, read into msgspec types with errors that name the field at fault."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from wakeful.core.errors import InvalidRequest

T = TypeVar("T")


def decode(part: msgspec.Raw | bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """*part* in the form of *decoder*; raises InvalidRequest that names the field at fault."""
    try:
        return decoder.decode(part)
    except msgspec.ValidationError as error:
        raise _named(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"malformed JSON: {error}") from None


def _named(message: str) -> InvalidRequest:
    """What msgspec says, with the place that it names as the field."""
    text, _, place = message.partition(" - at `$")
    field = place.rstrip("`").removeprefix(".").removeprefix("[...]")
    for start in ("Object contains unknown field `", "Object missing required field `"):
        if text.startswith(start):
            name = text.removeprefix(start).rstrip("`")
            field = f"{field}.{name}" if field else name
    return InvalidRequest(text, field=field or None)
