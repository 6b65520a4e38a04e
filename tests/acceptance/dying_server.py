"""`wakeful`, which kills itself in the middle of an action: just before the step that it is told.

A step is a call that changes something on a disk, or the beginning or end of a commit. The file
that `WAKEFUL_TEST_STEP` names has the number of steps to let pass; it is removed when it was read.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from wakeful.cli import main
from wakeful.contents import disk
from wakeful.contents import folder as shelf
from wakeful.feed import Feed
from wakeful.sources import along, arrivals, copying, hidden, likeness, renames, work

CHANGING = (
    *("mkdir", "rename", "unlink", "link", "symlink", "utime", "fsync", "write", "rmdir"),
    "fchmod",
)

TOLD = Path(os.environ.pop("WAKEFUL_TEST_STEP"))


class Steps:
    """Counts the steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = -1

    def step(self) -> None:
        with self._lock:
            try:
                self._left = int(TOLD.read_text())
                TOLD.unlink()
            except FileNotFoundError:
                pass
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._left -= 1

    def before(self, call: Any) -> Any:
        def stepping(*arguments: Any, **options: Any) -> Any:
            self.step()
            return call(*arguments, **options)

        return stepping


class DyingOs:
    """`os`, of which each changing call is a step."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name == "mkdir":
            return self._mkdir
        return self._steps.before(found) if name in CHANGING else found

    def _mkdir(self, name: str, *arguments: Any, **options: Any) -> None:
        if not os.access(name, os.F_OK, **options):  # else it changes nothing
            self._steps.step()
        os.mkdir(name, *arguments, **options)


def dying(steps: Steps) -> None:
    for module in (along, arrivals, copying, hidden, likeness, renames, work, shelf, disk):
        module.os = DyingOs(steps)  # type: ignore[attr-defined] # in place of the import
    places: list[tuple[Any, str]] = [
        (renames, "_renameat2"),
        (shelf, "unlink"),
        (shutil, "rmtree"),
        (Path, "replace"),
    ]
    for place, name in places:
        setattr(place, name, steps.before(getattr(place, name)))
    act = Feed.act

    async def committing(feed: Feed, *arguments: Any) -> Any:
        steps.step()
        try:
            return await act(feed, *arguments)
        finally:
            steps.step()

    # For the whole life of the process, which it ends: nothing has to be put back.
    Feed.act = committing  # type: ignore[method-assign, assignment] # any arguments


if __name__ == "__main__":
    dying(Steps())
    sys.exit(main())
