"""Requests that carry one thing or many: how they are taken apart, and how errors in
them name the part at fault."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from wakeful.core.errors import InvalidRequest, TooLarge
from wakeful.dialects import times

MOST = 1000
"""The most changes or events in one request."""

LONGEST_KEY = 255
"""The longest idempotency key, in characters."""

T = TypeVar("T")

_parts = msgspec.json.Decoder(msgspec.Raw | list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])


class WholeBodies(Generic[T]):
    """Reads bodies of parts of type *part* in one go, under *name* where there are many: in a third
    of the time that they take part by part."""

    def __init__(self, name: str, part: Any) -> None:
        many = msgspec.defstruct(
            "Many", [("parts", list[part])], rename={"parts": name}, forbid_unknown_fields=True
        )
        self._one: msgspec.json.Decoder[T] = msgspec.json.Decoder(part)
        self._list: msgspec.json.Decoder[list[T]] = msgspec.json.Decoder(list[part])
        self._many: msgspec.json.Decoder[Any] = msgspec.json.Decoder(many)
        self._is_many = re.compile(rb'\s*\{\s*"%b"' % name.encode()).match

    def read(self, body: bytes) -> list[T] | None:
        """The parts of *body*; None where something may be wrong with it, which `parse_batch`
        says."""
        try:
            if self._is_many(body):
                parts: list[T] = self._many.decode(body).parts
            elif body[:1] == b"[":
                parts = self._list.decode(body)
            else:
                return [self._one.decode(body)]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return parts if 0 < len(parts) <= MOST else None


def parse_batch(body: bytes, name: str, parse: Callable[[msgspec.Raw], T]) -> tuple[T, ...]:
    """What *parse* makes of each part of *body*: of one object, of a list, or of the list
    under *name* in an object.

    Raises InvalidRequest, whose field begins with `name[index]` where there is a list, and
    TooLarge.
    """
    parts = _take_apart(body, name)
    if isinstance(parts, msgspec.Raw):
        return (parse(parts),)
    if not parts:
        raise InvalidRequest(f"there are no {name}", field=name)
    if len(parts) > MOST:
        raise TooLarge(f"a request has at most {MOST} {name}", field=name)
    results = []
    for index, part in enumerate(parts):
        try:
            results.append(parse(part))
        except InvalidRequest as error:
            inner = error.field
            error.field = f"{name}[{index}]" + (f".{inner}" if inner else "")
            raise
    return tuple(results)


def parse_time(value: str | int | None, field: str) -> int | None:
    """Milliseconds, as they are or from RFC 3339 text. Raises InvalidRequest."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = times.parse(value)
        except ValueError:
            raise InvalidRequest(
                "a time is RFC 3339 with an offset, or milliseconds since 1970", field=field
            ) from None
    if not 0 <= value <= times.LATEST:
        raise InvalidRequest("a time is between the years 1970 and 9999", field=field)
    return value


def check_key(key: str) -> str:
    """Return the idempotency key if it is one, else raise InvalidRequest."""
    if not 1 <= len(key) <= LONGEST_KEY:
        raise InvalidRequest(
            f"a key has between 1 and {LONGEST_KEY} characters", field="Idempotency-Key"
        )
    return key


def digest_of(user: int, body: bytes) -> bytes:
    """What a request is told from another by that comes under the same key (32 bytes).

    Who is acted for belongs to it: the grant alone does not tell. The route does not, for no
    body makes sense on two.
    """
    return hashlib.sha256(f"{user}\0".encode() + body).digest()


def _take_apart(body: bytes, name: str) -> msgspec.Raw | list[msgspec.Raw]:
    try:
        if body.lstrip()[:1] == b"[":
            return _list.decode(body)
        whole = _object.decode(body)
        if name not in whole:
            return msgspec.Raw(body)
        for key in whole:
            if key != name:
                raise InvalidRequest(f"unknown key {key!r} beside {name!r}", field=key)
        return _list.decode(whole[name])
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"the body is one object, or {{{name!r}: [...]}} with objects: {error}"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"malformed JSON: {error}") from None
