"""What is special where commands become durable in groups, and rows lie on a disk."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.contract.things import ANNA, HOME, Wrong, do, names, rows, tell, told
from wakeful.core.errors import StoreFailed
from wakeful.core.lookups import NewIds, Setting
from wakeful.core.lookups.streams import LastKey
from wakeful.core.ports import Hints, StreamKind
from wakeful.core.writes import Append, Command, JournalDrop, JournalPut, PutSetting, Steps
from wakeful.stores.sqlite import SqliteStore
from wakeful.stores.sqlite.queries import load, migrations

SQL_FILES = ("access", "database", "heads", "journals", "people", "streams", "trees")


PATIENCE_SECONDS = 60.0  # for what happens at once, unless it is broken


class Observed:
    def __init__(self) -> None:
        self.groups: list[int] = []

    def committed(self, commands: int, seconds: float) -> None:
        self.groups.append(commands)


@pytest.fixture
def observed() -> Observed:
    return Observed()


@pytest.fixture
async def store(tmp_path: Path, observed: Observed) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path / "data", observer=observed)
    yield store
    await store.close()


class Gate:
    """A command that holds the writer until the gate is opened, so that others must wait."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def __call__(self, _now: int) -> Steps[None]:
        self._reached.set()
        self._open.wait(PATIENCE_SECONDS)
        yield PutSetting("gate", b"1")

    async def close(self, store: SqliteStore) -> asyncio.Task[None]:
        held = asyncio.create_task(store.commit(self))
        assert await asyncio.to_thread(self._reached.wait, PATIENCE_SECONDS)
        return held

    def open(self) -> None:
        self._open.set()


async def test_commands_that_wait_are_committed_together(
    store: SqliteStore, observed: Observed
) -> None:
    heard: list[Hints] = []
    store.on_commit(heard.append)
    gate = Gate()
    held = await gate.close(store)

    waiting = [asyncio.create_task(tell(store, f"e{n}")) for n in range(600)]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(held, *waiting)

    assert observed.groups == [1, 512, 88]
    assert heard == [{ANNA: (512,) * 3}, {ANNA: (600,) * 3}]
    assert [task.result() for task in waiting] == [[{ANNA: n}] for n in range(1, 601)]


async def test_in_a_group_only_the_command_that_fails_is_undone(
    store: SqliteStore, observed: Observed
) -> None:
    gate = Gate()
    held = await gate.close(store)

    waiting = [
        asyncio.create_task(store.commit(command))
        for command in (
            do(NewIds(), Append(told("one")), JournalPut(HOME, "a", 1)),
            do(NewIds(), Append(told("two")), JournalDrop(HOME, "a"), Wrong()),
            do(Wrong()),
            do(NewIds(), PutSetting("s", "no bytes at all")),  # type: ignore[arg-type] # what fails
            do(NewIds(), LastKey(), Append(told("three")), JournalPut(HOME, "b", 2)),
        )
    ]
    await asyncio.sleep(0)
    gate.open()
    await held
    one, two, nothing, refused, three = await asyncio.gather(*waiting, return_exceptions=True)

    assert observed.groups == [1, 5]
    assert isinstance(one, list)
    assert isinstance(two, Wrong)
    assert isinstance(nothing, Wrong)
    assert isinstance(refused, apsw.ConstraintError)
    assert three == [one[0] + 1, 1, ({ANNA: 2},), None]
    assert await names(store) == ["one", "three"]
    assert await rows(store) == [(1, "a", 1), (2, "b", 2)]


async def test_trimming_sees_what_its_own_group_appended(store: SqliteStore) -> None:
    gate = Gate()
    held = await gate.close(store)

    appended = asyncio.create_task(tell(store, "one", "two", to=(ANNA,)))
    trimmed = asyncio.create_task(store.trim(StreamKind.USER, 2**50, 10))
    later = asyncio.create_task(tell(store, "three"))
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(held, appended, later)

    assert (await trimmed).rows == 2
    assert await names(store) == ["three"]


async def test_what_writes_nothing_costs_no_commit(store: SqliteStore, observed: Observed) -> None:
    await store.commit(do(Setting("a"), LastKey()))
    with pytest.raises(Wrong):
        await store.commit(do(PutSetting("a", b"1"), Append(told("lost")), Wrong()))

    assert observed.groups == []
    assert (await store.trim(StreamKind.USER, 2**50, 10)).rows == 0
    assert await store.trim_journals(2**50, 10) == 0
    assert observed.groups == []


