"""What a watched folder has beside what is recorded, and what others write at the last moment, is
never lost by what clients do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.disk import all_below
from tests.integration.acting.folders import Client, acting, hidden, tree, write_at_the_last_moment
from tests.integration.acting.test_across import docs
from tests.mounts import mounted
from wakeful.core.changes import ById, Change
from wakeful.core.errors import Conflict, Forbidden, InvalidName, StoreFull
from wakeful.sources.hidden import remove
from wakeful.sources.ignore import HIDDEN
from wakeful.stores.memory import MemoryStore


def inodes(root: Path) -> dict[Path, int]:
    return {path: path.lstat().st_ino for path in all_below(root / "docs")}


def refuse_commits(client: Client, monkeypatch: pytest.MonkeyPatch, meanwhile: Any) -> None:
    """Carry out *meanwhile* when the disk acted, and refuse the commit then."""
    act = client.feed.act

    async def refused(actor: int, changes: tuple[Change, ...], terms: Any) -> Any:
        if not terms.done:
            return await act(actor, changes, terms)
        meanwhile()
        raise StoreFull("no room")

    monkeypatch.setattr(client.feed, "act", refused)


@pytest.mark.usefixtures("copying")
@pytest.mark.parametrize("name", ["new.txt", "a.txt", "inner/b.txt", "inner/new"])
async def test_what_is_written_when_all_was_copied_is_moved_too(
    client: Client, root: Path, other: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    write_at_the_last_moment(monkeypatch, root / "docs" / name)

    await client.move(top.id, client.second.root)

    assert tree(root) == {}
    assert tree(other)[f"docs/{name}"] == b"by hand"


@pytest.mark.parametrize("how", ["exchanged", "written"])
async def test_what_somebody_wrote_over_a_new_versionstays_where_that_is_taken_back(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")

    def meanwhile() -> None:
        whence = root / ("a.txt" if how == "written" else "new")
        whence.write_bytes(b"by hand")
        whence.rename(root / "a.txt")

    refuse_commits(client, monkeypatch, meanwhile)
    with pytest.raises(StoreFull):
        await client.replace(file.id, b"two")
    monkeypatch.undo()

    assert tree(root) == {"a.txt": b"by hand"}
    await client.settled()
    assert await client.read(file.id) == b"by hand"
    assert hidden(root) == {}


@pytest.mark.parametrize("how", ["exchanged", "written"])
async def test_what_somebody_wrote_over_an_uploadstays_where_that_is_taken_back(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def meanwhile() -> None:
        whence = root / ("a.txt" if how == "written" else "new")
        whence.write_bytes(b"by hand")
        whence.rename(root / "a.txt")

    refuse_commits(client, monkeypatch, meanwhile)
    with pytest.raises(StoreFull):
        await client.upload(client.home.root, "a.txt", b"one")
    monkeypatch.undo()

    assert tree(root) == {"a.txt": b"by hand"}
    await client.settled()
    assert hidden(root) == {}


@pytest.mark.parametrize("name", ["new.txt", "a.txt", "inner/new"])
async def test_what_somebody_put_into_a_copystays_where_that_is_taken_back(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    top, _ = await docs(client, client.home.root, client.home.id)
    refuse_commits(client, monkeypatch, lambda: (root / "copied" / name).write_bytes(b"by hand"))
    with pytest.raises(StoreFull):
        await client.copy(top.id, client.home.root, "copied")
    monkeypatch.undo()

    assert tree(root)[f"copied/{name}"] == b"by hand"
    await client.settled()
    assert hidden(root) == {}


async def test_what_holds_the_data_of_the_serverstays_where_it_is(root: Path, other: Path) -> None:
    data = root / "app" / "data"
    data.mkdir(parents=True)
    (data / "wakeful.sqlite").write_bytes(b"records")
    async with acting(MemoryStore(), root, other, exclude=(data,)) as client:
        app = (await client.watching.items())["app"]
        with pytest.raises(Conflict, match="data folder"):
            await client.move(app.id, name="moved")
        with pytest.raises(Conflict, match="data folder"):
            await client.move(app.id, client.second.root)
        with pytest.raises(Conflict, match="data folder"):
            await client.trash(app.id)
        assert (data / "wakeful.sqlite").read_bytes() == b"records"
        assert hidden(root) == {}


async def test_a_folder_with_a_link_in_it_goes_as_an_empty_one(client: Client, root: Path) -> None:
    folder = await client.folder(client.home.root, "docs")
    (root / "docs" / "link").symlink_to("nowhere")
    await client.settled()

    await client.trash(folder.id, recursive=False)
    await client.restore(folder.id)

    assert os.readlink(root / "docs" / "link") == "nowhere"


@pytest.mark.parametrize("what", ["file", "link"])
async def test_what_somebody_has_in_place_of_the_hidden_folder_is_left_alone(
    client: Client, root: Path, other: Path, what: str
) -> None:
    (root / "a.txt").write_bytes(b"mine")
    place = root / HIDDEN
    if what == "file":
        place.write_bytes(b"mine, too")
    else:
        place.symlink_to(other)
    await client.settled()
    file = (await client.watching.items())["a.txt"]
    before = place.lstat().st_ino

    with pytest.raises(Forbidden):
        await client.trash(file.id)
    with pytest.raises(Forbidden):
        await client.upload(client.home.root, "b.txt", b"one")

    assert (tree(root), tree(other)) == ({"a.txt": b"mine"}, {})
    assert place.lstat().st_ino == before


def test_what_is_mounted_in_a_folder_that_is_purged_is_not_removed(tmp_path: Path) -> None:
    disk = tmp_path / "gone" / "inner" / "disk"
    disk.parent.mkdir(parents=True)
    with mounted(disk):
        (disk / "file").write_text("mine")
        top = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(OSError, match="busy"):
            remove(top, "gone")
        os.close(top)
        assert (disk / "file").read_text() == "mine"


@pytest.mark.parametrize("known", [False, True], ids=["new", "recorded"])
async def test_what_is_mounted_at_a_name_has_it(client: Client, root: Path, known: bool) -> None:
    """At once, and not after looking at it again and again."""
    file = await client.upload(client.home.root, "a.txt", b"one")
    if known:
        item = await client.folder(client.home.root, "docs")
        actions = [client.move(item.id, name="other"), client.trash(item.id)]
    else:
        actions = [client.folder(client.home.root, "docs"), client.move(file.id, name="docs")]
    with mounted(root / "docs"):
        for action in actions:
            with pytest.raises(Conflict, match="mounted"):
                await action
        assert sorted(tree(root)) == ["a.txt", "docs"]


async def test_what_would_be_left_out_where_a_folder_goes_is_asked_about_deep_in_it(
    root: Path, other: Path
) -> None:
    (root / "public").mkdir()
    async with acting(MemoryStore(), root, other, ignore=["/public/**/*.key"]) as client:
        top, _ = await docs(client, client.home.root, client.home.id)
        inner = (await client.watching.items())["docs/inner"]
        await client.upload(inner.id, "a.key", b"secret")
        public = (await client.watching.items())["public"].id
        before = inodes(root)
        for action in (client.move(top.id, public), client.copy(top.id, public)):
            with pytest.raises(InvalidName, match=r"a\.key"):
                await action
        await client.trash(top.id)
        with pytest.raises(InvalidName, match=r"a\.key"):
            await client.restore(top.id, parent=ById(public))
        await client.restore(top.id)
        assert inodes(root) == before
