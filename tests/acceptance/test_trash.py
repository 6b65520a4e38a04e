"""The trash of a server whose clock is put forward."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.test_memory import in_memory
from tests.disk import all_below
from tests.readers import Reader
from tests.servers import eventually
from wakeful.testing import Emulator

pytestmark = pytest.mark.acceptance

DAY = 24 * 3600


def trash(reader: Reader, name: str) -> None:
    """Make a folder and put it into the trash."""
    body = {"name": name, "parent": {"id": "0"}}
    id = reader.ask("POST", "/2.0/folders", json=body).json()["id"]
    assert reader.ask("DELETE", f"/2.0/folders/{id}").status_code == 204


def trashed(reader: Reader) -> list[str]:
    return [entry["name"] for entry in reader.get("/2.0/folders/trash/items")["entries"]]


def test_what_was_trashed_is_purged_after_a_month_and_nothing_is_told() -> None:
    with Emulator() as emulator:
        user = emulator.user()
        with Reader(user.url, user.token) as reader:
            trash(reader, "old")
            emulator.advance(days=10)
            trash(reader, "young")
            position = reader.now()

            emulator.advance(days=21)

            assert trashed(reader) == ["young"]
            assert reader.now() == position


def test_what_was_trashed_in_a_watched_folder_goes_from_its_disk(tmp_path: Path) -> None:
    watch = tmp_path / "watched"
    watch.mkdir()
    (watch / "note.txt").write_text("gone soon")
    with (
        in_memory(tmp_path, "--watch", watch) as said,
        Reader(said.url, said.token) as reader,
    ):
        (item,) = reader.get("/2.0/folders/0/items")["entries"]
        assert reader.ask("DELETE", f"/2.0/files/{item['id']}").status_code == 204
        (kept,) = kept_below(watch)
        assert kept.read_text() == "gone soon"

        answer = httpx2.post(
            f"{said.url}/emulator/clock/advance",
            json={"seconds": 31 * DAY},
            headers={"Authorization": f"Bearer {said.token}"},
            timeout=60,
        )

        assert answer.status_code == 200, answer.text
        assert trashed(reader) == []
        eventually(partial(is_empty, watch), "nothing is left on the disk")


def kept_below(watch: Path) -> list[Path]:
    return [path for path in all_below(watch) if path.is_file() and path.name != "lock"]


def is_empty(watch: Path) -> bool:
    return not kept_below(watch)
