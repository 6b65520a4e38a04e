"""The events of an enterprise, by every SDK: what was, and what comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.readers import Json, Reader, ids
from tests.sdk.counting import relaying
from tests.sdk.followers import (
    BOXNODE3,
    BOXNODE4_BOXSDK,
    PYTHON_HANDWRITTEN,
    SDKS,
    Sdk,
    following,
    read_history,
)
from tests.servers import Server, running, wakeful

pytestmark = pytest.mark.sdk

each_sdk = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
each_stream = pytest.mark.parametrize("stream", ["admin_logs", "admin_logs_streaming"])

# Their loop asks in fixed intervals, and the hand-written Python SDK has none.
NODE_HANDWRITTEN = (BOXNODE3, BOXNODE4_BOXSDK)
WAITING = tuple(sdk for sdk in SDKS if sdk not in (*PYTHON_HANDWRITTEN, *NODE_HANDWRITTEN))

HOLD = 2.0
LOGIN = {"type": "LOGIN"}
COMMENT = {"type": "COMMENT_CREATE", "source": {"type": "comment", "id": "7"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with events of a few days, some of them told late."""
    folder = tmp_path_factory.mktemp("server")
    with (
        running(folder, arguments=("--hold", str(HOLD), "--drain", "1")) as server,
        Reader(server.url, server.token) as reader,
    ):
        for day in (3, 9, 1, 5, 7, 2):
            date = f"2026-01-{day:02}T12:00:00Z"
            reader.tell(LOGIN | {"created_at": date}, COMMENT | {"created_at": date})
        reader.publish({"kind": "upload", "path": "/report.pdf"})
        yield server


@pytest.fixture
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        yield reader


@each_sdk
@each_stream
def test_an_sdk_reads_all_events_page_by_page(
    server: Server, reader: Reader, sdk: Sdk, stream: str
) -> None:
    truth = history(reader, stream)

    found = read_history(sdk, server.url, server.token, stream, limit=4)

    assert ids(found) == ids(truth)
    assert [event["event_type"] for event in found] == [event["event_type"] for event in truth]
    [upload] = [event for event in found if event["event_type"] == "UPLOAD"]
    [told] = [event for event in truth if event["event_type"] == "UPLOAD"]
    assert upload["source"]["item_id"] == told["source"]["item_id"]


@each_sdk
def test_an_sdk_reads_the_events_of_some_types_between_two_dates(
    server: Server, reader: Reader, sdk: Sdk
) -> None:
    window = {
        "created_after": "2026-01-02T12:00:00+00:00",
        "created_before": "2026-01-07T12:00:00+00:00",
    }
    truth = history(reader, "admin_logs", event_type="LOGIN", **window)
    assert [event["created_at"][8:10] for event in truth] == ["02", "03", "05"]

    found = read_history(
        sdk, server.url, server.token, "admin_logs", limit=2, event_types=["LOGIN"], **window
    )

    assert ids(found) == ids(truth)


@pytest.mark.parametrize("sdk", NODE_HANDWRITTEN, ids=lambda sdk: sdk.name)
@each_stream
def test_box_node_sdk_3_follows_an_enterprise_by_asking_again(
    server: Server, reader: Reader, sdk: Sdk, stream: str
) -> None:
    before = ids(history(reader, stream))
    with following(sdk, server.url, server.token, start="0", stream_type=stream) as follower:
        follower.wait_for_event(before[-1])
        [event] = reader.tell(LOGIN)

        follower.wait_for_event(event)
        # It keeps its position where a page is empty, and knows no ids: nothing comes twice.
        assert ids(follower.printed) == [*before, event]
        assert follower.complaints == ""


@each_stream
def test_the_generated_sdks_wait_for_the_events_of_an_enterprise(
    server: Server, reader: Reader, stream: str
) -> None:
    # They ask for a channel without a stream type, so that it is that of their user.
    before = ids(history(reader, stream))
    with ExitStack() as stack:
        reader.wait_until_parked(0)
        followers = [
            stack.enter_context(
                following(sdk, server.url, server.token, start="0", stream_type=stream)
            )
            for sdk in WAITING
        ]
        for follower in followers:
            follower.wait_for_event(before[-1])
        reader.wait_until_parked(len(followers))

        # Of somebody else: the user whose token they have hears nothing of it.
        position = reader.now()
        [event] = tell_as_somebody_else(server, reader)

        for follower in followers:
            follower.wait_for_event(event)
            assert ids(follower.printed) == [*before, event], follower.sdk.name
            assert follower.complaints == "", follower.sdk.name
        assert reader.now() == position


@each_stream
def test_p6_a_generated_sdk_that_follows_an_idle_enterprise_asks_less_than_once_a_second(
    server: Server, reader: Reader, stream: str
) -> None:
    tell_as_somebody_else(server, reader)  # its stream is longer than the user's
    with ExitStack() as stack:
        reader.wait_until_parked(0)
        relays = {sdk: stack.enter_context(relaying(server.port)) for sdk in WAITING}
        for sdk, relay in relays.items():
            stack.enter_context(
                following(sdk, relay.url, server.token, start="0", stream_type=stream)
            )
        reader.wait_until_parked(len(relays))
        before = {sdk: relay.requests for sdk, relay in relays.items()}

        for sdk, relay in relays.items():
            passed = before[sdk]
            polls = sum("channel=" in request for _, request in passed)
            asked = relay.wait_for(polls + 2, "channel=")[len(passed) :]
            # A poll for each hold, and a channel for each poll; nothing is read.
            seconds = asked[-1][0] - passed[-1][0]
            assert len(asked) <= seconds + 2, (sdk.name, asked)
            assert not [request for _, request in asked if "/2.0/events?" in request], sdk.name


def history(reader: Reader, stream: str, **query: Any) -> list[Json]:
    """The events of the enterprise, as plain requests read them."""
    found: list[Json] = []
    position: Any = 0
    while True:
        page = reader.get(
            "/2.0/events", stream_type=stream, stream_position=position, limit=500, **query
        )
        if not page["entries"]:
            return found
        found += page["entries"]
        position = page["next_stream_position"]


def tell_as_somebody_else(server: Server, reader: Reader) -> list[str]:
    """An event that the first user does not hear of."""
    listed = reader.get("/2.0/users")["entries"]
    others = [user["id"] for user in listed if user["login"] == "ann@example.com"]
    if not others:
        added = wakeful("user", "add", "ann@example.com", "--data", server.data)
        assert added.returncode == 0, added.stderr
        return tell_as_somebody_else(server, reader)
    return reader.tell(COMMENT, user=others[0])
