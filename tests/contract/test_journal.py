"""Journals: each path at the number of its latest change."""

from __future__ import annotations

import pytest

from tests.contract.things import ANNA, HOME, SHARED, do, journal, put_paths, rows
from wakeful.core.items import JournalRow
from wakeful.core.lookups.journals import JournalAt, JournalPage, ReadJournal
from wakeful.core.ports import Store
from wakeful.core.writes import JournalDrop, JournalMove, JournalPut


async def test_a_journal_that_was_never_written_is_empty(store: Store) -> None:
    assert await journal(store) == JournalPage((), 0, 0)
    assert await store.ask(JournalAt(HOME, "a")) is None


async def test_each_row_that_is_put_takes_the_next_number(store: Store) -> None:
    await put_paths(store, "b", "a", "c")

    assert await rows(store) == [(1, "b", 1), (2, "a", 2), (3, "c", 3)]
    assert (await journal(store)).head == 3


async def test_a_row_that_is_put_again_moves_to_the_end(store: Store) -> None:
    await put_paths(store, "a", "b")

    await store.commit(do(JournalPut(HOME, "a", 9)))

    assert await rows(store) == [(2, "b", 2), (3, "a", 9)]


async def test_journals_of_different_namespaces_have_numbers_of_their_own(store: Store) -> None:
    await put_paths(store, "a", "b")
    await put_paths(store, "x", namespace=SHARED)

    assert await rows(store, SHARED) == [(1, "x", 1)]


async def test_a_mount_row_names_its_namespace(store: Store) -> None:
    await store.commit(do(JournalPut(HOME, "photos", 5, mount=SHARED)))

    row = await store.ask(JournalAt(HOME, "photos"))

    assert row == JournalRow("photos", 1, 5, SHARED)


async def test_a_row_keeps_its_spelling_when_it_is_dropped(store: Store) -> None:
    await store.commit(
        do(JournalPut(HOME, "a", 1, spelling="A"), JournalPut(HOME, "a/b", 2, spelling="B"))
    )
    assert await spellings(store) == {"a": "A", "a/b": "B"}

    await store.commit(do(JournalDrop(HOME, "a")))

    assert await spellings(store) == {"a": "A", "a/b": "B"}
    await store.commit(do(JournalPut(HOME, "a", 3)))
    assert await spellings(store) == {"a": None, "a/b": "B"}


@pytest.mark.parametrize("namespace", [HOME, SHARED])
async def test_a_row_that_is_moved_is_spelled_anew_and_leaves_its_spelling(
    store: Store, namespace: int
) -> None:
    await store.commit(
        do(
            JournalPut(HOME, "a", 1, spelling="A"),
            JournalPut(HOME, "a/a", 2, spelling="a\u0308"),
            JournalPut(HOME, "a/c", 3),
        )
    )

    await store.commit(do(JournalMove(HOME, "a", namespace, "b", "B")))

    left = {"a": "A", "a/a": "a\u0308", "a/c": None}
    come = {"b": "B", "b/a": "a\u0308", "b/c": None}
    assert await spellings(store) | await spellings(store, namespace) == left | come


@pytest.mark.parametrize("spelling", ["A", None])
async def test_a_row_that_stays_where_it_is_may_be_spelled_anew(
    store: Store, spelling: str | None
) -> None:
    await store.commit(
        do(JournalPut(HOME, "a", 1, spelling="x"), JournalPut(HOME, "a/b", 2, spelling="B"))
    )

    await store.commit(do(JournalMove(HOME, "a", HOME, "a", spelling)))

    assert await spellings(store) == {"a": spelling, "a/b": "B"}


async def test_a_page_goes_on_after_a_number_and_ends_at_the_limit(store: Store) -> None:
    await put_paths(store, "a", "b", "c", "d", "e")
    await store.commit(do(JournalPut(HOME, "b", 9)))

    first = await store.ask(ReadJournal(HOME, 0, 3))
    second = await store.ask(ReadJournal(HOME, first.rows[-1].number, 3))

    assert [row.path for row in first.rows] == ["a", "c", "d"]
    assert [row.path for row in second.rows] == ["e", "b"]
    assert (first.head, second.head) == (6, 6)


