"""The report of a night as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from holley_graph import files
from holley_graph.amounts import duration
from holley_graph.night.record import DELIVERED, GATE_FAILED, REPORT, STEPS, Record, history

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #8886; vertical-align: top; }
.good { color: light-dark(#176b2c, #6fd388); } .bad { color: light-dark(#a11919, #ff8a80); }
.open { color: light-dark(#8a5a00, #f0b849); }
"""
META = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
SHOWN = 30
"""Nights of the history that a page has."""


def write(record: Record) -> Path:
    """Draw a night beside its document, with the nights before it."""
    path = record.folder / REPORT
    files.write(path, page(record.document, history(record.folder.parent.parent)).encode())
    return path


def page(document: dict[str, Any], nights: Sequence[dict[str, Any]]) -> str:
    """Draw the page of one night."""
    title = f"Night of {document['as_of'][:10]}: {document['outcome'] or 'not finished'}"
    about = [(name, document[name]) for name in ("source", "to", "began_at", "ended_at", "live_before")]
    parts = [
        f'<h1 class="{_class(document)}">{escape(title)}</h1><p>{escape(sentence(document))}</p>',
        _table(("", ""), [(name.replace("_", " "), value) for name, value in about]),
        "<h2>Steps</h2>",
        _table(("step", "took", "what it did"), list(_steps(document))),
        *_reasons(document),
        "<h2>Nights</h2>",
        _table(COLUMNS, [row(each) for each in reversed(nights[-SHOWN:])]),
    ]
    body = "".join(parts)
    return f"<!doctype html><html lang='en'>{META}<title>{escape(title)}</title><style>{STYLE}</style>{body}</html>"


def sentence(document: dict[str, Any]) -> str:
    """Say in one sentence how a night ended, and what is live and sent now."""
    steps, to, before = document["steps"], document["to"], document["live_before"]
    if document["outcome"] == DELIVERED:
        return f"{steps['writeback']['run_id']} is live, and {steps['deliver']['rows']:,} rows are in {to}."
    if document["outcome"] is None:
        stopped = document["stopped"]
        why = f"{stopped['step']} ended with: {stopped['error']}" if stopped else "It is at work, or it was killed."
        return f"{why} The same command goes on."
    live = f"{before} stays live" if before else "no release is live"
    if document["outcome"] == GATE_FAILED and before is None:
        live = f"{steps['writeback']['run_id']} is live, because none was before"
    return f"Nothing was sent: {live}, and {to} is as it was."


COLUMNS = ("night", "outcome", "live before", "trained", "warm", "rows")


def row(document: dict[str, Any]) -> tuple[Any, ...]:
    """Say what a history shows of a night."""
    steps = document["steps"]
    train, export = steps.get("train", {}), steps.get("export", {})
    warm = {True: "yes", False: "no"}.get(train.get("warm"))
    return (
        document["as_of"][:10],
        document["outcome"] or "not finished",
        document["live_before"],
        train.get("run_id"),
        warm,
        export.get("rows"),
    )


def did(step: str, result: dict[str, Any]) -> str:
    """Say in words what a step did."""
    match step:
        case "sync":
            changes = ", ".join(f"{result[what]:,} {what}" for what in ("added", "changed", "removed"))
            return f"{result['mode']}: {changes}; {result['read']:,} rows read, {result['rejected']:,} rejected"
        case "train":
            return f"{result['run_id']}, {result['why'] or 'on from the live release'}"
        case "evaluate":
            return f"{result['outcome']}, by {result['questions']:,} questions"
        case "writeback":
            return f"{result['run_id']} went live"
        case "export":
            return f"{result['rows']:,} rows, {result['too_few']:,} people with too few parts"
        case "gate":
            rules = ", ".join(f"{rule['says']} ({rule['severity']})" for rule in result["failed"])
            return f"{'passed' if result['passed'] else 'failed'}; not kept: {rules or 'none'}"
        case _:
            return f"{result['rows']:,} rows"


def _steps(document: dict[str, Any]) -> Iterable[tuple[str, str, str]]:
    for name in STEPS:
        if name in document["steps"]:
            result = document["steps"][name]
            yield name, duration(result["seconds"]), did(name, result)


def _reasons(document: dict[str, Any]) -> list[str]:
    judged = document["steps"].get("evaluate")
    if not judged:
        return []
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in judged["reasons"])
    return [f"<h2>Verdict: {escape(judged['outcome'])}</h2><ul>{reasons}</ul>"]


def _class(document: dict[str, Any]) -> str:
    return {DELIVERED: "good", None: "open"}.get(document["outcome"], "bad")


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in columns)}</tr>" if any(columns) else ""
    body = "".join(f"<tr>{''.join(f'<td>{_text(value)}</td>' for value in cells)}</tr>" for cells in rows)
    return f"<table>{head}{body}</table>"


def _text(value: Any) -> str:
    return "–" if value is None else escape(f"{value:,}" if isinstance(value, int) else str(value))
