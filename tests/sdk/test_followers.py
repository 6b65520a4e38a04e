"""The official SDKs, unmodified, follow a folder that changes, and miss nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.readers import Json, Progress, Reader, ids
from tests.sdk.changes import Changer
from tests.sdk.followers import BOXSDK3, BOXSDK4_BOXSDK, SDKS, Follower, following
from tests.sdk.ledger import Ledger
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

CHANGES = 1_500
BATCH = 30
SEED = 20240229


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    folder = tmp_path / "watched"
    folder.mkdir()
    return folder


class Course:
    """A watched folder that changes, a raw reader of its feed, and the ledger of both."""

    def __init__(self, server: Server, changer: Changer, reader: Reader) -> None:
        self._changer = changer
        self._ledger = Ledger(reader, changer.root)
        self.start = reader.now()
        self.progress = Progress(reader, self.start)
        self.server = server
        self.made = 0
        self._entered = 0

    def run(self, changes: int) -> None:
        """Make some changes, and see each of them told."""
        for _ in range(changes // BATCH):
            self.interrupted_by(lambda: None, lambda: None)

    def interrupted_by(self, stop: Callable[[], None], start: Callable[[], None]) -> None:
        """One batch, with the server stopped after a third of it and started after two."""
        batch = self._changer.batch(BATCH)
        for change in batch:
            self._ledger.expect(change)
        third = BATCH // 3
        for change in batch[:third]:
            change.make()
        stop()
        for change in batch[third : 2 * third]:
            change.make()
        start()
        for change in batch[2 * third :]:
            change.make()
        self.made += len(batch)
        self.progress.wait_until(self._is_told, "every change is told")
        assert self._ledger.paths() == self._changer.paths()

    def _is_told(self) -> bool:
        for event in self.progress.events[self._entered :]:
            self._ledger.enter(event)
            self._entered += 1
        return not self._ledger.missing


@pytest.fixture
def course(tmp_path: Path, watched: Path) -> Iterator[Course]:
    outside = tmp_path / "outside"
    outside.mkdir()
    changer = Changer(watched, outside, SEED)
    changer.plant(20)
    with (
        running(tmp_path, watch=watched, arguments=("--drain", "1")) as server,
        Reader(server.url, server.token) as reader,
    ):
        yield Course(server, changer, reader)


def test_p11_every_sdk_sees_every_change_in_order_across_restarts_and_a_crash(
    course: Course, watched: Path
) -> None:
    server = course.server
    with ExitStack() as stack:
        followers = {
            sdk: stack.enter_context(following(sdk, server.url, server.token, start=course.start))
            for sdk in SDKS
        }
        mortal = [followers[sdk] for sdk in (BOXSDK3, BOXSDK4_BOXSDK)]

        course.run(CHANGES // 4)
        course.interrupted_by(server.terminate, server.start)
        course.run(CHANGES // 4)
        before_crash = course.progress.position

        def come_back() -> None:
            server.start()
            for follower in mortal:
                follower.start(before_crash)

        for follower in mortal:
            follower.wait_for_event(course.progress.events[-1]["event_id"])
        course.interrupted_by(lambda: crash_and_refuse(server, mortal), come_back)
        course.run(CHANGES // 4)
        course.interrupted_by(server.terminate, server.start)
        course.run(CHANGES // 4)

        with Reader(server.url, server.token) as reader:
            truth, _ = reader.events(0)
        assert course.made >= CHANGES
        assert ids(truth) == ids(course.progress.events)
        for sdk, follower in followers.items():
            follower.wait_for_event(truth[-1]["event_id"])
            seen = list(map(printed, follower.events))
            assert seen == list(map(told, truth)), sdk.name
            # Positions are exact: only who started again from an earlier one sees repeats.
            assert follower in mortal or len(follower.printed) == len(truth), sdk.name


def crash_and_refuse(server: Server, mortal: list[Follower]) -> None:
    """Kill the server, and let nobody connect until the *mortal* have given up.

    That is a bug of the hand-written Python SDK, boxsdk 3 and the older half of boxsdk 4: a
    refused connection ends its generator with an error. The others try again by themselves.
    """
    server.refuse_connections()
    server.kill()
    for follower in mortal:
        follower.wait_until_it_gave_up(timeout=180)
        assert "Connection refused" in follower.complaints


def told(event: Json) -> tuple[object, ...]:
    """What a raw event says, in the form that the programs print."""
    source = event["source"]
    return (
        event["event_id"],
        event["event_type"],
        source["id"],
        source["type"],
        source["name"],
        source["sequence_id"],
        source["etag"],
        source["parent"] and source["parent"]["id"],
    )


def printed(event: Json) -> tuple[object, ...]:
    source = event["source"]
    fields = ("id", "type", "name", "sequence_id", "etag", "parent")
    return (event["event_id"], event["event_type"], *(source[field] for field in fields))
