"""Faults of the SDKs that an answer could set off: what comes out here never does.

Others are where they belong: a refused connection in `test_followers.py`, the idle loops, empty
pages, long holds and the 1,000 ids in `test_streams.py`, tokens that end in
`test_streams_signed_in.py`, parsers in `test_parsing.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.readers import Json, Reader, ids
from tests.sdk.counting import relaying
from tests.sdk.followers import BOXNODE10, SDKS, Follower, following
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

MAX_RETRIES = 10
COMMENT: Json = {"type": "COMMENT_CREATE", "source": {"type": "comment", "id": "7"}}

# Each made an SDK refuse the whole page for ever, or ended it.
BAD: dict[str, Json] = {
    "a source that is a list": COMMENT | {"source": ["file"]},
    "a source that is text": COMMENT | {"source": ""},
    "an id that is a number": COMMENT | {"source": {"type": "file", "id": 7}},
    "a type that is an object": COMMENT | {"source": {"type": {}, "id": "7"}},
    "a source without its name": COMMENT | {"source": {"item_type": "file", "item_id": "7"}},
    "details that are a list": COMMENT | {"additional_details": []},
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, arguments=("--hold", "1", "--drain", "1")) as server:
        yield server


@pytest.fixture
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        yield reader


def test_one_bad_event_is_refused_at_the_door_and_the_others_come_through(
    server: Server, reader: Reader
) -> None:
    with ExitStack() as stack:
        followers = follow_all(stack, server, reader)

        for what, bad in BAD.items():
            answer = reader.ask("POST", "/v1/events", json={"events": [COMMENT, bad]})
            assert answer.status_code == 400, what
        [good] = reader.tell(COMMENT)

        for follower in followers:
            follower.wait_for_event(good)
            assert ids(follower.printed) == [good], follower.sdk.name
            assert follower.complaints == "", follower.sdk.name


def test_p6_a_message_is_never_unknown_and_max_retries_are_no_loop(
    server: Server, reader: Reader
) -> None:
    # One asks for a channel after so many polls, others after each: none may ask again and again.
    with ExitStack() as stack:
        relays = {sdk: stack.enter_context(relaying(server.port)) for sdk in SDKS}
        followers = [
            stack.enter_context(following(sdk, relay.url, server.token))
            for sdk, relay in relays.items()
        ]
        reader.wait_until_parked(len(SDKS))

        for sdk, relay in relays.items():
            asked = relay.wait_for(MAX_RETRIES + 3, "channel=")
            seconds = asked[-1][0] - asked[0][0]
            polls = [request for _, request in asked if "channel=" in request]
            # Each poll is held for a second, less a tenth, and may ask for a channel first.
            assert len(polls) <= seconds / 0.9 + 2, sdk.name
            assert len(asked) <= 2 * len(polls) + 2, (sdk.name, asked)
        [event] = reader.tell(COMMENT)

        for follower in followers:
            follower.wait_for_event(event)
            assert ids(follower.printed) == [event], follower.sdk.name
            assert follower.complaints == "", follower.sdk.name


def test_no_sdk_rounds_the_greatest_positions(server: Server, reader: Reader) -> None:
    # JavaScript rounds integers from 2^53: a position that is rounded down tells an event twice,
    # one that is rounded up loses it.
    server.terminate()
    remembered = server.data / "epoch.json"
    side = json.loads(remembered.read_text(encoding="ascii"))
    remembered.write_text(json.dumps(side | {"epoch": 8190}), encoding="ascii")
    server.start()
    assert reader.now() == 8191 << 40
    with ExitStack() as stack:
        followers = follow_all(stack, server, reader)
        admins = stack.enter_context(
            following(
                BOXNODE10,
                server.url,
                server.token,
                start="now",
                stream_type="admin_logs_streaming",
            )
        )
        reader.wait_until_parked(len(SDKS) + 1)

        truth = [reader.tell(COMMENT)[0] for _ in range(5)]

        for follower in (*followers, admins):
            follower.wait_for_event(truth[-1])
            assert ids(follower.printed) == truth, follower.sdk.name


def follow_all(stack: ExitStack, server: Server, reader: Reader) -> list[Follower]:
    """One follower of each SDK, waiting."""
    followers = [stack.enter_context(following(sdk, server.url, server.token)) for sdk in SDKS]
    reader.wait_until_parked(len(SDKS))
    return followers
