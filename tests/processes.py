"""Programs that tests start beside the server: their lines are read as they come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.servers import clean_environ


class Program:
    """One command, and every line that it wrote, over all its starts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._complaints: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._threads: list[threading.Thread] = []
        self._open = 0  # how many of its streams may still say something

    # --- its life ---

    def start(
        self,
        command: Sequence[str | Path],
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        *,
        is_typed_to: bool = False,
    ) -> None:
        """Start it, or start it again."""
        assert not self.is_running(), f"{self.name} runs already"
        self._process = process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if is_typed_to else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environ() | dict(environ or {}),
            cwd=cwd,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # it and what it starts are ended together
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._threads = [
            threading.Thread(target=self._take, args=(process.stdout, self._lines)),
            threading.Thread(target=self._take, args=(process.stderr, self._complaints)),
        ]
        self._open = len(self._threads)
        for thread in self._threads:
            thread.start()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def type(self, line: str) -> None:
        """Type *line* and Enter, into a program that was started for that."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def interrupt(self) -> None:
        """What Ctrl-C does: a terminal tells the program and all that it started."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGINT)

    def wait_until_ended(self, timeout: float = 180.0) -> int:
        """Wait until it ends by itself; return the exit code."""
        assert self._process is not None
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout:.0f} s") from None
        for thread in self._threads:
            thread.join()
        return code

    def close(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for thread in self._threads:
            thread.join()
        if self._process.stdin is not None:
            self._process.stdin.close()

    # --- what it wrote ---

    @property
    def lines(self) -> list[str]:
        with self._changed:
            return list(self._lines)

    @property
    def complaints(self) -> str:
        """What it wrote to standard error."""
        with self._changed:
            return "".join(self._complaints)

    def wait_for(
        self, enough: Callable[[list[str]], bool], what: str, timeout: float = 180.0
    ) -> None:
        """Wait until *enough* holds of its lines."""
        self._wait(lambda: enough(self._lines), what, timeout)

    def wait_for_complaint(self, text: str, timeout: float = 180.0) -> None:
        """Wait until *text* stands in what it wrote to standard error."""
        self._wait(lambda: text in "".join(self._complaints), text, timeout)

    def _wait(self, holds: Callable[[], bool], what: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        with self._changed:
            while not holds():
                remaining = deadline - time.monotonic()
                if remaining <= 0 or self._open == 0:
                    state = f"not in {timeout:.0f} s" if self._open else "it ended without"
                    raise AssertionError(
                        f"{self.name}, {state}: {what}; it wrote "
                        f"{len(self._lines)} lines, the last of them\n"
                        f"{''.join(self._lines[-5:])}\n{''.join(self._complaints)[-3000:]}"
                    )
                self._changed.wait(remaining)

    def _take(self, stream: IO[str], to: list[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    to.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._open -= 1
            self._changed.notify_all()


@contextmanager
def program(
    command: Sequence[str | Path],
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    *,
    is_typed_to: bool = False,
) -> Iterator[Program]:
    """A command that runs, and is ended with the test; what it wrote is shown if that fails."""
    running = Program(Path(command[0]).name)
    try:
        running.start(command, environ, cwd, is_typed_to=is_typed_to)
        yield running
    finally:
        running.close()
        sys.stderr.write(f"--- {running.name} on standard error ---\n{running.complaints}\n")
