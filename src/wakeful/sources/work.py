"""What one action does on the disk of one watched folder, and how it is taken back.

Rule 1: each step is one rename, or the making of one folder. It takes no name from anybody and is
looked at afterwards: what was moved or replaced must be what is recorded, and the folders must be
where they were. Otherwise it is taken back, and the records are brought up to date first (Astray).

Rule 2: until the commit everything can be taken back, the last step first: what is replaced or goes
is in the hidden place. After it, what is left over there is removed.

Rule 3: what others wrote meanwhile is not taken back, and nothing is purged but what was copied:
both are compared whole.

Rule 4: a step is durable before the commit that tells of it.

All of this runs in the source's thread, while nobody else acts on or looks at the folder.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress

import structlog

from wakeful.core.contents import NoContent
from wakeful.core.errors import Conflict, Unavailable
from wakeful.core.items import Item, Seen
from wakeful.core.rehearsal import Below
from wakeful.sources import likeness
from wakeful.sources.along import Along
from wakeful.sources.arrivals import Copied
from wakeful.sources.ground import FOLDER_FLAGS, facts_of
from wakeful.sources.hidden import Hidden
from wakeful.sources.ignore import Ignore
from wakeful.sources.inspection import Inspection, is_same
from wakeful.sources.reach import Reach, names_of, seen_of, told
from wakeful.sources.renames import exchange, rename_new
from wakeful.sources.wholes import Known, Names, first_unlike, known_of

log = structlog.get_logger()


class OtherDisk(Conflict):
    """What is to be renamed lies on another file system: it could only be copied."""


class Work:
    """The steps of one action. `undo` or `finish` comes last, and closes what was opened."""

    def __init__(self, reach: Reach, hidden: Hidden, ignore: Ignore) -> None:
        self.reach = reach
        self.hidden = hidden
        self.inspection = Inspection(reach, ignore)
        self._open = ExitStack()
        self._back: list[Callable[[], None]] = []
        self._leftover: list[str] = []
        self._purged: list[tuple[int, int]] = []

    # --- what is new ---

    def make_folder(self, above: Sequence[Item], name: str, item: int) -> Seen:
        """A new folder *name* in the last of *above*; its *item* is not recorded yet."""
        self.inspection.check_name(names_of(above), name, is_folder=True)
        with told():
            fd = self._folder(above)
            try:
                os.mkdir(name, dir_fd=fd)
            except FileExistsError:
                raise self.inspection.taken(above, fd, name) from None
            self._back.append(lambda: os.rmdir(name, dir_fd=fd))
            inode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_ino
            self.reach.check(fd, above)
            sync(fd)
        self.reach.made[item] = inode
        return Seen(inode, 0, 0)

    def put_file(
        self, above: Sequence[Item], name: str, token: str, modified_at: int | None, item: int
    ) -> Seen:
        """The content *token*, modified at that time (ms) if one is given, becomes the new file
        *name*."""
        self.inspection.check_name(names_of(above), name, is_folder=False)
        with told():
            incoming = self._incoming()
            fd = self._folder(above)
            likeness.date(incoming, token, modified_at)
            likeness.suit(incoming, token, fd)
            new = _seen(os.stat(token, dir_fd=incoming, follow_symlinks=False))
            self._come(incoming, token, above, fd, name, {(): (stat.S_IFREG, new)})
            seen = _seen(os.stat(name, dir_fd=fd, follow_symlinks=False))
        self.inspection.seen[item] = seen
        return seen

    def put_tree(self, above: Sequence[Item], name: str, copied: Copied, below: Below) -> None:
        """The copy of *below* becomes *name*."""
        item, _ = below[0]
        self.inspection.check_name(names_of(above), name, is_folder=item.is_folder)
        with told():
            incoming = self._incoming()
            along = {names: (each.kind, each.seen) for names, each in copied.along.items()}
            known = {**known_of(below, copied.held), **along}
            self._come(incoming, copied.token, above, self._folder(above), name, known, copied.mode)
        seen = copied.held[item.id].seen
        assert seen is not None
        self.reach.made[item.id] = seen.inode
        self.inspection.seen[item.id] = seen

    def replace_file(self, lineage: Sequence[Item], token: str, modified_at: int | None) -> Seen:
        """The content *token* becomes that of the last of *lineage*, with the mode, the owner and
        the attributes of what it replaces."""
        above, item = lineage[:-1], lineage[-1]
        with told():
            incoming = self._incoming()
            fd = self._folder(above)
            old = self.inspection.expect(fd, lineage)
            likeness.date(incoming, token, modified_at)
            likeness.inherit(incoming, token, fd, item.name, old)
            new = _seen(os.stat(token, dir_fd=incoming, follow_symlinks=False))
            exchange(incoming, token, fd, item.name)
            self._back.append(lambda: self._exchange_back(incoming, token, fd, item.name, new))
            self.inspection.check_same(incoming, token, lineage)
            self.reach.check(fd, above)
            sync(fd)
            seen = _seen(os.stat(item.name, dir_fd=fd, follow_symlinks=False))
        self._leftover.append(token)
        self.inspection.seen[item.id] = seen
        return seen

    # --- what is there ---

    def move(self, lineage: Sequence[Item], above: Sequence[Item], name: str) -> None:
        """The last of *lineage* goes into the last of *above* as *name*."""
        self.take(self, lineage, above, name)

    def take(self, whence: Work, lineage: Sequence[Item], above: Sequence[Item], name: str) -> None:
        """The same, from the folder of *whence*. Raises OtherDisk where it has to be copied."""
        item = lineage[-1]
        self.inspection.check_name(names_of(above), name, is_folder=item.is_folder)
        whence.inspection.check_movable(lineage)
        with told():
            from_fd = whence._folder(lineage[:-1])
            whence.inspection.expect(from_fd, lineage)
            fd = self._folder(above)
            self._rename(from_fd, item.name, fd, name, above)
            # In the order of the steps: the last one of both goes back first.
            self._back.append(lambda: rename_new(fd, name, from_fd, item.name))
            whence.inspection.check_same(fd, name, lineage)
            whence.reach.check(from_fd, lineage[:-1])
            self.reach.check(fd, above)
            sync(fd)
            sync(from_fd)
        if self is not whence:
            self.inspection.seen[item.id] = whence.inspection.seen_of(item)
            self.reach.made[item.id] = whence.inspection.seen_of(item).inode

    def put_away(
        self,
        lineage: Sequence[Item],
        *,
        must_be_empty: bool = False,
        copied: Below = (),
        along: Mapping[Names, Along] | None = None,
    ) -> None:
        """The last of *lineage* goes into the trash, where there is anything of it. Nothing but
        what was *copied*, and what went *along*, may be in what is to be purged then: raises
        Astray for what nobody has told of yet, and ContentChanged for what is left out and was not
        copied as it is now; Conflict where that cannot go along (None)."""
        item = lineage[-1]
        if not self.inspection.is_on_disk(item):
            return  # it is in the records alone
        self.inspection.check_movable(lineage)
        with told():
            fd = self._folder(lineage[:-1])
            self.inspection.expect(fd, lineage)
            trash = self._keep(self.hidden.trash())
            self.hidden.keep(item.id)  # what could not be taken back once
            self._rename(fd, item.name, trash, str(item.id), ())
            self._back.append(lambda: rename_new(trash, str(item.id), fd, item.name))
            self.inspection.check_same(trash, str(item.id), lineage)
            if must_be_empty:
                self.inspection.check_empty(trash, str(item.id), lineage)
            if copied:
                self.inspection.check_whole(trash, str(item.id), lineage, copied, along)
            self.reach.check(fd, lineage[:-1])
            sync(trash)
            sync(fd)

    def put_back(self, item: Item, above: Sequence[Item], name: str) -> None:
        """What lies in the trash of *item* goes into the last of *above* as *name*. Raises
        NoContent where there is nothing of it."""
        self.inspection.check_name(names_of(above), name, is_folder=item.is_folder)
        with told():
            trash = self._keep(self.hidden.trash())
            try:
                found = os.stat(str(item.id), dir_fd=trash, follow_symlinks=False)
            except FileNotFoundError:
                found = None
            if found is None or not is_same(found, item, seen_of(item)):
                raise NoContent("It was deleted on the disk, where nothing is kept of it")
            fd = self._folder(above)
            self._rename(trash, str(item.id), fd, name, above)
            self._back.append(lambda: rename_new(fd, name, trash, str(item.id)))
            self.reach.check(fd, above)
            sync(fd)
            sync(trash)
        self.inspection.seen[item.id] = seen_of(item)
        self.reach.made[item.id] = seen_of(item).inode

    def purge(self, item: Item) -> None:
        """What lies in the trash of *item* goes for good, after the commit."""
        inode = self.reach.made.get(item.id) or (0 if item.seen is None else item.seen.inode)
        self._purged.append((item.id, inode))

    # --- the end ---

    def together_with(self, other: Work) -> None:
        """Be taken back together with *other*, in the order of the steps of both."""
        self._back = other._back

    def undo(self) -> None:
        """Take everything back, as far as others let it."""
        while self._back:
            try:
                self._back.pop()()
            except OSError as error:
                # The next look at the folder tells what is there then.
                log.warning("an action was not wholly undone", error=str(error))
        self._open.close()

    def finish(self) -> tuple[str, ...]:
        """It was recorded; the names in `incoming/` of what has to be removed."""
        left = list(self._leftover)
        try:
            for item, inode in self._purged:
                if self.hidden.inode(item) not in (None, inode):
                    self.hidden.keep(item)  # another one, which nobody purged
                name = self.hidden.set_aside(item)
                if name is not None:
                    left.append(name)
        except (OSError, Unavailable) as error:  # the next sweep tries again
            log.warning("something purged was not removed", error=str(error))
        self._open.close()
        return tuple(left)

    # --- inside ---

    def _keep(self, fd: int) -> int:
        self._open.callback(os.close, fd)
        return fd

    def _folder(self, lineage: Sequence[Item]) -> int:
        return self._keep(self.reach.folder(lineage))

    def _incoming(self) -> int:
        return self._keep(self.hidden.incoming())

    def _come(
        self,
        incoming: int,
        token: str,
        above: Sequence[Item],
        fd: int,
        name: str,
        known: Known,
        mode: int | None = None,
    ) -> None:
        top = None
        if mode is not None:
            top = self._keep(os.open(token, os.O_RDONLY | FOLDER_FLAGS, dir_fd=incoming))
        self._rename(incoming, token, fd, name, above)
        self._back.append(lambda: _take_back(fd, name, incoming, token, known))
        if top is not None and mode is not None and likeness.mode_of(top) != mode:
            # A folder that its owner may not write to can only be renamed before it is one.
            self._back.append(lambda: os.fchmod(top, mode | stat.S_IRWXU))
            os.fchmod(top, mode)
            os.fsync(top)
        self.reach.check(fd, above)
        sync(fd)

    def _rename(
        self, from_fd: int, name: str, fd: int, to_name: str, above: Sequence[Item]
    ) -> None:
        try:
            rename_new(from_fd, name, fd, to_name)
        except FileExistsError:
            raise self.inspection.taken(above, fd, to_name) from None
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise OtherDisk("Another file system is mounted there") from error
            raise

    def _exchange_back(self, incoming: int, token: str, fd: int, name: str, new: Seen) -> None:
        """Give *name* its earlier version again, unless others have changed the *new* one since."""
        known: Known = {(): (stat.S_IFREG, new)}
        if first_unlike(fd, name, known) is not None:
            return
        try:
            exchange(incoming, token, fd, name)
        except OSError:
            with suppress(OSError, Unavailable):
                self.hidden.keep_arrived(token)  # its only place
            raise
        if first_unlike(incoming, token, known) is not None:
            exchange(incoming, token, fd, name)


def sync(fd: int) -> None:
    """Make the names in an open folder durable. One that cannot be read is left to the system."""
    with suppress(PermissionError):
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _seen(found: os.stat_result) -> Seen:
    return Seen(*facts_of(found))


def _take_back(fd: int, name: str, incoming: int, token: str, known: Known) -> None:
    """Take *name* back to where it came from; what others have changed since stays."""
    if first_unlike(fd, name, known) is not None:
        return
    rename_new(fd, name, incoming, token)
    if first_unlike(incoming, token, known) is not None:
        rename_new(incoming, token, fd, name)
