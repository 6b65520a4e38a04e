"""What the records do not know of, or could not be taken back, is kept: only what was purged is
removed."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.acting.folders import Client, acting, hidden, tree
from tests.integration.acting.test_starting import place
from tests.integration.acting.test_unseen import refuse_commits
from tests.integration.sources.watching import until
from wakeful.core.changes import ById, CreateFolder, Delete
from wakeful.core.contents import NoContent
from wakeful.core.errors import StoreFull
from wakeful.sources import work
from wakeful.sources.ignore import HIDDEN
from wakeful.sources.ledger import fresh_id
from wakeful.sources.upkeep import Upkeep
from wakeful.stores.memory import MemoryStore


def found(root: Path) -> list[bytes]:
    """The files that are kept."""
    files = (root / HIDDEN).glob("*/found/**/*")
    return sorted(path.read_bytes() for path in files if path.is_file())


async def sweep(client: Client) -> None:
    """Have the trash swept: after a folder was purged, it is."""
    folder = await client.folder(client.home.root, "any")
    await client.trash(folder.id)
    await client.purge(folder.id)
    await until(lambda: str(folder.id) not in hidden(client.watching.root).get("trash", []))
    sweeping = client.sources[0]._upkeep._sweeping
    if sweeping is not None:
        await sweeping


@pytest.mark.parametrize("what", ["file", "folder"])
async def test_what_could_not_be_put_back_into_its_place_is_kept(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what == "file":
        item = await client.upload(client.home.root, "a", b"only here")
    else:
        item = await client.folder(client.home.root, "a")
        await client.upload(item.id, "inside", b"only here")

    def meanwhile() -> None:
        (root / "a").write_bytes(b"by hand")  # so the name is taken

    refuse_commits(client, monkeypatch, meanwhile)
    with pytest.raises(StoreFull):
        await client.trash(item.id)
    monkeypatch.undo()
    await client.settled()
    await sweep(client)

    assert tree(root) == {"a": b"by hand"}
    if what == "file":  # it is another version of the same file
        assert found(root) == [b"only here"]
        assert await client.read(item.id) == b"by hand"
    else:
        await client.restore(item.id, name="again")
        assert tree(root)["again/inside"] == b"only here"


async def test_what_is_not_told_of_yet_is_not_swept(client: Client, root: Path) -> None:
    """As after a step that could not be taken back."""
    file = await client.upload(client.home.root, "a.txt", b"only here")
    await client.told()
    here = client.sources[0]

    async with here.hold() as holding:  # so nobody looks at the folder meanwhile
        trash = holding.work.hidden.trash()
        os.rename(root / "a.txt", str(file.id), dst_dir_fd=trash)
        os.close(trash)
        assert await here._upkeep._is_kept(file.id)
    await client.settled()

    await sweep(client)
    await client.restore(file.id)
    assert tree(root) == {"a.txt": b"only here"}


async def test_a_version_that_could_not_be_exchanged_back_is_kept(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"only here")

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    refuse_commits(client, monkeypatch, lambda: monkeypatch.setattr(work, "exchange", broken))
    with pytest.raises(StoreFull):
        await client.replace(file.id, b"two")
    monkeypatch.undo()
    await client.settled()

    assert tree(root) == {"a.txt": b"two"}
    assert found(root) == [b"only here"]


async def test_what_an_older_backup_does_not_know_of_is_kept(
    root: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = MemoryStore()
    async with acting(store, root, other) as client:
        known = await client.upload(client.home.root, "a.txt", b"one")
        await client.trash(known.id)
    later = await store.commit(fresh_id) + 1  # of an item that was made after the backup
    trash = place(root) / "trash"
    (trash / str(later)).mkdir()
    (trash / str(later) / "b.txt").write_bytes(b"only here")
    (root / "new.txt").write_bytes(b"which gets that id")
    (root / "newer.txt").write_bytes(b"or this one")

    async with acting(store, root, other) as client:
        await until(lambda: found(root) == [b"only here"])
        await sweep(client)
        new = (await client.watching.items())["new.txt"]
        await client.trash(new.id)
        await client.purge(new.id)
        await client.restore(known.id)
    async with acting(store, root, other) as client:
        assert found(root) == [b"only here"]
    assert "kept something that is not recorded" in capsys.readouterr().out


async def test_a_purge_takes_nothing_but_what_was_purged(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    await client.trash(file.id)
    lies = place(root) / "trash" / str(file.id)
    lies.rename(root / "elsewhere")
    lies.write_bytes(b"another")

    with pytest.raises(NoContent):
        await client.restore(file.id)
    await client.purge(file.id)

    assert found(root) == [b"another"]
    assert "trash" not in hidden(root)


async def test_what_was_kept_outlives_a_server_that_keeps_nothing(root: Path, other: Path) -> None:
    async with acting(MemoryStore(), root, other, lasting=False) as client:
        file = await client.upload(client.home.root, "a.txt", b"new")
        gone = await client.upload(client.home.root, "gone.txt", b"gone")
        await client.trash(gone.id)
        (place(root) / "trash" / str(file.id)).write_bytes(b"only here")
    assert tree(root) == {"a.txt": b"new"}
    assert (found(root), list(hidden(root))) == ([b"only here"], ["found"])

    # Nor does the next one, which finds that place abandoned, remove it.
    async with acting(MemoryStore(), root, other):
        assert found(root) == [b"only here"]


async def test_nothing_that_fails_after_the_commit_is_told_as_a_failure(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    await client.trash(file.id)

    def broken(*_: Any) -> None:
        raise RuntimeError("of any kind")

    with monkeypatch.context() as patch:
        patch.setattr("wakeful.sources.holding.Holding.came", broken)
        patch.setattr("wakeful.sources.holding.Holding.moved", broken)
        patch.setattr("wakeful.sources.holding.Holding.went", broken)
        purge = Delete(item=ById(file.id), from_trash=True)
        folder = await client.made(purge, CreateFolder(parent=ById(client.home.root), name="docs"))

    assert (await client.item(folder.id)).name == "docs"
    await client.settled()  # by reading the records again
    await until(lambda: hidden(root) == {})
    (root / "docs" / "b.txt").write_bytes(b"by hand")
    assert repr((await client.told())[-1]) == "item.upload docs/b.txt"


async def test_what_is_not_known_is_kept_where_the_folder_was_not_there_at_the_start(
    root: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With records that are an older backup, and a disk that is mounted too late."""
    store = MemoryStore()
    async with acting(store, root, other) as client:
        known = await client.upload(client.home.root, "known", b"one")
        await client.trash(known.id)
        unknown = await store.commit(fresh_id) + 2
    for id in (unknown, unknown + 1_000):
        (place(root) / "trash" / str(id)).write_bytes(b"only here")
    tidy = Upkeep.tidy

    async def too_early(upkeep: Upkeep) -> None:
        away = root.with_name("away")
        if upkeep._source == root.name:
            os.rename(root, away)
            await tidy(upkeep)
            os.rename(away, root)
        else:
            await tidy(upkeep)

    monkeypatch.setattr(Upkeep, "tidy", too_early)
    async with acting(store, root, other) as client:
        await sweep(client)
        await client.restore(known.id)

    assert found(root) == [b"only here", b"only here"]
    assert tree(root) == {"known": b"one"}