async def test_a_change_made_while_paging_is_never_missed(store: Store) -> None:
    await put_paths(store, "a", "b", "c", "d")
    first = await store.ask(ReadJournal(HOME, 0, 2))

    await store.commit(do(JournalPut(HOME, "a", 9), JournalDrop(HOME, "c")))

    rest = await rows(store, after=first.rows[-1].number)
    assert rest == [(4, "d", 4), (5, "a", 9), (6, "c", None)]


async def test_dropping_leaves_a_tombstone_for_the_row_and_all_below_it(store: Store) -> None:
    await put_paths(store, "a", "a/b", "a/b/c", "d")

    await store.commit(do(JournalDrop(HOME, "a")))

    assert await rows(store) == [(4, "d", 4), (5, "a", None), (6, "a/b", None), (7, "a/b/c", None)]


async def test_names_that_only_begin_alike_are_not_below(store: Store) -> None:
    await put_paths(store, "a", "a b", "a.txt", "a/x", "a0", "ab", "A", "a!", "a/x/y", "b/a/x")

    await store.commit(do(JournalDrop(HOME, "a")))

    gone = [path for _, path, item in await rows(store) if item is None]
    assert gone == ["a", "a/x", "a/x/y"]


async def test_signs_that_patterns_would_take_for_wildcards_are_plain(store: Store) -> None:
    await put_paths(store, "a_", "a_/x", "ab", "ab/x", "%", "%/x", "*", "*/x", "[a]", "[a]/x")

    await store.commit(do(*(JournalDrop(HOME, path) for path in ("a_", "%", "*", "[a]"))))

    left = [path for _, path, item in await rows(store) if item is not None]
    assert left == ["ab", "ab/x"]


async def test_tombstones_are_not_dropped_again(store: Store) -> None:
    await put_paths(store, "a", "a/b")
    await store.commit(do(JournalDrop(HOME, "a/b")))

    await store.commit(do(JournalDrop(HOME, "a")))
    await store.commit(do(JournalDrop(HOME, "a")))

    assert await rows(store) == [(3, "a/b", None), (4, "a", None)]


async def test_a_mount_row_that_is_dropped_forgets_its_namespace(store: Store) -> None:
    await store.commit(do(JournalPut(HOME, "photos", 5, mount=SHARED)))

    await store.commit(do(JournalDrop(HOME, "photos")))

    assert await store.ask(JournalAt(HOME, "photos")) == JournalRow("photos", 2, None, None)


async def test_dropping_what_is_not_there_changes_nothing(store: Store) -> None:
    await put_paths(store, "a")

    await store.commit(do(JournalDrop(HOME, "b"), JournalDrop(SHARED, "a")))

    assert await journal(store) == JournalPage((JournalRow("a", 1, 1, None),), 1, 0)


async def test_a_move_buries_the_old_rows_before_it_shows_the_new_ones(store: Store) -> None:
    await put_paths(store, "a", "a/b", "a/b/c", "d")

    await store.commit(do(JournalMove(HOME, "a", HOME, "d/z")))

    assert await rows(store) == [
        (4, "d", 4),
        (5, "a", None),
        (6, "a/b", None),
        (7, "a/b/c", None),
        (8, "d/z", 1),
        (9, "d/z/b", 2),
        (10, "d/z/b/c", 3),
    ]
    assert (await journal(store)).head == 10


async def test_a_move_to_another_namespace_numbers_each_journal_by_itself(store: Store) -> None:
    await put_paths(store, "a", "a/b")
    await put_paths(store, "x", "y", "z", namespace=SHARED)

    await store.commit(do(JournalMove(HOME, "a", SHARED, "x/a")))

    assert await rows(store) == [(3, "a", None), (4, "a/b", None)]
    assert await rows(store, SHARED, after=2) == [(3, "z", 3), (4, "x/a", 1), (5, "x/a/b", 2)]


