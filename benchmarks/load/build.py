"""Builds the C programs of the benchmarks, anew for each run: it takes a second."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent

_ARITHMETIC = ("histogram.c", "schedule.c", "framing.c", "template.c")
_PROGRAMS = {
    "load": (
        *("load.c", "requests.c", "waiting.c", "run.c", "pump.c", "connection.c", "sockets.c"),
        *_ARITHMETIC,
    ),
    "floor": ("floor.c",),
    "arithmetic": ("arithmetic.c", *_ARITHMETIC),
}


class NoCompiler(Exception):
    """There is no C compiler. The text is for the user."""


def compiler() -> str:
    """The C compiler. Raises NoCompiler."""
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        raise NoCompiler("no C compiler: sudo apt-get install gcc libc6-dev")
    return found


def build(program: str, folder: Path) -> Path:
    """The program `load`, `floor` or `arithmetic`, built into *folder*. Raises NoCompiler."""
    built = folder / program
    subprocess.run(
        [
            compiler(),
            *("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"),
            *("-o", built),
            *(SOURCES / name for name in _PROGRAMS[program]),
            "-lm",
        ],
        check=True,
    )
    return built
