"""The streams, with every way to sign in that an SDK has, and when the token of a poll is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.readers import Json, Reader, ids
from tests.sdk.followers import (
    BOXNODE10,
    BOXSDK3,
    BOXSDK10,
    SDKS,
    Follower,
    Sdk,
    following,
)
from tests.sdk.sign_ins import SignIns, prepare
from tests.servers import Server, eventually, running, wakeful

pytestmark = pytest.mark.sdk

each_sdk = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
COMMENT = {"type": "COMMENT_CREATE", "source": {"type": "comment", "id": "7"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), arguments=("--drain", "1")) as server:
        yield server


@pytest.fixture(scope="module")
def sign_ins(server: Server) -> SignIns:
    server.terminate()
    sign_ins = prepare(server.data, pairs=2 * len(SDKS))
    server.start()
    return sign_ins


@each_sdk
def test_an_sdk_reads_the_enterprise_and_follows_a_user_by_every_way_to_sign_in(
    server: Server, sign_ins: SignIns, sdk: Sdk
) -> None:
    with Reader(server.url, server.token) as reader, ExitStack() as stack:
        [before] = reader.tell(COMMENT)
        reader.wait_until_parked(0)
        followers = {
            sign_in["way"]: stack.enter_context(
                following(sdk, server.url, token, sign_in=sign_in, history="admin_logs_streaming")
            )
            for token, sign_in in sign_ins.ways(server.token)
        }
        reader.wait_until_parked(len(followers))

        [of_user] = reader.tell(COMMENT)
        [of_account] = reader.tell(COMMENT, user=sign_ins.service_account)

        assert len(followers) == 6
        for way, follower in followers.items():
            mine = of_account if way in ("ccg", "jwt") else of_user
            follower.wait_for_event(mine)
            assert ids(follower.printed)[-2:] == [before, mine], way
            assert follower.complaints == "", way


def test_a_poll_outlives_a_token_of_client_credentials(server: Server, sign_ins: SignIns) -> None:
    others = {token["id"] for token in tokens(server)}
    # One of each kind: the others have the same lines. box-node-sdk 3 is missing, for it looks at
    # its clock alone: a token that is void before its time ends it.
    sdks = (BOXSDK3, BOXSDK10, BOXNODE10)
    by_credentials = [("", sign_ins.ccg(is_for_user=True)) for _ in sdks]
    with Reader(server.url, server.token) as reader, ExitStack() as stack:
        reader.wait_until_parked(0)
        followers = follow_all(stack, server, sdks, by_credentials)
        reader.wait_until_parked(len(sdks))

        # What they bear is void now; their grant is not, for it stands.
        for token in tokens(server):
            if token["id"] not in others:
                wakeful("token", "revoke", str(token["id"]), "--data", server.data)

        assert_that_none_loses_an_event(reader, followers)


def test_a_poll_outlives_its_token_and_the_sdk_refreshes_it(tmp_path: Path) -> None:
    # Channels are bound to the grant and not to the token.
    lifetime = 25_000
    while not polls_outlive_tokens(tmp_path / str(lifetime), lifetime):
        lifetime *= 2  # a machine so slow that not all waited by then


def polls_outlive_tokens(folder: Path, lifetime: int) -> bool:
    """See it with tokens that live for *lifetime* ms; False where one was over before all polls
    waited."""
    folder.mkdir()
    with running(folder, arguments=("--drain", "1")) as server:
        server.terminate()
        pairs = prepare(server.data, pairs=len(SDKS) + 1, lifetime=lifetime)
        server.start()
        mine, _ = pairs.refresh()  # the first of them
        by_refresh = [pairs.refresh() for _ in SDKS]
        with ExitStack() as stack:
            reader = stack.enter_context(Reader(server.url, server.token))
            bearer = stack.enter_context(Reader(server.url, mine))
            followers = follow_all(stack, server, SDKS, by_refresh)

            def all_wait() -> bool:
                return reader.metrics()["wakeful_polls_parked"] == len(SDKS)

            def is_over() -> bool:
                return bearer.ask("GET", "/2.0/users/me").status_code == 401

            eventually(lambda: all_wait() or is_over(), "all polls wait")
            if is_over():
                return False
            eventually(is_over, "the first tokens are over", timeout=lifetime / 1000 + 180)

            assert_that_none_loses_an_event(reader, followers)
    return True


def tokens(server: Server) -> list[Json]:
    found: list[Json] = json.loads(wakeful("token", "list", "--json", "--data", server.data).stdout)
    return found


def follow_all(
    stack: ExitStack, server: Server, sdks: tuple[Sdk, ...], sign_ins: list[tuple[str, Json]]
) -> list[Follower]:
    """One client of each SDK."""
    return [
        stack.enter_context(following(sdk, server.url, token, sign_in=sign_in))
        for sdk, (token, sign_in) in zip(sdks, sign_ins, strict=True)
    ]


def assert_that_none_loses_an_event(reader: Reader, followers: list[Follower]) -> None:
    """Their polls wait still, and what comes is read with another token."""
    assert reader.metrics()["wakeful_polls_parked"] == len(followers)
    [first] = reader.tell(COMMENT)
    for follower in followers:
        follower.wait_for_event(first)
    reader.wait_until_parked(len(followers))
    [second] = reader.tell(COMMENT)
    for follower in followers:
        follower.wait_for_event(second)
        assert ids(follower.printed) == [first, second], follower.sdk.name
