"""The data folder: one owner, private files, and epochs that are never used twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import apsw
import pytest

from tests.contract.things import ANNA, names, read, tell
from wakeful.core.events import decode
from wakeful.core.positions import LAST_EPOCH, position
from wakeful.stores.sqlite import (
    Damaged,
    EpochsExhausted,
    FolderError,
    FolderInUse,
    NotAStore,
    SqliteStore,
    TooNew,
    new_epoch,
    restore,
)
from wakeful.stores.sqlite.database import Meta
from wakeful.stores.sqlite.folder import Remembered, needs_new_epoch
from wakeful.stores.sqlite.queries import migrations


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(data)
    try:
        yield store
    finally:
        await store.close()


async def filled(data: Path, *events: str) -> int:
    """Append *events* to the store in *data*; returns its epoch."""
    async with opened(data) as store:
        if events:
            await tell(store, *events)
        return store.epoch


def change(data: Path, statement: str) -> None:
    """Meddle with the database."""
    db = apsw.Connection(str(data / "wakeful.db"))
    db.execute(statement)
    db.close()


def contents(data: Path) -> dict[str, int]:
    """The files in *data*, each with its permissions."""
    return {file.name: file.stat().st_mode & 0o777 for file in data.iterdir()}


@contextmanager
def another_process(data: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the folder *data*."""
    script = (
        "import sys, pathlib\n"
        "from wakeful.stores.sqlite.folder import Folder\n"
        "folder = Folder.take(pathlib.Path(sys.argv[1]))\n"
        "print('taken', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


# --- the owner ---


async def test_a_second_server_is_refused_and_told_who_has_the_folder(data: Path) -> None:
    async with opened(data) as store:
        await tell(store, "one")

        with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}") as refused:
            await SqliteStore.open(data)

        assert refused.value.pid == os.getpid()
        assert await names(store) == ["one"]
    assert await filled(data) == 1


async def test_whatever_else_writes_is_refused_while_a_server_runs(
    data: Path, tmp_path: Path
) -> None:
    async with opened(data) as store:
        await store.backup(tmp_path / "copy")

        with pytest.raises(FolderInUse):
            restore(tmp_path / "copy", data)
        with pytest.raises(FolderInUse):
            new_epoch(data)


async def test_the_folder_is_free_again_after_its_owner_was_killed(data: Path) -> None:
    with another_process(data) as owner, pytest.raises(FolderInUse, match=str(owner.pid)):
        await SqliteStore.open(data)

    assert await filled(data, "one") == 1


async def test_nobody_else_can_read_what_is_kept(data: Path, tmp_path: Path) -> None:
    async with opened(data) as store:
        await tell(store, "one")
        await store.backup(tmp_path / "copy")
        modes = contents(data)

    assert set(modes) >= {"lock", "wakeful.db", "wakeful.db-wal", "epoch.json"}
    assert set(modes.values()) == {0o600}
    assert contents(tmp_path) == {"data": 0o700, "copy": 0o600}


async def test_closing_leaves_the_database_in_one_file(data: Path) -> None:
    await filled(data, "one")

    assert set(contents(data)) == {"lock", "wakeful.db", "epoch.json"}


# --- epochs ---


@pytest.mark.parametrize(
    ("meta", "remembered", "new"),
    [
        pytest.param(("id", 3, 0, 10), ("id", 3, 10), False, id="as it was left"),
        pytest.param(("id", 3, 0, 12), ("id", 3, 10), False, id="more commits than remembered"),
        pytest.param(("id", 3, 0, 9), ("id", 3, 10), True, id="rolled back"),
        pytest.param(("id", 2, 0, 10), ("id", 3, 10), True, id="of an earlier epoch"),
        pytest.param(("id", 4, 0, 10), ("id", 3, 10), True, id="used elsewhere meanwhile"),
        pytest.param(("other", 3, 0, 10), ("id", 3, 10), True, id="another store"),
        pytest.param(("id", 3, 1, 10), ("id", 3, 10), True, id="a copy never opened"),
        pytest.param(("id", 3, 0, 10), None, True, id="nothing is remembered"),
    ],
)
def test_a_new_epoch_is_needed_where_positions_might_repeat(
    meta: tuple[str, int, int, int], remembered: tuple[str, int, int] | None, new: bool
) -> None:
    identity, epoch, copied, commits = meta
    whole = Meta(identity, epoch, copied, 0, 0, 0, commits)

    assert needs_new_epoch(whole, remembered and Remembered(*remembered)) is new


async def test_a_restart_keeps_the_epoch(data: Path) -> None:
    assert [await filled(data, "e") for _ in range(3)] == [1, 1, 1]

    async with opened(data) as store:
        assert await tell(store, "four") == [{ANNA: 4}]


