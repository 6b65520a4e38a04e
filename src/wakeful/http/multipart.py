"""Bodies of the type `multipart/form-data` (RFC 7578), part by part as they come.

Rule 1: no more of a body is in memory than one piece of it, however large its parts are.

Rule 2: all that is not of a file (other parts, the headers of parts) has a bound together, so that
the length of a body says how large its file is, but for so much.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from wakeful.core.errors import InvalidRequest, TooLarge
from wakeful.http.requests import body_of

MOST_BESIDE = 1024 * 1024
"""Bytes of a body that are not of a file."""


class Begun(msgspec.Struct, frozen=True):
    """A part begins: its name, and whether it is a file, by its name or that of its file."""

    name: str
    is_file: bool


class Ended(msgspec.Struct, frozen=True):
    """A part has ended."""


ENDED = Ended()

Piece = Begun | bytes | Ended


async def pieces(request: Request) -> AsyncGenerator[Piece, None]:
    """What is in the body of *request*: for each part `Begun`, its bytes, `ENDED`.

    Raises InvalidRequest where it is no such body, or ends early, TooLarge, and as `body_of`.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidRequest("the body is multipart/form-data", field="Content-Type")
    reading = _Reading()
    try:
        parser = MultipartParser(boundary, reading.callbacks())  # type: ignore[arg-type] # it takes a subset
        async for data in body_of(request):
            parser.write(data)
            if reading.beside > MOST_BESIDE:
                raise TooLarge(f"a form has at most {MOST_BESIDE} bytes beside its file")
            for piece in reading.taken():
                yield piece
    except FormParserError as error:
        raise InvalidRequest(f"malformed multipart/form-data: {error}") from None
    if not reading.is_whole:
        raise InvalidRequest("the body ends before its last boundary")


class _Reading:
    """What the parser told since it was last asked."""

    def __init__(self) -> None:
        self.is_whole = False
        self.beside = 0
        self._is_file = False
        self._pieces: list[Piece] = []
        self._field = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._field_goes_on,
            "on_header_value": self._value_goes_on,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._all_ends,
        }

    def taken(self) -> list[Piece]:
        pieces, self._pieces = self._pieces, []
        return pieces

    def _part_begins(self) -> None:
        self._headers = {}

    def _field_goes_on(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self.beside += end - start

    def _value_goes_on(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self.beside += end - start

    def _header_ends(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode(errors="replace")
        begun = Begun(name, b"filename" in options or name == "file")
        self._is_file = begun.is_file
        self._pieces.append(begun)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            self.beside += end - start
        self._pieces.append(data[start:end])

    def _part_ends(self) -> None:
        self._pieces.append(ENDED)

    def _all_ends(self) -> None:
        self.is_whole = True
