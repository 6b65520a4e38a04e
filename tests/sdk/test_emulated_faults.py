"""SDKs, unmodified, while an emulator does wrong: whoever reads on reads everything, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.readers import Reader, ids
from tests.sdk.followers import BOXNODE10, BOXSDK3, BOXSDK10, Sdk, following
from wakeful.testing import Emulator, User
from wakeful.testing.faults import FaultFields, FaultKind

pytestmark = pytest.mark.sdk

Faults = tuple[tuple[FaultKind | int, str | None, FaultFields], ...]

CUT = "answers that are cut"

EACH: dict[str, Faults] = {
    "errors": (
        (503, "box.events", {"times": 1, "retry_after": 1}),
        (500, "box.events", {"times": 1, "skip": 1}),
        (429, "box.poll", {"times": 1, "skip": 1, "retry_after": 1}),
    ),
    "a storm of reconnects": (("reconnect", "box.poll", {"times": 12}),),
    "wakes for nothing": (("wake", "box.poll", {"times": 5}),),
    "pages that repeat themselves": (("duplicate", None, {}),),
    "pages with the newest first": (("reorder", None, {}),),
    "connections that are reset": (("reset", "box.events", {"times": 1, "skip": 1}),),
    "late events": (("late", None, {"times": 3, "events": 2}),),
    "a position that is lost": (("gap", None, {}),),
    CUT: (("cut", "box.events", {"times": 1, "skip": 1}),),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(hold=2) as emulator:
        yield emulator


# box-node-sdk 10 waits for ever for the rest of an answer that was cut: that is no fault of ours.
RUNS = [
    pytest.param(sdk, faults, id=f"{sdk.name}, {name}")
    for sdk in (BOXSDK3, BOXSDK10, BOXNODE10)
    for name, faults in EACH.items()
    if not (sdk is BOXNODE10 and name == CUT)
]


@pytest.mark.parametrize(("sdk", "faults"), RUNS)
def test_an_sdk_reads_everything_whatever_went_wrong(
    emulator: Emulator, sdk: Sdk, faults: Faults
) -> None:
    user = emulator.user()
    publish(user, "first", 3)
    with Reader(user.url, user.token) as reader:
        begin = reader.now()
        with following(sdk, user.url, user.token, start=begin) as follower:
            user.requests.expect_poll()
            rules = [user.fault(fault, route, **more) for fault, route, more in faults]
            for number in range(3):
                publish(user, f"during-{number}", 4)
                user.requests.expect_read(f"during-{number}-3.txt")
            used = [rule.used for rule in rules]
            for rule in rules:
                rule.remove()
            publish(user, "after", 4)
            truth, _ = reader.events(begin)

            follower.wait_for_event(truth[-1]["event_id"], timeout=180)

            assert all(used), dict(zip(faults, used, strict=True))
            told = follower.events
            new = [event for event in told if event["event_id"] in set(ids(truth))]
            assert sorted(ids(new)) == sorted(ids(truth))


@pytest.mark.parametrize("sdk", [BOXSDK3, BOXSDK10, BOXNODE10], ids=lambda sdk: sdk.name)
def test_an_sdk_reads_everything_of_a_faithful_emulator(emulator: Emulator, sdk: Sdk) -> None:
    user = emulator.user(fidelity="faithful", chance=2)
    with Reader(user.url, user.token) as reader:
        begin = reader.now()
        with following(sdk, user.url, user.token, start=begin) as follower:
            user.requests.expect_poll()
            for number in range(5):
                publish(user, f"{number}", 6)
            emulator.advance(seconds=5)
            truth = {event["event_id"] for event in reader.events(begin)[0]}
            for event in sorted(truth):
                follower.wait_for_event(event, timeout=180)

            assert len(truth) == 30
            assert truth <= set(ids(follower.events))


def publish(user: User, name: str, count: int) -> None:
    user.publish(*({"kind": "upload", "path": f"/{name}-{number}.txt"} for number in range(count)))
