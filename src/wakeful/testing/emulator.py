"""An emulator from the outside: its process, and the routes by which it is driven."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from wakeful.testing.asking import PATIENCE_SECONDS, EmulatorFailed, ask
from wakeful.testing.users import User

_LAST_LINES = 200  # of what the server wrote, for whoever has to find out what went wrong


class Emulator:
    """A server in memory, in a process of its own. Use as a context manager.

    *hold* is how long it keeps a poll when nothing happens, in seconds from 1 to 600.
    """

    def __init__(self, *, hold: float = 50.0) -> None:
        self._hold = hold
        self._process: subprocess.Popen[str] | None = None
        self._wrote: deque[str] = deque(maxlen=_LAST_LINES)
        self._writing = threading.Lock()
        self._reader: threading.Thread | None = None
        self._url = ""
        self._token = ""

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

    # --- its life ---

    def start(self) -> None:
        """Start it, and return when it answers. Raises EmulatorFailed."""
        if self._process is not None:
            raise EmulatorFailed("it runs already")
        process = self._process = subprocess.Popen(
            # -P: what lies in the folder where the tests run is not taken for a module.
            [sys.executable, "-P", "-m", "wakeful.testing.process", str(self._hold)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the tests, which end it in their own time
        )
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        assert process.stdout is not None
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
    ) -> User:
        """A fresh user with a token: in an enterprise of their own, so that nothing of others is
        ever seen, or in that of *colleague*.

        *lifetime* of the token in seconds, None for one that stays. Raises EmulatorFailed.
        """
        wish: dict[str, Any] = {"name": name, "is_admin": is_admin, "lifetime": lifetime}
        if login is not None:
            wish["login"] = login
        if colleague is not None:
            wish["enterprise"] = colleague.enterprise
        if scopes is not None:
            wish["scopes"] = list(scopes)
        made = self.ask("POST", "/emulator/users", wish)
        return User(url=self.url, **made)

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

    # --- HTTP ---

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask a route of the emulator; returns what its JSON says. Raises EmulatorFailed."""
        return ask(self.url, self.token, method, path, body)

    def _read_errors(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                with self._writing:
                    self._wrote.append(line)
