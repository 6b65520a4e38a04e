"""What an item may be called, and how a path is written."""

from __future__ import annotations

import pytest

from wakeful.core.errors import InvalidName
from wakeful.core.names import DEEPEST, LONGEST_NAME_BYTES, check_name, split_path


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "...",
        ".hidden",
        " ",
        "a b",
        "a\nb",
        "back\\slash",
        "ünïcödé",
        "名前",
        "x" * LONGEST_NAME_BYTES,
        "é" * 127,
    ],
)
def test_a_name_that_a_file_system_holds_is_taken_as_it_is(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="dot"),
        pytest.param("..", id="dots"),
        pytest.param("a/b", id="slash"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("\ud800", id="half of a pair"),
        pytest.param("x" * (LONGEST_NAME_BYTES + 1), id="too long"),
        pytest.param("é" * 128, id="too many bytes"),
    ],
)
def test_a_name_that_no_item_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_name(name)

    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ()),
        ("/", ()),
        ("a", ("a",)),
        ("/a", ("a",)),
        ("/a/b c/d.txt", ("a", "b c", "d.txt")),
        ("/x" * DEEPEST, ("x",) * DEEPEST),
    ],
)
def test_a_path_is_split_into_names(path: str, names: tuple[str, ...]) -> None:
    assert split_path(path) == names


@pytest.mark.parametrize(
    "path",
    [
        "//",
        "a/",
        "//a",
        "a//b",
        "../a",
        "/a/../b",
        "/a/.",
        "a\0",
        "/x" * (DEEPEST + 1),
        "/x" * 10_000,
    ],
    ids=lambda path: path[:12],
)
def test_a_path_with_a_trick_in_it_is_refused(path: str) -> None:
    with pytest.raises(InvalidName) as caught:
        split_path(path)

    assert caught.value.field == "path"
