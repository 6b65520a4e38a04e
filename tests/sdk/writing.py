"""A seeded random program that writes into a user's files over HTTP, and knows what is there.

Unlike the changes of a watched folder (`changes.py`), these may come one upon the other: what
a reader of the present state is told is the outcome, not each step.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator

import httpx2

from tests.readers import Json, Reader
from tests.sdk.changes import Node

_WORDS = ("draft", "Budget", "photo", "Ünïcode", "two words", "資料", "naïve", "emoji 🎈")
_ENDINGS = (".txt", ".md", ".tar.gz", "", ".JPEG")
_DEEPEST = 6  # folders above an item
_TOGETHER = (1, 1, 1, 2, 4)  # changes in one request
_PATIENCE = 60.0  # seconds for which the server may be away
_AWAY = 0.02


class Writer:
    """Writes below the folder *top* (empty: the root) as the user of *reader*.

    `made` counts the changes that are safe.
    """

    def __init__(self, reader: Reader, seed: int, top: str = "") -> None:
        self.made = 0
        self._reader = reader
        self._top = f"/{top}" if top else ""
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._key = f"writer {seed} in {top or 'the root'}"
        self._root = Node("", None, is_folder=True)
        self._sizes: dict[Node, int] = {}
        self._deleted: list[tuple[Node, str]] = []

    def paths(self) -> dict[str, int | None]:
        """The size of what is at each path below the root; None: a folder."""
        return {self._path(node)[1:]: self._sizes.get(node) for node in self._nodes()}

    def write(self, changes: int) -> None:
        """Make so many changes, some of them together, and see them safe.

        A server that is away is asked again: a change is made once, under its key.
        """
        while changes > 0:
            together = [self._change() for _ in range(min(changes, self._random.choice(_TOGETHER)))]
            key = f"{self._key} {next(self._numbers)}"
            self._publish(together, key)
            changes -= len(together)
            self.made += len(together)

    def _publish(self, changes: list[Json], key: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = self._reader.publish(*changes, key=key)
            except httpx2.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if answer.status_code != 503 or time.monotonic() > deadline:
                    assert answer.status_code == 200, (answer.text, changes)
                    return
            time.sleep(_AWAY)

    # --- the kinds of change ---

    def _change(self) -> Json:
        kinds: list[tuple[Callable[[], Json | None], int]] = [
            (self._create_file, 28),
            (self._create_folder, 8),
            (self._edit, 20),
            (self._rename_file, 6),
            (self._move_file, 8),
            (self._rename_folder, 4),
            (self._move_folder, 4),
            (self._change_case, 7),
            (self._add_twin, 3),
            (self._delete_file, 8),
            (self._delete_folder, 3),
            (self._recreate, 9),
        ]
        functions, weights = zip(*kinds, strict=True)
        while True:
            change: Json | None = self._random.choices(functions, weights)[0]()
            if change is not None:
                return change

    def _create_file(self) -> Json | None:
        folder = self._some_folder()
        return self._add(folder, self._fresh_name(), is_folder=False)

    def _create_folder(self) -> Json | None:
        folder = self._some_folder()
        if len(list(folder.above())) > _DEEPEST:
            return None
        return self._add(folder, self._fresh_name(), is_folder=True)

    def _edit(self) -> Json | None:
        node = self._some(is_folder=False)
        return None if node is None else self._upload(node)

    def _rename_file(self) -> Json | None:
        return self._rename(self._some(is_folder=False), self._fresh_name())

    def _rename_folder(self) -> Json | None:
        return self._rename(self._some(is_folder=True), self._fresh_name())

    def _change_case(self) -> Json | None:
        node = self._some(is_folder=self._random.random() < 0.4)
        return None if node is None else self._rename(node, node.name.swapcase())

    def _move_file(self) -> Json | None:
        return self._move(self._some(is_folder=False))

    def _move_folder(self) -> Json | None:
        return self._move(self._some(is_folder=True))

    def _add_twin(self) -> Json | None:
        """Something beside what has the same name but for case: the two have one place."""
        node = self._some(is_folder=self._random.random() < 0.3)
        if node is None:
            return None
        assert node.parent is not None
        return self._add(node.parent, node.name.swapcase(), is_folder=node.is_folder)

    def _delete_file(self) -> Json | None:
        return self._delete(self._some(is_folder=False))

    def _delete_folder(self) -> Json | None:
        return self._delete(self._some(is_folder=True))

    def _recreate(self) -> Json | None:
        """A file or a folder under the name of something deleted, whichever that was."""
        here = [place for place in self._deleted if self._is_there(place[0])]
        if not here:
            return None
        place = self._random.choice(here)
        self._deleted.remove(place)
        return self._add(*place, is_folder=self._random.random() < 0.3)

    # --- what they do ---

    def _add(self, folder: Node, name: str, *, is_folder: bool) -> Json | None:
        if name in folder.children:
            return None
        node = folder.children[name] = Node(name, folder, is_folder)
        if not is_folder:
            return self._upload(node)
        return {"kind": "create_folder", "path": self._path(node)}

    def _upload(self, node: Node) -> Json:
        size = self._sizes[node] = next(self._numbers)
        change = {"kind": "upload", "path": self._path(node), "size": size}
        if self._random.random() < 0.5:
            change["content_hash"] = self._random.randbytes(32).hex()
        return change

    def _rename(self, node: Node | None, name: str) -> Json | None:
        if node is None or node.parent is None or name in node.parent.children:
            return None
        change = {"kind": "rename", "path": self._path(node), "name": name}
        self._place(node, node.parent, name)
        return change

    def _move(self, node: Node | None) -> Json | None:
        folder = self._some_folder()
        if node is None or node in folder.above() or folder is node.parent:
            return None
        depth = len(list(folder.above())) + self._height(node)
        name = node.name if self._random.random() < 0.5 else self._fresh_name()
        if depth > _DEEPEST or name in folder.children:
            return None
        before = self._path(node)
        self._place(node, folder, name)
        return {"kind": "move", "path": before, "to": self._path(node)}

    def _delete(self, node: Node | None) -> Json | None:
        if node is None or node.parent is None:
            return None
        change = {"kind": "trash", "path": self._path(node)}
        del node.parent.children[node.name]
        self._deleted.append((node.parent, node.name))
        return change

    def _place(self, node: Node, folder: Node, name: str) -> None:
        assert node.parent is not None
        del node.parent.children[node.name]
        node.parent, node.name = folder, name
        folder.children[name] = node

    # --- choices ---

    def _nodes(self) -> Iterator[Node]:
        return (node for node in self._root.below() if node is not self._root)

    def _some(self, *, is_folder: bool) -> Node | None:
        nodes = [node for node in self._nodes() if node.is_folder is is_folder]
        return self._random.choice(nodes) if nodes else None

    def _some_folder(self) -> Node:
        return self._random.choice([node for node in self._root.below() if node.is_folder])

    def _is_there(self, node: Node) -> bool:
        above = list(node.above())
        return above[-1] is self._root and all(
            each.parent is None or each.parent.children.get(each.name) is each for each in above
        )

    def _height(self, node: Node) -> int:
        return 1 + max((self._height(child) for child in node.children.values()), default=0)

    def _path(self, node: Node) -> str:
        return f"{self._top}/{node.path}"

    def _fresh_name(self) -> str:
        return f"{self._random.choice(_WORDS)} {next(self._numbers)}{self._random.choice(_ENDINGS)}"
