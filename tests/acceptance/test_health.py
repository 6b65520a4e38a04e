"""How operators see that it is well: /healthz, /readyz, /metrics, `wakeful status`, notices."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.readers import Reader
from tests.servers import Server, running, wakeful

pytestmark = pytest.mark.acceptance


def test_a_server_that_is_ready_says_so_everywhere(server: Server, reader: Reader) -> None:
    assert "READY=1" in server.notices
    assert reader.ask("GET", "/healthz").status_code == 200
    assert reader.ask("GET", "/readyz").status_code == 200


def test_it_tells_its_supervisor_that_it_stops(server: Server) -> None:
    server.ask_to_end()

    server.wait_for_notice("STOPPING=1")

    assert server.wait_until_ended() == 0


def test_the_metrics_count_what_happened(server: Server, reader: Reader, watched: Path) -> None:
    before = reader.metrics()
    channel, position = reader.channel(), reader.now()

    with Reader(server.url, server.token) as waiting, ThreadPoolExecutor(1) as pool:
        poll = pool.submit(waiting.poll, channel, position)
        reader.wait_until_parked(1)
        (watched / "new.txt").write_text("new")
        assert poll.result()["message"] == "new_change"

    after = reader.metrics()
    assert after["wakeful_polls_parked"] == 0
    risen = {name for name, value in after.items() if value > before.get(name, 0.0)}
    assert {"wakeful_commands_committed_total", "wakeful_wakes_total"} <= risen


def test_p7_health_needs_no_token_and_tells_no_secret(server: Server, watched: Path) -> None:
    with Reader(server.url, "") as stranger:
        for path in ("/healthz", "/readyz", "/metrics"):
            answer = stranger.ask("GET", path)
            assert answer.status_code == 200
            assert server.token not in answer.text
            assert watched.name not in answer.text
            assert "one.txt" not in answer.text


def test_status_shows_the_same_to_people(server: Server, watched: Path) -> None:
    answer = wakeful("status", "--data", server.data)

    assert answer.returncode == 0, answer.stderr
    assert str(watched) in answer.stdout
    assert "2 files in 1 folder" in answer.stdout
    assert "writable" in answer.stdout


def test_a_server_without_a_folder_is_ready_too(tmp_path: Path) -> None:
    with running(tmp_path) as server, Reader(server.url, server.token) as reader:
        assert reader.ask("GET", "/readyz").status_code == 200
        assert reader.get("/2.0/folders/0/items")["entries"] == []
