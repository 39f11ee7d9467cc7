"""The report of a night as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from holley_graph import files
from holley_graph.night.record import DELIVERED, GATE_FAILED, REPORT, STEPS, Record, history
from holley_graph.page.page import render

SHOWN = 30
"""Nights of the history that a page has."""


def write(record: Record) -> Path:
    """Draw a night beside its document, with the nights before it."""
    path = record.folder / REPORT
    files.write(path, page(record.document, history(record.folder.parent.parent)).encode())
    return path


def page(document: dict[str, Any], nights: Sequence[dict[str, Any]]) -> str:
    """Draw the page of one night."""
    done = document["steps"]
    return render(
        "night/report.html",
        title=f"Night of {document['as_of'][:10]}: {document['outcome'] or 'not finished'}",
        sentence=sentence(document),
        look={DELIVERED: "good", None: "unsure"}.get(document["outcome"], "bad"),
        night=document,
        steps=[(name, done[name]) for name in STEPS if name in done],
        did=did,
        verdict=done.get("evaluate"),
        columns=COLUMNS,
        nights=[row(night) for night in reversed(nights[-SHOWN:])],
    )


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


COLUMNS = ("night", "outcome", "trained", "warm", "rows")


def row(document: dict[str, Any]) -> tuple[Any, ...]:
    """Say what a history shows of a night."""
    steps = document["steps"]
    train, export = steps.get("train", {}), steps.get("export", {})
    warm = {True: "yes", False: "no"}.get(train.get("warm"))
    return (
        document["as_of"][:10],
        document["outcome"] or "not finished",
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
            return f"{result['run_id']}, {result['why'] or 'went on from the live release'}"
        case "evaluate":
            return f"{result['outcome']}, by {result['questions']:,} questions"
        case "writeback":
            return f"{result['run_id']} went live"
        case "export":
            return f"{result['rows']:,} rows, {result['too_few']:,} people with too few parts"
        case "gate":
            rules = ", ".join(f"{rule['says']} ({rule['severity']})" for rule in result["failed"])
            verdict = "passed" if result["passed"] else "failed"
            return f"{verdict}; broken: {rules}" if rules else verdict
        case _:
            return f"{result['rows']:,} rows"
