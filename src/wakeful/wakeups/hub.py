"""Hints within one process: heard in the moment they are told."""

from __future__ import annotations

from collections.abc import Callable

from wakeful.core.ports import Hints


class Hub:
    """A wake bus for a server that is one process. Loses nothing."""

    def __init__(self) -> None:
        self._heard: Callable[[Hints], None] | None = None

    def listen(self, heard: Callable[[Hints], None]) -> None:
        self._heard = heard

    def tell(self, hints: Hints) -> None:
        if self._heard is not None:
            self._heard(hints)
