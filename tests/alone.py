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
    # One folder for all processes of one checkout.
    project = sha256(str(item.config.rootpath).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir(), f"wakeful-tests-{project}")
    folder.mkdir(exist_ok=True)
    with turn(folder, alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the lock whose files are in *folder*: shared, or *alone*.

    Everybody passes the gate first and waits for the lock inside it, so that one who wants to be
    alone is not overtaken for ever by those who share.
    """
    with (folder / "lock").open("w") as lock:
        with (folder / "gate").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
