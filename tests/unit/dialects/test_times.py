from __future__ import annotations

import pytest

from wakeful.dialects.times import LATEST, mail_text_of, parse, precise_text_of, text_of


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2026-11-21T12:00:00.123Z", 1_795_262_400_123),
        ("2026-11-21T12:00:00.9999Z", 1_795_262_400_999),
        ("1969-12-31T23:59:59.5Z", -500),
        ("9999-12-31T23:59:59.999Z", LATEST),
    ],
)
def test_a_time_is_read_to_the_millisecond(text: str, ms: int) -> None:
    assert parse(text) == ms


@pytest.mark.parametrize("text", ["", "now", "2026-11-21", "2026-11-21T12:00:00", "12:00Z"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00+00:00"),
        (999, "1970-01-01T00:00:00+00:00"),
        (-1, "1969-12-31T23:59:59+00:00"),
        (1_795_262_400_000, "2026-11-21T12:00:00+00:00"),
        (LATEST, "9999-12-31T23:59:59+00:00"),
        (LATEST + 10**15, "9999-12-31T23:59:59+00:00"),
        (-(10**18), "0001-01-01T00:00:00+00:00"),
    ],
)
def test_a_time_is_written_with_an_offset_and_no_fraction(ms: int, text: str) -> None:
    assert text_of(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (250, "1970-01-01T00:00:00.250+00:00"),
        (-1, "1969-12-31T23:59:59.999+00:00"),
        (LATEST + 1, "9999-12-31T23:59:59.999+00:00"),
        (-(10**18), "0001-01-01T00:00:00.000+00:00"),
    ],
)
def test_a_precise_time_has_milliseconds(ms: int, text: str) -> None:
    assert precise_text_of(ms) == text
    assert precise_text_of(parse(text)) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (1_282_429_880_999, "Sat, 21 Aug 2010 22:31:20 +0000"),
        (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
        (LATEST + 10**15, "Fri, 31 Dec 9999 23:59:59 +0000"),
        (-(10**18), "Mon, 01 Jan 0001 00:00:00 +0000"),
    ],
)
def test_a_time_as_in_mail_has_always_31_characters(ms: int, text: str) -> None:
    assert mail_text_of(ms) == text
    assert len(text) == 31
