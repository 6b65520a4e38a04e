"""A folder, a store and a source between them, as the tests of sources use them."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from wakeful.core.accounts import create_enterprise, create_user
from wakeful.core.changes import Applied, Change
from wakeful.core.events import Event, Snapshot, decode
from wakeful.core.items import Item
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.people import Enterprises, NamespaceById, Users
from wakeful.core.lookups.streams import ReadStream, StreamStates
from wakeful.core.lookups.trees import ItemById, ItemsOf
from wakeful.core.people import Namespace, User
from wakeful.core.ports import Store
from wakeful.core.positions import parse
from wakeful.core.publish import publish
from wakeful.core.writes import Command, PutSetting, Steps
from wakeful.sources import FolderSource, SourceState
from wakeful.sources.ignore import Ignore
from wakeful.sources.ledger import fresh_id

T = TypeVar("T")

PATIENCE = 60.0


def set_setting(name: str, value: bytes) -> Command[None]:
    def steps(now: int) -> Steps[None]:
        yield PutSetting(name, value)

    return steps


class StoreLedger:
    """A ledger on a store, without a feed. `applied` keeps every batch and when it came."""

    def __init__(self, store: Store, user: int) -> None:
        self.store = store
        self.user = user
        self.applied: list[tuple[float, tuple[Change, ...]]] = []

    async def apply(self, changes: tuple[Change, ...]) -> Applied:
        self.applied.append((time.monotonic(), changes))
        return (await self.store.commit(publish(self.user, changes))).applied

    async def ask(self, lookup: Lookup[T]) -> T:
        return await self.store.ask(lookup)

    async def remember(self, name: str, value: bytes) -> None:
        await self.store.commit(set_setting(name, value))

    async def next_id(self) -> int:
        return await self.store.commit(fresh_id)


class _Halting:
    """A loop whose clock can stand still, and then goes on from where it stood."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._behind = 0.0
        self._stands_at: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def time(self) -> float:
        return self._loop.time() - self._behind if self._stands_at is None else self._stands_at

    @contextmanager
    def halted(self) -> Iterator[None]:
        self._stands_at = self.time()
        try:
            yield
        finally:
            self._behind = self._loop.time() - self._stands_at
            self._stands_at = None


@dataclass(frozen=True)
class Told:
    """An event as the tests compare it: its type, and the path of its item then."""

    type: str
    path: str
    item: int

    def __repr__(self) -> str:
        return f"{self.type} {self.path}"


