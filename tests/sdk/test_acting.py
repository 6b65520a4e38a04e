"""SDKs that change files and folders see what they did: in the stream of the user, in that of the
enterprise, and by Dropbox's delta; each once, after every single action (`acted.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.readers import Json, Reader
from tests.sdk.acted import BOX_SDKS, TOLD, Views, box_command, carry_out
from tests.sdk.dropbox_followers import DROPBOX_V1, DROPBOXJS10, EVERY_VERSION, pointed_at
from tests.sdk.followers import Sdk
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

PROGRAMS = Path(__file__).with_name("programs")

BOX_REFUSES = {
    "create folder again": (409, "item_name_in_use"),
    "upload again": (409, "item_name_in_use"),
    "check": (409, "item_name_in_use"),
    "rename what changed": (412, "precondition_failed"),
    "trash what is not empty": (400, "folder_not_empty"),
}

DROPBOX_REFUSES = {
    "create folder again": "path/conflict/folder",
    "upload again": "path/conflict/file",
    "update what changed": "path/conflict/file",
    "into itself": "cant_move_folder_into_itself",
    "append where it does not end": "incorrect_offset",
}

DROPBOX_V1_REFUSES = {
    "create folder again": 403,
    "move onto": 403,
    "into itself": 403,
    "delete again": 404,
}

BATCHES = {
    "finish batch": ["success", "success"],
    "create folders": ["success", "success", "failure"],
    "create folders later": ["success"],
    "move batch": ["success", "failure"],
    "copy batch": ["success"],
    "delete batch": ["success", "success", "failure"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("acting")
    with running(folder, arguments=("--drain", "1"), tls=True) as server:
        yield server


@pytest.fixture
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        yield reader


def asked_for(steps: Mapping[str, Json], refused: Mapping[str, object]) -> list[str]:
    """The actions among *steps*."""
    return [
        step
        for step in steps
        if step not in refused and step not in ("may upload", "revisions", "end")
    ]


@pytest.mark.parametrize("sdk", BOX_SDKS)
def test_an_sdk_of_box_sees_what_it_did(server: Server, reader: Reader, sdk: str) -> None:
    made = reader.ask("POST", "/2.0/folders", json={"name": sdk, "parent": {"id": "0"}})
    top = made.json()["id"]
    views = Views(reader, f"/{sdk}", top)

    steps = carry_out(box_command("acting", sdk, server.url, server.token, top), views)

    assert set(asked_for(steps, BOX_REFUSES)) <= TOLD.keys()
    for step, (status, code) in BOX_REFUSES.items():
        assert (steps[step]["status"], steps[step].get("code", code)) == (status, code), step
    conflicts = steps["create folder again"]["context"]["conflicts"]
    assert conflicts[0]["id"] == steps["create folder"]["id"]
    assert steps["upload again"]["context"]["conflicts"]["id"] == steps["upload"]["id"]
    assert steps["may upload"]["url"] == f"{server.url}/api/2.0/files/content"
    assert steps["download"]["content"] == "second"
    assert steps["promote a version"]["versions"] == 1
    assert views.tree == {
        "/other": "folder",
        "/other/docs": "folder",
        "/other/docs/copy.txt": "file",
    }


@pytest.mark.parametrize("sdk", EVERY_VERSION, ids=lambda sdk: sdk.home)
def test_an_sdk_of_dropbox_sees_what_it_did(server: Server, reader: Reader, sdk: Sdk) -> None:
    made = reader.ask("POST", "/2/files/create_folder_v2", json={"path": f"/{sdk.home}"})
    views = Views(reader, f"/{sdk.home}", made.json()["metadata"]["id"].removeprefix("id:"))
    task = {"host": server.tls_host, "token": server.token, "place": f"/{sdk.home}"}
    command = sdk.command(task, PROGRAMS / f"acting_{sdk.program}")

    steps = carry_out(command, views, pointed_at(server))

    refused: Mapping[str, object] = DROPBOX_V1_REFUSES if sdk is DROPBOX_V1 else DROPBOX_REFUSES
    assert set(asked_for(steps, refused)) <= TOLD.keys()
    for step, error in refused.items():
        check_refused(sdk, steps[step]["error"], error)
    if sdk is not DROPBOX_V1:
        assert {step: steps[step]["tags"] for step in BATCHES} == BATCHES
        assert steps["the same again"]["id"] == steps["upload"]["id"]
    assert steps["revisions"]["sizes"] == [6, 5]  # of "second" and "first"
    assert steps["download"]["content"] == "second"
    assert steps["download the parts"]["content"] == "one two three"


def test_every_action_of_the_table_is_done_by_some_sdk() -> None:
    programs = "".join(path.read_text() for path in PROGRAMS.iterdir() if path.is_file())

    assert [step for step in TOLD if f'"{step}"' not in programs.replace("'", '"')] == []


def check_refused(sdk: Sdk, told: object, expected: object) -> None:
    """Whether an SDK was refused in the words that are *expected*, however it shows them."""
    if sdk is DROPBOX_V1:
        assert told == expected
    elif sdk is DROPBOXJS10:
        assert str(told).startswith(f"{expected}/")
    else:
        assert all(f"'{tag}'" in str(told) for tag in str(expected).split("/"))
