from __future__ import annotations

import json

from tests.box_rules import check
from wakeful.dialects.box.answers import read_channel, read_message
from wakeful.dialects.box.realtime import NEW_CHANGE, RECONNECT, realtime_servers


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
