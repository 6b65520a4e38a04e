"""Events: the immutable record of what happened, and how it is kept.

An event is stored once, as a snapshot at event time; narrow rows put it into
streams. Its stored form is msgpack with a version number in front, so that old
stores stay readable. What a producer described is in it as the JSON text that its
readers are given: it is copied, and only read where somebody asks what it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any

import msgspec

from wakeful.core.items import NO_NOTES, Kind, Notes


class StreamClass(IntEnum):
    """The filtered views of one stream. They share its numbers.

    A head is a tuple with the last number of each class, in this order.
    """

    ALL = 0
    CHANGES = 1
    SYNC = 2

    @property
    def bit(self) -> int:
        """The class's bit in the mask that each stream row carries."""
        return 1 << self


EVERY_CLASS = StreamClass.ALL.bit | StreamClass.CHANGES.bit | StreamClass.SYNC.bit
"""The mask of a change to a tree: every class shows it."""

ONLY_ALL = StreamClass.ALL.bit
"""The mask of an event that changes no tree."""

Head = tuple[int, ...]
"""Last number per class of a stream (`StreamClass` order); of a journal, one number."""

NO_HEAD: Head = (0, 0, 0)


class ItemEvent(StrEnum):
    """The types of the events that a change to an item makes."""

    CREATE = "item.create"
    UPLOAD = "item.upload"
    RENAME = "item.rename"
    MOVE = "item.move"
    COPY = "item.copy"
    TRASH = "item.trash"
    RESTORE = "item.restore"
    REVERT = "item.revert"


class MemberEvent(StrEnum):
    """The types of the events that a change of membership makes."""

    ADD = "member.add"
    ROLE = "member.role"
    REMOVE = "member.remove"


RESERVED_TYPES = ("item.", "member.")
"""How the types above begin, which promise more than any other event: a snapshot as source."""


class Person(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A user as an event remembers them."""

    id: int
    name: str
    login: str


class Ancestor(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A folder above an item, as it was then."""

    id: int
    name: str
    revision: int


class Snapshot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An item at the time of an event.

    `path` runs from the root of the namespace down to the item's parent; it is
    empty for the root itself. `in_home` tells whether that root is a user's
    home ("All Files") or the folder of a shared namespace.
    """

    id: int
    kind: Kind
    namespace: int
    in_home: bool
    name: str
    revision: int
    version: int
    size: int
    sha1: str
    content_hash: str
    created_at: int
    modified_at: int
    content_created_at: int
    content_modified_at: int
    trashed_at: int | None
    created_by: Person
    modified_by: Person
    owned_by: Person
    path: tuple[Ancestor, ...]
    notes: Notes = NO_NOTES
    locked_by: Person | None = None


class Whence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where an item was before it was renamed or moved, or which item it was copied from.

    `names` runs from the root of the namespace, which it includes, down to the item.
    """

    item: int
    namespace: int
    in_home: bool
    names: tuple[str, ...]


Described = bytes
"""A map as its producer gave it: JSON text. Made by `describe`."""

Source = Snapshot | Described | None
"""What an event is about: an item, anything else as its producer described it, or nothing."""


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something that happened.

    `type` is an `ItemEvent`, a `MemberEvent`, or for any other event the name
    that its producer gave it (the dialects' own names, such as COMMENT_CREATE).
    `id` is 40 hex digits. `recorded_at` never falls from one commit to the next.
    `action_by` is who acted in the actor's name, `accessible_by` who gained or lost access:
    a user, or any other party as the producer described it. `whence` is told by a rename, a
    move and a copy.
    """

    id: str
    type: str
    created_at: int
    recorded_at: int
    enterprise: int
    actor: Person
    source: Source
    namespace: int | None = None
    details: Described | None = None
    session: str | None = None
    correlation: str | None = None
    ip: str | None = None
    action_by: Person | None = None
    accessible_by: Person | dict[str, Any] | None = None
    whence: Whence | None = None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An event and its audience: the mask of classes for each stream that shows it.

    `body` is its stored form, where that was needed before.
    """

    event: Event
    audience: Mapping[int, int]
    body: bytes | None = None


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """What a producer is told of one event: its id and its number in each stream."""

    event: str
    numbers: dict[int, int]


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """One row of a stream: its number, the store's key of the event, the stored form.

    The key is the same for every stream that shows the event, so that rendered
    forms can be cached under it.
    """

    number: int
    key: int
    body: bytes


STORED_VERSION = 1
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, Event])
_json_encoder = msgspec.json.Encoder()
_json_decoder = msgspec.json.Decoder(dict[str, Any])


def encode(event: Event) -> bytes:
    """The stored form of *event*."""
    return _encoder.encode((STORED_VERSION, event))


def decode(body: bytes) -> Event:
    """The event in the stored form *body*; raises msgspec.MsgspecError on a damaged one."""
    return _decoder.decode(body)[1]


def describe(given: dict[str, Any]) -> Described:
    """*given* as an event keeps it.

    Raises OverflowError, RecursionError, TypeError or ValueError for what cannot be kept: a whole
    number of more than 64 bits, which few clients read, is among it.
    """
    _encoder.encode(given)  # it knows no larger numbers, which JSON does
    return _json_encoder.encode(given)


def said(described: Described | None) -> dict[str, Any]:
    """What *described* says; nothing where there is none."""
    return {} if described is None else _json_decoder.decode(described)
