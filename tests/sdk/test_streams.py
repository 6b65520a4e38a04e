"""Where the SDKs begin, which events they are shown, how often they ask, what they read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice, pairwise
from pathlib import Path

import pytest

from tests.disk import put
from tests.readers import Json, Progress, Reader, ids
from tests.sdk.counting import relaying
from tests.sdk.followers import (
    BOXGEN1,
    BOXSDK4_GEN,
    BOXSDK10,
    SDKS,
    Sdk,
    following,
    read_items,
)
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

each_sdk = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
COMMENT = {"type": "COMMENT_CREATE", "source": {"type": "comment", "id": "7"}}
HOLD = 2.0  # so that a poll ends a few times in a test


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    folder = tmp_path / "watched"
    folder.mkdir()
    return folder


@pytest.fixture
def server(tmp_path: Path, watched: Path) -> Iterator[Server]:
    arguments = ("--hold", str(HOLD), "--drain", "1")
    with running(tmp_path, watch=watched, arguments=arguments) as server:
        yield server


@pytest.fixture
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        yield reader


def test_every_sdk_begins_with_what_comes_now_unless_it_is_told_otherwise(
    server: Server, reader: Reader, watched: Path
) -> None:
    before = change_and_see(reader, watched, "before.txt")
    with ExitStack() as stack:
        followers = [stack.enter_context(following(sdk, server.url, server.token)) for sdk in SDKS]
        reader.wait_until_parked(len(SDKS))

        after = change_and_see(reader, watched, "after.txt")

        assert before["event_id"] != after["event_id"]
        for follower in followers:
            follower.wait_for_event(after["event_id"])
            assert ids(follower.printed) == [after["event_id"]], follower.sdk.name


def test_every_sdk_begins_with_the_oldest_event_at_position_0(
    server: Server, reader: Reader, watched: Path
) -> None:
    for name in ("one.txt", "two.txt", "three.txt"):
        change_and_see(reader, watched, name)
    with ExitStack() as stack:
        followers = [
            stack.enter_context(following(sdk, server.url, server.token, start=0)) for sdk in SDKS
        ]

        fourth = change_and_see(reader, watched, "four.txt")

        truth = ids(reader.events(0)[0])
        assert len(truth) == 4
        for follower in followers:
            follower.wait_for_event(fourth["event_id"])
            assert ids(follower.printed) == truth, follower.sdk.name


@pytest.mark.parametrize("stream_type", ["changes", "sync"])
def test_the_sdks_are_shown_a_stream_type_and_nothing_else(
    server: Server, reader: Reader, watched: Path, stream_type: str
) -> None:
    begin = reader.now()
    with ExitStack() as stack:
        followers = [
            stack.enter_context(
                following(sdk, server.url, server.token, start=begin, stream_type=stream_type)
            )
            for sdk in SDKS
            if sdk.stream_types
        ]
        [comment] = reader.tell(COMMENT)
        change = change_and_see(reader, watched, "a.txt")
        reader.tell({"type": "ITEM_DOWNLOAD"})

        last = change_and_see(reader, watched, "b.txt")

        assert comment in ids(reader.events(begin)[0])
        for follower in followers:
            follower.wait_for_event(last["event_id"])
            expected = [change["event_id"], last["event_id"]]
            assert ids(follower.printed) == expected, follower.sdk.name


def test_p6_an_idle_sdk_asks_less_than_once_a_second(
    server: Server, reader: Reader, watched: Path
) -> None:
    with ExitStack() as stack:
        relays = {sdk: stack.enter_context(relaying(server.port)) for sdk in SDKS}
        followers = [
            stack.enter_context(following(sdk, relay.url, server.token))
            for sdk, relay in relays.items()
        ]
        reader.wait_until_parked(len(SDKS))
        # Having been told something leaves it as idle as it was.
        seen = change_and_see(reader, watched, "a.txt")
        for follower in followers:
            follower.wait_for_event(seen["event_id"])
        reader.wait_until_parked(len(SDKS))

        before = {sdk: relay.requests for sdk, relay in relays.items()}
        for sdk, relay in relays.items():
            passed = before[sdk]
            later = relay.wait_for(polls(passed) + 3, "channel=")
            asked = later[len(passed) :]
            # At once it asks for a channel and polls it, and then once for each hold.
            seconds = asked[-1][0] - passed[-1][0]
            assert len(asked) <= seconds + 2, (sdk.name, asked)


def test_p6_an_event_that_an_sdk_is_not_shown_does_not_make_it_ask(
    server: Server, reader: Reader
) -> None:
    # boxsdk 3 keeps its position when a page is empty: woken by what its stream type does not
    # show, it would ask again and again without a pause.
    with ExitStack() as stack:
        choosers = [sdk for sdk in SDKS if sdk.stream_types]
        relays = {sdk: stack.enter_context(relaying(server.port)) for sdk in choosers}
        for sdk, relay in relays.items():
            stack.enter_context(
                following(sdk, relay.url, server.token, start="now", stream_type="changes")
            )
        reader.wait_until_parked(len(relays))
        before = {sdk: relay.requests for sdk, relay in relays.items()}

        reader.tell(COMMENT)

        for sdk, relay in relays.items():
            later = relay.wait_for(polls(before[sdk]) + 2, "channel=")
            asked = later[len(before[sdk]) :]
            assert len(asked) <= 6, (sdk.name, asked)


def test_p10_no_sdk_notices_a_restart_behind_socket_activation(
    server: Server, reader: Reader, watched: Path
) -> None:
    with ExitStack() as stack:
        followers = [
            stack.enter_context(following(sdk, server.url, server.token, start=reader.now()))
            for sdk in SDKS
        ]
        first = change_and_see(reader, watched, "before.txt")
        for follower in followers:
            follower.wait_for_event(first["event_id"])
        reader.wait_until_parked(len(SDKS))

        server.terminate()
        put(watched, "meanwhile.txt", "while the server was away")
        server.start()
        last = change_and_see(reader, watched, "after.txt")

        for follower in followers:
            follower.wait_for_event(last["event_id"])
            names = [event["source"]["name"] for event in follower.printed]
            assert names == ["before.txt", "meanwhile.txt", "after.txt"], follower.sdk.name
            assert follower.complaints == "", follower.sdk.name
            assert follower.is_running(), follower.sdk.name


def test_p6_no_sdk_cuts_a_long_hold_after_60_seconds_or_asks_meanwhile(
    tmp_path: Path, watched: Path
) -> None:
    # The generated Python SDKs give up after 60 seconds of silence, and come back after some
    # more: a longer hold begins the answer early and sends a blank every 15 seconds.
    with (
        running(tmp_path, watch=watched, arguments=("--hold", "300")) as server,
        Reader(server.url, server.token) as reader,
        ExitStack() as stack,
    ):
        relays = {sdk: stack.enter_context(relaying(server.port)) for sdk in SDKS}
        followers = [
            stack.enter_context(following(sdk, relay.url, server.token))
            for sdk, relay in relays.items()
        ]
        reader.wait_until_parked(len(SDKS))
        before = {sdk: relay.requests for sdk, relay in relays.items()}
        position = reader.now()
        with reader.stream(f"{reader.channel()}&stream_position={position}") as poll:
            # It began last: by its fifth blank, the SDKs have waited for 75 seconds.
            assert b"".join(islice(poll, 5)) == b"     "
            assert {sdk: relay.requests for sdk, relay in relays.items()} == before
            put(watched, "new.txt", "new")
            assert b"new_change" in b"".join(poll)

        [event] = reader.events(position)[0]
        for follower in followers:
            follower.wait_for_event(event["event_id"])
            assert ids(follower.printed) == [event["event_id"]], follower.sdk.name
            assert follower.complaints == "", follower.sdk.name


@each_sdk
def test_what_an_sdk_reads_of_an_item_is_what_the_last_event_said(
    server: Server, reader: Reader, watched: Path, sdk: Sdk
) -> None:
    begin = reader.now()
    (watched / "folder").mkdir()
    put(watched, "folder/old.txt", "first")
    progress = Progress(reader, begin)
    progress.wait_until(lambda: len(progress.events) == 2, "both are told")
    put(watched, "folder/old.txt", "second, and longer")
    progress.wait_until(lambda: len(progress.events) == 3, "the new version is told")
    (watched / "folder" / "old.txt").rename(watched / "folder" / "new.txt")
    progress.wait_until(lambda: len(progress.events) == 4, "the new name is told")
    folder, file = progress.events[0]["source"], progress.events[-1]["source"]

    read = read_items(
        sdk, server.url, server.token, files=[file["id"]], folders=[folder["id"], "0"]
    )

    me = reader.get("/2.0/users/me")
    assert read[0] == {"kind": "me", "id": me["id"], "type": "user", "login": me["login"]}
    found = {(line["kind"], line["id"]): line for line in read[1:]}
    for kind, source in (("item", folder), ("entry", folder), ("item", file), ("entry", file)):
        line = found[kind, source["id"]]
        for field in ("type", "name", "sequence_id", "etag"):
            assert line[field] == source[field], (kind, field)
    assert found["item", file["id"]]["parent"] == folder["id"]
    assert found["entry", file["id"]]["folder"] == folder["id"]
    assert found["entry", folder["id"]]["folder"] == "0"
    assert file["sequence_id"] == "2"


def test_the_generated_python_sdks_stall_for_5_seconds_after_1000_events_and_no_sdk_loses_any(
    server: Server, reader: Reader
) -> None:
    # A bug of these SDKs: to trim their set of 1,000 event ids they call `list.map`, which does
    # not exist; the error is caught, and they wait 5 seconds before they go on.
    begin = reader.now()
    for _ in range(3):
        reader.tell(*[COMMENT] * 400)
    truth = ids(reader.events(begin)[0])

    with ExitStack() as stack:
        followers = [
            stack.enter_context(following(sdk, server.url, server.token, start=begin))
            for sdk in SDKS
        ]
        for follower in followers:
            follower.wait_for_event(truth[-1])

            assert ids(follower.printed) == truth, follower.sdk.name
            if follower.sdk in (BOXSDK4_GEN, BOXSDK10, BOXGEN1):
                times = [event["time"] for event in follower.printed]
                pauses = [after - before for before, after in pairwise(times)]
                # The page of 100 in which the id number 1,001 came is given whole.
                assert pauses[1_099] > 4.5, follower.sdk.name


def change_and_see(reader: Reader, watched: Path, name: str) -> Json:
    """Make a file, and wait until it is told; returns that event."""
    progress = Progress(reader, reader.now())
    put(watched, name, f"this is {name}")
    progress.wait_until(lambda: bool(progress.events), f"{name} is told")
    assert progress.events[0]["source"]["name"] == name
    return progress.events[0]


def polls(requests: list[tuple[float, str]]) -> int:
    return sum("channel=" in request for _, request in requests)
