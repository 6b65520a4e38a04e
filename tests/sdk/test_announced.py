"""The program with which Dropbox announced `longpoll_delta` in 2013 runs here line for line, with
the client of that time, from its first link to its last change (dropbox.md 3.2, 4.1)."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.components import python_sdk
from tests.disk import put
from tests.processes import Program, program
from tests.readers import Reader
from tests.servers import Server, running, wakeful

pytestmark = pytest.mark.sdk

FILE = Path(__file__).parent / "programs" / "announced_dropboxv1.py"
HOSTS = ("www.dropbox.com", "api.dropbox.com", "api-notify.dropbox.com")
NO_PROXY = {"NO_PROXY": "*", "no_proxy": "*"}
PASSWORD = "correct horse battery"

LINK = re.compile(r'Go here and "allow": (https://www\.dropbox\.com/\S+)\n')
BEGIN = [
    "Paste in your authorization code: RESET\n",
    "/docs was created/updated\n",
    "/docs/before.txt was created/updated\n",
]
WAITED = "Timeout, polling again...\n"
BACKOFF = re.compile(r"Backoff requested\. Sleeping for \d+ seconds\.\.\.\n")


class Person:
    """The user of a server, who has a password, and the program, to which they allow what it
    asks for."""

    def __init__(self, server: Server, port: int) -> None:
        self._data = server.data
        self._url = f"https://127.0.0.1:{port}"
        self._authority = server.authority
        self.reader = Reader(self._url, server.token, authority=self._authority)
        self._login: str = self.reader.get("/2.0/users/me")["login"]
        self._say("user", "passwd", self._login, typed=f"{PASSWORD}\n")
        app = self._say("app", "create", "Announcement", "--scope", "root_readonly")
        self._arguments = (
            *(str(port), self._authority),
            *(app["app"]["client_id"], app["client_secret"]),
        )

    def _say(self, *words: str, typed: str = "") -> Any:
        answer = wakeful(*words, "--data", self._data, "--json", typed=typed)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    @contextmanager
    def running_it(self) -> Iterator[Program]:
        """The program, once it was allowed to follow and waits for changes."""
        command = [python_sdk("dropboxv1"), "-u", "-W", "ignore", FILE, *self._arguments]
        with self.reader, program(command, NO_PROXY, is_typed_to=True) as run:
            run.wait_for(bool, "the link")
            link = LINK.fullmatch(run.lines[0])
            assert link, run.lines
            run.type(f"  {self._code(link[1])} ")
            self.wait_until_it_waits()
            run.wait_for(lambda lines: lines[1:] == BEGIN, "what there is")
            yield run

    def wait_until_it_waits(self) -> None:
        self.reader.wait_until_parked(1)

    def _code(self, link: str) -> str:
        """What is to be copied from the pages behind *link*, after everything was allowed."""
        trust = ssl.create_default_context(cafile=self._authority)
        with httpx2.Client(
            verify=trust, follow_redirects=True, trust_env=False, timeout=60
        ) as browser:
            where = f"{self._url}{urlsplit(link).path}?{urlsplit(link).query}"
            page = browser.get(where).text
            assert "Log in to go on to Announcement" in page
            page = pressed(browser, where, page, "login", login=self._login, password=PASSWORD)
            assert "Announcement would like to" in page
            return found(r'class="code"[^>]*>([^<]+)<', pressed(browser, where, page, "allow"))


def pressed(browser: httpx2.Client, where: str, page: str, button: str, **fields: str) -> str:
    """The page that comes when *button* is pressed on *page*."""
    token = found(r'name="token" value="([^"]*)"', page)
    answer = browser.post(where, data={"token": token, "do": button} | fields)
    assert answer.status_code == 200, answer.text
    return answer.text


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A folder; and a certificate, made before the server starts, for the names of the hosts."""
    folder = tmp_path / "watched"
    (folder / "Docs").mkdir(parents=True)
    (folder / "Docs" / "Before.txt").write_text("before")
    names = [word for host in HOSTS for word in ("--name", host)]
    made = wakeful("certs", "--data", tmp_path / "data", *names)
    assert made.returncode == 0, made.stderr
    return folder


def test_it_signs_in_and_tells_of_each_change_over_a_restart(tmp_path: Path, watched: Path) -> None:
    environ = {"LISTEN_FDNAMES": "tls"}
    with running(tmp_path, watch=watched, arguments=("--drain", "1"), environ=environ) as server:
        person = Person(server, server.port)
        with person.running_it() as run:
            expected = list(BEGIN)

            def tells(*lines: str) -> None:
                expected.extend(lines)
                run.wait_for(lambda lines: sorted(lines[1:]) == sorted(expected), "what happened")
                person.wait_until_it_waits()

            put(watched, "Docs/New.txt", "new")
            tells("/docs/new.txt was created/updated\n")
            put(watched, "Docs/New.txt", "newer")
            tells("/docs/new.txt was created/updated\n")
            (watched / "Docs" / "Before.txt").unlink()
            tells("/docs/before.txt was deleted\n")
            server.restart()
            tells(WAITED)
            (watched / "Docs").rename(watched / "Papers")
            tells(
                "/docs was deleted\n",
                "/docs/new.txt was deleted\n",
                "/papers was created/updated\n",
                "/papers/new.txt was created/updated\n",
            )
            assert run.complaints == ""


def test_it_backs_off_when_the_server_goes_away(tmp_path: Path, watched: Path) -> None:
    arguments = ("--drain", "1", "--tls-port", "0")
    with running(tmp_path, watch=watched, arguments=arguments, activated=False) as server:
        told = json.loads(wakeful("status", "--data", server.data, "--json").stdout)
        person = Person(server, urlsplit(told["tls"]["url"]).port or 0)
        with person.running_it() as run:
            server.ask_to_end()

            count = len(BEGIN) + 3
            run.wait_for(lambda lines: len(lines) == count, "that it backs off")
            *_, waited, backoff = run.lines
            assert waited == WAITED
            assert BACKOFF.fullmatch(backoff)
        assert server.wait_until_ended() == 0
