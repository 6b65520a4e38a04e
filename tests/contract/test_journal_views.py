"""Journals as the state by path is read from them."""

from __future__ import annotations

from msgspec.structs import replace

from tests.contract.things import (
    A_FILE,
    A_FOLDER,
    ANNA,
    BERT,
    ENTERPRISE,
    HOME,
    SHARED,
    do,
    put_items,
    put_paths,
)
from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import (
    MOST_LOOKED_AT,
    JournalHeads,
    JournalListing,
    ListJournal,
    MountsOf,
)
from wakeful.core.people import Member, Role, User
from wakeful.core.ports import Store
from wakeful.core.writes import JournalDrop, JournalPut, PutMember, PutUser, RemoveMember


async def listed(store: Store, under: str = "", *, deep: bool = True, after: int = 0) -> list[str]:
    listing = await store.ask(ListJournal(HOME, after, 1_000, under, deep))
    return [row.path for row in listing.rows]


async def test_a_journal_that_was_never_written_lists_nothing(store: Store) -> None:
    assert await store.ask(ListJournal(HOME, 0, 10)) == JournalListing((), {}, 0, 0, 0)
    assert await store.ask(JournalHeads((HOME, SHARED))) == (0, 0)


async def test_of_a_folder_its_row_and_all_below_it_are_listed(store: Store) -> None:
    await put_paths(store, "a", "a/b", "a/b/c", "a b", "a.", "a0", "b", "b/a")

    assert await listed(store, "a") == ["a", "a/b", "a/b/c"]
    assert await listed(store, "a/b") == ["a/b", "a/b/c"]
    assert await listed(store, "a", after=1) == ["a/b", "a/b/c"]
    assert await listed(store, "nothing") == []


async def test_a_folder_is_listed_without_what_is_deeper_in_it(
    store: Store,
) -> None:
    await put_paths(store, "a", "a/b", "a/b/c", "a/d", "a b", "é", "é/ü", "é/ü/ö")

    assert await listed(store, deep=False) == ["a", "a b", "é"]
    assert await listed(store, "a", deep=False) == ["a", "a/b", "a/d"]
    assert await listed(store, "é", deep=False) == ["é", "é/ü"]


async def test_rows_come_with_their_items_and_all_folders_above(store: Store) -> None:
    root = replace(A_FOLDER, id=1, parent=None)
    folder = replace(A_FOLDER, id=2, parent=1, name="a")
    file = replace(A_FILE, id=3, parent=2)
    await put_items(store, root, folder, file, replace(A_FILE, id=4, parent=1))
    await store.commit(do(JournalPut(HOME, "a", 2), JournalPut(HOME, "a/a.txt", 3)))

    listing = await store.ask(ListJournal(HOME, 1, 10))

    assert listing.rows == (JournalRow("a/a.txt", 2, 3, None),)
    assert dict(listing.items) == {1: root, 2: folder, 3: file}


async def test_a_listing_goes_on_where_the_one_before_it_ended(store: Store) -> None:
    await put_paths(store, "a", "a/b", "c", "a/d")

    first = await store.ask(ListJournal(HOME, 0, 2, "a"))
    second = await store.ask(ListJournal(HOME, first.next, 2, "a"))

    assert [row.path for row in first.rows] == ["a", "a/b"]
    assert first.next == 2
    assert [row.path for row in second.rows] == ["a/d"]
    assert (second.next, second.head) == (4, 4)


async def test_tombstones_up_to_a_number_are_left_out(store: Store) -> None:
    await put_paths(store, "a", "b", "c")
    await store.commit(do(JournalDrop(HOME, "a"), JournalDrop(HOME, "b")))

    listing = await store.ask(ListJournal(HOME, 0, 10, buried_after=4))

    assert [(row.path, row.item) for row in listing.rows] == [("c", 3), ("b", None)]


async def test_a_listing_looks_at_so_many_rows_and_no_more(store: Store) -> None:
    others = (f"other/{index}" for index in range(MOST_LOOKED_AT))
    await store.commit(do(*(JournalPut(HOME, path, 1) for path in others)))
    await put_paths(store, "mine")

    first = await store.ask(ListJournal(HOME, 0, 10, "mine"))
    second = await store.ask(ListJournal(HOME, first.next, 10, "mine"))

    assert (first.rows, first.next) == ((), MOST_LOOKED_AT)
    assert [row.path for row in second.rows] == ["mine"]
    assert second.next == second.head == MOST_LOOKED_AT + 1


async def test_what_is_mounted_in_a_home_comes_with_its_rows_by_namespace(store: Store) -> None:
    user = User(ANNA, ENTERPRISE, "anna@example.com", "Anna", False, HOME, 1)
    await store.commit(do(PutUser(user), PutMember(Member(HOME, ANNA, Role.OWNER, "", 1))))
    await put_paths(store, "a", "b")
    for namespace, key in ((8_002, "late"), (8_001, "Ä"), (8_003, "left")):
        mount = JournalPut(HOME, key, 1, namespace)
        member = PutMember(Member(namespace, ANNA, Role.EDITOR, key, 1))
        await store.commit(do(mount, member))
    await store.commit(do(JournalDrop(HOME, "left"), RemoveMember(8_003, ANNA)))
    await store.commit(do(PutMember(Member(8_001, BERT, Role.EDITOR, "Ä", 1))))

    assert await store.ask(MountsOf(ANNA)) == (
        JournalRow("Ä", 4, 1, 8_001),
        JournalRow("late", 3, 1, 8_002),
    )
    assert await store.ask(MountsOf(BERT)) == ()


async def test_the_heads_of_several_journals_are_told_at_once(store: Store) -> None:
    await put_paths(store, "a", "b")
    await put_paths(store, "a", namespace=SHARED)

    assert await store.ask(JournalHeads((SHARED, 99, HOME))) == (1, 0, 2)
