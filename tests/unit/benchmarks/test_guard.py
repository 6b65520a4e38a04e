"""What the regression guard takes for a difference."""

from __future__ import annotations

import pytest

from benchmarks.guard import COUNTED, Counts, differences, kept

KEPT: Counts = dict.fromkeys(COUNTED, 0.0) | {
    "allocations": 100.0,
    "send": 2.0,
    "file write": 20.0,
    "sync": 1.0,
}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        pytest.param({}, [], id="the same"),
        pytest.param({"allocations": 109.0}, [], id="a little more memory"),
        pytest.param({"allocations": 112.0}, ["allocations"], id="more memory"),
        pytest.param({"allocations": 88.0}, ["allocations"], id="less memory"),
        pytest.param({"send": 3.0}, ["socket calls"], id="a call more"),
        pytest.param({"send": 1.0, "receive": 1.0}, [], id="one call for another"),
        pytest.param({"file write": 24.0}, [], id="a few more pages"),
        pytest.param({"file write": 30.0}, ["file calls"], id="many more pages"),
        pytest.param({"sync": 2.0}, ["syncs"], id="a sync more"),
    ],
)
def test_what_is_a_difference(changed: Counts, what: list[str]) -> None:
    found = differences({"park": KEPT}, {"park": KEPT | changed})

    assert [difference.what for difference in found] == what


def test_which_way_it_went_is_told() -> None:
    (worse,) = differences({"park": KEPT}, {"park": KEPT | {"allocations": 200.0}})
    (better,) = differences({"park": KEPT}, {"park": KEPT | {"allocations": 50.0}})

    assert worse.is_worse
    assert not better.is_worse
    assert str(worse) == "park: 200.00 allocations, and 100.00 are kept"


def test_an_operation_that_is_gone_or_new_is_a_difference() -> None:
    assert differences({"park": KEPT}, {})
    assert differences({}, {"park": KEPT})


def test_what_is_kept_has_all_operations_and_counts() -> None:
    _, operations = kept()

    assert {"park", "publish an event", "publish an event, and wake", "read a new event"} <= set(
        operations
    )
    assert all(set(counts) == set(COUNTED) for counts in operations.values())
    assert all(counts["allocations"] > 0 for counts in operations.values())
