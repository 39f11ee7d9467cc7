"""The report as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from holley_graph.gate.gate import Finding, Report

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.passed { color: #1a7f37; } .failed { color: #cf222e; font-weight: 600; } .skipped { color: #777; }
"""


def page(report: Report) -> str:
    """Draw a report."""
    verdict = "may be sent" if report.passed else "must not be sent"
    as_of = datetime.fromtimestamp(report.as_of, UTC)
    about = (
        ("file", report.path.name),
        ("previous release", report.previous.name if report.previous else "none given"),
        ("held against", report.source),
        ("as of", f"{as_of:%Y-%m-%d %H:%M} UTC"),
        ("rows", f"{report.rows:,}"),
    )
    overview = [
        (each.severity, each.says, result(each), f"{each.count:,}")
        for each in report.checks
        if each.severity != "INFO"
    ]
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="en"><meta charset="utf-8"><title>{escape(report.path.name)}: {verdict}</title>',
            f"<style>{STYLE}</style>",
            f'<h1 class="{"passed" if report.passed else "failed"}">{escape(report.path.name)} {verdict}</h1>',
            _table(("", ""), about),
            _table(("severity", "rule", "result", "offenders"), overview),
            *(_offenders(each) for each in report.checks if each.offenders),
            "</html>",
            "",
        )
    )


def result(each: Finding) -> str:
    """Say a check's result in one word."""
    return {True: "passed", False: "failed", None: "skipped"}[each.passed]


def _offenders(each: Finding) -> str:
    shown = f", {len(each.offenders)} of {each.count:,}" if len(each.offenders) < each.count else ""
    title = f"<h2>{escape(each.says)}{shown}</h2>"
    if each.severity == "INFO":
        return title + _table(("fact",), [(row["found"],) for row in each.offenders])
    return title + _table(("row", "vehicle", "sku", "found"), [tuple(row.values()) for row in each.offenders])


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>" if any(columns) else f"<table>{body}</table>"


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    kind = text if text in ("passed", "failed", "skipped") else "number" if text.replace(",", "").isdigit() else ""
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"
