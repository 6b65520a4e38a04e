"""What a cursor says survives being packed, and stays short."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakeful.core.cursors import Cursor, Reached, Scope, pack, unpack
from wakeful.core.errors import InvalidCursor

numbers = st.integers(0, 2**53)
reached = st.builds(
    lambda namespace, number, ahead: Reached(namespace, number, number + ahead if ahead else 0),
    numbers,
    numbers,
    st.integers(0, 1000),
)
scopes = st.builds(
    Scope,
    path=st.text(st.characters(codec="utf-8")),
    recursive=st.booleans(),
    mounted=st.booleans(),
    deleted=st.booleans(),
    media=st.booleans(),
    limit=numbers,
)
cursors = st.builds(
    Cursor,
    user=numbers,
    grant=numbers,
    epoch=st.integers(1, 8191),
    scope=scopes,
    base=reached,
    mounts=st.lists(reached, unique_by=lambda each: each.namespace).map(sorted).map(tuple),
)


@given(cursors)
def test_a_cursor_is_unpacked_as_it_was(cursor: Cursor) -> None:
    assert unpack(pack(cursor)) == cursor


@given(cursors, st.data())
def test_a_cursor_that_is_cut_off_is_none_or_another(cursor: Cursor, data: st.DataObject) -> None:
    packed = pack(cursor)
    cut = data.draw(st.integers(0, len(packed) - 1))
    with suppress(InvalidCursor):
        assert unpack(packed[:cut]) != cursor


@pytest.mark.parametrize("packed", [b"", b"\x00", b"\x01", b"\x02\x00\x01\x01\x01", b"\xff" * 9])
def test_what_is_no_cursor_is_refused(packed: bytes) -> None:
    with pytest.raises(InvalidCursor):
        unpack(packed)


def test_a_path_that_is_no_text_is_refused() -> None:
    packed = pack(Cursor(1, 1, 1, Scope("x"), Reached(1, 1)))
    with pytest.raises(InvalidCursor):
        unpack(packed.replace(b"x", b"\xff"))


def test_a_cursor_stays_short_with_many_mounts() -> None:
    mounts = tuple(Reached(5000 + 7 * index, 90_000 + index) for index in range(100))
    cursor = Cursor(1003, 1010, 1, Scope(), Reached(1004, 150_000), mounts)
    assert len(pack(cursor)) < 500
    assert len(pack(Cursor(1003, 1010, 1, Scope(), Reached(1004, 150_000)))) < 20
