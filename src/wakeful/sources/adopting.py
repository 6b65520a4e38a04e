"""What others recorded in the snapshot of a watched folder: actions, which act on the disk
themselves. The notices of what they did then lead to looks that find everything as recorded."""

from __future__ import annotations

from collections.abc import Sequence

from wakeful.core.items import Item, Seen
from wakeful.core.rehearsal import Below
from wakeful.sources.hasher import Hasher
from wakeful.sources.marks import Marks
from wakeful.sources.notices import Watcher
from wakeful.sources.snapshot import NEVER_SEEN, Folder, Snapshot, pack, unpack

Names = tuple[str, ...]
"""A path below the root."""


class NotKnown(Exception):
    """The snapshot has no such folder."""


class Adoption:
    """Changes a snapshot while its session waits."""

    def __init__(
        self,
        snapshot: Snapshot,
        marks: Marks,
        watcher: Watcher,
        hasher: Hasher,
        *,
        relist_moved: bool,
        now: float,
    ) -> None:
        self._snapshot = snapshot
        self._marks = marks
        self._watcher = watcher
        self._hasher = hasher
        self._relist_moved = relist_moved
        self._now = now

    def came(self, at: Names, below: Below) -> None:
        """The item at *at* is there now, or is another version, with all in it: *below*."""
        top, _ = below[0]
        folder = self._node(at[:-1])
        known = folder.entries.get(at[-1])
        if isinstance(known, Folder) and known.item == top.id:
            return
        if known is not None:
            self.went(at)
        nodes: dict[Names, Folder] = {}
        for item, names in below:  # parents first
            parent = nodes[names[:-1]] if names else folder
            name = names[-1] if names else at[-1]
            if item.is_folder:
                node = Folder(item.id, parent, name, item.seen.inode if item.seen else 0)
                self._snapshot.put_folder(node)
                nodes[names] = node
            else:
                self._put_file(parent, name, item)
        if top.is_folder:
            # It is listed to be watched, and for what others did in it meanwhile.
            self._marks.must_list(nodes[()], self._now)

    def moved(self, at: Names, to: Names) -> None:
        """What was at *at* is at *to* now."""
        whence, folder = self._node(at[:-1]), self._node(to[:-1])
        entry = whence.entries.get(at[-1])
        if isinstance(entry, Folder):
            self._snapshot.move_folder(entry, folder, to[-1])
            if self._relist_moved:
                self._marks.must_list(entry, self._now)
        elif entry is not None:
            self._marks.unindex(unpack(entry)[1], (whence, at[-1]))
            self._snapshot.drop_file(whence, at[-1])
            self._snapshot.put_file(folder, to[-1], entry)

    def went(self, at: Names) -> None:
        """Nothing is at *at* any more."""
        folder = self._node(at[:-1])
        entry = folder.entries.get(at[-1])
        if isinstance(entry, Folder):
            for wd in self._snapshot.drop_folder(entry):
                self._watcher.remove(wd)
        elif entry is not None:
            self._marks.unindex(unpack(entry)[1], (folder, at[-1]))
            self._snapshot.drop_file(folder, at[-1])

    def _put_file(self, folder: Folder, name: str, item: Item) -> None:
        seen = item.seen or Seen(0, NEVER_SEEN, 0)
        self._snapshot.put_file(folder, name, pack(item.id, seen.inode, seen.size, seen.mtime_ns))
        if item.seen is not None and not item.sha1:
            self._hasher.hash_later((folder, name))

    def _node(self, names: Sequence[str]) -> Folder:
        folder = self._snapshot.root
        for name in names:
            entry = folder.entries.get(name)
            if not isinstance(entry, Folder):
                raise NotKnown("/".join(names))
            folder = entry
        return folder
