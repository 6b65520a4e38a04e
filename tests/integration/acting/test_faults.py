"""Whatever call to the disk fails, an action is done or nothing of it is: the disk, the records,
what was told and the hidden place are as if nobody had asked, and asking again does it.

Every call that an action makes fails once, one after another, until there is none left.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.acting.folders import Client, hidden, tree
from tests.integration.sources.watching import until
from wakeful.core.changes import ById, Change, Copy, Delete, Move, NewVersion
from wakeful.core.errors import (
    Conflict,
    Forbidden,
    InvalidName,
    StoreFull,
    Unavailable,
    WakefulError,
)
from wakeful.core.lookups.trees import Trashed
from wakeful.sources import along, arrivals, copying, likeness, reach, renames, work
from wakeful.sources import hidden as hiding
from wakeful.sources.goods import Goods

CALLS = (
    *("open", "mkdir", "stat", "link", "rename", "unlink", "utime", "fsync", "write"),
    *("symlink", "readlink", "listdir", "fchmod"),
)

Action = Callable[[Client], Awaitable[Any]]


class Faults:
    """Stands for `os` in the modules that act: its call number *fails_at* fails with *code*."""

    def __init__(self, code: int) -> None:
        self._code = code
        self._lock = threading.Lock()
        self.fails_at = -1
        self.count = 0
        self.failed = ""

    def begin(self, fails_at: int) -> None:
        self.fails_at, self.count, self.failed = fails_at, 0, ""

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        return self.wrapped(name, found) if name in CALLS else found

    def wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*arguments: Any, **options: Any) -> Any:
            with self._lock:
                number = self.count
                self.count += 1
            if number == self.fails_at:
                self.failed = name
                raise OSError(self._code, os.strerror(self._code))
            return call(*arguments, **options)

        return failing


@pytest.fixture(params=[errno.ENOSPC, errno.EIO, errno.EACCES, errno.ENAMETOOLONG])
def faults(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Faults:
    faults = Faults(request.param)
    for module in (along, arrivals, copying, hiding, likeness, reach, renames, work):
        monkeypatch.setattr(module, "os", faults)
    for name in ("rename_new", "exchange"):
        monkeypatch.setattr(work, name, faults.wrapped(name, getattr(renames, name)))
    return faults


async def upload(client: Client) -> None:
    await client.upload(client.home.root, "new.txt", b"new", modified_at=1_500_000_000_000)


async def replace(client: Client) -> None:
    file = (await client.watching.items())["docs/a.txt"]
    await client.replace(file.id, b"replaced")


async def folder(client: Client) -> None:
    await client.folder(client.home.root, "fresh")


async def rename_and_replace(client: Client) -> None:
    file = (await client.watching.items())["docs/a.txt"]
    async with client.content(b"replaced") as facts:
        await client.act(
            NewVersion(item=ById(file.id), facts=facts),
            Move(item=ById(file.id), parent=ById(client.home.root), name="moved.txt"),
        )


async def move_folder(client: Client) -> None:
    items = await client.watching.items()
    await client.move(items["docs"].id, items["other"].id, "inside")


async def trash(client: Client) -> None:
    await client.trash((await client.watching.items())["docs"].id)


async def delete(client: Client) -> None:
    await client.act(Delete(item=ById((await client.watching.items())["docs"].id)))


async def restore(client: Client) -> None:
    await client.restore((await trashed(client)).id)


async def copy(client: Client) -> None:
    items = await client.watching.items()
    await client.copy(items["docs"].id, items["other"].id)


async def copy_twice(client: Client) -> None:
    items = await client.watching.items()
    changes: tuple[Change, ...] = tuple(
        Copy(item=ById(items["docs"].id), parent=ById(client.home.root), name=name)
        for name in ("one", "two")
    )
    await client.act(*changes)


async def to_the_shelf(client: Client) -> None:
    await client.move((await client.watching.items())["docs"].id, client.kept.root)


async def to_another_disk(client: Client) -> None:
    """With what is left out, and to where it can only be copied."""
    root, other = (Path(source.status().path) for source in client.sources)
    git = root / "docs" / ".git"
    git.mkdir()
    (git / "config").write_bytes(b"mine")
    (git / "link").symlink_to("config")
    docs = (await client.watching.items())["docs"]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Goods, "is_renamed", lambda goods, act: False)
            await client.move(docs.id, client.second.root)
    except WakefulError:
        assert (git / "link").read_bytes() == b"mine"
        assert tree(other) == {}
        shutil.rmtree(git)
        raise
    assert (other / "docs" / ".git" / "link").read_bytes() == b"mine"


async def trashed(client: Client) -> Any:
    (item,) = await client.store.ask(Trashed((client.home.id,), 0, 10))
    return item


ACTIONS: list[Action] = [
    upload,
    replace,
    folder,
    rename_and_replace,
    move_folder,
    trash,
    delete,
    restore,
    copy,
    copy_twice,
    to_the_shelf,
    to_another_disk,
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
async def test_whatever_fails_it_is_done_or_nothing_is(
    client: Client, root: Path, faults: Faults, action: Action
) -> None:
    docs = await client.folder(client.home.root, "docs")
    await client.folder(client.home.root, "other")
    await client.upload(docs.id, "a.txt", b"one")
    gone = await client.upload(client.home.root, "gone.txt", b"gone")
    await client.trash(gone.id)
    await client.told()
    before, kept = tree(root), hidden(root)
    failures = 0

    for fails_at in range(300):
        faults.begin(fails_at)
        try:
            await action(client)
        except (StoreFull, Forbidden, Unavailable, InvalidName, Conflict):
            faults.begin(-1)
            failures += 1
            assert tree(root) == before, (fails_at, faults.failed)
            assert await client.told() == [], (fails_at, faults.failed)
            assert await remains(client, root) == kept, (fails_at, faults.failed)
            continue
        faults.begin(-1)
        break

    assert failures > 2
    assert tree(root) != before
    told = await client.told()
    assert told
    assert len(told) == len(set(told))


async def remains(client: Client, root: Path) -> dict[str, list[str]]:
    """What is hidden once everything that goes is gone."""

    def tidy() -> bool:
        return "incoming" not in hidden(root)

    with contextlib.suppress(TimeoutError):
        await until(tidy, 1.0)
    return hidden(root)


async def test_a_commit_that_is_refused_is_taken_back_on_the_disk(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = await client.folder(client.home.root, "docs")
    await client.folder(client.home.root, "other")
    await client.upload(docs.id, "a.txt", b"one")
    gone = await client.upload(client.home.root, "gone.txt", b"gone")
    await client.trash(gone.id)
    await client.told()
    before, kept = tree(root), hidden(root)
    act = client.feed.act

    async def refused(actor: int, changes: tuple[Change, ...], terms: Any) -> Any:
        if not terms.done:
            return await act(actor, changes, terms)
        raise StoreFull("no room")

    monkeypatch.setattr(client.feed, "act", refused)
    for action in ACTIONS:
        with pytest.raises(StoreFull):
            await action(client)
        assert tree(root) == before, action.__name__
    monkeypatch.undo()

    assert await client.told() == []
    assert await remains(client, root) == kept


async def test_without_exchanging_and_renaming_for_sure_it_is_all_the_same(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renames, "_renameat2", renames._lacking)
    docs = await client.folder(client.home.root, "docs")
    await client.folder(client.home.root, "other")
    await client.upload(docs.id, "a.txt", b"one")
    await client.told()

    await replace(client)
    await rename_and_replace(client)
    await move_folder(client)
    copied = await client.copy(docs.id, client.home.root, "copied")
    await client.trash(copied.id)
    await client.restore(copied.id)

    assert tree(root) == {
        "copied": None,
        "moved.txt": b"replaced",
        "other": None,
        "other/inside": None,
    }
    assert len(await client.told()) == 7
    assert hidden(root) == {}
