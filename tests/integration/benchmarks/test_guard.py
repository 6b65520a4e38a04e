"""The regression guard: the hot path asks the system for no more than it did."""

from __future__ import annotations

from benchmarks import guard
from tests import components


def test_the_hot_path_asks_the_system_for_what_is_kept() -> None:
    components.linux("system calls are counted there")
    components.compiler()
    version, before = guard.kept()
    if version != guard.python():
        components.missing(f"python{version}", "another one asks the system in other ways")

    found = guard.lasting(before)

    # Less is a difference, too: what is kept would no longer guard it.
    advice = 'if this is meant: make bench ARGS="guard --write"'
    assert not found, "\n".join([*map(str, found), advice])
