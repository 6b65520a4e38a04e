"""Upload sessions: how long the parts of a file are."""

from __future__ import annotations

import pytest

from wakeful.dialects.box.sessions import (
    LEAST_PART_BYTES,
    LEAST_PARTS,
    MOST_PARTS,
    PART_BYTES,
    check_id,
    part_size_for,
    wanted,
)

GIB = 1 << 30


@pytest.mark.parametrize(
    ("size", "part"),
    [
        (1, LEAST_PART_BYTES),
        (LEAST_PARTS * LEAST_PART_BYTES, LEAST_PART_BYTES),
        (1 << 20, 1 << 18),
        (LEAST_PARTS * PART_BYTES, PART_BYTES),
        (5 * GIB, PART_BYTES),
        (MOST_PARTS * PART_BYTES, PART_BYTES),
        (MOST_PARTS * PART_BYTES + 1, 2 * PART_BYTES),
        (1_000 * GIB, 16 * PART_BYTES),
    ],
)
def test_parts_are_several_and_not_too_many(size: int, part: int) -> None:
    assert part_size_for(size) == part
    assert 1 <= wanted(size, "name", parent=1).total_parts <= MOST_PARTS


def test_an_id_is_what_the_server_gave() -> None:
    assert check_id("0123456789abcdef" * 2) == "0123456789abcdef" * 2
