from __future__ import annotations

import pytest

from wakeful.core.errors import InvalidRequest
from wakeful.core.events import StreamClass
from wakeful.dialects.box.parameters import (
    InvalidLimit,
    parse_fields,
    parse_flag,
    parse_limit,
    parse_marker,
    parse_offset,
    parse_stream_type,
)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (None, 100),
        ("", 100),
        ("0", 0),
        ("1", 1),
        ("500", 500),
        ("501", 500),
        ("800", 500),  # the Java SDK's
        ("1000", 500),
        ("00042", 42),
        ("9" * 18, 500),
    ],
)
def test_a_limit_is_clamped(text: str | None, limit: int) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "1e2", " 1", "٣", "9" * 5000])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(InvalidLimit) as raised:
        parse_limit(text)
    assert raised.value.field == "limit"


@pytest.mark.parametrize(
    ("text", "cls"),
    [
        (None, StreamClass.ALL),
        ("", StreamClass.ALL),
        ("all", StreamClass.ALL),
        ("changes", StreamClass.CHANGES),
        ("sync", StreamClass.SYNC),
    ],
)
def test_a_stream_type_names_a_view(text: str | None, cls: StreamClass) -> None:
    assert parse_stream_type(text) is cls


@pytest.mark.parametrize("text", ["admin_logs", "admin_logs_streaming"])
def test_the_enterprises_streams_are_said_to_be_missing(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Not supported"):
        parse_stream_type(text)


@pytest.mark.parametrize("text", ["ALL", "everything", "all ", "0"])
def test_an_unknown_stream_type_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Unknown stream type") as raised:
        parse_stream_type(text)
    assert raised.value.field == "stream_type"


def test_fields_are_a_list_with_commas() -> None:
    assert parse_fields("name, parent,,name") == frozenset({"name", "parent"})
    assert parse_fields(None) is parse_fields("") is parse_fields(" , ") is None


def test_offsets_and_markers_are_numbers() -> None:
    assert (parse_offset(None), parse_offset("7"), parse_marker("7")) == (0, 7, 7)
    for parse, field in ((parse_offset, "offset"), (parse_marker, "marker")):
        with pytest.raises(InvalidRequest) as raised:
            parse("-1")
        assert raised.value.field == field
        assert not isinstance(raised.value, InvalidLimit)


def test_flags() -> None:
    assert [parse_flag(text) for text in (None, "", "true", "True", "1", "false", "0")] == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
    ]
