from __future__ import annotations

import pytest

from wakeful.http.content import disposition
from wakeful.http.ranges import Unsatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 10)),
        ("Bytes= 2 - 4 ", (2, 5)),
        ("bytes=2-99", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=4-2", None),
        ("bytes=-", None),
        ("bytes=1-2,4-5", None),
        ("items=1-2", None),
        ("bytes=a-b", None),
        ("bytes=٣-", None),
        (f"bytes={'9' * 400}-", None),
    ],
)
def test_the_part_that_is_asked_for(header: str | None, part: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == part


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_a_part_of_which_nothing_is_there(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, size)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
        ('a"\r\n\\.x', "attachment; filename=\"a____.x\"; filename*=UTF-8''a%22%0D%0A%5C.x"),
        ("é😀", "attachment; filename=\"__\"; filename*=UTF-8''%C3%A9%F0%9F%98%80"),
    ],
)
def test_a_name_is_told_in_ascii_and_in_full(name: str, header: str) -> None:
    assert disposition(name) == header
