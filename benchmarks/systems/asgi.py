"""A long poll written the usual way (`asgi_app.py`): the libraries are those of Wakeful."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from benchmarks.systems.local import Local, worded
from benchmarks.systems.polling import HOLD_SECONDS

_APP = Path(__file__).with_name("asgi_app.py")


class Asgi(Local):
    name = "asgi"
    title = "Starlette"
    holds = True
    most_polls: int | None = None
    wording = worded("/ask")

    def __init__(self) -> None:
        super().__init__(sys.executable, _APP, more=(str(HOLD_SECONDS),))

    def version(self) -> str:
        names = ("starlette", "uvicorn", "uvloop")
        return ", ".join(f"{name} {metadata.version(name)}" for name in names)
