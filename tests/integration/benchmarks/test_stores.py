"""Stores for the benchmarks that are kept for the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.systems.stores import Stores


def stamp(folder: Path) -> int:
    """Of the store's file: another one is another."""
    return (folder / "few" / "wakeful.db").stat().st_ino


def test_a_store_that_is_there_is_used_again(tmp_path: Path) -> None:
    first = Stores(tmp_path).prepared("few", 2, events=3)
    made = stamp(tmp_path)

    again = Stores(tmp_path).prepared("few", 2, events=3)

    assert again == first
    assert len(again.users) == 2
    assert stamp(tmp_path) == made


@pytest.mark.parametrize("spoil", ["wish", "note", "schema"])
def test_another_one_is_made_anew(
    tmp_path: Path, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Stores(tmp_path).prepared("few", 2)
    if spoil == "note":  # as of a run that was ended before the store was whole
        (tmp_path / "few.json").unlink()
    elif spoil == "schema":
        monkeypatch.setattr("benchmarks.systems.stores._schema", lambda: "another")

    again = Stores(tmp_path).prepared("few", 3 if spoil == "wish" else 2)

    assert {user[1] for user in again.users}.isdisjoint(user[1] for user in first.users)
    assert again.data.is_dir()
