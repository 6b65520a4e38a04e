"""Full and failing disks, and power that goes away."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.disks import Disk, a_disk
from tests.contract.things import ANNA, BERT, HOME, do, names, rows, state, tell, told
from tests.mounts import mounted
from wakeful.core.errors import StoreFailed, StoreFull
from wakeful.core.lookups import NewIds, Setting
from wakeful.core.lookups.streams import LastKey
from wakeful.core.ports import Health, Hints
from wakeful.core.writes import Append, JournalPut, PutSetting
from wakeful.stores.sqlite import SqliteStore

PATIENCE_SECONDS = 60.0  # for what happens at once, unless it is broken


@pytest.fixture
def disk() -> Iterator[Disk]:
    with a_disk() as disk:
        yield disk


async def opened(data: Path, disk: Disk, retry_seconds: float = 0.0) -> SqliteStore:
    return await SqliteStore.open(data, vfs=disk.name, retry_seconds=retry_seconds)


async def until(store: SqliteStore, health: Health) -> None:
    while store.health is not health:  # noqa: ASYNC110 - health is looked at, nobody tells it
        await asyncio.sleep(0.001)


async def test_nobody_sees_a_commit_before_it_is_durable(tmp_path: Path, disk: Disk) -> None:
    store = await opened(tmp_path / "data", disk)
    await tell(store, "before")
    hints: list[Hints] = []
    store.on_commit(hints.append)
    disk.held.clear()
    disk.syncing.clear()

    commit = asyncio.create_task(tell(store, "after"))
    assert await asyncio.to_thread(disk.syncing.wait, PATIENCE_SECONDS)
    seen, key = await names(store), await store.ask(LastKey())
    answered = commit.done()
    disk.held.set()
    await commit

    assert (seen, key, answered) == (["before"], 1, False)
    assert hints == [{ANNA: (2, 2, 2)}]
    assert await names(store) == ["before", "after"]
    await store.close()


async def test_each_commit_is_synced_once_whatever_the_number_of_commands(
    tmp_path: Path, disk: Disk
) -> None:
    store = await opened(tmp_path / "data", disk)
    await tell(store, "before")
    disk.held.clear()
    disk.syncing.clear()

    first = asyncio.create_task(tell(store, "first"))
    assert await asyncio.to_thread(disk.syncing.wait, PATIENCE_SECONDS)
    others = [asyncio.create_task(tell(store, f"e{n}")) for n in range(50)]
    await asyncio.sleep(0)
    before = disk.syncs
    disk.held.set()
    await asyncio.gather(first, *others)

    assert disk.syncs - before == 2
    await store.close()


async def test_a_full_disk_refuses_every_command_and_undoes_all(tmp_path: Path, disk: Disk) -> None:
    store = await opened(tmp_path / "data", disk)
    await tell(store, "before")
    [first] = await store.commit(do(NewIds()))
    hints: list[Hints] = []
    store.on_commit(hints.append)
    disk.full = True

    outcomes = await asyncio.gather(
        *(
            store.commit(do(NewIds(), JournalPut(HOME, "a", 1), Append(told("lost"))))
            for _ in range(20)
        ),
        return_exceptions=True,
    )

    assert {type(outcome) for outcome in outcomes} == {StoreFull}
    assert len({id(outcome) for outcome in outcomes}) == 20
    assert store.health is Health.FULL
    assert hints == []
    assert await names(store) == ["before"]
    assert await rows(store) == []

    disk.full = False
    assert await tell(store, "after") == [{ANNA: 2}]
    await until(store, Health.WRITABLE)
    assert await store.commit(do(NewIds())) == [first + 1]
    await store.close()


async def test_a_full_disk_is_not_tried_again_by_every_command(tmp_path: Path, disk: Disk) -> None:
    store = await opened(tmp_path / "data", disk, retry_seconds=3_600.0)
    disk.full = True
    with pytest.raises(StoreFull):
        await tell(store, "lost")
    writes = disk.writes
    disk.full = False

    with pytest.raises(StoreFull):
        await tell(store, "lost too")

    assert disk.writes == writes
    await store.close()


async def test_a_full_disk_heals_though_nobody_asks(tmp_path: Path, disk: Disk) -> None:
    store = await opened(tmp_path / "data", disk, retry_seconds=0.01)
    disk.full = True
    with pytest.raises(StoreFull):
        await tell(store, "lost")
    disk.full = False

    await until(store, Health.WRITABLE)

    assert await tell(store, "kept") == [{ANNA: 1}]
    await store.close()


async def test_what_was_committed_before_the_disk_was_full_outlives_a_restart(
    tmp_path: Path, disk: Disk
) -> None:
    store = await opened(tmp_path / "data", disk)
    await tell(store, "one", "two")
    disk.full = True
    with pytest.raises(StoreFull):
        await tell(store, "lost")
    await store.close()
    disk.full = False

    again = await opened(tmp_path / "data", disk)

    assert await names(again) == ["one", "two"]
    await again.close()


async def test_a_failing_sync_stops_all_writing_and_no_reading(tmp_path: Path, disk: Disk) -> None:
    store = await opened(tmp_path / "data", disk)
    await tell(store, "before")
    hints: list[Hints] = []
    store.on_commit(hints.append)
    disk.broken = True

    outcomes = await asyncio.gather(
        *(tell(store, "lost") for _ in range(20)), return_exceptions=True
    )
    disk.broken = False
    writes = disk.writes
    with pytest.raises(StoreFailed):
        await tell(store, "lost too")

    assert {type(outcome) for outcome in outcomes} == {StoreFailed}
    assert store.health is Health.FAILED
    assert hints == []
    assert await names(store) == ["before"]
    assert (await state(store)).head == (1, 1, 1)
    await store.close()
    assert disk.writes == writes, "a failed disk is left alone"


async def test_after_a_restart_a_disk_that_works_again_is_written(
    tmp_path: Path, disk: Disk
) -> None:
    store = await opened(tmp_path / "data", disk)
    await tell(store, "before")
    disk.broken = True
    with pytest.raises(StoreFailed):
        await tell(store, "doubtful")
    await store.close()
    disk.broken = False

    again = await opened(tmp_path / "data", disk)

    # A commit whose sync failed may have reached the disk or not; but not in half.
    assert await names(again) in (["before"], ["before", "doubtful"])
    assert again.health is Health.WRITABLE
    await tell(again, "after")
    assert (await names(again))[-1] == "after"
    await again.close()


async def test_a_checkpoint_that_cannot_sync_stops_all_writing(tmp_path: Path, disk: Disk) -> None:
    store = await opened(tmp_path / "data", disk)
    disk.broken_file = tmp_path / "data" / "wakeful.db"

    async def fill() -> None:
        for number in range(1_000):
            await store.commit(do(PutSetting(f"s{number}", bytes(32_768))))

    with pytest.raises(StoreFailed):
        await fill()

    assert store.health is Health.FAILED
    assert await store.ask(Setting("s0")) == bytes(32_768)
    await store.close()


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4])
async def test_no_acknowledged_event_is_lost_with_the_power(
    tmp_path: Path, disk: Disk, seed: int | None
) -> None:
    store = await opened(tmp_path / "data", disk)
    acknowledged: list[tuple[int, str]] = []
    before: list[tuple[int, str]] = []
    enough = asyncio.Event()

    async def write(writer: int) -> None:
        for turn in range(40):
            name = f"{writer}.{turn}"
            [numbers] = await tell(store, name, to=(ANNA, BERT))
            acknowledged.append((numbers[ANNA], name))
            if len(acknowledged) > 150:
                enough.set()

    async def cut_the_power() -> None:
        await enough.wait()
        before.extend(acknowledged)
        surviving = None if seed is None else random.Random(seed)
        disk.after_power_loss(tmp_path / "data", tmp_path / "left", surviving)

    await asyncio.gather(cut_the_power(), *(write(writer) for writer in range(8)))
    await store.close()

    left = await SqliteStore.open(tmp_path / "left")
    events = await names(left, limit=10_000)
    for number, name in before:
        assert events[number - 1] == name
    assert await names(left, BERT, limit=10_000) == events
    assert (await state(left)).last == len(events)
    await left.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 3 MiB of its own."""
    with mounted(tmp_path / "small", "3m") as folder:
        yield folder


