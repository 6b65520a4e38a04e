"""Finds the SQL: every statement stands in a `.sql` file beside this module, under a name."""

from __future__ import annotations

from importlib.resources import files
from types import SimpleNamespace

_MARK = "-- name: "


def load(file: str) -> SimpleNamespace:
    """The statements of *file*, each an attribute of its name.

    A statement starts at its `-- name:` line and ends at the next; comments in
    between stay where they are and cost nothing.
    """
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    queries = SimpleNamespace()
    for block in text.split(_MARK)[1:]:
        name, _, statement = block.partition("\n")
        setattr(queries, name.strip(), statement.strip())
    return queries


def migrations() -> list[str]:
    """The scripts that lift the schema, in order: the first makes version 1."""
    folder = files(__package__).joinpath("migrations")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [folder.joinpath(name).read_text(encoding="utf-8") for name in names]
