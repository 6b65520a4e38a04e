"""PostgreSQL: a table of events, spoken to by its own protocol (3.0)."""

from __future__ import annotations

import glob
import os
import shutil
import struct
import subprocess
from pathlib import Path

from benchmarks.load.generator import Request
from benchmarks.systems.durable import BODY, PAGE, DurableWording, installed, numbers
from benchmarks.systems.polling import Running, Users
from benchmarks.systems.processes import Missing, Process, free_ports, tree


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _startup() -> bytes:
    words = b"user\0postgres\0database\0postgres\0\0"
    return struct.pack("!II", len(words) + 8, 196_608) + words


def _parse(name: bytes, text: bytes) -> bytes:
    return _message(b"P", name + b"\0" + text + b"\0\0\0")


def _bind(name: bytes, *values: bytes) -> bytes:
    body = b"\0" + name + b"\0\0\0" + struct.pack("!H", len(values))
    body += b"".join(struct.pack("!I", len(value)) + value for value in values)
    return _message(b"B", body + b"\0\0") + _message(b"E", b"\0\0\0\0\0")


_SYNC = _message(b"S", b"")
_TABLE = "CREATE TABLE event (number bigserial PRIMARY KEY, stream bigint NOT NULL, body text)"


class Postgres:
    """An insert of one row a commit, or of as many rows as are published at once.

    With *groups* the server waits half a millisecond for others before it syncs, where five or more
    transactions are open: its own way to make one sync serve many commits.
    """

    is_durable = True
    wording = DurableWording(
        greeting=Request(
            _startup()
            + _parse(b"put", b"INSERT INTO event (stream, body) VALUES ($1, $2)")
            + _parse(
                b"page",
                b"SELECT number, body FROM event WHERE number > $1 ORDER BY number LIMIT %d" % PAGE,
            )
            + _SYNC,
            framing="postgres",
            replies=2,
        ),
        publish=lambda count: Request(
            _bind(b"put", b"1", BODY) * count + _SYNC, framing="postgres"
        ),
        page=Request(
            _bind(b"page", b"0" * 12).replace(b"0" * 12, b"{{N}}") + _SYNC, framing="postgres"
        ),
        mark="xend",
    )

    def __init__(self, *, groups: bool = False) -> None:
        self.name = "postgres-group" if groups else "postgres"
        self.title = "PostgreSQL, group commit" if groups else "PostgreSQL"
        self._groups = groups
        self._process: Process | None = None
        self._folder = Path()

    def version(self) -> str:
        return installed(self._program("postgres"), "--version", package="postgresql")

    def users(self, count: int) -> Users:
        return numbers(count)

    def start(self, folder: Path) -> Running:
        # It refuses to run as root.
        user = "postgres" if os.geteuid() == 0 else None
        for parent in (folder, folder.parent):
            parent.chmod(0o755)
        if user is not None:
            shutil.chown(folder, user)
        self._folder = folder
        data = folder / "postgres"
        initdb: list[str | Path] = [
            self._program("initdb"),
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
        ]
        subprocess.run(
            [*initdb, "--no-sync", "--encoding=UTF8", "--locale=C"],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        with free_ports(1) as (port,):
            options = {
                "port": port,
                "listen_addresses": "127.0.0.1",
                "unix_socket_directories": folder,
                "max_connections": 250,
                "fsync": "on",
                "synchronous_commit": "on",
                "commit_delay": 500 if self._groups else 0,
                "commit_siblings": 5,
                "max_wal_size": "2GB",
                "autovacuum": "off",
            }
            words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
            self._process = Process(
                [self._program("postgres"), "-D", str(data), *words], folder=folder, user=user
            )
            self._process.wait_until((folder / f".s.PGSQL.{port}").exists)
            self._process.wait_until(lambda: self._answers(port))
        self._port = port
        self._run(_TABLE)
        return Running(port, tree(self._process.pid))

    def fill(self, events: int, size: int) -> None:
        body = f"repeat('x', {size - 4}) || 'xend'"
        self._run(
            f"INSERT INTO event (stream, body) SELECT 1, {body} FROM generate_series(1, {events})"
        )
        self._run("VACUUM ANALYZE event")

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _program(self, name: str) -> str:
        found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
        path = found[-1] if found else shutil.which(name)
        if path is None:
            raise Missing("sudo apt-get install postgresql")
        return path

    def _answers(self, port: int) -> bool:
        self._port = port
        return self._query("SELECT 1").returncode == 0

    def _run(self, text: str) -> None:
        done = self._query(text)
        if done.returncode != 0:
            raise Missing(done.stderr)

    def _query(self, text: str) -> subprocess.CompletedProcess[str]:
        where = ["-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres"]
        return subprocess.run(
            [self._program("psql"), "-X", *where, "-c", text],
            capture_output=True,
            text=True,
            check=False,
        )
