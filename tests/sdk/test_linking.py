"""SDKs that talk about files, and share them by links: what they were answered, and what everybody
is told of it once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.readers import Json, Progress, Reader
from tests.sdk.acted import BOX_SDKS, DOWNLOAD, TOLD, box_command
from tests.servers import Server, clean_environ, running

pytestmark = pytest.mark.sdk

STEPS = {
    "upload": "upload",
    "comment": "comment",
    "reply": "comment",
    "edit comment": "edit the comment",
    "delete comment": "delete the comment",
    "link": "share",
    "by link": "download",
    "url": "share",
    "unlink": "unshare",
}
"""What each step is in the table of actions. That of a download is told to the owner only."""

_TYPES = [each.types for row in STEPS.values() for each in TOLD[row]]
MINE = [user for user, _ in _TYPES if user]
EVERYBODYS = [name for _, name in _TYPES]

REFUSED = {
    "by link without": (403, "incorrect_shared_item_password"),
    "by no link": (404, "not_found"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), arguments=("--drain", "1")) as server:
        yield server


def carry_out(sdk: str, *arguments: str) -> dict[str, Json]:
    """What the program of an SDK was answered, by its steps."""
    done = subprocess.run(
        box_command("linking", sdk, *arguments),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=clean_environ(),
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return {line.pop("step"): line for line in lines}


def assert_that_they_are(types: list[str], expected: list[str], download: str) -> None:
    """The *types* of what was told are as *expected*, but for the time of the *download*: it is
    told beside its answer, and so perhaps behind what was done after it."""
    assert types.index(download) >= expected.index(download)
    assert types.count(download) == expected.count(download)
    assert [each for each in types if each != download] == [
        each for each in expected if each != download
    ]


@pytest.mark.parametrize("sdk", BOX_SDKS)
def test_what_an_sdk_says_and_shares_is_told_to_members_once(server: Server, sdk: str) -> None:
    login = f"{sdk}@example.com"
    with Reader(server.url, server.token) as mine:
        pal = mine.ask("POST", "/v1/users", json={"login": login}).json()
        token = mine.ask("POST", "/v1/tokens", json={"user": login}).json()["text"]
        made = mine.ask("POST", "/2.0/folders", json={"name": sdk, "parent": {"id": "0"}})
        place = made.json()["id"]
        grantee = {"type": "user", "id": str(pal["id"])}
        wish = {"item": {"type": "folder", "id": place}, "accessible_by": grantee}
        mine.ask("POST", "/2.0/collaborations", json=wish | {"role": "viewer"})
        begin, log = mine.now(), mine.now("admin_logs_streaming")
        with Reader(server.url, token) as theirs:
            theirs_from = theirs.now()

            steps = carry_out(sdk, server.url, server.token, place, str(pal["id"]))

            progress = Progress(mine, begin)
            progress.wait_until(lambda: len(progress.events) >= len(MINE), "all is told")
            told = progress.events
            whole, _ = mine.events(log, stream_type="admin_logs_streaming")
            heard, _ = theirs.events(theirs_from)
    for step, (status, code) in REFUSED.items():
        assert (steps[step]["status"], steps[step]["code"]) == (status, code), step
    file, message = steps["upload"]["id"], "See this, @Pal"
    assert steps["comment"] == {"message": message, "item": file, "reply": False}
    assert (steps["reply"]["message"], steps["reply"]["reply"]) == ("Seen.", True)
    assert steps["comments"] == {"messages": [message, "Seen twice."]}
    assert steps["count"] == {"count": 2}
    assert (steps["link"]["access"], steps["link"]["closed"]) == ("open", True)
    assert steps["by link"] == {"id": file, "content": "shared"}
    assert steps["url"]["url"].startswith(f"{server.url}/s/")

    assert_that_they_are([event["event_type"] for event in told], MINE, DOWNLOAD[0])
    assert_that_they_are([event["event_type"] for event in whole], EVERYBODYS, DOWNLOAD[1])
    ids = [event["event_id"] for event in told]
    by_all = [event["event_id"] for event in whole if event["event_type"] != "COMMENT_EDIT"]
    assert by_all == ids
    owners = {event["event_id"] for event in told if event["event_type"] == "ITEM_DOWNLOAD"}
    assert [event["event_id"] for event in heard] == [id for id in ids if id not in owners]
    assert {event["source"]["id"] for event in told} == {place, file}
