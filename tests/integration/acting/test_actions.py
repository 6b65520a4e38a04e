"""What a client does in a watched folder is done on the disk, told once, and read back."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.integration.acting.folders import Client, hidden, tree
from tests.integration.sources.watching import until
from wakeful.core.changes import (
    Annotate,
    ById,
    ByPath,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Noted,
    Upload,
)
from wakeful.core.contents import NoContent
from wakeful.core.errors import (
    Conflict,
    InvalidName,
    NameTaken,
    NotEmpty,
    NotFound,
    Outdated,
    Unavailable,
)
from wakeful.core.lookups.trees import ItemById
from wakeful.sources import SourceState, renames, work


async def test_an_upload_is_a_file_on_the_disk(client: Client, root: Path) -> None:
    made = await client.upload(client.home.root, "a.txt", b"hello")

    assert tree(root) == {"a.txt": b"hello"}
    assert await client.read(made.id) == b"hello"
    assert made.sha1 == hashlib.sha1(b"hello").hexdigest()
    assert [repr(each) for each in await client.told()] == ["item.upload a.txt"]
    assert hidden(root) == {}


async def test_everything_is_told_once_and_done_on_the_disk(client: Client, root: Path) -> None:
    top = client.home.root
    docs = await client.folder(top, "docs")
    file = await client.upload(docs.id, "a.txt", b"one")
    await client.replace(file.id, b"two two")
    assert tree(root) == {"docs": None, "docs/a.txt": b"two two"}
    assert await client.read(file.id) == b"two two"
    await client.move(file.id, name="b.txt")
    await client.move(file.id, top)
    copied = await client.copy(file.id, docs.id, "copy.txt")
    await client.move(docs.id, name="papers")
    assert tree(root) == {"b.txt": b"two two", "papers": None, "papers/copy.txt": b"two two"}
    whole = await client.copy(docs.id, top, "all")
    assert await client.read(copied.id) == b"two two"
    await client.trash(docs.id)
    assert tree(root) == {"all": None, "all/copy.txt": b"two two", "b.txt": b"two two"}
    await client.restore(docs.id)
    await client.trash(file.id)
    await client.purge(file.id)
    assert tree(root) == {
        "all": None,
        "all/copy.txt": b"two two",
        "papers": None,
        "papers/copy.txt": b"two two",
    }

    told = [repr(each) for each in await client.told()]
    assert told == [
        "item.create docs",
        "item.upload docs/a.txt",
        "item.upload docs/a.txt",
        "item.rename docs/b.txt",
        "item.move b.txt",
        "item.copy docs/copy.txt",
        "item.rename papers",
        "item.copy all",
        "item.trash papers",
        "item.restore papers",
        "item.trash b.txt",
    ]
    assert (await client.item(whole.id)).name == "all"


async def test_folders_above_an_upload_are_made(client: Client, root: Path) -> None:
    home = client.home.id
    async with client.content(b"deep") as facts:
        made = await client.made(
            Upload(parent=ByPath(home, ("a", "b")), name="c.txt", facts=facts, parents=True)
        )
    await client.made(
        CreateFolder(parent=ByPath(home, ("a", "x")), name="y", parents=True),
    )

    assert tree(root) == {"a": None, "a/b": None, "a/b/c.txt": b"deep", "a/x": None, "a/x/y": None}
    assert await client.read(made.id) == b"deep"
    assert [repr(each) for each in await client.told()] == [
        "item.create a",
        "item.create a/b",
        "item.upload a/b/c.txt",
        "item.create a/x",
        "item.create a/x/y",
    ]
    (root / "a" / "b" / "d.txt").write_bytes(b"by hand")
    assert [repr(each) for each in await client.told()] == ["item.upload a/b/d.txt"]


async def test_what_programs_do_in_a_folder_that_a_client_made_moved_or_copied_is_told(
    client: Client, root: Path
) -> None:
    top = client.home.root
    made = await client.folder(top, "made")
    await client.upload(made.id, "a.txt", b"a")
    copied = await client.copy(made.id, top, "copied")
    await client.trash(made.id)
    await client.restore(made.id, name="back")
    await client.move(copied.id, made.id, "inside")
    await client.told()

    (root / "back" / "inside" / "new").write_bytes(b"new")
    (root / "back" / "a.txt").write_bytes(b"changed")

    told = [repr(each) for each in await client.told()]
    assert sorted(told) == ["item.upload back/a.txt", "item.upload back/inside/new"]


async def test_a_batch_is_done_on_the_disk_step_by_step(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    async with client.content(b"two") as facts:
        changed = await client.made(
            NewVersion(item=ById(file.id), facts=facts), Move(item=ById(file.id), name="b.txt")
        )

    assert tree(root) == {"b.txt": b"two"}
    assert await client.read(changed.id) == b"two"
    assert [repr(each) for each in await client.told()] == [
        "item.upload a.txt",
        "item.upload a.txt",
        "item.rename b.txt",
    ]


async def test_a_batch_that_a_disk_refuses_half_way_is_taken_back(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    (root / "b.txt").symlink_to("nowhere")
    await client.told()
    async with client.content(b"two") as facts:
        with pytest.raises(Conflict, match="no file or folder"):
            await client.act(
                NewVersion(item=ById(file.id), facts=facts), Move(item=ById(file.id), name="b.txt")
            )

    assert (root / "a.txt").read_bytes() == b"one"
    assert await client.read(file.id) == b"one"
    assert await client.told() == []
    assert hidden(root) == {}


# --- what a file is like ---


async def test_a_new_version_keeps_mode_and_attributes(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "run.sh", b"one")
    path = root / "run.sh"
    path.chmod(0o750)
    inode = path.stat().st_ino

    await client.replace(file.id, b"two")

    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert path.stat().st_ino != inode


async def test_a_new_version_runs_in_nobodys_name(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "run.sh", b"one")
    (root / "run.sh").chmod(0o6755)

    await client.replace(file.id, b"two")

    assert stat.S_IMODE((root / "run.sh").stat().st_mode) == 0o755


async def test_files_and_folders_have_the_mode_that_any_program_gives(
    client: Client, root: Path
) -> None:
    before = os.umask(0o027)
    try:
        await client.upload(client.home.root, "a.txt", b"one")
        await client.folder(client.home.root, "docs")
    finally:
        os.umask(before)

    assert stat.S_IMODE((root / "a.txt").stat().st_mode) == 0o640
    assert stat.S_IMODE((root / "docs").stat().st_mode) == 0o750


async def test_the_time_that_a_client_gives_is_that_of_the_file(client: Client, root: Path) -> None:
    at = 1_500_000_000_123
    file = await client.upload(client.home.root, "a.txt", b"one", modified_at=at)
    copied = await client.copy(file.id, client.home.root, "b.txt")

    assert (root / "a.txt").stat().st_mtime_ns == at * 1_000_000
    assert (root / "b.txt").stat().st_mtime_ns == at * 1_000_000
    assert file.content_modified_at == copied.content_modified_at == at
    assert await client.read(copied.id) == b"one"


async def test_without_one_the_item_has_that_of_the_file(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")

    assert file.content_modified_at == (root / "a.txt").stat().st_mtime_ns // 1_000_000


# --- names ---


async def test_names_that_are_left_out_are_refused(client: Client, root: Path) -> None:
    name = "a.part"
    folder = await client.folder(client.home.root, "docs")
    kept = await client.upload(client.kept.root, name, b"one", client.kept.id)
    with pytest.raises(InvalidName, match="left out"):
        await client.upload(folder.id, name, b"one")
    file = await client.upload(folder.id, "a.txt", b"one")
    for action in (
        client.move(file.id, name=name),
        client.copy(file.id, folder.id, name),
        client.copy(kept.id, folder.id),
        client.move(kept.id, folder.id),
    ):
        with pytest.raises(InvalidName, match="left out"):
            await action
    assert tree(root) == {"docs": None, "docs/a.txt": b"one"}
    assert hidden(root) == {}


@pytest.mark.parametrize("name", [".wakeful", ".git"])
async def test_folders_that_are_left_out_are_refused(client: Client, root: Path, name: str) -> None:
    with pytest.raises(InvalidName, match="left out"):
        await client.folder(client.home.root, name)
    made = await client.folder(client.home.root, "docs")
    with pytest.raises(InvalidName, match="left out"):
        await client.move(made.id, name=name)
    assert tree(root) == {"docs": None}


async def test_a_folder_with_a_name_in_it_that_is_left_out_is_not_copied_there(
    client: Client, root: Path
) -> None:
    folder = await client.folder(client.kept.root, "docs")
    await client.upload(folder.id, "good.txt", b"good", client.kept.id)
    await client.upload(folder.id, "half.part", b"half", client.kept.id)

    with pytest.raises(InvalidName, match=r"half\.part"):
        await client.copy(folder.id, client.home.root)
    assert tree(root) == {}
    assert hidden(root) == {}


async def test_a_path_too_long_for_the_disk_is_refused(client: Client, root: Path) -> None:
    async def deeper_and_deeper() -> None:
        folder = client.home.root
        for _ in range(20):
            folder = (await client.folder(folder, "x" * 250)).id

    with pytest.raises(InvalidName, match="too long"):
        await deeper_and_deeper()
    await client.settled()
    assert hidden(root) == {}


# --- the trash ---


async def test_what_is_trashed_waits_in_the_hidden_place(client: Client, root: Path) -> None:
    docs = await client.folder(client.home.root, "docs")
    file = await client.upload(docs.id, "a.txt", b"one")

    await client.trash(docs.id)

    assert tree(root) == {}
    assert hidden(root) == {"trash": [str(docs.id)]}
    back = await client.restore(docs.id)
    assert tree(root) == {"docs": None, "docs/a.txt": b"one"}
    assert await client.read(file.id) == b"one"
    assert back.name == "docs"
    assert hidden(root) == {}


async def test_what_was_deleted_on_the_disk_cannot_be_restored(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    folder = await client.folder(client.home.root, "docs")
    (root / "a.txt").unlink()
    (root / "docs").rmdir()
    await client.told()

    for item in (file, folder):
        with pytest.raises(NoContent, match="deleted on the disk"):
            await client.restore(item.id)
    assert tree(root) == {}
    await client.purge(file.id)
    await client.purge(folder.id)


async def test_where_the_name_is_taken_another_one_is_needed(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    await client.trash(file.id)
    (root / "a.txt").write_bytes(b"by hand")  # not yet told of

    with pytest.raises(NameTaken):
        await client.restore(file.id)
    await client.restore(file.id, name="b.txt")

    assert tree(root) == {"a.txt": b"by hand", "b.txt": b"one"}


async def test_a_purge_removes_the_bytes(client: Client, root: Path) -> None:
    docs = await client.folder(client.home.root, "docs")
    early = await client.upload(docs.id, "early.txt", b"early")
    await client.upload(docs.id, "a.txt", b"one")
    await client.trash(early.id)
    await client.trash(docs.id)
    assert hidden(root) == {"trash": sorted([str(early.id), str(docs.id)])}

    await client.purge(docs.id)

    await until(lambda: hidden(root) == {})
    assert await client.told_at_once() is not None
    assert await client.store.ask(ItemById(early.id)) is None


async def test_a_folder_goes_for_good_whatever_the_modes_in_it(client: Client, root: Path) -> None:
    docs = await client.folder(client.home.root, "docs")
    inner = await client.folder(docs.id, "inner")
    await client.upload(inner.id, "a.txt", b"one")
    (root / "docs" / "inner").chmod(0o500)
    (root / "docs").chmod(0o500)

    await client.trash(docs.id)
    await client.purge(docs.id)

    await until(lambda: hidden(root) == {})


async def test_a_deletion_for_good_of_what_is_there(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")

    await client.act(Delete(item=ById(file.id)))

    assert tree(root) == {}
    await until(lambda: hidden(root) == {})
    assert [repr(each) for each in await client.told()] == ["item.upload a.txt", "item.trash a.txt"]


async def test_only_an_empty_folder_goes_where_nothing_else_was_asked_for(
    client: Client, root: Path
) -> None:
    docs = await client.folder(client.home.root, "docs")
    (root / "docs" / "fresh.txt").write_bytes(b"nobody told of it yet")

    with pytest.raises(NotEmpty):
        await client.trash(docs.id, recursive=False)

    assert tree(root) == {"docs": None, "docs/fresh.txt": b"nobody told of it yet"}
    assert hidden(root) == {}
    (root / "docs" / "fresh.txt").unlink()
    (root / "docs" / ".DS_Store").write_bytes(b"left out, so it does not count")
    await client.settled()
    await client.trash(docs.id, recursive=False)
    assert tree(root) == {}


# --- what others do at the same time ---


async def test_what_somebody_wrote_a_moment_ago_is_never_lost(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    new = root.parent / "new"
    new.write_bytes(b"by hand")
    new.rename(root / "a.txt")  # in one step: half of it could be told, too

    with pytest.raises(Outdated):
        await client.replace(file.id, b"two", only_if=(file.revision,))

    assert tree(root) == {"a.txt": b"by hand"}
    assert [repr(each) for each in await client.told()] == ["item.upload a.txt"] * 2
    await client.replace(file.id, b"two")  # who does not ask replaces what is recorded by then
    assert tree(root) == {"a.txt": b"two"}
    assert len(await client.told()) == 1


async def test_a_name_that_somebody_took_a_moment_ago_is_taken(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "old.txt", b"old")
    await client.told()
    (root / "a.txt").write_bytes(b"by hand")
    (root / "docs").mkdir()

    with pytest.raises(NameTaken) as taken:
        await client.upload(client.home.root, "a.txt", b"one", overwrite=False)
    with pytest.raises(NameTaken):
        await client.folder(client.home.root, "docs")
    with pytest.raises(NameTaken):
        await client.move(file.id, name="a.txt")
    with pytest.raises(NameTaken):
        await client.copy(file.id, client.home.root, "a.txt")

    assert taken.value.item.name == "a.txt"
    assert tree(root) == {"a.txt": b"by hand", "docs": None, "old.txt": b"old"}
    assert hidden(root) == {}


async def test_what_somebody_deleted_or_moved_a_moment_ago_is_found_out(
    client: Client, root: Path
) -> None:
    docs = await client.folder(client.home.root, "docs")
    file = await client.upload(docs.id, "a.txt", b"one")
    (root / "docs").rename(root / "papers")

    await client.move(file.id, name="b.txt")

    assert tree(root) == {"papers": None, "papers/b.txt": b"one"}
    (root / "papers" / "b.txt").unlink()
    with pytest.raises(NotFound):
        await client.replace(file.id, b"two")
    assert tree(root) == {"papers": None}


async def test_nothing_outside_is_reached_through_a_link(
    client: Client, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_bytes(b"outside")
    docs = await client.folder(client.home.root, "docs")
    file = await client.upload(docs.id, "a.txt", b"one")
    (root / "docs").rename(root / "moved")
    (root / "docs").symlink_to(outside)

    await client.replace(file.id, b"two")
    await client.upload(docs.id, "b.txt", b"new")

    assert tree(outside) == {"a.txt": b"outside"}
    assert tree(root / "moved") == {"a.txt": b"two", "b.txt": b"new"}


async def test_a_folder_that_is_carried_out_of_the_root_meanwhile_gets_nothing(
    client: Client, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = await client.folder(client.home.root, "docs")
    file = await client.upload(docs.id, "a.txt", b"one")
    rename_new, exchange = renames.rename_new, renames.exchange

    def carried_out(step: Any) -> Any:
        def at_the_last_moment(*names: Any) -> None:
            if (root / "docs").is_dir():
                (root / "docs").rename(tmp_path / "outside")
            step(*names)

        return at_the_last_moment

    monkeypatch.setattr(work, "rename_new", carried_out(rename_new))
    monkeypatch.setattr(work, "exchange", carried_out(exchange))
    with pytest.raises(NotFound):
        await client.upload(docs.id, "b.txt", b"new")
    assert tree(tmp_path / "outside") == {"a.txt": b"one"}
    (tmp_path / "outside").rename(root / "docs")
    await client.settled()
    with pytest.raises(NotFound):
        await client.replace(file.id, b"two")

    assert tree(root) == {"docs": None, "docs/a.txt": b"one"}
    assert hidden(root) == {}


async def test_a_file_that_is_exchanged_at_the_last_moment_is_not_replaced(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    exchange = renames.exchange
    done: list[bytes] = []

    def at_the_last_moment(*names: Any) -> None:
        if not done:
            done.append(b"by hand")
            (root / "new").write_bytes(b"by hand")
            (root / "new").rename(root / "a.txt")
        exchange(*names)

    monkeypatch.setattr(work, "exchange", at_the_last_moment)
    with pytest.raises(Outdated):
        await client.replace(file.id, b"two", only_if=(file.revision,))

    assert tree(root) == {"a.txt": b"by hand"}
    assert [repr(each) for each in await client.told()] == ["item.upload a.txt"] * 2


async def test_what_is_exchanged_at_the_last_moment_is_told_before_it_is_moved(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    rename_new = renames.rename_new
    done: list[bytes] = []

    def at_the_last_moment(*names: Any) -> None:
        if not done:
            done.append(b"")
            (root / "a.txt").rename(root / "c.txt")
            (root / "a.txt").write_bytes(b"another")
        rename_new(*names)

    monkeypatch.setattr(work, "rename_new", at_the_last_moment)
    await client.move(file.id, name="b.txt")

    # What has its name by then is the file: as after an editor that keeps the old one aside.
    assert tree(root) == {"b.txt": b"another", "c.txt": b"one"}
    assert await client.read(file.id) == b"another"
    told = [repr(each) for each in await client.told()]
    told.remove("item.upload c.txt")  # once, before or after: nothing waits for it
    assert told == ["item.upload a.txt", "item.upload a.txt", "item.rename b.txt"]


async def test_a_folder_that_is_not_there_is_unavailable(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    away = root.with_name("away")
    os.rename(root, away)
    try:
        with pytest.raises(Unavailable):
            await client.replace(file.id, b"two")
        with pytest.raises(Unavailable):
            await client.folder(client.home.root, "docs")
        # Once the folder is back, only this tells that the source has heard of it.
        await until(lambda: client.sources[0].status().state is SourceState.PAUSED)
        with pytest.raises(Unavailable):
            await client.replace(file.id, b"two")
    finally:
        os.rename(away, root)
    await client.settled()
    await client.replace(file.id, b"two")
    assert tree(root) == {"a.txt": b"two"}


async def test_an_action_that_is_called_off_comes_to_its_end(client: Client, root: Path) -> None:
    acting = asyncio.create_task(client.folder(client.home.root, "docs"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting

    told = [repr(each) for each in await client.told()]
    assert told == (["item.create docs"] if (root / "docs").exists() else [])


async def test_what_is_in_the_records_alone_can_go_but_is_not_on_the_disk(
    client: Client, root: Path
) -> None:
    published = (
        await client.feed.publish(
            client.watching.user.id,
            (Upload(parent=ById(client.home.root), name="ghost.txt", facts=Facts(size=3)),),
        )
    ).applied.items[0]
    assert published is not None
    with pytest.raises(NoContent):
        await client.move(published.id, name="b.txt")
    with pytest.raises(NoContent):
        await client.copy(published.id, client.home.root, "b.txt")
    await client.replace(published.id, b"real")
    assert tree(root) == {"ghost.txt": b"real"}


async def test_who_notes_something_on_a_file_touches_no_disk(client: Client, root: Path) -> None:
    file = await client.upload(client.home.root, "a.txt", b"one")
    before = (root / "a.txt").stat()

    noted = await client.made(
        Annotate(item=ById(file.id), types={Noted.DESCRIBED: ("x", 1)}, description="words")
    )

    assert noted.notes.description == "words"
    assert (root / "a.txt").stat() == before
