"""What the banner tells to type."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wakeful.cli.screen import tail_command


@pytest.mark.parametrize(
    ("here", "typed"),
    [
        pytest.param("{tmp}", "venv/bin/wakeful", id="where it was set up"),
        pytest.param("{tmp}/elsewhere", "{tmp}/venv/bin/wakeful", id="beside it"),
        pytest.param("/", "{tmp}/venv/bin/wakeful", id="where services start"),
    ],
)
def test_a_program_that_is_not_on_the_path_is_named_as_it_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str, typed: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "venv/bin/wakeful")])
    monkeypatch.chdir(here.format(tmp=tmp_path))

    command = tail_command(Path("/data"))

    assert command == f"{typed.format(tmp=tmp_path)} tail --data /data"
