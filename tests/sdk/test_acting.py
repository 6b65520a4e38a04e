"""SDKs that change files and folders see what they did: in the stream of the user, in that of the
enterprise, and by Dropbox's delta; each once, with what the SDK was answered."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import node_sdk, python_sdk
from tests.readers import Json, Reader
from tests.sdk.followers import BOXNODE10
from tests.servers import Server, clean_environ, running

pytestmark = pytest.mark.sdk

PROGRAMS = Path(__file__).with_name("programs")

TOLD: dict[str, tuple[str, str]] = {
    "create folder": ("ITEM_CREATE", "UPLOAD"),
    "upload": ("ITEM_UPLOAD", "UPLOAD"),
    "new version": ("ITEM_UPLOAD", "UPLOAD"),
    "rename": ("ITEM_RENAME", "RENAME"),
    "create another": ("ITEM_CREATE", "UPLOAD"),
    "move": ("ITEM_MOVE", "MOVE"),
    "copy": ("ITEM_COPY", "COPY"),
    "download": ("ITEM_DOWNLOAD", "DOWNLOAD"),
    "describe": ("ITEM_MODIFY", "ITEM_MODIFY"),
    "lock": ("LOCK_CREATE", "LOCK"),
    "unlock": ("LOCK_DESTROY", "UNLOCK"),
    "trash": ("ITEM_TRASH", "DELETE"),
    "restore": ("ITEM_UNDELETE_VIA_TRASH", "UNDELETE"),
    "purge": ("ITEM_TRASH", "DELETE"),  # that it is trashed before
    "rename folder": ("ITEM_RENAME", "RENAME"),
    "copy folder": ("ITEM_COPY", "COPY"),
    "sync folder": ("ITEM_SYNC", "ITEM_SYNC"),
    "trash folder": ("ITEM_TRASH", "DELETE"),
}
"""The event of each step, in the user's stream and in the enterprise's."""

REFUSED = {
    "create folder again": (409, "item_name_in_use"),
    "upload again": (409, "item_name_in_use"),
    "check": (409, "item_name_in_use"),
    "rename what changed": (412, "precondition_failed"),
    "trash what is not empty": (400, "folder_not_empty"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), arguments=("--drain", "1")) as server:
        yield server


def command(sdk: str) -> list[str | Path]:
    program = PROGRAMS / f"acting_{sdk}"
    if sdk == "boxnode10":
        return ["node", "--no-warnings", f"{program}.js", node_sdk(BOXNODE10.home)]
    return [python_sdk(sdk), "-W", "ignore", f"{program}.py"]


def carry_out(sdk: str, server: Server, place: str) -> dict[str, Json]:
    """What the program of an SDK was answered, by its steps."""
    done = subprocess.run(
        [*command(sdk), server.url, server.token, place],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=clean_environ(),
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return {line.pop("step"): line for line in lines}


@pytest.mark.parametrize("sdk", ["boxsdk3", "boxsdk10", "boxnode10"])
def test_an_sdk_sees_what_it_did(server: Server, sdk: str) -> None:
    with Reader(server.url, server.token) as reader:
        made = reader.ask("POST", "/2.0/folders", json={"name": sdk, "parent": {"id": "0"}})
        top = made.json()["id"]
        begin, log = reader.now(), reader.now("admin_logs_streaming")
        listing = {"path": f"/{sdk}", "recursive": True}
        cursor = reader.ask("POST", "/2/files/list_folder", json=listing).json()["cursor"]

        steps = carry_out(sdk, server, top)

        mine, _ = reader.events(begin)
        whole, _ = reader.events(log, stream_type="admin_logs_streaming")
        more = reader.ask("POST", "/2/files/list_folder/continue", json={"cursor": cursor}).json()
        me = reader.get("/2.0/users/me")["id"]
    assert [step for step in steps if step not in REFUSED and step != "may upload"] == list(TOLD)
    assert [event["event_type"] for event in mine] == [user for user, _ in TOLD.values()]
    assert [event["event_type"] for event in whole] == [name for _, name in TOLD.values()]
    assert [event["event_id"] for event in whole] == [event["event_id"] for event in mine]
    assert {event["created_by"]["id"] for event in (*mine, *whole)} == {me}
    for step, event in zip(TOLD, mine, strict=True):
        answered, source = steps[step], event["source"]
        if answered.keys() >= {"id", "etag", "parent"}:
            told = (source["id"], source["name"], source["etag"], source["parent"]["id"])
            assert told == tuple(answered[each] for each in ("id", "name", "etag", "parent")), step
    for step, (status, code) in REFUSED.items():
        assert (steps[step]["status"], steps[step].get("code", code)) == (status, code), step
    assert (
        steps["create folder again"]["context"]["conflicts"][0]["id"]
        == steps["create folder"]["id"]
    )
    assert steps["upload again"]["context"]["conflicts"]["id"] == steps["upload"]["id"]
    assert steps["may upload"]["url"] == f"{server.url}/api/2.0/files/content"
    assert steps["download"]["content"] == "second"
    shown = {entry["path_display"]: entry[".tag"] for entry in more["entries"]}
    assert shown == {
        f"/{sdk}/other": "folder",
        f"/{sdk}/other/papers": "folder",
        f"/{sdk}/other/papers/copy.txt": "file",
    } | {path: "deleted" for path, tag in shown.items() if tag == "deleted"}
