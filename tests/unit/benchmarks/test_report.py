"""What is made of the numbers: ratios, the table, the plots, the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import pytest

from benchmarks.compare import report
from benchmarks.compare.figures import TITLES, figures
from benchmarks.compare.plan import FULL, QUICK
from benchmarks.compare.results import Figure, Results
from benchmarks.compare.run import names
from benchmarks.compare.svg import Line, plot
from benchmarks.compare.table import number, table

FEWER = Figure("took", "speed", "took", "ms", target=2.0)
MORE = Figure("rate", "speed", "rate", "/s", "more", against=(("nchan", 1.2), ("floor", 0.85)))


def results(**values: dict[str, list[float]]) -> Results:
    made = Results()
    for figure, systems in values.items():
        for system, measured in systems.items():
            for value in measured:
                made.add(figure, system, value)
    return made


class TestResults:
    def test_a_value_is_the_median_of_the_rounds(self) -> None:
        measured = results(took={"wakeful": [5.0, 1.0, 2.0]})

        assert measured.median("took", "wakeful") == 2.0
        assert measured.median("took", "nchan") is None

    def test_the_spread_is_half_of_the_range(self) -> None:
        measured = results(took={"wakeful": [9.0, 10.0, 12.0], "nchan": [1.0], "floor": [0, 0]})

        assert measured.spread("took", "wakeful") == pytest.approx(0.15)
        assert measured.spread("took", "nchan") is None
        assert measured.spread("took", "floor") is None

    def test_a_ratio_is_to_wakeful(self) -> None:
        measured = results(took={"wakeful": [2.0], "nchan": [3.0]}, rate={"nchan": [3.0]})

        assert measured.ratio("took", "nchan") == 1.5
        assert measured.ratio("rate", "nchan") is None

    @pytest.mark.parametrize(
        ("took", "is_met"),
        [
            pytest.param(1.9, True, id="less"),
            pytest.param(2.0, True, id="just"),
            pytest.param(2.1, False, id="more"),
        ],
    )
    def test_a_target_of_its_own(self, took: float, is_met: bool) -> None:
        assert results(took={"wakeful": [took]}).is_met(FEWER) is is_met

    @pytest.mark.parametrize(
        ("nchan", "floor", "is_met"),
        [
            pytest.param(80, 100, True, id="both are met"),
            pytest.param(90, 100, False, id="one is missed"),
            pytest.param(80, 120, False, id="the other is missed"),
        ],
    )
    def test_a_target_that_others_set(self, nchan: float, floor: float, is_met: bool) -> None:
        measured = results(rate={"wakeful": [100], "nchan": [nchan], "floor": [floor]})

        assert measured.is_met(MORE) is is_met

    def test_what_was_not_measured_is_neither_met_nor_missed(self) -> None:
        assert results(rate={"wakeful": [100]}).is_met(MORE) is None
        assert results(took={"nchan": [1.0]}).is_met(FEWER) is None

    def test_results_survive_json(self) -> None:
        measured = results(took={"wakeful": [2.0, 3.0]})
        measured.note("nchan is left out")

        again = Results.of_json(measured.as_json())

        assert again.values("took", "wakeful") == [2.0, 3.0]
        assert again.notes == ["nchan is left out"]


class TestTable:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0, "0"),
            (0.123, "0.12"),
            (9.876, "9.88"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1_234.5, "1,230"),
            (98_765, "98,800"),
            (1_234_567, "1,230,000"),
        ],
    )
    def test_numbers_have_three_digits_that_count(self, value: float, text: str) -> None:
        assert number(value) == text

    def test_others_stand_beside_wakeful_with_their_ratio(self) -> None:
        measured = results(took={"wakeful": [1.9, 2.1], "nchan": [4.0], "redis": []})

        text = table(measured, [FEWER], {"wakeful": "Wakeful", "nchan": "nchan", "redis": "Redis"})

        assert text.splitlines() == [
            "| speed    | Wakeful   | nchan        | must be      |",
            "|----------|-----------|--------------|--------------|",
            "| took, ms | 2.00 ±5 % | 4.00 (2.00x) | at most 2.00 |",
        ]

    def test_a_target_that_is_missed_says_so(self) -> None:
        measured = results(rate={"wakeful": [100], "nchan": [100], "floor": [100]})

        text = table(measured, [MORE], TITLES)

        assert "at least 1.20 x nchan, 0.85 x the floor (C): missed" in text

    def test_rows_that_nobody_measured_are_left_out(self) -> None:
        assert table(Results(), figures(FULL), TITLES) == ""

    @pytest.mark.parametrize("plan", [FULL, QUICK], ids=["full", "quick"])
    def test_every_row_has_a_key_of_its_own(self, plan: Any) -> None:
        keys = [figure.key for figure in figures(plan)]

        assert len(keys) == len(set(keys))


class TestPlot:
    def drawn(self, *lines: Line) -> ElementTree.Element:
        return ElementTree.fromstring(plot("Title", "x", "y", lines))

    def test_it_is_svg_with_a_title_and_each_line(self) -> None:
        svg = self.drawn(
            Line("Wakeful", ((10, 1), (1_000, 2))), Line("a & b", ((10, 3), (1_000, 9)))
        )

        texts = [each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")]
        lines = list(svg.iter("{http://www.w3.org/2000/svg}polyline"))
        assert {"Title", "Wakeful", "a & b"} <= set(texts)
        assert len(lines) == 2
        assert len({line.get("stroke") for line in lines}) == 2

    def test_a_tenth_is_as_far_everywhere(self) -> None:
        svg = self.drawn(Line("a", ((10, 1), (100, 10), (1_000, 100))))

        (line,) = svg.iter("{http://www.w3.org/2000/svg}polyline")
        places = [tuple(map(float, pair.split(","))) for pair in str(line.get("points")).split()]
        (x1, y1), (x2, y2), (x3, y3) = places
        assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
        assert y1 - y2 == pytest.approx(y2 - y3, abs=0.2)
        assert x1 < x2
        assert y1 > y2

    @pytest.mark.parametrize(
        "points",
        [
            pytest.param(((500, 3.1),), id="one point"),
            pytest.param(((10, 10), (10, 10)), id="the same point"),
            pytest.param(((1, 0.001), (10**7, 10**6)), id="far apart"),
            pytest.param(((999, 4.9), (1_001, 5.1)), id="near each other"),
        ],
    )
    def test_all_points_are_within_the_axes(self, points: tuple[tuple[float, float], ...]) -> None:
        svg = self.drawn(Line("a", points))

        for circle in svg.iter("{http://www.w3.org/2000/svg}circle"):
            assert 70 <= float(str(circle.get("cx"))) <= 490
            assert 40 <= float(str(circle.get("cy"))) <= 310

    @pytest.mark.parametrize(
        "lines",
        [(), (Line("a", ((0.0, 1.0),)),), (Line("a", ((1.0, -1.0),)),)],
        ids=["nothing", "zero", "below zero"],
    )
    def test_what_cannot_be_drawn_is_refused(self, lines: tuple[Line, ...]) -> None:
        with pytest.raises(ValueError, match=r"points|axis"):
            plot("Title", "x", "y", lines)


class TestPage:
    MEASURED: ClassVar[dict[str, Any]] = {
        "machine": "a machine",
        "load": 7.5,
        "is_busy": True,
        "is_quick": True,
        "minutes": 4.2,
        "versions": {"Wakeful": "0.1.0"},
        "results": results(**{"memory.fresh.500": {"wakeful": [1.5], "nchan": [8.0]}}).as_json(),
    }

    def test_only_what_is_between_the_marks_is_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = tmp_path / "benchmarks.md"
        page.write_text(f"# Above\n\n{report.BEGIN}\nold\n{report.END}\n\n# Below\n")
        monkeypatch.setattr(report, "PAGE", page)
        monkeypatch.setattr(report, "FOLDER", tmp_path / "benchmarks")

        report.write_docs(self.MEASURED, QUICK)

        text = page.read_text()
        assert text.startswith(f"# Above\n\n{report.BEGIN}\n\na machine. One round")
        assert text.endswith(f"{report.END}\n\n# Below\n")
        assert "| fresh, 500 users, KiB   | 1.50    | 8.00 (5.33x) |" in text
        assert "a load of 7.50" in text
        assert "This was a quick run" in text
        assert "old" not in text
        assert {each.name for each in (tmp_path / "benchmarks").iterdir()} == {
            "latest.json",
            "memory.svg",
        }

    def test_the_page_of_the_docs_has_the_marks(self) -> None:
        text = report.PAGE.read_text(encoding="utf-8")

        assert text.index(report.BEGIN) < text.index(report.END)


class TestNames:
    def test_a_list_with_commas(self) -> None:
        assert names("a, b,", ("a", "b", "c")) == ["a", "b"]
        assert names("", ("a",)) == []

    def test_a_name_that_is_none(self) -> None:
        with pytest.raises(ValueError, match="no 'd'; there are a, b"):
            names("a,d", ("a", "b"))
