"""What was measured: values of one figure by system and round, and what is said of them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

REFERENCE = "wakeful"

CUT = "the time was over"
"""How the note begins that says that not everything was measured."""


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    key: str
    work: str
    text: str
    unit: str
    is_better: str = "less"  # or "more"
    target: float | None = None  # of Wakeful
    against: tuple[tuple[str, float], ...] = ()  # other systems, and how many times their value

    @property
    def has_target(self) -> bool:
        return self.target is not None or bool(self.against)


class Results:
    """The values of all figures, as the rounds bring them."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[float]]] = {}
        self.notes: list[str] = []
        """Which system was left out of what, and why."""

    def add(self, figure: str, system: str, value: float) -> None:
        self._values.setdefault(figure, {}).setdefault(system, []).append(value)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def values(self, figure: str, system: str) -> list[float]:
        return self._values.get(figure, {}).get(system, [])

    def systems(self, figure: str) -> list[str]:
        return list(self._values.get(figure, {}))

    def median(self, figure: str, system: str) -> float | None:
        values = self.values(figure, system)
        return statistics.median(values) if values else None

    def spread(self, figure: str, system: str) -> float | None:
        """Half of what lies between the least and the most, as a part of the median; None for a
        single round, or where the median is 0."""
        values = self.values(figure, system)
        median = self.median(figure, system)
        if len(values) < 2 or not median:
            return None
        return (max(values) - min(values)) / 2 / abs(median)

    def ratio(self, figure: str, system: str) -> float | None:
        """To Wakeful."""
        own, other = self.median(figure, REFERENCE), self.median(figure, system)
        return other / own if own and other is not None else None

    def is_met(self, figure: Figure) -> bool | None:
        """Whether Wakeful reaches all that is asked; None where that cannot be said."""
        own = self.median(figure.key, REFERENCE)
        bounds = [] if figure.target is None else [figure.target]
        for system, times in figure.against:
            other = self.median(figure.key, system)
            if other is not None:
                bounds.append(other * times)
        if own is None or not bounds:
            return None
        if figure.is_better == "less":
            return own <= min(bounds)
        return own >= max(bounds)

    def as_json(self) -> dict[str, Any]:
        return {"values": self._values, "notes": self.notes}

    @classmethod
    def of_json(cls, read: dict[str, Any]) -> Results:
        results = cls()
        results._values = read["values"]
        results.notes = read["notes"]
        return results
