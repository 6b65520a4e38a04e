"""How clients apply the pages of a view (dropbox.md 5): in order, or sorted as some do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wakeful.core.items import Kind

Applied = dict[str, Any]
"""What a client has by path (without a leading slash): kind, and whatever else it was told."""

Entries = Sequence[tuple[str, Any]]
"""Paths with what is there, a tuple that begins with the kind; None: nothing any more."""


def fold_in_order(state: Applied, entries: Entries, top: str = "") -> None:
    """As the documentation of Dropbox has it. *top* is the folder whose view is read."""
    for path, told in entries:
        if told is None or told[0] is Kind.FILE:
            _remove(state, path)
        if told is not None:
            above = path.rpartition("/")[0]
            if path != top and above != top:
                assert above in state, f"{path} came before the folder it is in"
                assert state[above][0] is Kind.FOLDER
            state[path] = told


def fold_sorted(state: Applied, entries: Entries, top: str = "") -> None:
    """As Maestral does it: the last entry of each path; deletions, then folders, then files,
    each from the top down."""
    last = dict(entries)
    assert len(last) == len(entries), "a path came twice on one page"

    def rank(entry: tuple[str, Any]) -> tuple[int, int]:
        path, told = entry
        kinds = [None, Kind.FOLDER, Kind.FILE]
        return kinds.index(None if told is None else told[0]), path.count("/")

    fold_in_order(state, sorted(last.items(), key=rank), top)


def _remove(state: Applied, path: str) -> None:
    below = path + "/"
    for each in [each for each in state if each == path or each.startswith(below)]:
        del state[each]
