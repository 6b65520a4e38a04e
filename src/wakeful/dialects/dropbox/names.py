"""What things are called on Dropbox's wire: ids, revisions, times."""

from __future__ import annotations

import re

from wakeful.dialects.times import text_of

_ACCOUNT, _ACCOUNT_DIGITS = "dbid:", 35
_MEMBER, _MEMBER_DIGITS = "dbmid:", 34
_FILL = "A"
_ITEM = "id:"
_MOST_DIGITS = 18
_VERSION_DIGITS = 15

ACCOUNT_LENGTH = len(_ACCOUNT) + _ACCOUNT_DIGITS


def account_id(user: int) -> str:
    """The id of a user's account; SDKs refuse any other length than 40 (dropbox.md 2.6)."""
    return _ACCOUNT + str(user).rjust(_ACCOUNT_DIGITS, _FILL)


def member_id(user: int) -> str:
    """The id of a user as a member of their team."""
    return _MEMBER + str(user).rjust(_MEMBER_DIGITS, _FILL)


def user_of(text: str) -> int | None:
    """The user whose `account_id`, or whose id as a member of a team, is *text*."""
    for prefix, digits in ((_ACCOUNT, _ACCOUNT_DIGITS), (_MEMBER, _MEMBER_DIGITS)):
        if text.startswith(prefix) and len(text) == len(prefix) + digits:
            return number_of(text.removeprefix(prefix).lstrip(_FILL))
    return None


def item_id(item: int) -> str:
    return f"{_ITEM}{item}"


def item_of(text: str) -> int | None:
    """The item whose `item_id` is *text*."""
    return number_of(text.removeprefix(_ITEM)) if text.startswith(_ITEM) else None


def number_of(text: str) -> int | None:
    """The number in *text*, which has nothing else."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def revision(version: int) -> str:
    """A `rev`: SDKs want nine hex digits at least, in lower case."""
    return f"{version:015x}"


def file_revision(file: int, version: int) -> str:
    """The `rev` of a version of a file, by which that file is found again (`rev:...`)."""
    return f"{file:x}{version:0{_VERSION_DIGITS}x}"


def of_file_revision(text: str) -> tuple[int, int] | None:
    """The file and the version whose `file_revision` is *text*."""
    if not re.fullmatch(f"[0-9a-f]{{1,15}}[0-9a-f]{{{_VERSION_DIGITS}}}", text):
        return None
    return int(text[:-_VERSION_DIGITS], 16), int(text[-_VERSION_DIGITS:], 16)


def zulu(ms: int) -> str:
    """*ms* in the one form that SDKs take: `2015-05-12T15:50:38Z`."""
    return text_of(ms)[: len("2015-05-12T15:50:38")] + "Z"
