"""The floor: a bare loop in C that answers each parked connection with one write."""

from __future__ import annotations

from pathlib import Path

from benchmarks.systems.local import Local, worded


class Floor(Local):
    name = "floor"
    title = "the floor (C)"
    holds = False
    most_polls: int | None = None
    wording = worded("/number")

    def __init__(self, program: Path) -> None:
        super().__init__(program)

    def version(self) -> str:
        return "part of this benchmark"
