"""Contents by their addresses, on every shelf."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from wakeful.contents.folder import FolderShelf
from wakeful.contents.memory import MemoryShelf
from wakeful.core.contents import Content, NoContent, Shelf
from wakeful.core.errors import TooLarge

MOST = 10_000


def address_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def kept(shelf: Shelf, data: bytes) -> str:
    """*data*, brought by somebody who is done."""
    async with shelf.receive() as incoming:
        await incoming.write(data)
        await incoming.keep()
    return incoming.facts.content


async def all_of(shelf: Shelf) -> list[str]:
    return list(await shelf.after("", 1_000))


async def read_all(content: Content) -> bytes:
    try:
        data = b""
        while len(data) < content.size:
            data += await content.read(len(data), 7)
        return data
    finally:
        content.close()


@pytest.fixture(params=["memory", "folder"])
def shelf(request: Any, tmp_path: Path) -> Iterator[Shelf]:
    with ExitStack() as stack:
        if request.param == "memory":
            yield MemoryShelf(MOST)
        else:
            yield stack.enter_context(FolderShelf(tmp_path / "contents", MOST))


async def test_what_was_kept_is_found_at_the_hash_of_its_bytes(shelf: Shelf) -> None:
    async with shelf.receive() as incoming:
        for part in (b"hello", b", ", b"world"):
            await incoming.write(part)
        await incoming.keep()
        facts = incoming.facts

    assert facts.content == address_of(b"hello, world")
    assert facts.sha1 == hashlib.sha1(b"hello, world").hexdigest()
    assert facts.content_hash == address_of(hashlib.sha256(b"hello, world").digest())
    assert facts.size == 12
    assert await read_all(await shelf.open(facts.content)) == b"hello, world"


async def test_an_empty_content_is_one_too(shelf: Shelf) -> None:
    address = await kept(shelf, b"")

    content = await shelf.open(address)
    assert content.size == 0
    content.close()


async def test_a_part_is_read_from_anywhere(shelf: Shelf) -> None:
    content = await shelf.open(await kept(shelf, b"0123456789"))

    assert await content.read(3, 4) == b"3456"
    assert await content.read(8, 100) == b"89"
    content.close()


async def test_what_is_not_kept_leaves_nothing(shelf: Shelf) -> None:
    async with shelf.receive() as incoming:
        await incoming.write(b"never kept")
    with suppress(ZeroDivisionError):
        async with shelf.receive() as incoming:
            await incoming.write(b"broken off")
            raise ZeroDivisionError

    assert await all_of(shelf) == []
    assert shelf.released() == ()


async def test_more_than_the_limit_is_refused(shelf: Shelf) -> None:
    async with shelf.receive() as incoming:
        await incoming.write(b"x" * MOST)
        with pytest.raises(TooLarge):
            await incoming.write(b"x")


async def test_what_is_nowhere_cannot_be_opened(shelf: Shelf) -> None:
    with pytest.raises(NoContent):
        await shelf.open(address_of(b"nothing"))


async def test_addresses_are_told_in_pages(shelf: Shelf) -> None:
    expected = sorted([await kept(shelf, b"%d" % index) for index in range(20)])

    found: list[str] = []
    while page := await shelf.after(found[-1] if found else "", 3):
        assert len(page) <= 3
        found += page

    assert found == expected


async def test_what_was_condemned_goes(shelf: Shelf) -> None:
    gone, stays = await kept(shelf, b"gone"), await kept(shelf, b"stays")

    condemned = shelf.condemn((gone,))
    assert condemned == (gone,)
    assert await shelf.remove(condemned) == 1

    assert await all_of(shelf) == [stays]
    with pytest.raises(NoContent):
        await shelf.open(gone)


async def test_what_was_not_condemned_is_never_removed(shelf: Shelf) -> None:
    address = await kept(shelf, b"a")

    assert await shelf.remove((address,)) == 0

    assert await all_of(shelf) == [address]


async def test_what_is_being_brought_cannot_be_condemned(shelf: Shelf) -> None:
    async with shelf.receive() as incoming:
        await incoming.write(b"a")
        await incoming.keep()
        address = incoming.facts.content

        assert shelf.condemn((address,)) == ()
        assert await shelf.remove((address,)) == 0

        assert shelf.released() == ()
    assert shelf.released() == (address,)
    assert shelf.released() == ()
    assert await all_of(shelf) == [address]


async def test_what_is_brought_again_is_pardoned_even_if_its_bringer_is_done(shelf: Shelf) -> None:
    address = await kept(shelf, b"a")

    condemned = shelf.condemn((address,))
    assert await kept(shelf, b"a") == address

    assert await shelf.remove(condemned) == 0
    assert await read_all(await shelf.open(address)) == b"a"


async def test_two_who_bring_the_same_are_both_waited_for(shelf: Shelf) -> None:
    async with shelf.receive() as one:
        await one.write(b"a")
        await one.keep()
        await kept(shelf, b"a")

        assert shelf.condemn((one.facts.content,)) == ()


async def test_what_is_open_stays_readable_when_it_is_removed(shelf: Shelf) -> None:
    content = await shelf.open(await kept(shelf, b"still here"))

    assert await shelf.remove(shelf.condemn(tuple(await all_of(shelf)))) == 1

    assert await read_all(content) == b"still here"
