"""The benchmarks of Wakeful alone, each a program of its own, and what they must reach."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number in a benchmark's result, and the most that it may be."""

    what: str
    path: str  # keys of the result, joined by dots
    unit: str
    most: float | None = None


BENCHMARKS: dict[str, tuple[Figure, ...]] = {
    "latency": (
        Figure("close of a known file → client, median", "known.median_ms", "ms", 10),
        Figure("close of a known file → client, p99", "known.p99_ms", "ms", 50),
        Figure("close of a new file → client, median", "new.median_ms", "ms", 30),
        Figure("close of a new file → client, p99", "new.p99_ms", "ms"),
    ),
    "tree": (
        Figure("first scan of 100,000 files, from start to ready", "first_scan_seconds", "s", 10),
        Figure("server's RSS after it", "rss_mib", "MiB", 150),
        Figure("restart with nothing changed", "restart_seconds", "s", 5),
        Figure("burst of 20,000 files: missing", "burst.missing", "files", 0),
        Figure("burst of 20,000 files: announced twice", "burst.announced_twice", "files", 0),
        Figure("burst of 20,000 files: all announced after", "burst.announced_after_seconds", "s"),
        Figure("slowest answer of the server meanwhile", "burst.slowest_answer_ms", "ms"),
    ),
    "source": (
        Figure("burst of 20,000 files: the loop was late by", "burst.loop_late_ms", "ms", 50),
    ),
    "retention": (
        Figure(
            "a commit beside the trimming of 1,000,000 rows, median",
            "commit_beside_trimming.median",
            "ms",
            10,
        ),
        Figure("the same, p99", "commit_beside_trimming.p99", "ms", 100),
        Figure("the same without trimming, p99", "commit_alone.p99", "ms"),
        Figure("1,000,000 rows are gone after", "seconds", "s"),
    ),
    "logs": (
        Figure("page of 500: window, 3 types, of 1,000,000", "page_ms", "ms", 5),
        Figure("the same once more", "page_again_ms", "ms", 5),
        Figure("the store's part of it", "store.window_of_three_types_ms", "ms"),
        Figure("data folder for each event", "bytes_per_event", "B"),
        Figure("recording of each", "fill_us_per_event", "us"),
    ),
    "parked": (
        Figure("RSS of a parked poll, 10,000 users", "fresh.kib_per_poll", "KiB", 2.5),
        Figure("the same after other requests", "after_requests.kib_per_poll", "KiB", 3),
        Figure("the same over TLS, 2,000 users", "tls.kib_per_poll", "KiB"),
        Figure("10,000 polls on one stream, last one woken", "one_stream.last_ms", "ms", 300),
    ),
    "dropbox": (
        Figure("listing of 100,000 files in pages of 2,000", "listing.seconds", "s", 4),
        Figure("change sent → its long poll answered, median", "wake.answered_median_ms", "ms", 3),
        Figure("change sent → its page read, median", "wake.read_median_ms", "ms"),
        Figure("RSS of a parked long poll, 10,000 users", "parked.kib_per_poll", "KiB", 3),
        Figure("one of them woken, median", "parked.woken_median_ms", "ms", 3),
    ),
    "rename": (
        Figure("rename of a folder of 100,000 files", "commit_seconds", "s", 10),
        Figure(
            "change of others → their poll, slowest meanwhile", "meanwhile.slowest_ms", "ms", 1000
        ),
        Figure("the same, median", "meanwhile.median_ms", "ms"),
        Figure("the same alone, median", "alone.median_ms", "ms"),
        Figure("the same alone, slowest", "alone.slowest_ms", "ms"),
        Figure("its owner has read all of it after", "told_seconds", "s"),
    ),
    "emulator": (
        Figure("start in memory → first answer, median", "first_answer_ms.median", "ms", 300),
        Figure("processor time of a start and an end", "processor_ms", "ms"),
        Figure("200 tests with a fresh user each", "suite_seconds", "s", 20),
    ),
}


def run(name: str) -> Any:
    """Each in a process of its own, so that none inherits what another left in memory."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def show(figure: Figure, result: Any) -> bool:
    """Print what was reached beside what must be; whether that is missed."""
    value = result
    for key in figure.path.split("."):
        value = value[key]
    is_missed = figure.most is not None and value > figure.most
    target = "" if figure.most is None else f"at most {figure.most:g} {figure.unit}"
    verdict = "MISSED" if is_missed else "ok" if target else ""
    print(f"{figure.what:<50} {value:>9,.4g} {figure.unit:<5}  {target:<18} {verdict}", flush=True)
    return is_missed
