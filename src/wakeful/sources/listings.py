"""Comparing whole folders with what is recorded of them.

Watch first, list second: what changes in between is noticed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field

from wakeful.sources.ground import Ground, Lost, facts_of, is_utf8, was_seen
from wakeful.sources.ignore import Ignore
from wakeful.sources.skipped import Reason, Skipped
from wakeful.sources.snapshot import Folder, unpack

Row = tuple[str, bool, int, int, int]
"""Name, whether a folder, inode, size, mtime_ns."""


@dataclass(slots=True)
class Listing:
    """A folder compared with what is recorded of it.

    `found` are names that are new or differ, `gone` those that are not there, `inside` the
    recorded folders that are. `count` is how many entries were looked at.
    """

    folder: Folder
    lost: bool = False
    unreadable: bool = False
    wd: int | None = None
    count: int = 0
    found: list[Row] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    inside: list[Folder] = field(default_factory=list)

    @property
    def is_bare(self) -> bool:
        """Whether this is the root, and all that is recorded in it is gone."""
        return self.folder.parent is None and bool(self.gone) and not self.count


class Listings:
    """Lists folders for a source, in its thread."""

    def __init__(self, ground: Ground, ignore: Ignore, skipped: Skipped) -> None:
        self._ground = ground
        self._ignore = ignore
        self._skipped = skipped

    def compare(self, folders: Iterable[Folder]) -> list[Listing]:
        """Each folder watched, listed, and compared with what is recorded of it."""
        return [self._compare(folder) for folder in folders]

    def _compare(self, folder: Folder) -> Listing:
        listing = Listing(folder)
        path = folder.path()
        try:
            fd = self._ground.open(folder, os.O_RDONLY)
        except Lost as lost:
            cause = lost.__cause__
            if isinstance(cause, OSError) and cause.errno == errno.ENAMETOOLONG:
                self._skipped.add(Reason.LONG, path)
                listing.unreadable = True
                return listing
            listing.lost = True
            return listing
        except OSError:
            self._skipped.add(Reason.UNREADABLE_FOLDER, path)
            listing.unreadable = True
            return listing
        try:
            listing.wd = self._ground.watch(fd, path)
            self._list(fd, listing, path)
        except OSError:
            self._skipped.add(Reason.UNREADABLE_FOLDER, path)
            listing.unreadable = True
            return listing
        finally:
            os.close(fd)
        self._skipped.discard(Reason.UNREADABLE_FOLDER, path)
        return listing

    def _list(self, fd: int, listing: Listing, path: str) -> None:
        folder = listing.folder
        recorded = folder.entries
        ignore = self._ignore
        present = set()
        with os.scandir(fd) as entries:
            for entry in entries:
                name = entry.name
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # vanished while the folder was read
                is_folder = stat.S_ISDIR(found.st_mode)
                if ignore(path, name, is_folder=is_folder):
                    continue
                if not name.isascii() and not is_utf8(name):
                    self._skipped.add(Reason.NAME, f"{path}/{name}" if path else name)
                    continue
                reason = self._ground.left_out(folder, found)
                if reason is not None:
                    self._skipped.add(reason, f"{path}/{name}" if path else name)
                    if reason is Reason.OTHER_DISK:
                        present.add(name)  # what is below the mount is hidden, not gone
                    continue
                listing.count += 1
                present.add(name)
                known = recorded.get(name)
                if isinstance(known, Folder):
                    if is_folder and known.inode == found.st_ino:
                        listing.inside.append(known)
                        continue
                elif known is not None and not is_folder and unpack(known)[1:] == facts_of(found):
                    continue
                listing.found.append((name, is_folder, *facts_of(found)))
        for name, known in recorded.items():
            if name not in present and was_seen(known):
                listing.gone.append(name)
