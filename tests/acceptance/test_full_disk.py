"""A data disk that is full: writes stop with a clear answer, reads go on, and it heals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mounts import mounted
from tests.readers import Progress, Reader
from tests.servers import Server, eventually, running

pytestmark = pytest.mark.acceptance

DISK_BYTES = 8 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    with mounted(tmp_path / "disk", str(DISK_BYTES)) as disk:
        yield disk


@pytest.fixture
def server(small_disk: Path, watched: Path) -> Iterator[Server]:
    with running(small_disk, watch=watched, arguments=("--drain", "1")) as server:
        yield server


def test_p1_a_full_disk_stops_writes_clearly_and_heals(
    server: Server, reader: Reader, small_disk: Path, watched: Path
) -> None:
    progress = Progress(reader, reader.now())
    (watched / "before.txt").write_text("before")
    progress.wait_until(lambda: bool(progress.events), "the first file is told")
    fill(small_disk / "filler")
    (watched / "while full.txt").write_text("told later")

    big = [{"kind": "upload", "path": f"/published {number}.txt"} for number in range(500)]
    refused = reader.publish(*big)

    assert refused.status_code == 503
    assert refused.headers["retry-after"].isdigit()
    assert reader.ask("GET", "/readyz").status_code == 503
    assert reader.ask("GET", "/healthz").status_code == 200
    assert reader.events(0)[0] == progress.events, "what is read is only what was committed"
    (small_disk / "filler").unlink()
    eventually(lambda: reader.ask("GET", "/readyz").status_code == 200, "it is ready again")
    assert reader.publish({"kind": "upload", "path": "/after.txt"}).status_code < 300
    progress.wait_until(lambda: {"while full.txt", "after.txt"} <= names(progress), "both are told")
    server.restart()
    assert names(progress) == {event["source"]["name"] for event in reader.events(0)[0]}


def names(progress: Progress) -> set[str]:
    return {event["source"]["name"] for event in progress.events}


def fill(path: Path) -> None:
    """Take all the room that there is."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
