from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakeful.core.errors import InvalidRequest
from wakeful.core.listings import SortBy, Sorting, Spot
from wakeful.dialects.box.markers import marker_of, parse_marker
from wakeful.dialects.box.reads import Place

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=255)
numbers = st.integers(-(2**63) + 1, 2**63 - 1)
ids = st.integers(0, 2**63 - 1)


@given(st.booleans(), st.booleans(), st.booleans(), names, numbers, ids)
def test_a_marker_says_what_it_was_made_of(
    descending: bool, is_mount: bool, is_folder: bool, name: str, number: int, id: int
) -> None:
    for by in SortBy:
        sorting = Sorting(by, descending)
        place = Place(is_mount, Spot(is_folder, name if by is SortBy.NAME else number, id))

        marker = marker_of(place, sorting)

        assert parse_marker(marker) == (place, sorting)
        assert marker.replace("-", "").replace("_", "").isalnum()


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "marker",
    [
        "",
        "é",
        "1",
        "====",
        "!!!!",
        encoded("null"),
        encoded("[]"),
        encoded('["colour",false,false,false,"a",1]'),
        encoded('["name",false,false,false,5,1]'),
        encoded('["size",false,false,false,"a",1]'),
        encoded('["name",false,false,false,"a",-1]'),
        encoded('["name",false,false,false,"a",1,2]'),
        encoded(f'["size",false,false,false,{2**63},1]'),
        encoded(f'["size",false,false,false,1,{2**63}]'),
        encoded(f'["size",false,false,false,{2**80},1]'),
        encoded('["name",false,false,false,"\ud800",1]'),
        encoded('["name",false,false,false,"\\ud800",1]'),
        encoded("[" * 1000),
        encoded('["name",false,false,false,"' + "a" * 2000 + '",1]'),
    ],
)
def test_what_is_no_marker_is_refused(marker: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_marker(marker)

    assert raised.value.field == "marker"
