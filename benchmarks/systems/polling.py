"""What is asked of every system that answers parked polls, and how each is asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.load.generator import Request

HOLD_SECONDS = 50
"""How long every system is told to keep a poll for which nothing happens."""

USER_AGENT = "benchmark/1"

Users = Sequence[Sequence[str]]


def get(target: str, *headers: str) -> str:
    return _head("GET", target, *headers) + "\r\n"


def post(target: str, body: str, *headers: str) -> str:
    return _head("POST", target, "Content-Length: {{length}}", *headers) + "\r\n" + body


def _head(method: str, target: str, *headers: str) -> str:
    lines = (f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", f"User-Agent: {USER_AGENT}")
    return "".join(f"{line}\r\n" for line in (*lines, "Accept: */*", *headers))


@dataclass(frozen=True)
class Wording:
    """The requests of one system. The first column of its users is what is published to.

    `asks` are what a connection may have served before it parks. `read` is what a client asks
    after it was woken, where the poll's answer is not all. `batch` publishes to many users at
    once. With `advances` the next poll is after one event more than the last.
    """

    poll: Request
    publish: Request
    asks: tuple[Request, ...]
    read: Request | None = None
    batch: Request | None = None
    advances: bool = False
    cursor: int | None = None  # the column of a user that says where the first poll begins
    pause: float = 0.0  # seconds between some 64 polls, where it cannot take all at once


@dataclass
class Running:
    """A system that was started, its port, and the processes that make it up."""

    port: int
    pids: list[int] = field(default_factory=list)
    publish_port: int | None = None  # where it is another


class PollSystem(Protocol):
    """A system whose clients wait with long polls."""

    name: str
    title: str
    holds: bool  # ends polls for which nothing happens, after HOLD_SECONDS
    most_polls: int | None  # that it keeps without losing any on two cores; None: all
    wording: Wording

    def version(self) -> str:
        """What is installed. Raises Missing."""
        ...

    def users(self, count: int) -> Users:
        """The columns of so many users, all different."""
        ...

    def devices(self, count: int) -> Users:
        """The columns of so many devices of one user, none of `users`."""
        ...

    def start(self, folder: Path, users: int) -> Running:
        """Start it for so many users. Raises Missing."""
        ...

    def end(self) -> None: ...
