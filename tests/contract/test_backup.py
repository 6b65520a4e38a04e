"""Copies: complete, and never taken for the original."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.contract.conftest import Place
from tests.contract.test_records import A_GRANT, A_TOKEN, A_USER
from tests.contract.things import (
    A_FILE,
    ANNA,
    ENTERPRISE,
    HOME,
    an_enterprise,
    do,
    names,
    put_items,
    put_paths,
    read,
    rows,
    state,
    tell,
)
from wakeful.core.events import decode
from wakeful.core.items import Seen
from wakeful.core.lookups import NewIds, Remember, Remembered, Setting
from wakeful.core.lookups.credentials import TokenByDigest, Tokens
from wakeful.core.lookups.people import Enterprises, Members, NamespaceById, UserByLogin
from wakeful.core.lookups.trees import ItemById
from wakeful.core.people import Member, Namespace, Role
from wakeful.core.ports import Store, StreamKind
from wakeful.core.positions import position
from wakeful.core.writes import (
    JournalDrop,
    PutGrant,
    PutMember,
    PutNamespace,
    PutRemembered,
    PutSetting,
    PutToken,
    PutUser,
)


async def test_a_restored_store_has_all_that_was_committed(place: Place, tmp_path: Path) -> None:
    store = await place.open()
    item = replace(A_FILE, seen=Seen(2**64 - 1, 2, 3))
    namespace = Namespace(HOME, ENTERPRISE, ANNA, 1, True, 1)
    member = Member(HOME, ANNA, Role.OWNER, "", 1)
    answer = Remembered(b"d", b"a")
    await store.commit(
        do(
            an_enterprise(),
            PutUser(A_USER),
            PutNamespace(namespace),
            PutMember(member),
            PutGrant(A_GRANT),
            PutToken(A_TOKEN),
            PutRemembered(1, "key", answer),
            PutSetting("secret", b"s"),
        )
    )
    await put_items(store, item)
    await put_paths(store, "a", "a/b")
    await store.commit(do(JournalDrop(HOME, "a/b")))
    await tell(store, "one", "two", to=(ANNA, ENTERPRISE))
    await store.trim(StreamKind.USER, 2**50, 1)
    [last] = await store.commit(do(NewIds()))

    await store.backup(tmp_path / "copy")
    restored = await place.restore(tmp_path / "copy")

    assert await names(restored) == ["two"]
    assert await names(restored, ENTERPRISE) == ["one", "two"]
    assert (await state(restored)).trimmed == 1
    assert await restored.ask(ItemById(item.id)) == item
    assert await rows(restored) == await rows(store)
    assert await restored.ask(Enterprises()) == (an_enterprise().enterprise,)
    assert await restored.ask(UserByLogin("anna@example.com")) == A_USER
    assert await restored.ask(NamespaceById(HOME)) == namespace
    assert await restored.ask(Members(HOME)) == (member,)
    assert await restored.ask(TokenByDigest(A_TOKEN.digest)) == A_TOKEN
    assert await restored.ask(Tokens(ENTERPRISE)) == (A_TOKEN,)
    assert await restored.ask(Remember(1, "key")) == answer
    assert await restored.ask(Setting("secret")) == b"s"
    assert await tell(restored, "three") == [{ANNA: 3}]
    assert await restored.commit(do(NewIds())) == [last + 1]


async def test_a_restored_store_begins_a_greater_epoch(place: Place, tmp_path: Path) -> None:
    store = await place.open()
    await tell(store, "one", "two", "three")
    await store.backup(tmp_path / "copy")
    await tell(store, "four", "five")
    old_position = position(store.epoch, 5)

    restored = await place.restore(tmp_path / "copy")
    await tell(restored, "other four", "other five", "other six")

    assert restored.epoch > store.epoch
    page = await read(restored, asked=old_position)
    assert page.gap
    assert [event.number for event in page.events] == [1, 2, 3, 4, 5, 6]
    assert page.state.epoch == restored.epoch


async def test_one_copy_restored_again_begins_another_epoch_each_time(
    place: Place, tmp_path: Path
) -> None:
    store = await place.open()
    await tell(store, "one")
    await store.backup(tmp_path / "copy")
    epochs = [store.epoch]

    for _ in range(3):
        restored = await place.restore(tmp_path / "copy")
        epochs.append(restored.epoch)
        assert await names(restored) == ["one"]
        await restored.close()

    assert epochs == sorted(set(epochs))


async def test_a_copy_is_of_one_moment_while_others_write(place: Place, tmp_path: Path) -> None:
    store = await place.open()
    over = asyncio.Event()

    async def write() -> None:
        while not over.is_set():
            await tell(store, "e", to=(ANNA, ENTERPRISE))
            await asyncio.sleep(0)

    writers = [asyncio.create_task(write()) for _ in range(4)]
    for number in range(3):
        await store.backup(tmp_path / f"copy-{number}")
    over.set()
    await asyncio.gather(*writers)
    restored = await place.restore(tmp_path / "copy-2")

    mine, theirs = await state(restored, ANNA), await state(restored, ENTERPRISE)
    assert mine.last == theirs.last
    assert len((await read(restored, ANNA, limit=10**6)).events) == mine.last


async def test_a_file_that_is_there_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    file.write_bytes(b"precious")

    with pytest.raises(FileExistsError):
        await store.backup(file)

    assert file.read_bytes() == b"precious"


async def test_a_copy_into_a_folder_that_is_missing_says_so(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await store.backup(tmp_path / "nowhere" / "copy")


async def test_time_goes_on_from_where_the_copy_was_made(place: Place, tmp_path: Path) -> None:
    place.clock.now = 9_000
    store = await place.open()
    await tell(store, "one")
    await store.backup(tmp_path / "copy")
    place.clock.now = 5_000

    restored = await place.restore(tmp_path / "copy")
    await tell(restored, "two")

    events = (await read(restored)).events
    assert [decode(event.body).recorded_at for event in events] == [9_000, 9_000]
    assert [event.key for event in events] == [1, 2]
