"""Systems that tell only of which paths something changed, as watchfiles does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.sources.test_telling import after, shell
from tests.integration.sources.watching import Watching
from wakeful.sources import folder
from wakeful.sources.inotify import InotifyWatcher
from wakeful.sources.notices import Notice, Sign, Trouble
from wakeful.stores.memory import MemoryStore


class PathsOnly:
    """What `PortableWatcher` is to its source, made of inotify: paths below the root, no more."""

    def __init__(self) -> None:
        self._inner = InotifyWatcher()
        self._paths: dict[int, str] = {}
        self._root = ""

    def open(self, root: str, wake: Callable[[], None]) -> None:
        self._root = root
        self._inner.open(root, wake)

    def add(self, path: str) -> None:
        # The same number comes back for a folder that was moved, with its new path.
        self._paths[self._inner.add(path)] = os.path.relpath(os.path.realpath(path), self._root)

    def remove(self, wd: int) -> None:
        raise AssertionError("there are no numbers")

    def take(self) -> list[Notice | tuple[Trouble, int]]:
        return [
            Notice(Sign.CHANGED, None, os.path.normpath(f"{self._paths[each.wd]}/{each.name}"))
            for each in self._inner.take()
            if isinstance(each, Notice) and each.wd in self._paths
        ]

    def close(self) -> None:
        self._inner.close()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("echo new > note.txt", ["item.upload note.txt"]),
        ("echo more >> letter.txt", ["item.upload letter.txt"]),
        ("mv letter.txt post.txt", ["item.rename post.txt"]),
        ("mv letter.txt pictures/", ["item.move pictures/letter.txt"]),
        ("rm letter.txt", ["item.trash letter.txt"]),
        ("mv pictures images", ["item.rename images"]),
        ("mkdir a && mv pictures a/", ["item.create a", "item.move a/pictures"]),
        ("rm -r pictures", ["item.trash pictures"]),
        (
            "mkdir -p a/b && echo 1 > a/b/c",
            ["item.create a", "item.create a/b", "item.upload a/b/c"],
        ),
        ("echo new > .t && mv .t letter.txt", ["item.upload letter.txt"]),
        ("mv letter.txt letter.txt~ && echo new > letter.txt", ["item.upload letter.txt"]),
    ],
)
async def test_each_deed_is_told_as_what_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch, command: str, told: list[str]
) -> None:
    monkeypatch.setattr(folder, "_watcher", PathsOnly)
    (root / "letter.txt").write_text("Dear reader")
    (root / "pictures").mkdir()
    (root / "pictures" / "cat.jpg").write_bytes(b"cat")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        events = await after(watching, shell(command))

    assert sorted(map(repr, events)) == sorted(told)
