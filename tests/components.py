"""What a test needs beside Python: a laptop may lack it, CI may not.

`WAKEFUL_TEST_REQUIRE` is a list with commas of components, or `all`; a listed one that is missing
fails the tests that need it, and any other skips them.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

SDKS = Path(__file__).parent.parent / ".sdk"


def missing(component: str, how_to_get_it: str) -> None:
    """Skip the test that cannot run without *component*, or fail it where that is required."""
    required = {name.strip() for name in os.environ.get("WAKEFUL_TEST_REQUIRE", "").split(",")}
    reason = f"{component} is missing: {how_to_get_it}"
    if required & {"all", component}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def program(name: str) -> Path:
    """Return the program *name*, which the package of that name has."""
    found = shutil.which(name)
    if found is None:
        missing(name, f"sudo apt-get install {name}")
    return Path(str(found))


def in_memory() -> Path:
    """Return a folder on a file system that is in memory."""
    if not Path("/dev/shm").is_dir():
        missing("shm", "run the tests on a system with /dev/shm")
    return Path("/dev/shm")


def linux(why: str) -> None:
    """Ask for Linux, *why* nothing else will do."""
    if sys.platform != "linux":
        missing("linux", why)


def python_sdk(name: str) -> Path:
    """Return the Python that has the SDK *name* (`boxsdk3`, `boxsdk10` ...)."""
    python = SDKS / name / "bin" / "python"
    if not (SDKS / name / "sdk.stamp").exists():
        missing(name, "make sdk")
    return python


def node_sdk(name: str) -> Path:
    """Return the folder whose `node_modules` has the SDK *name* (`boxnode3`, `boxnode10` ...)."""
    if not (SDKS / name / "sdk.stamp").exists() or shutil.which("node") is None:
        missing(name, "make sdk")
    return SDKS / name


def chromium() -> Path:
    """Return the browser, Debian's or another that is called so."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("chromium", "sudo apt-get install chromium")
        raise AssertionError("missing() does not return")
    return Path(found)


def rclone() -> Path:
    """Return the program rclone."""
    return program("rclone")


def compiler() -> None:
    """Ask for a C compiler, which builds the load generator."""
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        missing("cc", "sudo apt-get install gcc libc6-dev")
