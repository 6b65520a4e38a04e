"""What clients send: arguments in JSON, and the paths in them."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeVar

import msgspec

from wakeful.core.errors import InvalidName, InvalidRequest
from wakeful.core.journal import fold
from wakeful.core.names import split_path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.names import number_of, of_file_revision

MOST_ENTRIES = 2000
SHORTEST_TIMEOUT, LONGEST_TIMEOUT = 30, 480

CONTENT_TYPES = (
    "application/json",
    "application/json; charset=utf-8",
    "text/plain; charset=dropbox-cors-hack",
)
"""The last is what browsers send without asking first."""

UPLOAD_CONTENT_TYPES = (
    "application/octet-stream",
    "text/plain; charset=dropbox-cors-hack",
)
"""Those of a request whose body is a content."""

_PATTERN = r"(/(.|[\r\n])*)?|id:.*|(ns:[0-9]+(/.*)?)"
_REV, _REV_PATTERN = "rev:", r"rev:[0-9a-f]{9,}"
_PLACE = re.compile(r" - at `\$\.?(.*)`$")

T = TypeVar("T")


class Path(NamedTuple):
    """Where a client points: `keys` under a namespace (None: the user's own view), an id, or a
    revision: a file and its version."""

    keys: str = ""
    namespace: int | None = None
    id: str | None = None
    revision: tuple[int, int] | None = None

    @property
    def is_root(self) -> bool:
        return self == Path()


def check_content_type(given: str | None, expected: tuple[str, ...] = CONTENT_TYPES) -> None:
    """Raise InvalidRequest for a body that is not said to be of one of the types *expected*."""
    given = given or ""
    if given in expected:
        return
    if given.replace(" ", "").lower() not in {each.replace(" ", "") for each in expected}:
        types = ", ".join(f'"{each}"' for each in expected)
        raise InvalidRequest(
            f'Bad HTTP "Content-Type" header: "{given[:200]}".  Expecting one of {types}.'
        )


def parse(body: bytes, kind: type[T], where: str = "request body") -> T:
    """The argument of a call. Raises InvalidRequest with the words for it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PLACE.search(text)
        field = f"{place[1]}: " if place and place[1] else ""
        about = _PLACE.sub("", text)
        raise InvalidRequest(f"{where}: {field}{about[:1].lower()}{about[1:]}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest(f"{where}: could not decode input as JSON") from None


def check_void(body: bytes) -> None:
    """Raise InvalidRequest unless there is no argument."""
    if body.strip() not in (b"", b"null"):
        raise InvalidRequest("request body: expected null, got value")


def parse_limit(limit: int | None) -> int:
    """The *limit* of a call, 0 where it has none. Raises InvalidRequest."""
    if limit is None:
        return 0
    if not 1 <= limit <= MOST_ENTRIES:
        raise InvalidRequest(f"request body: limit: {limit} is not in 1..{MOST_ENTRIES}")
    return limit


def parse_timeout(timeout: int) -> int:
    if not SHORTEST_TIMEOUT <= timeout <= LONGEST_TIMEOUT:
        raise InvalidRequest(
            f"request body: timeout: {timeout} is not in {SHORTEST_TIMEOUT}..{LONGEST_TIMEOUT}"
        )
    return timeout


def parse_path(text: str) -> Path:
    """Where *text* points. Raises InvalidRequest for what is no path, and Refused for one that
    nothing can have."""
    if text == "/":
        raise InvalidRequest(
            'request body: path: Specify the root folder as an empty string rather than as "/".'
        )
    if text.startswith("id:"):
        return Path(id=text)
    namespace: int | None = None
    names = text
    if text.startswith("ns:"):
        number, slash, rest = text.removeprefix("ns:").partition("/")
        namespace, names = number_of(number), slash + rest
    if (names and not names.startswith("/")) or (namespace is None and names != text):
        raise InvalidRequest(
            f"request body: path: '{text[:200]}' did not match pattern '{_PATTERN}'"
        )
    if len(names) > 2 and names.startswith("//") and namespace is None:
        names = names[1:]  # rclone 1.60 writes a folder in the root so
    try:
        keys = "/".join(fold(name) for name in split_path(names))
    except InvalidName:
        raise Refused("path", "malformed_path") from None
    return Path(keys, namespace)


def parse_path_or_rev(text: str) -> Path:
    """`parse_path` for the functions that take a `rev:...`, too (`ReadPath` in files.stone)."""
    if not text.startswith(_REV):
        return parse_path(text)
    if not re.fullmatch(_REV_PATTERN, text):
        raise InvalidRequest(
            f"request body: path: '{text[:200]}' did not match pattern '{_REV_PATTERN}'"
        )
    revision = of_file_revision(text.removeprefix(_REV))
    if revision is None:
        raise Refused("path", "not_found")
    return Path(revision=revision)
