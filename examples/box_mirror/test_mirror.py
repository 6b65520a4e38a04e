"""The mirror against a whole server, with the fixtures of the pytest plugin `wakeful`."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from box_sdk_gen import (
    CopyFolderParent,
    CreateFolderParent,
    UpdateFileByIdParent,
    UpdateFolderByIdParent,
    UploadFileAttributes,
    UploadFileAttributesParentField,
    UploadFileVersionAttributes,
)

from mirror import Mirror
from tree import ROOT, Item, Tree

PROGRAM = Path(__file__).with_name("mirror.py")


class Box:
    """What somebody does in Box."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def folder(self, name: str, parent: str = "0") -> str:
        made = self.client.folders.create_folder(name, CreateFolderParent(id=parent))
        return str(made.id)

    def file(self, name: str, content: str, parent: str = "0") -> str:
        attributes = UploadFileAttributes(
            name=name, parent=UploadFileAttributesParentField(id=parent)
        )
        made = self.client.uploads.upload_file(attributes, io.BytesIO(content.encode()))
        return str(made.entries[0].id)

    def write(self, file: str, content: str) -> None:
        name = self.client.files.get_file_by_id(file).name  # another one would rename it
        attributes = UploadFileVersionAttributes(name=name)
        self.client.uploads.upload_file_version(file, attributes, io.BytesIO(content.encode()))

    def rename(self, file: str, name: str) -> None:
        self.client.files.update_file_by_id(file, name=name)

    def move(self, file: str, parent: str) -> None:
        self.client.files.update_file_by_id(file, parent=UpdateFileByIdParent(id=parent))

    def rename_folder(self, folder: str, name: str) -> None:
        self.client.folders.update_folder_by_id(folder, name=name)

    def move_folder(self, folder: str, parent: str) -> None:
        self.client.folders.update_folder_by_id(folder, parent=UpdateFolderByIdParent(id=parent))

    def copy_folder(self, folder: str, name: str) -> None:
        self.client.folders.copy_folder(folder, CopyFolderParent(id="0"), name=name)

    def trash(self, file: str) -> None:
        self.client.files.delete_file_by_id(file)

    def trash_folder(self, folder: str) -> None:
        self.client.folders.delete_folder_by_id(folder, recursive=True)

    def restore_folder(self, folder: str) -> None:
        self.client.trashed_folders.restore_folder_from_trash(folder)

    def tree(self, folder: str = "0", above: str = "") -> dict[str, str | None]:
        """Everything by its path: the content of a file, None for a folder."""
        found: dict[str, str | None] = {}
        for entry in self.client.folders.get_folder_items(folder).entries:
            path = f"{above}{entry.name}"
            if entry.type.value == "folder":
                found[path] = None
                found |= self.tree(entry.id, f"{path}/")
            else:
                found[path] = self.client.downloads.download_file(entry.id).read().decode()
        return found


@pytest.fixture
def box(box_client: Any) -> Box:
    return Box(box_client)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mirrored"


@pytest.fixture
def mirror(box_client: Any, folder: Path) -> Iterator[Mirror]:
    with mirroring(box_client, folder) as mirror:
        yield mirror


@contextmanager
def mirroring(client: Any, folder: Path) -> Iterator[Mirror]:
    tree = Tree(folder, folder.with_name("state"))
    try:
        yield Mirror(client, tree)
    finally:
        tree.close()


def on_disk(folder: Path) -> dict[str, str | None]:
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_text()
        for path in folder.rglob("*")
    }


def plant(box: Box, parent: str = "0") -> dict[str, str]:
    """Something to begin with, by its names."""
    docs, old = box.folder("docs", parent), box.folder("old", parent)
    return {
        "docs": docs,
        "old": old,
        "deep": box.folder("deep", docs),
        "a": box.file("a.txt", "a", docs),
        "b": box.file("b.txt", "b", docs),
        "top": box.file("top.txt", "top", parent),
    }


def swap(box: Box, ids: dict[str, str]) -> None:
    box.rename(ids["a"], "c.txt")
    box.rename(ids["b"], "a.txt")
    box.rename(ids["a"], "b.txt")


def inside_out(box: Box, ids: dict[str, str]) -> None:
    box.move_folder(ids["deep"], "0")
    box.move_folder(ids["docs"], ids["deep"])


def save_before_the_folder_goes(box: Box, ids: dict[str, str]) -> None:
    box.move(ids["a"], ids["old"])
    box.trash_folder(ids["docs"])


def there_and_back(box: Box, ids: dict[str, str]) -> None:
    box.trash_folder(ids["docs"])
    box.restore_folder(ids["docs"])


def take_the_name_of_another(box: Box, ids: dict[str, str]) -> None:
    box.trash(ids["top"])
    box.file("inside.txt", "x", box.folder("top.txt"))


