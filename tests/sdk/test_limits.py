"""What the SDKs make of a server that tells them to come back later."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2
import pytest

from tests.sdk.followers import SDKS, Sdk, following
from tests.servers import running

pytestmark = pytest.mark.sdk

PER_MINUTE = 40


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_every_sdk_goes_on_after_it_was_told_that_it_asks_too_often(
    tmp_path: Path, sdk: Sdk
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    arguments = ("--hold", "2", "--drain", "1", "--rate-limit", str(PER_MINUTE))
    with running(tmp_path, watch=folder, arguments=arguments) as server:
        (folder / "one.txt").write_text("1")
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx2.Client(base_url=server.url, headers=headers) as client:
            event_id = first_event(client)
            while client.get("/2.0/users/me").status_code == 200:
                pass  # until nothing is left of this token's minute

        with following(sdk, server.url, server.token, start=0) as follower:
            follower.wait_for_event(event_id)

        assert (
            'wakeful_refused_total{limit="rate"} 1.0'
            not in httpx2.get(f"{server.url}/metrics").text
        ), "the SDK itself was refused, too"


def first_event(client: httpx2.Client) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        entries = client.get("/2.0/events", params={"stream_position": 0}).json().get("entries")
        if entries:
            id: str = entries[0]["event_id"]
            return id
        time.sleep(0.2)
    raise AssertionError("the change was never told")
