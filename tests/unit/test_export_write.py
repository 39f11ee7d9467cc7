"""What stands in a file comes back as it was, and a spreadsheet runs none of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph.export.write import write
from holley_graph.gate import sheet
from holley_graph.loaders.engine.engine import Engine

FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+49 1", "-AN6", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "'=1", "''-1",
]  # fmt: skip
HARMLESS = ["plain", "a=b", "'", "'plain", 'say "x", y', "back\\1", "ünïcode ½″"]


def read(path: Path) -> list[str]:
    with Engine() as engine:
        return [value for _, value in sheet.read(engine, path, ["title"]).fetchall()]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "ndjson"])
def test_every_text_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    rows = pa.table({"title": FORMULAS + HARMLESS, "score": [-1.5] * len(FORMULAS + HARMLESS)})
    write([tmp_path / f"x.{suffix}"], rows.schema, [[rows]])
    assert read(tmp_path / f"x.{suffix}") == FORMULAS + HARMLESS


def test_csv_has_a_quote_before_every_formula_and_before_nothing_else(tmp_path: Path) -> None:
    rows = pa.table({"title": FORMULAS + HARMLESS, "score": [-1.5] * len(FORMULAS + HARMLESS)})
    write([tmp_path / "x.csv"], rows.schema, [[rows]])
    with (tmp_path / "x.csv").open(newline="") as file:
        cells = [(row["title"], row["score"]) for row in csv.DictReader(file)]
    assert cells == [(f"'{text}", "-1.5") for text in FORMULAS] + [(text, "-1.5") for text in HARMLESS]


def test_a_setting_leaves_formulas_as_they_are(tmp_path: Path) -> None:
    rows = pa.table({"title": ["=1", "-AN6"]})
    write([tmp_path / "x.csv"], rows.schema, [[rows]], guard=False)
    assert (tmp_path / "x.csv").read_text() == '"title"\n"=1"\n"-AN6"\n'


def test_prices_have_two_decimals_in_text_and_stay_numbers_in_parquet(tmp_path: Path) -> None:
    rows = pa.table({"rec1_price": [1403.874, None, 50.0], "rec1_score": [1.0, 0.25, 50.0]})
    paths = [tmp_path / f"x.{suffix}" for suffix in ("csv", "ndjson", "parquet")]
    assert write(paths, rows.schema, [[rows] * 3]) == [3, 3, 3]
    assert paths[0].read_text().splitlines()[1:] == ["1403.87,1", ",0.25", "50.00,50"]
    prices = [line.partition(",")[0] for line in paths[1].read_text().splitlines()]
    assert prices == ['{"rec1_price":1403.87', '{"rec1_price":null', '{"rec1_price":50.00']
    assert pq.read_table(paths[2]) == rows


def test_two_files_get_their_names_together_or_not_at_all(tmp_path: Path) -> None:
    rows = pa.table({"title": ["a"]})

    def blocks() -> Iterator[list[pa.Table]]:
        yield [rows, rows]
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        write([tmp_path / "a.csv", tmp_path / "b.csv"], rows.schema, blocks())
    assert list(tmp_path.iterdir()) == []
