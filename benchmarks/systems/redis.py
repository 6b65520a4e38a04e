"""Redis: a stream in an append-only file."""

from __future__ import annotations

import socket
from pathlib import Path

from benchmarks.load.generator import Request
from benchmarks.systems.durable import BODY, PAGE, DurableWording, installed, numbers
from benchmarks.systems.polling import Running, Users
from benchmarks.systems.processes import Process, free_ports, listens, tree


def _bulk(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Redis:
    """A stream in an append-only file that is synced before each answer."""

    name = "redis"
    title = "Redis Streams"
    is_durable = True
    wording = DurableWording(
        publish=lambda count: Request(
            _bulk(b"XADD", b"events", b"*", b"body", BODY) * count,
            framing="redis",
            replies=count,
        ),
        page=Request(f"XRANGE catch-up ({{{{n}}}} + COUNT {PAGE}\r\n", framing="redis"),
        mark="$4\r\nbody",
    )

    def __init__(self) -> None:
        self._process: Process | None = None
        self._port = 0

    def version(self) -> str:
        words = installed("redis-server", "--version", package="redis-server").split()
        return f"Redis {words[2].removeprefix('v=')}"

    def users(self, count: int) -> Users:
        return numbers(count)

    def start(self, folder: Path) -> Running:
        with free_ports(1) as (port,):
            self._port = port
            options = {
                "--port": str(port),
                "--bind": "127.0.0.1",
                "--dir": str(folder),
                "--save": "",
                "--appendonly": "yes",
                "--appendfsync": "always",
                "--stream-node-max-bytes": "65536",
            }
            words = [word for option in options.items() for word in option]
            self._process = Process(["redis-server", *words], folder=folder)
            self._process.wait_until(lambda: listens(port))
        return Running(port, tree(self._process.pid))

    def fill(self, events: int, size: int) -> None:
        body = b"x" * size
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            answers = connection.makefile("rb")
            connection.sendall(_bulk(b"CONFIG", b"SET", b"appendfsync", b"no"))
            answers.readline()
            for first in range(1, events + 1, 1_000):
                numbers = range(first, min(first + 1_000, events + 1))
                connection.sendall(
                    b"".join(
                        _bulk(b"XADD", b"catch-up", b"%d" % number, b"body", body)
                        for number in numbers
                    )
                )
                for _ in numbers:
                    answers.readline()
                    answers.readline()
            connection.sendall(_bulk(b"CONFIG", b"SET", b"appendfsync", b"always"))
            answers.readline()

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None