async def test_a_move_takes_the_place_of_tombstones_and_moves_none(store: Store) -> None:
    await put_paths(store, "a", "a/b", "a/c", "z", "z/b")
    await store.commit(do(JournalDrop(HOME, "z"), JournalDrop(HOME, "a/c")))

    await store.commit(do(JournalMove(HOME, "a", HOME, "z")))

    assert await rows(store) == [
        (8, "a/c", None),
        (9, "a", None),
        (10, "a/b", None),
        (11, "z", 1),
        (12, "z/b", 2),
    ]


async def test_a_move_to_the_same_place_only_gives_new_numbers(store: Store) -> None:
    await put_paths(store, "a", "a/b", "c")
    await store.commit(do(JournalPut(HOME, "a/m", 7, mount=SHARED)))

    await store.commit(do(JournalMove(HOME, "a", HOME, "a")))

    page = await journal(store)
    assert [(row.number, row.path, row.item, row.mount) for row in page.rows] == [
        (3, "c", 3, None),
        (5, "a", 1, None),
        (6, "a/b", 2, None),
        (7, "a/m", 7, SHARED),
    ]


async def test_a_move_keeps_the_mounts_below(store: Store) -> None:
    await put_paths(store, "a")
    await store.commit(do(JournalPut(HOME, "a/m", 7, mount=SHARED)))

    await store.commit(do(JournalMove(HOME, "a", HOME, "b")))

    assert await store.ask(JournalAt(HOME, "b/m")) == JournalRow("b/m", 6, 7, SHARED)
    assert await store.ask(JournalAt(HOME, "a/m")) == JournalRow("a/m", 4, None, None)


async def test_there_and_back_again(store: Store) -> None:
    await put_paths(store, "a", "a/b")

    await store.commit(do(JournalMove(HOME, "a", HOME, "z"), JournalMove(HOME, "z", HOME, "a")))

    assert await rows(store) == [
        (7, "z", None),
        (8, "z/b", None),
        (9, "a", 1),
        (10, "a/b", 2),
    ]


async def test_paths_in_every_script_keep_their_order_and_depth(store: Store) -> None:
    await put_paths(
        store, "日本", "日本/語", "日本語", "é", "é/ü", "😀", "😀/x", "\uffff", "\uffff/y"
    )

    await store.commit(
        do(
            JournalMove(HOME, "日本", HOME, "😀/日本"),
            JournalMove(HOME, "é", SHARED, "e"),
            JournalDrop(HOME, "\uffff"),
        )
    )

    live = [(path, item) for _, path, item in await rows(store) if item is not None]
    assert live == [("日本語", 3), ("😀", 6), ("😀/x", 7), ("😀/日本", 1), ("😀/日本/語", 2)]
    assert await rows(store, SHARED) == [(1, "e", 4), (2, "e/ü", 5)]


async def test_parents_stand_before_children_and_paths_in_one_order(store: Store) -> None:
    await put_paths(store, "t", "t/b", "t/a", "t/a-", "t/a/x", "t/a0", "t/😀", "t/\uffff")

    await store.commit(do(JournalMove(HOME, "t", SHARED, "t")))

    found = [path for _, path, _ in await rows(store, SHARED)]
    assert found == ["t", "t/a", "t/a-", "t/a/x", "t/a0", "t/b", "t/\uffff", "t/😀"]


async def test_the_journal_of_one_namespace_says_nothing_of_a_stream(store: Store) -> None:
    await put_paths(store, "a", namespace=ANNA)

    assert await rows(store, ANNA) == [(1, "a", 1)]


async def spellings(store: Store, namespace: int = HOME) -> dict[str, str | None]:
    found = (await store.ask(ReadJournal(namespace, 0, 100))).rows
    return {row.path: row.spelling for row in found}
