"""What the writer remembers is bounded."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.contract.things import A_FILE, A_FOLDER
from wakeful.core.people import User
from wakeful.stores.sqlite import known
from wakeful.stores.sqlite.known import Known, forget_oldest


def test_the_quarter_that_was_learned_first_is_forgotten_where_there_is_too_much() -> None:
    table: dict[int, object] = dict.fromkeys(range(8))

    forget_oldest(table, 8)
    assert len(table) == 8

    table[8] = None
    forget_oldest(table, 8)
    assert [*table] == [2, 3, 4, 5, 6, 7, 8]


def test_too_many_users_and_lineages_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_MOST_USERS", 4)
    monkeypatch.setattr(known, "_MOST_PLACES", 1)
    knows = Known()
    for id in range(5):
        knows.users[id] = User(id, 1, f"u{id}", "", False, 2, 3)
    knows.learn_lineage((A_FOLDER,))
    knows.bound()

    assert sorted(knows.users) == [1, 2, 3, 4]
    assert knows.lineage(A_FOLDER.id) == (A_FOLDER,)

    knows.learn_lineage((A_FOLDER, replace(A_FOLDER, id=99)))
    knows.bound()

    assert knows.lineage(A_FOLDER.id) is None
    assert knows.lineage(99) is None


def test_a_file_is_not_remembered() -> None:
    knows = Known()

    knows.learn_lineage((replace(A_FOLDER, id=99), A_FILE))

    assert knows.lineage(A_FILE.id) is None
