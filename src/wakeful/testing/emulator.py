"""An emulator from the outside: its process, and the routes by which it is driven."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Literal, Self, Unpack
from urllib.parse import urlencode

from wakeful.testing.asking import PATIENCE_SECONDS, EmulatorFailed, ask
from wakeful.testing.faults import Fault, FaultFields, FaultKind, wish_of
from wakeful.testing.recording import Requests
from wakeful.testing.users import User

Fidelity = Literal["better", "faithful"]

_LAST_LINES = 200  # of what the server wrote, for whoever has to find out what went wrong


class Emulator:
    """A server in memory, in a process of its own. Use as a context manager.

    *hold* is how long it keeps a poll when nothing happens, in seconds from 1 to 600. With the
    *fidelity* `faithful` it does all that Box and Dropbox do, by the series of *chance*. What is
    there from the beginning, and what happens when, may be in a *scenario*, a file.
    """

    def __init__(
        self,
        *,
        hold: float = 50.0,
        fidelity: Fidelity = "better",
        chance: int = 1,
        scenario: str | os.PathLike[str] | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {"hold": hold, "fidelity": fidelity, "chance": chance}
        if scenario is not None:
            self._settings["scenario"] = os.path.abspath(scenario)
        self._process: subprocess.Popen[str] | None = None
        self._wrote: deque[str] = deque(maxlen=_LAST_LINES)
        self._writing = threading.Lock()
        self._reader: threading.Thread | None = None
        self._url = ""
        self._token = ""
        self._has_faults = False
        self._requests = Requests(self.ask)

    def __repr__(self) -> str:
        return f"<Emulator {self._url or 'not started'}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @classmethod
    def at(cls, url: str, token: str) -> Self:
        """The one that runs at *url* already, as `wakeful serve --memory` tells of it: this drives
        it, and ends nothing."""
        emulator = cls()
        emulator._url, emulator._token = url.rstrip("/"), token
        return emulator

    # --- its life ---

    def start(self) -> None:
        """Start it, and return when it answers. Raises EmulatorFailed."""
        if self._url:
            raise EmulatorFailed("it runs already")
        settings = json.dumps(self._settings)
        process = self._process = subprocess.Popen(
            # -P: what lies in the folder where the tests run is not taken for a module.
            [sys.executable, "-P", "-m", "wakeful.testing.process", settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the tests, which end it in their own time
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._reader = threading.Thread(
            target=self._read_errors, args=(process.stderr,), daemon=True
        )
        self._reader.start()
        line = process.stdout.readline()
        if not line:
            self.stop()
            raise EmulatorFailed(f"the emulator did not start:\n{self.log}")
        said = json.loads(line)
        self._url, self._token = said["url"], said["token"]

    def stop(self) -> None:
        """End it, whatever it does. What it knew is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        self._url = ""
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        process.stdout.close()

    @property
    def url(self) -> str:
        """Where it is, without a slash at its end."""
        return self._url

    @property
    def token(self) -> str:
        """The token that drives it, and that of its first user."""
        return self._token

    @property
    def log(self) -> str:
        """The last lines that it wrote: warnings, and what went wrong."""
        with self._writing:
            return "".join(self._wrote)

    # --- users ---

    def user(
        self,
        login: str | None = None,
        *,
        name: str = "",
        is_admin: bool = True,
        colleague: User | None = None,
        scopes: Sequence[str] | None = None,
        lifetime: int | None = None,
        fidelity: Fidelity | None = None,
        chance: int | None = None,
    ) -> User:
        """A fresh user with a token: in an enterprise of their own, so that nothing of others is
        ever seen, or in that of *colleague*.

        *lifetime* of the token in seconds, None for one that stays. *fidelity* and *chance* are
        those of the emulator where they are not said. Raises EmulatorFailed.
        """
        wish: dict[str, Any] = {"name": name, "is_admin": is_admin, "lifetime": lifetime}
        if fidelity is not None:
            wish["fidelity"] = fidelity
        if chance is not None:
            wish["chance"] = chance
        if login is not None:
            wish["login"] = login
        if colleague is not None:
            wish["enterprise"] = colleague.enterprise
        if scopes is not None:
            wish["scopes"] = list(scopes)
        made = self.ask("POST", "/emulator/users", wish)
        return self._user(made)

    def find(self, login: str) -> User:
        """The user with that *login*, who was made here or by the scenario. Raises
        EmulatorFailed."""
        found = self.ask("GET", f"/emulator/users?{urlencode({'login': login})}")["users"]
        if not found:
            raise EmulatorFailed(f"no user {login!r} was made here")
        return self._user(found[0])

    def _user(self, made: dict[str, Any]) -> User:
        requests = Requests(self.ask, made["id"])
        return User(url=self.url, drive=self.ask, requests=requests, **made)

    # --- time ---

    @property
    def now(self) -> dt.datetime:
        """What time it is in the server."""
        return dt.datetime.fromisoformat(self.ask("GET", "/emulator/clock")["now"])

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Let time go by in the server. What is over by then has ended when this returns: tokens
        have expired, polls were answered, and what is too old is gone.

        It is the time of all users, and never goes back. Raises EmulatorFailed.
        """
        step = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self.ask("POST", "/emulator/clock/advance", {"seconds": step.total_seconds()})

    # --- faults, and what was asked ---

    def fault(
        self, fault: FaultKind | int, route: str | None = None, **fields: Unpack[FaultFields]
    ) -> Fault:
        """Let something go wrong for all users, those of other tests too.

        *fault* is a status from 400 to 599, or a word of docs/emulator.md; *route* the name of a
        route such as `box.events`, a family such as `box`, or a pattern. Use it as a context
        manager, or `remove` it. Raises EmulatorFailed.
        """
        return Fault(self.ask, wish_of(fault, route, None, fields))

    def clear_faults(self, user: int | None = None) -> None:
        """Let nothing go wrong any more: for *user*, an id, or for anybody. Raises
        EmulatorFailed."""
        self.ask("DELETE", f"/emulator/faults{'' if user is None else f'?user={user}'}")
        self._has_faults = self._has_faults and user is not None

    def end_faults(self) -> None:
        """The same where any were made since the last time: at the end of a test. Raises
        EmulatorFailed."""
        if self._has_faults:
            self.clear_faults()

    @property
    def requests(self) -> Requests:
        """What all users asked."""
        return self._requests

    # --- HTTP ---

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask a route of the emulator; returns what its JSON says. Raises EmulatorFailed."""
        if method == "POST" and path == "/emulator/faults":
            self._has_faults = True
        return ask(self.url, self.token, method, path, body)

    def _read_errors(self, stream: IO[str]) -> None:
        # It is given the stream: where the process ends at once, `stop` is done with the process
        # before this has its turn.
        with stream:
            for line in stream:
                with self._writing:
                    self._wrote.append(line)
