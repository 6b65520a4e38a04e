"""A seeded random program that changes a folder and knows what a feed has to tell of it.

It works in batches. The changes of one batch touch no item twice and no item above or below
another changed one, so that each has to be told exactly once, whatever their order and however
late the watcher looks (also after a restart). The next batch comes when the last one was told:
else a feed may rightly tell two changes as one (a file created and deleted at once is nothing).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_WORDS = ("draft", "budget", "photo", "Ünïcode", "two words", "資料", "naïve", "x", "emoji 🎈")
_ENDINGS = (".txt", ".md", ".pdf", "", ".jpeg")
_DEEPEST = 5  # folders above an item
_TRIES = 50  # to find an item that the batch has not touched


@dataclass(eq=False)
class Node:
    """An item as it should be on the disk. `id` is what the feed calls it, once that is known."""

    name: str
    parent: Node | None
    is_folder: bool
    id: str | None = None
    children: dict[str, Node] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path below the watched folder; "" for that itself."""
        if self.parent is None:
            return ""
        return f"{self.parent.path}/{self.name}".lstrip("/")

    def above(self) -> Iterator[Node]:
        """Itself and every folder above it."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def below(self) -> Iterator[Node]:
        """Itself and everything below it."""
        yield self
        for child in self.children.values():
            yield from child.below()


@dataclass(eq=False)
class Telling:
    """What the feed has to tell of a change: an event of this type about this item."""

    event_type: str
    node: Node
    path: str  # where the item is afterwards; of a deleted one, where it was


@dataclass(eq=False)
class Change:
    """One change: `make` makes it on the disk."""

    make: Callable[[], None]
    tellings: list[Telling]


class Changer:
    """Changes what is below *folder*. *outside* is a folder on the same disk, not watched."""

    def __init__(self, folder: Path, outside: Path, seed: int) -> None:
        self.root = Node("", None, is_folder=True, id="0")
        self._folder = folder
        self._outside = outside
        self._random = random.Random(seed)
        self._fresh = 0
        self._deleted: list[tuple[Node, str, bool]] = []  # where something was: parent, name, kind
        self._changed: set[Node] = set()
        self._used: set[Node] = set()
        self._vacated: set[tuple[Node, str]] = set()

    # --- what there is ---

    def plant(self, count: int) -> None:
        """Make a tree of some size before anybody watches."""
        for _ in range(count):
            for change in (self._create_file(), self._create_folder()):
                if change is not None:
                    change.make()
            self._begin_batch()

    def paths(self) -> dict[str, bool]:
        """The tree as it should be: each path, and whether it is a folder."""
        return {node.path: node.is_folder for node in self.root.below() if node is not self.root}

    def batch(self, size: int) -> list[Change]:
        """Decide on *size* changes. They have to be made in this order."""
        self._begin_batch()
        kinds: list[tuple[Callable[[], Change | None], int]] = [
            (self._create_file, 26),
            (self._edit, 24),
            (self._rename_file, 10),
            (self._move_file, 10),
            (self._delete_file, 9),
            (self._recreate, 7),
            (self._create_folder, 7),
            (self._rename_folder, 3),
            (self._move_folder, 2),
            (self._delete_folder, 1),
            (self._bring_in, 1),
        ]
        functions, weights = zip(*kinds, strict=True)
        changes: list[Change] = []
        while len(changes) < size:
            decide = self._random.choices(functions, weights)[0]
            change = decide()
            if change is not None:
                changes.append(change)
        return changes

    # --- the kinds of change ---

    def _create_file(self) -> Change | None:
        parent = self._some_parent()
        return self._upload(parent, self._fresh_name(parent))

    def _upload(self, parent: Node, name: str) -> Change:
        node = self._add(parent, name, is_folder=False)
        path, content = self._on_disk(node), self._content()
        outside = self._outside / f"written {self._next()}"

        def make() -> None:
            # Whole when it appears: half of it would be told, too, if this had to wait meanwhile.
            outside.write_bytes(content)
            _rename(outside, path)

        return Change(make, [Telling("ITEM_UPLOAD", node, node.path)])

    def _create_folder(self) -> Change | None:
        parent = self._some_parent()
        if parent is not self.root and len(list(parent.above())) > _DEEPEST:
            return None
        return self._make_folder(parent, self._fresh_name(parent, ending=""))

    def _make_folder(self, parent: Node, name: str) -> Change:
        node = self._add(parent, name, is_folder=True)
        return Change(self._on_disk(node).mkdir, [Telling("ITEM_CREATE", node, node.path)])

    def _edit(self) -> Change | None:
        node = self._untouched(is_folder=False)
        if node is None:
            return None
        self._changed.add(node)
        path, content = self._on_disk(node), self._content()
        return Change(lambda: _write_over(path, content), [Telling("ITEM_UPLOAD", node, node.path)])

    def _recreate(self) -> Change | None:
        """Something new under the name of something deleted."""
        for _ in range(min(_TRIES, len(self._deleted))):
            place = self._random.choice(self._deleted)
            parent, name, is_folder = place
            if self._is_usable(parent) and self._is_free(parent, name):
                self._deleted.remove(place)
                return (self._make_folder if is_folder else self._upload)(parent, name)
        return None

    def _rename_file(self) -> Change | None:
        return self._rename(is_folder=False)

    def _rename_folder(self) -> Change | None:
        return self._rename(is_folder=True)

    def _rename(self, *, is_folder: bool) -> Change | None:
        node = self._untouched(is_folder)
        if node is None or node.parent is None:
            return None
        return self._to("ITEM_RENAME", node, node.parent, self._fresh_name(node.parent))

    def _move_file(self) -> Change | None:
        return self._move(is_folder=False)

    def _move_folder(self) -> Change | None:
        return self._move(is_folder=True)

    def _move(self, *, is_folder: bool) -> Change | None:
        node = self._untouched(is_folder)
        if node is None:
            return None
        parent = self._some_parent()
        if parent is node.parent or node in parent.above():
            return None
        if is_folder and len(list(parent.above())) > _DEEPEST - 2:
            return None
        # Every other one takes a new name on its way.
        name = node.name if self._random.random() < 0.5 else self._fresh_name(parent)
        if not self._is_free(parent, name):
            return None
        return self._to("ITEM_MOVE", node, parent, name)

    def _to(self, event_type: str, node: Node, parent: Node, name: str) -> Change:
        before = self._on_disk(node)
        self._take_away(node)
        self._changed.add(node)
        self._used.add(parent)
        node.parent, node.name = parent, name
        parent.children[name] = node
        after = self._on_disk(node)
        return Change(lambda: _rename(before, after), [Telling(event_type, node, node.path)])

    def _delete_file(self) -> Change | None:
        return self._delete(is_folder=False)

    def _delete_folder(self) -> Change | None:
        return self._delete(is_folder=True)

    def _delete(self, *, is_folder: bool) -> Change | None:
        node = self._untouched(is_folder)
        if node is None or node.parent is None:
            return None
        if is_folder and not node.children:
            # While nobody watches, a new folder that is given its inode looks like this one
            # under another name: ext4 gives inodes again at once, and both are empty.
            return None
        path, where = self._on_disk(node), node.path
        self._take_away(node)
        self._deleted.append((node.parent, node.name, is_folder))
        self._changed.update(node.below())
        if not is_folder:
            make: Callable[[], None] = path.unlink
        elif self._random.random() < 0.5:
            make = lambda: shutil.rmtree(path)  # noqa: E731 - a def would say no more
        else:
            out = self._outside / f"gone {self._next()}"
            make = lambda: _rename(path, out)  # noqa: E731 - as above
        return Change(make, [Telling("ITEM_TRASH", node, where)])

    def _bring_in(self) -> Change | None:
        """A folder that is moved here from outside, with what is in it."""
        parent = self._some_parent()
        if len(list(parent.above())) > _DEEPEST - 1:
            return None
        outside = self._outside / f"new {self._next()}"
        folder = self._add(parent, self._fresh_name(parent, ending=""), is_folder=True)
        tellings = [Telling("ITEM_CREATE", folder, folder.path)]
        contents = {}
        for _ in range(self._random.randrange(4)):
            node = self._add(folder, self._fresh_name(folder), is_folder=False)
            tellings.append(Telling("ITEM_UPLOAD", node, node.path))
            contents[node.name] = self._content()
        inside = self._on_disk(folder)

        def make() -> None:
            outside.mkdir()
            for name, content in contents.items():
                (outside / name).write_bytes(content)
            _rename(outside, inside)

        return Change(make, tellings)

    # --- choices ---

    def _begin_batch(self) -> None:
        self._changed.clear()
        self._used.clear()
        self._vacated.clear()

    def _untouched(self, is_folder: bool) -> Node | None:
        """An item whose change is told whatever else is in the batch."""
        nodes = [n for n in self.root.below() if n.is_folder is is_folder and n.parent is not None]
        for _ in range(min(_TRIES, len(nodes))):
            node = self._random.choice(nodes)
            touched_below = any(n in self._changed or n in self._used for n in node.below())
            if not touched_below and self._changed.isdisjoint(node.above()):
                return node
        return None

    def _some_parent(self) -> Node:
        nodes = [n for n in self.root.below() if n.is_folder and self._is_usable(n)]
        return self._random.choice(nodes)

    def _is_usable(self, parent: Node) -> bool:
        """Whether something may come into it: it is in the tree, and the batch leaves it there."""
        above = list(parent.above())
        in_tree = above[-1] is self.root and all(
            node.parent is None or node.parent.children.get(node.name) is node for node in above
        )
        return in_tree and self._changed.isdisjoint(above)

    def _is_free(self, parent: Node, name: str) -> bool:
        return name not in parent.children and (parent, name) not in self._vacated

    def _add(self, parent: Node, name: str, *, is_folder: bool) -> Node:
        node = Node(name, parent, is_folder)
        parent.children[name] = node
        self._used.add(parent)
        # A new folder may be filled at once; nothing else happens to what is new.
        (self._used if is_folder else self._changed).add(node)
        return node

    def _take_away(self, node: Node) -> None:
        assert node.parent is not None
        del node.parent.children[node.name]
        self._vacated.add((node.parent, node.name))
        self._used.add(node.parent)

    def _fresh_name(self, parent: Node, ending: str | None = None) -> str:
        """A name that was never used anywhere."""
        if ending is None:
            ending = self._random.choice(_ENDINGS)
        return f"{self._random.choice(_WORDS)} {self._next()}{ending}"

    def _content(self) -> bytes:
        """A content whose size is unlike any other's, mostly."""
        return self._random.randbytes(self._random.choice((0, 40, 3_000)) + self._next())

    def _next(self) -> int:
        self._fresh += 1
        return self._fresh

    def _on_disk(self, node: Node) -> Path:
        return self._folder / node.path


def _write_over(path: Path, content: bytes) -> None:
    """Write over what is there in one step: nothing between the two could be told."""
    with path.open("r+b", buffering=0) as file:
        file.write(content.ljust(path.stat().st_size + 1, b"."))


def _rename(before: Path, after: Path) -> None:
    assert not after.exists(), after
    before.rename(after)
