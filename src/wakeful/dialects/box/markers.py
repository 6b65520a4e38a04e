"""The marker of a listing: its order and a place in it, as opaque text.

It is not signed, for it opens nothing: what a forged one leads to is judged like anything else.
It carries the order, since a place means nothing in another one.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from wakeful.core.errors import InvalidRequest
from wakeful.core.listings import SortBy, Sorting, Spot
from wakeful.dialects.box.reads import Place

_LONGEST = 2048  # of a name of 255 bytes, each escaped, with room
_GREATEST = 2**63 - 1


class _Mark(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    by: SortBy
    descending: bool
    is_mount: bool
    is_folder: bool
    key: str | int
    id: int


_decoder = msgspec.json.Decoder(_Mark)


def marker_of(place: Place, sorting: Sorting) -> str:
    """The text of *place* in a listing in the order *sorting*."""
    spot = place.spot
    mark = _Mark(sorting.by, sorting.descending, place.is_mount, spot.is_folder, spot.key, spot.id)
    return base64.urlsafe_b64encode(msgspec.json.encode(mark)).rstrip(b"=").decode()


def parse_marker(text: str) -> tuple[Place, Sorting]:
    """What `marker_of` wrote. Raises InvalidRequest."""
    try:
        if len(text) > _LONGEST:
            raise ValueError
        raw = text.encode("ascii") + b"=" * (-len(text) % 4)
        mark = _decoder.decode(base64.b64decode(raw, altchars=b"-_", validate=True))
        is_name = isinstance(mark.key, str)
        if is_name is not (mark.by is SortBy.NAME):
            raise ValueError
        if isinstance(mark.key, str):
            mark.key.encode()
        elif abs(mark.key) > _GREATEST:
            raise ValueError
        if not 0 <= mark.id <= _GREATEST:
            raise ValueError
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise InvalidRequest("Invalid marker", field="marker") from None
    place = Place(mark.is_mount, Spot(mark.is_folder, mark.key, mark.id))
    return place, Sorting(mark.by, mark.descending)
