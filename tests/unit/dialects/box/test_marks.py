from __future__ import annotations

import pytest

from wakeful.core.positions import LAST_EPOCH, Asked, Marker, position
from wakeful.dialects.box.marks import marked, stream_of, unmarked
from wakeful.dialects.box.parameters import EnterpriseStream

GREATEST = position(LAST_EPOCH, 2**38 - 1)


@pytest.mark.parametrize("stream", EnterpriseStream)
@pytest.mark.parametrize("place", [1, 253_402_300_799, position(1, 0), position(7, 4), GREATEST])
def test_a_mark_says_the_stream_and_comes_off_again(place: int, stream: EnterpriseStream) -> None:
    wire = marked(place, stream)

    assert stream_of(wire) is stream
    assert unmarked(wire) == place
    assert 0 < wire < 2**53  # clients in JavaScript round beyond


@pytest.mark.parametrize("asked", [Marker.NOW, Marker.START, 1, position(1, 0), GREATEST])
def test_what_has_no_mark_is_of_no_enterprise(asked: Asked) -> None:
    assert stream_of(asked) is None
    assert unmarked(asked) == asked
