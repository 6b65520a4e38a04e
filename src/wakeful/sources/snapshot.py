"""What is recorded of a watched folder, in memory.

One node for each folder; in it a dict from name to either another node or, for a
file, 32 packed bytes: item id, inode, size, time of modification. Objects for files
would take twice the memory and twenty times as long in garbage collection.

Only the source's worker changes a snapshot; threads that look at the disk for it read it
while the worker waits for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct

from wakeful.core.items import Item

_FILE = Struct("<qQqq")


def pack(item: int, inode: int, size: int, mtime_ns: int) -> bytes:
    """A file: item id (0 while its change is on its way), inode, bytes, ns."""
    return _FILE.pack(item, inode, size, mtime_ns)


def unpack(packed: bytes) -> tuple[int, int, int, int]:
    """Item id, inode, size, mtime_ns."""
    return _FILE.unpack(packed)


NEVER_SEEN = -1
"""The size of a file that somebody put into the feed without the disk: it is not missed there."""


class Folder:
    """A recorded folder. `parent` is None for the root; `gone` once it is no longer recorded.

    `inode` is 0 where the folder was never seen on the disk. `wd` is the watch on it, None
    while it is not watched. `quiet` is when something last vanished in it or below it.
    `listed` means that its content was compared with the disk since it is watched.
    """

    __slots__ = ("entries", "gone", "inode", "item", "listed", "name", "parent", "quiet", "wd")

    def __init__(self, item: int, parent: Folder | None, name: str, inode: int) -> None:
        self.item = item
        self.parent = parent
        self.name = name
        self.inode = inode
        self.entries: dict[str, bytes | Folder] = {}
        self.wd: int | None = None
        self.quiet = 0.0
        self.listed = False
        self.gone = False

    def __repr__(self) -> str:
        return f"<Folder {'/'.join(self.names()) or '.'} [{len(self.entries)}]>"

    def names(self) -> tuple[str, ...]:
        """The names that lead from the root to here."""
        found: list[str] = []
        folder = self
        while folder.parent is not None:
            found.append(folder.name)
            folder = folder.parent
        return tuple(reversed(found))

    def path(self, name: str = "") -> str:
        """The path below the root, of this folder or of *name* in it; "" is the root."""
        names = self.names()
        return "/".join((*names, name) if name else names)

    def above(self) -> Iterator[Folder]:
        """This folder, its parent, and so on up to the root."""
        folder: Folder | None = self
        while folder is not None:
            yield folder
            folder = folder.parent

    def folders(self) -> Iterator[Folder]:
        """This folder and all below it, parents first."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting.extend(e for e in folder.entries.values() if isinstance(e, Folder))


class Snapshot:
    """The recorded tree under one root."""

    def __init__(self, root: Folder) -> None:
        self.root = root
        self.by_wd: dict[int, Folder] = {}
        self.by_inode: dict[int, Folder] = {}
        self.files = 0
        self.bytes = 0
        self.folders = 0

    def put_file(self, folder: Folder, name: str, packed: bytes) -> None:
        """Record a file, in place of the one that had the name."""
        self.drop_file(folder, name)
        folder.entries[name] = packed
        self.files += 1
        self.bytes += max(_FILE.unpack(packed)[2], 0)

    def drop_file(self, folder: Folder, name: str) -> None:
        """Forget a file, if there is one of that name."""
        packed = folder.entries.get(name)
        if isinstance(packed, bytes):
            del folder.entries[name]
            self.files -= 1
            self.bytes -= max(_FILE.unpack(packed)[2], 0)

    def put_folder(self, folder: Folder) -> None:
        """Record a folder at its `parent` and `name`."""
        assert folder.parent is not None
        folder.parent.entries[folder.name] = folder
        self.folders += 1
        if folder.inode:
            self.by_inode[folder.inode] = folder

    def move_folder(self, folder: Folder, parent: Folder, name: str) -> None:
        """Another place for a folder with all that is in it."""
        assert folder.parent is not None
        del folder.parent.entries[folder.name]
        folder.parent, folder.name = parent, name
        parent.entries[name] = folder

    def set_inode(self, folder: Folder, inode: int) -> None:
        """The folder at the same place is another one on the disk now."""
        if self.by_inode.get(folder.inode) is folder:
            del self.by_inode[folder.inode]
        folder.inode = inode
        folder.listed = False
        self.by_inode[inode] = folder

    def set_watch(self, folder: Folder, wd: int) -> None:
        """*folder* is watched as *wd*."""
        if folder.wd is not None and self.by_wd.get(folder.wd) is folder:
            del self.by_wd[folder.wd]
        folder.wd = wd
        self.by_wd[wd] = folder

    def forget_watch(self, wd: int) -> None:
        """The system ended a watch by itself: what was watched is on this disk no more."""
        folder = self.by_wd.pop(wd, None)
        if folder is not None and folder.wd == wd:
            folder.wd = None
            folder.listed = False
            # The next folder that is made may be given its inode, and is another one.
            if self.by_inode.get(folder.inode) is folder:
                del self.by_inode[folder.inode]

    def drop_folder(self, folder: Folder) -> list[int]:
        """Forget a folder with all that is in it. Returns the watches that must be ended."""
        assert folder.parent is not None
        del folder.parent.entries[folder.name]
        watches = []
        for each in folder.folders():
            each.gone = True
            self.folders -= 1
            if each.wd is not None and self.by_wd.get(each.wd) is each:
                del self.by_wd[each.wd]
                watches.append(each.wd)
            if self.by_inode.get(each.inode) is each:
                del self.by_inode[each.inode]
            for packed in each.entries.values():
                if isinstance(packed, bytes):
                    self.files -= 1
                    self.bytes -= max(_FILE.unpack(packed)[2], 0)
        return watches


class Loading:
    """A snapshot that is being put together from recorded items, which come in any order:
    a folder may have been moved into one that was made after it."""

    def __init__(self, root: int) -> None:
        self._root = Folder(root, None, "", 0)
        self._folders: dict[int, tuple[Folder, int]] = {}
        self._inside: dict[int, dict[str, bytes | Folder]] = {}

    def add(self, items: Iterable[Item]) -> None:
        """Take one page of items."""
        inside = self._inside
        for item in items:
            if item.parent is None:
                continue
            seen = item.seen
            entry: bytes | Folder
            if item.is_folder:
                entry = Folder(item.id, None, item.name, seen.inode if seen else 0)
                self._folders[item.id] = (entry, item.parent)
            elif seen is None:
                entry = _FILE.pack(item.id, 0, NEVER_SEEN, 0)
            else:
                entry = _FILE.pack(item.id, seen.inode, seen.size, seen.mtime_ns)
            inside.setdefault(item.parent, {})[item.name] = entry

    def finish(self) -> Snapshot:
        """The tree. What lies in a trashed folder is not marked itself: no way leads to it
        from the root, so it is left out."""
        snapshot = Snapshot(self._root)
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            folder.entries = self._inside.pop(folder.item, {})
            for entry in folder.entries.values():
                if isinstance(entry, Folder):
                    entry.parent = folder
                    snapshot.folders += 1
                    if entry.inode:
                        snapshot.by_inode[entry.inode] = entry
                    waiting.append(entry)
                else:
                    snapshot.files += 1
                    snapshot.bytes += max(_FILE.unpack(entry)[2], 0)
        return snapshot
