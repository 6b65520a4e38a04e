"""What the operating system says of a watched folder, in words of our own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol


class Sign(Enum):
    """What happened to a name."""

    CREATED = auto()
    CLOSED = auto()  # after writing
    ARRIVED = auto()  # by a rename or move
    LEFT = auto()  # by a rename or move
    DELETED = auto()
    CHANGED = auto()  # anything: the system does not tell more


class Trouble(Enum):
    """What is about the watching itself."""

    OVERFLOW = auto()  # notices were lost
    WATCH_ENDED = auto()  # the system ended the watch `wd`
    ROOT = auto()  # the root itself was moved, deleted or unmounted


@dataclass(frozen=True, slots=True)
class Notice:
    """Something happened to `name` in the folder that is watched as `wd`.

    Where the system knows paths and no watches, `wd` is None and `name` a path below the
    root. `cookie` ties the two halves of a move, 0 for everything else.
    """

    sign: Sign
    wd: int | None
    name: str
    cookie: int = 0
    is_folder: bool = False


class WatchLimit(Exception):
    """The system gives no more watches; the message says what to do."""


class Watcher(Protocol):
    """Watches folders, one by one. Opened by `open`, used on one loop."""

    def open(self, root: str, wake: Callable[[], None]) -> None:
        """Begin; *wake* is called on the loop when `take` has something."""
        ...

    def add(self, path: str) -> int | None:
        """Watch the folder at *path*; called from any thread.

        The same folder gives the same number for as long as it is watched, wherever it is
        moved to. None where the system watches whole trees. Raises WatchLimit and OSError.
        """
        ...

    def remove(self, wd: int) -> None:
        """End a watch; one that is ended already is no error."""
        ...

    def take(self) -> list[Notice | tuple[Trouble, int]]:
        """Up to some hundred notices, in their order; [] when there are no more for now."""
        ...

    def close(self) -> None: ...
