"""The regression guard: what the real server asks of the system for one operation.

Allocations and system calls are counted, not times: they are the same on a busy machine and on a
fast one. The server runs with a library before it (`load/count.c`) that counts, and with Python's
allocator turned off, so that each object that is not reused is an allocation. Operations come one
at a time.

What is kept (`guard.json`) holds for one version of Python and the locked libraries.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import platform
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.build import SOURCES, compiler
from benchmarks.systems.wakeful_data import Prepared, prepare
from tests.servers import Server

KEPT = Path(__file__).with_name("guard.json")

COUNTED = (
    "allocations",
    "receive",
    "send",
    "accept",
    "watch",
    "option",
    "close",
    "file read",
    "file write",
    "sync",
)
"""In the order of `enum count` in count.c; the first is no system call."""

OPERATIONS = 120
WARM_UP = 60
_TRIES = 3

_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where the data are, if it is there: while the server waits for a slow disk it does other things,
and they would be counted."""

_QUIET_SECONDS = 0.02
_LONGEST_SECONDS = 20.0

_GROUPS = {
    "allocations": (("allocations",), 0.1),
    "socket calls": (("receive", "send", "accept", "watch", "option", "close"), 0.0),
    "file calls": (("file read", "file write"), 0.2),
    "syncs": (("sync",), 0.0),
}
"""What is compared, with what may differ: kinds of calls may take each other's place in a group.

A table is made larger now and then; SQLite finds a page in its cache or does not, and copies its
log when that is long.
"""

_SLACK = 0.5  # in each group, besides: two threads may or may not meet

Counts = dict[str, float]
"""For one operation, by what is counted."""


@dataclass(frozen=True)
class Difference:
    """An operation that asks for more, or less, than what is kept."""

    operation: str
    what: str
    kept: float
    counted: float

    @property
    def is_worse(self) -> bool:
        return self.counted > self.kept

    def __str__(self) -> str:
        return f"{self.operation}: {self.counted:.2f} {self.what}, and {self.kept:.2f} are kept"


def differences(kept: dict[str, Counts], counted: dict[str, Counts]) -> list[Difference]:
    """Where *counted* differs by more than it may, either way."""
    found = []
    for operation in sorted(kept.keys() | counted.keys()):
        for group, (names, tolerance) in _GROUPS.items():
            before, after = (
                sum(counts.get(operation, {}).get(name, 0.0) for name in names)
                for counts in (kept, counted)
            )
            if abs(after - before) > _SLACK + tolerance * before:
                found.append(Difference(operation, group, before, after))
    return found


def lasting(kept: dict[str, Counts]) -> list[Difference]:
    """Where what is counted differs from *kept*, each time anew: what the server does on its own
    while a client waits for its turn is counted, too, but not with the same operation again."""
    found = differences(kept, count())
    for _ in range(_TRIES - 1):
        if found:
            again = {(each.operation, each.what) for each in differences(kept, count())}
            found = [each for each in found if (each.operation, each.what) in again]
    return found


def python() -> str:
    """The version that counts are kept for."""
    return ".".join(platform.python_version_tuple()[:2])


def kept() -> tuple[str, dict[str, Counts]]:
    """The version of Python, and the counts by operation."""
    read = json.loads(KEPT.read_text(encoding="utf-8"))
    return read["python"], read["operations"]


def keep(counted: dict[str, Counts]) -> None:
    KEPT.write_text(json.dumps({"python": python(), "operations": counted}, indent=1) + "\n")


def show(*, is_written: bool) -> int:
    """Print what is counted now beside what is kept; 1 if they differ."""
    counted = count()
    for operation, counts in counted.items():
        calls = ", ".join(f"{name} {counts[name]:.2f}" for name in COUNTED[1:] if counts[name])
        print(f"{operation}: {counts['allocations']:.1f} allocations; {calls}")
    if is_written:
        keep(counted)
        return 0
    version, before = kept()
    if version != python():
        print(f"nothing is kept for Python {python()}, only for {version}")
        return 0
    found = differences(before, counted)
    for difference in found:
        print(difference, file=sys.stderr)
    return 1 if found else 0


# --- counting ---


