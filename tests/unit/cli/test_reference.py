from __future__ import annotations

from scripts.cli_reference import PAGE, reference


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `python -m scripts.cli_reference`"
