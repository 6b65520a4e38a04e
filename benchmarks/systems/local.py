"""The least that a feed can be, which others are compared with: numbers, and one process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.load.generator import Extract, Request
from benchmarks.systems.polling import Running, Users, Wording, get, post
from benchmarks.systems.processes import Process, free_ports, listens, tree

BODY = '{"message":"new_change"}'
NUMBER = (Extract("a", '"number":', "},"),)


def worded(asked: str) -> Wording:
    """How it is spoken to; *asked* is the path that is asked between two polls."""
    return Wording(
        poll=Request(get("/poll/{{1}}?after={{a}}"), extracts=NUMBER),
        publish=Request(post("/publish/{{1}}", BODY)),
        asks=(Request(get(asked)), Request(get(asked))),
        cursor=2,
    )


class Local:
    """A program of ours that is given a port, and `more` arguments."""

    def __init__(self, *command: str | Path, more: Sequence[str] = ()) -> None:
        self._command = command
        self._more = more
        self._process: Process | None = None

    def users(self, count: int) -> Users:
        return [[str(number), "0"] for number in range(1, count + 1)]

    def devices(self, count: int) -> Users:
        return [["0", "0"]] * count

    def start(self, folder: Path, users: int) -> Running:
        with free_ports(1) as (port,):
            command = [*self._command, str(port), *self._more]
            self._process = Process(command, folder=folder)
            self._process.wait_until(lambda: listens(port))
        return Running(port, tree(self._process.pid))

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None
