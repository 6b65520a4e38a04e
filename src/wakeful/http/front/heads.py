"""Reads a plain request in one look, without a parser.

Rule 1: it is for what the loops of clients send: one whole head, with nothing behind it but a whole
short body, if it is the head of a POST. What is written in any other way is left to the parser,
which also says what is wrong with it: nothing is refused here.

Rule 2: what is understood here, the parser would have understood in the same way.
"""

from __future__ import annotations

import re
from enum import IntEnum

from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Headers, Request

_LONGEST = 4 * 1024  # bytes: what is longer is not what loops send

_FIRST = re.compile(
    rb"(GET|OPTIONS|POST) (/[A-Za-z0-9._~/-]*)(?:\?([A-Za-z0-9._~/=&%+:,-]*))? HTTP/1\.1\r\n"
)

_LINE = re.compile(rb"([A-Za-z0-9-]+): ?([!-~](?:[ -~]*[!-~])?)")

_FRAMING = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"http2-settings",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers that say something about the connection or the body, and not only about the request."""


def begins_plainly(data: bytes) -> re.Match[bytes] | None:
    """The first line of *data*, if it is one of a plain request."""
    return _FIRST.match(data) if len(data) <= _LONGEST else None


class _Kind(IntEnum):
    """What a line has to do with where the request ends."""

    NOTHING = 0
    HOST = 1
    LENGTH = 2
    UNUSUAL = 3


_Line = tuple[tuple[bytes, bytes], _Kind]

# Clients send most lines again and again. What one says is remembered, if it is short and of a
# kind that never is a secret: so it is looked at once, and there is one copy of it. There is no
# end of the names under which proxies and clients send secrets.
_remembered: dict[bytes, _Line] = {}
_MOST_REMEMBERED = 1_000
_SHORT = 100
_OPEN = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"connection",
        b"content-length",
        b"content-type",
        b"host",
        b"pragma",
        b"user-agent",
        b"x-box-ua",
    }
)


_Lines = tuple[Headers, int | None]

# And all lines of a head but the one with the token, where all of them are of such kinds: they are
# the same for all clients of one sort.
_known: dict[bytes, _Lines] = {}
_LONGEST_KNOWN = 600

_STARTS = frozenset({b"\r\nA", b"\r\na"})
_BEARER = re.compile(rb"Bearer [!-~]+\Z")


def plain_request(data: bytes, first: re.Match[bytes], limits: Limits) -> Request | None:
    """The request of which *data* is all there is, and *first* the first line; None where the
    parser has to read it."""
    begin = first.end()
    end = data.find(b"\r\n\r\n", begin)
    if end < 0 or end + 4 > limits.head:
        return None
    place, secret, rest = _apart(data, begin, end + 2)
    lines = _known.get(rest) or _read_all(rest)
    if lines is None:
        return None
    open_headers, length = lines
    headers = [*open_headers]
    if secret is not None:
        headers.insert(place, (b"authorization", secret))
    method, path, query = first.groups()
    is_long = len(path) + len(query or b"") >= limits.url or len(headers) > limits.headers
    if is_long or (length is None) is (method == b"POST"):
        return None
    if (length or 0) != len(data) - end - 4:
        return None
    request = Request(method, query or b"", headers, keep_alive=True)
    request.body = data[end + 4 :]
    return request


def _apart(data: bytes, begin: int, end: int) -> tuple[int, bytes | None, bytes]:
    """Of the lines from *begin* to *end* the one with a token, which is different for each client:
    its place and its value, None where it is written in another way than usual; and the others."""
    at = data.find(b"uthorization: Bearer ", begin, end)
    if at > begin:
        stop = data.find(b"\r\n", at, end)
        if data[at - 3 : at] in _STARTS and _BEARER.match(data, at + 14, stop):
            rest = data[begin : at - 1] + data[stop + 2 : end]
            return data.count(b"\r\n", begin, at), data[at + 14 : stop], rest
    return 0, None, data[begin:end]


def _read_all(text: bytes) -> _Lines | None:
    """The headers in the lines of *text* and the length of the body, if it says one; None where
    the parser has to read them."""
    headers = []
    hosts = 0
    length: int | None = None
    is_open = len(text) <= _LONGEST_KNOWN
    for line in text[:-2].split(b"\r\n"):
        header, kind = _remembered.get(line) or _read(line)
        headers.append(header)
        is_open = is_open and header[0] in _OPEN
        if not kind:
            continue
        if kind is _Kind.HOST:
            hosts += 1
        elif kind is _Kind.LENGTH and length is None:
            length = int(header[1])
        else:
            return None
    if hosts != 1:
        return None
    lines = headers, length
    if is_open:
        if len(_known) >= _MOST_REMEMBERED:
            _known.clear()
        _known[text] = lines
    return lines


def _read(line: bytes) -> _Line:
    found = _LINE.fullmatch(line)
    if found is None:
        return (line, b""), _Kind.UNUSUAL
    name, value = found[1].lower(), found[2]
    read = (name, value), _kind_of(name, value)
    if len(line) <= _SHORT and name in _OPEN:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[line] = read
    return read


def _kind_of(name: bytes, value: bytes) -> _Kind:
    if name == b"host":
        return _Kind.HOST
    if name == b"content-length" and value.isdigit():
        return _Kind.LENGTH
    if name not in _FRAMING or (name == b"connection" and value.lower() == b"keep-alive"):
        return _Kind.NOTHING
    return _Kind.UNUSUAL
