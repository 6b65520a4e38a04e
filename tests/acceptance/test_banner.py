"""The lines that a starting server prints for pasting do what they promise, as they are."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.components import missing, node_sdk, python_sdk
from tests.processes import Program, program
from tests.readers import Progress, Reader
from tests.servers import WAKEFUL, Server, clean_environ, running

pytestmark = pytest.mark.acceptance

# Commands of the environment that the server runs in are on the path of whoever pastes.
PATH = {"PATH": f"{WAKEFUL.parent}:{os.environ['PATH']}"}


def test_the_curl_line_reads_the_events(server: Server, reader: Reader, watched: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl", "apt install curl")
    progress = Progress(reader, reader.now())
    (watched / "new.txt").write_text("new")
    progress.wait_until(lambda: bool(progress.events), "the new file is told")

    answer = subprocess.run(
        ["sh", "-c", sample(server, "curl")],
        capture_output=True,
        env=clean_environ() | PATH,
        timeout=300,
        check=True,
    )

    events = json.loads(answer.stdout)["entries"]
    assert [event["source"]["name"] for event in events] == ["new.txt"]


def test_the_terminal_line_shows_the_next_change(
    server: Server, reader: Reader, watched: Path
) -> None:
    with pasted(["sh", "-c", f"exec {sample(server, 'Another terminal')}"]) as tail:
        reader.wait_until_parked(1)

        (watched / "new.txt").write_text("new")

        tail.wait_for(lambda lines: any("new.txt" in line for line in lines), "the new file")


@pytest.mark.sdk
def test_the_python_lines_show_the_next_change(
    server: Server, reader: Reader, watched: Path
) -> None:
    lines = sample(server, "Box SDK, Python")
    with pasted([str(python_sdk("boxsdk10")), "-u", "-c", lines]) as follower:
        reader.wait_until_parked(1)

        (watched / "new.txt").write_text("new")

        follower.wait_for(lambda lines: bool(lines), "a line")
        assert follower.lines == ["ITEM_UPLOAD new.txt\n"]


@pytest.mark.sdk
def test_the_node_lines_show_the_next_change(server: Server, reader: Reader, watched: Path) -> None:
    home = node_sdk("boxnode10")
    lines = sample(server, "Box SDK, Node")
    with pasted(["node", "-e", lines], cwd=home) as follower:
        reader.wait_until_parked(1)

        (watched / "new.txt").write_text("new")

        follower.wait_for(lambda lines: bool(lines), "a line")
        assert follower.lines == ["ITEM_UPLOAD new.txt\n"]


# What comes after the lines of the banner, which only make a client.
DROPBOX_PYTHON = """
cursor = client.files_list_folder_get_latest_cursor("", recursive=True).cursor
client.files_list_folder_longpoll(cursor)
[entry] = client.files_list_folder_continue(cursor).entries
print(client.files_download(entry.path_lower)[1].text)
"""
DROPBOX_NODE = """
(async () => {
  const path = "";
  const { cursor } = (await client.filesListFolderGetLatestCursor({ path })).result;
  await client.filesListFolderLongpoll({ cursor });
  const [entry] = (await client.filesListFolderContinue({ cursor })).result.entries;
  const { fileBinary } = (await client.filesDownload({ path: entry.path_lower })).result;
  console.log(fileBinary.toString());
})();
"""


@pytest.fixture
def secure(tmp_path: Path, watched: Path) -> Iterator[Server]:
    """It speaks TLS, too, and the file to trust has a name that has to be quoted."""
    folder = tmp_path / "it's mine"
    folder.mkdir()
    with running(folder, watch=watched, tls=True) as server:
        yield server


@pytest.mark.sdk
@pytest.mark.parametrize("home", ["dropbox12", "dropbox120"])
def test_the_python_lines_for_dropbox_make_a_client(
    secure: Server, watched: Path, home: str
) -> None:
    lines = sample(secure, "Dropbox SDK, Python") + DROPBOX_PYTHON
    # Where an environment names other authorities, requests trusts nothing else.
    environ = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
    with (
        Reader(secure.url, secure.token) as reader,
        program([python_sdk(home), "-u", "-W", "ignore", "-c", lines], environ) as run,
    ):
        reader.wait_until_parked(1)
        (watched / "new.txt").write_text("all of it")

        run.wait_for(lambda lines: lines == ["all of it\n"], "the content")


@pytest.mark.sdk
def test_the_node_lines_for_dropbox_make_a_client(secure: Server, watched: Path) -> None:
    home = node_sdk("dropboxjs10")
    shell, _, lines = sample(secure, "Dropbox SDK, Node").partition("\n")
    typed = f"{shell} <<'END'\n{lines}{DROPBOX_NODE}END\n"
    with (
        Reader(secure.url, secure.token) as reader,
        pasted(["sh", "-c", typed], cwd=home) as run,
    ):
        reader.wait_until_parked(1)
        (watched / "new.txt").write_text("all of it")

        run.wait_for(lambda lines: lines == ["all of it\n"], "the content")


def test_on_a_terminal_the_token_is_shown_and_ctrl_c_ends_it(tmp_path: Path, watched: Path) -> None:
    data = tmp_path / "data"
    command = [
        *(str(WAKEFUL), "serve", "--data", str(data)),
        "--watch",
        str(watched),
        "--port",
        "0",
    ]
    ours, its = pty.openpty()
    with closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
        server = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=clean_environ())
        os.close(its)
        try:
            said = read_until(terminal.fileno(), "Ctrl-C")
            server.send_signal(signal.SIGINT)
            said += read_to_end(terminal.fileno())

            assert server.wait(30) in (0, 130)
        finally:
            server.kill()
            server.wait()
    assert (data / "token").read_text().strip() in said
    assert "2 files" in said
    assert "Traceback" not in said


def sample(server: Server, title: str) -> str:
    """The lines under *title*, with the token where the banner, in a log, only names it."""
    found = re.search(rf"^  {title}.*\n((?:    .*\n)+)", server.out, re.MULTILINE)
    assert found, server.out
    return textwrap.dedent(found[1]).strip().replace('"TOKEN"', f'"{server.token}"')


@contextmanager
def pasted(command: list[str], cwd: Path | None = None) -> Iterator[Program]:
    with program(command, PATH, cwd) as running:
        yield running


def read_until(terminal: int, text: str) -> str:
    said = ""
    while text not in said:
        data = os.read(terminal, 4096)
        assert data, said
        said += data.decode()
    return said


def read_to_end(terminal: int) -> str:
    said = ""
    try:
        while data := os.read(terminal, 4096):
            said += data.decode()
    except OSError:
        # Linux says so when nobody has the other end any more.
        return said
    return said
