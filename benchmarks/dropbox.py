"""What following files as Dropbox's clients do costs: a long listing, waiting, being woken.

Prints one JSON object. Clients are plain sockets over loopback, so ratios count, not the figures:
all processes share the machine's cores.

- `listing`: a watched tree under the real server, listed to its end in pages of 2,000.
- `wake`: on the same server, from sending a change (`POST /v1/changes`, fsynced) to the answer of
  the poll that waits for it, and to the page that shows it.
- `parked`: polls of as many users, on a memory store in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import http.client
import json
import resource
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.child import Child
from benchmarks.source import make_tree
from tests.servers import Server

PAGE = 2000
SAMPLES = 300
WARM_UP = 200


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="dropbox", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--polls", type=int, default=10_000)
    parser.add_argument("--serve", type=int, metavar="USERS", help="be the server of `parked`")
    options = parser.parse_args(arguments)
    if options.serve is not None:
        asyncio.run(serve(options.serve))
        return 0
    _allow_files(2 * options.polls)
    with tempfile.TemporaryDirectory(prefix="wakeful-bench-") as folder:
        result = followed(Path(folder), options.files)
    result["parked"] = parked(options.polls)
    print(json.dumps(result, indent=2))
    return 0


# --- under the real server ---


class Client:
    """One connection that speaks JSON."""

    def __init__(self, server: Server, token: str | None = None) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", server.port)
        self._headers = {
            "Authorization": f"Bearer {token or server.token}",
            "Content-Type": "application/json",
        }
        self._http.connect()
        self._http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, path: str, argument: Any) -> None:
        self._http.request("POST", path, json.dumps(argument), self._headers)

    def take(self) -> bytes:
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {body!r}")
        return body

    def ask(self, path: str, argument: Any) -> Any:
        self.send(path, argument)
        return json.loads(self.take())


def followed(folder: Path, files: int) -> dict[str, Any]:
    watched = folder / "watched"
    watched.mkdir()
    make_tree(watched, files)
    server = Server(folder, watch=watched)
    try:
        server.start()
        client = Client(server)
        listing, cursor = _listing(client)
        return {"listing": listing, "wake": _wake(client, Client(server), cursor)}
    finally:
        server.close()


def _listing(client: Client) -> tuple[dict[str, Any], str]:
    began = time.perf_counter()
    page = client.ask("/2/files/list_folder", {"path": "", "recursive": True, "limit": PAGE})
    entries, pages, longest = len(page["entries"]), 1, time.perf_counter() - began
    while page["has_more"]:
        asked = time.perf_counter()
        page = client.ask("/2/files/list_folder/continue", {"cursor": page["cursor"]})
        longest = max(longest, time.perf_counter() - asked)
        entries += len(page["entries"])
        pages += 1
    return {
        "entries": entries,
        "pages": pages,
        "seconds": round(time.perf_counter() - began, 2),
        "longest_page_ms": round(longest * 1e3, 1),
    }, page["cursor"]


def _wake(waiting: Client, changing: Client, cursor: str) -> dict[str, float]:
    answered, read = [], []
    for index in range(SAMPLES):
        waiting.send("/2/files/list_folder/longpoll", {"cursor": cursor, "timeout": 30})
        time.sleep(0.005)
        began = time.perf_counter()
        changing.send("/v1/changes", {"kind": "upload", "path": f"/woken {index}", "size": 1})
        told = json.loads(waiting.take())
        answered.append(time.perf_counter() - began)
        page = waiting.ask("/2/files/list_folder/continue", {"cursor": cursor})
        read.append(time.perf_counter() - began)
        changing.take()
        if told != {"changes": True} or len(page["entries"]) != 1:
            raise RuntimeError(f"{told}, {page}")
        cursor = page["cursor"]
    return {
        "answered_median_ms": _median_ms(answered),
        "answered_p99_ms": round(statistics.quantiles(answered, n=100)[98] * 1e3, 2),
        "read_median_ms": _median_ms(read),
    }


def _median_ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1e3, 2)


# --- parked polls ---


class Waited(Child):
    """A server whose polls wait for cursors."""

    def __init__(self, users: int) -> None:
        super().__init__("benchmarks.dropbox", ["--serve", str(users)])
        self.cursors: list[str] = self.ready["cursors"]

    def park(self, cursors: list[str]) -> list[socket.socket]:
        connections = []
        for cursor in cursors:
            body = json.dumps({"cursor": cursor, "timeout": 480})
            head = (
                "POST /2/files/list_folder/longpoll HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                "User-Agent: OfficialDropboxPythonSDKv2/12.2.4\r\nAccept: */*\r\n"
                "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
                "Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.sendall((head + body).encode())
            connections.append(connection)
        self.wait_parked(len(cursors))
        return connections


def parked(polls: int) -> dict[str, Any]:
    child = Waited(polls + WARM_UP)
    with contextlib.ExitStack() as stack:
        stack.callback(child.end)
        # Whatever is loaded or cached once is not the price of a poll.
        for connection in child.park(child.cursors[:WARM_UP]):
            connection.close()
        child.wait_parked(0)
        child.ask("collect")
        before = child.rss()
        began = time.monotonic()
        connections = child.park(child.cursors[WARM_UP:])
        took = time.monotonic() - began
        child.ask("collect")
        after = child.rss()
        for connection in connections:
            stack.callback(connection.close)
        woken = []
        for index in range(0, polls, max(1, polls // SAMPLES)):
            began = time.perf_counter()
            child.ask(f"change {WARM_UP + index}")
            answer = connections[index].recv(4096)
            woken.append(time.perf_counter() - began)
            if b'{"changes":true}' not in answer:
                raise RuntimeError(repr(answer))
        return {
            "polls": polls,
            "kib_per_poll": round((after - before) / polls / 1024, 2),
            "park_us": round(took / polls * 1e6, 1),
            "woken_median_ms": _median_ms(woken),
        }


def _allow_files(count: int) -> None:
    """For this process and for the server, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


