"""A large tree under the real server: first scan, memory, restart, a burst of new files.

Prints JSON. While the burst is unpacked, a client asks `/healthz` again and again: its slowest
answer bounds how late the server's loop was.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.source import make_tree
from tests.servers import Server

BURST_SECONDS = 180.0  # far above what it takes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tree", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="in the tree at first")
    parser.add_argument("--burst", type=int, default=20_000, help="unpacked into it later")
    options = parser.parse_args(arguments)
    print(json.dumps(measure(options.files, options.burst), indent=2))
    return 0


def measure(files: int, burst: int) -> dict[str, Any]:
    """The figures, in seconds and MiB."""
    with tempfile.TemporaryDirectory(prefix="wakeful-bench-") as folder:
        watched = Path(folder, "watched")
        watched.mkdir()
        make_tree(watched, files)
        server = Server(Path(folder), watch=watched)
        try:
            result: dict[str, Any] = {"files": files}
            result["first_scan_seconds"] = _seconds(server.start)
            result["rss_mib"] = _rss_mib(server)
            server.terminate()
            result["restart_seconds"] = _seconds(server.start)
            result["restart_rss_mib"] = _rss_mib(server)
            result["burst"] = _burst(server, watched, burst)
            result["burst"]["rss_mib"] = _rss_mib(server)
            server.terminate()
            return result
        finally:
            server.close()


def _seconds(call: Any) -> float:
    began = time.perf_counter()
    call()
    return round(time.perf_counter() - began, 2)


def _rss_mib(server: Server) -> float:
    text = Path(f"/proc/{server.pid}/status").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / 1024, 1)


def _burst(server: Server, watched: Path, files: int) -> dict[str, Any]:
    archive = watched.parent / "burst.tar"
    names = set()
    with tarfile.open(archive, "w") as tar:
        for index in range(files):
            name = f"file {index:06}"
            info = tarfile.TarInfo(f"burst/{index // 100:04}/{name}")
            content = f"content {index}".encode() * 20
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
            names.add(name)
    position = _get(server, "/2.0/events?stream_position=now")["next_stream_position"]
    slowest: list[float] = []
    stop = threading.Event()
    prober = threading.Thread(target=_probe, args=(server, stop, slowest))
    prober.start()
    began = time.perf_counter()
    subprocess.run(["tar", "xf", str(archive), "-C", str(watched)], check=True)
    unpacked = time.perf_counter() - began
    uploads: Counter[str] = Counter()
    while len(uploads) < files and time.perf_counter() - began < BURST_SECONDS:
        page = _get(server, f"/2.0/events?limit=500&stream_position={position}")
        position = page["next_stream_position"]
        uploads.update(
            event["source"]["name"]
            for event in page["entries"]
            if event["event_type"] == "ITEM_UPLOAD"
        )
    seconds = time.perf_counter() - began
    stop.set()
    prober.join()
    return {
        "files": files,
        "unpack_seconds": round(unpacked, 2),
        "announced_after_seconds": round(seconds, 2),
        "missing": len(names - uploads.keys()),
        "announced_twice": sum(count > 1 for count in uploads.values()),
        "slowest_answer_ms": round(max(slowest) * 1000, 1),
    }


def _probe(server: Server, stop: threading.Event, times: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    while not stop.wait(0.002):
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        times.append(time.perf_counter() - began)
    connection.close()


def _get(server: Server, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


if __name__ == "__main__":
    sys.exit(main())
