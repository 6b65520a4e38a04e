"""How long from the end of writing a file to its event in the hands of a client.

A real server process on the loopback address follows a folder. The client speaks raw HTTP and
does what an SDK does: `OPTIONS`, poll, `GET` the events. The clock runs from `close()` of a file
of 10 kB to the last byte of the page that has its event; once for files that are known and get
a new version, once for new ones. Meanwhile other users' polls are parked.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.systems.wakeful_data import prepare
from tests.readers import Reader
from tests.servers import Server

CONTENT = os.urandom(10_000)
OTHER_USERS = 20
SETTLE_SECONDS = 0.005  # between sending the poll and writing: by then it is parked
# A path that is written again and again is told once a second, on purpose: so each known file
# is written once.
TARGETS_MS = {
    "known": {"median_ms": 10.0, "p99_ms": 50.0},
    "new": {"median_ms": 30.0},
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="latency", description=__doc__)
    parser.add_argument("--samples", type=int, default=300, help="of each kind")
    parser.add_argument("--parked", type=int, default=2_000, help="polls of others that wait")
    options = parser.parse_args(arguments)
    print(json.dumps(measure(options.samples, options.parked), indent=2))
    return 0


def measure(samples: int, parked: int) -> dict[str, Any]:
    """The figures, in milliseconds."""
    _allow_files(parked + 200)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wakeful-bench-")))
        watched = folder / "watched"
        watched.mkdir()
        for number in range(samples):
            (watched / f"known {number}.bin").write_bytes(CONTENT[:5_000])
        others = prepare(folder / "data", OTHER_USERS).users
        server = Server(folder, watch=watched)
        stack.callback(server.close)
        server.start()
        stack.enter_context(_parked(server, others, parked))
        client = stack.enter_context(_Client(server))
        figures: dict[str, Any] = {"samples": samples, "parked": parked, "bytes": len(CONTENT)}
        for kind in TARGETS_MS:
            client.cycle(watched / f"{kind} first.bin")  # warm
            times = [
                client.cycle(watched / f"{kind} {number}.bin") * 1_000 for number in range(samples)
            ]
            figures[kind] = {
                "median_ms": round(statistics.median(times), 2),
                "p99_ms": round(statistics.quantiles(times, n=100)[98], 2),
                "max_ms": round(max(times), 2),
                "target": TARGETS_MS[kind],
            }
        with Reader(server.url, server.token) as reader:
            # Fewer than at the beginning, and the figures mean less.
            figures["parked at the end"] = int(reader.metrics()["wakeful_polls_parked"])
        return figures


class _Client:
    """One keep-alive connection, and the position up to which it has read."""

    def __init__(self, server: Server) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {server.token}"}
        self._position = self._ask("GET", "/2.0/events?stream_position=now")["next_stream_position"]

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.close()

    def cycle(self, path: Path) -> float:
        """Write *path* while the poll waits; seconds from its close to its event."""
        url = urlsplit(self._ask("OPTIONS", "/2.0/events")["entries"][0]["url"])
        self._send("GET", f"{url.path}?{url.query}&stream_position={self._position}")
        time.sleep(SETTLE_SECONDS)
        with path.open("wb") as file:
            file.write(CONTENT)
        closed = time.perf_counter()
        message = self._take()["message"]
        page = self._ask("GET", f"/2.0/events?stream_position={self._position}")
        seconds = time.perf_counter() - closed
        self._position = page["next_stream_position"]
        names = [event["source"]["name"] for event in page["entries"]]
        if message != "new_change" or names != [path.name]:
            raise RuntimeError(f"wrote {path.name}, was told {message} and {names}")
        return seconds

    def _ask(self, method: str, target: str) -> dict[str, Any]:
        self._send(method, target)
        return self._take()

    def _send(self, method: str, target: str) -> None:
        self._http.request(method, target, headers=self._headers)

    def _take(self) -> dict[str, Any]:
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {body!r}")
        parsed: dict[str, Any] = json.loads(body)
        return parsed


@contextmanager
def _parked(server: Server, users: Sequence[Sequence[str]], count: int) -> Iterator[None]:
    """So many polls of *users* that wait, each on a connection of its own."""
    with ExitStack() as stack:
        for index in range(count):
            _, token, channel, *_ = users[index % len(users)]
            connection = socket.create_connection(("127.0.0.1", server.port))
            stack.callback(connection.close)
            connection.sendall(
                f"GET /subscribe?channel={channel}&stream_type=all HTTP/1.1\r\n"
                f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
        with Reader(server.url, server.token) as reader:
            reader.wait_until_parked(count)
        yield


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


if __name__ == "__main__":
    raise SystemExit(main())
