"""What the README shows works as it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.components import missing, python_sdk
from tests.processes import program
from tests.readers import Reader
from tests.servers import WAKEFUL, Server
from tests.suites import run

pytestmark = pytest.mark.acceptance

PROJECT = Path(__file__).parent.parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_make_serve_follows_a_folder_until_ctrl_c(tmp_path: Path, watched: Path) -> None:
    if shutil.which("make") is None:
        missing("make", "apt install make")
    data = tmp_path / "data"
    assert "make serve WATCH=" in README
    command = ["make", "serve", f"WATCH={watched}", f"ARGS=--data '{data}' --port 0"]
    with program(command, cwd=PROJECT) as make:
        make.wait_for(lambda lines: any("Ctrl-C" in line for line in lines), "the banner")
        said = "".join(make.lines)
        url = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert url, said
        with Reader(url[0], (data / "token").read_text().strip()) as reader:
            listed = reader.get("/2.0/folders/0/items")["entries"]

        make.interrupt()

        make.wait_until_ended()
        assert str(watched) in said
        assert {item["name"] for item in listed} == {"inner", "one.txt"}
        assert "Traceback" not in make.complaints


def test_tail_shows_a_change(server: Server, reader: Reader, watched: Path) -> None:
    assert ".venv/bin/wakeful tail\n" in README
    # It finds the default data folder by itself; this server has another one.
    command = [str(WAKEFUL), "tail"]
    with program(command, {"WAKEFUL_DATA": str(server.data)}) as tail:
        reader.wait_until_parked(1)

        (watched / "new.txt").write_text("new")

        tail.wait_for(lambda lines: any("new.txt" in line for line in lines), "the new file")


@pytest.mark.sdk
def test_the_lines_with_the_box_sdk_show_a_change(
    server: Server, reader: Reader, watched: Path
) -> None:
    lines = block("box_sdk_gen", server)
    with program([python_sdk("boxsdk10"), "-u", "-c", lines]) as follower:
        reader.wait_until_parked(1)

        (watched / "new.txt").write_text("new")

        follower.wait_for(bool, "a line")
        assert follower.lines == ["ITEM_UPLOAD new.txt\n"]


def test_the_lines_with_our_own_client_show_a_change(
    server: Server, reader: Reader, watched: Path
) -> None:
    lines = f"token = {server.token!r}\n{block('wakeful.client', server)}"
    with program([WAKEFUL.with_name("python"), "-u", "-c", lines]) as follower:
        reader.wait_until_parked(1)

        (watched / "new.txt").write_text("new")

        follower.wait_for(bool, "a line")
        assert follower.lines[0].startswith("ITEM_UPLOAD")
        assert "new.txt" in follower.lines[0]


def test_the_test_of_a_program_passes(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(def test_.*?)```", README, re.DOTALL)
    (tmp_path / "test_program.py").write_text(code)

    done = run(tmp_path)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def block(imported: str, server: Server) -> str:
    """The README's Python that imports from *imported*, for *server*."""
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (found,) = [block for block in blocks if f"from {imported} import" in block]
    assert isinstance(found, str)
    return found.replace("http://127.0.0.1:8787", server.url).replace(
        "the token that was printed", server.token
    )
