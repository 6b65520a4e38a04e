"""The examples, with the tests that stand beside them, each in the environment of its SDK."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.components import python_sdk
from tests.suites import run

pytestmark = pytest.mark.acceptance

EXAMPLES = Path(__file__).parents[2] / "examples"

SDKS = {"box_mirror": "boxsdk10", "dropbox_index": "dropbox12"}


def test_each_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == SDKS.keys()


@pytest.mark.parametrize(("example", "sdk"), SDKS.items(), ids=SDKS)
def test_an_example_passes_its_tests(tmp_path: Path, example: str, sdk: str) -> None:
    folder = tmp_path / example
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("__pycache__"))

    done = run(folder, sdk=python_sdk(sdk))

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
