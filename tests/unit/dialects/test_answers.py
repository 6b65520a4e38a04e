"""Answers as a client reads them: what our own server writes, and what Box wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from wakeful.core.errors import InvalidPosition, NotFound
from wakeful.dialects.box import answers as box
from wakeful.dialects.box import errors as box_errors
from wakeful.dialects.box.events import page
from wakeful.dialects.box.realtime import NEW_CHANGE, RECONNECT, realtime_servers
from wakeful.dialects.native import answers as native
from wakeful.dialects.native import errors as native_errors
from wakeful.dialects.native.results import ChangeResult, ChangesAnswer, EventResult, EventsAnswer


def test_a_channel_of_our_own_server_is_read() -> None:
    body = realtime_servers("http://h", "c", "all", 610)

    assert box.read_channel(body) == box.Channel(
        "http://h/subscribe?channel=c&stream_type=all", 610.0, 10
    )


@pytest.mark.parametrize(
    ("numbers", "retry_timeout", "max_retries"),
    [
        pytest.param({"retry_timeout": "70", "max_retries": 3}, 70, 3, id="the other types"),
        pytest.param({}, 610, 10, id="left out"),
        pytest.param({"retry_timeout": None, "max_retries": []}, 610, 10, id="neither"),
        pytest.param({"retry_timeout": "soon", "max_retries": "x"}, 610, 10, id="no numbers"),
        pytest.param({"retry_timeout": -1, "max_retries": 1e300}, 610, 10, id="senseless"),
        pytest.param({"retry_timeout": "nan", "max_retries": "inf"}, 610, 10, id="not finite"),
    ],
)
def test_numbers_of_a_channel_come_in_every_form(
    numbers: dict[str, Any], retry_timeout: float, max_retries: int
) -> None:
    servers = [{"type": "other"}, 7, {"type": "realtime_server", "url": "u", **numbers}]

    channel = box.read_channel(json.dumps({"entries": servers}).encode())

    assert channel == box.Channel("u", retry_timeout, max_retries)


def test_messages_of_our_own_server_are_read() -> None:
    assert box.read_message(NEW_CHANGE) == box.NEW_CHANGE
    assert box.read_message(RECONNECT) == box.RECONNECT


def test_a_page_of_our_own_server_is_read() -> None:
    body = page((b'{"event_id":"a"}', b'{"event_id":"b"}'), 7)

    assert box.read_page(body) == box.Page(({"event_id": "a"}, {"event_id": "b"}), 7)


@pytest.mark.parametrize(
    ("position", "read"),
    [(30400984754258517, 30400984754258517), ("1152923169537420243", 1152923169537420243), (0, 0)],
)
def test_positions_of_box_are_read_to_the_last_digit(position: object, read: int) -> None:
    body = json.dumps({"entries": [], "next_stream_position": position}).encode()

    assert box.read_page(body).position == read


@pytest.mark.parametrize("position", [None, -1, 1.5, "", "x", "-1", "1.5", [], True])
def test_anything_else_is_no_position(position: object) -> None:
    body = json.dumps({"entries": [], "next_stream_position": position}).encode()

    with pytest.raises(ValueError, match="no next stream position"):
        box.read_page(body)


@pytest.mark.parametrize("read", [box.read_channel, box.read_message, box.read_page])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"null", b"{}", b"[" * 100_000])
def test_nonsense_is_one_kind_of_error(read: Any, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it (is|has|names)"):
        read(body)


def test_errors_of_our_own_server_are_read() -> None:
    error = InvalidPosition("Invalid stream position", field="stream_position")

    assert box.read_error(box_errors.error_body(error, "r")) == box.Told(
        "bad_request", "Invalid stream position"
    )
    told = native.read_error(native_errors.error_body(error, "r"))
    assert told is not None
    assert (told.code, told.message) == ("invalid_position", "Invalid stream position")
    assert told.field == "stream_position"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"code":1,"message":[]}', b"\xff"]
)
def test_an_error_without_a_form_says_nothing(body: bytes) -> None:
    assert box.read_error(body) == box.Told()
    assert native.read_error(body) is None


def test_one_dialects_error_is_not_taken_for_the_others() -> None:
    assert native.read_error(box_errors.error_body(NotFound("no"), "r")) is None
    assert box.read_error(native_errors.error_body(NotFound("no"), "r")) == box.Told()


def test_an_answer_to_changes_is_read_as_it_was_written() -> None:
    answer = ChangesAnswer((ChangeResult(None),), (EventResult("e", None),), False)

    assert native.read_changes_answer(msgspec.json.encode(answer)) == answer


def test_an_answer_to_events_is_read_as_it_was_written() -> None:
    answer = EventsAnswer((EventResult("e", 7, 8),), True)

    assert native.read_events_answer(msgspec.json.encode(answer)) == answer


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"changes":[],"events":7}'])
@pytest.mark.parametrize("read", [native.read_changes_answer, native.read_events_answer])
def test_what_is_no_answer_is_refused(read: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(body)


@pytest.mark.parametrize(
    ("channel", "url"),
    [
        ("http://h/s?channel=c", "http://h/s?channel=c&stream_position=7"),
        ("http://h/s", "http://h/s?stream_position=7"),
    ],
)
def test_the_position_is_added_to_a_channel(channel: str, url: str) -> None:
    assert box.poll_url(channel, "7") == url
