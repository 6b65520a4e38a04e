"""What parked polls cost: memory of each, and the time to wake them all.

A server with the front on a memory store runs in a process of its own; this one is the
client, plain sockets over loopback. Prints one JSON object. Ratios count, not the figures: the
two processes share the machine's cores.

- `fresh`: each poll of another user, on a connection that served nothing else.
- `after_requests`: the same after a GET and an OPTIONS through the application.
- `tls`: as `fresh`, over TLS, fewer of them.
- `one_stream`: polls on one stream, and one change that wakes them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
import select
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.child import GIVE_UP_SECONDS, Child

POLLS = 10_000
TLS_POLLS = 2_000
USERS_OF_WARM_UP = 200

# What the Python SDK sends; a poll's size matters as little as it should.
HEADERS = (
    "Host: 127.0.0.1\r\nUser-Agent: box-python-sdk-3.14.0\r\nAccept-Encoding: gzip, deflate\r\n"
    "Accept: */*\r\nConnection: keep-alive\r\nX-Box-UA: agent=box-python-sdk/3.14.0; "
    "env=python/3.11\r\nAuthorization: Bearer 0123456789abcdefghijklmnopqrstuv\r\n\r\n"
)


# --- the client ---


class Parking(Child):
    """A server whose polls wait on channels."""

    def __init__(self, users: int, *, is_tls: bool) -> None:
        super().__init__("benchmarks.parked", ["serve", str(users), "tls" if is_tls else "plain"])
        self.channels: list[str] = self.ready["channels"]
        self._tls: ssl.SSLContext | None = None
        if is_tls:
            self._tls = ssl.create_default_context(cadata=self.ready["authority"])

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_hostname="127.0.0.1")


@contextlib.contextmanager
def serving(users: int, *, is_tls: bool = False) -> Iterator[Parking]:
    child = Parking(users, is_tls=is_tls)
    try:
        yield child
    finally:
        child.end()


def poll_of(channel: str) -> bytes:
    path = f"/subscribe?channel={channel}&stream_type=all&stream_position=now"
    return f"GET {path} HTTP/1.1\r\n{HEADERS}".encode()


def request(connection: socket.socket, method: str) -> None:
    connection.sendall(f"{method} /2.0/events HTTP/1.1\r\n{HEADERS}".encode())
    answer = b""
    while not answer.endswith(b"{}"):
        received = connection.recv(65536)
        assert received, answer
        answer += received


def park(child: Parking, channels: list[str], *, requests_first: bool) -> list[socket.socket]:
    connections = []
    for channel in channels:
        connection = child.connect()
        if requests_first:
            request(connection, "GET")
            request(connection, "OPTIONS")
        connection.sendall(poll_of(channel))
        connections.append(connection)
    child.wait_parked(len(channels))
    return connections


def memory(*, requests_first: bool, is_tls: bool = False, polls: int = POLLS) -> dict[str, float]:
    with serving(polls + USERS_OF_WARM_UP, is_tls=is_tls) as child:
        # Whatever is loaded or cached once is not the price of a poll.
        for connection in park(
            child, child.channels[:USERS_OF_WARM_UP], requests_first=requests_first
        ):
            connection.close()
        child.wait_parked(0)
        child.ask("collect")
        before = child.rss()
        began = time.monotonic()
        connections = park(child, child.channels[USERS_OF_WARM_UP:], requests_first=requests_first)
        took = time.monotonic() - began
        child.ask("collect")
        after = child.rss()
        frozen = child.ask("freeze")
        for connection in connections:
            connection.close()
        return {
            "kib_per_poll": round((after - before) / polls / 1024, 2),
            "park_us": round(took / polls * 1e6, 1),
            "collect_ms": round(frozen["collect"] * 1e3, 1),
            "collect_frozen_ms": round(frozen["collect_frozen"] * 1e3, 1),
        }


def wake() -> dict[str, float]:
    with serving(1) as child:
        connections = park(child, child.channels * POLLS, requests_first=False)
        answered = select.epoll()
        for connection in connections:
            answered.register(connection.fileno(), select.EPOLLIN)
        began = time.monotonic()
        child.ask("change")
        left, first = len(connections), 0.0
        while left:
            ready = answered.poll(GIVE_UP_SECONDS, 1024)
            first = first or time.monotonic()
            for fileno, _ in ready:
                assert os.read(fileno, 4096).endswith(b"}")
            left -= len(ready)
            time.sleep(0.001)  # many at a time: the two processes share the cores
        last = time.monotonic()
        cpu = child.ask("cpu")
        for connection in connections:
            connection.close()
        return {
            "first_ms": round((first - began) * 1e3, 1),
            "last_ms": round((last - began) * 1e3, 1),
            "server_us_per_poll": round(cpu / POLLS * 1e6, 1),
        }


def main() -> None:
    """Measure, and print the result as JSON."""
    _allow_files(2 * POLLS)
    result = {
        "polls": POLLS,
        "fresh": memory(requests_first=False),
        "after_requests": memory(requests_first=True),
        "tls": {"polls": TLS_POLLS} | memory(requests_first=False, is_tls=True, polls=TLS_POLLS),
        "one_stream": wake(),
    }
    print(json.dumps(result, indent=2))


def _allow_files(count: int) -> None:
    """For this process and for the server, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


