"""What the writer remembers between commands is what is on the disk, whatever was undone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.contract.disks import Disk, DiskFile
from tests.contract.things import Wrong
from wakeful.core.accounts import (
    add_member,
    create_enterprise,
    create_namespace,
    create_user,
    remove_member,
)
from wakeful.core.changes import (
    ById,
    ByPath,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    Ref,
    Restore,
    Trash,
    Upload,
)
from wakeful.core.errors import StoreFull, WakefulError
from wakeful.core.lookups.journals import ReadJournal
from wakeful.core.lookups.people import Members, NamespaceById, UserById
from wakeful.core.lookups.streams import StreamStates
from wakeful.core.lookups.trees import Lineage
from wakeful.core.people import Role, User
from wakeful.core.ports import Health, StreamKind
from wakeful.core.publish import publish
from wakeful.core.writes import Command, Steps
from wakeful.stores.sqlite import SqliteStore

NAMES = ("a", "A", "b", "c", "Team")


class Filling(Disk):
    """A disk that is full after some more writes."""

    left: int | None = None

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return FillingFile(self, name, flags)


class FillingFile(DiskFile):
    disk: Filling

    def xWrite(self, data: bytes, offset: int) -> None:
        if self.disk.left is not None:
            self.disk.full = self.disk.left <= 0
            self.disk.left -= 1
        super().xWrite(data, offset)


@pytest.fixture
def disk() -> Iterator[Filling]:
    disk = Filling()
    yield disk
    disk.unregister()


class History:
    """Random commands of three users, some of which fail at their end."""

    def __init__(self, store: SqliteStore, chance: random.Random) -> None:
        self.store = store
        self.chance = chance
        self.items: list[int] = []

    async def begin(self) -> None:
        self.enterprise = (await self.store.commit(create_enterprise("Acme"))).id
        logins = ("ann", "bob", "eve")
        self.users: list[User] = [
            await self.store.commit(create_user(self.enterprise, login)) for login in logins
        ]
        self.team = (await self.store.commit(create_namespace(self.users[0].id, "Team"))).id

    def command(self) -> Command[Any]:
        chance = self.chance
        if chance.random() < 0.2:
            user = chance.choice(self.users[1:]).id
            if chance.random() < 0.5:
                return self.maybe_failing(remove_member(self.team, user))
            role = chance.choice((Role.EDITOR, Role.VIEWER))
            return self.maybe_failing(add_member(self.team, user, role))
        actor = self.users[0] if chance.random() < 0.8 else chance.choice(self.users)
        changes = tuple(change for _ in range(chance.randint(1, 2)) for change in self.changes())
        return self.maybe_failing(publish(actor.id, changes))

    def maybe_failing(self, command: Command[Any]) -> Command[Any]:
        fails = self.chance.random() < 0.2

        def steps(now: int) -> Steps[Any]:
            result = yield from command(now)
            if fails:
                raise Wrong
            return result

        return steps

    def changes(self) -> list[Change]:
        item, parent, name = self.ref(), self.ref(), self.chance.choice(NAMES)
        facts = Facts(size=1)
        one: list[Change] = [
            CreateFolder(parent=parent, name=name),
            CreateFolder(parent=parent, name=name, parents=True),
            Move(item=item, parent=parent, name=name),
            Copy(item=item, parent=parent, name=name),
            Trash(item=item),
            Restore(item=item),
            Delete(item=item),
        ]
        many: list[Change] = [Upload(parent=parent, name=each, facts=facts) for each in NAMES]
        return many if self.chance.random() < 0.2 else [self.chance.choice(one)]

    def ref(self) -> Ref:
        if self.items and self.chance.random() < 0.7:
            return ById(self.chance.choice(self.items))
        places = (self.users[0].home, self.users[0].home, self.users[1].home, self.team)
        return ByPath(self.chance.choice(places), self.chance.choice(((), (), ("a",), ("a", "b"))))

    async def go_on(self) -> list[BaseException]:
        """Some commands at once; what they raised."""
        commands = [self.command() for _ in range(self.chance.choice((1, 1, 2, 4)))]
        work = (self.store.commit(command) for command in commands)
        answers = await asyncio.gather(*work, return_exceptions=True)
        for answer in answers:
            if not isinstance(answer, BaseException) and hasattr(answer, "applied"):
                self.items += [item.id for item in answer.applied.items if item is not None]
        return [answer for answer in answers if isinstance(answer, BaseException)]

    async def check(self) -> int:
        """Compare what is remembered with what readers find; how much there is of it."""
        ask, tx = self.store.ask, self.store._writer._tx
        known = tx.known
        for id, user in known.users.items():
            assert user == await ask(UserById(id))
        for id, namespace in known.namespaces.items():
            assert namespace == await ask(NamespaceById(id))
        for id, members in known.members.items():
            assert members == await ask(Members(id))
        for id, lineage in known._lineages.items():
            assert lineage == await ask(Lineage(id))
        for id, row in tx._streams.items():
            [state] = await ask(StreamStates((id,)))
            assert (state.head, state.trimmed) == (row.head, row.trimmed)
        for id, journal in tx._journals.items():
            page = await ask(ReadJournal(id, 0, 1))
            assert (page.head, page.trimmed) == journal
        places = len(known.namespaces) + len(known.members) + len(known._lineages)
        return places + len(known.users) + len(tx._streams)


async def test_what_is_remembered_is_what_is_on_the_disk(tmp_path: Path, disk: Filling) -> None:
    remembered = 0
    failures: list[BaseException] = []
    for seed in range(6):
        chance = random.Random(seed)
        store = await SqliteStore.open(tmp_path / f"{seed}", vfs=disk.name, retry_seconds=0)
        history = History(store, chance)
        await history.begin()
        for turn in range(50):
            disk.left = chance.randint(0, 8) if chance.random() < 0.4 else None
            failures += await history.go_on()
            disk.left, disk.full = None, False
            # Until then the writer tries by itself, and forgets all where that fails.
            while store.health is not Health.WRITABLE:  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0.001)
            if turn % 20 == 19:
                await store.trim(StreamKind.USER, 2**60, 3)
                await store.trim_journals(2**60, 3)
            remembered += await history.check()
        await store.close()

    assert remembered > 1_000
    assert {type(each) for each in failures} >= {StoreFull, Wrong}
    assert all(isinstance(each, WakefulError | Wrong) for each in failures)
