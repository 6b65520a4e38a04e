"""What is left out is counted while it is so, and no longer."""

from __future__ import annotations

import pytest

from wakeful.sources import skipped
from wakeful.sources.skipped import FOUND_BY_COMPARING, Reason, Skipped


def never(reason: Reason, path: str) -> bool:
    return False


def always(reason: Reason, path: str) -> bool:
    return True


@pytest.fixture
def left_out() -> Skipped:
    return Skipped("test")


@pytest.mark.parametrize("reason", sorted(FOUND_BY_COMPARING))
def test_what_a_comparison_does_not_find_again_is_there_no_longer(
    left_out: Skipped, reason: Reason
) -> None:
    left_out.add(reason, "stays")
    left_out.add(reason, "goes")

    left_out.begin()
    left_out.add(reason, "stays")
    left_out.end(always)

    assert left_out.counts() == {reason.value: 1}
    assert left_out.samples() == {reason.value: ("stays",)}


@pytest.mark.parametrize("reason", sorted(set(Reason) - FOUND_BY_COMPARING))
def test_what_no_comparison_finds_is_looked_at(left_out: Skipped, reason: Reason) -> None:
    left_out.add(reason, "stays")
    left_out.add(reason, "goes")

    left_out.begin()
    left_out.end(lambda reason, path: path == "stays")

    assert left_out.samples() == {reason.value: ("stays",)}


def test_what_is_found_meanwhile_is_not_looked_at_again(left_out: Skipped) -> None:
    left_out.begin()
    left_out.add(Reason.UNREADABLE_FILE, "file")

    left_out.end(never)

    assert left_out.counts() == {Reason.UNREADABLE_FILE.value: 1}


def test_what_is_too_much_to_be_remembered_is_counted_once_for_each_comparison(
    left_out: Skipped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skipped, "_MOST_PATHS", 2)

    for links in (5, 5, 3, 1):
        left_out.begin()
        for number in range(links):
            left_out.add(Reason.LINK, str(number))
        left_out.end(never)

        assert left_out.counts() == {Reason.LINK.value: links}


def test_what_was_too_much_is_forgotten_when_there_is_room_again(
    left_out: Skipped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skipped, "_MOST_PATHS", 2)
    for number in range(5):
        left_out.add(Reason.UNREADABLE_FILE, str(number))

    left_out.begin()
    left_out.end(never)

    assert left_out.counts() == {}
