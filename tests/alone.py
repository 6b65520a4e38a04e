"""Tests marked `alone` run while no other test does, in whatever number of processes.

They measure time or memory, and a neighbour on the same cores would be measured with them. A
reader-writer lock on two files does it: ordinary tests share it, one that is `alone` has it to
itself.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outside of the test's time limit
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if not hasattr(item.config, "workerinput"):  # a single process
        return (yield)
    is_alone = item.get_closest_marker("alone") is not None
    with _turn(item.config.rootpath, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH):
        return (yield)


@contextmanager
def _turn(project: Path, kind: int) -> Iterator[None]:
    """Hold the lock of *project* for one test.

    Everybody passes the gate first and waits for the lock inside it, so that one who wants to be
    alone is not overtaken for ever by those who share.
    """
    name = "wakeful-tests-" + sha256(str(project).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir())
    with (folder / f"{name}.lock").open("w") as lock:
        with (folder / f"{name}.gate").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(lock, kind)
        yield
