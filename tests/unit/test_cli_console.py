"""Text from data is text: a terminal shows it, and neither obeys it nor hides it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from holley_graph.cli import cli
from holley_graph.cli.console import plain, table

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
    rows = {"reason": ["user.bad_year"], "value": ["[/b]\x1b[2J"], "source": ["[url=x]"], "email_hash": [None]}
    pq.write_table(pa.table(rows), folder / "user_attributes.parquet")
    for arguments in (["list"], ["show", folder.name]):
        ended = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), "rejects", *arguments])
        assert (ended.exit_code, ended.exception) == (0, None)
        assert "[/b]" in ended.output and "\x1b" not in ended.output