def count() -> dict[str, Counts]:
    """What each operation asks for. Raises NoCompiler."""
    with tempfile.TemporaryDirectory(prefix="wakeful-guard-", dir=_IN_MEMORY) as made:
        folder = Path(made)
        library = folder / "count.so"
        subprocess.run(
            [
                compiler(),
                *("-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"),
                *("-o", library, SOURCES / "count.c", "-ldl"),
            ],
            check=True,
        )
        prepared = prepare(folder / "data", WARM_UP + OPERATIONS)
        tally = folder / "counts"
        tally.write_bytes(bytes(8 * len(COUNTED)))
        server = Server(
            folder,
            activated=False,
            environ={
                "LD_PRELOAD": str(library),
                "BENCHMARK_COUNTS": str(tally),
                "PYTHONMALLOC": "malloc",
                "PYTHONHASHSEED": "0",
            },
        )
        try:
            server.start()
            with _Tally(tally) as counts:
                return dict(_operations(counts, prepared, server.port))
        finally:
            server.close()


class _Tally:
    """The counts of a process that runs. A context manager."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._form = struct.Struct(f"={len(COUNTED)}Q")

    def __enter__(self) -> _Tally:
        return self

    def __exit__(self, *raised: object) -> None:
        self._map.close()
        self._file.close()

    def settled(self) -> tuple[int, ...]:
        """The counts, when they have stood still for a while."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        before = self._form.unpack(self._map[:])
        while time.monotonic() < deadline:
            time.sleep(_QUIET_SECONDS)
            now = self._form.unpack(self._map[:])
            if now == before:
                return now
            before = now
        raise TimeoutError("the server does not come to rest")

    def of(self, operation: Callable[[int], None]) -> Counts:
        """What *operation* asks for, on average, after some that are not counted."""
        for number in range(WARM_UP):
            operation(number)
        before = self.settled()
        for number in range(WARM_UP, WARM_UP + OPERATIONS):
            operation(number)
        after = self.settled()
        return {
            name: round((new - old) / OPERATIONS, 2)
            for name, old, new in zip(COUNTED, before, after, strict=True)
        }


def _operations(counts: _Tally, prepared: Prepared, port: int) -> Iterator[tuple[str, Counts]]:
    users = prepared.users
    with contextlib.ExitStack() as stack:

        def connected() -> _Connection:
            return stack.enter_context(_Connection(port))

        # Each just before it is needed: a server closes one that is idle for a while.
        publisher = connected()
        told = [0] * len(users)

        def tell(number: int) -> None:
            body = json.dumps({"type": "guard.told", "audience": [users[number][0]]})
            publisher.ask("POST", "/v1/events", prepared.admin[1], body)
            told[number] += 1

        def change(number: int) -> None:
            body = json.dumps({"kind": "upload", "path": f"/{number}.txt", "size": 1})
            publisher.ask("POST", "/v1/changes", users[number][1], body)
            told[number] += 1

        def read(number: int, *, back: int = 1) -> None:
            after = int(users[number][3]) + told[number] - back
            reader.ask("GET", f"/2.0/events?stream_position={after}", users[number][1])

        yield "publish an event", counts.of(tell)
        yield "publish a file change", counts.of(change)
        reader = connected()
        yield "read a new event", counts.of(read)
        yield "read it again", counts.of(read)
        yield "read nothing new", counts.of(lambda number: read(number, back=0))

        polls: list[_Connection] = []

        def meet(number: int) -> None:
            with _Connection(port) as connection:
                connection.send("GET", f"/subscribe?channel={users[number][2]}", users[number][1])
                connection.take()

        # Whose grant was never asked for is looked up, together with whoever comes meanwhile.
        counts.of(meet)

        def park(number: int) -> None:
            user = users[number]
            after = int(user[3]) + told[number]
            polls.append(connected())
            polls[-1].send("GET", f"/subscribe?channel={user[2]}&stream_position={after}", user[1])
            # The next one comes when this one is parked: an answer on another connection of the
            # loop says that its turn has come.
            reader.ask("GET", "/healthz", "")

        beside = counts.of(lambda _: reader.ask("GET", "/healthz", ""))
        parked = counts.of(park)
        yield "park", {name: round(parked[name] - beside[name], 2) for name in COUNTED}

        def wake(number: int) -> None:
            tell(number)
            polls[number].take()

        publisher = connected()
        yield "publish an event, and wake", counts.of(wake)


class _Connection:
    """One connection that speaks HTTP. A context manager."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *raised: object) -> None:
        self._socket.close()

    def ask(self, method: str, target: str, token: str, body: str = "") -> None:
        self.send(method, target, token, body)
        self.take()

    def send(self, method: str, target: str, token: str, body: str = "") -> None:
        head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self._socket.sendall(f"{head}{length}\r\n{body}".encode())

    def take(self) -> None:
        """Take an answer; raises RuntimeError for one that is no success."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._some()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        while len(body) < length:
            body += self._some()
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError((head + body).decode())

    def _some(self) -> bytes:
        some = self._socket.recv(65536)
        if not some:
            raise RuntimeError("the server closed the connection")
        return some
