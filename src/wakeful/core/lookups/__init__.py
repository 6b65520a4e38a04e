"""What can be asked of a store.

A look-up is a value; its type parameter is the type of the answer. The rules
(`core.tree` and its neighbours) yield look-ups and writes; a store answers them
inside its transaction, and `Store.ask` answers a look-up alone, in one snapshot.
Lists of members, users and so on are in ascending order of id.

Here are those about what the store keeps for the server itself; a module beside has
each of the others, by what they are about.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

FIRST_ID = 1001
"""The first id that a store gives. Smaller ones mean something on the wire: 0 is the root of
a home, 2 is somebody whom nobody knows."""

T = TypeVar("T")


class Lookup(msgspec.Struct, Generic[T], frozen=True):
    """Something that can be asked; the answer has type T."""


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
