"""How long to wait before trying again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wakeful.client.pace import bound_after, full_jitter, retry_after

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "bound"), [(0, 0.5), (1, 1.0), (5, 16.0), (6, 30.0), (5000, 30.0)]
)
def test_the_bound_doubles_up_to_half_a_minute(failures: int, bound: float) -> None:
    assert bound_after(failures) == bound


def test_waits_are_spread_over_the_whole_bound() -> None:
    waits = [full_jitter(30.0) for _ in range(2000)]

    assert 0 <= min(waits) < 3
    assert 27 < max(waits) <= 30


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param(" 0.5 ", 0.5, id="fraction"),
        pytest.param("Fri, 02 Jan 2026 12:00:30 GMT", 30.0, id="date"),
        pytest.param("Fri, 02 Jan 2026 12:00:30", 30.0, id="date without a zone"),
        pytest.param("Fri, 02 Jan 2026 11:00:00 GMT", 0.0, id="date in the past"),
        pytest.param("86400", 3600.0, id="too long"),
        pytest.param("inf", 3600.0, id="infinite"),
        pytest.param("-3", 0.0, id="negative"),
        pytest.param("nan", 0.0, id="no number"),
        pytest.param("soon", 0.0, id="no date"),
        pytest.param("", 0.0, id="empty"),
    ],
)
def test_retry_after_in_all_its_forms(text: str, seconds: float) -> None:
    assert retry_after({"retry-after": text}, lambda: NOON) == seconds


def test_no_retry_after_asks_for_no_wait() -> None:
    assert retry_after({}) == 0.0


def test_a_date_is_measured_from_now() -> None:
    assert retry_after({"retry-after": "Fri, 02 Jan 2026 12:00:30 GMT"}) >= 0.0
