"""The index against a whole server, with the fixtures of the pytest plugin `wakeful`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dropbox.files import WriteMode
from requests.exceptions import RequestException

from index import Index, content_hash

FOLLOW = """\
import sys
from pathlib import Path
from index import Index
from wakeful.testing.sdks import dropbox_client
Index(Path(sys.argv[1])).follow(dropbox_client(*sys.argv[2:]))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


@pytest.fixture
def index(place: Path) -> Iterator[Index]:
    with opened(place) as index:
        yield index


@contextmanager
def opened(place: Path) -> Iterator[Index]:
    index = Index(place)
    try:
        yield index
    finally:
        index.close()


def write(client: Any, path: str, text: str) -> None:
    client.files_upload(text.encode(), path, mode=WriteMode.overwrite)


def plant(client: Any) -> None:
    """Something to begin with."""
    for path, text in (
        ("/docs/plan.txt", "the annual plan"),
        ("/docs/old/report.md", "the annual report"),
        ("/Holiday.txt", "a beach"),
        ("/photo.jpg", "annual only by chance"),
    ):
        write(client, path, text)


def paths(index: Index, words: str) -> set[str]:
    return {found.path for found in index.search(words)}


def everything(index: Index) -> list[tuple[str, str]]:
    """All that is indexed: paths and texts."""
    rows = index._db.execute(
        "SELECT shown, text FROM files JOIN words ON words.rowid = files.id ORDER BY path"
    )
    return [(shown, text) for shown, text in rows]


def indexed_afresh(client: Any, folder: Path) -> list[tuple[str, str]]:
    with opened(folder / "afresh.db") as index:
        index.catch_up(client)
        found = everything(index)
    (folder / "afresh.db").unlink()
    return found


def test_files_are_found_by_name_and_by_text(index: Index, dropbox_client: Any) -> None:
    plant(dropbox_client)

    index.catch_up(dropbox_client)

    assert paths(index, "annual") == {"/docs/plan.txt", "/docs/old/report.md"}
    assert paths(index, "annual report") == {"/docs/old/report.md"}
    assert paths(index, "holiday") == {"/Holiday.txt"}
    assert paths(index, 'a "quoted" OR') == paths(index, "") == set()
    assert index.search("beach")[0].excerpt == "a [beach]"


def a_file_for_a_folder(client: Any) -> None:
    client.files_delete_v2("/docs")
    write(client, "/docs", "a file")


def a_folder_for_a_file(client: Any) -> None:
    client.files_delete_v2("/Holiday.txt")
    write(client, "/holiday.txt/beach.txt", "sand")


