"""What a draft says of itself, and the server that has none."""

from __future__ import annotations

import pytest

from wakeful.core.drafts import Draft, NoDraft, NoDrafts, Part
from wakeful.core.errors import Forbidden


def draft(*places: tuple[int, int]) -> Draft:
    return Draft("1", 1, "", 0, tuple(Part(offset, size, "") for offset, size in places))


@pytest.mark.parametrize(
    ("of", "size", "is_whole"),
    [
        pytest.param(draft(), 0, True, id="empty"),
        pytest.param(draft((0, 3)), 3, True, id="one"),
        pytest.param(draft((0, 3), (3, 4)), 7, True, id="two"),
        pytest.param(draft((1, 3)), 3, False, id="no beginning"),
        pytest.param(draft((0, 3), (4, 4)), 7, False, id="a gap"),
    ],
)
def test_a_draft_knows_what_it_has(of: Draft, size: int, is_whole: bool) -> None:
    assert (of.size, of.is_whole) == (size, is_whole)


async def test_a_server_that_keeps_no_contents_has_no_drafts() -> None:
    drafts = NoDrafts()

    with pytest.raises(Forbidden):
        await drafts.begin(1, "", 0)
    for use in (lambda: drafts.add("1", 0), lambda: drafts.finish("1")):
        with pytest.raises(NoDraft):
            use()
    await drafts.drop("1")

    assert drafts.find("1") is None
    assert drafts.begun_before(1) == ()
