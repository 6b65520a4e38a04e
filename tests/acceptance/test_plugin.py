"""The pytest plugin, in runs of its own; and the page about it, as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.components import python_sdk
from tests.suites import SUITE, run

pytestmark = pytest.mark.acceptance

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
FAULTS = PAGE.with_name("emulator.md")

NOT_INSTALLED = """\
import sys

sys.modules["box_sdk_gen"] = sys.modules["boxsdk"] = sys.modules["dropbox"] = None


def test_box(box_client):
    pass


def test_dropbox(dropbox_client):
    pass
"""

FAILING = """\
import pytest


@pytest.mark.wakeful(fidelity="faithful", name="Ann")
def test_fails(wakeful_user, wakeful_server):
    assert wakeful_user.name == "Ann"
    wakeful_server.fault(503)
    wakeful_user.fault("gap")
    with wakeful_user.client() as client, client.events(since=0) as events:
        raise AssertionError("it failed")


def test_nothing_goes_wrong_any_more(wakeful_server, wakeful_user):
    assert wakeful_server.ask("GET", "/emulator/faults")["faults"] == []


def test_asks(wakeful_user):
    import urllib.request

    url = wakeful_user.url + "/2.0/events"
    headers = {"Authorization": f"Bearer {wakeful_user.token}"}
    urllib.request.urlopen(urllib.request.Request(url, headers=headers)).close()
    raise AssertionError("it failed")
"""

UNUSED = """\
import sys


def test_nothing_is_imported_for_those_who_do_not_use_it():
    loaded = {name for name in sys.modules if name.startswith("wakeful")}
    assert loaded == {"wakeful", "wakeful.testing", "wakeful.testing.plugin"}
    assert "wakeful" not in str(sys.argv)
"""


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


def test_what_was_asked_is_shown_and_what_went_wrong_is_over(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(FAILING)

    done = run(tmp_path, "--strict-markers")

    assert "2 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "What wakeful_user's clients asked" in done.stdout
    assert "nothing was asked" in done.stdout
    assert re.search(r"\d+: box\.events from start -> 200", done.stdout)


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


def test_the_programs_of_the_page_about_faults_pass(tmp_path: Path) -> None:
    found = blocks(FAULTS.read_text())
    for name, code in found:
        (tmp_path / name).write_text(code)

    done = run(tmp_path, *(name for name, _ in found), sdk=python_sdk("boxsdk10"))

    assert f"{len(found)} passed" in done.stdout, done.stdout + done.stderr


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
