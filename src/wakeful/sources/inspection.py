"""What an action finds at a place on the disk: whether it is what is recorded, and what may be put
there.

What is not as recorded has the records brought up to date first (Astray).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

from wakeful.core.contents import ContentChanged
from wakeful.core.errors import Conflict, InvalidName
from wakeful.core.items import Item, Seen
from wakeful.core.names import NameTooLong
from wakeful.core.rehearsal import Below
from wakeful.sources.along import Along
from wakeful.sources.ignore import Ignore, check_below, check_movable, is_left_out
from wakeful.sources.reach import Astray, Reach, names_of, seen_of
from wakeful.sources.wholes import Names, first_unlike, is_known, kind_of, known_of

_LONGEST_PATH = 4095


class Inspection:
    """`seen` is what the action itself put on the disk, by item: it is not recorded yet."""

    def __init__(self, reach: Reach, ignore: Ignore) -> None:
        self.reach = reach
        self.seen: dict[int, Seen] = {}
        self._ignore = ignore

    def is_on_disk(self, item: Item) -> bool:
        """Whether there should be anything of *item*."""
        return item.id in self.seen or item.id in self.reach.made or item.seen is not None

    def seen_of(self, item: Item) -> Seen:
        """How *item* was seen last."""
        if item.is_folder and item.id in self.reach.made:
            return Seen(self.reach.made[item.id], 0, 0)
        return self.seen.get(item.id) or seen_of(item)

    def expect(self, fd: int, lineage: Sequence[Item]) -> os.stat_result:
        """What is at the place of the last of *lineage*, which must be as recorded.
        Raises Astray and Conflict."""
        item = lineage[-1]
        seen = self.seen_of(item)
        try:
            found = os.stat(item.name, dir_fd=fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            raise Astray(names_of(lineage), self.reach) from None
        if self._is_mounted(found):
            raise Conflict("Another file system is mounted there")
        if not is_same(found, item, seen):
            raise Astray(names_of(lineage), self.reach)
        return found

    def check_same(self, fd: int, name: str, lineage: Sequence[Item]) -> None:
        """Raise Astray unless *name* is what was recorded of the last of *lineage*."""
        item = lineage[-1]
        if not is_same(os.stat(name, dir_fd=fd, follow_symlinks=False), item, self.seen_of(item)):
            raise Astray(names_of(lineage), self.reach)

    def check_empty(self, fd: int, name: str, lineage: Sequence[Item]) -> None:
        """Raise Astray for what nobody has told of yet."""
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    if not self._is_left_out(names_of(lineage), entry.name, found):
                        raise Astray((*names_of(lineage), entry.name), self.reach)
        finally:
            os.close(folder)

    def check_whole(
        self,
        fd: int,
        name: str,
        lineage: Sequence[Item],
        below: Below,
        along: Mapping[Names, Along] | None,
    ) -> None:
        """Raise unless *name* holds nothing but what was copied as *below* and went *along*, as it
        was copied."""
        went = {names: (each.kind, each.was) for names, each in (along or {}).items()}
        unlike = first_unlike(fd, name, {**known_of(below), **went})
        if unlike is None:
            return
        names, found = unlike
        at = (*names_of(lineage), *names)
        is_within = any(names[:depth] in went for depth in range(1, len(names) + 1))
        if is_within or (found is not None and self._is_left_out(at[:-1], at[-1], found)):
            if along is not None:
                raise ContentChanged("Something that is left out changed while it was copied")
            raise Conflict(
                f"{'/'.join(at)!r} is left out of the feed, and has no place where this would go"
            )
        raise Astray(at, self.reach)

    def _is_left_out(self, folder: Names, name: str, found: os.stat_result) -> bool:
        return is_left_out(self._ignore, self.reach.device, folder, name, found)

    def check_movable(self, lineage: Sequence[Item]) -> None:
        """Raise Conflict where the last of *lineage* cannot be carried away."""
        check_movable(self._ignore, names_of(lineage))

    def taken(self, above: Sequence[Item], fd: int, name: str) -> Exception:
        """What is raised where something is at a place that is free by the records."""
        try:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except OSError:
            return Astray((*names_of(above), name), self.reach)  # gone again
        if self._is_mounted(found):
            return Conflict("Another file system is mounted there")
        if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
            return Astray((*names_of(above), name), self.reach)
        return Conflict("On the disk something has this name that is no file or folder")

    def _is_mounted(self, found: os.stat_result) -> bool:
        return stat.S_ISDIR(found.st_mode) and found.st_dev != self.reach.device

    def check_below(self, at: tuple[str, ...], below: Below) -> None:
        """Raise InvalidName for a name in *below* that is left out where its top is at *at*."""
        check_below(self._ignore, at, below)

    @property
    def judges_by_path(self) -> bool:
        """Whether a name may be left out in one folder of this and not in another."""
        return self._ignore.by_path

    def check_name(self, above: tuple[str, ...], name: str, *, is_folder: bool) -> None:
        """Raise InvalidName and NameTooLong for what cannot be *name* in the folder at *above*."""
        if self._ignore("/".join(above), name, is_folder=is_folder):
            raise InvalidName(f"{name!r} is left out of this folder", field="name")
        path = os.fsencode("/".join((self.reach.root, *above, name)))
        if len(path) > _LONGEST_PATH:
            raise NameTooLong("the path is too long for the disk of this folder", field="name")


def is_same(found: os.stat_result, item: Item, seen: Seen) -> bool:
    """Whether *found* is *item*, of which *seen* was seen last."""
    return is_known(found, kind_of(item), seen)
