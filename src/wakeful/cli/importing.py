"""Importing the server: it is large, and a server in memory is to be there at once."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def imported_for_good() -> Iterator[None]:
    """Within the block a program imports what it keeps until its end."""
    # Nobody looks for garbage among it: not while it is imported, and not later. The first look
    # would cost as much as a fifth of all imports.
    gc.disable()
    _import_structlog_alone()
    yield
    gc.freeze()
    gc.enable()


def _import_structlog_alone() -> None:
    # structlog imports rich wherever it is installed, for tracebacks that show the variables of
    # every frame. Those are not wanted here (`logs`), and rich is as large as a dialect. Whoever
    # needs it imports it later.
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # how Python notes what is not there
    try:
        import structlog.dev  # noqa: F401 - so that it is there, without rich
    finally:
        del sys.modules["rich"]
