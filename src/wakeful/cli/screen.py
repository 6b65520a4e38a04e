"""The terminal of a server: a progress bar while folders are read, then the banner."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from wakeful.cli.banner import Followed, Secured, print_banner

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE_SECONDS = 0.5


class Screen:
    """Prints to standard output; the bar goes to standard error, and only to a terminal."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._since = 0.0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Show what `progress` is told, for as long as the block lasts."""
        if not sys.stderr.isatty():
            yield
            return
        # It takes a while to import, and most servers have no terminal.
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("Reading {task.description}: {task.completed:,.0f} files and folders"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._bar.stop()
            self._bar = None

    def progress(self, name: str, entries: int) -> None:
        """So many entries of the folder *name* were read."""
        # A folder that is read in no time needs no bar, which would only flicker.
        if self._bar is None or time.monotonic() - self._since < _PATIENCE_SECONDS:
            return
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(name, total=None)
            self._bar.start()
        self._bar.update(self._tasks[name], completed=entries)

    def banner(
        self,
        *,
        url: str,
        token: str | None,
        token_file: Path | None,
        followed: Sequence[Followed],
        secured: Secured | None = None,
    ) -> None:
        """What the person who started it can do now."""
        print_banner(
            url=url,
            token=token,
            token_file=token_file,
            tail=(
                f"{_program()} tail --url {url} --token {token}"
                if token_file is None
                else tail_command(token_file.parent)
            ),
            followed=followed,
            secured=secured,
        )
        sys.stdout.flush()


def _from_here(path: str) -> str:
    """*path* as short as it can be typed in this folder. The root, where service managers start
    programs, is no folder that people are in."""
    short = os.path.relpath(path)
    return path if short.startswith("..") or os.getcwd() == "/" else short


def tail_command(data: Path) -> str:
    """The command that follows the server on *data*, as it can be typed here."""
    program = _program()
    if data == platformdirs.user_data_path("wakeful"):
        return f"{program} tail"
    return f"{program} tail --data {shlex.quote(str(data))}"


def _program() -> str:
    """This program, as it can be typed here."""
    if shutil.which("wakeful") is not None:
        return "wakeful"
    # Not on the path, as after `make serve`: by the way that it was called.
    return shlex.quote(_from_here(os.path.abspath(sys.argv[0])))
