"""How the journal names its rows, and that nothing is ever missing from it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.world import World, by_id
from wakeful.core.changes import Facts, Move, NewVersion, Restore, Trash, Upload
from wakeful.core.journal import fold, is_key_of, join, place_of, shown_name


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Read.me", "READ.ME", id="case"),
        pytest.param("é", "e\u0301", id="composed and decomposed"),
        pytest.param("É", "e\u0301", id="both"),
        pytest.param("\u212a", "k", id="Kelvin"),
        pytest.param("\uac00", "\u1100\u1161", id="Hangul"),
    ],
)
def test_names_that_look_alike_have_one_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text(max_size=6))
def test_the_key_of_a_name_does_not_depend_on_its_normal_form(name: str) -> None:
    keys = {fold(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")}

    assert keys == {fold(name)}


@given(st.text(alphabet=st.characters(exclude_characters="/\0"), min_size=1, max_size=6))
def test_a_key_is_one_segment_of_a_path(name: str) -> None:
    key = fold(name)

    assert key
    assert "/" not in key


@given(
    st.text(alphabet="aA. (x", min_size=1, max_size=5),
    st.integers(0, 12),
)
def test_a_key_with_a_suffix_is_known_as_that_of_its_name(name: str, others: int) -> None:
    world = World()
    if name in (".", ".."):
        return
    rows = {world.file(name).key}
    for _ in range(others):
        spelled = next((each for each in spellings(name) if each not in world.paths()), None)
        if spelled is None:
            break
        rows.add(world.file(spelled).key)

    assert all(is_key_of(key, name) for key in rows)
    assert len(rows) == len(world.paths())


def spellings(name: str) -> list[str]:
    """Some ways to write *name* in other case."""
    return [
        "".join(
            char.upper() if mask >> index & 1 else char.lower() for index, char in enumerate(name)
        )
        for mask in range(2 ** len(name))
    ]


@pytest.mark.parametrize(
    ("key", "name"),
    [("", "a"), ("b", "a"), ("a (copy)", "a"), ("a (case conflict).txt", "a"), ("ab", "a")],
)
def test_another_key_is_not_that_of_a_name(key: str, name: str) -> None:
    assert not is_key_of(key, name)


def test_a_place_is_the_keys_from_the_root_down(world: World) -> None:
    file = world.file("A/B/C.txt")
    lineage = (world.root(world.ann.home), world.at("A"), world.at("A/B"), file)

    assert place_of(lineage) == "a/b/c.txt"
    assert place_of(lineage[:1]) == ""
    assert (join("", "a"), join("a", "b")) == ("a", "a/b")


def test_of_names_that_differ_by_case_each_later_one_gets_a_suffix(world: World) -> None:
    names = ["Read.me", "READ.ME", "read.me", "README", "readme", ".Profile", ".profile"]

    keys = [world.file(name).key for name in names]

    assert keys == [
        "read.me",
        "read (case conflict).me",
        "read (case conflict 2).me",
        "readme",
        "readme (case conflict)",
        ".profile",
        ".profile (case conflict)",
    ]
    assert world.paths() == set(names)


def test_a_name_in_another_normal_form_gets_a_suffix_too(world: World) -> None:
    composed, decomposed = world.file("é"), world.file("e\u0301")

    assert (composed.key, decomposed.key) == ("é", "é (case conflict)")


def test_a_name_that_is_itself_a_suffixed_key_gives_way(world: World) -> None:
    world.file("a")
    world.file("A")

    third = world.file("a (case conflict)")

    assert third.key == "a (case conflict) (case conflict)"


def test_a_suffix_stays_when_the_first_is_gone(world: World) -> None:
    world.file("a.txt")
    second = world.file("A.txt")
    world.do(Trash(item=world.home("a.txt")))

    changed = world.do(NewVersion(item=by_id(second), facts=Facts(size=9)))

    assert changed.key == "a (case conflict).txt"
    assert world.live() == {"a (case conflict).txt": second.id}


def test_a_rename_frees_the_place_and_takes_the_plain_one(world: World) -> None:
    world.file("a.txt")
    second = world.file("A.txt")

    renamed = world.do(Move(item=by_id(second), name="b.txt"))
    third = world.file("A.TXT")

    assert renamed.key == "b.txt"
    assert third.key == "a (case conflict).txt"


def test_a_change_of_case_keeps_the_place(world: World) -> None:
    world.file("a.txt")
    second = world.file("A.txt")

    renamed = world.do(Move(item=by_id(second), name="A.TXT"))

    assert renamed.key == "a (case conflict).txt"
    assert len(world.live()) == 2


def test_what_comes_back_gives_way_to_who_came_meanwhile(world: World) -> None:
    first = world.file("a/in.txt")
    folder = world.do(Trash(item=world.home("a")))
    world.file("A/other.txt")

    back = world.do(Restore(item=by_id(folder)))

    assert back.key == "a (case conflict)"
    assert world.live()["a (case conflict)/in.txt"] == first.id
    assert len(world.live()) == 4


def test_a_place_with_a_tombstone_is_free(world: World) -> None:
    world.file("a.txt")
    world.do(Trash(item=world.home("a.txt")))

    file = world.do(Upload(parent=world.home(), name="A.TXT", facts=Facts()))

    assert file.key == "a.txt"
    assert world.live() == {"a.txt": file.id}


@pytest.mark.parametrize(
    ("name", "key", "shown"),
    [
        ("Read.Me", "read.me", "Read.Me"),
        ("e\u0301", "é", "é"),
        ("Read.Me", "read (case conflict).me", "Read (case conflict).Me"),
        ("E\u0301.TXT", "é (case conflict 2).txt", "É (case conflict 2).TXT"),
        ("A", "a (case conflict)", "A (case conflict)"),
        (".Hidden", ".hidden (case conflict)", ".Hidden (case conflict)"),
    ],
)
def test_a_name_is_shown_in_nfc_and_with_its_suffix(name: str, key: str, shown: str) -> None:
    assert shown_name(name, key) == shown
