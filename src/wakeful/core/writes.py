"""What the rules can write.

Single rows are put whole (insert or replace by id). The set-based writes touch
a subtree of a journal in one step, whatever its size.

The numbers of a journal are given by the store, one to each row that is
written, in ascending order of path, so that parents stand before children.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from wakeful.core.events import Entry
from wakeful.core.items import (
    App,
    Code,
    Enterprise,
    Grant,
    Item,
    Member,
    Namespace,
    Password,
    PublicKey,
    Token,
    User,
)
from wakeful.core.lookups import Lookup, Remembered

T = TypeVar("T")


class Write:
    """Something that a rule wants written; answered with None unless it says otherwise."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PutItems(Write):
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class RemoveSubtree(Write):
    """Remove an item and everything below it for good. The journal is not touched."""

    item: int


@dataclass(frozen=True, slots=True)
class RehomeSubtree(Write):
    """Give everything below an item (not the item itself) another namespace."""

    item: int
    namespace: int


@dataclass(frozen=True, slots=True)
class JournalPut(Write):
    """Put `item` at `path`, with the next number. `mount` marks the row of a mount; `spelling`
    is that of the row."""

    namespace: int
    path: str
    item: int
    mount: int | None = None
    spelling: str | None = None


@dataclass(frozen=True, slots=True)
class JournalDrop(Write):
    """Turn the row at `path` and all below it into tombstones, each with its own new number and
    its old spelling."""

    namespace: int
    path: str


@dataclass(frozen=True, slots=True)
class JournalMove(Write):
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


@dataclass(frozen=True, slots=True)
class Append(Write):
    """Put events into streams, in the order given. At most one in a command.

    Answered with a tuple: for each entry a mapping of stream to the number that
    the event has there. Numbers in a stream are consecutive.
    """

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class PutRemembered(Write):
    grant: int
    key: str
    remembered: Remembered


@dataclass(frozen=True, slots=True)
class PutSetting(Write):
    name: str
    value: bytes | None  # None removes it


@dataclass(frozen=True, slots=True)
class PutEnterprise(Write):
    enterprise: Enterprise


@dataclass(frozen=True, slots=True)
class PutUser(Write):
    user: User


@dataclass(frozen=True, slots=True)
class PutNamespace(Write):
    namespace: Namespace


@dataclass(frozen=True, slots=True)
class PutMember(Write):
    member: Member


@dataclass(frozen=True, slots=True)
class RemoveMember(Write):
    namespace: int
    user: int


@dataclass(frozen=True, slots=True)
class PutApp(Write):
    app: App


@dataclass(frozen=True, slots=True)
class RemoveApp(Write):
    """Remove an app with its keys. Its grants stay."""

    app: int


@dataclass(frozen=True, slots=True)
class PutPublicKey(Write):
    key: PublicKey


@dataclass(frozen=True, slots=True)
class RemovePublicKey(Write):
    app: int
    kid: str


@dataclass(frozen=True, slots=True)
class PutGrant(Write):
    grant: Grant


@dataclass(frozen=True, slots=True)
class PutToken(Write):
    """Tokens that expired a while ago are removed in passing, a few at a time."""

    token: Token


@dataclass(frozen=True, slots=True)
class PutAssertion(Write):
    """Remember that an app used this `jti`, until `expires_at`; those that expired are
    forgotten in passing, a few at a time."""

    app: int
    jti: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class PutPassword(Write):
    """Let this be the one password of its user."""

    password: Password


@dataclass(frozen=True, slots=True)
class PutCode(Write):
    """Codes that expired a while ago are removed in passing, a few at a time."""

    code: Code


Steps = Generator[Lookup[Any] | Write, Any, T]
"""A rule at work: yields look-ups and writes, is sent their answers, returns T."""

Command = Callable[[int], Steps[T]]
"""What `Store.commit` carries out: called inside the transaction with the time of the
commit in milliseconds, which never falls from one command to the next."""