async def test_a_lone_command_that_fails_leaves_the_next_one_unharmed(store: SqliteStore) -> None:
    with pytest.raises(Wrong):
        await store.commit(do(JournalPut(HOME, "a", 1), Append(told("lost")), Wrong()))

    await store.commit(do(JournalPut(HOME, "b", 1), Append(told("kept"))))

    assert await names(store) == ["kept"]
    assert await rows(store) == [(1, "b", 1)]


def large(number: int) -> Command[list[Any]]:
    """100 KB that are others each time: what is the same is not written."""
    return do(PutSetting(f"s{number % 10}", bytes([number % 256]) * 100_000))


async def test_the_log_does_not_grow_without_bound(tmp_path: Path, store: SqliteStore) -> None:
    for number in range(300):
        await store.commit(large(number))

    assert (tmp_path / "data" / "wakeful.db-wal").stat().st_size < 20_000_000


async def test_the_log_is_emptied_though_somebody_always_reads(
    tmp_path: Path, store: SqliteStore
) -> None:
    over = asyncio.Event()
    headers: set[bytes] = set()

    async def look() -> None:
        while not over.is_set():
            await store.ask(Setting("s1"))

    readers = [asyncio.create_task(look()) for _ in range(4)]
    for number in range(1_000):
        await store.commit(large(number))
        with (tmp_path / "data" / "wakeful.db-wal").open("rb") as log:
            headers.add(log.read(32))
        if len(headers) > 1:  # it was begun anew
            break
    over.set()
    await asyncio.gather(*readers)

    assert len(headers) > 1


# --- damage ---


def meddle(data: Path, statement: str) -> None:
    db = apsw.Connection(str(data / "wakeful.db"))
    db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        pytest.param(
            "UPDATE event SET body = CAST('x' || body AS BLOB) WHERE key = 2",
            "damaged event 2",
            id="a body that changed",
        ),
        pytest.param("DELETE FROM event WHERE key = 2", "lacks event 2", id="a missing body"),
        pytest.param(
            "UPDATE event SET version = 99 WHERE key = 2", "later version", id="a later form"
        ),
        pytest.param("DELETE FROM entry WHERE number = 2", "lacks events", id="a missing entry"),
        pytest.param("DELETE FROM entry WHERE number = 3", "lacks events", id="the last missing"),
    ],
)
async def test_damage_is_told_and_never_skipped(tmp_path: Path, statement: str, words: str) -> None:
    data = tmp_path / "data"
    store = await SqliteStore.open(data)
    await tell(store, "one", "two", "three")
    await store.close()
    meddle(data, statement)

    store = await SqliteStore.open(data)
    with pytest.raises(StoreFailed, match=words):
        await names(store)
    assert await names(store, limit=1) == ["one"]
    await store.close()


# --- the SQL ---


@pytest.fixture
def schema() -> apsw.Connection:
    db = apsw.Connection(":memory:")
    for script in migrations():
        db.execute(script)
    db.execute(load("database.sql").scratch)
    return db


@pytest.mark.parametrize("file", SQL_FILES)
def test_every_statement_fits_the_schema(schema: apsw.Connection, file: str) -> None:
    statements = vars(load(f"{file}.sql"))

    assert statements
    for statement in statements.values():
        schema.execute(f"EXPLAIN {statement}", _any_values(statement))


# These are meant to look at all rows of a table that has few.
SCANS = {("people", "enterprises"), ("database", "any_table")}


@pytest.mark.parametrize("file", SQL_FILES)
def test_no_statement_looks_at_rows_that_it_does_not_need(
    schema: apsw.Connection, file: str
) -> None:
    for name, statement in vars(load(f"{file}.sql")).items():
        plan = schema.execute(f"EXPLAIN QUERY PLAN {statement}", _any_values(statement))
        scans = [
            detail
            for *_, detail in plan
            if re.match(
                r"SCAN (?!meta|(temp\.)?subtree|below|line|live|json_each|CONSTANT|\(subquery|\d)",
                str(detail),
            )
        ]
        assert not scans or (file, name) in SCANS, (name, scans)


def _any_values(statement: str) -> dict[str, int] | tuple[int, ...]:
    names = re.findall(r":(\w+)", statement)
    return dict.fromkeys(names, 1) if names else (1,) * statement.count("?")
