"""Which names never show: patterns as in a .gitignore file.

Most patterns name a file or folder wherever it is ("*.part", ".git/"); those become one
regular expression, which costs a tenth of what path patterns cost for each name.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from fnmatch import translate

import pathspec

from wakeful.core.errors import Conflict, InvalidName
from wakeful.core.rehearsal import Below
from wakeful.sources.ground import is_utf8

HIDDEN = ".wakeful"
"""The name of the hidden place of a watched folder (`wakeful.sources.hidden`)."""

DEFAULT_IGNORE = (
    f"{HIDDEN}/",
    # A repository's inside is a data base of its own: single files of it mean nothing to
    # others, and every command writes hundreds. `!.git/` brings it back.
    ".git/",
    ".hg/",
    ".svn/",
    # editors: swap files, backups, locks
    "*~",
    ".*.sw[a-px]",
    r"\#*#",  # a line that begins with a bare # is a comment
    ".#*",
    ".*.kate-swp",
    ".goutputstream-*",
    # offices: locks and files being written
    ".~lock.*#",
    "~$*",
    "~*.tmp",
    # downloads that are not finished
    "*.part",
    "*.partial",
    "*.crdownload",
    "*.download",
    # what systems leave behind
    ".DS_Store",
    "._*",
    "Thumbs.db",
    "desktop.ini",
    ".fuse_hidden*",
    ".nfs*",
    ".Trash-*/",
    "lost+found/",
)


class Ignore:
    """Decides by the path below the root. Later patterns win; `!` takes one back."""

    def __init__(
        self,
        patterns: Iterable[str] = (),
        *,
        defaults: Iterable[str] = DEFAULT_IGNORE,
        excluded: Iterable[str] = (),
    ) -> None:
        """*excluded* are paths below the root that are left out whatever the patterns say.

        Raises ValueError for a pattern that means nothing.
        """
        lines = [line for line in (*defaults, *patterns) if line.strip()]
        self._excluded = frozenset(excluded)
        self._anywhere: re.Pattern[str] | None = None
        self._folders: re.Pattern[str] | None = None
        self._paths: pathspec.GitIgnoreSpec | None = None
        if all(_is_simple(line) for line in lines):
            self._anywhere = _one_of(line for line in lines if not line.endswith("/"))
            self._folders = _one_of(line[:-1] for line in lines if line.endswith("/"))
        else:
            self._paths = pathspec.GitIgnoreSpec.from_lines(lines)

    @property
    def by_path(self) -> bool:
        """Whether a file may be ignored in one folder and not in another."""
        return self._paths is not None

    @property
    def needs_path(self) -> bool:
        """Whether the folder's path matters at all."""
        return self._paths is not None or bool(self._excluded)

    def is_around_excluded(self, path: str) -> bool:
        """Whether what is at *path* is, or holds, something that is left out whatever the patterns
        say."""
        return any(each == path or each.startswith(path + "/") for each in self._excluded)

    def __call__(self, folder: str, name: str, *, is_folder: bool) -> bool:
        """Whether *name* in the folder at path *folder* ("" is the root) is left out."""
        if self._excluded and (f"{folder}/{name}" if folder else name) in self._excluded:
            return True
        if self._paths is not None:
            if name == HIDDEN:
                return True  # whatever a pattern takes back
            path = f"{folder}/{name}" if folder else name
            return self._paths.match_file(path + "/" if is_folder else path)
        if self._anywhere is not None and self._anywhere.match(name):
            return True
        return is_folder and self._folders is not None and bool(self._folders.match(name))


def is_left_out(
    ignore: Ignore, device: int, folder: tuple[str, ...], name: str, found: os.stat_result
) -> bool:
    """Whether *found*, which is *name* in the folder at the path *folder*, never shows in a tree
    on the file system *device*."""
    is_folder = stat.S_ISDIR(found.st_mode)
    if not (is_folder or stat.S_ISREG(found.st_mode)) or found.st_dev != device:
        return True
    return not is_utf8(name) or ignore("/".join(folder), name, is_folder=is_folder)


def check_movable(ignore: Ignore, at: tuple[str, ...]) -> None:
    """Raise Conflict where what is at the path *at* is, or holds, what is left out whatever the
    patterns say."""
    if ignore.is_around_excluded("/".join(at)):
        raise Conflict("The data folder of this server is in it")


def check_below(ignore: Ignore, at: tuple[str, ...], below: Below) -> None:
    """Raise InvalidName for a name in *below*, whose top is to be at the path *at*, that would be
    left out there. The top itself is not asked about."""
    for item, names in below[1:]:
        if ignore("/".join((*at, *names[:-1])), item.name, is_folder=item.is_folder):
            raise InvalidName(f"{item.name!r} is left out of this folder", field="name")


def _is_simple(line: str) -> bool:
    """Whether the pattern is about a name alone, and means the same to `fnmatch` as to git."""
    line = line.removeprefix("\\#")
    special = line.startswith(("!", "#")) or line != line.strip()
    return not (special or "/" in line.rstrip("/") or "\\" in line or "**" in line)


def _one_of(lines: Iterable[str]) -> re.Pattern[str] | None:
    parts = [translate(line.removeprefix("\\")) for line in lines]
    return re.compile("|".join(parts)) if parts else None
