"""The queries by type and by time find their rows: they scan nothing and sort nothing."""

from __future__ import annotations

import apsw
import pytest

from wakeful.stores.sqlite.queries import load, migrations


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("page_of_type", "entry_by_type"),
        ("timeline", "entry_by_time"),
        ("timeline_of_type", "entry_by_type_and_time"),
        ("oldest_time", "entry_by_time"),
        ("newest_time", "entry_by_time"),
    ],
)
def test_a_page_comes_out_of_an_index_in_its_order(name: str, index: str) -> None:
    db = apsw.Connection(":memory:")
    for script in migrations():
        db.execute(script)
    query = getattr(load("streams.sql"), name)

    plan = [
        str(row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {query}", (1,) * query.count("?"))
    ]

    assert plan[0].startswith(f"SEARCH entry USING COVERING INDEX {index} (stream=?")
    assert not any("TEMP B-TREE" in step or "SCAN" in step for step in plan)
