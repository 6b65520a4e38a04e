"""What is asked of every system that keeps events: to answer when these are on the disk, or before.

All are given bodies of the same length as those that Wakeful stores for the events it is sent.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.load.generator import Request
from benchmarks.systems.polling import Running, Users
from benchmarks.systems.processes import Missing

BODY_BYTES = 300
PAGE = 500

BODY = b"x" * BODY_BYTES


@dataclass(frozen=True)
class DurableWording:
    """How a publisher begins its connection, sends so many events at once, and reads a page."""

    publish: Callable[[int], Request]
    greeting: Request | None = None
    page: Request | None = None  # of PAGE events, after number {{n}} or {{N}}
    mark: str = ""  # stands once in each event of a page


class DurableSystem(Protocol):
    """A system that keeps what it is told."""

    name: str
    title: str
    is_durable: bool  # answers after fsync
    wording: DurableWording

    def version(self) -> str:
        """What is installed. Raises Missing."""
        ...

    def users(self, count: int) -> Users:
        """The columns of so many publishers."""
        ...

    def start(self, folder: Path) -> Running:
        """Start it, empty. Raises Missing."""
        ...

    def fill(self, events: int, size: int) -> None:
        """Put so many events into it, for a reader to catch up with."""
        ...

    def end(self) -> None: ...


def installed(program: str, *arguments: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Missing(f"sudo apt-get install {package}")
    found = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    return (found.stdout or found.stderr).strip().splitlines()[0]


def numbers(count: int) -> Users:
    return [[str(number)] for number in range(count)]
