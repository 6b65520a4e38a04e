"""What clients of version 1 send: parameters in the query or in a form (dropbox.md 1)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_to_bytes

from wakeful.core.errors import InvalidName, InvalidRequest
from wakeful.core.journal import fold
from wakeful.core.names import split_path
from wakeful.dialects.dropbox.arguments import LONGEST_TIMEOUT, MOST_ENTRIES, SHORTEST_TIMEOUT
from wakeful.dialects.dropbox.names import number_of
from wakeful.dialects.dropbox.v1.errors import BadParameter

FORM = "application/x-www-form-urlencoded"
DEFAULT_FILE_LIMIT, MOST_FILES = 10_000, 25_000
DEFAULT_REVISIONS, MOST_REVISIONS = 10, 1000
ROOTS = ("auto", "dropbox", "sandbox")
"""What stands for the user's view in a URL. The last is the folder of an app that sees nothing
else; here there are no such apps, and what a token opens is the whole view."""

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_MOST_ECHOED = 200

Parameters = Mapping[str, str]


def parse_form(text: bytes, media: str = FORM) -> dict[str, str]:
    """The parameters in a query or a body; of one that is there twice, the last.

    Raises InvalidRequest.
    """
    if not text:
        return {}
    if media and media.partition(";")[0].strip().lower() != FORM:
        raise InvalidRequest(
            f'Bad HTTP "Content-Type" header: "{media[:_MOST_ECHOED]}".  Expecting "{FORM}".'
        )
    try:
        return dict(parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict"))
    except (UnicodeDecodeError, ValueError):
        raise InvalidRequest("The parameters are not UTF-8, or too many") from None


def parse_flag(given: Parameters, name: str, default: bool | None = False) -> bool | None:
    """A boolean in any case, for Python's client writes `True`. Raises BadParameter."""
    text = given.get(name)
    if not text:
        return default
    flag = _FLAGS.get(text.lower())
    if flag is None:
        raise BadParameter(name, f"expected a boolean, got '{text[:_MOST_ECHOED]}'")
    return flag


def parse_number(given: Parameters, name: str, default: int, least: int, most: int) -> int:
    """An integer between *least* and *most*. Raises BadParameter."""
    text = given.get(name)
    if not text:
        return default
    number = number_of(text)
    if number is None or not least <= number <= most:
        raise BadParameter(name, f"'{text[:_MOST_ECHOED]}' is not in {least}..{most}")
    return number


def parse_timeout(given: Parameters) -> int:
    return parse_number(given, "timeout", SHORTEST_TIMEOUT, SHORTEST_TIMEOUT, LONGEST_TIMEOUT)


def parse_limit(given: Parameters) -> int:
    """How many entries a page may have, 0 where that is not said. Dropbox has no such parameter."""
    return parse_number(given, "limit", 0, 1, MOST_ENTRIES)


def parse_file_limit(given: Parameters) -> int:
    return parse_number(given, "file_limit", DEFAULT_FILE_LIMIT, 1, MOST_FILES)


def parse_rev_limit(given: Parameters) -> int:
    return parse_number(given, "rev_limit", DEFAULT_REVISIONS, 1, MOST_REVISIONS)


def parse_prefix(given: Parameters) -> str | None:
    """`path_prefix` in journal keys; None where none is given. Raises BadParameter."""
    text = given.get("path_prefix")
    if text is None:
        return None
    try:
        return keys_of(text)
    except InvalidName as error:
        raise BadParameter("path_prefix", str(error)) from None


def keys_of(path: str) -> str:
    """*path* in journal keys, with or without slashes around it. Raises InvalidName."""
    inner = path.strip("/")
    return "/".join(fold(name) for name in split_path(f"/{inner}")) if inner else ""


def check_encoding(path: bytes) -> None:
    """Raise InvalidRequest for a quoted *path* that is not UTF-8."""
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise InvalidRequest("The path is not UTF-8") from None


def check_root(root: str) -> None:
    """Raise InvalidRequest for a root that there is not."""
    if root not in ROOTS:
        raise InvalidRequest(
            f"Expected 'root' to be 'dropbox', 'sandbox', or 'auto', got '{root[:_MOST_ECHOED]}'"
        )
