"""Finding known files that are written and not closed.

Who goes on appending to a file gives no notice, for MODIFY is not asked for (see `inotify`). So
all recorded files are looked at in turn, a thousand each second: in a small tree such a file is
found within a second, in one of 100,000 within two minutes. From then on it is followed as one
that is being written.

Nothing but size and time is compared. What is missing, new or another file is for notices and
re-scans to find.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from wakeful.sources.ground import PATH_ONLY, Ground, Lost, facts_of
from wakeful.sources.snapshot import Folder, unpack

SWEEP_SECONDS = 1.0
SWEEP_FILES = 1_000
"""Files looked at in one go: some 4 ms."""

Names = tuple[Folder, tuple[str, ...]]


class Sweep:
    """Goes through the files of a tree, again and again, while it changes."""

    def __init__(self, root: Folder) -> None:
        self._root = root
        self._round: Iterator[Names] = iter(())

    def next_slice(self) -> list[Names]:
        """The files to look at next. Ends early where the tree ends."""
        taken: list[Names] = []
        count = 0
        for folder, names in self._round:
            taken.append((folder, names))
            count += len(names)
            if count >= SWEEP_FILES:
                return taken
        self._round = self._files()
        return taken

    def _files(self) -> Iterator[Names]:
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            # Lists, for the tree may change before the next slice is asked for.
            waiting += [entry for entry in folder.entries.values() if isinstance(entry, Folder)]
            files = [name for name, entry in folder.entries.items() if isinstance(entry, bytes)]
            for start in range(0, len(files), SWEEP_FILES):
                yield folder, tuple(files[start : start + SWEEP_FILES])


def written(ground: Ground, slice: Iterable[Names]) -> list[tuple[Folder, str]]:
    """Those of a *slice* that have another size or time than is recorded of them. For the
    source's thread."""
    found: list[tuple[Folder, str]] = []
    for folder, names in slice:
        if folder.gone:
            continue
        try:
            fd = ground.open(folder, PATH_ONLY)
        except (Lost, OSError):
            continue
        try:
            found.extend((folder, name) for name in names if _is_written(fd, folder, name))
        finally:
            os.close(fd)
    return found


def _is_written(fd: int, folder: Folder, name: str) -> bool:
    entry = folder.entries.get(name)
    if not isinstance(entry, bytes):
        return False
    try:
        now = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except OSError:
        return False
    _, inode, size, mtime_ns = unpack(entry)
    if not stat.S_ISREG(now.st_mode) or now.st_ino != inode:
        return False
    return (inode, size, mtime_ns) != facts_of(now)
