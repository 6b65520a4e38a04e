"""A feed on a loopback socket that does what a test tells it, faults included."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.ports import Port

EPOCH = 1 << 40


@dataclass(frozen=True)
class Request:
    kind: str
    """`channel`, `poll`, `page` or `publish`."""
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


Fault = Callable[[socket.socket, Request], None]
"""Answers one request in place of the server; the connection is closed afterwards."""


def http(body: bytes | dict[str, Any] = b"", status: str = "200 OK", **headers: str) -> bytes:
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def answer(body: bytes | dict[str, Any] = b"", status: str = "200 OK", **headers: str) -> Fault:
    """A fault that is a whole answer."""

    def fault(connection: socket.socket, request: Request) -> None:
        connection.sendall(http(body, status, **headers))

    return fault


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "event",
        "event_id": f"id-{name}",
        "event_type": "ITEM_UPLOAD",
        "created_at": "2026-01-02T03:04:05+01:00",
        "created_by": {"type": "user", "id": "7", "name": "Ada", "login": "ada"},
        "source": {"type": "file", "id": "11", "name": name, "size": 3, "etag": "0"},
        **more,
    }


class ScriptedFeed:
    """Serves `entries` like a Box server; `fault` changes what the next request of a kind gets.

    `received` has all requests in order. `wait_for` waits until one has arrived.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.hold = 20.0
        self.channel: dict[str, Any] = {"ttl": "10", "max_retries": "10", "retry_timeout": 60}
        self.page_headers: dict[str, str] = {}
        self.received: list[Request] = []
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._news = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._port = Port()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port.number}"

    def start(self) -> None:
        """Listen; after `stop` on the same port again."""
        self._listener = self._port.listen(16)
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Refuse connections and cut those that there are."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with self._news:
            open_ones = list(self._connections)
            self._news.notify_all()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for each in open_ones:
            with contextlib.suppress(OSError):  # it may have ended by itself meanwhile
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._threads.clear()

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._port.release()

    def publish(self, *names: str) -> None:
        with self._news:
            self.entries.extend(entry(name) for name in names)
            self._news.notify_all()

    def fault(self, kind: str, *faults: Fault) -> None:
        self._faults[kind].extend(faults)

    def of(self, kind: str) -> list[Request]:
        return [request for request in self.received if request.kind == kind]

    def wait_for(self, kind: str, count: int = 1) -> Request:
        """The request number *count* of its kind, as soon as it is there."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.of(kind)) >= count, 60), self.received
            return self.of(kind)[count - 1]

    def _spawn(self, work: Callable[[socket.socket], None], argument: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(argument,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._news:
                self._connections.add(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                while (request := _read(lines)) is not None:
                    with self._news:
                        self.received.append(request)
                        faults = self._faults[request.kind]
                        fault = faults.popleft() if faults else None
                        self._news.notify_all()
                    if fault is not None:
                        fault(connection, request)
                        return
                    connection.sendall(self._answer(request))
        except OSError:
            pass  # the client, or `stop`, has cut it
        finally:
            with self._news:
                self._connections.discard(connection)

    def _answer(self, request: Request) -> bytes:
        match request.kind:
            case "channel":
                url = f"{self.url}/subscribe?channel=abc"
                server = {"type": "realtime_server", "url": url, **self.channel}
                return http({"chunk_size": 1, "entries": [server]})
            case "poll":
                number = int(request.query["stream_position"]) - EPOCH
                with self._news:
                    grown = self._news.wait_for(
                        lambda: len(self.entries) > number or self._listener is None, self.hold
                    )
                return http({"message": "new_change" if grown else "reconnect"})
            case "page":
                return http(self._page(request), **self.page_headers)
            case _:
                event = {"id": "e1", "position": EPOCH + 1}
                return http({"changes": [], "events": [event], "replayed": False})

    def _page(self, request: Request) -> dict[str, Any]:
        asked, limit = request.query["stream_position"], int(request.query["limit"])
        number = len(self.entries) if asked == "now" else max(int(asked) - EPOCH, 0)
        page = self.entries[number : number + limit]
        position = EPOCH + number + len(page)
        return {"chunk_size": len(page), "entries": page, "next_stream_position": position}


def _read(lines: Any) -> Request | None:
    first = lines.readline().decode().split(" ")
    if len(first) != 3:
        return None
    headers = {}
    while (line := lines.readline().decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", "0")))
    method, target = first[0], first[1]
    kinds = {"OPTIONS": "channel", "POST": "publish"}
    kind = kinds.get(method) or ("poll" if target.startswith("/subscribe") else "page")
    return Request(kind, target, headers, body)
