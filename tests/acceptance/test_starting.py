"""`wakeful serve` from the first start on: what it says, what it refuses, what it keeps."""

from __future__ import annotations

import re
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.readers import Progress, Reader, describe
from tests.servers import Server, ServerFailed, eventually, running, wakeful
from wakeful.cli.listen import BACKLOG

pytestmark = pytest.mark.acceptance


def test_the_banner_says_what_is_followed_and_where(tmp_path: Path, watched: Path) -> None:
    with running(tmp_path, watch=watched, activated=False) as server:
        said = server.out

        assert f"{watched}  (2 files, 1 folder)" in said
        assert server.url in said
        assert f"in {server.token_file}" in said
        for way in ("curl", "wakeful tail", "box_sdk_gen", "box-node-sdk"):
            assert way in said
        assert f"{server.url}/2.0/events" in said


def test_p7_the_token_is_not_written_to_a_journal_that_others_read(
    tmp_path: Path, watched: Path
) -> None:
    with running(tmp_path, watch=watched, environ={"JOURNAL_STREAM": "8:12345"}) as server:
        assert str(server.token_file) in server.out
        assert server.token not in server.out
        assert server.token not in server.err


def test_the_first_start_makes_a_token_that_only_its_owner_reads(server: Server) -> None:
    assert stat.S_IMODE(server.token_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    with Reader(server.url, server.token) as reader:
        assert reader.get("/2.0/users/me")["type"] == "user"


def test_a_token_stays_the_same_over_restarts(server: Server) -> None:
    before = server.token

    server.restart()

    assert server.token == before


def test_what_was_there_before_is_listed_and_not_told(server: Server, reader: Reader) -> None:
    events, _ = reader.events(0)

    listed = reader.get("/2.0/folders/0/items")["entries"]
    assert {item["name"] for item in listed} == {"inner", "one.txt"}
    assert events == []


def test_it_is_ready_when_everything_that_was_there_can_be_read(
    tmp_path: Path, watched: Path
) -> None:
    for number in range(1_000):
        (watched / "inner" / f"{number}.txt").touch()
    with (
        running(tmp_path, watch=watched) as server,
        Reader(server.url, server.token) as reader,
    ):
        # Asked at once, and once: READY=1 has been said, and not before the first scan ended.
        [inner] = [
            e for e in reader.get("/2.0/folders/0/items")["entries"] if e["type"] == "folder"
        ]
        assert reader.get(f"/2.0/folders/{inner['id']}/items")["total_count"] == 1_001


def test_a_folder_that_is_not_itself_keeps_no_other_waiting(tmp_path: Path, watched: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpeg").touch()
    arguments = ("--watch", f"photos={photos}")
    with (
        running(tmp_path, watch=watched, arguments=arguments) as server,
        Reader(server.url, server.token) as reader,
    ):
        server.terminate()
        (photos / "a.jpeg").rename(tmp_path / "a.jpeg")  # as if its disk were not mounted
        before = len(server.out)

        server.start()

        assert "not yet read: the folder is empty" in server.out[before:]
        assert reader.ask("GET", "/readyz").status_code == 503
        progress = Progress(reader, reader.now())
        (watched / "one.txt").write_text("two")
        progress.wait_until(lambda: bool(progress.events), "the other folder is followed")
        (tmp_path / "a.jpeg").rename(photos / "a.jpeg")
        eventually(lambda: reader.ask("GET", "/readyz").status_code == 200, "it is back")
        assert server.err.count("source paused") == 1


def test_a_folder_that_is_gone_at_a_restart_is_waited_for(
    server: Server, reader: Reader, watched: Path
) -> None:
    begin = reader.now()
    server.terminate()
    watched.rename(watched.with_name("unplugged"))
    before = len(server.out)

    server.start()

    assert "not yet read: the folder cannot be opened" in server.out[before:]
    assert reader.ask("GET", "/readyz").status_code == 503
    watched.with_name("unplugged").rename(watched)
    eventually(lambda: reader.ask("GET", "/readyz").status_code == 200, "it is back")
    assert reader.events(begin)[0] == [], "nothing was taken for deleted"


def test_a_folder_that_was_never_followed_must_be_there(server: Server, reader: Reader) -> None:
    before = reader.get("/2.0/folders/0/items")["total_count"]
    server.terminate()

    answer = wakeful(
        "serve", "--data", server.data, "--port", "0", "--watch", "photos=/no/such/folder"
    )

    assert answer.returncode == 2
    assert "no folder /no/such/folder" in answer.stderr
    server.start()
    assert reader.get("/2.0/folders/0/items")["total_count"] == before, "nothing was made for it"


def test_a_url_that_cannot_be_written_down_keeps_nobody_from_being_served(server: Server) -> None:
    server.terminate()
    (server.data / "url").unlink()
    (server.data / "url").mkdir()  # a full disk refuses it as well

    server.start()

    with Reader(server.url, server.token) as reader:
        assert reader.ask("GET", "/readyz").status_code == 200


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for data in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/wakeful")):
        answer = wakeful("serve", "--data", data, "--port", "0")

        assert answer.returncode == 2
        assert f"cannot use {data}" in answer.stderr
        assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("moment", ["wakeful.db", "token", "control.sock"])
def test_p1_a_crash_during_the_first_start_leaves_nothing_half_done(
    tmp_path: Path, watched: Path, moment: str
) -> None:
    for number in range(3_000):
        (watched / "inner" / f"{number}.txt").touch()
    server = Server(tmp_path, watch=watched)
    with closing(server):
        server.launch()
        eventually(lambda: (server.data / moment).exists(), moment, pause=0.001)
        server.kill()

        server.start()

        with Reader(server.url, server.token) as reader:
            [inner] = [
                e for e in reader.get("/2.0/folders/0/items")["entries"] if e["type"] == "folder"
            ]
            assert reader.get(f"/2.0/folders/{inner['id']}/items")["total_count"] == 3_001
            assert reader.events(0)[0] == [], "what was there before is not told"


def test_a_folder_with_a_name_is_mounted_in_the_home(tmp_path: Path, watched: Path) -> None:
    photos = tmp_path / "elsewhere"
    photos.mkdir()
    arguments = ("--watch", f"photos={photos}")
    with (
        running(tmp_path, watch=watched, arguments=arguments) as server,
        Reader(server.url, server.token) as reader,
    ):
        listed = reader.get("/2.0/folders/0/items")["entries"]
        progress = Progress(reader, reader.now())

        (photos / "a.jpeg").write_bytes(b"picture")

        progress.wait_until(lambda: bool(progress.events), "the picture is told")
        assert {item["name"] for item in listed} == {"inner", "one.txt", "photos"}
        source = progress.events[0]["source"]
        assert (source["name"], source["parent"]["name"]) == ("a.jpeg", "photos")


def test_without_a_supervisor_it_listens_on_a_free_port_and_says_which(
    tmp_path: Path, watched: Path
) -> None:
    with running(tmp_path, watch=watched, activated=False, port=0) as server:
        found = re.search(r"URL +(http://127\.0\.0\.1:\d+)", server.out)
        assert found, server.out

        with Reader(found[1], server.token) as reader:
            assert reader.ask("GET", "/healthz").status_code == 200


def test_a_port_that_another_server_listens_on_by_itself_is_taken(
    tmp_path: Path, watched: Path
) -> None:
    with running(tmp_path, watch=watched, activated=False) as server:
        second = wakeful("serve", "--data", tmp_path / "other", "--port", str(server.port))

        assert second.returncode == 2
        assert f":{server.port}: the port is in use" in second.stderr


def test_connections_are_served_whichever_of_its_sockets_they_come_to(
    tmp_path: Path, watched: Path
) -> None:
    with running(tmp_path, watch=watched, activated=False) as server:
        for _ in range(100):
            with Reader(server.url, server.token) as reader:
                assert reader.ask("GET", "/healthz").status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how long a queue may be")
def test_as_many_new_connections_may_wait_as_the_system_allows(server: Server) -> None:
    allowed = int(Path("/proc/sys/net/core/somaxconn").read_text())

    assert server.longest_queue == min(allowed, BACKLOG)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process has open")
@pytest.mark.parametrize("name", ["http", "tls"])
def test_a_socket_that_is_handed_over_is_emptied_by_several(
    tmp_path: Path, watched: Path, name: str
) -> None:
    with running(tmp_path, watch=watched, environ={"LISTEN_FDNAMES": name}) as server:
        assert server.emptied_by > 1


def test_a_second_server_on_the_same_data_is_refused_and_told_the_first_ones_pid(
    server: Server, watched: Path
) -> None:
    second = wakeful("serve", "--data", server.data, "--watch", watched, "--port", "0")

    assert second.returncode == 2
    assert str(server.pid) in second.stderr
    assert "Traceback" not in second.stderr
    assert server.is_running()


def test_a_port_that_is_taken_is_named(server: Server, tmp_path: Path) -> None:
    second = wakeful("serve", "--data", tmp_path / "other", "--port", str(server.port))

    assert second.returncode == 2
    assert f":{server.port}" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "file", "named"),
    [
        pytest.param(("--wach", "."), {}, "", "--wach", id="flag"),
        pytest.param((), {"WAKEFUL_WACH": "."}, "", "WAKEFUL_WACH", id="environment"),
        pytest.param((), {}, "wach = ['.']\n", "wach", id="file"),
        pytest.param(("--hold", "soon"), {}, "", "soon", id="value of a flag"),
        pytest.param((), {"WAKEFUL_HOLD": "soon"}, "", "hold", id="value in the environment"),
        pytest.param(("--watch", "/no/such/folder"), {}, "", "/no/such/folder", id="folder"),
    ],
)
def test_a_setting_that_is_unknown_or_senseless_is_named(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], file: str, named: str
) -> None:
    config = tmp_path / "wakeful.toml"
    config.write_text(file)

    data = tmp_path / "data"
    answer = wakeful(
        "serve", "--data", data, "--config", config, "--port", "0", *arguments, environ=environ
    )

    assert answer.returncode == 2
    assert named in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not data.exists(), "a server that cannot start leaves nothing behind"


