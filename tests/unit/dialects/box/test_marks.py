from __future__ import annotations

import pytest

from wakeful.core.positions import LAST_EPOCH, Asked, Marker, position, split
from wakeful.dialects.box.marks import marked, stream_of, unmarked
from wakeful.dialects.box.parameters import EnterpriseStream

GREATEST = position(LAST_EPOCH, 2**38 - 1)


@pytest.mark.parametrize("stream", EnterpriseStream)
@pytest.mark.parametrize("place", [1, 253_402_300_799, position(1, 0), position(7, 4), GREATEST])
def test_a_mark_says_the_stream_and_comes_off_again(place: int, stream: EnterpriseStream) -> None:
    wire = marked(place, stream)

    assert stream_of(wire) is stream
    assert unmarked(wire, stream) == place
    assert 0 < wire < 2**53  # clients in JavaScript round beyond


@pytest.mark.parametrize("asked", [Marker.NOW, Marker.START, 1, position(1, 0), GREATEST])
def test_what_has_no_mark_is_of_no_enterprise(asked: Asked) -> None:
    assert stream_of(asked) is None


@pytest.mark.parametrize("stream", EnterpriseStream)
def test_a_place_with_a_name_is_of_every_stream(stream: EnterpriseStream) -> None:
    assert unmarked(Marker.NOW, stream) is Marker.NOW
    assert unmarked(Marker.START, stream) is Marker.START


@pytest.mark.parametrize("stream", EnterpriseStream)
@pytest.mark.parametrize("place", [1, position(1, 0), position(7, 4), GREATEST])
def test_p9_a_position_of_another_stream_is_none_of_this(
    place: int, stream: EnterpriseStream
) -> None:
    (other,) = set(EnterpriseStream) - {stream}

    for asked in (place, marked(place, other)):
        found = unmarked(asked, stream)
        assert isinstance(found, int)
        assert split(found)[0] > LAST_EPOCH