async def test_a_really_full_disk_refuses_keeps_and_heals(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    store = await SqliteStore.open(small_disk / "data", retry_seconds=0.01)
    kept: list[str] = []

    async def fill() -> None:
        for number in range(10_000):
            steps = Append(told(f"e{number}")), PutSetting(f"s{number}", bytes(5_000))
            await store.commit(do(*steps))
            kept.append(f"e{number}")

    with pytest.raises(StoreFull):
        await fill()

    # A little may still fit, which the writer may have found out by now.
    assert "the store is now full" in caplog.messages
    assert await names(store, limit=10_000) == kept
    ballast.unlink()
    await until(store, Health.WRITABLE)
    await tell(store, "after")
    await store.close()
    again = await SqliteStore.open(small_disk / "data")
    assert await names(again, limit=10_000) == [*kept, "after"]
    await again.close()


async def test_a_copy_that_finds_no_room_leaves_nothing_and_says_so(
    small_disk: Path, tmp_path: Path
) -> None:
    store = await SqliteStore.open(tmp_path / "data")
    for number in range(10):
        await store.commit(do(PutSetting(f"s{number}", bytes(500_000))))

    with pytest.raises(OSError, match="No space") as failure:
        await store.backup(small_disk / "copy")

    assert failure.value.errno == 28
    assert os.listdir(small_disk) == []
    await store.close()


async def test_a_damaged_page_is_an_error_and_never_an_empty_answer(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = await SqliteStore.open(data)
    await tell(store, *(f"e{number}" for number in range(2_000)))
    await store.close()
    file = data / "wakeful.db"
    contents = bytearray(file.read_bytes())
    # The pages of the first tables are left alone, so that the store can be opened.
    for page in range(len(contents) // 4096 // 2, len(contents) // 4096):
        contents[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(contents)

    store = await SqliteStore.open(data)
    with pytest.raises(StoreFailed):
        await names(store, limit=2_000)
    await store.close()
