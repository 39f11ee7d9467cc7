"""Text from data is text: a terminal shows it, and neither obeys it nor hides it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from holley_graph.amounts import counted, money, size
from holley_graph.cli import cli
from holley_graph.cli.console import facts, plain, table
from holley_graph.cli.export import show as show_export
from holley_graph.export.everybody import ExportReport

MARKUP = (
    "Gasket [pair]",
    "w/gasket [/4150]",
    "[/b]",
    "[bold]x[/bold]",
    "[url=http://x.example/]",
    ":smile:",
    "\\[x]",
)
ESCAPES = {
    "\x1b[31mred": r"\x1b[31mred",
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\x9b2J": r"\x9b2J",
    "a\rb\nc\td": r"a\rb\nc\td",
    "\u202egpj.exe": r"\u202egpj.exe",
    "zero\u200bwidth": r"zero\u200bwidth",
    "\udcff": r"\udcff",
    "\x7f": r"\x7f",
}


@pytest.mark.parametrize("text", MARKUP)
def test_what_looks_like_markup_is_printed_as_it_stands(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    table(text, ("title",), [[text]])
    assert capsys.readouterr().out.count(text) == 2


@pytest.mark.parametrize(("text", "shown"), ESCAPES.items())
def test_what_a_terminal_would_obey_or_hide_is_shown(
    text: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table(text, ("title",), [[text]])
    assert capsys.readouterr().out.count(shown) == 2


@pytest.mark.parametrize("text", ["Ölkühler 3/8″ – ½", "日本 パーツ", "🚗 chrome", "a b"])
def test_other_text_is_left_alone(text: str) -> None:
    assert plain(text) == text


def test_rejects_show_prints_hostile_rows(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "rejects" / "20260101T000000-sync-0000"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"as_of": "2026-01-01T00:00:00+00:00", "source": "[/b]"}))
    rows = {"reason": ["user.bad_year"], "value": ["[/b]\x1b[2J"], "source_row": ["[url=x]"], "email_hash": [None]}
    pq.write_table(pa.table(rows), folder / "user_attributes.parquet")
    for arguments in (["list"], ["show", folder.name]):
        ended = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), "rejects", *arguments])
        assert (ended.exit_code, ended.exception) == (0, None)
        assert "[/b]" in ended.output and "\x1b" not in ended.output


def test_a_heading_takes_two_lines_where_there_is_room(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table("", ("groups", "people in each to show it"), [("graph", 8_700)])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[:2] == ["people in each", "groups      to show it"]


PARTS = (
    ("RB0436-POL", "Redbarn Racing Turbocharger", "Turbocharger", 11_403.87, 3.1),
    ("500923", "Delta Induction Transmission Crossmember", "Transmission Crossmember", None, 0.022),
    ("43-1000", "日本 Distributor Cap", "Distributor Cap", 55.3, None),
)
COLUMNS = ("sku", "title", "part type", "price", "score")


def test_money_sizes_and_counts_read_as_people_write_them() -> None:
    assert [money(1403.87), money(50), money(0.5)] == ["$1,403.87", "$50.00", "$0.50"]
    assert [size(512), size(2048), size(2.1 * 2**30), size(3 * 2**40)] == [
        "512 bytes",
        "2.0 KiB",
        "2.1 GiB",
        "3.0 TiB",
    ]
    assert [counted(1, "row"), counted(1204, "row"), counted(0, "row"), counted(2, "person", "people")] == [
        "1 row",
        "1,204 rows",
        "0 rows",
        "2 people",
    ]


@pytest.mark.parametrize("width", [160, 80, 60, 56])
def test_a_table_keeps_words_and_skus_whole_and_fits(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table("Parts", COLUMNS, PARTS)
    out = capsys.readouterr().out
    words = {word for row in PARTS for word in f"{row[0]} {row[1]} {row[2]}".split()}
    assert words | {"$11,403.87", "$55.30", "3.100", "0.022", "–"} <= set(out.split())
    assert max(map(cell_len, out.splitlines())) <= width


def test_a_table_that_a_terminal_is_too_narrow_for_is_printed_row_by_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table("Parts", COLUMNS, PARTS)
    out = capsys.readouterr().out
    assert "part type  Transmission Crossmember" in out
    assert "title      Delta Induction Transmission Crossmember" in out


def test_facts_break_no_value(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    path = "/home/somebody/a folder with a long name/holley-graph/runs"
    facts("Run", [("kept in", path), ("rows", 12345)])
    assert capsys.readouterr().out.splitlines()[-2:] == [f"kept in  {path}", "rows     12,345"]


def test_the_next_command_has_the_options_that_were_typed(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    for arguments, typed in ((["--home", str(home)], f"--home '{home}' "), ([], "")):
        ended = CliRunner(env={"HOLLEY_GRAPH_HOME": str(home)}).invoke(cli, [*arguments, "status"])
        assert ended.output == f"the server is down\nnext: holley-graph {typed}up\n"


def test_an_export_without_a_row_says_whom_it_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    show_export(ExportReport(Path("mail.csv"), "baseline", "a-sync", "wide", 0, 1, 0, 1, 0, {}, None, 0, 0.1))
    printed = capsys.readouterr().out
    assert re.search(r"left out: too few parts +1\n", printed) and "0 rows in mail.csv" in printed
    assert "Parts by who answered" not in printed
