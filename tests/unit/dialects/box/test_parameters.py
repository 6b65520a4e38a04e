from __future__ import annotations

from typing import Any

import pytest

from wakeful.core.errors import InvalidRequest
from wakeful.core.events import StreamClass
from wakeful.core.listings import SortBy, Sorting
from wakeful.dialects.box.parameters import (
    InvalidLimit,
    UserType,
    parse_fields,
    parse_flag,
    parse_id_marker,
    parse_limit,
    parse_offset,
    parse_sorting,
    parse_stream_type,
    parse_user_type,
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
    assert parse_fields("name, parent,,name") == {"name": {}, "parent": {}}
    assert parse_fields(None) is parse_fields("") is parse_fields(" , ") is None


def test_offsets_and_markers_are_numbers() -> None:
    assert (parse_offset(None), parse_offset("7"), parse_id_marker("7")) == (0, 7, 7)
    for parse, field in ((parse_offset, "offset"), (parse_id_marker, "marker")):
        with pytest.raises(InvalidRequest) as raised:
            parse("-1")
        assert raised.value.field == field
        assert not isinstance(raised.value, InvalidLimit)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a.b", {"a": {"b": {}}}),
        ("a.b,a.c", {"a": {"b": {}, "c": {}}}),
        ("a.b,a", {"a": {}}),
        ("a,a.b", {"a": {}}),
        ("a.b.c,a.b", {"a": {"b": {}}}),
        (".b,a.", {"a": {"": {}}}),
        ("a.b.c.d.e.f.g", {"a": {"b": {"c": {"d": {"e": {}}}}}}),
    ],
)
def test_fields_within_objects(text: str, fields: dict[str, Any]) -> None:
    assert parse_fields(text) == fields


def test_sortings() -> None:
    assert parse_sorting(None, None) == parse_sorting("", "") == Sorting(SortBy.NAME)
    assert parse_sorting("DATE", "desc") == Sorting(SortBy.DATE, descending=True)
    for asked, field in ((("x", None), "sort"), ((None, "x"), "direction")):
        with pytest.raises(InvalidRequest) as raised:
            parse_sorting(*asked)
        assert raised.value.field == field


def test_types_of_users() -> None:
    assert parse_user_type(None) is parse_user_type("") is UserType.ALL
    assert parse_user_type("Managed") is UserType.MANAGED
    with pytest.raises(InvalidRequest):
        parse_user_type("robot")


def test_flags() -> None:
    texts = (None, "", "true", "True", "1", "false", "0")
    assert [parse_flag(text, "usemarker") for text in texts] == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(InvalidRequest) as refused:
        parse_flag("2", "usemarker")
    assert refused.value.field == "usemarker"
