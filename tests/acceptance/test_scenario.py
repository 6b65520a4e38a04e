"""What an emulator has from the beginning, and what happens in it by itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from tests.acceptance.test_emulated_faults import LIST, Client
from tests.acceptance.test_memory import in_memory
from tests.servers import wakeful
from wakeful.testing import Emulator, EmulatorFailed, User

pytestmark = pytest.mark.acceptance

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"

SCENARIO = """\
[[users]]
login = "ann@example.com"
name = "Ann"
token = "anns-own-token"
enterprise = "acme"
seed = "ann"

[[users]]
login = "bob@example.com"
enterprise = "acme"
is_admin = false

[[shared]]
name = "Team"
owner = "ann@example.com"
members = ["bob@example.com"]

[[timeline]]
at = "1h"
user = "bob@example.com"
changes = [{ kind = "upload", path = "/Team/plan.txt", size = 3 }]

[[timeline]]
at = 60
user = "ann@example.com"
events = [{ type = "COMMENT_CREATE", source = { type = "comment", id = "7" } }]

[[faults]]
fault = "status"
status = 503
route = "box.events"
user = "bob@example.com"
times = 1
"""


@contextmanager
def client_of(user: User) -> Iterator[Client]:
    client = Client(user.url, user)
    try:
        yield client
    finally:
        client.close()


def a_folder(folder: Path) -> Path:
    """A folder with folders and files in it."""
    (folder / "docs" / "old").mkdir(parents=True)
    (folder / "docs" / "plan.txt").write_text("the plan")
    (folder / "docs" / "old" / "empty.bin").write_bytes(b"")
    (folder / "Ünïcode.txt").write_text("ü")
    os.symlink("/etc/passwd", folder / "link")
    return folder


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    a_folder(tmp_path / "ann")
    file = tmp_path / "scenario.toml"
    file.write_text(SCENARIO)
    return file


def test_a_scenario_is_there_and_happens_at_its_times(scenario: Path) -> None:
    with Emulator(scenario=scenario) as emulator:
        ann, bob = emulator.find("ann@example.com"), emulator.find("bob@example.com")
        with client_of(ann) as hers, client_of(bob) as his:
            assert (ann.token, ann.enterprise) == ("anns-own-token", bob.enterprise)
            assert his.events().status_code == 503
            begin = hers.events("now").json()["next_stream_position"]
            assert hers.events(begin).json()["entries"] == []

            emulator.advance(minutes=2)
            (comment,) = hers.events(begin).json()["entries"]
            assert comment["event_type"] == "COMMENT_CREATE"

            emulator.advance(hours=1)
            (_, upload) = hers.events(begin).json()["entries"]
            assert (upload["event_type"], upload["source"]["name"]) == ("ITEM_UPLOAD", "plan.txt")
            assert upload["created_by"]["id"] == str(bob.id)
        told = emulator.ask("GET", "/emulator/timeline")
        assert [each["error"] for each in told["done"]] == [None, None]
        assert told["done"][0]["where"] == f"{scenario}:23"


def test_the_scenario_of_the_page_can_be_played(tmp_path: Path) -> None:
    found = re.search(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    file = tmp_path / "scenario.toml"
    file.write_text(found[1])
    a_folder(tmp_path / "fixtures" / "ann")

    with Emulator(scenario=file) as emulator:
        emulator.advance(hours=3)

        told = emulator.ask("GET", "/emulator/timeline")
        assert [each["error"] for each in told["done"]] == [None, None]


def test_what_is_seeded_is_there_with_contents_and_without_events(scenario: Path) -> None:
    with (
        Emulator(scenario=scenario) as emulator,
        client_of(emulator.find("ann@example.com")) as ann,
    ):
        seen = ann.ask("POST", LIST, json={"path": "", "recursive": True}).json()["entries"]
        files = {each["path_display"]: each for each in seen if each[".tag"] == "file"}
        assert sorted(files) == ["/docs/old/empty.bin", "/docs/plan.txt", "/Ünïcode.txt"]
        content = ann.ask(
            "POST", "/2/files/download", headers={"Dropbox-API-Arg": '{"path": "/docs/plan.txt"}'}
        )
        assert content.content == b"the plan"
        assert files["/docs/plan.txt"]["size"] == 8
        assert len(files["/docs/plan.txt"]["content_hash"]) == 64
        told = {event["event_type"] for event in ann.events().json()["entries"]}
        assert not told & {"ITEM_UPLOAD", "ITEM_CREATE"}


def test_a_user_is_given_a_folder_by_a_test(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder")
    with Emulator() as emulator:
        user = emulator.user()
        user.publish({"kind": "create_folder", "path": "/given"})

        user.seed(folder, into="/given")

        with client_of(user) as client:
            asked = {"path": "/given/docs"}
            names = [
                each["name"] for each in client.ask("POST", LIST, json=asked).json()["entries"]
            ]
            assert sorted(names) == ["old", "plan.txt"]
        with pytest.raises(EmulatorFailed, match="409"):
            user.seed(folder, into="/given")
        with pytest.raises(EmulatorFailed, match="cannot read"):
            user.seed(tmp_path / "nowhere")
        with pytest.raises(EmulatorFailed, match="no full path"):
            emulator.ask("POST", "/emulator/seed", {"user": user.id, "path": "folder"})
        with pytest.raises(EmulatorFailed, match="no user 17"):
            emulator.ask("POST", "/emulator/seed", {"user": 17, "path": str(folder)})


def test_a_name_that_no_item_can_have_is_refused_before_anything_is_put_in(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder")
    (folder / "docs" / "old" / os.fsdecode(b"not-\xff-utf8")).write_text("")
    with Emulator() as emulator:
        user = emulator.user()

        with pytest.raises(EmulatorFailed, match="utf"):
            user.seed(folder)

        with client_of(user) as client:
            assert client.ask("POST", LIST, json={"path": ""}).json()["entries"] == []


def test_the_command_line_takes_both(tmp_path: Path, scenario: Path) -> None:
    seed = a_folder(tmp_path / "seed")

    with in_memory(tmp_path, "--scenario", scenario, "--seed", seed) as said:
        emulator = Emulator.at(said.url, said.token)
        assert emulator.find("bob@example.com").id
        users = emulator.ask("GET", "/emulator/users")["users"]
        assert [user["login"] for user in users] == ["ann@example.com", "bob@example.com"]


def test_a_step_that_is_refused_is_told_of_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(
        dedent("""\
        [[users]]
        login = "ann@example.com"

        [[timeline]]
        at = "1h"
        user = "ann@example.com"
        changes = [{ kind = "delete", path = "/nowhere.txt" }]
        """)
    )
    with Emulator(scenario=file) as emulator:
        with pytest.raises(EmulatorFailed, match=r"409.*scenario\.toml:4: 404 "):
            emulator.advance(hours=2)

        emulator.advance(hours=1)
        assert emulator.ask("GET", "/emulator/timeline")["waiting"] == []


WRONG = {
    "no TOML": ("[[users]\n", 1, "Expected"),
    "an unknown table": ("[[users]]\nlogin = 'a@b.c'\n\n[[people]]\nx = 1\n", 4, "people"),
    "an unknown key": ("[[users]]\nlogin = 'a@b.c'\nnmae = 'A'\n", 3, "nmae"),
    "a value of another kind": (
        "[[users]]\nlogin = 'a@b.c'\n\n[[users]]\nlogin = 7\n",
        5,
        "Expected `str`",
    ),
    "a login twice": ("[[users]]\nlogin = 'a@b.c'\n\n[[users]]\nlogin = 'a@b.c'\n", 5, "login"),
    "a user that is not there": (
        "[[users]]\nlogin = 'a@b.c'\n[[timeline]]\nat = 1\nuser = 'b@b.c'\nchanges = [{}]\n",
        5,
        "no user",
    ),
    "no time": (
        "[[users]]\nlogin = 'a@b.c'\n[[timeline]]\nuser = 'a@b.c'\nat = 'soon'\nchanges = [{}]\n",
        5,
        "no time",
    ),
    "neither changes nor events": ("[[timeline]]\nat = 1\nuser = 'a@b.c'\n", 1, "either changes"),
    "a change that makes no sense": (
        "[[users]]\nlogin = 'a@b.c'\n[[timeline]]\nat = 1\nuser = 'a@b.c'\n"
        "changes = [{ kind = 'explode' }]\n",
        6,
        "kind",
    ),
    "a folder that is not there": ("[[users]]\nlogin = 'a@b.c'\nseed = 'no'\n", 3, "cannot read"),
    "a fault that makes no sense": ("[[faults]]\nfault = 'delay'\n", 1, "how many seconds"),
    "a fault that there is not": ("[[faults]]\nfault = 'explode'\n", 2, "explode"),
    "an owner that is not there": ("[[shared]]\nname = 'T'\nowner = 'a@b.c'\n", 3, "no user"),
}


@pytest.mark.parametrize(("text", "line", "why"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_with_its_file_and_line(
    tmp_path: Path, text: str, line: int, why: str
) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text)

    done = wakeful("serve", "--memory", "--port", "0", "--scenario", str(file))

    assert done.returncode == 2
    assert f"{file}:{line}: " in done.stderr
    assert why in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmulatorFailed, match=r"nowhere\.toml"):
        Emulator(scenario=tmp_path / "nowhere.toml").start()


@pytest.mark.parametrize("flag", ["--scenario", "--seed", "--fidelity"])
def test_a_server_that_keeps_its_data_takes_none_of_it(tmp_path: Path, flag: str) -> None:
    value = "faithful" if flag == "--fidelity" else str(tmp_path)

    done = wakeful("serve", "--data", str(tmp_path / "data"), flag, value)

    assert done.returncode == 2
    assert "--memory" in done.stderr
