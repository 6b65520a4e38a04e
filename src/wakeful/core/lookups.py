"""What can be asked of a store.

A look-up is a value; its type parameter is the type of the answer. The rules
(`core.tree` and its neighbours) yield look-ups and writes; a store answers them
inside its transaction, and `Store.ask` answers a look-up alone, in one snapshot.
Lists of members, users and so on are in ascending order of id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from wakeful.core.events import StoredEvent, StreamClass
from wakeful.core.items import (
    App,
    Code,
    Enterprise,
    Grant,
    Item,
    JournalRow,
    Member,
    Namespace,
    Password,
    PublicKey,
    Token,
    User,
)
from wakeful.core.listings import BY_NAME, Sorting, Spot
from wakeful.core.positions import Asked, Since, StreamState

T = TypeVar("T")


class Lookup(Generic[T]):
    """Something that can be asked; the answer has type T."""

    __slots__ = ()


# --- trees ---


@dataclass(frozen=True, slots=True)
class ItemById(Lookup[Item | None]):
    """The item, trashed or not."""

    id: int


@dataclass(frozen=True, slots=True)
class ChildByName(Lookup[Item | None]):
    """The item of exactly that name in a folder, trashed ones left out."""

    parent: int
    name: str


@dataclass(frozen=True, slots=True)
class Lineage(Lookup[tuple[Item, ...]]):
    """The item with all above it: from the root of its namespace down to the item itself.

    Empty where there is no such item.
    """

    id: int


@dataclass(frozen=True, slots=True)
class Children(Lookup[tuple[Item, ...]]):
    """A page of what is in a folder, trashed items left out.

    It begins after `start`: that many items, or a spot of the same order.
    """

    parent: int
    start: int | Spot
    limit: int
    sorting: Sorting = BY_NAME


@dataclass(frozen=True, slots=True)
class CountChildren(Lookup[int]):
    """How many items are in a folder, trashed ones left out."""

    parent: int


@dataclass(frozen=True, slots=True)
class Trashed(Lookup[tuple[Item, ...]]):
    """A page of the items of some namespaces that are trashed themselves; `start` as in
    `Children`."""

    namespaces: tuple[int, ...]
    start: int | Spot
    limit: int
    sorting: Sorting = BY_NAME


@dataclass(frozen=True, slots=True)
class CountTrashed(Lookup[int]):
    """How many items of some namespaces are trashed themselves."""

    namespaces: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ItemsOf(Lookup[tuple[Item, ...]]):
    """A page of the items of a namespace that are not trashed themselves: ids > `after`, rising."""

    namespace: int
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class NamedContents(Lookup[frozenset[str]]):
    """Those of `addresses` that some item names as its content, be it in the trash."""

    addresses: tuple[str, ...]


# --- journals ---


@dataclass(frozen=True, slots=True)
class JournalAt(Lookup[JournalRow | None]):
    """The row at one path, a tombstone too."""

    namespace: int
    path: str


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Rows in the order of their numbers, and the journal as it was in the same snapshot."""

    rows: tuple[JournalRow, ...]
    head: int  # the journal's last number, 0 if none
    trimmed: int  # the greatest number of a tombstone already removed, 0 if none


@dataclass(frozen=True, slots=True)
class ReadJournal(Lookup[JournalPage]):
    """The rows with a number greater than `after`, at most `limit` of them."""

    namespace: int
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class JournalListing:
    """Rows with their items, and the journal as it was in the same snapshot.

    `next` is the number up to which every row that was asked for is in `rows`, here or in
    what came before: the head where nothing is left.
    """

    rows: tuple[JournalRow, ...]
    items: Mapping[int, Item]  # those of the rows, and all folders above them, by id
    next: int
    head: int
    trimmed: int


MOST_LOOKED_AT = 20_000
"""Rows of a journal that one `ListJournal` looks at, however few of them it is asked for."""


@dataclass(frozen=True, slots=True)
class ListJournal(Lookup[JournalListing]):
    """The rows with a number greater than `after`, in order, at most `limit` (> 0) of them.

    Of a folder: the row at `under` and those below it, all rows where that is empty; not
    `deep`: only those directly in it. Tombstones with a number up to `buried_after` are left
    out.
    """

    namespace: int
    after: int
    limit: int
    under: str = ""
    deep: bool = True
    buried_after: int = 0


@dataclass(frozen=True, slots=True)
class JournalHeads(Lookup[tuple[int, ...]]):
    """The last numbers of journals, in the order asked; 0 for one without rows."""

    namespaces: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpaceUsed(Lookup[int]):
    """The bytes of all files in a namespace, trashed ones left out."""

    namespace: int


