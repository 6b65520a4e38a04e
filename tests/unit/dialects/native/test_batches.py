"""A body that is read in one go says what it says part by part."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wakeful.core.errors import WakefulError
from wakeful.dialects.bodies import decode
from wakeful.dialects.native.batches import MOST, WholeBodies, parse_batch


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a test sends."""

    number: int
    things: dict[str, Any] | None = None


BODIES = WholeBodies[Part]("parts", Part)
_decoder = msgspec.json.Decoder(Part)


def part_by_part(body: bytes) -> list[Part] | None:
    try:
        return list(parse_batch(body, "parts", lambda part: decode(part, _decoder)))
    except WakefulError:
        return None


@pytest.mark.parametrize(
    "body",
    [
        b'{"number": 1}',
        b' \n{"number": 1, "things": {"parts": [1, {"a": null}], "n": 12345678901234567890}} ',
        b'[{"number": 1}]',
        b'[{"number": 1}, {"things": null, "number": 2}]',
        b'{"parts": [{"number": 1}]}',
        b'\t{ \n"parts"\r: [ {"number": 1} , {"number": 2} ] }\n',
        b'{"number": 1, "number": 2}',
        b'{"parts": [], "parts": [{"number": 3}]}',
        b"[" + b",".join([b'{"number": 1}'] * MOST) + b"]",
    ],
)
def test_a_whole_body_says_what_its_parts_say(body: bytes) -> None:
    whole = BODIES.read(body)

    assert whole is not None
    assert whole == part_by_part(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"parts": []}',
        b'{"parts": {"number": 1}}',
        b'{"parts": [{"number": 1}], "more": 1}',
        b'{"number": 1, "parts": [{"number": 1}]}',
        b'{"parts": [{"number": 1}]',
        b'[{"number": 1}, {}]',
        b'[{"number": "1"}]',
        b'{"number": 1}{"number": 2}',
        b'{"number": 1, "things": {"\xff": 1}}',
        b'{"number": 1, "things": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        b"[" + b",".join([b'{"number": 1}'] * (MOST + 1)) + b"]",
    ],
)
def test_where_something_is_wrong_with_a_body_its_parts_say_it(body: bytes) -> None:
    assert BODIES.read(body) is None
    assert part_by_part(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b' [{"number": 1}]',
        b'{"\\u0070arts": [{"number": 1}]}',
    ],
)
def test_what_is_written_in_an_unusual_way_is_read_part_by_part(body: bytes) -> None:
    assert BODIES.read(body) is None
    assert part_by_part(body) == [Part(1)]
