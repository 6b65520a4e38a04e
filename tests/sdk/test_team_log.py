"""The Dropbox SDK for teams reads the log of an enterprise, and every event that can be in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.box_samples import ANN, event, folder, snapshot
from tests.processes import Program
from tests.readers import Json, Reader
from tests.sdk.dropbox_followers import DROPBOX12, PYTHON, pointed_at
from tests.sdk.followers import Sdk
from tests.sdk.test_parsing import all_events
from tests.servers import Server, running, wakeful
from wakeful.core.events import ItemEvent, Whence
from wakeful.dialects.dropbox.team_events import render_team_event

pytestmark = pytest.mark.sdk

_PROGRAM = Path(__file__).with_name("programs") / "dropboxteam12.py"
BOB = "bob@example.com"
EACH = pytest.mark.parametrize("sdk", PYTHON, ids=lambda sdk: sdk.name)


def told(sdk: Sdk, environ: Any = None, **task: Any) -> Json:
    """What the program says, which is one line."""
    run = Program(sdk.name)
    try:
        run.start(sdk.command(task, _PROGRAM), environ or {})
        assert run.wait_until_ended() == 0, run.complaints
    finally:
        run.close()
    [line] = run.lines
    found: Json = json.loads(line)
    return found


class Site:
    """A server whose owner is an admin, with what they and Bob did."""

    def __init__(self, server: Server) -> None:
        self.server = server
        with Reader(server.url, server.token) as admin:
            self.admin = admin.get("/2.0/users/me")
            bob = self._administer("user", "add", BOB)
            self.bob = admin.get(f"/2.0/users/{bob['id']}")
            self._administer("namespace", "add", BOB, "Team")
            self._administer("member", "add", "Team", self.admin["login"])
            admin.publish({"kind": "upload", "path": "/Team/a.txt", "size": 3})
            admin.publish({"kind": "upload", "path": "/Team/a.txt", "size": 4})
            admin.publish({"kind": "rename", "item": self._file(admin), "name": "b.txt"})
            telling = {"type": "LOGIN", "actor": BOB, "ip": "192.0.2.1"}
            answer = admin.ask("POST", "/v1/events", json=telling)
            assert answer.status_code == 200, answer.text

    def _administer(self, *words: str) -> Any:
        answer = wakeful(*words, "--data", self.server.data, "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def _file(self, admin: Reader) -> str:
        asked = {"path": "/Team/a.txt"}
        answer = admin.ask("POST", "/2/files/get_metadata", json=asked)
        id: str = answer.json()["id"]
        return id.removeprefix("id:")

    def read(self, sdk: Sdk, **asked: Any) -> Json:
        return told(sdk, pointed_at(self.server), token=self.server.token, **asked)

    def types(self, sdk: Sdk, **asked: Any) -> list[str]:
        return [each["type"] for each in self.read(sdk, **asked)["events"]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("team"), arguments=("--drain", "1"), tls=True) as server:
        yield Site(server)


@EACH
def test_an_admin_reads_the_log_of_their_team(site: Site, sdk: Sdk) -> None:
    found = site.read(sdk, limit=2)

    added, upload, edit, rename, login = found["events"]
    assert found["sizes"] == [2, 2, 1]
    assert [each["type"] for each in found["events"]] == [
        "shared_content_add_member", "file_add", "file_edit", "file_rename", "login_success",
    ]  # fmt: skip
    assert added["participants"] == [site.admin["name"]]
    assert upload["assets"] == edit["assets"] == ["/Team/a.txt"]
    assert rename["assets"] == ["/Team/a.txt", "/Team/b.txt"]
    assert rename["details"] == "FileRenameDetails"
    assert upload["actor"] == site.admin["name"]
    assert login["context"] == BOB
    assert login["ip"] == "192.0.2.1"
    assert site.read(sdk, cursor=found["cursor"])["events"] == []


@EACH
def test_an_admin_asks_for_some_of_it(site: Site, sdk: Sdk) -> None:
    events = site.read(sdk)["events"]
    login = events[-1]

    assert site.types(sdk, event_type="file_edit") == ["file_edit"]
    assert site.types(sdk, category="logins") == ["login_success"]
    assert site.types(sdk, account_id=login["account"], category="file_operations") == []
    assert site.types(sdk, account_id=login["account"])[-1] == "login_success"
    assert site.types(sdk, time=["2001-01-01T00:00:00", "2001-01-02T00:00:00"]) == []
    assert site.types(sdk, time=["2001-01-01T00:00:00", None]) == [e["type"] for e in events]


@EACH
def test_an_admin_is_refused_in_the_words_of_the_sdk(site: Site, sdk: Sdk) -> None:
    assert site.read(sdk, account_id="dbid:" + "B" * 35) == {"error": "account_id_not_found"}
    both = site.read(sdk, category="logins", event_type="login_fail")
    assert both == {"error": "invalid_filters"}
    backwards = ["2001-01-02T00:00:00", "2001-01-01T00:00:00"]
    assert site.read(sdk, time=backwards) == {"error": "invalid_time_range"}
    assert site.read(sdk, cursor="none") == {"error": "bad_cursor"}


@EACH
def test_the_sdk_parses_every_event_and_knows_every_field(tmp_path: Path, sdk: Sdk) -> None:
    before = Whence(1, 1030, False, ("Team", "a"))
    moved = [
        event(type, source, whence=before)
        for type in (ItemEvent.RENAME, ItemEvent.MOVE, ItemEvent.COPY)
        for source in (snapshot(), folder())
    ]
    detailed = [
        event("COMMENT_EDIT", details={"message": "b", "previous_message": "a"}, session="s"),
        event("SIGN_DOCUMENT_SIGNED", snapshot(), accessible_by=ANN),
        event("SIGN_DOCUMENT_ASSIGNED", snapshot(), accessible_by=ANN),
        event("LEGAL_HOLD_POLICY_DELETE", {"id": "5", "name": "Case"}),
        event("RETENTION_POLICY_ASSIGNMENT_ADD", {"policy_id": "5", "policy_name": "Keep"}),
        event("EMAIL_ALIAS_PRIMARY", details={"email": "a@example.com"}),
        event("EMAIL_ALIAS_CONFIRM", details={"email": "a@example.com"}),
        event("OAUTH2_ACCESS_TOKEN_REVOKE", details={"app_id": "1", "app_name": "App"}),
        event("FAILED_LOGIN", details={"reason": "locked", "login_method": "saml"}),
    ]
    shown = [render_team_event(each) for each in (*moved, *detailed, *all_events())]
    file = tmp_path / "events.json"
    file.write_bytes(b"[" + b",".join(shown) + b"]")

    answer = told(sdk, file=str(file))

    faults = [(json.loads(shown[index]), fault) for index, fault in answer["faults"]]
    # The older SDK does not know all of the newest one's types.
    assert not [fault for fault in faults if sdk is DROPBOX12 or "became other" not in fault[1]]
    assert answer["read"] == len(shown) > 1000
