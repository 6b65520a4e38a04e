"""Processes of a system that is measured: started on free ports, watched, ended by their ids."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 15.0

_PAGE_BYTES = os.sysconf("SC_PAGESIZE")


class Missing(Exception):
    """A system is not installed, or does not start. The text is for the user."""


class Process:
    """A program of a system, with all processes that it starts. What it writes goes to a file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        user: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._written = folder / f"{Path(command[0]).name}.log"
        with self._written.open("ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=None if environ is None else dict(environ),
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Raises Missing where it ends before it is ready, or never is."""
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self._written.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise Missing(f"{self._written.stem} did not start:\n{said}")
            time.sleep(0.02)

    def end(self) -> None:
        """With what it started, whatever that does."""
        pids = tree(self._process.pid)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pid in pids:
            if pid != self._process.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def tree(pid: int) -> list[int]:
    """The process *pid*, and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name in parentheses may hold anything.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for each in found:
        found.extend(parents.get(each, ()))
    return found


def rss(pids: Iterable[int]) -> int:
    """Resident bytes, added up."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    return total


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time used so far, user's and system's, of all threads."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def kernel_bytes() -> int:
    """What the kernel of this machine keeps for itself: objects, and buffers of sockets."""
    meminfo = dict(
        line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines() if ":" in line
    )
    slab = int(meminfo["Slab"].split()[0]) * 1024
    sockets = Path("/proc/net/sockstat").read_text().split("TCP:", 1)[1].splitlines()[0].split()
    return slab + int(sockets[sockets.index("mem") + 1]) * _PAGE_BYTES


def pin(pids: Iterable[int], cpus: set[int]) -> None:
    """Keep processes, with all their threads, to some of the cores."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), cpus)


@contextlib.contextmanager
def free_ports(count: int) -> Iterator[list[int]]:
    """Ports that nothing listens on, and nobody else is given while this lasts."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            reserved = stack.enter_context(socket.socket())
            # A server that says SO_REUSEADDR can listen beside a socket that never does.
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", 0))
            ports.append(reserved.getsockname()[1])
        yield ports


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
