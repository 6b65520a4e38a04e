"""A server in a process of its own, which is asked by lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

GIVE_UP_SECONDS = 120.0  # a tree of 100,000 files takes long to read
_LOOK_SECONDS = 0.02


class Child:
    """The module *name* as a program with *arguments*. `ready` is the first line that it writes."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", name, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._read()
        self.port: int = self.ready["port"]

    def ask(self, command: str) -> Any:
        assert self._process.stdin is not None
        print(command, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def rss(self) -> int:
        """Resident bytes of the server."""
        with open(f"/proc/{self._process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def wait_parked(self, count: int) -> None:
        until = time.monotonic() + GIVE_UP_SECONDS
        while self.ask("parked") != count:
            if time.monotonic() > until:
                raise TimeoutError(f"not {count} polls parked")
            time.sleep(_LOOK_SECONDS)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(GIVE_UP_SECONDS)