async def test_a_database_that_was_rolled_back_begins_a_new_epoch(
    data: Path, tmp_path: Path
) -> None:
    await filled(data, "one")
    shutil.copy(data / "wakeful.db", tmp_path / "earlier")
    await filled(data, "two", "three")
    old_position = position(1, 3)

    shutil.copy(tmp_path / "earlier", data / "wakeful.db")

    async with opened(data) as store:
        await tell(store, "other two", "other three")
        page = await read(store, asked=old_position)
        assert (store.epoch, page.gap, len(page.events)) == (2, True, 3)
    assert await filled(data) == 2


async def test_a_database_that_was_swapped_begins_an_epoch_beyond_both(
    data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    await filled(data, "one")
    await filled(other, "a")
    for _ in range(4):
        new_epoch(data)

    shutil.copy(other / "wakeful.db", data / "wakeful.db")

    assert await filled(data) == 6


async def test_a_copy_that_is_put_in_by_hand_begins_a_new_epoch(data: Path, tmp_path: Path) -> None:
    async with opened(data) as store:
        await tell(store, "one")
        await store.backup(tmp_path / "copy")

    shutil.copy(tmp_path / "copy", data / "wakeful.db")

    assert [await filled(data), await filled(data)] == [2, 2]


async def test_a_database_that_was_deleted_does_not_use_its_epoch_again(data: Path) -> None:
    await filled(data, "one")
    (data / "wakeful.db").unlink()

    async with opened(data) as store:
        assert (store.epoch, await names(store)) == (2, [])


async def test_a_database_that_comes_alone_begins_a_new_epoch(data: Path, tmp_path: Path) -> None:
    await filled(data, "one")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    shutil.copy(data / "wakeful.db", elsewhere)

    assert await filled(elsewhere) == 2


async def test_what_cannot_be_noticed_can_be_told(data: Path) -> None:
    await filled(data, "one")

    assert [new_epoch(data), new_epoch(data)] == [2, 3]
    async with opened(data) as store:
        assert (store.epoch, await names(store)) == (3, ["one"])


async def test_the_number_of_commits_is_remembered_at_close(data: Path) -> None:
    async with opened(data) as store:
        for number in range(5):
            await tell(store, f"e{number}")

    remembered = json.loads((data / "epoch.json").read_text())

    assert (remembered["epoch"], remembered["commits"]) == (1, 5)


async def test_there_is_nothing_beyond_the_last_epoch(data: Path) -> None:
    await filled(data, "one")
    change(data, f"UPDATE meta SET epoch = {LAST_EPOCH - 1}")

    assert await filled(data) == LAST_EPOCH
    with pytest.raises(EpochsExhausted, match="8191"):
        new_epoch(data)
    assert await filled(data) == LAST_EPOCH


async def test_a_damaged_side_file_is_not_taken_for_none(data: Path) -> None:
    await filled(data, "one")
    (data / "epoch.json").write_text("{}")

    with pytest.raises(FolderError, match="epoch --new"):
        await SqliteStore.open(data)

    (data / "epoch.json").unlink()
    assert new_epoch(data) == 2


async def test_time_does_not_fall_from_one_start_to_the_next(data: Path) -> None:
    first = await SqliteStore.open(data, clock=lambda: 9_000)
    await tell(first, "one")
    await first.close()

    second = await SqliteStore.open(data, clock=lambda: 5_000)
    await tell(second, "two")
    page = await read(second)
    await second.close()

    assert [decode(event.body).recorded_at for event in page.events] == [9_000, 9_000]


# --- restore ---


async def test_a_restored_copy_takes_the_place_of_the_database(data: Path, tmp_path: Path) -> None:
    async with opened(data) as store:
        await tell(store, "one")
        await store.backup(tmp_path / "copy")
        await tell(store, "two")

    aside = restore(tmp_path / "copy", data)

    async with opened(data) as store:
        assert (store.epoch, await names(store)) == (2, ["one"])
    assert aside is not None
    assert aside.parent == data
    aside.replace(data / "wakeful.db")
    async with opened(data) as store:
        assert (store.epoch, await names(store)) == (3, ["one", "two"])


async def test_each_database_is_kept_however_often_is_restored(data: Path, tmp_path: Path) -> None:
    async with opened(data) as store:
        await store.backup(tmp_path / "copy")

    kept = {restore(tmp_path / "copy", data) for _ in range(3)}

    assert len(kept) == 3
    assert all(file is not None and file.exists() for file in kept)
    assert await filled(data) == 2


async def test_a_copy_is_restored_into_an_empty_folder(data: Path, tmp_path: Path) -> None:
    async with opened(data) as store:
        await tell(store, "one")
        await store.backup(tmp_path / "copy")

    assert restore(tmp_path / "copy", tmp_path / "new") is None

    async with opened(tmp_path / "new") as store:
        assert (store.epoch, await names(store)) == (2, ["one"])
        assert (tmp_path / "copy").exists()


async def test_a_store_that_was_killed_is_kept_aside_with_its_log(
    data: Path, tmp_path: Path
) -> None:
    async with opened(data) as store:
        await store.backup(tmp_path / "copy")
        await tell(store, "in the log")
        shutil.copytree(data, tmp_path / "killed")  # as kill -9 would leave it

    aside = restore(tmp_path / "copy", tmp_path / "killed")

    assert aside is not None
    async with opened(tmp_path / "killed") as store:
        assert await names(store) == []
    aside.replace(tmp_path / "killed" / "wakeful.db")
    async with opened(tmp_path / "killed") as store:
        assert await names(store) == ["in the log"]


async def test_a_damaged_database_can_be_replaced(data: Path, tmp_path: Path) -> None:
    async with opened(data) as store:
        await tell(store, "one")
        await store.backup(tmp_path / "copy")
    (data / "wakeful.db").write_bytes(b"rubbish" * 1_000)

    aside = restore(tmp_path / "copy", data)

    assert aside is not None
    assert aside.read_bytes() == b"rubbish" * 1_000
    async with opened(data) as store:
        assert (store.epoch, await names(store)) == (2, ["one"])


def a_foreign_database(file: Path) -> None:
    db = apsw.Connection(str(file))
    db.execute("CREATE TABLE t (a)")
    db.close()


def an_empty_database(file: Path) -> None:
    file.touch()


def a_text(file: Path) -> None:
    file.write_text("not a database at all\n" * 500)


@pytest.mark.parametrize("make", [a_foreign_database, an_empty_database, a_text])
async def test_what_is_no_store_is_not_restored(
    data: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    await filled(data, "one")
    make(tmp_path / "file")
    before = contents(data)

    with pytest.raises(NotAStore):
        restore(tmp_path / "file", data)

    assert contents(data) == before
    async with opened(data) as store:
        assert (store.epoch, await names(store)) == (1, ["one"])


async def test_a_damaged_copy_is_not_restored(data: Path, tmp_path: Path) -> None:
    async with opened(data) as store:
        await tell(store, *(f"e{number}" for number in range(2_000)))
        await store.backup(tmp_path / "copy")
    damaged = bytearray((tmp_path / "copy").read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 8_000] = bytes(8_000)
    (tmp_path / "copy").write_bytes(damaged)

    with pytest.raises(Damaged):
        restore(tmp_path / "copy", data)

    assert await filled(data) == 1


async def test_a_copy_of_a_later_version_is_not_restored(data: Path, tmp_path: Path) -> None:
    await filled(data, "one")
    later = tmp_path / "later"
    await filled(later, "a")
    change(later, "PRAGMA user_version = 99")

    with pytest.raises(TooNew, match="99"):
        restore(later / "wakeful.db", data)

    assert await filled(data) == 1


# --- opening ---


@pytest.mark.parametrize("make", [a_foreign_database, a_text])
async def test_a_file_that_is_no_store_is_left_as_it_is(
    data: Path, make: Callable[[Path], None]
) -> None:
    os.mkdir(data)
    make(data / "wakeful.db")
    before = (data / "wakeful.db").read_bytes()

    with pytest.raises(NotAStore):
        await SqliteStore.open(data)

    assert (data / "wakeful.db").read_bytes() == before


async def test_a_database_of_a_later_version_is_left_as_it_is(data: Path) -> None:
    await filled(data, "one")
    change(data, "PRAGMA user_version = 99")

    with pytest.raises(TooNew, match="99"):
        await SqliteStore.open(data)

    change(data, f"PRAGMA user_version = {len(migrations())}")
    assert await filled(data) == 1


async def test_a_database_that_is_damaged_says_so_when_it_is_opened(data: Path) -> None:
    await filled(data, "one")
    damaged = bytearray((data / "wakeful.db").read_bytes())
    damaged[100:4_000] = b"\xff" * 3_900
    (data / "wakeful.db").write_bytes(damaged)

    with pytest.raises(Damaged, match="restore a backup"):
        await SqliteStore.open(data)


async def test_a_start_that_was_cut_short_begins_anew(data: Path) -> None:
    os.mkdir(data)
    an_empty_database(data / "wakeful.db")

    assert await filled(data, "one") == 1
