"""What an item may be called, and how a path is written.

A path is names joined by "/", with or without a leading slash; the empty path and
"/" are the root. Names are what a Linux file system can hold, so that every watched
file has a place: the dialects narrow this where their own rules are stricter.
"""

from __future__ import annotations

from wakeful.core.errors import InvalidName

LONGEST_NAME_BYTES = 255  # the limit of ext4, APFS (in characters) and Box alike
DEEPEST = 256  # folders above an item; every change walks up, so it is bounded


_NO_NAMES = frozenset({"", ".", ".."})


class NameTooLong(InvalidName):
    """A name that no file system has room for."""


def check_name(name: str) -> str:
    """Return *name* if an item can have it, else raise InvalidName."""
    if name in _NO_NAMES:
        raise InvalidName(f"{name!r} is not a name", field="name")
    if "/" in name or "\0" in name:
        raise InvalidName("a name has no slash and no NUL", field="name")
    try:
        size = len(name) if name.isascii() else len(name.encode())
    except UnicodeEncodeError:
        raise InvalidName("a name is valid Unicode", field="name") from None
    if size > LONGEST_NAME_BYTES:
        raise NameTooLong(f"a name has at most {LONGEST_NAME_BYTES} bytes", field="name")
    return name


def split_path(path: str) -> tuple[str, ...]:
    """The names in *path*. Raises InvalidName for `..`, NUL, empty names and too many of them."""
    if path.count("/") > DEEPEST:
        raise InvalidName(f"a path has at most {DEEPEST} names", field="path")
    if path in ("", "/"):
        return ()
    names = path.removeprefix("/").split("/")
    # Most paths are short and plain: looked at as a whole, in a third of the time.
    is_plain = len(path) <= LONGEST_NAME_BYTES and path.isascii() and "\0" not in path
    if is_plain and _NO_NAMES.isdisjoint(names):
        return tuple(names)
    try:
        return tuple(check_name(name) for name in names)
    except InvalidName as error:
        raise type(error)(f"bad path: {error}", field="path") from None
