"""Charts draw what they are given, name it for who cannot see, and survive what is odd."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from holley_graph.page import charts


def parsed(drawn: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{drawn}</div>")


def test_an_interval_stands_between_its_ends_and_zero_is_marked() -> None:
    drawn = charts.whiskers([("a", -0.1, 0.05, 0.2), ("b", 0.1, 0.2, 0.3)], "points")
    lines = [line.attrib for line in parsed(drawn).iter("line") if line.get("class") == "line"]
    marks = [float(mark.get("cx", "")) for mark in parsed(drawn).iter("circle")]
    (zero,) = [float(line.get("x1", "")) for line in parsed(drawn).iter("line") if line.get("class") == "zero"]
    for line, mark in zip(lines, marks, strict=True):
        assert float(line["x1"]) < mark < float(line["x2"])
    assert float(lines[0]["x1"]) < zero < float(lines[1]["x1"])


def test_a_gap_in_a_line_is_no_point() -> None:
    drawn = charts.lines({"a": [1.0, None, 3.0]}, ["x", "y", "z"], "a figure")
    assert len(list(parsed(drawn).iter("circle"))) == 2


@pytest.mark.parametrize("figures", [[0.0], [5.0], [0.0, 0.0], [-1.0, -1.0], [1e-9, 1e9]])
def test_figures_that_are_all_alike_or_far_apart_are_drawn(figures: list[float]) -> None:
    at = [str(number) for number in range(len(figures))]
    for drawn in (
        charts.lines({"a": figures}, at, "f"),
        charts.bars({place: {"a": abs(figure)} for place, figure in zip(at, figures, strict=True)}, "f"),
        charts.whiskers([("a", figure, figure, figure) for figure in figures], "f"),
    ):
        assert "nan" not in drawn and "inf" not in drawn
        parsed(drawn)


def test_every_chart_says_in_words_what_it_draws() -> None:
    drawn = charts.bars({"cold": {"sage": 0.25, "v5.18": 0.5}}, "MRR by history")
    assert 'role="img"' in drawn and 'aria-label="MRR by history"' in drawn
    assert re.findall(r"<title>(.*?)</title>", drawn) == ["sage, cold: 0.250", "v5.18, cold: 0.500"]


def test_names_look_different_and_alike_in_the_chart_and_its_legend() -> None:
    names = [f"ranker {number}" for number in range(30)]
    looks = [item.get("class") for item in parsed(charts.legend(names)).iter("li")]
    assert len(set(looks)) == len(names)
    rows = [(name, 0.1, 0.2, 0.3) for name in names]
    for drawn in (
        charts.bars({"cold": dict.fromkeys(names, 0.25)}, "f"),
        charts.lines({name: [0.1, 0.2] for name in names}, ["x", "y"], "f"),
        charts.whiskers(rows, "f", colours={name: number for number, name in enumerate(names)}),
    ):
        assert [group.get("class") for group in parsed(drawn).iter("g")] == looks


def test_a_name_is_text() -> None:
    drawn = charts.whiskers([("<b>&", 0.1, 0.2, 0.3)], "<i>")
    assert "<b>" not in drawn and "<i>" not in drawn
