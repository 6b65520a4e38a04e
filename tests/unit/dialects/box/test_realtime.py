from __future__ import annotations

import json

import pytest

from tests.box_rules import check
from wakeful.dialects.box.answers import read_channel, read_message
from wakeful.dialects.box.realtime import NEW_CHANGE, RECONNECT, parse_query, realtime_servers


def test_the_numbers_have_the_types_that_every_sdk_takes() -> None:
    raw = json.loads(realtime_servers("http://h:1", "abc", "all", 610))

    check("RealtimeServers", raw)
    assert raw == {
        "chunk_size": 1,
        "entries": [
            {
                "type": "realtime_server",
                "url": "http://h:1/subscribe?channel=abc&stream_type=all",
                "ttl": "10",
                "max_retries": "10",
                "retry_timeout": 610,
            }
        ],
    }


def test_our_own_client_reads_it() -> None:
    channel = read_channel(realtime_servers("http://h:1", "abc", "sync", 120))

    assert channel.url == "http://h:1/subscribe?channel=abc&stream_type=sync"
    assert (channel.retry_timeout, channel.max_retries) == (120, 10)


def test_what_a_channel_of_an_enterprise_is_asked_for_stands_in_its_url() -> None:
    body = realtime_servers("http://h", "abc", "admin_logs", 610, frozenset({"B C", "A", "&"}))

    url = "http://h/subscribe?channel=abc&stream_type=admin_logs&event_type=%26,A,B%20C"
    assert read_channel(body).url == url


def test_every_message_of_a_poll_can_be_read() -> None:
    assert read_message(NEW_CHANGE) == "new_change"
    assert read_message(RECONNECT) == "reconnect"


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (b"", {"": ""}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"stream%5Fposition=1%2E5e%2B15", {"stream_position": "1.5e+15"}),
        (b"stream_position=1.5e+15", {"stream_position": "1.5e+15"}),
        (b"a=%FF%", {"a": "\ufffd%"}),
    ],
)
def test_a_query_is_parsed(query: bytes, values: dict[str, str]) -> None:
    assert parse_query(query) == values


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"channel=abc&stream_type=all&stream_position=1",
        b"a",
        b"=b",
        b"a=b=c",
        b"a=1&a=2",
        b"a=&&b=1&",
        b"a=1e+15",
        b"a=\xc3&b=\xa9",
        b"a=\xc3\xa9",
        b"a=\xe2\x82=\xac",
    ],
)
def test_a_query_is_read_alike_whether_something_in_it_is_encoded_or_not(query: bytes) -> None:
    encoded = parse_query(query + b"&%78=y")
    assert parse_query(query + b"&x=y") == encoded
    assert encoded["x"] == "y"


def test_what_is_encoded_is_read() -> None:
    assert parse_query(b"ch%61nnel=a%26b%3d&b=%c3%a9") == {"channel": "a&b=", "b": "\u00e9"}
