"""What commands look up again and again is what was written last, whoever wrote it, and what was
undone was never there: a store may remember between commands what it was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.contract.things import A_FILE, A_FOLDER, ANNA, HOME, SHARED, Wrong, do
from wakeful.core.items import Item
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.journals import JournalAt, JournalRowsAt
from wakeful.core.lookups.people import Members, NamespaceById, UserById
from wakeful.core.lookups.trees import ChildByName, ChildrenByName, ItemById, Lineage
from wakeful.core.people import Member, Namespace, Role, User
from wakeful.core.ports import Store
from wakeful.core.writes import (
    JournalPut,
    JournalPuts,
    PutItems,
    PutMember,
    PutNamespace,
    PutUser,
    RehomeSubtree,
    RemoveMember,
    RemoveNamespace,
    RemoveSubtree,
    Write,
)

USER = User(ANNA, 1, "anna", "Anna", False, HOME, 5)
PLACE = Namespace(HOME, 1, ANNA, 1, True, 5)
MEMBER = Member(HOME, ANNA, Role.OWNER, "", 5)
ROOT = replace(A_FOLDER, id=1, parent=None, name="", key="")
FOLDER = replace(A_FOLDER, id=2, parent=1, name="f", key="f")
INNER = replace(A_FOLDER, id=3, parent=2, name="g", key="g")
FILE = replace(A_FILE, id=4, parent=3, name="a", key="a")

ALL: tuple[Write, ...] = (
    PutUser(USER),
    PutNamespace(PLACE),
    PutMember(MEMBER),
    PutItems((ROOT, FOLDER, INNER, FILE)),
)
LOOK_UPS: tuple[Lookup[Any], ...] = (
    UserById(ANNA),
    NamespaceById(HOME),
    Members(HOME),
    Lineage(3),
    Lineage(4),
)


def renamed(item: Item, name: str) -> Item:
    return replace(item, name=name, key=name, revision=item.revision + 1)


CHANGES = [
    pytest.param(PutUser(replace(USER, name="Anne")), id="a user's name"),
    pytest.param(PutUser(replace(USER, disabled_at=9)), id="a disabled user"),
    pytest.param(PutNamespace(replace(PLACE, owner=ANNA + 1)), id="an owner"),
    pytest.param(RemoveNamespace(HOME), id="a namespace that went"),
    pytest.param(PutMember(replace(MEMBER, role=Role.EDITOR)), id="a role"),
    pytest.param(PutMember(replace(MEMBER, user=ANNA + 1)), id="one more member"),
    pytest.param(RemoveMember(HOME, ANNA), id="a member who left"),
    pytest.param(PutItems((renamed(FOLDER, "h"),)), id="a folder above another"),
    pytest.param(PutItems((renamed(INNER, "h"),)), id="a folder"),
    pytest.param(PutItems((replace(INNER, parent=1),)), id="a folder that moved"),
    pytest.param(PutItems((replace(FILE, revision=9, size=3),)), id="a file that changed"),
    pytest.param(PutItems((replace(FILE, parent=1, revision=9),)), id="a file that moved"),
    pytest.param(
        PutItems((replace(FOLDER, trashed_at=9, revision=3),)), id="a folder in the trash"
    ),
    pytest.param(RemoveSubtree(2), id="a subtree that went"),
    pytest.param(RehomeSubtree(2, SHARED), id="a subtree in another namespace"),
]


@pytest.mark.parametrize("write", CHANGES)
async def test_a_command_finds_what_the_one_before_it_wrote(store: Store, write: Write) -> None:
    await store.commit(do(*ALL))
    before = await store.commit(do(*LOOK_UPS))

    _, *inside = await store.commit(do(write, *LOOK_UPS))
    after = await store.commit(do(*LOOK_UPS))

    assert after != before
    assert after == inside
    assert after == [await store.ask(lookup) for lookup in LOOK_UPS]


@pytest.mark.parametrize("write", CHANGES)
async def test_a_command_finds_nothing_of_one_that_failed(store: Store, write: Write) -> None:
    await store.commit(do(*ALL))
    before = await store.commit(do(*LOOK_UPS))

    with pytest.raises(Wrong):
        await store.commit(do(write, *LOOK_UPS, Wrong()))

    assert await store.commit(do(*LOOK_UPS)) == before
    assert [await store.ask(lookup) for lookup in LOOK_UPS] == before


async def test_what_was_not_there_is_found_when_it_comes(store: Store) -> None:
    assert await store.commit(do(*LOOK_UPS)) == [None, None, (), (), ()]

    await store.commit(do(*ALL))

    found = await store.commit(do(*LOOK_UPS))
    assert found == [USER, PLACE, (MEMBER,), (ROOT, FOLDER, INNER), (ROOT, FOLDER, INNER, FILE)]


async def test_an_item_that_changes_in_its_place_is_found_as_before(store: Store) -> None:
    await store.commit(do(*ALL))
    changed = replace(
        FILE, key="A", revision=1, version=9, size=7, sha1="f" * 40, content="e" * 64, modified_by=8
    )

    await store.commit(do(PutItems((changed,))))

    assert await store.ask(ItemById(4)) == changed
    assert await store.ask(ChildByName(3, "a")) == changed


async def test_several_are_found_and_put_as_each_would_be(store: Store) -> None:
    await store.commit(do(*ALL))
    others = (replace(FILE, id=5, name="b", key="b"), replace(FILE, id=6, name="ü", key="ü"))
    gone = replace(FILE, id=7, name="gone", key="gone", trashed_at=9)

    await store.commit(
        do(
            PutItems((replace(FILE, revision=1, size=8), *others, gone)),
            JournalPut(HOME, "f", 2),
            JournalPuts(HOME, (("f/a", 4, None), ("f/ü", 6, "f/Ü"), ("f/a", 4, "A"))),
        )
    )

    paths, called = ("f/a", "f", "no", "f/ü"), ("b", "ü", "a", "gone", "no")
    for ask in (store.ask, lambda lookup: _inside(store, lookup)):
        found = await ask(ChildrenByName(3, called))
        assert found == {name: item for name in called if (item := await _child(store, name))}
        assert sorted(found) == ["a", "b", "ü"]
        rows = await ask(JournalRowsAt(HOME, paths))
        each = {path: await store.ask(JournalAt(HOME, path)) for path in paths}
        assert rows == {path: row for path, row in each.items() if row is not None}
        assert [rows[path].number for path in ("f", "f/ü", "f/a")] == [1, 3, 4]
        assert rows["f/a"].spelling == "A"


async def _inside(store: Store, lookup: Lookup[Any]) -> Any:
    [answer] = await store.commit(do(lookup))
    return answer


async def _child(store: Store, name: str) -> Item | None:
    return await store.ask(ChildByName(3, name))
