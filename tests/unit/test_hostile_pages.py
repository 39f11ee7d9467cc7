"""Text from data is text on every page that is written: it adds no element, no attribute, and it stays readable."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest

from holley_graph.campaign import outcome
from holley_graph.campaign import page as campaign
from holley_graph.evaluation import report
from holley_graph.export.preview import Preview
from holley_graph.export.rows import wide_schema
from holley_graph.gate.gate import Finding, GateReport
from holley_graph.gate.page import page
from holley_graph.recommend.explain import Explanation
from holley_graph.recommend.page import explained, fitment
from tests.support.hostile import HOSTILE
from tests.support.runs import manifest
from tests.unit.test_evaluation_study import CUTS, FULL, conclusion

PLAIN = "M02"


class Structure(HTMLParser):
    """The elements of a page with the names of their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_the_page_of_the_gate(text: str) -> None:
    def drawn(text: str) -> Structure:
        row = {"row": 1, "vehicle": text, "sku": text, "found": text}
        checks = [
            Finding("rule", "CRITICAL", text, False, 1, [row]),
            Finding("fact", "INFO", text, None, 1, [row]),
        ]
        return Structure(page(GateReport(Path("export"), None, text, 0, 1, False, checks, 1.0)))

    assert drawn(text).elements == drawn(PLAIN).elements
    assert drawn(text).text.count(text) >= 5


@pytest.mark.parametrize("text", HOSTILE)
def test_the_preview_of_an_export(text: str) -> None:
    def drawn(text: str) -> Structure:
        columns = wide_schema()
        row = {name: text for name, kind in zip(columns.names, columns.types, strict=True) if kind == pa.string()}
        known = {"v1_year": 1967, "fitment_count": 4, "rec1_pop_source": "user", "rec2_price": 1403.874}
        preview = Preview()
        assert list(preview.watched([table := pa.Table.from_pylist([row | known], columns)])) == [table]
        html = preview.page(text, datetime(2026, 1, 2, tzinfo=UTC))
        assert "$1,403.87" in html
        return Structure(html)

    assert drawn(text).elements == drawn(PLAIN).elements
    assert drawn(text).text.count(text) >= 4 * 3


@pytest.mark.parametrize("text", HOSTILE)
def test_the_pages_of_explain_and_path(text: str) -> None:
    def drawn(text: str) -> list[Structure]:
        vehicle = {"end": f"vehicle {text}", "end_label": "Vehicle", "end_name": text, "says": text}
        user = {"start": f"user {text}", "start_label": "User", "start_name": text, "type": "OWNS"}
        part = {"start": f"part {text}", "start_label": "Product", "start_name": text, "type": "FITS"}
        edges = [user | vehicle, part | vehicle]
        facts = {"title": text, "part_type": text, "price": None, "score": 1.0, "popularity": 0.5, "lift": 0.25}
        facts |= {"own_history": 0.0, "answered_by": text}
        why = explained(Explanation(facts, text, text, [text], [text]), edges, text, f"part {text}")
        return [Structure(why), Structure(fitment(edges, text, f"part {text}"))]

    def but_lines(structure: Structure) -> list[tuple[str, tuple[str, ...]]]:
        """A longer label has more lines."""
        return [element for element in structure.elements if element[0].strip("/") != "tspan"]

    for structure, plain in zip(drawn(text), drawn(PLAIN), strict=True):
        assert but_lines(structure) == but_lines(plain)
        assert structure.text.count(text) >= 3


@pytest.mark.filterwarnings("ignore:Glyph", "ignore:constrained_layout")  # no font draws all of it
@pytest.mark.parametrize("text", HOSTILE)
def test_the_page_of_a_campaign(text: str) -> None:
    def drawn(text: str) -> Structure:
        counts = dict.fromkeys(("sent", "not_live", "scanned", "clicked", "ordered_sent"), 1)
        rows = [{"arm": arm, "people": 10, "ordered": ordered, **counts} for arm, ordered in ((text, 9), ("b", 1))]
        arms = [row | outcome.rates(row, None) for row in rows]
        report = outcome.CampaignReport(Path(text.replace("/", "")), 0, 14, arms, list(outcome.pairs(rows)), 9, 9)
        return Structure(campaign.page(report))

    assert drawn(text).elements == drawn(PLAIN).elements
    assert drawn(text).text.count(text) >= 3


def test_the_report_of_an_evaluation(tmp_path: Path) -> None:
    done = conclusion.conclude(CUTS, FULL, {"best": manifest("run-1")}, tmp_path, with_verdict=True)
    document = json.dumps(done.document)
    assert document.count(PLAIN) > 2
    hostile = " ".join(HOSTILE)  # all at once, for a report takes a while to draw

    def drawn(text: str) -> Structure:
        report.write(json.loads(document.replace(PLAIN, json.dumps(text)[1:-1])), tmp_path / "report.html")
        return Structure((tmp_path / "report.html").read_text())

    def outside_drawings(structure: Structure) -> list[tuple[str, tuple[str, ...]]]:
        """Glyphs of a drawing are elements, too: as many as there are letters."""
        inside = {"g", "use", "defs", "path"}
        return [element for element in structure.elements if element[0].strip("/") not in inside]

    assert outside_drawings(drawn(hostile)) == outside_drawings(drawn(PLAIN))
    assert hostile in drawn(hostile).text
