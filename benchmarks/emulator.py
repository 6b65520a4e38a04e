"""How soon a server in memory is there, and how long a suite takes that tests with it.

Prints JSON. The time is that from the start of the process to the whole answer of the first
request, which needs the token and the store.
"""

from __future__ import annotations

import http.client
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.servers import WAKEFUL, clean_environ
from tests.suites import SUITE

STARTS = 11
TOKEN = "known-before"
PATIENCE_SECONDS = 30.0
_STEP_SECONDS = 0.001


def main() -> None:
    first_answer_seconds()  # what is installed has its bytecode beside it
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [first_answer_seconds() * 1_000 for _ in range(STARTS)]
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures: dict[str, Any] = {
        "suite_seconds": round(suite_seconds(), 1),
        "starts": STARTS,
        "first_answer_ms": {
            "median": round(statistics.median(times)),
            "max": round(max(times)),
        },
        # From the start to the end of the process; it does not depend on what else runs.
        "processor_ms": round((_processor(spent) - _processor(before)) / STARTS * 1_000),
    }
    print(json.dumps(figures, indent=2))


def suite_seconds() -> float:
    """How long pytest takes for 200 tests with a fresh user each, with its own start and end."""
    with tempfile.TemporaryDirectory(prefix="wakeful-bench-") as folder:
        Path(folder, "test_suite.py").write_text(SUITE)
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            cwd=folder,
            env=clean_environ(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - began


def _processor(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def first_answer_seconds() -> float:
    """Start a server and ask it until it answers; it is ended then."""
    port = _free_port()
    command = [str(WAKEFUL), "serve", "--memory", "--port", str(port)]
    began = time.perf_counter()
    environ = clean_environ() | {"WAKEFUL_TOKEN": TOKEN}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environ,
    )
    try:
        while not _answers(port):
            if time.perf_counter() - began > PATIENCE_SECONDS or process.poll() is not None:
                raise RuntimeError("the server did not answer")
            time.sleep(_STEP_SECONDS)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/2.0/users/me", headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200
    except ConnectionError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
