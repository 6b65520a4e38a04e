"""Random operations on a folder, and what may be said of the events that they cause."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from wakeful.core.events import Event, ItemEvent, Snapshot

NAMES = ("a", "b", "c", "d.txt", "e.txt", "Straße", "f g")
KEPT = "kept"


class Churn:
    """Does what people and programs do to *root*, drawn by a seeded generator."""

    def __init__(self, root: Path, outside: Path, seed: int) -> None:
        self.root = root
        self.outside = outside
        self.random = random.Random(seed)
        self.done: list[str] = []
        (root / KEPT).touch()  # a root that is found empty would be a pause
        self._operations = (
            [self.write] * 6
            + [self.append, self.save_by_rename, self.save_by_backup, self.rename_file] * 3
            + [self.make_folder, self.move_folder, self.remove_file] * 3
            + [self.remove_folder, self.move_out, self.move_in, self.swap_files]
            + [self.swap_folders, self.link, self.touch, self.copy_folder]
            + [self.folder_for_file, self.write_slowly]
        )

    def some(self, count: int) -> None:
        """Do *count* operations; those that cannot be done at present do nothing."""
        for _ in range(count):
            operation = self.random.choice(self._operations)
            self.done.append(operation.__name__)
            with contextlib.suppress(OSError, shutil.Error):
                operation()

    # --- what is drawn ---

    def folders(self) -> list[Path]:
        below = (Path(d, n) for d, ns, _ in os.walk(self.root) for n in ns)
        return [self.root, *(folder for folder in below if not folder.is_symlink())]

    def files(self) -> list[Path]:
        return [Path(d, n) for d, _, ns in os.walk(self.root) for n in ns if n != KEPT]

    def folder(self) -> Path:
        shallow = [f for f in self.folders() if len(f.relative_to(self.root).parts) < 5]
        return self.random.choice(shallow)

    def file(self) -> Path:
        files = self.files()
        if not files:
            raise FileNotFoundError
        return self.random.choice(files)

    def below_root(self) -> Path:
        folders = self.folders()[1:]
        if not folders:
            raise FileNotFoundError
        return self.random.choice(folders)

    def place(self) -> Path:
        return self.folder() / self.random.choice(NAMES)

    def content(self) -> bytes:
        return self.random.randbytes(self.random.randrange(200))

    # --- the operations ---

    def write(self) -> None:
        self.place().write_bytes(self.content())

    def append(self) -> None:
        with self.file().open("ab") as file:
            file.write(b"more")

    def write_slowly(self) -> None:
        with self.place().open("wb") as file:
            for _ in range(3):
                file.write(self.content())
                file.flush()

    def touch(self) -> None:
        os.utime(self.file())

    def save_by_rename(self) -> None:
        file = self.file()
        temporary = file.with_name(f".{file.name}.temporary")
        temporary.write_bytes(self.content())
        temporary.replace(file)

    def save_by_backup(self) -> None:
        file = self.file()
        file.rename(file.with_name(file.name + "~"))
        file.write_bytes(self.content())
        file.with_name(file.name + "~").unlink()

    def rename_file(self) -> None:
        self.file().rename(self.place())

    def swap_files(self) -> None:
        self._swap(self.file(), self.file())

    def swap_folders(self) -> None:
        self._swap(self.below_root(), self.below_root())

    def make_folder(self) -> None:
        self.place().mkdir()

    def move_folder(self) -> None:
        self.below_root().rename(self.place())

    def remove_file(self) -> None:
        self.file().unlink()

    def remove_folder(self) -> None:
        shutil.rmtree(self.below_root())

    def copy_folder(self) -> None:
        folder = self.below_root()
        if sum(1 for _ in folder.rglob("*")) < 10 and len(self.files()) < 60:
            copy = self.place()
            if folder not in copy.parents:  # else it would never end
                shutil.copytree(folder, copy, symlinks=True)

    def move_out(self) -> None:
        thing = self.random.choice([self.below_root(), self.file()])
        thing.rename(self.outside / f"{len(self.done)}")

    def move_in(self) -> None:
        things = sorted(self.outside.iterdir())
        if things:
            self.random.choice(things).rename(self.place())

    def link(self) -> None:
        self.place().with_name("a link").symlink_to(self.outside)

    def folder_for_file(self) -> None:
        file = self.file()
        file.unlink()
        file.mkdir()

    def _swap(self, one: Path, other: Path) -> None:
        if one == other or one in other.parents or other in one.parents:
            return
        between = self.root / "between"
        one.rename(between)
        other.rename(one)
        between.rename(other)


def replay(events: Iterable[Event], known: dict[int, str], folders: set[int]) -> dict[int, str]:
    """The paths of all items after *events*, from the paths that were *known* before.

    Each event must fit what the ones before it left, or an AssertionError tells which does not.
    """
    paths = dict(known)
    for number, event in enumerate(events):
        source = event.source
        assert isinstance(source, Snapshot)
        path = "/".join([*(folder.name for folder in source.path[1:]), source.name])
        what = f"event {number}: {event.type} {path}"
        taken = {paths[id] for id in paths if id != source.id}
        if event.type == ItemEvent.CREATE:
            assert source.id not in paths, what
            assert path not in taken, what
            paths[source.id] = path
            folders.add(source.id)
        elif event.type == ItemEvent.UPLOAD:
            assert path not in taken, what
            assert paths.get(source.id, path) == path, what
            paths[source.id] = path
        elif event.type in (ItemEvent.RENAME, ItemEvent.MOVE):
            before = paths[source.id]
            assert path != before, what
            assert path not in taken, what
            same = before.rpartition("/")[0] == path.rpartition("/")[0]
            assert same == (event.type == ItemEvent.RENAME), what
            for id, each in paths.items():
                if each == before or each.startswith(before + "/"):
                    paths[id] = path + each[len(before) :]
        elif event.type == ItemEvent.TRASH:
            assert paths.get(source.id) == path, what
            for id in [i for i, p in paths.items() if p == path or p.startswith(path + "/")]:
                del paths[id]
        else:
            raise AssertionError(what)
    return paths