class Watching:
    """What is watched, where it is recorded, and what was told of it."""

    def __init__(self, root: Path, store: Store, user: User, namespace: Namespace) -> None:
        self.root = root
        self.store = store
        self.user = user
        self.namespace = namespace
        self.ledger = StoreLedger(store, user.id)
        self.source: FolderSource | None = None
        self.seen_until = 0
        self.ignore = Ignore()

    @classmethod
    async def on(cls, root: Path, store: Store) -> Watching:
        """With the user in *store*, who is made where there is none."""
        enterprises = await store.ask(Enterprises())
        if enterprises:
            (user,) = await store.ask(Users(enterprises[0].id))
        else:
            enterprise = await store.commit(create_enterprise("Test"))
            user = await store.commit(create_user(enterprise.id, "owner"))
        namespace = await store.ask(NamespaceById(user.home))
        assert namespace is not None
        return cls(root, store, user, namespace)

    @asynccontextmanager
    async def live(self, **options: Any) -> AsyncIterator[FolderSource]:
        """The source, after its first scan."""
        source = FolderSource(self.root, self.namespace, self.ledger, **options)
        self.ignore = source.ignore
        async with source:
            await asyncio.wait_for(source.ready(), PATIENCE)
            self.source = source
            yield source
        self.source = None

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """What is done meanwhile is done in no time, for the source: it reads the notices as they
        come, and nothing that it holds back for a moment comes due. So a program that has to wait
        for its turn between two steps is one that does not."""
        assert self.source is not None
        session: Any = self.source._session
        # It goes on from where it stood: if it leapt, all that is held back would come due at once,
        # though the last notices may not have been read yet.
        if not isinstance(session._loop, _Halting):
            session._loop = _Halting(session._loop)
            session._settling._now = session._loop.time
        with session._loop.halted():
            yield
        session._woken.set()

    async def events(self) -> list[Event]:
        """All that the user was ever told."""
        found: list[Event] = []
        asked = parse("0")
        (state,) = await self.store.ask(StreamStates((self.user.id,)))
        number = 0
        while True:
            page = await self.store.ask(ReadStream(self.user.id, asked, 1000))
            found.extend(decode(event.body) for event in page.events)
            if page.next == number or not page.events:
                return found
            number = page.next
            asked = parse(str((state.epoch << 40) + number))

    async def told(self) -> list[Told]:
        """What was told since this was last asked."""
        events = await self.events()
        fresh, self.seen_until = events[self.seen_until :], len(events)
        return [as_told(event) for event in fresh]

    async def items(self) -> dict[str, Item]:
        """All recorded items by path, without the root."""
        items: dict[int, Item] = {}
        after = 0
        while page := await self.store.ask(ItemsOf(self.namespace.id, after, 1000)):
            items |= {item.id: item for item in page}
            after = page[-1].id
        found = {}
        for item in items.values():
            path = _path(item, items, self.namespace.root)
            if path:
                found[path] = item
        return found

    async def item(self, path: str) -> Item:
        return (await self.items())[path]

    async def fresh(self, item: int) -> Item | None:
        return await self.store.ask(ItemById(item))

    async def matches(self) -> bool:
        """Whether what is recorded is what is on the disk."""
        return await self.differences() == []

    async def differences(self) -> list[str]:
        """In what the records differ from the disk."""
        return differences(disk(self.root, self.ignore), await self.items())

    async def settled(self) -> None:
        """Wait until the source has nothing to do, and the records are as the disk."""
        source = self.source
        assert source is not None

        async def quiet() -> bool:
            status = source.status()
            return status.state is SourceState.LIVE and not status.pending and await self.matches()

        try:
            await until(quiet)
        except TimeoutError:
            raise AssertionError(
                f"{source!r} {source.status()}: {(await self.differences())[:20]}"
            ) from None


def as_told(event: Event) -> Told:
    assert isinstance(event.source, Snapshot)
    names = [folder.name for folder in event.source.path[1:]]
    return Told(event.type, "/".join([*names, event.source.name]), event.source.id)


Facts = dict[str, tuple[int, int] | None]
"""By path: every file with inode and size, every folder with None."""


def disk(root: Path, ignore: Ignore) -> Facts:
    """What is below *root*, without links and what is ignored."""
    found: Facts = {}
    for folder, folders, files in os.walk(root):
        at = os.path.relpath(folder, root)
        prefix = "" if at == "." else f"{at}/"
        hidden = {n for n in folders if ignore(prefix[:-1], n, is_folder=True)}
        hidden |= {n for n in files if ignore(prefix[:-1], n, is_folder=False)}
        folders[:] = [name for name in folders if name not in hidden]
        for name in (*folders, *files):
            if name in hidden:
                continue
            found_there = os.lstat(os.path.join(folder, name))
            if stat.S_ISDIR(found_there.st_mode):
                found[prefix + name] = None
            elif stat.S_ISREG(found_there.st_mode):
                found[prefix + name] = (found_there.st_ino, found_there.st_size)
    return found


def differences(there: Facts, items: dict[str, Item]) -> list[str]:
    """In what *items* by path differ from what is *there*."""
    found = [f"missing {path}" for path in there.keys() - items.keys()]
    found += [f"too much {path}" for path in items.keys() - there.keys()]
    for path in there.keys() & items.keys():
        facts, item = there[path], items[path]
        if (facts is None) != item.is_folder:
            found.append(f"kind of {path}")
        elif facts is not None and (item.seen is None or (item.seen.inode, item.size) != facts):
            found.append(f"content of {path}")
    return found


async def until(true: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait for a visible state. *true* may be asynchronous."""
    async with asyncio.timeout(patience):
        while True:
            answer = true()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(0.005)


def _path(item: Item, items: dict[int, Item], root: int) -> str:
    """Empty for the root, and for what lies in the trash."""
    names: list[str] = []
    while item.id != root:
        if item.trashed_at is not None or item.parent is None:
            return ""
        names.append(item.name)
        above = items.get(item.parent)
        if above is None:
            return ""
        item = above
    return "/".join(reversed(names))