CHANGES: dict[str, Callable[[Any], object]] = {
    "new": lambda client: write(client, "/docs/new.txt", "annual news"),
    "another content": lambda client: write(client, "/docs/plan.txt", "no plan"),
    "move": lambda client: client.files_move_v2("/docs/plan.txt", "/plan.md"),
    "another case": lambda client: client.files_move_v2("/Holiday.txt", "/HOLIDAY.txt"),
    "move a folder": lambda client: client.files_move_v2("/docs", "/papers"),
    "copy a folder": lambda client: client.files_copy_v2("/docs", "/copy"),
    "delete": lambda client: client.files_delete_v2("/docs/plan.txt"),
    "delete a folder": lambda client: client.files_delete_v2("/docs"),
    "a file for a folder": a_file_for_a_folder,
    "a folder for a file": a_folder_for_a_file,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_followed(
    index: Index, dropbox_client: Any, tmp_path: Path, change: Callable[[Any], object]
) -> None:
    plant(dropbox_client)
    index.catch_up(dropbox_client)
    before = everything(index)

    change(dropbox_client)
    index.catch_up(dropbox_client)

    assert everything(index) == indexed_afresh(dropbox_client, tmp_path) != before


def test_a_change_ends_the_wait(index: Index, wakeful_user: Any, dropbox_client: Any) -> None:
    plant(dropbox_client)
    index.catch_up(dropbox_client)
    changing = threading.Thread(target=write, args=(wakeful_user.dropbox_client(), "/now.txt", ""))

    changing.start()
    index.wait(dropbox_client)
    changing.join()
    index.catch_up(dropbox_client)

    assert paths(index, "now") == {"/now.txt"}


def test_a_cursor_that_is_too_old_means_a_new_listing(
    wakeful_server: Any, index: Index, dropbox_client: Any, tmp_path: Path
) -> None:
    plant(dropbox_client)
    index.catch_up(dropbox_client)
    dropbox_client.files_delete_v2("/docs")
    write(dropbox_client, "/new.txt", "new")

    wakeful_server.advance(days=61)  # that /docs is gone is told no more
    index.catch_up(dropbox_client)

    assert everything(index) == indexed_afresh(dropbox_client, tmp_path)
    assert paths(index, "annual") == set()


@pytest.mark.wakeful(fidelity="faithful", chance=4)
def test_it_follows_a_dropbox_with_all_that_dropbox_is_known_to_do(
    index: Index, dropbox_client: Any, tmp_path: Path
) -> None:
    plant(dropbox_client)
    index.catch_up(dropbox_client)

    for name in ("new", "another content", "move a folder", "a folder for a file"):
        CHANGES[name](dropbox_client)
        index.wait(dropbox_client, seconds=30)
        index.catch_up(dropbox_client)

    assert everything(index) == indexed_afresh(dropbox_client, tmp_path)


def test_a_cursor_that_is_lost_loses_nothing(
    wakeful_user: Any, index: Index, dropbox_client: Any, tmp_path: Path
) -> None:
    plant(dropbox_client)
    index.catch_up(dropbox_client)
    CHANGES["move a folder"](dropbox_client)

    with wakeful_user.fault("stale", "dropbox.continue") as stale:
        index.catch_up(dropbox_client)

    assert stale.used
    assert everything(index) == indexed_afresh(dropbox_client, tmp_path)


def test_what_it_has_is_found_while_all_is_listed_anew(
    monkeypatch: pytest.MonkeyPatch, wakeful_user: Any, index: Index, dropbox_client: Any
) -> None:
    monkeypatch.setattr("index.ENTRIES_A_PAGE", 2)
    plant(dropbox_client)
    index.catch_up(dropbox_client)

    with wakeful_user.fault("stale", "dropbox.continue"):
        index._read_page(dropbox_client)
    index._read_page(dropbox_client)

    assert paths(index, "annual") == {"/docs/plan.txt", "/docs/old/report.md"}


@pytest.mark.parametrize("fault", ["duplicate", "wake", "reconnect", 500])
def test_it_bears_what_goes_wrong(
    wakeful_user: Any, index: Index, dropbox_client: Any, tmp_path: Path, fault: str | int
) -> None:
    plant(dropbox_client)
    index.catch_up(dropbox_client)
    CHANGES["move a folder"](dropbox_client)

    with wakeful_user.fault(fault, "dropbox.*", times=1) as used:
        index.wait(dropbox_client, seconds=30)
        index.catch_up(dropbox_client)

    assert used.used
    assert everything(index) == indexed_afresh(dropbox_client, tmp_path)


def test_it_keeps_away_for_as_long_as_it_is_asked_to(
    wakeful_user: Any, index: Index, dropbox_client: Any
) -> None:
    index.catch_up(dropbox_client)
    write(dropbox_client, "/plan.txt", "the annual plan")

    with wakeful_user.fault("reconnect", "dropbox.longpoll", times=1, backoff=1):
        index.wait(dropbox_client)
        index.wait(dropbox_client)
    with wakeful_user.fault(429, times=2, retry_after=1):
        index.catch_up(dropbox_client)

    wakeful_user.requests.expect_backed_off()
    assert paths(index, "annual") == {"/plan.txt"}


def test_a_text_that_breaks_off_is_read_again(
    wakeful_user: Any, index: Index, dropbox_client: Any
) -> None:
    plant(dropbox_client)

    with (
        wakeful_user.fault("cut", "dropbox.download", times=1),
        pytest.raises(RequestException),
    ):
        index.catch_up(dropbox_client)
    index.catch_up(dropbox_client)

    assert paths(index, "annual") == {"/docs/plan.txt", "/docs/old/report.md"}


class Killed(BaseException):
    """The program ends here."""


def test_it_may_be_killed_at_every_step(
    place: Path, dropbox_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.ENTRIES_A_PAGE", 2)
    plant(dropbox_client)
    with opened(place) as index:
        index.catch_up(dropbox_client)
    for change in ("another content", "move a folder", "a folder for a file"):
        CHANGES[change](dropbox_client)
    expected = indexed_afresh(dropbox_client, tmp_path)
    begin = shutil.copy(place, tmp_path / "begin.db")

    steps = 0
    while True:
        steps += 1
        shutil.copy(begin, place)
        with opened(place) as index, monkeypatch.context() as patching:
            kill_at(steps, index, patching)
            try:
                index.catch_up(dropbox_client)
            except Killed:
                pass
            else:
                break
        with opened(place) as index:
            index.catch_up(dropbox_client)
            assert everything(index) == expected, f"killed at step {steps}"
    assert steps > 10


def kill_at(step: int, index: Index, patching: pytest.MonkeyPatch) -> None:
    left = step

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def take(*args: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return method(*args)

        return take

    for name in ("_read_page", "_text", "_apply", "_remove"):
        patching.setattr(index, name, counted(getattr(index, name)))


def test_the_program_follows_and_survives_kills(
    wakeful_user: Any, dropbox_client: Any, place: Path
) -> None:
    plant(dropbox_client)
    for word in ("first", "second", "third"):
        write(dropbox_client, "/docs/plan.txt", f"the {word} plan")
        with running(wakeful_user, place) as program:
            eventually(lambda: finds(place, word))  # noqa: B023 # not beyond its turn
            program.send_signal(signal.SIGKILL)


def finds(place: Path, word: str) -> bool:
    with opened(place) as index:  # beside the program
        return paths(index, word) == {"/docs/plan.txt"}


@contextmanager
def running(user: Any, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", FOLLOW, str(place), user.url, user.token]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    with subprocess.Popen(command, env=environ) as program:
        try:
            yield program
        finally:
            program.kill()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_hash_of_a_content_is_dropboxs(dropbox_client: Any) -> None:
    content = b"x" * (5 * 1024 * 1024)

    told = dropbox_client.files_upload(content, "/large.bin")

    assert told.content_hash == content_hash(content)
