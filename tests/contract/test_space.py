"""What the files of a namespace take, counted in the commit that changes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.contract.conftest import Place
from tests.contract.things import A_FILE, A_FOLDER, ANNA, BERT, HOME, SHARED, Wrong, do, put_items
from wakeful.core.errors import QuotaExceeded
from wakeful.core.items import Item
from wakeful.core.lookups.trees import Space, SpaceOf, SpaceUsed, SubtreeSize
from wakeful.core.people import Namespace
from wakeful.core.ports import Store
from wakeful.core.writes import PutItems, PutNamespace, RehomeSubtree, RemoveSubtree

GREATEST = 2**63 - 1


def file(id: int, size: int, *, parent: int = 1, namespace: int = HOME) -> Item:
    return replace(A_FILE, id=id, parent=parent, size=size, name=str(id), namespace=namespace)


def folder(id: int, *, parent: int | None = 1) -> Item:
    return replace(A_FOLDER, id=id, parent=parent, name=str(id))


async def used(store: Store) -> tuple[int, int]:
    return await store.ask(SpaceUsed(HOME)), await store.ask(SpaceUsed(SHARED))


async def test_nothing_is_used_where_there_is_nothing(store: Store) -> None:
    assert await store.ask(SpaceUsed(HOME)) == 0
    assert await store.ask(SpaceOf((ANNA,))) == ()
    assert await store.ask(SubtreeSize(7)) == 0


async def test_files_count_in_their_namespace_folders_do_not(store: Store) -> None:
    await put_items(store, folder(1, parent=None), file(2, 10), file(3, 0), file(4, 100))
    await put_items(store, file(5, 1_000, namespace=SHARED))

    assert await used(store) == (110, 1_000)


async def test_a_new_size_counts_instead_of_the_one_before(store: Store) -> None:
    await put_items(store, file(2, 10), file(3, 5))

    await put_items(store, file(2, 1_000))
    assert await used(store) == (1_005, 0)

    await put_items(store, file(2, 0))
    assert await used(store) == (5, 0)


async def test_what_is_in_the_trash_counts_until_it_is_purged(store: Store) -> None:
    await put_items(store, file(2, 10))

    await put_items(store, replace(file(2, 10), trashed_at=9))
    assert await used(store) == (10, 0)

    await store.commit(do(RemoveSubtree(2)))
    assert await used(store) == (0, 0)


async def test_what_goes_takes_along_all_below_it(store: Store) -> None:
    below = (folder(2), file(3, 7, parent=2), folder(4, parent=2), file(5, 70, parent=4))
    await put_items(store, *below, file(6, 700))

    assert await store.ask(SubtreeSize(2)) == 77
    assert await store.ask(SubtreeSize(6)) == 700

    await store.commit(do(RemoveSubtree(2)))
    assert await used(store) == (700, 0)


async def test_what_moves_to_another_namespace_counts_there(store: Store) -> None:
    moved = replace(folder(2), namespace=SHARED)
    await put_items(store, folder(2), file(3, 7, parent=2), file(4, 70, parent=2), file(5, 1))

    await store.commit(do(PutItems((moved,)), RehomeSubtree(2, SHARED)))

    assert await used(store) == (1, 77)


async def test_a_command_that_fails_counts_nothing(store: Store) -> None:
    await put_items(store, file(2, 10), folder(3), file(4, 5, parent=3))
    steps = (PutItems((file(2, 11), file(5, 3))), RemoveSubtree(3), RehomeSubtree(3, SHARED))

    with pytest.raises(Wrong):
        await store.commit(do(*steps, Wrong()))

    assert await used(store) == (15, 0)


async def test_a_command_sees_what_it_counted_itself(store: Store) -> None:
    answers = await store.commit(do(PutItems((file(2, 10),)), SpaceUsed(HOME), SubtreeSize(2)))

    assert answers[1:] == [10, 10]


async def test_the_namespaces_of_a_user_are_those_that_they_own(store: Store) -> None:
    owned = [
        Namespace(HOME, 1, ANNA, 1, True, 0),
        Namespace(SHARED, 1, ANNA, 2, False, 0),
        Namespace(12, 1, BERT, 3, True, 0),
        Namespace(13, 1, BERT + 1, 4, True, 0),
    ]
    await store.commit(do(*map(PutNamespace, owned)))
    await put_items(store, file(2, 10), file(3, 5, namespace=12), file(4, 9, namespace=13))

    assert await store.ask(SpaceOf((ANNA,))) == (Space(ANNA, HOME, 10), Space(ANNA, SHARED, 0))
    assert await store.ask(SpaceOf((BERT, ANNA))) == (
        Space(ANNA, HOME, 10),
        Space(ANNA, SHARED, 0),
        Space(BERT, 12, 5),
    )


async def test_more_than_can_be_counted_is_refused(store: Store) -> None:
    await put_items(store, file(2, GREATEST), folder(3), file(4, 1, namespace=SHARED, parent=3))

    with pytest.raises(QuotaExceeded):
        await put_items(store, file(5, 0), file(6, 1))
    with pytest.raises(QuotaExceeded):
        await store.commit(do(RehomeSubtree(3, HOME)))
    assert await used(store) == (GREATEST, 1)

    await put_items(store, file(2, GREATEST - 1), file(6, 1))
    assert await used(store) == (GREATEST, 1)


async def test_a_restored_store_has_counted_the_same(place: Place, tmp_path: Path) -> None:
    store = await place.open()
    await put_items(store, file(2, 10), file(3, 5, namespace=SHARED))
    await store.backup(tmp_path / "copy")

    again = await place.restore(tmp_path / "copy")

    assert await used(again) == (10, 5)
    await put_items(again, file(2, 4))
    assert await used(again) == (4, 5)
