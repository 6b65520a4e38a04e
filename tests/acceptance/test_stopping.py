"""How it ends, gracefully or not, and what clients and the feed make of it."""

from __future__ import annotations

import json
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.readers import Progress, Reader, ids
from tests.servers import Server, running

pytestmark = pytest.mark.acceptance

POLLS = 20


def test_p10_behind_a_supervisors_socket_sigterm_makes_the_polls_come_back(
    server: Server, reader: Reader
) -> None:
    for answer in polls_at_sigterm(server, reader):
        assert answer.status_code == 200
        assert answer.json()["message"] == "reconnect"


def test_p10_without_a_supervisor_sigterm_makes_the_polls_come_back_later(
    tmp_path: Path, watched: Path
) -> None:
    arguments = ("--drain", "1")
    with (
        running(tmp_path, watch=watched, arguments=arguments, activated=False) as server,
        Reader(server.url, server.token) as reader,
    ):
        for answer in polls_at_sigterm(server, reader):
            assert answer.status_code == 503
            assert answer.headers["retry-after"].isdigit()


def polls_at_sigterm(server: Server, reader: Reader) -> list[httpx2.Response]:
    """What polls are answered when the server is told to stop, which it then does."""
    channel, position = reader.channel(), reader.now()

    def poll() -> httpx2.Response:
        with Reader(server.url, server.token) as own:
            return own.ask("GET", f"{channel}&stream_position={position}")

    with ThreadPoolExecutor(POLLS) as pool:
        polls = [pool.submit(poll) for _ in range(POLLS)]
        reader.wait_until_parked(POLLS)
        server.terminate()
        return [answered.result() for answered in polls]


def test_p10_a_channel_and_a_position_outlive_a_restart(
    server: Server, reader: Reader, watched: Path
) -> None:
    channel, position = reader.channel(), reader.now()

    server.restart()
    (watched / "new.txt").write_text("new")

    assert reader.poll(channel, position)["message"] == "new_change"
    events, _ = reader.events(position)
    assert [event["source"]["name"] for event in events] == ["new.txt"]


def test_p10_a_cursor_outlives_a_restart_and_a_poll_with_it_is_woken(
    server: Server, watched: Path
) -> None:
    (watched / "Deep").mkdir()
    (watched / "Deep" / "old.txt").write_text("old")
    with httpx2.Client(headers={"Authorization": f"Bearer {server.token}"}, timeout=60) as client:

        def call(function: str, **argument: object) -> dict[str, Any]:
            answer = client.post(f"{server.url}/2/files/{function}", json=argument, timeout=60)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        shown: list[str] = []
        page = call("list_folder", path="", recursive=True, limit=1)
        server.restart()
        while not {"/Deep", "/Deep/old.txt"} <= set(shown):
            shown += [entry["path_display"] for entry in page["entries"]]
            page = call("list_folder/continue", cursor=page["cursor"])
        cursor = page["cursor"]
        server.restart()
        with ThreadPoolExecutor(1) as pool, Reader(server.url, server.token) as reader:
            polled = pool.submit(call, "list_folder/longpoll", cursor=cursor)
            reader.wait_until_parked(1)
            (watched / "Deep" / "new.txt").write_text("new")
            assert polled.result() == {"changes": True}
        page = call("list_folder/continue", cursor=cursor)
        assert [entry["path_lower"] for entry in page["entries"]] == ["/deep/new.txt"]
        assert "content_hash" in page["entries"][0]
        assert page["entries"][0]["is_downloadable"] is True
        argument = {"Dropbox-API-Arg": '{"path": "/deep/new.txt"}'}
        answer = client.post(f"{server.url}/2/files/download", headers=argument)
        assert answer.content == b"new"


def test_p10_a_request_that_comes_while_the_server_is_away_waits_for_it(
    server: Server, reader: Reader
) -> None:
    position = reader.now()
    server.terminate()
    with ThreadPoolExecutor(1) as pool, Reader(server.url, server.token) as early:
        # The supervisor's socket takes it; the next server answers it.
        waiting = pool.submit(early.now)
        server.start()

        assert waiting.result() == position


def test_p1_p3_kill_9_in_a_burst_loses_nothing_and_doubles_nothing(
    server: Server, reader: Reader, watched: Path
) -> None:
    names = [f"{number:04}.txt" for number in range(2_000)]
    begin = reader.now()
    progress = Progress(reader, begin)
    quarter, half = threading.Event(), threading.Event()

    def burst() -> None:
        for name in names:
            (watched / "inner" / name).write_text(f"the content of {name}")
            if name == names[500]:
                quarter.set()
            if name == names[1_000]:
                half.set()

    writer = threading.Thread(target=burst)
    writer.start()
    quarter.wait()
    progress.wait_until(lambda: bool(progress.events), "the burst is being told")
    server.kill()
    seen = list(progress.events)
    half.wait()
    server.start()
    writer.join()

    progress.wait_until(lambda: len(progress.events) >= len(names), "the whole burst is told")
    told, end = reader.events(begin)
    assert sorted(event["source"]["name"] for event in told) == names
    assert ids(told)[: len(seen)] == ids(seen), "what was read before stays as it was"
    assert end - begin == len(names), "numbers are consecutive"
    assert {event["event_type"] for event in told} == {"ITEM_UPLOAD"}


def test_p10_a_server_that_is_stopped_twice_ends_all_the_same(
    server: Server, reader: Reader
) -> None:
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(reader.ask, "GET", f"{reader.channel()}&stream_position={reader.now()}")
        with Reader(server.url, server.token) as other:
            other.wait_until_parked(1)
        server.ask_to_end()
        server.wait_for_notice("STOPPING=1")
        server.ask_to_end()

        assert server.wait_until_ended() == 0
        assert poll.result().json()["message"] == "reconnect"


# A server that is told once more when its interpreter takes itself apart.
TOLD_AT_THE_END = """\
import os, sys
from wakeful.cli import main

class Last:
    def __del__(self, kill=os.kill, process=os.getpid()):
        kill(process, {number:d})

sys.last = Last()  # which goes when all other modules have gone
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_p10_a_server_that_is_stopped_again_at_its_very_end_has_ended_well(
    tmp_path: Path, number: signal.Signals
) -> None:
    server = Server(tmp_path)
    server.program = (sys.executable, "-c", TOLD_AT_THE_END.format(number=number))
    with closing(server):
        server.start()

        server.terminate()

        assert "Traceback" not in server.err


def test_its_log_is_json_where_no_terminal_is(server: Server, reader: Reader) -> None:
    reader.now()
    server.terminate()

    for line in server.err.splitlines():
        assert {"event", "level", "timestamp"} <= set(json.loads(line))
