"""Watched folders with a feed, a shelf, and a client that acts on them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.sources.watching import (
    PATIENCE,
    Told,
    Watching,
    as_told,
    differences,
    disk,
    until,
)
from wakeful.cli.contents import ServedContents
from wakeful.contents.memory import MemoryShelf
from wakeful.core.accounts import create_namespace
from wakeful.core.changes import (
    ById,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Restore,
    Trash,
    Upload,
)
from wakeful.core.contents import Incoming
from wakeful.core.items import Item
from wakeful.core.lookups import Setting
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.lookups.trees import ItemById, Lineage
from wakeful.core.people import Namespace
from wakeful.core.ports import Store
from wakeful.core.rehearsal import Act
from wakeful.core.terms import Terms
from wakeful.feed import Feed
from wakeful.sources import FolderSource, SourceState
from wakeful.sources.actions import DiskActions
from wakeful.sources.goods import Goods
from wakeful.sources.ignore import HIDDEN
from wakeful.sources.work import Work
from wakeful.wakeups.hub import Hub

LIMIT = 64 * 1024 * 1024


class Nobody:
    """An observer that counts nothing."""

    def woken(self, waiters: int) -> None:
        pass

    def gap_served(self) -> None:
        pass

    def backstop_found(self, streams: int) -> None:
        pass


class Client:
    """Acts on watched folders: the home at *root*, a second one at *other*, and the shelf.

    `home`, `second` and `kept` are the three namespaces.
    """

    def __init__(self, watching: Watching, feed: Feed, second: Namespace, kept: Namespace) -> None:
        self.watching = watching
        self.feed = feed
        self.store = watching.store
        self.home = watching.namespace
        self.second = second
        self.kept = kept
        self.shelf = MemoryShelf(LIMIT)
        self.sources: list[FolderSource] = []
        self.watched = frozenset({self.home.id, second.id})
        self.contents = ServedContents(lambda: self.sources, self.watched, self.shelf)
        self.actions = DiskActions(feed, lambda: self.sources, self.contents, self.shelf)
        self.terms = Terms(self.watched, done=self.watched)

    # --- actions ---

    async def act(self, *changes: Change, by: int | None = None) -> Item | None:
        """What the last of *changes* left."""
        actor = self.watching.user.id if by is None else by
        return (await self.actions.act(actor, changes, self.terms)).items[-1]

    async def made(self, *changes: Change) -> Item:
        item = await self.act(*changes)
        assert item is not None
        return item

    @asynccontextmanager
    async def content(self, data: bytes, namespace: int | None = None) -> AsyncIterator[Facts]:
        """A content that was received for a file in *namespace*, by default the home."""
        place = self.contents.receive(self.home.id if namespace is None else namespace)
        async with place as incoming:
            await write(incoming, data)
            yield incoming.facts

    async def upload(
        self, parent: int, name: str, data: bytes, namespace: int | None = None, **more: Any
    ) -> Item:
        async with self.content(data, namespace) as facts:
            if "modified_at" in more:
                facts = with_time(facts, more.pop("modified_at"))
            change = Upload(parent=ById(parent), name=name, facts=facts, **more)
            return await self.made(change)

    async def replace(self, file: int, data: bytes, **more: Any) -> Item:
        async with self.content(data) as facts:
            return await self.made(NewVersion(item=ById(file), facts=facts, **more))

    async def folder(self, parent: int, name: str) -> Item:
        return await self.made(CreateFolder(parent=ById(parent), name=name))

    async def move(self, item: int, parent: int | None = None, name: str | None = None) -> Item:
        to = None if parent is None else ById(parent)
        return await self.made(Move(item=ById(item), parent=to, name=name))

    async def copy(self, item: int, parent: int, name: str | None = None) -> Item:
        return await self.made(Copy(item=ById(item), parent=ById(parent), name=name))

    async def trash(self, item: int, **more: Any) -> Item:
        return await self.made(Trash(item=ById(item), **more))

    async def restore(self, item: int, **more: Any) -> Item:
        return await self.made(Restore(item=ById(item), **more))

    async def purge(self, item: int) -> None:
        await self.act(Delete(item=ById(item), from_trash=True))

    # --- what became of it ---

    async def item(self, id: int) -> Item:
        item = await self.store.ask(ItemById(id))
        assert item is not None
        return item

    async def read(self, id: int) -> bytes:
        """The content of a file, as a download gives it."""
        content = await self.contents.open(await self.store.ask(Lineage(id)))
        try:
            return await content.read(0, content.size) if content.size else b""
        finally:
            content.close()

    async def told(self) -> list[Told]:
        """What was told since this was last asked, after the sources came to rest."""
        await self.settled()
        return await self.watching.told()

    async def told_at_once(self) -> list[Told]:
        events = await self.watching.events()
        return [as_told(event) for event in events[self.watching.seen_until :]]

    async def settled(self) -> None:
        """Wait until both sources have nothing to do, and the records are as the disks."""

        async def quiet() -> bool:
            for source in self.sources:
                status = source.status()
                if status.state is not SourceState.LIVE or status.pending:
                    return False
            return not await self.differences()

        try:
            await until(quiet)
        except TimeoutError:
            raise AssertionError(f"{self.sources} {(await self.differences())[:20]}") from None

    async def differences(self) -> list[str]:
        found = []
        for source, namespace in zip(self.sources, (self.home, self.second), strict=True):
            watching = Watching(
                Path(source.status().path), self.store, self.watching.user, namespace
            )
            there = disk(watching.root, source.ignore)
            found += differences(there, await watching.items())
        return found


async def write(incoming: Incoming, data: bytes) -> None:
    for start in range(0, len(data), 65536):
        await incoming.write(data[start : start + 65536])
    await incoming.keep()


def with_time(facts: Facts, at: int) -> Facts:
    return replace(facts, content_modified_at=at)


@asynccontextmanager
async def acting(store: Store, root: Path, other: Path, **options: Any) -> AsyncIterator[Client]:
    """A client of a server that follows *root* and *other*. *options* are those of the sources."""
    watching = await Watching.on(root, store)
    names = await _namespaces(store, watching)
    async with Feed(store, Hub(), Nobody()) as feed:
        client = Client(watching, feed, *names)
        with client.contents:
            options = {"upload_limit": LIMIT, **options}
            async with (
                FolderSource(root, watching.namespace, watching.ledger, **options) as first,
                FolderSource(other, client.second, watching.ledger, **options) as second,
            ):
                client.sources = [first, second]
                watching.source = first
                watching.ignore = first.ignore
                for source in client.sources:
                    await asyncio.wait_for(source.ready(), PATIENCE)
                await watching.told()
                yield client


async def _namespaces(store: Store, watching: Watching) -> tuple[Namespace, Namespace]:
    found = []
    for name in ("second", "kept"):
        key = f"test:{name}"
        kept = await store.ask(Setting(key))
        if kept is None:
            namespace = await store.commit(create_namespace(watching.user.id, name))
            await watching.ledger.remember(key, str(namespace.id).encode())
        else:
            known = await store.ask(NamespaceById(int(kept)))
            assert known is not None
            namespace = known
        found.append(namespace)
    return found[0], found[1]


def stays(goods: Goods, act: Act) -> bool:
    """For `Goods.is_renamed`, as if each watched folder were on a file system of its own."""
    return act.before[0].id == act.after[0].id


def write_at_the_last_moment(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Have a program write to *path* once, when everything is copied and nothing has its name."""
    put_tree = Work.put_tree
    left = [path]

    def late(here: Work, *arguments: Any) -> None:
        if left:
            left.pop().write_bytes(b"by hand")
        put_tree(here, *arguments)

    monkeypatch.setattr(Work, "put_tree", late)


def hidden(root: Path) -> dict[str, list[str]]:
    """What lies in the hidden place of *root*, by folder: nothing where there is none."""
    found: dict[str, list[str]] = {}
    for place in sorted((root / HIDDEN).glob("*/*")):
        names = sorted(each.name for each in place.iterdir())
        if names:
            found[place.name] = names
    return found


def tree(root: Path) -> dict[str, bytes | None]:
    """What is below *root* but the hidden place: files with their content, folders with None."""
    return dict(_tree(root, ""))


def _tree(folder: Path, above: str) -> Iterator[tuple[str, bytes | None]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name == HIDDEN:
            continue
        path = above + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield path, None
            yield from _tree(Path(entry.path), f"{path}/")
        else:
            yield path, Path(entry.path).read_bytes()
