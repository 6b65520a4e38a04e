"""Both clients against a server that does everything wrong, over real sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client.conftest import Follower
from tests.integration.client.scripted import (
    EPOCH,
    Request,
    ScriptedFeed,
    answer,
    entry,
    http,
)
from wakeful.client import (
    AuthenticationFailed,
    Back,
    FilePositions,
    Gap,
    Lost,
    MemoryPositions,
    Refused,
    Started,
)

Follow = Callable[..., Follower]


def test_what_is_published_while_following_arrives_in_order(
    feed: ScriptedFeed, follow: Follow
) -> None:
    feed.publish("before")
    follower = follow()
    assert follower.notice() == Started(EPOCH + 1)

    feed.publish("a", "b")
    first_two = [follower.event(), follower.event()]
    feed.wait_for("poll", 2)
    feed.publish("c")

    assert [*first_two, follower.event()] == ["a", "b", "c"]


def test_from_the_start_means_everything_that_is_kept(feed: ScriptedFeed, follow: Follow) -> None:
    feed.publish("a", "b", "c")

    follower = follow(since=0, limit=2)

    assert [follower.event() for _ in range(3)] == ["a", "b", "c"]
    feed.wait_for("poll")
    assert [request.query["stream_position"] for request in feed.of("page")] == [
        "0",
        str(EPOCH + 2),
    ]


def test_the_stream_type_is_told_wherever_it_matters(feed: ScriptedFeed, follow: Follow) -> None:
    follow(stream="changes")

    feed.wait_for("poll")

    assert feed.of("channel")[0].query["stream_type"] == "changes"
    assert feed.of("page")[0].query["stream_type"] == "changes"


def test_requests_carry_the_token(feed: ScriptedFeed, follow: Follow) -> None:
    follow()

    feed.wait_for("poll")

    assert {request.headers["authorization"] for request in feed.received} == {"Bearer secret"}


def test_a_refused_connection_is_tried_again_until_there_is_a_server(
    feed: ScriptedFeed, follow: Follow
) -> None:
    feed.publish("a")
    feed.stop()
    follower = follow(since=0)
    lost = follower.notice()
    assert isinstance(lost, Lost)
    assert lost.reason == "no connection: connection refused"

    feed.start()

    assert follower.notice() == Back()
    assert follower.event() == "a"


def test_a_restart_loses_nothing_and_repeats_nothing(feed: ScriptedFeed, follow: Follow) -> None:
    follower = follow(since=0)
    assert isinstance(follower.notice(), Started)
    feed.publish("a")
    assert follower.event() == "a"
    feed.wait_for("poll", 2)

    feed.stop()
    feed.entries += [entry("b")]
    feed.start()
    second = follower.event()
    feed.publish("c")

    assert [second, follower.event()] == ["b", "c"]


@pytest.mark.parametrize("kind", ["channel", "poll", "page"])
def test_a_server_that_is_busy_is_asked_again_when_it_said(
    feed: ScriptedFeed, follow: Follow, kind: str
) -> None:
    feed.fault(kind, answer(status="503 Service Unavailable", Retry_After="1"))
    began = time.monotonic()

    follower = follow(since=0)
    feed.wait_for(kind, 2)

    assert time.monotonic() - began >= 1
    feed.publish("a")
    assert follower.event() == "a"


def test_a_page_that_is_cut_in_the_middle_is_fetched_again(
    feed: ScriptedFeed, follow: Follow
) -> None:
    def cut(connection: socket.socket, request: Request) -> None:
        whole = http({"entries": [entry("a")], "next_stream_position": EPOCH + 1})
        connection.sendall(whole[:-40])

    feed.publish("a")
    feed.fault("page", cut)

    follower = follow(since=0)

    assert follower.event() == "a"
    feed.wait_for("poll")
    assert follower.is_idle()
    assert len(feed.of("page")) == 2


def test_an_answer_in_single_bytes_is_an_answer(feed: ScriptedFeed, follow: Follow) -> None:
    def drip(connection: socket.socket, request: Request) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in http({"entries": [entry("a")], "next_stream_position": EPOCH + 1}):
            connection.sendall(bytes([byte]))

    feed.publish("a")
    feed.fault("page", drip)

    assert follow(since=0).event() == "a"


def test_a_poll_that_ends_without_news_is_repeated_and_nobody_notices(
    feed: ScriptedFeed, follow: Follow
) -> None:
    feed.hold = 1.0
    follower = follow()
    assert isinstance(follower.notice(), Started)

    feed.wait_for("poll", 2)
    feed.publish("a")

    assert follower.event() == "a"
    assert {request.query["stream_position"] for request in feed.of("poll")[:2]} == {str(EPOCH)}


def test_a_server_that_never_answers_a_poll_is_asked_anew(
    feed: ScriptedFeed, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wakeful.client.follow.POLL_GRACE_SECONDS", 0.0)
    feed.channel["retry_timeout"] = 1
    follower = follow()
    feed.wait_for("poll")

    feed.wait_for("channel", 2)
    feed.publish("a")

    assert follower.event() == "a"


def test_an_event_that_comes_twice_is_delivered_once(feed: ScriptedFeed, follow: Follow) -> None:
    follower = follow(since=0)
    feed.publish("a", "b", "a", "c")

    assert [follower.event() for _ in range(3)] == ["a", "b", "c"]


def test_a_gap_is_told(feed: ScriptedFeed, follow: Follow) -> None:
    feed.publish("a")
    feed.page_headers["Wakeful-Gap"] = "1"

    follower = follow(since=5)

    assert follower.notice() == Gap("5")
    assert follower.event() == "a"


def test_an_unknown_token_ends_it_with_a_clear_error(feed: ScriptedFeed, follow: Follow) -> None:
    feed.fault("page", answer(status="401 Unauthorized"))

    error = follow().end()

    assert isinstance(error, AuthenticationFailed)
    assert str(error) == "the server does not accept the token"


def test_a_request_that_is_refused_ends_it_with_the_servers_words(
    feed: ScriptedFeed, follow: Follow
) -> None:
    told = {"type": "error", "code": "bad_request", "message": "Invalid stream position"}
    feed.fault("page", answer(told, "400 Bad Request"))

    error = follow(since=3).end()

    assert isinstance(error, Refused)
    assert (str(error), error.status, error.code) == (told["message"], 400, "bad_request")


@pytest.mark.parametrize("kind", ["channel", "poll", "page"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[]", b"{}", b"\xff"], ids=repr)
def test_an_answer_that_makes_no_sense_is_asked_for_again(
    feed: ScriptedFeed, follow: Follow, kind: str, body: bytes
) -> None:
    feed.publish("a")
    feed.fault(kind, answer(body))

    follower = follow(since=0)

    assert follower.event() == "a"
    feed.wait_for(kind, 2)
    feed.publish("b")
    assert follower.event() == "b"


def test_the_token_goes_to_the_server_alone(feed: ScriptedFeed, follow: Follow) -> None:
    other = ScriptedFeed()
    try:
        server = {
            "type": "realtime_server",
            "url": f"{other.url}/subscribe?channel=x",
            "retry_timeout": 60,
        }
        feed.fault("channel", answer({"entries": [server]}))

        follow()

        assert "authorization" not in other.wait_for("poll").headers
    finally:
        other.close()


@pytest.mark.parametrize("moment", ["polling", "pausing"])
def test_closing_ends_it_at_once(feed: ScriptedFeed, follow: Follow, moment: str) -> None:
    feed.hold = 600  # longer than the end is waited for
    if moment == "pausing":
        feed.fault("poll", answer(status="503 Busy", Retry_After="600"))
    follower = follow()
    feed.wait_for("poll")
    if moment == "pausing":
        assert isinstance(follower.notice(), Started)
        assert isinstance(follower.notice(), Lost)

    follower.close()

    assert follower.end() is None


def test_a_kept_position_is_gone_on_from(feed: ScriptedFeed, follow: Follow) -> None:
    positions = MemoryPositions(EPOCH + 1)
    feed.publish("a", "b")

    follower = follow(since=0, positions=positions)

    assert follower.event() == "b"
    feed.wait_for("poll")
    assert positions.load() == EPOCH + 2


def test_positions_in_a_file_survive_the_program(
    feed: ScriptedFeed, follow: Follow, tmp_path: Path
) -> None:
    feed.publish("a")
    first = follow(since=0, positions=FilePositions(tmp_path / "position"))
    assert first.event() == "a"
    feed.wait_for("poll")
    first.close()
    feed.publish("b")

    second = follow(since="now", positions=FilePositions(tmp_path / "position"))

    assert second.event() == "b"
