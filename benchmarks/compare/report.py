"""What becomes of the results: the table, and with it `docs/benchmarks.md` and its plots."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from benchmarks.compare.figures import TITLES, figures
from benchmarks.compare.plan import Plan
from benchmarks.compare.results import CUT, Results
from benchmarks.compare.svg import Line, plot
from benchmarks.compare.table import number, table

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "benchmarks.md"
FOLDER = DOCS / "benchmarks"

BEGIN = "<!-- The table, as the last run with --docs wrote it. -->"
END = "<!-- The end of the table. -->"


def with_rounds(plan: Plan, rounds: int) -> Plan:
    return dataclasses.replace(plan, rounds=max(1, rounds))


def text(measured: dict[str, Any], plan: Plan) -> str:
    """The machine, the versions, the table, and what was left out."""
    results = Results.of_json(measured["results"])
    versions = "; ".join(f"{title}: {version}" for title, version in measured["versions"].items())
    rounds = "one round" if plan.rounds == 1 else f"{plan.rounds} rounds"
    if any(note.startswith(CUT) for note in results.notes):
        rounds = f"of {rounds} what there was time for,"
    parts = [
        f"{measured['machine']}. {rounds.capitalize()} in {number(measured['minutes'])} minutes.",
        versions + ".",
    ]
    if measured["is_quick"]:
        parts.append("This was a quick run: fewer polls, shorter, once.")
    if measured["is_busy"]:
        parts.append(
            "Other work went on meanwhile (a load of "
            f"{number(measured['load'])}): only what the systems are to each other counts, and "
            "that roughly."
        )
    parts.append(table(results, figures(plan), TITLES))
    if results.notes:
        parts.append("\n".join(f"- {note}" for note in results.notes) + "\n")
    return "\n\n".join(parts)


def write_docs(measured: dict[str, Any], plan: Plan) -> None:
    """The part of the page between its two marks, and the plots and numbers beside it."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text(measured, plan)}\n{END}{after}", encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "latest.json").write_text(json.dumps(measured, indent=1) + "\n")
    for name, drawn in plots(Results.of_json(measured["results"]), plan).items():
        (FOLDER / f"{name}.svg").write_text(drawn, encoding="utf-8")


def plots(results: Results, plan: Plan) -> dict[str, str]:
    """SVG documents by name; one whose figures were not measured is left out."""
    drawn = {
        "memory": (
            "Memory of a parked poll",
            "polls parked",
            "KiB",
            _by_system(results, "memory.fresh.{}", plan.sizes),
        ),
        "changes": (
            "From an event to the answer of its user's poll, p99",
            "events a second",
            "ms",
            _by_system(results, "changes.{}.p99", plan.rates),
        ),
        "growth-users": (
            "Processor time of a cycle, by users",
            "users",
            "µs",
            _by_system(results, "growth.users.{}.cpu", plan.growth_users),
        ),
        "growth-events": (
            "Processor time of a cycle, by events kept",
            "events",
            "µs",
            _by_system(results, "growth.events.{}.cpu", plan.growth_events),
        ),
    }
    return {
        name: plot(title, x_title, y_title, lines)
        for name, (title, x_title, y_title, lines) in drawn.items()
        if lines
    }


def _by_system(results: Results, key: str, sizes: tuple[int, ...]) -> list[Line]:
    lines = []
    for system, title in TITLES.items():
        points = [(size, results.median(key.format(size), system)) for size in sizes]
        # A logarithmic axis has no place for what cost nothing that could be seen.
        seen = tuple((float(size), value) for size, value in points if value and value > 0)
        if seen:
            lines.append(Line(title, seen))
    return lines