CHANGES: dict[str, Callable[[Box, dict[str, str]], object]] = {
    "new": lambda box, ids: box.file("new.txt", "new", ids["deep"]),
    "new version": lambda box, ids: box.write(ids["a"], "a, again"),
    "rename": lambda box, ids: box.rename(ids["a"], "renamed.txt"),
    "move": lambda box, ids: box.move(ids["a"], ids["old"]),
    "rename folder": lambda box, ids: box.rename_folder(ids["docs"], "papers"),
    "move folder": lambda box, ids: box.move_folder(ids["docs"], ids["old"]),
    "copy folder": lambda box, ids: box.copy_folder(ids["docs"], "copy"),
    "trash": lambda box, ids: box.trash(ids["a"]),
    "trash folder": lambda box, ids: box.trash_folder(ids["docs"]),
    "swap": swap,
    "inside out": inside_out,
    "save before the folder goes": save_before_the_folder_goes,
    "there and back": there_and_back,
    "take the name of another": take_the_name_of_another,
}


def test_the_first_start_takes_everything(box: Box, mirror: Mirror, folder: Path) -> None:
    plant(box)

    assert mirror.catch_up()

    assert on_disk(folder) == {
        "docs": None,
        "docs/a.txt": "a",
        "docs/b.txt": "b",
        "docs/deep": None,
        "old": None,
        "top.txt": "top",
    }


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_followed(
    box: Box, mirror: Mirror, folder: Path, change: Callable[[Box, dict[str, str]], object]
) -> None:
    ids = plant(box)
    mirror.catch_up()

    change(box, ids)
    assert mirror.catch_up()

    assert on_disk(folder) == box.tree()


def test_a_folder_comes_back_as_it_went(box: Box, mirror: Mirror, folder: Path) -> None:
    ids = plant(box)
    mirror.catch_up()

    box.trash_folder(ids["docs"])
    mirror.catch_up()
    assert on_disk(folder) == {"old": None, "top.txt": "top"}
    box.restore_folder(ids["docs"])
    mirror.catch_up()

    assert on_disk(folder) == box.tree()
    assert "docs/a.txt" in on_disk(folder)


def test_what_did_not_change_is_not_loaded_again(box: Box, mirror: Mirror, folder: Path) -> None:
    ids = plant(box)
    mirror.catch_up()
    before = (folder / "docs" / "a.txt").stat()

    box.rename_folder(ids["docs"], "papers")
    mirror.catch_up()

    assert (folder / "papers" / "a.txt").stat().st_ino == before.st_ino


@pytest.mark.parametrize("fault", ["duplicate", "reorder"])
def test_events_may_come_twice_and_in_another_order(
    wakeful_user: Any, box: Box, mirror: Mirror, folder: Path, fault: str
) -> None:
    planted = {name: plant(box, box.folder(name)) for name in CHANGES}
    mirror.catch_up()
    for name, change in CHANGES.items():
        change(box, planted[name])

    with wakeful_user.fault(fault, "box.events") as used:
        assert mirror.catch_up()

    assert used.used
    assert on_disk(folder) == box.tree()


@pytest.mark.wakeful(fidelity="faithful", chance=4)
def test_it_follows_a_box_with_all_that_box_is_known_to_do(
    wakeful_server: Any, box: Box, mirror: Mirror, folder: Path
) -> None:
    planted = {name: plant(box, box.folder(name)) for name in CHANGES}
    mirror.catch_up()

    for name, change in CHANGES.items():
        change(box, planted[name])
        wakeful_server.advance(seconds=1)
        mirror.catch_up()
    wakeful_server.advance(seconds=3)  # what happened is told seconds later
    assert mirror.catch_up()

    assert on_disk(folder) == box.tree()


def test_an_event_may_come_late(wakeful_user: Any, box: Box, mirror: Mirror, folder: Path) -> None:
    ids = plant(box)
    mirror.catch_up()

    with wakeful_user.fault("late", times=2, events=4):
        box.trash(ids["a"])
        box.move(ids["b"], ids["old"])
        box.file("a.txt", "another", ids["docs"])  # its place is not free yet
        box.rename(ids["b"], "b, renamed.txt")  # newer than the move that is still to come
        mirror.catch_up()
        assert on_disk(folder)["docs/a.txt"] == "a"
        for name in ("one.txt", "two.txt"):
            box.file(name, "x")
        assert mirror.catch_up()

    assert on_disk(folder) == box.tree()


def test_a_content_that_breaks_off_leaves_no_half_file(
    wakeful_user: Any, box: Box, mirror: Mirror, folder: Path
) -> None:
    ids = plant(box)
    mirror.catch_up()
    box.write(ids["a"], "much longer than before")

    with wakeful_user.fault("cut", "box.content", times=1):
        assert not mirror.catch_up()

    assert on_disk(folder)["docs/a.txt"] == "a"
    assert mirror.catch_up()
    assert on_disk(folder) == box.tree()


def test_it_waits_as_long_as_it_is_told(
    wakeful_user: Any, box: Box, mirror: Mirror, folder: Path
) -> None:
    plant(box)

    with wakeful_user.fault(429, times=2, retry_after=1):
        assert mirror.catch_up()

    wakeful_user.requests.expect_backed_off()
    assert on_disk(folder) == box.tree()


