"""`wakeful tail` and `wakeful publish` as real programs, against a scripted feed."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.client.scripted import EPOCH, ScriptedFeed, answer
from tests.processes import Program, program
from tests.servers import WAKEFUL, clean_environ, wakeful

Tail = Callable[..., Program]


@pytest.fixture
def tail(feed: ScriptedFeed) -> Iterator[Tail]:
    """Starts a tail; without `--since 0` what is published after its first poll is shown."""
    started = []

    def start(*arguments: str | Path) -> Program:
        command = [WAKEFUL, "tail", "--url", feed.url, "--token", "secret", *arguments]
        started.append(program(command))
        return started[-1].__enter__()

    yield start
    for each in started:
        each.__exit__(None, None, None)


def test_each_event_is_a_line_at_once(feed: ScriptedFeed, tail: Tail) -> None:
    following = tail()
    feed.wait_for("poll")

    feed.publish("a.txt", "b.txt")

    following.wait_for(lambda lines: len(lines) == 2, "two lines")
    assert [line.split()[2:] for line in following.lines] == [
        ["upload", "a.txt", "3", "B"],
        ["upload", "b.txt", "3", "B"],
    ]
    assert following.complaints == ""


def test_json_is_what_the_server_sent(feed: ScriptedFeed, tail: Tail) -> None:
    feed.publish("a", "b")
    following = tail("--json", "--since", "0")

    following.wait_for(lambda lines: len(lines) == 2, "two lines")

    assert [json.loads(line) for line in following.lines] == feed.entries


def test_ctrl_c_ends_it_without_a_word(feed: ScriptedFeed, tail: Tail) -> None:
    feed.hold = 600  # longer than the end is waited for
    following = tail()
    feed.wait_for("poll")

    following.interrupt()

    assert following.wait_until_ended() == 130
    assert following.complaints.strip() == ""


def test_a_restart_is_told_and_gone_on_after(feed: ScriptedFeed, tail: Tail) -> None:
    following = tail()
    feed.wait_for("poll")

    feed.stop()
    following.wait_for_complaint("is lost (")
    feed.start()
    following.wait_for_complaint("is back")
    feed.publish("after")

    following.wait_for(lambda lines: len(lines) == 1, "the event")
    assert following.complaints.count("\n") == 2


def test_a_gap_is_told(feed: ScriptedFeed, tail: Tail) -> None:
    feed.page_headers["Wakeful-Gap"] = "true"

    tail("--since", "7").wait_for_complaint("events after position 7 may be missing")


def test_the_end_of_its_reader_ends_it_without_another_event(feed: ScriptedFeed) -> None:
    feed.publish("a", "b")
    feed.hold = 600  # longer than it is waited for
    command = f"'{WAKEFUL}' tail --url {feed.url} --token t --since 0 | head -1"

    ended = subprocess.run(
        ["bash", "-c", f"{command}; echo codes ${{PIPESTATUS[*]}}"],
        capture_output=True,
        text=True,
        timeout=300,
        env=clean_environ(),
    )

    assert ended.stdout.splitlines()[1:] == ["codes 0 0"]
    assert ended.stderr == ""


def test_a_reader_that_ends_in_the_middle_of_writing_is_no_error(feed: ScriptedFeed) -> None:
    feed.publish(*(f"{index}" for index in range(5000)))
    command = f"'{WAKEFUL}' tail --url {feed.url} --token t --since 0 --json | head -1"

    ended = subprocess.run(
        ["bash", "-c", f"{command} >/dev/null; echo codes ${{PIPESTATUS[*]}}"],
        capture_output=True,
        text=True,
        timeout=300,
        env=clean_environ(),
    )

    assert (ended.stdout, ended.stderr) == ("codes 0 0\n", "")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (answer(status="401 Unauthorized"), "the server does not accept the token; `wakeful token"),
        (answer({"message": "Invalid stream position"}, "400 Bad"), "Invalid stream position"),
    ],
)
def test_what_ends_it_is_a_sentence(
    feed: ScriptedFeed, tail: Tail, fault: Callable[..., None], said: str
) -> None:
    feed.fault("page", fault)
    following = tail()

    assert following.wait_until_ended() == 1
    assert following.complaints.startswith(f"Error: {said}")
    assert following.complaints.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "yesterday"),
        ("--stream", "everything"),
        ("--type", "LOGIN"),
        ("--url", "nowhere"),
    ],
)
def test_wrong_usage_is_said_with_exit_code_2(tail: Tail, arguments: tuple[str, ...]) -> None:
    assert tail(*arguments).wait_until_ended() == 2


def test_it_resumes_where_it_stopped(feed: ScriptedFeed, tail: Tail, tmp_path: Path) -> None:
    kept = tmp_path / "position"
    feed.publish("a")
    first = tail("--since", "0", "--resume", kept)
    feed.wait_for("poll")
    first.interrupt()
    first.wait_until_ended()
    feed.publish("b")

    second = tail("--resume", kept)

    second.wait_for(lambda lines: len(lines) == 1, "a line")
    assert second.lines[0].split()[3] == "b"
    feed.wait_for("poll", 2)
    assert kept.read_text() == f"{EPOCH + 2}\n"


def test_a_position_file_that_is_none_is_named(tail: Tail, tmp_path: Path) -> None:
    (tmp_path / "position").write_text("{}")

    following = tail("--resume", tmp_path / "position")

    assert following.wait_until_ended() == 1
    assert "holds no position" in following.complaints


def test_a_full_disk_is_said(feed: ScriptedFeed) -> None:
    feed.publish("a")
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [WAKEFUL, "tail", "--url", feed.url, "--token", "t", "--since", "0"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
            env=clean_environ(),
        )

    assert ended.returncode == 1
    assert ended.stderr == "Error: cannot write: No space left on device\n"


def test_names_that_the_terminal_cannot_show_do_not_end_it(feed: ScriptedFeed, tail: Tail) -> None:
    feed.publish("日本", "b")
    command = [str(WAKEFUL), "tail", "--url", feed.url, "--token", "t", "--since", "0"]
    with program(command, {"PYTHONIOENCODING": "ascii"}) as following:
        following.wait_for(lambda lines: len(lines) == 2, "two lines")

        assert r"\u65e5\u672c" in following.lines[0]


def test_on_a_terminal_it_is_coloured_and_says_what_it_follows(feed: ScriptedFeed) -> None:
    feed.hold = 600  # longer than the end is waited for
    shown, terminal = pty.openpty()
    tail = subprocess.Popen(
        [WAKEFUL, "tail", "--url", feed.url, "--token", "t"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env=clean_environ() | {"TERM": "xterm"},
    )
    os.close(terminal)
    try:
        feed.wait_for("poll")
        feed.publish("a.txt")
        text = read_until(shown, b"a.txt")
        tail.send_signal(signal.SIGINT)
        code = tail.wait(180)
    finally:
        tail.kill()
        tail.wait()
        os.close(shown)

    assert code == 130
    assert f"Following {feed.url}. Ctrl-C ends.".encode() in text
    assert b"\x1b[32m" in text


def read_until(terminal: int, end: bytes) -> bytes:
    text = b""
    while end not in text:
        ready, _, _ = select.select([terminal], [], [], 180)
        assert ready, text
        text += os.read(terminal, 4096)
    return text


def test_a_change_is_published(feed: ScriptedFeed) -> None:
    ended = wakeful("publish", "--url", feed.url, "--token", "t", "trash", "/a")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"event e1  position {EPOCH + 1}\n"
    assert json.loads(feed.received[0].body) == {"kind": "trash", "path": "/a"}


def test_a_server_that_is_not_there_is_said(feed: ScriptedFeed) -> None:
    feed.stop()

    ended = wakeful("publish", "--url", feed.url, "--token", "t", "--wait", "0", "trash", "/a")

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "no connection: connection refused" in ended.stderr
