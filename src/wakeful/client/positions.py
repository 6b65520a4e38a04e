"""Where a consumer keeps its position, so that it goes on where it stopped.

A position is saved after the consumer has taken the last event of a page and asked for the
next one: a crash repeats what came since the last save (at most one page), and loses nothing.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

from wakeful.client.errors import PositionUnreadable

_MOST_DIGITS = 30  # no server gives more; a damaged file can hold anything


class PositionStore(Protocol):
    """Keeps one position. May raise OSError: following then ends with it.

    The asynchronous client calls both in a thread, never two at once.
    """

    def load(self) -> int | None:
        """The position saved last, None if there is none yet."""
        ...

    def save(self, position: int) -> None:
        """Keep *position* in place of what was kept."""
        ...


class MemoryPositions:
    """A position that lives as long as this object."""

    def __init__(self, position: int | None = None) -> None:
        self._position = position

    def load(self) -> int | None:
        return self._position

    def save(self, position: int) -> None:
        self._position = position


class FilePositions:
    """A position in a file of its own, which is whole at any moment, also after power loss."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def load(self) -> int | None:
        """Raises PositionUnreadable for a file that holds something else, and OSError."""
        try:
            text = self._path.read_bytes().strip()
        except FileNotFoundError:
            return None
        if not text.isdigit() or len(text) > _MOST_DIGITS or int(text) == 0:
            raise PositionUnreadable(
                f"{self._path} holds no position: remove it to begin anew, or name another file"
            )
        return int(text)

    def save(self, position: int) -> None:
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        # Beside the file, for only within one file system is a rename one step.
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=folder)
        try:
            with open(handle, "wb") as file:
                file.write(b"%d\n" % position)
                file.flush()
                # Before the rename: else a power loss may leave the new name without content.
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Make a rename last. Not every system can open a folder (Windows cannot)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        # Some network file systems refuse it; the content itself is on the disk already.
        return
    finally:
        os.close(handle)
