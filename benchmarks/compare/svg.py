"""Plots as SVG: lines over a logarithmic axis. No library, for there is nothing else to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from benchmarks.compare.table import number

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50

# They differ in lightness as well, for whoever sees no colours; white is behind them everywhere.
COLOURS = ("#0b5394", "#d9480f", "#2b8a3e", "#862e9c", "#5c5f66", "#b08800")


@dataclass(frozen=True)
class Line:
    """Points of one system, by x."""

    title: str
    points: tuple[tuple[float, float], ...]


def plot(title: str, x_title: str, y_title: str, lines: Sequence[Line]) -> str:
    """An SVG document. Both axes are logarithmic, so x and y are above 0.

    Raises ValueError where there is nothing to draw.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        raise ValueError("no points")
    if any(x <= 0 or y <= 0 for x, y in points):
        raise ValueError("a logarithmic axis has no place for 0")
    across = _Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = _Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "font-family": "sans-serif",
            "font-size": "12",
            "role": "img",
        },
    )
    SubElement(svg, "title").text = title
    SubElement(svg, "rect", {"width": str(WIDTH), "height": str(HEIGHT), "fill": "#ffffff"})
    _text(svg, title, LEFT, 22, weight="bold")
    _text(svg, x_title, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, anchor="middle")
    side = _text(svg, y_title, 16, (TOP + HEIGHT - BOTTOM) / 2, anchor="middle")
    side.set("transform", f"rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2:.1f})")
    for value in across.ticks:
        x = across.at(value)
        _rule(svg, x, TOP, x, HEIGHT - BOTTOM)
        _text(svg, number(value), x, HEIGHT - BOTTOM + 18, anchor="middle")
    for value in up.ticks:
        y = up.at(value)
        _rule(svg, LEFT, y, WIDTH - RIGHT, y)
        _text(svg, number(value), LEFT - 8, y + 4, anchor="end")
    for index, line in enumerate(lines):
        _draw(svg, line, across, up, COLOURS[index % len(COLOURS)], TOP + 10 + 18 * index)
    ElementTree.indent(svg)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


class _Axis:
    """Where values are between two ends in pixels."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self.ticks = _ticks(min(values), max(values))
        self._low = math.log10(self.ticks[0])
        self._high = math.log10(self.ticks[-1])
        self._begin = begin
        self._end = end

    def at(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)


def _ticks(least: float, most: float) -> list[float]:
    """1, 2 and 5 of each power of ten (only 1 where there are many), from below to above."""
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    if first == last:
        last += 1
    if last - first > 2:
        return [10.0**power for power in range(first, last + 1)]
    steps = [digit * 10.0**power for power in range(first, last) for digit in (1, 2, 5)]
    steps.append(10.0**last)
    below = max(step for step in steps if step <= least * (1 + 1e-9))
    above = min(step for step in steps if step >= most * (1 - 1e-9) and step > below)
    return [step for step in steps if below <= step <= above]


def _draw(svg: Element, line: Line, across: _Axis, up: _Axis, colour: str, legend: float) -> None:
    places = [(across.at(x), up.at(y)) for x, y in line.points]
    SubElement(
        svg,
        "polyline",
        {
            "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in places),
            "fill": "none",
            "stroke": colour,
            "stroke-width": "2",
        },
    )
    for x, y in places:
        SubElement(svg, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "3", "fill": colour})
    right = WIDTH - RIGHT + 14
    SubElement(
        svg,
        "rect",
        {"x": str(right), "y": f"{legend - 9:.1f}", "width": "10", "height": "10", "fill": colour},
    )
    _text(svg, line.title, right + 16, legend)


def _rule(svg: Element, x1: float, y1: float, x2: float, y2: float) -> None:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    line = SubElement(svg, "line", {name: f"{value:.1f}" for name, value in ends.items()})
    line.set("stroke", "#e0e0e0")


def _text(
    svg: Element, text: str, x: float, y: float, *, anchor: str = "start", weight: str = "normal"
) -> Element:
    element = SubElement(
        svg,
        "text",
        {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-weight": weight},
    )
    element.text = text
    return element
