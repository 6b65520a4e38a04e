"""What can be asked of a store.

A look-up is a value; its type parameter is the type of the answer. The rules
(`core.tree` and its neighbours) yield look-ups and writes; a store answers them
inside its transaction, and `Store.ask` answers a look-up alone, in one snapshot.
Lists of members, users and so on are in ascending order of id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

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


class Lookup(msgspec.Struct, Generic[T], frozen=True):
    """Something that can be asked; the answer has type T."""


# --- trees ---


class ItemById(Lookup[Item | None], frozen=True):
    """The item, trashed or not."""

    id: int


class ChildByName(Lookup[Item | None], frozen=True):
    """The item of exactly that name in a folder, trashed ones left out."""

    parent: int
    name: str


class Lineage(Lookup[tuple[Item, ...]], frozen=True):
    """The item with all above it: from the root of its namespace down to the item itself.

    Empty where there is no such item.
    """

    id: int


class Children(Lookup[tuple[Item, ...]], frozen=True):
    """A page of what is in a folder, trashed items left out.

    It begins after `start`: that many items, or a spot of the same order.
    """

    parent: int
    start: int | Spot
    limit: int
    sorting: Sorting = BY_NAME


class CountChildren(Lookup[int], frozen=True):
    """How many items are in a folder, trashed ones left out."""

    parent: int


class Trashed(Lookup[tuple[Item, ...]], frozen=True):
    """A page of the items of some namespaces that are trashed themselves; `start` as in
    `Children`."""

    namespaces: tuple[int, ...]
    start: int | Spot
    limit: int
    sorting: Sorting = BY_NAME


class CountTrashed(Lookup[int], frozen=True):
    """How many items of some namespaces are trashed themselves."""

    namespaces: tuple[int, ...]


class ItemsOf(Lookup[tuple[Item, ...]], frozen=True):
    """A page of the items of a namespace that are not trashed themselves: ids > `after`, rising."""

    namespace: int
    after: int
    limit: int


class NamedContents(Lookup[frozenset[str]], frozen=True):
    """Those of `addresses` that some item names as its content, be it in the trash."""

    addresses: tuple[str, ...]


# --- journals ---


class JournalAt(Lookup[JournalRow | None], frozen=True):
    """The row at one path, a tombstone too."""

    namespace: int
    path: str


class JournalPage(msgspec.Struct, frozen=True):
    """Rows in the order of their numbers, and the journal as it was in the same snapshot."""

    rows: tuple[JournalRow, ...]
    head: int  # the journal's last number, 0 if none
    trimmed: int  # the greatest number of a tombstone already removed, 0 if none


class ReadJournal(Lookup[JournalPage], frozen=True):
    """The rows with a number greater than `after`, at most `limit` of them."""

    namespace: int
    after: int
    limit: int


class JournalListing(msgspec.Struct, frozen=True):
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


class ListJournal(Lookup[JournalListing], frozen=True):
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


class JournalHeads(Lookup[tuple[int, ...]], frozen=True):
    """The last numbers of journals, in the order asked; 0 for one without rows."""

    namespaces: tuple[int, ...]


class MountsOf(Lookup[tuple[JournalRow, ...]], frozen=True):
    """The rows of what is mounted in the home of a user, by namespace."""

    user: int


class SpaceUsed(Lookup[int], frozen=True):
    """The bytes of all files in a namespace, trashed ones left out."""

    namespace: int


# --- streams ---


class Page(msgspec.Struct, frozen=True):
    """One page of a stream, read in one snapshot.

    `start` is the number after which it begins. `next` is the number to go on from: that of
    the last event given, or the stream's last where nothing that matches remains.
    """

    events: tuple[StoredEvent, ...]
    state: StreamState
    start: int
    next: int
    gap: bool


class ReadStream(Lookup[Page], frozen=True):
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


class TimelinePage(msgspec.Struct, frozen=True):
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


class ReadTimeline(Lookup[TimelinePage], frozen=True):
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


class StreamStates(Lookup[tuple[StreamState, ...]], frozen=True):
    """The states of streams, in the order asked. One without events is at number 0."""

    streams: tuple[int, ...]


class LastKey(Lookup[int], frozen=True):
    """The key of the newest event in the store, 0 if there is none.

    While it stays the same, no stream has grown.
    """


# --- people and access ---


class Enterprises(Lookup[tuple[Enterprise, ...]], frozen=True):
    """All of them."""


class UserById(Lookup[User | None], frozen=True):
    id: int


class UserByLogin(Lookup[User | None], frozen=True):
    """Logins are unique in a store, whatever their case."""

    login: str


class Users(Lookup[tuple[User, ...]], frozen=True):
    """All users of an enterprise."""

    enterprise: int


class DisabledUsers(Lookup[frozenset[int]], frozen=True):
    """The ids of the users of an enterprise who are disabled."""

    enterprise: int


class NamespaceById(Lookup[Namespace | None], frozen=True):
    id: int


class Namespaces(Lookup[tuple[Namespace, ...]], frozen=True):
    """All namespaces of an enterprise."""

    enterprise: int


class Members(Lookup[tuple[Member, ...]], frozen=True):
    """The members of a namespace, its owner among them."""

    namespace: int


class MembershipsOf(Lookup[tuple[Member, ...]], frozen=True):
    """The memberships of a user, the one in their own home among them."""

    user: int


class AppById(Lookup[App | None], frozen=True):
    id: int


class AppByClientId(Lookup[App | None], frozen=True):
    """Client ids are unique in a store."""

    client_id: str


class Apps(Lookup[tuple[App, ...]], frozen=True):
    """All apps of an enterprise."""

    enterprise: int


class PublicKeys(Lookup[tuple[PublicKey, ...]], frozen=True):
    """The keys of an app, in the order of their names."""

    app: int


class GrantById(Lookup[Grant | None], frozen=True):
    id: int


class Grants(Lookup[tuple[Grant, ...]], frozen=True):
    """The grants of a user, revoked ones too."""

    user: int


class GrantsOfApp(Lookup[tuple[Grant, ...]], frozen=True):
    """The grants of a registered app, revoked ones too."""

    app: int


class StandingGrant(Lookup[Grant | None], frozen=True):
    """The standing grant of a user and an app that is not revoked; there is one at most."""

    user: int
    app: int


class TokenByDigest(Lookup[Token | None], frozen=True):
    digest: bytes


class TokenById(Lookup[Token | None], frozen=True):
    id: int


class Tokens(Lookup[tuple[Token, ...]], frozen=True):
    """All tokens of an enterprise, revoked ones too.

    Those that expired a while ago may be gone, here and in every other look-up.
    """

    enterprise: int


class TokensOfGrant(Lookup[tuple[Token, ...]], frozen=True):
    """All tokens under a grant, revoked ones too."""

    grant: int


class PasswordOf(Lookup[Password | None], frozen=True):
    """The password of a user, None where there is none."""

    user: int


class CodeByDigest(Lookup[Code | None], frozen=True):
    """An authorization code. One that expired a while ago may be gone."""

    digest: bytes


class AssertionUsed(Lookup[bool], frozen=True):
    """Whether an assertion of this app with this `jti` is remembered."""

    app: int
    jti: str


# --- the rest ---


class Remembered(msgspec.Struct, frozen=True):
    """What was answered to a request under an idempotency key."""

    digest: bytes  # SHA-256 of the request
    answer: bytes


class Remember(Lookup[Remembered | None], frozen=True):
    """What this grant was answered under this key, if it is still kept."""

    grant: int
    key: str


class Setting(Lookup[bytes | None], frozen=True):
    """A small value that the server keeps for itself (a signing secret, a source's state)."""

    name: str


class NewIds(Lookup[int], frozen=True):
    """Take `count` fresh ids; the answer is the first of them. Only inside a command."""

    count: int = 1
