"""Suites as somebody writes them who tests with the emulator, and how they run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.servers import clean_environ

SUITE = """\
import pytest

seen = set()


@pytest.mark.parametrize("number", range(200))
def test_a_user_is_alone(wakeful_user, number):
    assert wakeful_user.id not in seen
    seen.add(wakeful_user.id)
    answer = wakeful_user.publish({"kind": "upload", "path": f"/{number}.txt"})
    with wakeful_user.client() as client, client.events(since=0) as events:
        assert next(iter(events)).source.name == f"{number}.txt"
    assert len(answer["events"]) == 1
"""


def run(folder: Path, *arguments: str, sdk: Path | None = None) -> subprocess.CompletedProcess[str]:
    """pytest in *folder*, as somebody who installed Wakeful runs it, beside an SDK."""
    if sdk is not None:
        # Behind all else: one of them has a module of the standard library for an older Python.
        packages = next((sdk.parents[1] / "lib").glob("python*/site-packages"))
        (folder / "conftest.py").write_text(f"import sys\nsys.path.append({str(packages)!r})\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=clean_environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=560,
    )
