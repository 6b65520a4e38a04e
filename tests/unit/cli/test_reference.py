from __future__ import annotations

import subprocess
import sys

from scripts.cli_reference import PAGE

PRINT = "from scripts.cli_reference import reference; print(reference(), end='')"


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    # In a process of its own: a command keeps the help option that it was first asked for.
    done = subprocess.run(
        [sys.executable, "-c", PRINT],
        cwd=PAGE.parents[1],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=True,
    )

    assert PAGE.read_text(encoding="utf-8") == done.stdout, "run `python -m scripts.cli_reference`"