def test_it_polls_until_something_happens(
    wakeful_user: Any, box: Box, mirror: Mirror, folder: Path
) -> None:
    plant(box)
    mirror.catch_up()

    def change() -> None:
        wakeful_user.requests.expect_poll()
        box.file("new.txt", "new")

    with ThreadPoolExecutor() as threads:
        changed = threads.submit(change)
        mirror.wait()
        changed.result()
    assert mirror.catch_up()

    assert on_disk(folder) == box.tree()


def test_after_a_gap_all_is_compared(
    wakeful_server: Any, box: Box, mirror: Mirror, folder: Path
) -> None:
    ids = plant(box)
    mirror.catch_up()
    box.trash(ids["a"])
    box.rename_folder(ids["old"], "older")

    wakeful_server.advance(days=61)  # the events are gone
    box.file("new.txt", "new")
    assert mirror.catch_up()

    assert on_disk(folder) == box.tree()


def test_a_position_that_nobody_knows_is_no_end(box: Box, mirror: Mirror, folder: Path) -> None:
    plant(box)
    mirror.catch_up()
    mirror._tree.read_up_to("a position of another server")

    box.file("new.txt", "new")
    assert mirror.catch_up()

    assert on_disk(folder) == box.tree()


class Killed(BaseException):
    """The program ends here."""


def test_it_may_be_killed_at_every_step(
    box: Box, box_client: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = plant(box)
    with mirroring(box_client, folder) as mirror:
        mirror.catch_up()
    for change in (swap, inside_out, there_and_back, take_the_name_of_another):
        change(box, ids)
    box.write(ids["a"], "a, again")
    box.trash_folder(ids["old"])
    expected, begin = box.tree(), tmp_path / "begin"
    shutil.copytree(tmp_path, begin, ignore=shutil.ignore_patterns("begin"))

    steps = 0
    while True:
        steps += 1
        for name in ("mirrored", "state"):
            shutil.rmtree(tmp_path / name)
            shutil.copytree(begin / name, tmp_path / name)
        with monkeypatch.context() as patching, mirroring(box_client, folder) as mirror:
            kill_at(steps, mirror, patching)
            try:
                mirror.catch_up()
            except Killed:
                pass
            else:
                break
        with mirroring(box_client, folder) as mirror:
            assert mirror.catch_up()
        assert on_disk(folder) == expected, f"killed at step {steps}"
    assert steps > 20


def kill_at(step: int, mirror: Mirror, patching: pytest.MonkeyPatch) -> None:
    """Of all that leaves something behind, on the disk or written down, that one is not done."""
    left = step

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def take(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return function(*args, **options)

        return take

    for name in ("rename", "replace", "mkdir", "unlink", "rmdir"):
        patching.setattr(os, name, counted(getattr(os, name)))
    for name in ("_put_place", "_forget_place", "read_up_to"):
        patching.setattr(mirror._tree, name, counted(getattr(mirror._tree, name)))


def test_the_program_follows_and_survives_kills(wakeful_user: Any, box: Box, folder: Path) -> None:
    ids = plant(box)
    for content in ("one", "two", "three"):
        with running(wakeful_user, folder) as program:
            eventually(lambda: is_like(folder, box))
            box.write(ids["a"], content)
            box.rename_folder(ids["docs"], f"docs {content}")
            program.send_signal(signal.SIGKILL)
    with running(wakeful_user, folder):
        eventually(lambda: is_like(folder, box))


def is_like(folder: Path, box: Box) -> bool:
    """Whether the disk is like Box, which it is not where something goes while it is read."""
    with suppress(FileNotFoundError):
        return on_disk(folder) == box.tree()
    return False


@contextmanager
def running(
    user: Any, folder: Path, *options: str, stderr: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(PROGRAM), str(folder), "--url", user.url, *options]
    environ = os.environ | {"BOX_TOKEN": user.token, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environ, stderr=stderr) as program:
        try:
            yield program
        finally:
            program.kill()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_program_is_refused(wakeful_user: Any, mirror: Mirror, folder: Path) -> None:
    state = str(folder.with_name("state"))
    with running(wakeful_user, folder, "--state", state, stderr=subprocess.PIPE) as second:
        _, complaint = second.communicate(timeout=180)

    assert second.returncode == 1
    assert complaint.decode() == f"mirror.py: another program has {state}\n"
    assert mirror.catch_up()


def test_names_lead_nowhere_else(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "mirrored", tmp_path / "state")
    for number, name in enumerate(("..", ".", "../evil", "/evil", "a/b", "x" * 300, "fine")):
        tree.learn(Item(f"folder/{number}", ROOT, name, None, None, 1))

    assert not tree.settle(lambda key, sha1, part: None)

    tree.close()
    assert on_disk(tmp_path / "mirrored") == {"fine": None}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mirrored", "state"]
