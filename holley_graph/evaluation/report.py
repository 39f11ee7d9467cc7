"""A study as one HTML page that needs nothing else, and an index of all studies of a home."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from holley_graph.evaluation.verdict import GO, NO_GO
from holley_graph.page import charts
from holley_graph.page.page import render

MEANINGS = {
    "HR": "share of people for whom a part that they chose is among the first so many",
    "MRR": "mean of one over the place of the first part that they chose; 0 beyond so many",
    "NDCG": "chosen parts count less the further down they stand; 1 is the best order",
    "recall": "share of the parts that they chose which is among the first so many",
}
OF_LISTS = {
    "coverage": "share of all candidates that anybody gets",
    "novelty": "self-information of a listed part in bits; less ordered parts have more",
    "diversity": "share of pairs in a list that differ in part type",
    "popularity_bias": "place among the user's candidates by orders; .5 is no bias",
    "overlap": "share of the champion's list that is listed, too",
}
CLASSES = {GO: "good", NO_GO: "bad"}
"""Outcome to how it looks; too little to say is `unsure`."""
INDEX = "index.html"


def write(document: dict[str, Any], path: Path) -> None:
    """Draw the report of a document that `summary.measure` made, verdict included where there is one."""
    path.write_text(_drawn(document), encoding="utf-8")


def index(folder: Path) -> None:
    """List every evaluation below a folder, newest first, as a page beside them."""
    files = sorted(folder.glob("*/evaluation.json"), reverse=True)
    studies = [{"name": file.parent.name, **json.loads(file.read_text(encoding="utf-8"))} for file in files]
    rows = [(study, *verdict(study)) for study in studies]
    (folder / INDEX).write_text(render("evaluation/index.html", rows=rows), encoding="utf-8")


def verdict(document: Mapping[str, Any]) -> tuple[str, str]:
    """Say in one sentence what came out, and how it looks."""
    metric, champion, over = document["metric"], document["champion"], document["over_champion"]
    for run, decided in document["verdicts"].items():
        lift = over[run]
        sentence = f"{run}: {decided['outcome']}. It is {lift['relative']:+.0%} against {champion} in {metric}"
        return f"{sentence} ({lift['low']:+.3f} … {lift['high']:+.3f}).", CLASSES.get(decided["outcome"], "unsure")
    judged = [name for name in document.get("configs", {}) if name in over] or list(over)
    best = max(judged, key=lambda name: over[name]["difference"])
    lift = over[best]
    interval = f"{lift['low']:+.3f} … {lift['high']:+.3f}"
    if lift["low"] > 0:
        return f"{best} is ahead of {champion}: {metric} {lift['difference']:+.3f} ({interval}).", "good"
    if lift["high"] < 0:
        return f"{best} is behind {champion}: {metric} {lift['difference']:+.3f} ({interval}).", "bad"
    return f"Between {best} and {champion} there is no difference to be seen: {metric} {interval}.", "unsure"


def _drawn(document: dict[str, Any]) -> str:
    names = list(document["rankers"])
    colours = {name: number for number, name in enumerate(names)}
    metrics = list(next(iter(document["rankers"].values())))
    sentence, look = verdict(document)
    return render(
        "evaluation/report.html",
        document=document,
        sentence=sentence,
        look=look,
        looks=CLASSES,
        meanings={
            name: text for name, text in MEANINGS.items() if any(metric.startswith(name) for metric in metrics)
        },
        metrics=metrics,
        best={metric: max(row[metric] for row in document["rankers"].values()) for metric in metrics},
        of_lists=OF_LISTS,
        intervals=_intervals(document, colours),
        cuts=_over_time(document),
        segments=list(_segments(document)),
        parts=document.get("parts", {}),
        about=json.dumps({key: document[key] for key in ("data", "configs") if key in document}, indent=2),
    )


def _intervals(document: dict[str, Any], colours: dict[str, int]) -> str:
    rows = [
        (name, lift["low"], lift["difference"], lift["high"]) for name, lift in document["over_champion"].items()
    ]
    says = f"{document['metric']} over {document['champion']}, 95 % intervals"
    return charts.whiskers(rows, says, colours=colours)


def _over_time(document: dict[str, Any]) -> str:
    cuts, metric = document["cuts"], document["metric"]
    series = {name: [cut[metric][name] for cut in cuts] for name in document["rankers"]}
    return charts.lines(series, [cut["as_of"][:10] for cut in cuts], f"{metric} at each cut", "{:.3f}")


def _segments(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, dict[str, float]], str]]:
    """Yield each way to part people, its figures and its drawing."""
    metric = document["metric"]
    for kind, parts in document["segments"].items():
        rows = {
            f"{name} ({part['users']:,})": {ranker: row[metric] for ranker, row in part["rankers"].items()}
            for name, part in parts.items()
        }
        yield kind, rows, charts.bars(rows, f"{metric} by {kind}; in brackets how many questions")
