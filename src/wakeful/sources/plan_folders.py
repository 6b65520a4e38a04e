"""What looks at folders mean (rule 4 of `wakeful.sources.plan`)."""

from __future__ import annotations

from wakeful.core.changes import ById, CreateFolder, Move, Observe
from wakeful.core.items import Seen
from wakeful.sources.looks import Sight
from wakeful.sources.marks import GONE_HOLD, LOST_HOLD, Mark
from wakeful.sources.round import Round
from wakeful.sources.snapshot import Folder


class FolderPlans:
    """Plans what becomes of folders. With *relist_moved*, what is ignored depends on paths, so
    that a moved folder must be compared again."""

    def __init__(self, round: Round, *, relist_moved: bool) -> None:
        self._round = round
        self._snapshot = round.snapshot
        self._marks = round.marks
        self._skipped = round.skipped
        self._relist_moved = relist_moved
        self._claimed: dict[Folder, Mark] = {}

    def plan(self, mark: Mark, sight: Sight, now: float) -> None:
        """Add what a look at a folder means."""
        folder, name = mark.folder, mark.name
        entry = folder.entries.get(name)
        self._skipped.discard_all(folder.path(name))
        if isinstance(entry, Folder) and (sight.same or sight.node is entry):
            self._marks.settle(mark)
            if sight.wd is not None:
                self._snapshot.set_watch(entry, sight.wd)
            if entry.wd is None or not entry.listed:
                self._marks.must_list(entry, mark.arrived)
            return
        node = sight.node
        if node is not None and not node.gone and node.parent is not None:
            if node in folder.above():
                # What it was moved into is still recorded below it: that goes first.
                self._marks.put_off(mark, now + LOST_HOLD, waiting=True)
                self._claimed[node] = mark
            elif self._make_room_for(node, mark, entry, sight, now):
                self._move_folder(node, mark, sight)
            return
        if entry is not None and not self._make_room(mark, entry, sight, now):
            return
        self._marks.settle(mark)
        created = Folder(0, folder, name, sight.inode)
        self._snapshot.put_folder(created)
        if sight.wd is not None:
            self._snapshot.set_watch(created, sight.wd)
        self._round.add(
            CreateFolder(parent=ById(folder.item), name=name, seen=Seen(sight.inode, 0, 0)),
            folder=created,
        )
        self._marks.must_list(created, mark.arrived)

    def _move_folder(self, node: Folder, mark: Mark, sight: Sight) -> None:
        self._marks.settle(mark)
        self._claimed.pop(node, None)
        assert node.parent is not None
        self._settle_at(node)
        stays = node.parent is mark.folder
        self._snapshot.move_folder(node, mark.folder, mark.name)
        listed = node.listed and node.wd is not None
        if sight.wd is not None:
            self._snapshot.set_watch(node, sight.wd)
        if not listed or self._relist_moved:
            self._marks.must_list(node, mark.arrived)
        self._round.add(
            Move(
                item=ById(node.item),
                parent=None if stays else ById(mark.folder.item),
                name=mark.name,
                seen=Seen(sight.inode, 0, 0),
            )
        )

    def _make_room_for(
        self, node: Folder, mark: Mark, entry: bytes | Folder | None, sight: Sight, now: float
    ) -> bool:
        """Free the name that a known folder was moved to; False: later."""
        if entry is None:
            return True
        if isinstance(entry, Folder) and (
            sight.origin_inode == entry.inode  # they changed places
            or entry in node.above()  # it came out of what it replaced
        ):
            self._step_aside(entry, now)
            return True
        if self._round.waits(mark, now):
            self._claimed[node] = mark
            return False
        if isinstance(entry, Folder) and entry.wd is not None:
            self._step_aside(entry, now)
        else:
            self.clear(mark, entry, now)
        return True

    def _make_room(self, mark: Mark, entry: bytes | Folder, sight: Sight, now: float) -> bool:
        """Free the name that a new folder took. False: later, or the old item stays (rule 4)."""
        if isinstance(entry, Folder) and entry.inode and self._round.waits(mark, now):
            return False
        if isinstance(entry, bytes):
            if self._round.waits(mark, now):
                return False
            self._round.trash(mark.folder, mark.name)
            return True
        if entry.wd is not None and entry.inode:
            self.clear(mark, entry, now)  # it lives on, but outside
            return True
        self._marks.settle(mark)
        self._snapshot.set_inode(entry, sight.inode)
        if sight.wd is not None:
            self._snapshot.set_watch(entry, sight.wd)
        seen = Seen(sight.inode, 0, 0)
        self._round.add(Observe(item=ById(entry.item), seen=seen))
        self._marks.must_list(entry, mark.arrived)
        return False

    def clear(self, mark: Mark, entry: bytes | Folder, now: float) -> None:
        """Free the name of *mark* of what is not there any more."""
        if isinstance(entry, Folder) and self.is_claimed(entry):
            self._step_aside(entry, now)  # found elsewhere, and waiting for its place
        else:
            self._round.trash(mark.folder, mark.name)

    def _step_aside(self, folder: Folder, now: float) -> None:
        """Give a folder that was moved, who knows where, another name until it is found.

        An exchange of two names is three renames, as it would be by hand.
        """
        assert folder.parent is not None
        parent, name = folder.parent, f"{folder.name[:80]}.moving-{folder.item}"
        self._settle_at(folder)
        self._snapshot.move_folder(folder, parent, name)
        self._round.add(Move(item=ById(folder.item), name=name))
        self._marks.found(parent, name, now + GONE_HOLD, gone=True, since=now)

    def _settle_at(self, folder: Folder) -> None:
        """Forget a vanished name whose folder was found; what appeared there stays marked."""
        assert folder.parent is not None
        mark = self._marks.get(folder.parent, folder.name)
        if mark is not None and mark.gone:
            self._marks.settle(mark)

    def is_claimed(self, folder: Folder) -> bool:
        """Whether *folder* was found at a place that is not free yet."""
        mark = self._claimed.get(folder)
        if mark is None:
            return False
        if self._marks.get(mark.folder, mark.name) is mark and not mark.folder.gone:
            return True
        del self._claimed[folder]
        return False