def test_settings_come_from_the_environment_and_a_file_too(tmp_path: Path, watched: Path) -> None:
    config = tmp_path / "wakeful.toml"
    config.write_text(f"watch = ['{watched}']\n")
    arguments = ("--config", str(config))
    environ = {"WAKEFUL_PUBLIC_URL": "http://feed.example"}
    with (
        running(tmp_path, arguments=arguments, environ=environ) as server,
        Reader(server.url, server.token) as reader,
    ):
        assert str(watched) in server.out
        assert reader.channel().startswith("http://feed.example/")


def test_another_folder_in_the_place_of_the_first_is_refused(
    server: Server, reader: Reader, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    server.terminate()
    server.watch = other

    with pytest.raises(ServerFailed, match=str(tmp_path / "watched")):
        server.start()

    server.watch = tmp_path / "watched"
    server.start()
    assert reader.events(0)[0] == [], "nothing was taken for deleted"


def test_what_changed_while_no_server_ran_is_told_at_the_next_start(
    server: Server, reader: Reader, watched: Path
) -> None:
    begin = reader.now()
    server.terminate()
    (watched / "new.txt").write_text("new")
    (watched / "one.txt").rename(watched / "other name.txt")
    (watched / "inner" / "two.txt").unlink()
    server.start()

    told = {
        (event["event_type"], event["source"]["name"]): event for event in reader.events(begin)[0]
    }

    assert set(told) == {
        ("ITEM_UPLOAD", "new.txt"),
        ("ITEM_RENAME", "other name.txt"),
        ("ITEM_TRASH", "two.txt"),
    }, list(map(describe, told.values()))
