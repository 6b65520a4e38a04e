"""Items and the ways to find them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.contract.things import A_FILE, A_FOLDER, HOME, SHARED, Wrong, do, put_items
from wakeful.core.items import Item, Lock, Notes, Seen
from wakeful.core.lookups.trees import (
    ChildByName,
    Children,
    CountChildren,
    ItemById,
    ItemsOf,
    Lineage,
    NamedContents,
    TrashedBefore,
)
from wakeful.core.ports import Store
from wakeful.core.writes import PutItems, RehomeSubtree, RemoveSubtree

ROOT = replace(A_FOLDER, id=1, parent=None, name="", key="")


def folder(id: int, name: str, parent: int = 1, namespace: int = HOME) -> Item:
    return replace(A_FOLDER, id=id, parent=parent, name=name, key=name, namespace=namespace)


def file(id: int, name: str, parent: int = 1, namespace: int = HOME) -> Item:
    return replace(A_FILE, id=id, parent=parent, name=name, key=name, namespace=namespace)


def trashed(item: Item) -> Item:
    return replace(item, trashed_at=9_000)


async def test_an_item_comes_back_as_it_was_put(store: Store) -> None:
    item = replace(
        A_FILE,
        name="Ünïcode 😀.txt",
        key="ünïcode 😀.txt",
        sha1="f" * 40,
        content_hash="e" * 64,
        trashed_at=7,
        seen=Seen(2**64 - 1, 2**40, 1_700_000_000_123_456_789),
        content="d" * 64,
        notes=Notes("mine", ("a", "ü"), Lock(id=7, by=8, at=9, until=10, no_download=True)),
    )

    await put_items(store, item, replace(A_FOLDER, id=5))

    assert await store.ask(ItemById(item.id)) == item
    assert await store.ask(ItemById(5)) == replace(A_FOLDER, id=5)
    assert await store.ask(ItemById(6)) is None


async def test_putting_an_item_again_replaces_all_of_it(store: Store) -> None:
    await put_items(store, ROOT, folder(2, "f"), replace(file(3, "a"), seen=Seen(1, 2, 3)))
    after = replace(file(3, "b", parent=2), revision=2, size=9)

    await put_items(store, after)

    assert await store.ask(ItemById(3)) == after
    assert await store.ask(ChildByName(1, "a")) is None
    assert await store.ask(ChildByName(2, "b")) == after


async def test_a_child_is_found_by_its_exact_name(store: Store) -> None:
    await put_items(store, ROOT, file(2, "A"), file(3, "a"), folder(4, "é"), file(5, "x"))

    assert await store.ask(ChildByName(1, "a")) == file(3, "a")
    assert await store.ask(ChildByName(1, "A")) == file(2, "A")
    assert await store.ask(ChildByName(1, "é")) == folder(4, "é")
    assert await store.ask(ChildByName(1, "e\u0301")) is None
    assert await store.ask(ChildByName(5, "a")) is None


async def test_a_trashed_item_gives_its_name_free_and_is_found_by_id_only(store: Store) -> None:
    old, new = trashed(file(2, "a")), file(3, "a")
    await put_items(store, ROOT, file(2, "a"))
    await put_items(store, old)
    await put_items(store, new)

    assert await store.ask(ChildByName(1, "a")) == new
    assert await store.ask(Children(1, 0, 10)) == (new,)
    assert await store.ask(CountChildren(1)) == 1
    assert await store.ask(ItemById(2)) == old


async def test_a_lineage_runs_from_the_root_down_to_the_item(store: Store) -> None:
    line = (ROOT, folder(2, "f"), trashed(folder(3, "g", parent=2)), file(4, "a", parent=3))
    await put_items(store, *reversed(line), file(5, "other", parent=2))

    assert await store.ask(Lineage(4)) == line
    assert await store.ask(Lineage(1)) == (ROOT,)
    assert await store.ask(Lineage(99)) == ()


async def test_children_come_folders_first_then_by_name(store: Store) -> None:
    await put_items(
        store,
        ROOT,
        file(2, "b"),
        folder(3, "z"),
        file(4, "B"),
        folder(5, "a"),
        file(6, "a"),
        file(7, "deep", parent=3),
        trashed(folder(8, "c")),
    )

    page = await store.ask(Children(1, 0, 10))

    assert [item.id for item in page] == [5, 3, 4, 6, 2]
    assert await store.ask(CountChildren(1)) == 5


async def test_children_come_in_pages(store: Store) -> None:
    await put_items(store, ROOT, *(file(10 + n, f"{n:02}") for n in range(7)))

    pages = [await store.ask(Children(1, offset, 3)) for offset in (0, 3, 6, 9)]

    assert [[item.name for item in page] for page in pages] == [
        ["00", "01", "02"],
        ["03", "04", "05"],
        ["06"],
        [],
    ]


async def test_what_was_trashed_comes_by_its_time(store: Store) -> None:
    at = {2: 30, 3: 10, 4: 20, 5: 20, 6: 40}
    await put_items(store, ROOT, file(9, "there"), folder(10, "f"))
    items = {id: replace(file(id, "a"), trashed_at=time) for id, time in at.items()}
    items[4] = replace(folder(4, "b", namespace=SHARED), trashed_at=20)
    await put_items(store, *items.values())

    async def found(before: int, after: tuple[int, int], limit: int) -> list[int]:
        answer = await store.ask(TrashedBefore(before, after, limit))
        assert answer == tuple(items[item.id] for item in answer)
        return [item.id for item in answer]

    assert await found(40, (0, 0), 10) == [3, 4, 5, 2]
    assert await found(41, (0, 0), 2) == [3, 4]
    assert await found(41, (20, 4), 2) == [5, 2]
    assert await found(41, (20, 5), 10) == [2, 6]
    assert await found(10, (0, 0), 10) == []


async def test_the_items_of_a_namespace_come_by_id(store: Store) -> None:
    await put_items(
        store,
        file(9, "late"),
        ROOT,
        folder(2, "f"),
        file(3, "a", parent=2),
        trashed(file(4, "gone")),
        file(5, "elsewhere", namespace=SHARED),
    )

    first = await store.ask(ItemsOf(HOME, 0, 2))
    rest = await store.ask(ItemsOf(HOME, 2, 10))

    assert [item.id for item in first] == [1, 2]
    assert [item.id for item in rest] == [3, 9]
    assert await store.ask(ItemsOf(777, 0, 10)) == ()


async def test_a_subtree_is_removed_with_all_that_is_below(store: Store) -> None:
    await put_items(
        store,
        ROOT,
        folder(2, "f"),
        trashed(folder(3, "g", parent=2)),
        file(4, "a", parent=3),
        file(5, "stays"),
    )

    await store.commit(do(RemoveSubtree(2)))
    await store.commit(do(RemoveSubtree(99)))

    left = [await store.ask(ItemById(id)) for id in range(1, 6)]
    assert left == [ROOT, None, None, None, file(5, "stays")]
    assert await store.ask(Children(3, 0, 10)) == ()
    assert [item.id for item in await store.ask(ItemsOf(HOME, 0, 10))] == [1, 5]


async def test_rehoming_takes_all_that_is_below_but_not_the_item_itself(store: Store) -> None:
    await put_items(
        store,
        ROOT,
        folder(2, "f"),
        trashed(folder(3, "g", parent=2)),
        file(4, "a", parent=3),
        file(5, "stays"),
    )

    await store.commit(do(RehomeSubtree(2, SHARED)))

    items = [await store.ask(ItemById(id)) for id in range(1, 6)]
    assert [item and item.namespace for item in items] == [HOME, HOME, SHARED, SHARED, HOME]
    assert [item.id for item in await store.ask(ItemsOf(SHARED, 0, 10))] == [4]
    assert [item.id for item in await store.ask(ItemsOf(HOME, 0, 10))] == [1, 2, 5]
    assert await store.ask(Lineage(4)) == tuple(items[:4])


async def test_a_content_is_named_for_as_long_as_an_item_has_it(store: Store) -> None:
    one, two, three = "1" * 64, "2" * 64, "3" * 64
    asked = NamedContents((one, two, three, ""))
    await put_items(
        store,
        ROOT,
        replace(file(2, "a"), content=one),
        replace(file(3, "b"), content=one),
        folder(4, "f"),
        replace(file(5, "c", parent=4), content=two),
    )
    assert await store.ask(asked) == {one, two}

    await put_items(store, replace(file(2, "a"), content=three))
    assert await store.ask(asked) == {one, two, three}

    await put_items(store, trashed(replace(file(3, "b"), content=one)))
    assert await store.ask(asked) == {one, two, three}

    await store.commit(do(RemoveSubtree(4)))
    assert await store.ask(asked) == {one, three}

    await store.commit(do(RemoveSubtree(3)))
    assert await store.ask(asked) == {three}


async def test_a_content_is_named_no_longer_when_its_command_is_undone(store: Store) -> None:
    asked = NamedContents(("1" * 64, "2" * 64))
    await put_items(store, ROOT, replace(file(2, "a"), content="1" * 64))

    with pytest.raises(Wrong):
        await store.commit(do(PutItems((replace(file(2, "a"), content="2" * 64),)), Wrong()))

    assert await store.ask(asked) == {"1" * 64}
