"""The emulator as a test of somebody else's program drives it."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.readers import Reader
from tests.servers import Server, eventually
from wakeful.testing import Emulator, EmulatorFailed, EmulatorTestCase, Inbox, User

pytestmark = pytest.mark.acceptance

DAY = 24 * 3600


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(hold=600) as emulator:
        yield emulator


@pytest.fixture
def user(emulator: Emulator) -> User:
    return emulator.user()


@contextmanager
def asking(ask: Callable[[], Any]) -> Iterator[list[Any]]:
    """What *ask* answers in a thread of its own, which has ended when the block has."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(ask()))
    thread.start()
    try:
        yield answers
    finally:
        thread.join(60)
        assert not thread.is_alive(), "it was not answered"


def test_each_user_is_alone_with_what_they_do(emulator: Emulator) -> None:
    ann, bob = emulator.user("ann@example.com", name="Ann"), emulator.user()

    ann.publish({"kind": "upload", "path": "/plan.txt"})

    with Reader(ann.url, ann.token) as hers, Reader(bob.url, bob.token) as his:
        assert [event["source"]["name"] for event in hers.events(0)[0]] == ["plan.txt"]
        assert his.events(0)[0] == []
        assert his.events(0, "admin_logs_streaming")[0] == []
    assert (ann.login, ann.name) == ("ann@example.com", "Ann")
    assert ann.enterprise != bob.enterprise


def test_a_colleague_is_in_the_same_enterprise(emulator: Emulator, user: User) -> None:
    colleague = emulator.user(colleague=user, is_admin=False)

    colleague.publish({"kind": "upload", "path": "/plan.txt"})

    assert colleague.enterprise == user.enterprise
    with Reader(user.url, user.token) as reader:
        (event,) = reader.events(0, "admin_logs_streaming")[0]
    assert event["created_by"]["id"] == str(colleague.id)


def test_a_file_is_written_with_its_content_and_with_nothing_in_the_way(user: User) -> None:
    with user.fault(503):
        user.write("/docs/Résumé.txt", "first")
        user.write("/docs/Résumé.txt", b"second")
        user.write("/docs/Résumé.txt", b"second")

    assert len(user.requests) == 0
    with Reader(user.url, user.token) as reader:
        told = [event["event_type"] for event in reader.events(0)[0]]
        asked = {"Dropbox-API-Arg": '{"path": "/docs/r\\u00e9sum\\u00e9.txt"}'}
        assert reader.ask("POST", "/2/files/download", headers=asked).content == b"second"
    assert told == ["ITEM_CREATE", "ITEM_UPLOAD", "ITEM_UPLOAD"]


def test_a_login_that_is_taken_is_refused_in_words(emulator: Emulator, user: User) -> None:
    with pytest.raises(EmulatorFailed, match="409"):
        emulator.user(user.login)


class LateReader(Emulator):
    """One whose words are read only when it is given up."""

    def _read_errors(self, *stream: Any) -> None:
        eventually(lambda: self._process is None, "it is given up")
        super()._read_errors(*stream)


def test_why_it_did_not_start_is_told_however_late_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(EmulatorFailed, match=r"nowhere\.toml"):
        LateReader(scenario=tmp_path / "nowhere.toml").start()


def test_only_the_servers_own_token_drives_it(user: User) -> None:
    for method, path in (
        ("POST", "/emulator/users"),
        ("GET", "/emulator/clock"),
        ("POST", "/emulator/clock/advance"),
    ):
        url = f"{user.url}{path}"
        bearer = {"Authorization": f"Bearer {user.token}"}
        assert httpx2.request(method, url, headers=bearer, timeout=60).status_code == 403
        assert httpx2.request(method, url, timeout=60).status_code == 401


@pytest.mark.parametrize("body", [{}, {"seconds": -1}, {"seconds": "1"}, {"days": 1}, None])
def test_time_is_put_forward_by_seconds_and_by_nothing_else(emulator: Emulator, body: Any) -> None:
    before = emulator.ask("GET", "/emulator/clock")["ahead"]

    with pytest.raises(EmulatorFailed, match="400"):
        emulator.ask("POST", "/emulator/clock/advance", body)

    assert emulator.ask("GET", "/emulator/clock")["ahead"] == before


def test_a_lock_ends_when_its_time_has_come(emulator: Emulator, user: User) -> None:
    with Reader(user.url, user.token) as reader:
        told = reader.publish({"kind": "upload", "path": "/plan.txt"}).json()
        path = f"/2.0/files/{told['changes'][0]['item']['id']}?fields=lock"
        now = dt.datetime.fromisoformat(emulator.ask("GET", "/emulator/clock")["now"])
        until = (now + dt.timedelta(hours=1)).isoformat()
        locked = reader.ask("PUT", path, json={"lock": {"access": "lock", "expires_at": until}})
        assert locked.json()["lock"]["created_by"]["id"] == str(user.id)

        emulator.advance(hours=2)

        assert reader.ask("GET", path).json()["lock"] is None


def test_a_server_that_keeps_its_data_has_no_such_routes(server: Server) -> None:
    bearer = {"Authorization": f"Bearer {server.token}"}

    answer = httpx2.post(
        f"{server.url}/emulator/clock/advance", json={"seconds": 1}, headers=bearer, timeout=60
    )

    assert answer.status_code == 404
    assert "/emulator" not in httpx2.get(f"{server.url}/openapi.json", timeout=60).text


