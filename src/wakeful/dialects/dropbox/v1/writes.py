"""What clients of version 1 ask to be done, as plans of version 2, and what is refused in its
statuses.

Its calls overwrite and give other names unless they are told not to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wakeful.core.drafts import Draft
from wakeful.core.errors import (
    Conflict,
    Forbidden,
    ImpossibleMove,
    InvalidName,
    NameTaken,
    NotFound,
)
from wakeful.core.people import User
from wakeful.dialects.dropbox import sessions
from wakeful.dialects.dropbox.asked import Commit, Mode, parse_rev
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.names import number_of
from wakeful.dialects.dropbox.refusals import NoLookup, NoWrite
from wakeful.dialects.dropbox.v1.errors import BadParameter, Denied, WrongOffset
from wakeful.dialects.dropbox.v1.parameters import Parameters, check_root, parse_flag

MALFORMED = ("malformed_path", "disallowed_name")


def write_path(path: str) -> str:
    """*path* as the second version has it, with or without slashes around it."""
    return "/" + path.strip("/")


def named_path(given: Parameters, name: str) -> str:
    """A path among the parameters. Raises BadParameter."""
    path = given.get(name)
    if not path:
        raise BadParameter(name, "a path is needed")
    return write_path(path)


def check_given_root(given: Parameters) -> None:
    """Raise InvalidRequest for a `root` among the parameters that there is not."""
    check_root(given.get("root") or "auto")


def parse_commit(given: Parameters, path: str) -> Commit:
    """What is to become of a content at *path*. Raises BadParameter."""
    overwrites = parse_flag(given, "overwrite", True)
    autorename = bool(parse_flag(given, "autorename", True))
    parent = given.get("parent_rev")
    mode: str | Mode = "overwrite" if overwrites else "add"
    if parent:
        mode = Mode(tag="update", update=parse_rev(parent, "parent_rev"))
    elif parent is not None:
        mode = "add"  # that nothing is there
    return Commit(path=write_path(path), mode=mode, autorename=autorename)


def parse_offset(given: Parameters) -> int:
    """Where a part of an upload begins. Raises BadParameter."""
    text = given.get("offset") or "0"
    offset = number_of(text)
    if offset is None:
        raise BadParameter("offset", f"'{text[:50]}' is no number of bytes")
    return offset


def upload_of(draft: Draft | None, user: User, now: int) -> Draft:
    """*draft*, if it is an upload of *user* that may be used *now* (ms). Raises NotFound."""
    try:
        return sessions.session_of(draft, user, now)
    except Refused:
        raise NotFound("no such upload") from None


def check_end(upload: Draft, offset: int) -> None:
    """Raise WrongOffset unless *upload* ends at *offset*."""
    if offset != upload.size:
        raise WrongOffset(upload.id, upload.size)


@contextmanager
def told(conflict: type[Conflict] | type[Denied] = Denied) -> Iterator[None]:
    """Raise what is refused in the block in the statuses of version 1; *conflict* is said where
    something is at the path already."""
    try:
        yield
    except NoWrite as error:
        if error.tags[0] in MALFORMED:
            raise BadParameter("path", error.tags[0]) from None
        if error.tags[0] == "conflict":
            raise conflict("There is something at this path already") from None
        raise Denied(f"The path cannot be written to ({error})") from None
    except NoLookup:
        raise NotFound("nothing is there") from None
    except Refused as error:
        if error.tags[0] in ("path", "invalid_revision"):
            raise NotFound("nothing is there") from None
        raise Denied(f"This cannot be done ({error})") from None
    except NameTaken:
        raise conflict("There is something at this path already") from None
    except InvalidName as error:
        raise BadParameter("path", str(error)) from None
    except (Forbidden, ImpossibleMove):
        raise Denied("The path cannot be written to") from None
