"""The pytest plugin, in runs of its own; and the page about it, as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components import python_sdk
from tests.servers import clean_environ
from tests.suites import SUITE

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"

NOT_INSTALLED = """\
import sys

sys.modules["box_sdk_gen"] = sys.modules["boxsdk"] = sys.modules["dropbox"] = None


def test_box(box_client):
    pass


def test_dropbox(dropbox_client):
    pass
"""

UNUSED = """\
import sys


def test_nothing_is_imported_for_those_who_do_not_use_it():
    loaded = {name for name in sys.modules if name.startswith("wakeful")}
    assert loaded == {"wakeful", "wakeful.testing", "wakeful.testing.plugin"}
    assert "wakeful" not in str(sys.argv)
"""


def run(folder: Path, *arguments: str, sdk: Path | None = None) -> subprocess.CompletedProcess[str]:
    """pytest in *folder*, as somebody who installed Wakeful runs it, beside an SDK."""
    environ = clean_environ()
    if sdk is not None:
        # Behind all else: one of them has a module of the standard library for an older Python.
        packages = next((sdk.parents[1] / "lib").glob("python*/site-packages"))
        (folder / "conftest.py").write_text(f"import sys\nsys.path.append({str(packages)!r})\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=280
    )


def blocks(page: str) -> list[tuple[str, str]]:
    """The programs of a page, by the names that stand in their first lines."""
    found = re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [(name, code) for name, code in found]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_suite_with_a_fresh_user_for_each_test_passes(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)

    done = run(tmp_path, "-n", workers, "--durations=1")

    assert "200 passed" in done.stdout, done.stdout + done.stderr


def test_an_sdk_that_is_not_there_is_named_with_the_way_to_it(tmp_path: Path) -> None:
    (tmp_path / "test_sdks.py").write_text(NOT_INSTALLED)

    done = run(tmp_path)

    assert "2 errors" in done.stdout, done.stdout + done.stderr
    assert "pip install boxsdk" in done.stdout
    assert "pip install dropbox" in done.stdout


def test_it_is_not_felt_by_those_who_do_not_use_it(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(UNUSED)

    done = run(tmp_path)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_first_test_of_the_page_fails_and_then_passes(tmp_path: Path) -> None:
    (first, broken), (test, code), (again, mended) = blocks(PAGE.read_text())[:3]
    assert first == again
    (tmp_path / test).write_text(code)
    sdk = python_sdk("boxsdk10")

    (tmp_path / first).write_text(broken)
    before = run(tmp_path, test, sdk=sdk)
    (tmp_path / first).write_text(mended)
    after = run(tmp_path, test, sdk=sdk)

    assert "1 failed" in before.stdout, before.stdout + before.stderr
    assert "AssertionError" in before.stdout
    assert "1 passed" in after.stdout, after.stdout + after.stderr


def test_the_other_programs_of_the_page_pass(tmp_path: Path) -> None:
    others = blocks(PAGE.read_text())[3:]
    for name, code in others:
        (tmp_path / name).write_text(code)

    done = run(tmp_path, *(name for name, _ in others), sdk=python_sdk("dropbox12"))

    assert f"{len(others)} passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("sdk", ["boxsdk3", "boxsdk4"])
def test_the_older_box_sdk_reads_by_its_own_client(tmp_path: Path, sdk: str) -> None:
    (tmp_path / "test_own.py").write_text(
        "def test_read(wakeful_user):\n"
        "    wakeful_user.publish({'kind': 'upload', 'path': '/plan.txt'})\n"
        "    page = wakeful_user.boxsdk_client().events().get_events()\n"
        "    assert [event.source.name for event in page['entries']] == ['plan.txt']\n"
    )

    done = run(tmp_path, sdk=python_sdk(sdk))

    assert "1 passed" in done.stdout, done.stdout + done.stderr