# --- streams ---


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream, read in one snapshot.

    `start` is the number after which it begins. `next` is the number to go on from: that of
    the last event given, or the stream's last where nothing that matches remains.
    """

    events: tuple[StoredEvent, ...]
    state: StreamState
    start: int
    next: int
    gap: bool


@dataclass(frozen=True, slots=True)
class ReadStream(Lookup[Page]):
    """At most `limit` events of one class, from where `asked` is served.

    In the stream of an enterprise, whose class is ALL, `types` leaves out all events of other
    types (as they are stored); other streams have no types. Inside a command neither `types`
    nor Since can be asked.
    """

    stream: int
    asked: Asked | Since
    limit: int
    cls: StreamClass = StreamClass.ALL
    types: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """One page of a timeline, read in one snapshot.

    `start` and `next` are positions, where the page begins and where to go on; `oldest` is one
    before the oldest event kept. Every event that the page was asked for, dated between its
    start and `complete_until` (ms, included) and in the snapshot, is in the page; `more` says
    that there are others behind it.
    """

    events: tuple[StoredEvent, ...]
    state: StreamState
    start: int
    next: int
    gap: bool
    more: bool
    complete_until: int
    oldest: int


@dataclass(frozen=True, slots=True)
class ReadTimeline(Lookup[TimelinePage]):
    """At most `limit` events of an enterprise's stream in the order of event time, from where
    `asked` is served: of `types` only, not before `after`, and before `before` (ms).

    `core.timeline` says what is a position here. Not inside a command.
    """

    stream: int
    asked: Asked
    limit: int
    types: frozenset[str] | None = None
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class StreamStates(Lookup[tuple[StreamState, ...]]):
    """The states of streams, in the order asked. One without events is at number 0."""

    streams: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LastKey(Lookup[int]):
    """The key of the newest event in the store, 0 if there is none.

    While it stays the same, no stream has grown.
    """


# --- people and access ---


@dataclass(frozen=True, slots=True)
class Enterprises(Lookup[tuple[Enterprise, ...]]):
    """All of them."""


@dataclass(frozen=True, slots=True)
class UserById(Lookup[User | None]):
    id: int


@dataclass(frozen=True, slots=True)
class UserByLogin(Lookup[User | None]):
    """Logins are unique in a store, whatever their case."""

    login: str


@dataclass(frozen=True, slots=True)
class Users(Lookup[tuple[User, ...]]):
    """All users of an enterprise."""

    enterprise: int


@dataclass(frozen=True, slots=True)
class DisabledUsers(Lookup[frozenset[int]]):
    """The ids of the users of an enterprise who are disabled."""

    enterprise: int


@dataclass(frozen=True, slots=True)
class NamespaceById(Lookup[Namespace | None]):
    id: int


@dataclass(frozen=True, slots=True)
class Namespaces(Lookup[tuple[Namespace, ...]]):
    """All namespaces of an enterprise."""

    enterprise: int


@dataclass(frozen=True, slots=True)
class Members(Lookup[tuple[Member, ...]]):
    """The members of a namespace, its owner among them."""

    namespace: int


@dataclass(frozen=True, slots=True)
class MembershipsOf(Lookup[tuple[Member, ...]]):
    """The memberships of a user, the one in their own home among them."""

    user: int


@dataclass(frozen=True, slots=True)
class AppById(Lookup[App | None]):
    id: int


@dataclass(frozen=True, slots=True)
class AppByClientId(Lookup[App | None]):
    """Client ids are unique in a store."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Apps(Lookup[tuple[App, ...]]):
    """All apps of an enterprise."""

    enterprise: int


@dataclass(frozen=True, slots=True)
class PublicKeys(Lookup[tuple[PublicKey, ...]]):
    """The keys of an app, in the order of their names."""

    app: int


@dataclass(frozen=True, slots=True)
class GrantById(Lookup[Grant | None]):
    id: int


@dataclass(frozen=True, slots=True)
class Grants(Lookup[tuple[Grant, ...]]):
    """The grants of a user, revoked ones too."""

    user: int


@dataclass(frozen=True, slots=True)
class GrantsOfApp(Lookup[tuple[Grant, ...]]):
    """The grants of a registered app, revoked ones too."""

    app: int


@dataclass(frozen=True, slots=True)
class StandingGrant(Lookup[Grant | None]):
    """The standing grant of a user and an app that is not revoked; there is one at most."""

    user: int
    app: int


@dataclass(frozen=True, slots=True)
class TokenByDigest(Lookup[Token | None]):
    digest: bytes


@dataclass(frozen=True, slots=True)
class TokenById(Lookup[Token | None]):
    id: int


@dataclass(frozen=True, slots=True)
class Tokens(Lookup[tuple[Token, ...]]):
    """All tokens of an enterprise, revoked ones too.

    Those that expired a while ago may be gone, here and in every other look-up.
    """

    enterprise: int


@dataclass(frozen=True, slots=True)
class TokensOfGrant(Lookup[tuple[Token, ...]]):
    """All tokens under a grant, revoked ones too."""

    grant: int


@dataclass(frozen=True, slots=True)
class PasswordOf(Lookup[Password | None]):
    """The password of a user, None where there is none."""

    user: int


@dataclass(frozen=True, slots=True)
class CodeByDigest(Lookup[Code | None]):
    """An authorization code. One that expired a while ago may be gone."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class AssertionUsed(Lookup[bool]):
    """Whether an assertion of this app with this `jti` is remembered."""

    app: int
    jti: str


# --- the rest ---


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was answered to a request under an idempotency key."""

    digest: bytes  # SHA-256 of the request
    answer: bytes


@dataclass(frozen=True, slots=True)
class Remember(Lookup[Remembered | None]):
    """What this grant was answered under this key, if it is still kept."""

    grant: int
    key: str


@dataclass(frozen=True, slots=True)
class Setting(Lookup[bytes | None]):
    """A small value that the server keeps for itself (a signing secret, a source's state)."""

    name: str


@dataclass(frozen=True, slots=True)
class NewIds(Lookup[int]):
    """Take `count` fresh ids; the answer is the first of them. Only inside a command."""

    count: int = 1
