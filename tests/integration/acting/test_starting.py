"""What a crash, another server, or one that keeps nothing left behind."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.acting.folders import Client, acting, hidden, tree
from tests.integration.sources.watching import until
from tests.unit.sources.test_descent import make_deep
from wakeful.core.contents import NoContent
from wakeful.core.errors import Forbidden, Unavailable
from wakeful.sources.ignore import HIDDEN
from wakeful.stores.memory import MemoryStore


@asynccontextmanager
async def again(store: MemoryStore, root: Path, other: Path) -> AsyncIterator[Client]:
    """The next start, on the same store."""
    async with acting(store, root, other) as client:
        yield client


def place(root: Path) -> Path:
    (found,) = (root / HIDDEN).iterdir()
    return found


async def test_nothing_hidden_stays_where_nothing_is_in_it(root: Path, other: Path) -> None:
    store = MemoryStore()
    async with again(store, root, other) as client:
        assert os.listdir(root) == []
        file = await client.upload(client.home.root, "a.txt", b"one")
        assert HIDDEN in os.listdir(root)
        await client.trash(file.id)
    assert hidden(root) == {"trash": [str(file.id)]}
    async with again(store, root, other) as client:
        await client.purge(file.id)
        await until(lambda: hidden(root) == {})

    assert os.listdir(root) == []


async def test_what_was_on_its_way_goes_at_the_next_start(root: Path, other: Path) -> None:
    store = MemoryStore()
    async with again(store, root, other) as client:
        kept = await client.upload(client.home.root, "a.txt", b"one")
        await client.trash(kept.id)
        purged = await client.upload(client.home.root, "b.txt", b"two")
        await client.trash(purged.id)
        await client.purge(purged.id)
    incoming = place(root) / "incoming"
    (incoming / "tree" / "deep").mkdir(parents=True)
    (incoming / "tree" / "deep" / "file").write_bytes(b"half")
    (incoming / "content").write_bytes(b"half")
    (place(root) / "trash" / str(purged.id)).write_bytes(b"of nobody")

    async with again(store, root, other) as client:
        await until(lambda: hidden(root) == {"trash": [str(kept.id)]})
        assert await client.told() == []
        await client.restore(kept.id)
    assert tree(root) == {"a.txt": b"one"}


async def test_what_is_too_deep_for_the_stack_hinders_no_start(root: Path, other: Path) -> None:
    store = MemoryStore()
    async with again(store, root, other) as client:
        file = await client.upload(client.home.root, "a.txt", b"one")
        await client.trash(file.id)
    make_deep(place(root) / "incoming", 1_100)

    async with again(store, root, other) as client:
        await until(lambda: hidden(root) == {"trash": [str(file.id)]})
        await client.restore(file.id)
    assert tree(root) == {"a.txt": b"one"}


async def test_what_was_trashed_and_not_told_of_is_told_and_kept(root: Path, other: Path) -> None:
    """As after a crash between the disk and the commit."""
    store = MemoryStore()
    async with again(store, root, other) as client:
        first = await client.upload(client.home.root, "first.txt", b"one")
        await client.trash(first.id)
        await client.upload(client.home.root, "other.txt", b"other")
        file = await client.upload(client.home.root, "a.txt", b"two")
    (root / "a.txt").rename(place(root) / "trash" / str(file.id))

    async with again(store, root, other) as client:
        assert (await client.item(file.id)).trashed_at is not None
        await client.restore(file.id)
        assert await client.read(file.id) == b"two"
        assert tree(root) == {"a.txt": b"two", "other.txt": b"other"}


async def test_what_was_restored_and_not_told_of_is_new(root: Path, other: Path) -> None:
    store = MemoryStore()
    async with again(store, root, other) as client:
        file = await client.upload(client.home.root, "a.txt", b"one")
        await client.trash(file.id)
    (place(root) / "trash" / str(file.id)).rename(root / "a.txt")

    async with again(store, root, other) as client:
        assert tree(root) == {"a.txt": b"one"}
        assert (await client.watching.items())["a.txt"].id != file.id
        with pytest.raises(NoContent):
            await client.restore(file.id, name="b.txt")


async def test_two_servers_do_not_act_in_one_place(root: Path, other: Path) -> None:
    store = MemoryStore()
    async with again(store, root, other) as client:
        file = await client.upload(client.home.root, "a.txt", b"one")
        await client.trash(file.id)
        async with again(store, root, other) as second:
            with pytest.raises(Unavailable, match="Another server"):
                await second.upload(second.home.root, "b.txt", b"two")
            assert hidden(root) == {"trash": [str(file.id)]}
        await client.restore(file.id)
    assert tree(root) == {"a.txt": b"one"}


async def test_other_stores_have_places_of_their_own(root: Path, other: Path) -> None:
    one, two = MemoryStore(), MemoryStore()
    async with acting(one, root, other) as client:
        file = await client.upload(client.home.root, "a.txt", b"one")
        await client.trash(file.id)
        async with acting(two, root, other) as second:
            mine = await second.upload(second.home.root, "b.txt", b"two")
            await second.trash(mine.id)
        async with acting(two, root, other) as second:
            await second.restore(mine.id)
        await client.restore(file.id)
        await client.settled()
    assert tree(root) == {"a.txt": b"one", "b.txt": b"two"}


async def test_what_a_store_that_keeps_nothing_trashed_goes_with_it(
    root: Path, other: Path
) -> None:
    async with acting(MemoryStore(), root, other, lasting=False) as client:
        file = await client.upload(client.home.root, "a.txt", b"one")
        await client.trash(file.id)
        assert hidden(root) == {"trash": [str(file.id)]}
    assert os.listdir(root) == []

    left = root / HIDDEN / "memory-0123456789abcdef" / "trash"  # by one that was killed
    left.mkdir(parents=True, mode=0o700)
    left.parent.chmod(0o700)
    left.parent.parent.chmod(0o700)
    (left / "1").write_bytes(b"one")
    async with acting(MemoryStore(), root, other):
        await until(lambda: not left.parent.exists())


async def test_a_place_that_others_may_write_to_is_not_used(root: Path, other: Path) -> None:
    (root / HIDDEN).mkdir()
    (root / HIDDEN).chmod(0o777)
    async with acting(MemoryStore(), root, other) as client:
        with pytest.raises(Forbidden):
            await client.upload(client.home.root, "a.txt", b"one")
        assert tree(root) == {}
    (root / HIDDEN).rmdir()
    (root / HIDDEN).symlink_to(other)
    async with acting(MemoryStore(), root, other) as client:
        with pytest.raises((Forbidden, Unavailable)):
            await client.upload(client.home.root, "a.txt", b"one")
    assert os.listdir(other) == []
