"""The two ports: what is reliable, and what may be lost.

`Store` is durable, `WakeBus` is not; they are apart because they promise
different things, and only `wakeful.feed` knows both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from wakeful.core.events import Head
from wakeful.core.lookups import Lookup
from wakeful.core.positions import StreamState
from wakeful.core.writes import Command, Steps

T = TypeVar("T")

Grown = int | tuple[int, str]
"""What can grow: a stream or a journal, by the id of its owner or namespace; in the stream of
an enterprise each type of event too, by the enterprise's id and the type as it is stored."""

Hints = Mapping[Grown, Head]
"""What has grown, with its head; that of a type is one number, of its last event."""


Told = Callable[[T | None, BaseException | None], None]
"""Is called with a result, or with what was raised in its place."""


class Health(StrEnum):
    """Whether a store can be written."""

    WRITABLE = "writable"
    FULL = "full"  # the disk is full: heals by itself when there is room
    FAILED = "failed"  # an fsync failed: nothing is written any more until a restart
    CLOSED = "closed"


class StreamKind(StrEnum):
    """Whose stream it is; each kind has a retention of its own."""

    USER = "user"
    ENTERPRISE = "enterprise"


class Trimmed(NamedTuple):
    """What one step of trimming took away: how many rows of streams, and from which streams,
    with their states after it."""

    rows: int
    streams: Mapping[int, StreamState]


class Store(Protocol):
    """Everything that must not be lost.

    Every implementation promises, and `tests/contract/test_store.py` checks:

    - `commit` drives the command's steps in one transaction, all or none, and returns
      after it is durable. A command that raises leaves nothing behind, whatever was
      committed together with it.
    - Numbers in a stream are consecutive and follow commit order: once a number
      has been read, nothing at or before it appears later.
    - Readers see only what was committed: never a part of a command, never what may
      still be undone.
    - `ask` answers from one snapshot and never waits for new events.
    - A full disk raises StoreFull, and a failing fsync StoreFailed, for every
      command that was not made durable.
    """

    @property
    def epoch(self) -> int:
        """The epoch of the positions that this store gives."""
        ...

    @property
    def health(self) -> Health: ...

    def on_commit(self, heard: Callable[[Hints], None]) -> None:
        """Call *heard* on the event loop after each durable commit, before it is answered.

        Hints of commands that were made durable together come in one call,
        merged by maximum. Set once, before the first commit.
        """
        ...

    async def commit(self, command: Command[T]) -> T:
        """Carry out *command* durably. Raises what its steps raise, StoreFull or StoreFailed."""
        ...

    def submit(self, command: Command[T], told: Told[T]) -> None:
        """As `commit`, for whoever is no task: *told* is called on the event loop, after the
        hints, with what `commit` returns or raises. Raises where the command is not taken."""
        ...

    async def ask(self, lookup: Lookup[T]) -> T:
        """Answer *lookup* from one snapshot of what is committed."""
        ...

    def ask_now(self, lookup: Lookup[T]) -> T | None:
        """As `ask`, on the event loop; None where that would mean to wait, or fails.

        For a small look-up of what was committed a moment ago, and is in memory still: a
        change of threads costs more than it.
        """
        ...

    def look_now(self, steps: Steps[T]) -> T | None:
        """Drive *steps*, which only look up, on the event loop and on one snapshot; None where that
        would mean to wait, or fails. Raises what they raise. As `ask_now`, for a few look-ups."""
        ...

    async def trim(self, kind: StreamKind, before: int, limit: int) -> Trimmed:
        """Remove up to *limit* of the oldest events, recorded before *before* (ms), from
        streams of *kind*.

        No rows go when nothing is left to do. Events that no stream shows any more go too.
        Numbers stay as they are; heads never fall.
        """
        ...

    async def trim_journals(self, before: int, limit: int) -> int:
        """Remove up to *limit* of the oldest tombstones, written before *before* (ms), from
        all journals; returns how many, 0 when nothing is left to do.

        A journal's `trimmed` becomes the number of the last that went: who has read less
        far may have missed it.
        """
        ...

    async def trim_versions(self, before: int, limit: int) -> int:
        """Remove up to *limit* earlier versions of files that were replaced before *before* (ms),
        the oldest first; returns how many, 0 when nothing is left to do."""
        ...

    async def backup(self, file: Path) -> None:
        """Write a consistent copy to *file*, marked so that its first opening draws a
        new epoch. Raises FileExistsError, and OSError as the disk has it."""
        ...

    async def close(self) -> None:
        """Finish what was begun, refuse the rest with StoreFailed, release the files."""
        ...


class WakeBus(Protocol):
    """Hints that a stream or journal has grown.

    A hint may be repeated, merged with others, or lost. It carries numbers so that
    nobody is woken for what they do not read; whoever is woken reads the store.
    """

    def listen(self, heard: Callable[[Hints], None]) -> None:
        """Call *heard* on the event loop with each hint. Set once, before the first `tell`."""
        ...

    def tell(self, hints: Hints) -> None:
        """Pass *hints* on to every node, this one too. Never waits, never raises."""
        ...
