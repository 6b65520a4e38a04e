"""What others notice while somebody renames a folder of 100,000 files.

Prints one JSON object. The tree is recorded from a disk by the real server and is then nobody's
folder any more; its owner renames its top over HTTP. Meanwhile others follow their own homes as
Dropbox's clients do: each changes something, waits to be told by a long poll, and begins again.

- `commit_seconds`: from sending the rename to its answer, which comes after fsync, and what it cost
  the server's processors.
- `alone`, `meanwhile`: from sending a change to the answer of the poll that waits for it, of the
  others, while nothing else happens and while the rename is under way.
- `told_seconds`: until the owner has read all that it changed, and `told` how many paths.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.dropbox import Client
from benchmarks.source import make_tree
from tests.servers import Server, wakeful

TOP = "everything"
ALONE_SECONDS = 3.0
PAUSE_SECONDS = 0.01  # of each of the others, between two changes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="rename", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--others", type=int, default=8)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="wakeful-bench-") as folder:
        print(json.dumps(measure(Path(folder), options.files, options.others), indent=2))
    return 0


def measure(folder: Path, files: int, others: int) -> dict[str, Any]:
    watched = folder / "watched"
    make_tree(watched / TOP, files)
    with ExitStack() as stack:
        server = Server(folder, watch=watched)
        stack.callback(server.close)
        server.start()
        server.terminate()
        server.watch = None
        server.start()
        owner = Client(server)
        asked = {"path": "", "recursive": True}
        latest = "/2/files/list_folder/get_latest_cursor"
        cursor = owner.ask(latest, asked)["cursor"]
        top = owner.ask("/2/files/get_metadata", {"path": f"/{TOP}"})["id"].removeprefix("id:")
        followers = [Follower(server, f"other{index}@example.com") for index in range(others)]
        for follower in followers:
            stack.callback(follower.stop)
            follower.start()
        time.sleep(ALONE_SECONDS)
        owner = Client(server)  # the other one was idle for too long
        busy = _cpu_seconds(server.pid)
        began = time.perf_counter()
        owner.ask("/v1/changes", {"kind": "rename", "item": top, "name": "renamed"})
        ended = time.perf_counter()
        busy = _cpu_seconds(server.pid) - busy
        for follower in followers:
            follower.stop()
        told = _read_all(owner, cursor)
        took = time.perf_counter() - ended
    waits = [wait for follower in followers for wait in follower.waits]
    return {
        "files": files,
        "commit_seconds": round(ended - began, 3),
        "commit_cpu_seconds": round(busy, 3),
        "alone": _told([took for sent, took in waits if sent + took < began]),
        "meanwhile": _told([took for sent, took in waits if sent < ended and sent + took > began]),
        "told_seconds": round(took, 2),
        "told": told,
    }


def _read_all(client: Client, cursor: str) -> int:
    told, has_more = 0, True
    while has_more:
        page = client.ask("/2/files/list_folder/continue", {"cursor": cursor})
        told += len(page["entries"])
        cursor, has_more = page["cursor"], page["has_more"]
    return told


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _told(seconds: list[float]) -> dict[str, float]:
    return {
        "samples": len(seconds),
        "median_ms": round(statistics.median(seconds) * 1e3, 1),
        "slowest_ms": round(max(seconds) * 1e3, 1),
    }


class Follower(threading.Thread):
    """Another user, who changes something and waits to be told of it, again and again."""

    def __init__(self, server: Server, login: str) -> None:
        super().__init__(name=login)
        _administer(server, "user", "add", login)
        token = _administer(server, "token", "create", login)["text"]
        self._server, self._token = server, token
        self._stopping = threading.Event()
        self.waits: list[tuple[float, float]] = []
        """When a change was sent, and how long it took until the poll was answered (seconds)."""

    def run(self) -> None:
        waiting = Client(self._server, self._token)
        changing = Client(self._server, self._token)
        asked = {"path": "", "recursive": True}
        cursor = waiting.ask("/2/files/list_folder/get_latest_cursor", asked)["cursor"]
        index = 0
        while not self._stopping.wait(PAUSE_SECONDS):
            poll = {"cursor": cursor, "timeout": 30}
            waiting.send("/2/files/list_folder/longpoll", poll)
            time.sleep(0.002)  # so that the poll waits before there is something to tell
            sent = time.perf_counter()
            change = {"kind": "upload", "path": f"/{index}", "size": 1}
            changing.send("/v1/changes", change)
            waiting.take()
            self.waits.append((sent, time.perf_counter() - sent))
            changing.take()
            cursor = waiting.ask("/2/files/list_folder/continue", {"cursor": cursor})["cursor"]
            index += 1

    def stop(self) -> None:
        """Let it end after what it is at."""
        self._stopping.set()
        self.join()


def _administer(server: Server, *words: str) -> Any:
    answer = wakeful(*words, "--data", server.data, "--json")
    if answer.returncode != 0:
        raise RuntimeError(answer.stderr)
    return json.loads(answer.stdout)


if __name__ == "__main__":
    sys.exit(main())
