"""Large files, which SDKs send in parts: each is told once, and is whole."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readers import Progress, Reader
from tests.sdk.acted import BOX_SDKS, Views, box_command, carry_out
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

CONTENT = random.Random(11).randbytes(1_000_003)
SHA1 = hashlib.sha1(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), arguments=("--drain", "1")) as server:
        yield server


@pytest.mark.parametrize("sdk", BOX_SDKS)
def test_a_large_file_comes_in_parts(server: Server, tmp_path: Path, sdk: str) -> None:
    file = tmp_path / "large"
    file.write_bytes(CONTENT)
    with Reader(server.url, server.token) as reader:
        made = reader.ask("POST", "/2.0/folders", json={"name": sdk, "parent": {"id": "0"}})
        top = made.json()["id"]
        views = Views(reader, f"/{sdk}", top)

        command = box_command("chunked", sdk, server.url, server.token, top, str(file))
        steps = carry_out(command, views)

        id = steps["upload in parts"]["id"]
        progress = Progress(reader, reader.now())
        redirect = reader.ask("GET", f"/2.0/files/{id}/content")
        content = reader.ask("GET", redirect.headers["location"]).content
        # Told beside its answer: else what the next SDK does would be told after it.
        progress.wait_until(lambda: bool(progress.events), "the download is told")
    assert {step["sha1"] for step in steps.values() if "sha1" in step} == {SHA1}
    assert steps["session"]["parts"] > 4
    assert steps["session"]["done"] == 0
    assert steps["listed"]["parts"] == ([0] if sdk == "boxsdk3" else [])
    assert steps["given up"]["done"]
    assert steps["again"] == {"status": 409, "code": "item_name_in_use"}
    assert content == CONTENT
    assert not list((server.data / "drafts").iterdir()), "what was given up or done is gone"


def test_the_parts_of_a_file_in_a_watched_folder_are_one_file_on_its_disk(tmp_path: Path) -> None:
    file, watch = tmp_path / "large", tmp_path / "watched"
    file.write_bytes(CONTENT)
    watch.mkdir()
    with (
        running(tmp_path, watch=watch, arguments=("--drain", "1")) as server,
        Reader(server.url, server.token) as reader,
    ):
        made = reader.ask("POST", "/2.0/folders", json={"name": "f", "parent": {"id": "0"}})
        top = made.json()["id"]
        command = box_command("chunked", "boxsdk10", server.url, server.token, top, str(file))

        steps = carry_out(command, Views(reader, "/f", top))

        assert {step["sha1"] for step in steps.values() if "sha1" in step} == {SHA1}
        assert [path.name for path in (watch / "f").iterdir()] == ["large.bin"]
        assert (watch / "f" / "large.bin").read_bytes() == CONTENT
