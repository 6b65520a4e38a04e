from __future__ import annotations

from scripts.event_types import PAGE, page


def test_the_page_of_event_types_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m scripts.event_types`"
