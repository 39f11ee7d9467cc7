"""The page of the history: what was taken in, trained, released, sent and measured, as tables and small charts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response

from holley_graph.embeddings.manifest import RunManifest
from holley_graph.evaluation import registry
from holley_graph.night.record import REPORT
from holley_graph.page import charts
from holley_graph.page.page import render
from holley_graph.times import iso
from holley_graph.web import pages, past
from holley_graph.web.door import Door
from holley_graph.web.past import Past
from holley_graph.web.response import REPORT_POLICY, html

LIFT = "MRR@4 over popularity"
DRAWN = 20
"""Runs and evaluations in a chart."""


def router(door: Door) -> APIRouter:
    """Return the routes."""
    routes = pages.router(door.token)
    home = door.settings.home

    @routes.get("/history")
    async def history() -> Response:
        async with door.turn():
            releases = await door.reader.read("writeback/releases")
        known = await asyncio.to_thread(past.read, home)
        text = await asyncio.to_thread(_drawn, known, releases, home)
        return html(text)

    @routes.get("/evaluation")
    async def evaluation(name: str) -> Response:
        return html(await asyncio.to_thread(past.report, home, "evaluations", name), policy=REPORT_POLICY)

    @routes.get("/night")
    async def night(name: str) -> Response:
        return html(await asyncio.to_thread(past.report, home, "nights", name), policy=REPORT_POLICY)

    return routes


def _drawn(known: Past, releases: list[dict[str, Any]], home: Path) -> str:
    manifests = {run.run_id: run for run in known.runs}
    for release in releases:
        run = manifests.get(release["run_id"])
        release["drift"] = (run.metrics.get("drift") or {}).get("top_four_changed") if run else None
    calibrated = past.calibration(known.runs)
    return render(
        "web/templates/history.html",
        syncs=known.syncs,
        runs=[_run(run, known) for run in known.runs],
        runs_chart=_lifts(known.runs),
        releases=releases,
        moves=known.of("release", "rollback"),
        exports=known.of("export"),
        gates=known.of("gate"),
        nights=[_night(document, home) for document in known.nights],
        evaluations=known.evaluations,
        evaluations_chart=_evaluated(known.evaluations),
        calibrated=calibrated,
        calibration_chart=_calibration(calibrated) if calibrated["at"] else "",
        rejected_chart=_rejected(known.syncs),
    )


def _run(run: RunManifest, known: Past) -> dict[str, Any]:
    """Lay out a run for its line: what was measured, the held-out days before the validation."""
    measured = run.metrics.get("held_out") or run.metrics.get("validation")
    verdict = known.verdicts.get(registry.recipe(run), {}).get("outcome", "")
    return {
        "run_id": run.run_id,
        "model": run.model,
        "as_of": iso(run.as_of),
        "live": run.run_id == known.champion,
        "users": measured["users"] if measured else None,
        "mrr": measured["run"]["MRR@4"] if measured else None,
        "lift": measured[LIFT] if measured else None,
        "verdict": verdict,
    }


def _night(document: dict[str, Any], home: Path) -> dict[str, Any]:
    """Lay out a night for its line: how it ended, how long its steps took, and whether it has a page."""
    steps = document["steps"]
    return {
        "name": document["night"],
        "as_of": document["as_of"],
        "outcome": document["outcome"],
        "stopped": (document["stopped"] or {}).get("step"),
        "verdict": steps.get("evaluate", {}).get("outcome"),
        "took": sum(step["seconds"] for step in steps.values()),
        "run_id": steps.get("train", {}).get("run_id"),
        "rows": steps.get("deliver", {}).get("rows"),
        "page": (home / "nights" / document["night"] / REPORT).is_file(),
    }


def _lifts(runs: list[RunManifest]) -> str:
    """Draw how far runs were ahead of popularity when they were validated."""
    measured = [(run.run_id, run.metrics["validation"][LIFT]) for run in runs if run.metrics.get("validation")]
    rows = [(name, lift["low"], lift["difference"], lift["high"]) for name, lift in measured[:DRAWN]]
    return charts.whiskers(rows, f"{LIFT} in the validation days, 95 % intervals") if rows else ""


def _evaluated(evaluations: list[dict[str, Any]]) -> str:
    """Draw each judged ranker against the champion of its evaluation."""
    rows = [
        (f"{_minute(document['name'])} {ranker}", lift["low"], lift["difference"], lift["high"])
        for document in evaluations
        for ranker in document["configs"]
        if (lift := document["over_champion"].get(ranker))
    ]
    return charts.whiskers(rows[:DRAWN], "MRR@4 over the champion, 95 % intervals") if rows else ""


def _calibration(calibrated: dict[str, list[Any]]) -> str:
    series = {
        "predicted": calibrated["said"],
        "happened": calibrated["happened"],
        "mean error": calibrated["error"],
    }
    return charts.lines(series, calibrated["at"], "share of the shown parts that are bought in 30 days", "{:.1%}")


def _rejected(syncs: list[dict[str, Any]]) -> str:
    """Draw rejected rows per feed over the syncs, oldest first."""
    feeds = sorted({feed for sync in syncs for feed in sync["rejected"]})
    series = {feed: [float(sync["rejected"].get(feed, 0)) for sync in reversed(syncs)] for feed in feeds}
    at = [_minute(sync["run_id"])[5:] for sync in reversed(syncs)]
    return charts.lines(series, at, "rejected rows per sync", "{:,.0f}") if len(syncs) > 1 else ""


def _minute(name: str) -> str:
    """Write the time that begins a name, 20261127T221309-…, as 2026-11-27 22:13."""
    return f"{name[:4]}-{name[4:6]}-{name[6:8]} {name[9:11]}:{name[11:13]}"