def test_a_token_expires_when_its_time_has_come(emulator: Emulator) -> None:
    user = emulator.user(lifetime=3600)
    with Reader(user.url, user.token) as reader:
        emulator.advance(minutes=59)
        assert reader.ask("GET", "/2.0/users/me").status_code == 200

        emulator.advance(minutes=2)

        assert reader.ask("GET", "/2.0/users/me").status_code == 401


def test_it_is_as_late_as_it_was_made(emulator: Emulator, user: User) -> None:
    before = emulator.now

    emulator.advance(days=1)
    user.publish({"kind": "upload", "path": "/plan.txt"})

    with Reader(user.url, user.token) as reader:
        (event,) = reader.events(0)[0]
    created = dt.datetime.fromisoformat(event["created_at"])
    assert created - before >= dt.timedelta(days=1) - dt.timedelta(seconds=1)


def test_holds_end_when_their_time_has_come(emulator: Emulator, user: User) -> None:
    with Reader(user.url, user.token) as reader:
        channel, position = reader.channel(), reader.now()
        parked = reader.metrics()["wakeful_polls_parked"]
        with asking(lambda: reader.ask("GET", f"{channel}&stream_position={position}")) as answers:
            with Reader(user.url, user.token) as other:
                eventually(
                    lambda: other.metrics()["wakeful_polls_parked"] == parked + 1, "it is parked"
                )

            emulator.advance(minutes=12)

        assert answers[0].json()["message"] == "reconnect"


def test_the_hold_of_a_dropbox_poll_ends_too(emulator: Emulator, user: User) -> None:
    with Reader(user.url, user.token) as reader:
        cursor = reader.ask("POST", "/2/files/list_folder", json={"path": ""}).json()["cursor"]
        asked = {"cursor": cursor, "timeout": 480}
        with asking(
            lambda: reader.ask("POST", "/2/files/list_folder/longpoll", json=asked)
        ) as answers:
            with Reader(user.url, user.token) as other:
                eventually(lambda: other.metrics()["wakeful_polls_parked"] == 1, "it is parked")

            emulator.advance(minutes=10)

        assert answers[0].json() == {"changes": False}


def test_p9_what_is_too_old_is_gone_and_cursors_begin_anew(emulator: Emulator, user: User) -> None:
    with Reader(user.url, user.token) as reader:
        user.publish({"kind": "upload", "path": "/old.txt"})
        listed = reader.ask("POST", "/2/files/list_folder", json={"path": ""}).json()
        user.publish({"kind": "delete", "path": "/old.txt"})

        emulator.advance(days=61)
        user.publish({"kind": "upload", "path": "/new.txt"})

        events = reader.events(0)[0]
        assert [event["source"]["name"] for event in events] == ["new.txt"]
        answer = reader.ask(
            "POST", "/2/files/list_folder/continue", json={"cursor": listed["cursor"]}
        )
        assert answer.status_code == 409
        assert answer.json()["error"][".tag"] == "reset"


def test_an_inbox_waits_for_what_comes_and_says_what_did_not(user: User) -> None:
    inbox = Inbox(user)

    def follow() -> None:
        with user.client() as client, client.events(since=0, limit=1) as events:
            for event in events:
                inbox.put({"name": event.source.name if event.source else ""})
                if event.source and event.source.name.startswith("nothing-more"):
                    return

    with asking(follow):
        user.publish({"kind": "upload", "path": "/one.txt"}, {"kind": "upload", "path": "/two.txt"})
        assert inbox.expect("one.txt") == {"name": "one.txt"}
        with pytest.raises(AssertionError, match=r"three\.txt.*two\.txt"):
            inbox.expect("three.txt")
        inbox.expect_nothing_more()

    assert inbox.names[:2] == ["one.txt", "two.txt"]


def test_an_inbox_shows_what_came_beside_the_expected(user: User) -> None:
    inbox = Inbox(user)
    inbox.put({"source": {"name": "unexpected.txt"}})

    with pytest.raises(AssertionError, match=r"unexpected\.txt"):
        inbox.expect_nothing_more()


def test_an_inbox_gives_up_after_its_patience(user: User) -> None:
    inbox = Inbox(user, timeout=0.01)

    with pytest.raises(AssertionError, match="nothing came"):
        inbox.expect("plan.txt")


def test_unittest_has_it_too() -> None:
    class Case(EmulatorTestCase):
        def test_a_user_is_fresh(self) -> None:
            self.user.publish({"kind": "upload", "path": "/plan.txt"})
            with Reader(self.user.url, self.user.token) as reader:
                assert len(reader.events(0)[0]) == 1

        test_the_next_user_is_fresh_again = test_a_user_is_fresh

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)

    assert (result.testsRun, result.errors, result.failures) == (2, [], [])


def test_it_ends_with_a_program_that_is_killed() -> None:
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal\n"
            "from wakeful.testing import Emulator\n"
            "emulator = Emulator()\n"
            "emulator.start()\n"
            "print(emulator._process.pid, flush=True)\n"
            "signal.pause()\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    with program.stdout:
        server = int(program.stdout.readline())

        program.send_signal(signal.SIGKILL)
        program.wait()

        eventually(lambda: not _is_running(server), "the emulator has ended")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rsplit(b") ", 1)[1][:1] != b"Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
