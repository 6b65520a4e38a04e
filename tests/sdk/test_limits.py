"""What the SDKs make of a server that tells them to come back later."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers import Reader
from tests.sdk.followers import SDKS, Sdk, following
from tests.servers import running

pytestmark = pytest.mark.sdk

REFUSED = 'wakeful_refused_total{limit="rate"}'


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_every_sdk_goes_on_after_it_was_told_that_it_asks_too_often(
    tmp_path: Path, sdk: Sdk
) -> None:
    arguments = ("--hold", "2", "--drain", "1", "--rate-limit", "40")
    with (
        running(tmp_path, arguments=arguments) as server,
        Reader(server.url, server.token) as reader,
    ):
        told = reader.publish({"kind": "upload", "path": "/one.txt"})
        event_id = told.json()["events"][0]["id"]

        # First, for one that has its channel already polls it without a token as long as it likes.
        use_up(reader)
        with following(sdk, server.url, server.token, start=0) as follower:
            use_up_until_another_is_refused(reader)
            follower.wait_for_event(event_id)


def use_up(reader: Reader) -> None:
    """Take all that is allowed to the token, now."""
    while reader.ask("GET", "/2.0/users/me").status_code != 429:
        pass


def use_up_until_another_is_refused(reader: Reader) -> None:
    """Take what the token is allowed again, so that nothing is left for the SDK that has it."""
    refused_here = int(reader.metrics()[REFUSED])
    while reader.metrics()[REFUSED] <= refused_here:
        refused_here += reader.ask("GET", "/2.0/users/me").status_code == 429