async def serve(users: int) -> None:
    """A server with the front; obeys commands on standard input until that ends."""
    # Here, so that the client's process does not load the server.
    import uvicorn

    from wakeful.access import open_access
    from wakeful.core import accounts
    from wakeful.core.changes import ByPath, Facts, Upload
    from wakeful.core.cursors import Scope
    from wakeful.core.view import begin, latest
    from wakeful.dialects.dropbox.cursors import sealed
    from wakeful.feed import Feed
    from wakeful.http.dropbox.cursors import Cursors
    from wakeful.http.dropbox.poll import LONGPOLL_PATH, FormV2, LongPolls
    from wakeful.http.front.front import Front
    from wakeful.http.metrics import Metrics
    from wakeful.http.reading import read
    from wakeful.journal_feed import JournalFeed
    from wakeful.stores.memory import MemoryStore
    from wakeful.wakeups.hub import Hub

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError("only polls are asked here")

    store, metrics = MemoryStore(), Metrics()
    async with Feed(store, Hub(), metrics) as feed, JournalFeed(feed, metrics) as journals:
        access = await open_access(store)
        enterprise = await store.commit(accounts.create_enterprise("benchmark"))
        people, cursors = [], []
        for index in range(users):
            user = await store.commit(accounts.create_user(enterprise.id, f"user{index}"))
            grant = await store.commit(accounts.create_grant(user.id, "benchmark", ()))
            await access.load_grant(grant.id)
            people.append(user)
            first = await read(store, begin(user.id, grant.id, store.epoch, Scope()))
            cursors.append(sealed(access.seal, await read(store, latest(first))))
        front = Front(metrics)
        async with LongPolls(store, journals, access, front.polls) as longpolls:
            front.routing.route(LONGPOLL_PATH, longpolls.route(FormV2(store, Cursors(access))))
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            listener.listen(4096)
            server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    http=front.protocol(),
                    ws="none",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    timeout_keep_alive=75,
                    timeout_graceful_shutdown=5,
                )
            )
            running = asyncio.create_task(server.serve([listener]))
            print(json.dumps({"port": listener.getsockname()[1], "cursors": cursors}), flush=True)
            cursors.clear()
            lines = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
            )
            async for line in lines:
                match line.decode().split():
                    case ["parked"]:
                        answer: Any = front.polls.parked
                    case ["collect"]:
                        answer = gc.collect()
                    case ["change", number]:
                        user = people[int(number)]
                        change = Upload(parent=ByPath(user.home, ()), name="a", facts=Facts())
                        await feed.publish(user.id, (change,))
                        answer = True
                    case unknown:
                        raise ValueError(unknown)
                print(json.dumps(answer), flush=True)
            server.should_exit = True
            await running


if __name__ == "__main__":
    sys.exit(main())
