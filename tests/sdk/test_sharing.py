"""SDKs that work on files with others: what they were answered, what everybody is told of it once,
and what Dropbox's clients of the others see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.readers import Reader
from tests.sdk.acted import BOX_SDKS, Views, box_command, carry_out
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

REFUSED = {
    "invite again": (400, "user_already_collaborator"),
    "invite nobody": (404, "not_found"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), arguments=("--drain", "1")) as server:
        yield server


@pytest.mark.parametrize("sdk", BOX_SDKS)
def test_what_an_sdk_does_with_others_is_told_to_them_once(server: Server, sdk: str) -> None:
    login = f"{sdk}@example.com"
    with Reader(server.url, server.token) as mine:
        pal = mine.ask("POST", "/v1/users", json={"login": login}).json()
        token = mine.ask("POST", "/v1/tokens", json={"user": login}).json()["text"]
        made = mine.ask("POST", "/2.0/folders", json={"name": sdk, "parent": {"id": "0"}})
        place = made.json()["id"]
        begin, views = mine.now(), Views(mine, f"/{sdk}", place)
        with Reader(server.url, token) as theirs:
            listing = {"path": "", "recursive": True}
            cursor = theirs.ask("POST", "/2/files/list_folder", json=listing).json()["cursor"]

            asked = (server.url, server.token, place, str(pal["id"]), login)
            steps = carry_out(box_command("sharing", sdk, *asked), views)

            told, _ = mine.events(begin)
            heard, _ = theirs.events(0)
            more = theirs.ask("POST", "/2/files/list_folder/continue", json={"cursor": cursor})
    for step, (status, code) in REFUSED.items():
        assert (steps[step]["status"], steps[step]["code"]) == (status, code), step
    for step, role in (("invite", "viewer"), ("change role", "editor"), ("read", "editor")):
        accepted = {"role": role, "who": login, "item": place, "status": "accepted"}
        assert steps[step] == accepted, step
    assert steps["list"] == {"logins": [login]}
    assert steps["pending"] == {"count": 0}
    assert steps["invite by login"]["role"] == "viewer uploader"

    assert [event["event_id"] for event in heard] == [event["event_id"] for event in told]
    shown = {each["path_display"]: each for each in more.json()["entries"]}
    assert shown[f"/{sdk}"]["sharing_info"]["read_only"]