# --- the server ---


async def serve(users: int, *, is_tls: bool) -> None:
    """A server with the front; obeys commands on standard input until that ends."""
    # Here, so that the client's process does not load the server.
    import uvicorn

    from wakeful.access import open_access
    from wakeful.core import accounts
    from wakeful.core.changes import Tell
    from wakeful.core.events import StreamClass
    from wakeful.core.positions import Marker, position
    from wakeful.feed import Feed
    from wakeful.http.box.realtime import Realtime
    from wakeful.http.front.front import Front
    from wakeful.http.metrics import Metrics
    from wakeful.http.serving import Server, TlsSockets
    from wakeful.stores.memory import MemoryStore
    from wakeful.tls import LocalFiles, ServerTls
    from wakeful.wakeups.hub import Hub

    class Known:
        """Makes the feed read the head of a stream."""

        def __init__(self, stream: int) -> None:
            self.stream = stream
            self.cls = 0
            self.after = 0

        def wake(self, since: float) -> None: ...

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    store, metrics = MemoryStore(), Metrics()
    async with Feed(store, Hub(), metrics) as feed:
        access = await open_access(store)
        enterprise = await store.commit(accounts.create_enterprise("benchmark"))
        people, channels, known = [], [], []
        for index in range(users):
            user = await store.commit(accounts.create_user(enterprise.id, f"user{index}"))
            grant = await store.commit(accounts.create_grant(user.id, "benchmark", ()))
            await access.load_grant(grant.id)
            people.append(user.id)
            known.append(Known(user.id))
            feed.wait(known[-1], Marker.NOW)
            channels.append(
                access.channel(user.id, grant.id, StreamClass.ALL, position(store.epoch, 0))
            )
        while any(feed.known_head(user) is None for user in people):  # noqa: ASYNC110 - no event of its own
            await asyncio.sleep(0.01)
        for waiter in known:
            feed.leave(waiter)
        known.clear()

        front = Front(metrics)
        async with Realtime(feed, access, front.polls, hold=50) as realtime:
            front.routing.route("/subscribe", realtime.subscribe)
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            listener.listen(4096)
            tls = None
            ready: dict[str, Any] = {"port": listener.getsockname()[1], "channels": channels}
            if is_tls:
                with tempfile.TemporaryDirectory() as folder:
                    files = LocalFiles(Path(folder))
                    files.ensure()
                    tls = TlsSockets(ServerTls(files.pair).context, [listener])
                    ready["authority"] = files.authority.read_text(encoding="ascii")
            server = Server(
                uvicorn.Config(
                    app,
                    http=front.protocol(),
                    ws="none",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    timeout_keep_alive=75,
                    timeout_graceful_shutdown=5,
                ),
                tls,
            )
            running = asyncio.create_task(server.serve([] if tls else [listener]))
            print(json.dumps(ready))
            sys.stdout.flush()
            channels.clear()
            lines = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
            )
            cpu = 0.0
            async for line in lines:
                match line.decode().strip():
                    case "parked":
                        answer: Any = front.polls.parked
                    case "collect":
                        answer = gc.collect()
                    case "freeze":
                        answer = _collecting()
                    case "change":
                        cpu = time.process_time()
                        await feed.publish(people[0], (Tell(type="COMMENT_CREATE", classes=1),))
                        answer = True
                    case "cpu":
                        answer = time.process_time() - cpu
                    case unknown:
                        raise ValueError(unknown)
                print(json.dumps(answer), flush=True)
            server.should_exit = True
            await running


def _collecting() -> dict[str, float]:
    """Seconds of a full collection: with everything, and with what is there now set aside."""
    times = []
    for prepare in (gc.collect, gc.freeze):
        prepare()
        began = time.perf_counter()
        gc.collect()
        times.append(time.perf_counter() - began)
    gc.unfreeze()
    return {"collect": times[0], "collect_frozen": times[1]}


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        import uvloop

        uvloop.run(serve(int(sys.argv[2]), is_tls=sys.argv[3] == "tls"))
    else:
        main()
