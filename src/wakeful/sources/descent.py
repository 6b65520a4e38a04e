"""Going through a folder with all in it, however deep that is: neither the interpreter's stack nor
the number of open files sets a limit to it, nor the length of a path.

Rule: no link is followed, and the way back up must end where the way down began: whoever carries a
folder away meanwhile leads nowhere else.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from wakeful.sources.ground import FOLDER_FLAGS

_OPEN = os.O_RDONLY | FOLDER_FLAGS


def go_through(
    folder: int,
    name: str,
    *,
    enter: Callable[[int, str], None] | None = None,
    within: Callable[[int], None] | None = None,
    leave: Callable[[int, str], None] | None = None,
) -> None:
    """Go through *name*, a folder in the open one *folder*.

    Of each folder, *enter* is called with the open one above and the name before it is opened,
    *within* with itself, and *leave* as *enter*, after all that is in it. Raises what they raise,
    and OSError.
    """
    at = os.dup(folder)
    way: list[tuple[str, tuple[int, int]]] = []  # each name, and what it is in
    waiting = [[name]]
    try:
        while True:
            if waiting[-1]:
                below = waiting[-1].pop()
                if enter is not None:
                    enter(at, below)
                way.append((below, _identity(at)))
                at = _exchanged(at, below)
                if within is not None:
                    within(at)
                waiting.append(_folders_in(at))
            elif way:
                waiting.pop()
                below, above = way.pop()
                at = _exchanged(at, "..")
                if _identity(at) != above:
                    raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), below)
                if leave is not None:
                    leave(at, below)
            else:
                return
    finally:
        os.close(at)


def _exchanged(at: int, name: str) -> int:
    """The folder *name*, open in the place of *at*, which is closed."""
    fd = os.open(name, _OPEN, dir_fd=at)
    os.close(at)
    return fd


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _folders_in(fd: int) -> list[str]:
    with os.scandir(fd) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
