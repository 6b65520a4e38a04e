"""What the rules can write.

Single rows are put whole (insert or replace by id). The set-based writes touch
a subtree of a journal in one step, whatever its size.

The numbers of a journal are given by the store, one to each row that is
written, in ascending order of path, so that parents stand before children.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import msgspec

from wakeful.core.credentials import App, Code, Grant, Password, PublicKey, Token
from wakeful.core.events import Entry
from wakeful.core.items import Comment, Item, Version
from wakeful.core.lookups import Lookup, Remembered
from wakeful.core.people import Enterprise, Member, Namespace, User

T = TypeVar("T")


class Write(msgspec.Struct, frozen=True):
    """Something that a rule wants written; answered with None unless it says otherwise."""


class PutItems(Write, frozen=True):
    items: tuple[Item, ...]


class PutVersion(Write, frozen=True):
    """Keep an earlier version of a file."""

    version: Version


class RemoveSubtree(Write, frozen=True):
    """Remove an item and everything below it for good, with all comments and earlier versions. The
    journal is not touched."""

    item: int


class RehomeSubtree(Write, frozen=True):
    """Give everything below an item (not the item itself) another namespace."""

    item: int
    namespace: int


class PutComment(Write, frozen=True):
    """Its item stays what it was."""

    comment: Comment


class RemoveComment(Write, frozen=True):
    """The replies to it stay."""

    comment: int


class JournalPut(Write, frozen=True):
    """Put `item` at `path`, with the next number. `mount` marks the row of a mount; `spelling`
    is that of the row."""

    namespace: int
    path: str
    item: int
    mount: int | None = None
    spelling: str | None = None


class JournalPuts(Write, frozen=True):
    """`JournalPut` for each path, item and spelling, in their order."""

    namespace: int
    rows: tuple[tuple[str, int, str | None], ...]


class JournalDrop(Write, frozen=True):
    """Turn the row at `path` and all below it into tombstones, each with its own new number and
    its old spelling."""

    namespace: int
    path: str


class JournalMove(Write, frozen=True):
    """Move the row at `path` and all live rows below it to `to_path` in `to_namespace`.

    The old rows become tombstones, the new ones replace tombstones in their
    place; each takes its own new number, all tombstones before all new rows.
    Where both places are the same (a change of case only), the rows just take
    new numbers. `spelling` is that of the row at `to_path`; all others keep theirs.
    """

    namespace: int
    path: str
    to_namespace: int
    to_path: str
    spelling: str | None = None


class Append(Write, frozen=True):
    """Put events into streams, in the order given. At most one in a command.

    Answered with a tuple: for each entry a dict of stream to the number that
    the event has there. Numbers in a stream are consecutive.
    """

    entries: tuple[Entry, ...]


class PutRemembered(Write, frozen=True):
    grant: int
    key: str
    remembered: Remembered


class PutSetting(Write, frozen=True):
    name: str
    value: bytes | None  # None removes it


class PutEnterprise(Write, frozen=True):
    enterprise: Enterprise


class PutUser(Write, frozen=True):
    user: User


class PutNamespace(Write, frozen=True):
    namespace: Namespace


class RemoveNamespace(Write, frozen=True):
    """Remove a namespace alone: neither members, items nor journal are touched."""

    namespace: int


class PutMember(Write, frozen=True):
    member: Member


class RemoveMember(Write, frozen=True):
    namespace: int
    user: int


class PutApp(Write, frozen=True):
    app: App


class RemoveApp(Write, frozen=True):
    """Remove an app with its keys. Its grants stay."""

    app: int


class PutPublicKey(Write, frozen=True):
    key: PublicKey


class RemovePublicKey(Write, frozen=True):
    app: int
    kid: str


class PutGrant(Write, frozen=True):
    grant: Grant


class PutToken(Write, frozen=True):
    """Tokens that expired a while ago are removed in passing, a few at a time."""

    token: Token


class PutAssertion(Write, frozen=True):
    """Remember that an app used this `jti`, until `expires_at`; those that expired are
    forgotten in passing, a few at a time."""

    app: int
    jti: str
    expires_at: int


class PutPassword(Write, frozen=True):
    """Let this be the one password of its user."""

    password: Password


class PutCode(Write, frozen=True):
    """Codes that expired a while ago are removed in passing, a few at a time."""

    code: Code


Steps = Generator[Lookup[Any] | Write, Any, T]
"""A rule at work: yields look-ups and writes, is sent their answers, returns T."""

Command = Callable[[int], Steps[T]]
"""What `Store.commit` carries out: called inside the transaction with the time of the
commit in milliseconds, which never falls from one command to the next."""
