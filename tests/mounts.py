"""File systems of a test's own, in memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.components import missing
from tests.servers import eventually


@contextmanager
def mounted(folder: Path, size: str = "1m") -> Iterator[Path]:
    """A file system of *size* at *folder*, which is made if need be; gone at the end."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0 or not mount(folder, size):
        missing("mount", "run the tests as root, and where mounting is allowed")
    try:
        yield folder
    finally:
        # Some tests take it away themselves.
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


def mount(folder: Path, size: str = "1m") -> bool:
    """Mount one at *folder*; False where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def umount(folder: Path, *how: str) -> None:
    """Take it away again, as soon as nobody is at work there; *how* are options of the command."""
    command = ["umount", *how, str(folder)]
    eventually(lambda: subprocess.run(command, check=False).returncode == 0, " ".join(command))
