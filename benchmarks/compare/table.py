"""The table of all figures, as Markdown: Wakeful first, the others with their ratio to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.compare.results import REFERENCE, Figure, Results


def table(results: Results, figures: Sequence[Figure], titles: Mapping[str, str]) -> str:
    """A part for each work that has figures. Rows and columns without a value are left out."""
    parts = []
    for work in dict.fromkeys(figure.work for figure in figures):
        rows = [each for each in figures if each.work == work and results.systems(each.key)]
        if not rows:
            continue
        present = {system for row in rows for system in results.systems(row.key)}
        columns = [system for system in titles if system in present]
        has_targets = any(row.has_target for row in rows)
        lines = [[work, *(titles[system] for system in columns)]]
        if has_targets:
            lines[0].append("must be")
        for row in rows:
            cells = [cell(results, row, system) for system in columns]
            if has_targets:
                cells.append(_target(results, row, titles))
            lines.append([f"{row.text}, {row.unit}" if row.unit else row.text, *cells])
        parts.append(_aligned(lines))
    return "\n".join(parts)


def cell(results: Results, figure: Figure, system: str) -> str:
    """The median, its spread over the rounds, and the ratio to Wakeful."""
    median = results.median(figure.key, system)
    if median is None:
        return ""
    text = number(median)
    spread = results.spread(figure.key, system)
    if spread is not None:
        text += f" ±{spread * 100:.0f} %"
    ratio = results.ratio(figure.key, system)
    if system != REFERENCE and ratio is not None:
        text += f" ({number(ratio)}x)"
    return text


def number(value: float) -> str:
    """Three digits that count."""
    if value == 0:
        return "0"
    if abs(value) >= 1_000:
        return f"{round(value, -len(str(int(abs(value)))) + 3):,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def _target(results: Results, figure: Figure, titles: Mapping[str, str]) -> str:
    if not figure.has_target:
        return ""
    bounds = [] if figure.target is None else [number(figure.target)]
    bounds += [f"{number(times)} x {titles[system]}" for system, times in figure.against]
    sense = "at most" if figure.is_better == "less" else "at least"
    missed = ": missed" if results.is_met(figure) is False else ""
    return f"{sense} {', '.join(bounds)}{missed}"


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = [
        "| "
        + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join((rows[0], rule, *rows[1:])) + "\n"
