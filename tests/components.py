"""What a test needs beside Python: a laptop may lack it, CI may not.

`WAKEFUL_TEST_REQUIRE` is a list with commas of components, or `all`; a listed one that is missing
fails the tests that need it, and any other skips them.
"""

from __future__ import annotations

import os
import shutil
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
    found = shutil.which("rclone")
    if found is None:
        missing("rclone", "sudo apt-get install rclone")
    return Path(str(found))
