"""Notices into marks: which name of which folder each is about, and what needs no look."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from wakeful.sources.ground import is_utf8
from wakeful.sources.ignore import Ignore
from wakeful.sources.marks import Marks
from wakeful.sources.notices import Notice, Sign, Trouble
from wakeful.sources.snapshot import Folder, Snapshot

log = structlog.get_logger()


class Hearing:
    """Hears the notices of one folder.

    `overflows` counts losses of notices, after which everything must be compared;
    `root_trouble` tells that the root itself may be gone.
    """

    def __init__(self, snapshot: Snapshot, marks: Marks, ignore: Ignore) -> None:
        self._snapshot = snapshot
        self._marks = marks
        self._ignore = ignore
        self.overflows = 0
        self.root_trouble = False

    def hear(self, notices: Iterable[Notice | tuple[Trouble, int]], now: float) -> None:
        """Take *notices*, in their order."""
        for notice in notices:
            if isinstance(notice, Notice):
                self._hear(notice, now)
            else:
                self._hear_trouble(*notice)

    def _hear(self, notice: Notice, now: float) -> None:
        name = notice.name
        folder: Folder | None
        if notice.wd is None:
            folder, name = self._by_path(name)
        else:
            folder = self._snapshot.by_wd.get(notice.wd)
        if folder is None or not name:
            return
        path = folder.path() if self._ignore.needs_path else ""
        if self._ignore(path, name, is_folder=notice.is_folder):
            return
        if not name.isascii() and not is_utf8(name):
            if notice.sign is not Sign.DELETED:
                self._marks.must_list(folder, now)  # a listing counts it
            return
        self._marks.notice(folder, name, notice.sign, now, notice.cookie)

    def _by_path(self, path: str) -> tuple[Folder, str]:
        """The folder and name of a path; the first unknown name where a folder is new."""
        folder = self._snapshot.root
        *above, name = path.split("/")
        for each in above:
            entry = folder.entries.get(each)
            if not isinstance(entry, Folder):
                return folder, each
            folder = entry
        return folder, name if name != "." else ""

    def _hear_trouble(self, trouble: Trouble, wd: int) -> None:
        if trouble is Trouble.OVERFLOW:
            self.overflows += 1
            log.warning("notices were lost: comparing everything")
        elif trouble is Trouble.WATCH_ENDED:
            self.root_trouble |= self._snapshot.root.wd == wd
            self._snapshot.forget_watch(wd)
        else:
            self.root_trouble = True
