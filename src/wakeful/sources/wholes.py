"""Whether what lies at a name is exactly what is known of it, with all in it.

Before anything goes that was copied, or is taken back, it is compared whole: what is in it beside
what is known has no other place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from wakeful.core.changes import Held
from wakeful.core.items import Item, Seen
from wakeful.core.rehearsal import Below
from wakeful.sources.ground import FOLDER_FLAGS, facts_of

Names = tuple[str, ...]
"""A path below what is compared, which itself is ()."""

Known = Mapping[Names, tuple[int, Seen]]
"""What is known, by path: its type (`stat.S_IFMT`), and how it was seen last."""


def known_of(below: Below, held: Mapping[int, Held] | None = None) -> dict[Names, tuple[int, Seen]]:
    """What is known of *below*, as far as it is on a disk: as it is recorded, or as *held*."""
    seen = (
        (each, names, each.seen if held is None else held[each.id].seen) for each, names in below
    )
    return {names: (kind_of(each), found) for each, names, found in seen if found is not None}


def kind_of(item: Item) -> int:
    """The type that *item* has on a disk."""
    return stat.S_IFDIR if item.is_folder else stat.S_IFREG


def is_known(found: os.stat_result, kind: int, seen: Seen) -> bool:
    """Whether *found* is what was seen; of a folder nothing but the inode counts."""
    if stat.S_IFMT(found.st_mode) != kind:
        return False
    if kind == stat.S_IFDIR:
        return found.st_ino == seen.inode
    return facts_of(found) == (seen.inode, seen.size, seen.mtime_ns)


def first_unlike(fd: int, name: str, known: Known) -> tuple[Names, os.stat_result | None] | None:
    """The first path at which *name* in the open folder *fd* is unlike *known*, and what is there
    (None for nothing); None where all is alike. Raises OSError where it cannot be looked at."""
    left = dict(known)
    waiting: list[Names] = [()]
    while waiting:
        names = waiting.pop()
        found = _stat(fd, (name, *names))
        expected = left.pop(names, None)
        if found is None or expected is None or not is_known(found, *expected):
            return names, found
        if expected[0] == stat.S_IFDIR:
            folder = os.open("/".join((name, *names)), os.O_RDONLY | FOLDER_FLAGS, dir_fd=fd)
            try:
                waiting += [(*names, each) for each in os.listdir(folder)]
            finally:
                os.close(folder)
    return (next(iter(left)), None) if left else None


def _stat(fd: int, names: Names) -> os.stat_result | None:
    try:
        return os.stat("/".join(names), dir_fd=fd, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
