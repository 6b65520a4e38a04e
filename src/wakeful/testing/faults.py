"""What goes wrong in an emulator because a test asked for it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self, TypedDict

Ask = Callable[[str, str, Any], Any]
"""Asks a route of the emulator: method, path, body."""

FaultKind = Literal[
    "status",
    "delay",
    "hang",
    "cut",
    "reset",
    "reconnect",
    "wake",
    "duplicate",
    "reorder",
    "late",
    "gap",
    "stale",
]


class FaultFields(TypedDict, total=False):
    """What more may be said of a fault."""

    skip: int
    """So many requests are spared first."""

    times: int
    """How often it is used; else as long as it is in force, `gap` and `stale` once."""

    seconds: float
    """Of a `delay`; after which a `late` event is told."""

    retry_after: int
    """Seconds, with a status."""

    after: int
    """Bytes of the body after which a `cut` or a `reset` comes."""

    events: int
    """After how many more of them a `late` event is told."""

    backoff: int
    """Seconds that a `reconnect` asks clients of Dropbox to wait."""


class Fault:
    """A fault that is in force until it is removed, or a `with` block ends."""

    def __init__(self, ask: Ask, wish: dict[str, Any]) -> None:
        self._ask = ask
        self._told: dict[str, Any] = ask("POST", "/emulator/faults", wish)
        self._is_over = False

    def __repr__(self) -> str:
        return f"<Fault {self.id} {self._told['rule']['fault']} [used {self._told['used']} times]>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def id(self) -> int:
        """Its number, as requests that it concerned have it in `faults`."""
        return int(self._told["id"])

    @property
    def used(self) -> int:
        """On how many requests it was used. Raises EmulatorFailed where somebody else removed
        it."""
        return int(self._now()["used"])

    @property
    def seen(self) -> int:
        """How many requests it concerned, those included on which it was not used."""
        return int(self._now()["seen"])

    def remove(self) -> None:
        """Let this go right again. Whoever is held by it goes on. Raises EmulatorFailed."""
        if not self._is_over:
            self._is_over = True
            self._told = self._ask("DELETE", f"/emulator/faults/{self.id}", None)

    def _now(self) -> dict[str, Any]:
        if not self._is_over:
            self._told = self._ask("GET", f"/emulator/faults/{self.id}", None)
        return self._told


def wish_of(
    fault: FaultKind | int, route: str | None, user: int | None, fields: FaultFields
) -> dict[str, Any]:
    """What is asked for by `fault(503, "box.events", times=2)`."""
    wish: dict[str, Any] = {"fault": fault, "route": route, "user": user}
    if isinstance(fault, int):
        wish |= {"fault": "status", "status": fault}
    return wish | dict(fields)
