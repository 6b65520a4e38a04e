"""A server that is killed in the middle of its work: P1, P2 and P3 from the disk alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.model.machine import EVERYTHING
from tests.model.producer import Line, changes, key_of
from tests.model.stages import Tally
from wakeful.core.accounts import create_enterprise, create_user
from wakeful.core.events import decode
from wakeful.core.lookups.journals import ReadJournal
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.lookups.streams import ReadStream
from wakeful.core.lookups.trees import Children
from wakeful.core.people import User
from wakeful.core.ports import Store
from wakeful.core.positions import Marker
from wakeful.feed import Feed
from wakeful.stores.sqlite import SqliteStore
from wakeful.wakeups.hub import Hub

ROUNDS = 4 * max(1, int(float(os.environ.get("WAKEFUL_MODEL_DEPTH", "1"))))
PROJECT = Path(__file__).parents[2]


def killed_after(answers: int, data: Path, actor: int, round: int) -> list[Line]:
    """What producers said until they had so many answers and were killed in the next moment."""
    command = [sys.executable, "-m", "tests.model.producer", str(data), str(actor), str(round)]
    said: list[Line] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT) as process:
        assert process.stdout is not None
        for text in process.stdout:
            said.append(msgspec.json.decode(text, type=Line))
            if sum(line.receipts is not None for line in said) == answers:
                process.send_signal(signal.SIGKILL)
                break
        # What was answered before the kill, though it was read only after it.
        rest = process.stdout.read()
        complete = rest[: rest.rfind(b"\n") + 1]
        said += [msgspec.json.decode(text, type=Line) for text in complete.splitlines()]
    assert process.returncode == -signal.SIGKILL
    return said


@pytest.mark.timeout(150 * ROUNDS)
async def test_what_was_answered_before_a_kill_is_there_once_and_in_its_place(
    tmp_path: Path,
) -> None:
    store = await SqliteStore.open(tmp_path)
    enterprise = await store.commit(create_enterprise("Acme"))
    user = await store.commit(create_user(enterprise.id, "ann"))
    epoch = store.epoch
    await store.close()
    answered: dict[str, Line] = {}
    asked: set[str] = set()

    for round in range(ROUNDS):
        for line in killed_after(3 + 17 * round, tmp_path, user.id, round):
            asked.add(line.key)
            if line.receipts is not None:
                answered[line.key] = line

        assert asked - answered.keys(), "nothing was under way when the kill came"
        store = await SqliteStore.open(tmp_path)
        try:
            assert store.epoch == epoch
            await everything_answered_is_there(store, user, answered)
            await repeated_requests_add_nothing(store, user, answered, asked)
            await the_journal_shows_the_tree(store, user)
        finally:
            await store.close()


async def numbers(store: Store, stream: int) -> dict[str, int]:
    """The number of each event in a stream."""
    page = await store.ask(ReadStream(stream, Marker.START, EVERYTHING))
    found = {decode(stored.body).id: stored.number for stored in page.events}
    assert len(found) == len(page.events), "P3: an event stands twice"
    assert sorted(found.values()) == [*range(1, page.state.last + 1)], "P2: numbers have gaps"
    return found


async def everything_answered_is_there(store: Store, user: User, answered: dict[str, Line]) -> None:
    for stream in (user.id, user.enterprise):
        there = await numbers(store, stream)
        for line in answered.values():
            for receipt in line.receipts or ():
                assert there.get(receipt.event) == receipt.numbers[stream], "P1: a lost answer"


async def repeated_requests_add_nothing(
    store: Store, user: User, answered: dict[str, Line], asked: set[str]
) -> None:
    """Producers that heard no answer repeat all that they asked."""
    feed = Feed(store, Hub(), Tally())
    for key in sorted(asked - answered.keys()):
        published = await feed.publish(user.id, changes(user.home, key), key_of(key))
        answered[key] = Line(key, user.home, published.receipts)
    before = await numbers(store, user.id)
    for key, line in answered.items():
        again = await feed.publish(user.id, changes(user.home, key), key_of(key))
        assert again.replayed, "P3: an answered request was carried out again"
        assert again.receipts == line.receipts, "P3: a repeated request got another answer"
    assert await numbers(store, user.id) == before, "P3: a repeated request added something"


async def the_journal_shows_the_tree(store: Store, user: User) -> None:
    page = await store.ask(ReadJournal(user.home, 0, EVERYTHING))
    home = await store.ask(NamespaceById(user.home))
    assert home is not None
    tree: dict[str, int] = {}
    folders = [(home.root, "")]
    for folder, path in folders:  # grows while it is walked
        for child in await store.ask(Children(folder, 0, EVERYTHING)):
            tree[path + child.key] = child.id
            if child.is_folder:
                folders.append((child.id, path + child.key + "/"))
    assert {row.path: row.item for row in page.rows if row.item is not None} == tree
