"""`wakeful serve --memory`: a whole server that keeps nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.processes import Program, program
from tests.readers import Progress, Reader
from tests.servers import WAKEFUL, wakeful

pytestmark = pytest.mark.acceptance

UNNEEDED = (
    "apsw",
    "cryptography",
    "difflib",
    "httpx2",
    "inotify_simple",
    "jinja2",
    "jwt",
    "pathspec",
    "pygments",
    "rich.console",
    "tomllib",
    "wakeful.client",
    "wakeful.http.control",
    "wakeful.sources",
    "wakeful.stores.sqlite",
    "wakeful.tls",
    "zipfile",
)
"""What a server in memory has no use for before its first answer. Each takes milliseconds, and a
start is paid for by every run of somebody's tests."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a server in memory tells of itself."""

    url: str
    token: str
    lines: tuple[str, ...]
    server: Program


@contextmanager
def in_memory(
    folder: Path, *arguments: str | Path, environ: Mapping[str, str] | None = None
) -> Iterator[Said]:
    """A server in memory whose home, and all else where it might write, is *folder*."""
    home = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "TMPDIR")}
    command: Sequence[str | Path] = (WAKEFUL, "serve", "--memory", "--port", "0", *arguments)
    with program(command, home | dict(environ or {}), cwd=folder) as server:
        server.wait_for(lambda lines: any("Ctrl-C" in line for line in lines), "the banner")
        said = "".join(server.lines)
        yield Said(_field(said, "URL"), _field(said, "Token"), tuple(server.lines), server)
        server.interrupt()
        assert server.wait_until_ended() == 0


def _field(said: str, label: str) -> str:
    found = re.search(rf"^  {label} +(.+)$", said, re.MULTILINE)
    assert found is not None, said
    return found.group(1)


def test_it_serves_both_dialects_and_puts_nothing_on_the_disk(tmp_path: Path) -> None:
    with in_memory(tmp_path) as said, Reader(said.url, said.token) as reader:
        reader.publish({"kind": "upload", "path": "/plan.txt", "size": 3})

        events, _ = reader.events(0)
        assert [event["source"]["name"] for event in events] == ["plan.txt"]
        listed = reader.ask("POST", "/2/files/list_folder", json={"path": ""}).json()
        assert [entry["path_display"] for entry in listed["entries"]] == ["/plan.txt"]
        assert list(tmp_path.rglob("*")) == []
    assert list(tmp_path.rglob("*")) == []


def test_nothing_is_left_of_the_one_before(tmp_path: Path) -> None:
    environ = {"WAKEFUL_TOKEN": "the-same-token"}
    with in_memory(tmp_path, environ=environ) as said, Reader(said.url, said.token) as reader:
        reader.publish({"kind": "upload", "path": "/plan.txt"})
    with in_memory(tmp_path, environ=environ) as said, Reader(said.url, said.token) as reader:
        assert reader.events(0)[0] == []


def test_the_token_can_be_chosen_so_that_others_know_it(tmp_path: Path) -> None:
    environ = {"WAKEFUL_TOKEN": "known-before"}

    with in_memory(tmp_path, environ=environ) as said:
        answer = httpx2.get(
            f"{said.url}/2.0/users/me", headers={"Authorization": "Bearer known-before"}, timeout=60
        )

        assert said.token == "known-before"
        assert answer.status_code == 200


def test_it_imports_nothing_that_its_first_answer_does_not_need(tmp_path: Path) -> None:
    environ = {"PYTHONPROFILEIMPORTTIME": "1"}

    with in_memory(tmp_path, environ=environ) as said, Reader(said.url, said.token) as reader:
        reader.get("/2.0/users/me")

    # Only when it has ended has all been read that it wrote before.
    told = said.server.complaints
    imported = set(re.findall(r"^import time: .*\| +(\S+)$", told, re.MULTILINE))
    assert imported >= {"wakeful.cli.server", "wakeful.http.app", "structlog"}
    assert imported.intersection(UNNEEDED) == set()


def test_the_banner_leads_to_it_without_a_data_folder(tmp_path: Path) -> None:
    with in_memory(tmp_path) as said:
        assert f"tail --url {said.url} --token {said.token}" in "".join(said.lines)


def test_a_folder_can_be_followed_from_memory(tmp_path: Path) -> None:
    watched, elsewhere = tmp_path / "watched", tmp_path / "elsewhere"
    watched.mkdir()
    elsewhere.mkdir()
    (watched / "one.txt").write_text("1")

    with in_memory(elsewhere, "--watch", watched) as said, Reader(said.url, said.token) as reader:
        progress = Progress(reader, 0)
        (watched / "two.txt").write_text("2")
        progress.wait_until(lambda: bool(progress.events), "two.txt is told")

        listed = reader.get("/2.0/folders/0/items")["entries"]
    assert {entry["name"] for entry in listed} == {"one.txt", "two.txt"}
    assert {path.name for path in watched.iterdir()} == {"one.txt", "two.txt"}
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environ", "named"),
    [
        pytest.param(("--data", "somewhere"), {}, "data folder", id="a data folder"),
        pytest.param(("--tls-port", "0"), {}, "--tls-cert", id="an authority of its own"),
        pytest.param(("--watch", "/no/such/folder"), {}, "/no/such/folder", id="no folder"),
        pytest.param((), {"WAKEFUL_TOKEN": "a b"}, "WAKEFUL_TOKEN", id="a token with a blank"),
        pytest.param((), {"WAKEFUL_TOKEN": "x"}, "WAKEFUL_TOKEN", id="a short token"),
    ],
)
def test_what_makes_no_sense_in_memory_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], named: str
) -> None:
    answer = wakeful("serve", "--memory", "--port", "0", *arguments, environ=environ)

    assert answer.returncode == 2
    assert named in answer.stderr
    assert "Traceback" not in answer.stderr
