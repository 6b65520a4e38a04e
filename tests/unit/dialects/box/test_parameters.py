from __future__ import annotations

from typing import Any

import pytest

from wakeful.core.errors import InvalidRequest
from wakeful.core.events import StreamClass
from wakeful.core.listings import SortBy, Sorting
from wakeful.dialects.box.parameters import (
    ENTERPRISE_STREAMS,
    LONGEST_FILTER,
    EnterpriseStream,
    InvalidLimit,
    UserType,
    parse_event_types,
    parse_fields,
    parse_flag,
    parse_id_marker,
    parse_limit,
    parse_offset,
    parse_sorting,
    parse_stream_type,
    parse_time,
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


def test_the_enterprises_streams_have_their_own_names() -> None:
    assert ENTERPRISE_STREAMS["admin_logs"] is EnterpriseStream.BY_TIME
    assert ENTERPRISE_STREAMS["admin_logs_streaming"] is EnterpriseStream.BY_ARRIVAL


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        ([], None),
        (["", " , "], None),
        (["LOGIN"], {"LOGIN"}),
        ([" LOGIN,UPLOAD ", "NO_SUCH,,LOGIN"], {"LOGIN", "UPLOAD", "NO_SUCH"}),
    ],
)
def test_event_types_are_named_with_commas_or_one_by_one(
    texts: list[str], names: set[str] | None
) -> None:
    assert parse_event_types(texts) == names


def test_too_long_a_filter_is_refused() -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_event_types(["A" * LONGEST_FILTER, "B"])
    assert raised.value.field == "event_type"


def test_a_filter_that_no_realtime_url_can_hold_is_refused() -> None:
    assert parse_event_types(["%" * (LONGEST_FILTER // 3)])
    with pytest.raises(InvalidRequest, match="Too many"):
        parse_event_types(["%" * (LONGEST_FILTER // 3 + 1)])


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        (None, None),
        ("", None),
        ("1970-01-01T00:00:01Z", 1_000),
        (" 1970-01-01T01:00:00.250+01:00 ", 250),
        ("1970-01-01T01:00:00 01:00", 0),
        ("1970-01-01 01:00:00 0100", 0),
        ("1969-12-31T16:00:00-08:00", 0),
    ],
)
def test_a_time_is_read(text: str | None, ms: int | None) -> None:
    assert parse_time(text, "created_after") == ms


@pytest.mark.parametrize("text", ["soon", "1970-01-01", "1970-01-01T00:00:00", "0", "１"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_time(text, "created_after")
    assert raised.value.field == "created_after"


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
