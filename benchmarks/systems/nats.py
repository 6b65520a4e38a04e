"""NATS JetStream: a stream in files that are synced now and then."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from benchmarks.load.generator import Request
from benchmarks.systems.durable import BODY, DurableWording, installed, numbers
from benchmarks.systems.polling import Running, Users
from benchmarks.systems.processes import Missing, Process, free_ports, listens, tree


class Nats:
    """A stream in files that are synced every two minutes, whatever was answered before."""

    name = "nats"
    title = "NATS JetStream"
    is_durable = False
    wording = DurableWording(
        greeting=Request(
            'CONNECT {"verbose":false,"pedantic":false}\r\nSUB answers.{{1}} 1\r\nPING\r\n',
            framing="nats",
        ),
        publish=lambda count: Request(
            (b"PUB events answers.{{1}} %d\r\n%s\r\n" % (len(BODY), BODY)) * count,
            framing="nats",
            replies=count,
        ),
    )

    def __init__(self) -> None:
        self._process: Process | None = None

    def version(self) -> str:
        return installed("nats-server", "--version", package="nats-server")

    def users(self, count: int) -> Users:
        return numbers(count)

    def start(self, folder: Path) -> Running:
        with free_ports(1) as (port,):
            self._process = Process(
                ["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder)],
                folder=folder,
            )
            self._process.wait_until(lambda: listens(port))
        stream = json.dumps({"name": "events", "subjects": ["events"], "storage": "file"}).encode()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            answers = connection.makefile("rb")
            answers.readline()
            connection.sendall(
                b'CONNECT {"verbose":false}\r\nSUB made 1\r\n'
                b"PUB $JS.API.STREAM.CREATE.events made %d\r\n%s\r\n" % (len(stream), stream)
            )
            answers.readline()
            answer = answers.readline()
        if b'"error"' in answer:
            raise Missing(answer.decode())
        return Running(port, tree(self._process.pid))

    def fill(self, events: int, size: int) -> None:
        raise NotImplementedError("nobody reads from it here")

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None
