"""The running server does what its API description says, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.servers import clean_environ, running

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).parents[1] / "data" / "schemathesis.toml"

EXAMPLES = 20
"""For each operation and phase."""


@pytest.mark.timeout(1800)  # 130 s of work alone, which a busy machine does in ten minutes
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    (watched / "docs").mkdir(parents=True)
    (watched / "docs" / "report.txt").write_text("something to find")
    arguments = ("--hold", "1", "--auth-failure-limit", "0")  # it sends bad tokens, too
    with running(tmp_path, watch=watched, arguments=arguments) as server:
        authorization = f"Bearer {server.token}"
        trashed = httpx2.post(
            f"{server.url}/v1/changes",
            headers={"Authorization": authorization},
            json=[
                {"kind": "upload", "path": "/old.txt"},
                {"kind": "trash", "item": {"change": 0}},
            ],
            timeout=60,
        )
        assert trashed.status_code == 200

        done = subprocess.run(
            [
                str(SCHEMATHESIS),
                f"--config-file={CONFIG}",
                "run",
                f"{server.url}/openapi.json",
                f"--header=Authorization: {authorization}",
                f"--max-examples={EXAMPLES}",
                "--seed=1",  # the same each time: another may find what nobody broke
                "--request-timeout=600",  # of itself it gives up after ten seconds
                "--continue-on-failure",
                "--no-color",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=clean_environ(),
            cwd=tmp_path,
            timeout=1700,
            check=False,
        )

    print(done.stdout, done.stderr)  # noqa: T201 - shown where it failed
    assert done.returncode == 0
