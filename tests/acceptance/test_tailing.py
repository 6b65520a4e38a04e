"""`wakeful tail`: the feed in a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Program, program
from tests.readers import Progress, Reader
from tests.servers import WAKEFUL, Server

pytestmark = pytest.mark.acceptance


@pytest.fixture
def tail(server: Server, reader: Reader) -> Iterator[Program]:
    """It follows, from now on."""
    command = [str(WAKEFUL), "tail", "--url", server.url, "--token-file", str(server.token_file)]
    with program(command) as tail:
        reader.wait_until_parked(1)
        yield tail


def test_it_shows_each_change_in_a_line(tail: Program, watched: Path) -> None:
    (watched / "new.txt").write_text("new")

    tail.wait_for(lambda lines: len(lines) >= 1, "a line")
    assert "new.txt" in tail.lines[0]


def test_it_goes_on_after_a_restart(tail: Program, server: Server, watched: Path) -> None:
    server.terminate()
    (watched / "meanwhile.txt").write_text("while the server was away")
    server.start()
    (watched / "after.txt").write_text("after")

    tail.wait_for(lambda lines: any("after.txt" in line for line in lines), "the last change")
    told = [line for line in tail.lines if ".txt" in line]
    assert len(told) == 2
    assert any("meanwhile.txt" in line for line in told)
    assert tail.is_running()


def test_it_goes_on_after_a_crash_and_says_meanwhile_what_is_wrong(
    tail: Program, server: Server, reader: Reader, watched: Path
) -> None:
    server.refuse_connections()
    server.kill()
    tail.wait_for_complaint("is lost")

    server.start()
    (watched / "after.txt").write_text("after")

    tail.wait_for(lambda lines: any("after.txt" in line for line in lines), "the change")
    assert len(tail.lines) == 1
    assert tail.is_running()


def test_ctrl_c_ends_it_cleanly(tail: Program) -> None:
    tail.interrupt()

    assert tail.wait_until_ended() in (0, 130)
    assert "Traceback" not in tail.complaints


def test_for_machines_it_writes_the_events_themselves(
    server: Server, reader: Reader, watched: Path
) -> None:
    progress = Progress(reader, reader.now())
    (watched / "new.txt").write_text("new")
    (watched / "one.txt").unlink()
    progress.wait_until(lambda: len(progress.events) == 2, "both are told")
    command = [
        *(str(WAKEFUL), "tail", "--json", "--since", "0"),
        *("--url", server.url, "--token-file", str(server.token_file)),
    ]
    with program(command) as tail:
        tail.wait_for(lambda lines: len(lines) >= 2, "two lines")

        assert [json.loads(line)["event_id"] for line in tail.lines] == [
            event["event_id"] for event in progress.events
        ]


def test_it_ends_quietly_when_nobody_reads_on(
    server: Server, reader: Reader, watched: Path
) -> None:
    (watched / "new.txt").write_text("new")
    tail = f"'{WAKEFUL}' tail --since 0 --data '{server.data}'"
    with program(["sh", "-c", f"{tail} | head -n 1"]) as pipeline:
        pipeline.wait_for(bool, "the first line")
        # It finds out when it writes the next one.
        for number in range(3):
            (watched / f"{number}.txt").write_text("more")

        pipeline.wait_until_ended()
        assert len(pipeline.lines) == 1
        assert "Traceback" not in pipeline.complaints
        assert "BrokenPipe" not in pipeline.complaints


def test_it_finds_the_server_of_a_data_folder_by_itself(
    server: Server, reader: Reader, watched: Path
) -> None:
    with program([WAKEFUL, "tail", "--data", server.data, "--since", "0"]) as tail:
        (watched / "new.txt").write_text("new")

        tail.wait_for(lambda lines: any("new.txt" in line for line in lines), "the new file")


def test_a_wrong_token_is_said_and_ends_it(server: Server, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("no such token\n")
    with program([WAKEFUL, "tail", "--url", server.url, "--token-file", wrong]) as tail:
        assert tail.wait_until_ended() != 0

        assert re.search("token", tail.complaints)
        assert "Traceback" not in tail.complaints
